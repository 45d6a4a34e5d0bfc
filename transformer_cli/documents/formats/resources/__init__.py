"""Readers of the files in which programs keep their texts, one file a format."""
