"""The four token ids that every vocabulary of this program starts with, defined here and nowhere else."""

PAD_ID = 0
"""Fills the end of shorter sentences in a batch; never attended to, never counted in a loss."""

UNK_ID = 1
"""Stands for text that the vocabulary cannot spell; never predicted."""

BOS_ID = 2
"""The first input of the decoder; never predicted."""

EOS_ID = 3
"""Ends every source and every target sentence. No search predicts a token before it."""
