"""The readers of all kinds of documents."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from transformer_cli.documents import xml_tree
from transformer_cli.documents.document import Document, Reader, Task
from transformer_cli.documents.encoding import Encoding, decode, decode_html, decode_properties
from transformer_cli.documents.formats import html, po, subtitles, tmx, xliff
from transformer_cli.documents.formats.resources import android, apple, json, properties, xcstrings
from transformer_cli.documents.names import KindName


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of document.

    Args:
        readers: Readers that are used one after the other, each on what the one before it has made.
        declaration: Pattern of the place where a document names its encoding, as in `decode`.
        missing: Python's name of the treatment of characters that the encoding lacks.
        decoder: Function that reads the bytes instead.
    """

    readers: Sequence[Reader]
    declaration: re.Pattern[bytes] | None = None
    missing: str = "strict"
    decoder: Callable[[bytes], tuple[str, Encoding]] | None = None

    def decode(self, data: bytes) -> tuple[str, Encoding]:
        """Return the text of a document and its encoding; see `decode`."""
        return self.decoder(data) if self.decoder else decode(data, self.declaration)


def _read_markdown(text: str, task: Task) -> Document:
    from transformer_cli.documents.formats.markdown import read_markdown  # its parser is slow to import

    return read_markdown(text, task)


def _read_yaml(text: str, task: Task) -> Document:
    from transformer_cli.documents.formats.resources.yaml import read_yaml  # as slow to import

    return read_yaml(text, task)


_XML = xml_tree.DECLARATION
_REFERENCES = "xmlcharrefreplace"  # a character that the encoding lacks is written as &#...;

KINDS: dict[KindName, Kind] = {
    "po": Kind((po.read_po,), po.CHARSET),
    "xliff": Kind((xliff.read_xliff,), _XML, _REFERENCES),
    "tmx": Kind((tmx.read_tmx,), _XML, _REFERENCES),
    "html": Kind(html.READERS, missing=_REFERENCES, decoder=partial(decode_html, declaration=html.DECLARATION)),
    "markdown": Kind((_read_markdown,)),
    "srt": Kind((subtitles.read_srt,)),
    "vtt": Kind((subtitles.read_vtt,)),
    "json": Kind((json.read_json,)),
    "arb": Kind((json.read_arb,)),
    "yaml": Kind((_read_yaml,)),
    "properties": Kind((properties.read_properties,), missing=properties.MISSING, decoder=decode_properties),
    "android": Kind((android.read_android,), _XML, _REFERENCES),
    "strings": Kind((apple.read_strings,)),
    "xcstrings": Kind((xcstrings.read_xcstrings,)),
    "stringsdict": Kind((apple.read_stringsdict,), _XML, _REFERENCES),
}
"""All kinds by name."""
