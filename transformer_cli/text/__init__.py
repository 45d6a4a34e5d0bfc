"""Lines, spelling and writing systems."""
