"""Finds the recipe, the run directory and the model that a command works on."""
