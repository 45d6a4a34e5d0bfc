"""Everything between text files and the batches that a model reads."""
