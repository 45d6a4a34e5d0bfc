"""``tfm translate``: lines in, lines out."""
