"""The bytes of a document and its text, in both directions without a loss."""

from __future__ import annotations

import codecs
import re
from contextlib import suppress
from dataclasses import dataclass

from transformer_cli.errors import DataError
from transformer_cli.text.encodings import wide_without_mark

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark is the beginning of this one
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a document's text is written in bytes.

    Args:
        name: Python's name of the encoding.
        mark: The byte order mark at the beginning, if there is one.
    """

    name: str
    mark: bytes = b""

    def encode(self, text: str, errors: str = "strict") -> bytes:
        """Return the bytes of a text.

        Args:
            text: The text of the document, without the mark.
            errors: Python's name of the treatment of characters that the encoding lacks.

        Raises:
            DataError: The encoding lacks a character.
        """
        try:
            return self.mark + text.encode(self.name, errors)
        except UnicodeEncodeError as error:
            raise DataError(
                f"the translation has {text[error.start]!r}, which {self.name} cannot write; convert the file to UTF-8"
            ) from None


def decode(data: bytes, declaration: re.Pattern[bytes] | None = None) -> tuple[str, Encoding]:
    """Return the text of a document and its encoding: by the mark, else the declaration, else UTF-8.

    Args:
        data: The whole document.
        declaration: Pattern whose first group is the name of an encoding; the first 4 kB are searched.

    Raises:
        DataError: The bytes are not in that encoding, or it has no unique spelling of its characters.
    """
    mark, name = next(((mark, name) for mark, name in _MARKS if data.startswith(mark)), (b"", ""))
    declared = declaration.search(data[:4096]) if declaration and not name else None
    if not name:
        name = declared[1].decode("ascii", "replace").strip().lower() if declared else "utf-8"
        if not declared and (wide := wide_without_mark(data[:4096])):
            raise DataError(f"{wide} without a byte order mark; convert the file with iconv -f {wide} -t UTF-8")
    encoding = Encoding(name, mark)
    try:
        text = data[len(mark) :].decode(name)
        is_same = encoding.encode(text) == data
    except LookupError:
        raise DataError(f"the encoding {name} is not known; convert the file to UTF-8") from None
    except UnicodeError as error:
        start = error.start if isinstance(error, UnicodeDecodeError) else 0
        line = data.count(b"\n", 0, start + len(mark)) + 1
        raise DataError(f"line {line}: not {name.upper()}; convert the file with iconv -t UTF-8") from None
    if not is_same:
        raise DataError(f"{name} spells a character in several ways; convert the file with iconv -t UTF-8")
    return text, encoding


def decode_html(data: bytes, declaration: re.Pattern[bytes]) -> tuple[str, Encoding]:
    """Return the text of a page and its encoding: what says ISO-8859-1 may be Windows-1252, as in browsers.

    Args:
        data: The whole document.
        declaration: As for `decode`.

    Raises:
        DataError: As from `decode`.
    """
    text, encoding = decode(data, declaration)
    if codecs.lookup(encoding.name).name == "iso8859-1" and re.search(r"[\x80-\x9f]", text):
        with suppress(UnicodeError):
            return data.decode("cp1252"), Encoding("cp1252")
    return text, encoding


def decode_properties(data: bytes) -> tuple[str, Encoding]:
    """Return the text of Java's properties and its encoding: by the mark, else UTF-8, else ISO-8859-1.

    Bytes that are UTF-8 in some places and not in others are damaged rather than ISO-8859-1, which has no characters
    from 0x80 to 0x9f.

    Args:
        data: The whole document.

    Raises:
        DataError: The bytes are in none of these encodings.
    """
    try:
        return decode(data)
    except DataError:
        has_utf8 = not data.decode("utf-8", "ignore").isascii()
        is_wide = data.startswith(tuple(mark for mark, _ in _MARKS)) or wide_without_mark(data[:4096])
        if is_wide or has_utf8 or re.search(rb"[\x80-\x9f]", data):
            raise
    return data.decode("latin-1"), Encoding("latin-1")
