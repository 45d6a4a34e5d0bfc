"""Files and folders that appear whole or not at all, packed files, and errors of the system in one line."""
