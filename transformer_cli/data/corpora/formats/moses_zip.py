"""Archives of OPUS (https://opus.nlpl.eu): a ``.zip`` with aligned text files, which Moses' own format is."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from transformer_cli.config import LanguagesConfig
from transformer_cli.data.corpora.formats.aligned import align
from transformer_cli.data.corpora.pairs import SentencePair, choose_languages
from transformer_cli.errors import DataError
from transformer_cli.files.archives import open_zip
from transformer_cli.text.lines import Line, read_checked_lines


def read_moses_zip(path: Path, languages: LanguagesConfig, encoding: str | None = None) -> Iterator[SentencePair]:
    """Yield the pairs of all aligned files in an archive; nothing is unpacked to the disk.

    Two files are aligned if their names differ only in the suffix, and the suffixes are the codes of the languages
    (matched as in `choose_languages`): ``Books.en-fr.en`` and ``Books.en-fr.fr``. Other files are left alone.

    Raises:
        DataError: The archive cannot be read, is damaged or encrypted, or has no aligned files, a file is in another
            encoding, or two of them have different numbers of lines.
    """
    with open_zip(path) as archive:
        for source, target in _aligned_members(path, archive, languages):
            with archive.open(source) as source_file, archive.open(target) as target_file:
                files = {f"{path}/{source}": source_file, f"{path}/{target}": target_file}
                lines = (_lines(file, name, encoding) for name, file in files.items())
                yield from align(*lines, source_name=f"{path}/{source}", target_name=target)


def _lines(file: IO[bytes], name: str, encoding: str | None) -> Iterator[Line]:
    stream = io.BufferedReader(file)  # type: ignore[type-var,unused-ignore]
    return read_checked_lines(stream, name, encoding=encoding, setting="encoding")


def _aligned_members(path: Path, archive: zipfile.ZipFile, languages: LanguagesConfig) -> list[tuple[str, str]]:
    """Return the names of source and target of each pair of files, sorted."""
    names = [info.filename for info in archive.infolist() if not info.is_dir() and _is_visible(info.filename)]
    by_stem: dict[str, dict[str, str]] = {}
    for name in names:
        by_stem.setdefault(str(PurePosixPath(name).with_suffix("")), {})[PurePosixPath(name).suffix[1:]] = name
    pairs = []
    for stem, members in sorted(by_stem.items()):
        if found := choose_languages(members, languages):
            pairs.append((by_stem[stem][found[0]], by_stem[stem][found[1]]))
    if not pairs:
        there = ", ".join(sorted(names)[:10]) or "nothing"
        raise DataError(
            f"{path} holds {there}; no two files in it have one name with the suffixes .{languages.source} and "
            f".{languages.target}; unpack it and name the files in it"
        )
    return pairs


def _is_visible(name: str) -> bool:
    return not any(part.startswith((".", "__MACOSX")) for part in PurePosixPath(name).parts)
