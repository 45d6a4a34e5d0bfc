"""Reads corpora: each kind of file becomes a stream of sentence pairs, each with its place in the file."""

from __future__ import annotations

from transformer_cli.data.corpora.formats.builtin import BUILTIN_PHRASEBOOK
from transformer_cli.data.corpora.monolingual import read_text, text_files
from transformer_cli.data.corpora.pairs import SentencePair
from transformer_cli.data.corpora.read import corpus_files, read_corpus

__all__ = ["BUILTIN_PHRASEBOOK", "SentencePair", "corpus_files", "read_corpus", "read_text", "text_files"]
