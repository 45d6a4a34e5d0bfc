"""The kinds of documents, by name and by the endings of file names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from transformer_cli.documents import xml_tree
from transformer_cli.documents.document import Document, Reader, Task
from transformer_cli.documents.encoding import Encoding, decode
from transformer_cli.documents.formats import html, po, subtitles, tmx, xliff

_PACKED = (".gz", ".bz2", ".xz", ".zst")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of document.

    Args:
        name: Its name for ``--file-format``.
        suffixes: The endings of file names.
        readers: Readers that are used one after the other, each on what the one before it has made.
        declaration: Pattern of the place where a document names its encoding, as in `decode`.
        missing: Python's name of the treatment of characters that the encoding lacks.
    """

    name: str
    suffixes: tuple[str, ...]
    readers: Sequence[Reader]
    declaration: re.Pattern[bytes] | None = None
    missing: str = "strict"

    def decode(self, data: bytes) -> tuple[str, Encoding]:
        """Return the text of a document and its encoding; see `decode`."""
        return decode(data, self.declaration)


def _read_markdown(text: str, task: Task) -> Document:
    from transformer_cli.documents.formats.markdown import read_markdown  # its parser is slow to import

    return read_markdown(text, task)


_XML = xml_tree.DECLARATION
_REFERENCES = "xmlcharrefreplace"  # a character that the encoding lacks is written as &#...;

KINDS = {
    kind.name: kind
    for kind in (
        Kind("po", (".po", ".pot"), (po.read_po,), po.CHARSET),
        Kind("xliff", (".xlf", ".xliff"), (xliff.read_xliff,), _XML, _REFERENCES),
        Kind("tmx", (".tmx",), (tmx.read_tmx,), _XML, _REFERENCES),
        Kind("html", (".html", ".htm", ".xhtml"), html.READERS, html.DECLARATION, _REFERENCES),
        Kind("markdown", (".md", ".markdown"), (_read_markdown,)),
        Kind("srt", (".srt",), (subtitles.read_srt,)),
        Kind("vtt", (".vtt",), (subtitles.read_vtt,)),
    )
}
"""All kinds by name."""


def kind_of(file: Path | None) -> Kind | None:
    """Return the kind of document that a file's name tells, or None for lines of text."""
    if file is None:
        return None
    name = Path(file.stem) if file.suffix.lower() in _PACKED else file
    return next((kind for kind in KINDS.values() if name.suffix.lower() in kind.suffixes), None)
