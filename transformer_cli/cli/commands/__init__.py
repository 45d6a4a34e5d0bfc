"""The commands, one in each module: parse arguments, call a workflow, render the result."""
