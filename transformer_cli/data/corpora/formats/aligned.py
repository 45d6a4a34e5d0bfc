"""Two text files: line n of the one translates line n of the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import zip_longest
from pathlib import Path

from transformer_cli.data.corpora.line_ends import refuse_carriage_returns
from transformer_cli.data.corpora.pairs import SentencePair
from transformer_cli.errors import DataError
from transformer_cli.text.lines import Line, read_text_lines


def read_aligned(source_path: Path, target_path: Path, encoding: str | None = None) -> Iterator[SentencePair]:
    """Yield the pairs of two aligned files; the place is that in the source file.

    Raises:
        DataError: A file cannot be read or is in another encoding, its lines end in carriage returns, or one has more
            lines than the other.
    """
    sources, targets = (
        refuse_carriage_returns(read_text_lines(path, encoding=encoding, setting="encoding"), path)
        for path in (source_path, target_path)
    )
    yield from align(
        sources,
        targets,
        source_name=str(source_path),
        target_name=target_path.name,
    )


def align(
    sources: Iterable[Line], targets: Iterable[Line], *, source_name: str, target_name: str
) -> Iterator[SentencePair]:
    """Yield the pairs of the lines of two files, each read once.

    Args:
        sources: The lines of the source file.
        targets: The lines of the target file.
        source_name: The place of the source file, for the places of the pairs.
        target_name: The name of the target file, for the message.

    Raises:
        DataError: One file has more lines than the other.
    """
    source_lines = target_lines = 0
    for source, target in zip_longest(sources, targets):
        source_lines += source is not None
        target_lines += target is not None
        # When one file has ended, the other is read to its end, so the message can give both counts.
        if source is not None and target is not None:
            is_utf8 = not (source.had_invalid_bytes or target.had_invalid_bytes)
            yield SentencePair(source.text, target.text, f"{source_name}:{source.number}", is_utf8)
    if source_lines != target_lines:
        raise DataError(
            f"{source_name} has {source_lines} lines but {target_name} has {target_lines}; the two must align"
        )
