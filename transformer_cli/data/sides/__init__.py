"""Checks that the two sides of a corpus are in the languages that the recipe says."""
