"""The files that a run leaves on disk: each format is written and read in one place."""
