"""Corpora in: each kind of file read as a stream of sentence pairs that know where they stand."""

from __future__ import annotations

from transformer_cli.data.readers.builtin import BUILTIN_PHRASEBOOK
from transformer_cli.data.readers.corpora import corpus_files, read_corpus
from transformer_cli.data.readers.pairs import SentencePair

__all__ = ["BUILTIN_PHRASEBOOK", "SentencePair", "corpus_files", "read_corpus"]
