"""The readers of all kinds of documents."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from transformer_cli.documents import xml_tree
from transformer_cli.documents.document import Document, Reader, Task
from transformer_cli.documents.encoding import Encoding, decode
from transformer_cli.documents.formats import html, po, subtitles, tmx, xliff
from transformer_cli.documents.names import KindName


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of document.

    Args:
        readers: Readers that are used one after the other, each on what the one before it has made.
        declaration: Pattern of the place where a document names its encoding, as in `decode`.
        missing: Python's name of the treatment of characters that the encoding lacks.
    """

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

KINDS: dict[KindName, Kind] = {
    "po": Kind((po.read_po,), po.CHARSET),
    "xliff": Kind((xliff.read_xliff,), _XML, _REFERENCES),
    "tmx": Kind((tmx.read_tmx,), _XML, _REFERENCES),
    "html": Kind(html.READERS, html.DECLARATION, _REFERENCES),
    "markdown": Kind((_read_markdown,)),
    "srt": Kind((subtitles.read_srt,)),
    "vtt": Kind((subtitles.read_vtt,)),
}
"""All kinds by name."""
