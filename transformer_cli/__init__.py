"""Train a Transformer on your own sentence pairs and translate with it from the shell."""

__version__ = "0.1.0"
