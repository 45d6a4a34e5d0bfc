"""From sentences to subwords, token ids and batches."""
