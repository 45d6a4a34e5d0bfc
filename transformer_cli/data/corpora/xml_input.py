"""Reads XML files of translation units as a stream: encodings, characters that XML forbids, damage.

A character that XML 1.0 forbids, and bytes that are not of the file's encoding, make a parser give up. Here they cost
the unit that they stand in: before parsing, both are replaced by a noncharacter of Unicode, which no text holds.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.sax import SAXParseException
from xml.sax.handler import ContentHandler, feature_external_ges

from defusedxml.common import DefusedXmlException
from defusedxml.expatreader import create_parser

from transformer_cli.data.corpora.pairs import SentencePair
from transformer_cli.errors import DataError
from transformer_cli.files.os_errors import explain_os_errors
from transformer_cli.files.packed import open_text_input

FORBIDDEN = "\ufdd0"
"""Stands for a character that XML 1.0 forbids (https://www.w3.org/TR/xml/#charsets)."""

_UNDECODABLE = "\ufdd1"
_CHUNK = 1 << 16
_LONGEST_REFERENCE = 20
_SUSPECTS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufdd0\ufffe\uffff]|&#(?:x([0-9A-Fa-f]+)|([0-9]+));")
_DECLARATION = re.compile(rb"""^\s*<\?xml[^>]{0,100}?\sencoding\s*=\s*["']([A-Za-z][\w.:-]*)["']""")
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (b"<\0?\0", "utf-16-le"),
    (b"\0<\0?", "utf-16-be"),
)
_MARK_ERRORS = "transformer_cli.mark"
# A file with more undecodable units than this share is not damaged here and there; it is in another encoding.
_MAX_UNDECODABLE = 0.02

codecs.register_error(_MARK_ERRORS, lambda error: (_UNDECODABLE, error.end))  # type: ignore[attr-defined]


class PairHandler(ContentHandler):
    """Collects the pairs of the units that the parser has read; a format adds what its elements mean.

    Args:
        path: The file.

    Attributes:
        number: The number of units so far.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.number = 0
        self.undecodable = 0
        self._done: list[SentencePair] = []

    def add(self, source: str, target: str, fault: str | None = None) -> None:
        """Add a pair of the present unit, with the rule that it breaks by itself."""
        both = source + target
        if fault is None and FORBIDDEN in both:
            fault = "forbidden_character"
        is_utf8 = _UNDECODABLE not in both
        self.undecodable += not is_utf8
        source, target = (_readable(side) for side in (source, target))
        self._done.append(SentencePair(source, target, f"{self.path}: unit {self.number}", is_utf8, fault))

    def take(self) -> list[SentencePair]:
        """Return the pairs added since the last call."""
        done, self._done = self._done, []
        return done

    def skippedEntity(self, name: str) -> None:  # noqa: N802
        """Refuse an entity of an unread DTD, because its text would be missing."""
        raise DataError(
            f"{self.path}: unit {self.number}: the entity &{name}; is defined elsewhere; export it without entities"
        )


def read_units(handler: PairHandler) -> Iterator[SentencePair]:
    """Yield the pairs that ``handler`` finds in its file, a part of the file in memory at a time.

    Declarations of entities are refused. A DTD that the file names is skipped and never fetched.

    Raises:
        DataError: The file cannot be read, is cut short or not well-formed, declares entities, or is in another
            encoding than it declares.
    """
    path = handler.path
    parser = create_parser(forbid_external=False)  # it would refuse a file that only names a DTD
    parser.setFeature(feature_external_ges, False)
    parser.setContentHandler(handler)
    with open_text_input(path) as stream, explain_os_errors(path, "read", DataError):
        chunk = stream.read(_CHUNK)
        encoding = _encoding(path, chunk)
        decoder = codecs.getincrementaldecoder(encoding)(_MARK_ERRORS)
        rest = ""
        while True:
            text = rest + decoder.decode(chunk, final=not chunk)
            # The end of a chunk may cut a reference, which is kept for the next one.
            cut = text.rfind("&", max(0, len(text) - _LONGEST_REFERENCE)) if chunk else -1
            text, rest = (text, "") if cut < 0 else (text[:cut], text[cut:])
            _parse(parser, handler, _SUSPECTS.sub(_marked, text), encoding, is_last=not chunk)
            yield from handler.take()
            if not chunk:
                break
            chunk = stream.read(_CHUNK)
    if handler.undecodable > max(1, _MAX_UNDECODABLE * handler.number):
        raise DataError(f"{path}: {handler.undecodable} of {handler.number} units {_in_another_encoding(encoding)}")


def _readable(text: str) -> str:
    return text.replace(FORBIDDEN, "\ufffd").replace(_UNDECODABLE, "\ufffd")


def _marked(suspect: re.Match[str]) -> str:
    if suspect[1] is None and suspect[2] is None:
        return FORBIDDEN
    code = int(suspect[1], 16) if suspect[1] else int(suspect[2])
    is_character = code in (9, 10, 13) or 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD
    return suspect[0] if is_character or 0x10000 <= code <= 0x10FFFF else FORBIDDEN


def _parse(parser: Any, handler: PairHandler, text: str, encoding: str, *, is_last: bool) -> None:
    try:
        parser.feed(text)  # even an empty one: a parser that was never fed reports no error
        if is_last:
            parser.close()
    except SAXParseException as error:
        if is_last:
            reason = "the file is cut short; fetch or export it again"
        elif handler.undecodable:
            reason = f"{handler.undecodable} units before it {_in_another_encoding(encoding)}"
        else:
            reason = "the file is damaged there; mend the line, or export it again"
        raise DataError(
            f"{handler.path}:{error.getLineNumber()}: not well-formed XML in or after unit {handler.number} "
            f"({error.getMessage()}); {reason}"
        ) from None
    except DefusedXmlException:
        raise DataError(
            f"{handler.path}:{parser.getLineNumber()}: declares an entity, which can fill the memory or "
            "read other files; export it without entities"
        ) from None


def _encoding(path: Path, beginning: bytes) -> str:
    """Return the codec of a file by its byte order mark, else by its XML declaration, else UTF-8.

    Raises:
        DataError: The declaration cannot be true.
    """
    for mark, codec in _MARKS:
        if beginning.startswith(mark):
            return codec
    declaration = _DECLARATION.match(beginning)
    if declaration is None:
        return "utf-8"
    name = declaration[1].decode()
    try:
        codec = codecs.lookup(name).name
        "".encode(codec)  # not for codecs from bytes to bytes
    except LookupError:
        raise DataError(f'{path}:1: declares the encoding "{name}", which is unknown; {_correct(path, name)}') from None
    if codec.startswith(("utf-16", "utf-32")):
        raise DataError(f"{path}:1: declares {name}, but its bytes are not {name}; {_correct(path, name)}")
    if codec != "utf-8" and _is_utf8(beginning):
        raise DataError(f"{path}:1: declares {name}, but is UTF-8; {_correct(path, name)}")
    return codec


def _is_utf8(content: bytes) -> bool:
    """Return whether bytes are UTF-8 and not ASCII; their end may cut a character."""
    if content.isascii():
        return False
    try:
        codecs.getincrementaldecoder("utf-8")().decode(content)
    except UnicodeDecodeError:
        return False
    return True


def _correct(path: Path, name: str) -> str:
    return f"correct its first line, for example with: sed -i '1s/{name}/UTF-8/' {path}"


def _in_another_encoding(encoding: str) -> str:
    name = encoding.removesuffix("-sig").upper()
    return (
        f"hold bytes that are not {name}, the encoding that the file declares; if it is windows-1252, "
        'write encoding="windows-1252" into its first line'
    )
