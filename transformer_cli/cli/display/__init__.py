"""Output on the terminal and in the log."""
