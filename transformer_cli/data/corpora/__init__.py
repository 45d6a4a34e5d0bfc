"""Reads corpora: each kind of file becomes a stream of sentence pairs, each with its place in the file."""

from __future__ import annotations

from transformer_cli.data.corpora.formats.builtin import BUILTIN_PHRASEBOOK
from transformer_cli.data.corpora.monolingual import NamedText, named_texts, read_text, text_files
from transformer_cli.data.corpora.pairs import SentencePair
from transformer_cli.data.corpora.read import corpus_files, read_corpus

__all__ = [
    "BUILTIN_PHRASEBOOK",
    "NamedText",
    "SentencePair",
    "corpus_files",
    "named_texts",
    "read_corpus",
    "read_text",
    "text_files",
]
