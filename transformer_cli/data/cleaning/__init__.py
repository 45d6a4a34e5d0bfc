"""Which pairs are fit to learn from, and which are held out."""
