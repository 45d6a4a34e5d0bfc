"""Corpora in files of the current folder, and what a reader makes of them."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Callable
from pathlib import Path

from transformer_cli.config import LanguagesConfig, NamedCorpus
from transformer_cli.data.corpora import SentencePair, read_corpus

FR_EN = LanguagesConfig(source="fr", target="en")
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
}


def write(name: str, text: str | bytes) -> None:
    """Write a file, packed as its name says."""
    content = text.encode() if isinstance(text, str) else text
    packer = PACKERS.get(Path(name).suffix, bytes)
    Path(name).write_bytes(packer(content))


def read(
    corpus: NamedCorpus, *, folder: str | Path = ".", languages: LanguagesConfig = FR_EN, part: str = "train"
) -> list[SentencePair]:
    """Read a whole corpus."""
    return list(read_corpus(corpus, languages, Path(folder), part=part))


def sentences(corpus: NamedCorpus, languages: LanguagesConfig = FR_EN) -> list[tuple[str, str]]:
    """Read a whole corpus, the texts of the pairs without a fault alone."""
    return [(pair.source, pair.target) for pair in read(corpus, languages=languages) if pair.fault is None]


def faults(corpus: str, languages: LanguagesConfig = FR_EN) -> list[tuple[str, str, str]]:
    """Read a whole corpus, the faults and texts of the pairs with a fault alone."""
    return [(pair.fault, pair.source, pair.target) for pair in read(corpus, languages=languages) if pair.fault]
