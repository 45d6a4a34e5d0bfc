"""Writes a version from a finished training and decides whether to put it into service."""
