"""The engine that searches with this program's own model."""
