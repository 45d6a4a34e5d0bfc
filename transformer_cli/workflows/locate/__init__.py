"""Which recipe, which run directory, which model a command works on."""
