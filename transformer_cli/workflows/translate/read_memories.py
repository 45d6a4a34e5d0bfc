"""Reads translation memories (.tmx) for documents."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from transformer_cli.config import LanguagesConfig
from transformer_cli.documents.passages import outer_and_inner
from transformer_cli.text.normalization import normalize


def read_memories(memories: Sequence[Path], languages: LanguagesConfig) -> dict[str, str]:
    r"""Return the translations of all texts in the memories, but for a machine's; the first of several counts.

    A text of several lines is there with its ``\n``, as one line, and line by line where both sides have equally many.
    A line with a bullet is there without it too, where both sides have one.

    Raises:
        DataError: A memory cannot be read.
    """
    if not memories:
        return {}
    from transformer_cli.data.corpora.formats.tmx import read_tmx

    texts: dict[str, str] = {}
    for path in memories:
        for pair in read_tmx(path, languages):
            source, target = pair.source.strip(), pair.target.strip()
            if source and target and pair.fault is None:
                texts.setdefault(source, target)
    known = {source: target for source, target in texts.items() if "\n" in source}
    for source, target in texts.items():
        known.setdefault(normalize(source), normalize(target))
    for source, target in texts.items():  # whole texts count before parts of others
        for line, translation in _parts(source, target):
            known.setdefault(line, translation)
    return known


def _parts(source: str, target: str) -> Iterator[tuple[str, str]]:
    """Yield the lines of a text without their bullets, and their translations."""
    lines, others = source.split("\n"), target.split("\n")
    if len(lines) != len(others):
        return
    for line, other in zip(lines, others, strict=True):
        (before, inner, _), (other_before, other_inner, _) = outer_and_inner((line,)), outer_and_inner((other,))
        has_bullet, other_has_bullet = (any(str(piece).strip() for piece in each) for each in (before, other_before))
        if inner and other_inner and has_bullet == other_has_bullet:
            yield normalize(str(inner[0])), normalize(str(other_inner[0]))
