"""Finds text that is in another encoding than UTF-8, by its bytes, and says how to convert it."""

from __future__ import annotations

import codecs
import re
import shlex
from pathlib import Path

import regex

from transformer_cli.errors import DataError, UnsetKeyError

# UTF-32 comes first: its little-endian mark begins with the bytes of UTF-16's.
WIDE_MARKS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
"""The byte order marks of encodings with two or four bytes a letter, with the names that iconv knows them by."""

STDIN = "stdin"
"""The name of the standard input in messages."""

_CONTROLS = bytes({*range(1, 32)} - {*b"\t\n\r"})
_LEAST_BYTES = 16
_FEW = 4  # so many lines may be damaged by accident
_MANY = 1000
_SAMPLE_BYTES = 1 << 15
_UNPACKERS = {".gz": "gzip -dc", ".bz2": "bzip2 -dc", ".xz": "xz -dc", ".zst": "zstd -dc"}
_WINDOWS = ("cp1252", "cp1250", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257")
# Those of files, and not of mainframes, that iconv knows, by the detector's names.
_CANDIDATES = (
    *(f"cp{number}" for number in (*range(1250, 1259), 437, 850, 852, 866)),
    *(f"iso8859-{number}" for number in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 13, 15, 16)),
    *("koi8-r", "koi8-u", "mac-roman", "gb18030", "big5hkscs", "cp932", "shift_jis_2004", "euc_jis_2004", "cp949"),
    *("euc_kr", "tis-620"),
)
_ALPHABETS = r"[\p{Greek}\p{Cyrillic}\p{Hebrew}\p{Arabic}\p{Thai}]"
_MIXED_WORD = regex.compile(rf"[A-Za-z]{_ALPHABETS}|{_ALPHABETS}[A-Za-z]")
# Japanese mail: letters of 7 bits after an escape sequence, so that UTF-8 has nothing against it.
_ISO_2022_JP = re.compile(rb"\x1b\$[@B](?:[!-~]{2})+\x1b\([BJ]")
# iconv's names by Python's; the superset where an encoding is in use under the name of a smaller one.
_ICONV_NAMES = {
    "mac-roman": "MACINTOSH",
    "mac-iceland": "MACINTOSH",
    "gb2312": "GB18030",
    "gbk": "GB18030",
    "gb18030": "GB18030",
    "big5": "BIG5",
    "big5hkscs": "BIG5-HKSCS",
    "shift_jis": "CP932",
    "cp932": "CP932",
    "euc_jp": "EUC-JP",
    "euc_jis_2004": "EUC-JP",
    "euc_kr": "CP949",
    "cp949": "CP949",
    "koi8-r": "KOI8-R",
    "koi8-u": "KOI8-U",
    "tis-620": "TIS-620",
}


def other_encoding(beginning: bytes) -> str | None:
    """Return iconv's name of the encoding of a text whose bytes can be no UTF-8 text, whatever follows, or None.

    These are UTF-16 and UTF-32, with a byte order mark or without, and ISO-2022-JP.

    Args:
        beginning: The first bytes of the text, some thousands if it has them.
    """
    name = next((name for mark, name in WIDE_MARKS if beginning.startswith(mark)), None)
    return name or wide_without_mark(beginning) or ("ISO-2022-JP" if _ISO_2022_JP.search(beginning) else None)


def wide_without_mark(beginning: bytes) -> str | None:
    """Return iconv's name of UTF-16 or UTF-32 without a byte order mark, or None for a text in another encoding.

    Of the two bytes of a Latin letter one is zero; of other text, the higher byte of each space, digit and line end.
    """
    zeros = beginning.count(0)
    if not zeros or len(beginning) < _LEAST_BYTES:
        return None
    even = beginning[::2].count(0)
    names: list[str] = []
    is_latin = 3 * zeros > len(beginning)
    if 2 * zeros > len(beginning):
        names = ["UTF-32LE", "UTF-32BE"]
    elif is_latin or not _may_be_utf8(beginning):
        names = [name for name, there in (("UTF-16LE", zeros - even), ("UTF-16BE", even)) if 10 * there >= 9 * zeros]
    for name in names:
        text = _decoded(beginning, name)
        if text is None or "\0" in text:
            continue
        lines = beginning.count(b"\n")
        if 2 * text.count("\n") >= lines and (lines or is_latin):
            return name
    return None


def _may_be_utf8(beginning: bytes) -> bool:
    # The higher bytes of Greek, Cyrillic, Hebrew and Arabic letters are control characters to UTF-8.
    controls = len(beginning) - len(beginning.translate(None, _CONTROLS))
    return 4 * controls < len(beginning) and _decoded(beginning, "utf-8") is not None


def _decoded(beginning: bytes, encoding: str) -> str | None:
    """Return the text of bytes whose last character may be cut, or None if they are not valid in the encoding."""
    try:
        return codecs.getincrementaldecoder(encoding)().decode(beginning)
    except UnicodeDecodeError:
        return None


def probable_encoding(sample: bytes) -> str | None:
    """Return iconv's name of the encoding that a sample is most likely in, or None if none is likely.

    Args:
        sample: Lines that are not UTF-8.
    """
    import chardet  # imported here because it takes 20 ms, and most text is UTF-8

    western = _decoded(sample, "cp1252")
    if western is not None and not any(character.isalpha() for character in western if not character.isascii()):
        return "WINDOWS-1252"  # quotes, dashes and other signs alone, which tell the detector nothing
    found = chardet.detect(sample, include_encodings=_CANDIDATES)["encoding"]
    text = None if found is None else _decoded(sample, found)
    if found is None or text is None:
        return None
    if _MIXED_WORD.search(text) and western is not None:
        return "WINDOWS-1252"  # no word has letters of two scripts; short samples mislead the detector
    name = codecs.lookup(found).name
    if name.startswith("iso8859-"):  # where both fit, files of today are in the larger one of Windows
        name = next((each for each in _WINDOWS if _decoded(sample, each) == _decoded(sample, name)), name)
    if name.startswith("iso2022_jp"):
        return "ISO-2022-JP"
    if name.startswith("cp125"):
        return name.replace("cp", "WINDOWS-")
    if name.startswith(("iso8859-", "cp4", "cp7", "cp8")):
        return _ICONV_NAMES.get(name) or name.replace("iso", "iso-").upper()
    return _ICONV_NAMES.get(name)


def conversion(path: str, name: str) -> str:
    """Return the command that converts a file to UTF-8.

    Args:
        path: The file, compressed or not, or `STDIN`.
        name: The name of its encoding, as iconv knows it.
    """
    if path == STDIN:
        return f"iconv -f {name} -t UTF-8"
    unpacker = _UNPACKERS.get(Path(path).suffix.lower())
    if unpacker:
        return f"{unpacker} {shlex.quote(path)} | iconv -f {name} -t UTF-8"
    return f"iconv -f {name} -t UTF-8 {shlex.quote(path)}"


def wide_decoder(beginning: bytes) -> codecs.IncrementalDecoder | None:
    """Return a decoder for a text that begins with the byte order mark of UTF-16 or UTF-32, or None.

    What is no character in it becomes U+FFFD. The mark is dropped.
    """
    name = next((name for mark, name in WIDE_MARKS if beginning.startswith(mark)), None)
    return None if name is None else codecs.getincrementaldecoder(name)(errors="replace")


def may_become_mark(beginning: bytes) -> bool:
    """Return whether these bytes begin a byte order mark of UTF-16 or UTF-32 that is not complete yet."""
    return len(beginning) < 4 and any(mark != beginning and mark.startswith(beginning) for mark, _ in WIDE_MARKS)


class Utf8Check:
    """Watches the lines of a text, and finds whether it is in another encoding than UTF-8.

    Up to four lines, or a tenth of those that are not plain ASCII, may be damaged by accident.

    Args:
        name: The file, or another name of the input, for messages.
        setting: The key of a recipe that names the encoding of this input, or None.
    """

    def __init__(self, name: str, *, setting: str | None = None) -> None:
        self._name = name
        self._setting = setting
        self._good = self._bad = 0
        self._first_bad = 0
        self._sample = bytearray()

    def refuse(self, beginning: bytes) -> None:
        """Check the first bytes.

        Raises:
            DataError: They are in an encoding of which no line can be read as UTF-8.
        """
        if name := other_encoding(beginning):
            raise self._error(f"{self._name} is {name}, not UTF-8; {self._remedy(name)}", name)

    def count_good(self) -> None:
        """Count a line with other characters than those of ASCII."""
        self._good += 1

    def count_bad(self, line: bytes, number: int) -> None:
        """Count a line that is not UTF-8."""
        self._bad += 1
        self._first_bad = self._first_bad or number
        if len(self._sample) < _SAMPLE_BYTES:
            self._sample += line[:_SAMPLE_BYTES].removesuffix(b"\n") + b"\n"

    @property
    def is_hopeless(self) -> bool:
        """Whether there were enough lines to know without the others that the text is in another encoding."""
        return self._bad == _MANY and self._bad > self._good

    @property
    def is_in_one_encoding(self) -> bool:
        """Whether almost no line with other characters than those of ASCII is UTF-8, so that one encoding fits all."""
        return 10 * self._bad >= 9 * (self._good + self._bad)

    def finish(self) -> None:
        """Check the counts.

        Raises:
            DataError: Too many lines are not UTF-8 to be an accident.
        """
        if (problem := self.problem()) is not None:
            raise problem

    def problem(self) -> DataError | None:
        """Return an error if too many lines are not UTF-8 to be an accident, else None."""
        lines = self._good + self._bad
        if self._bad <= _FEW or 10 * self._bad <= lines:
            return None
        counts = f"{self._bad} of {lines} lines that are not plain ASCII"
        if not self.is_in_one_encoding:
            keep = f', or set {self._setting} = "utf-8" for it to drop them' if self._setting else ""
            what = f"{self._name}: {counts} are not UTF-8, the first of them line {self._first_bad}; mend them{keep}"
            return self._error(what, "UTF-8")
        name = probable_encoding(bytes(self._sample))
        if name is None:
            what = f"{self._name} is not UTF-8: {counts} are not; find its encoding and {self._remedy('ENCODING')}"
            return DataError(what)
        return self._error(f"{self._name} is probably {name}, not UTF-8; {self._remedy(name)}", name)

    def _remedy(self, name: str) -> str:
        setting = f', or set {self._setting} = "{name.lower()}" for it' if self._setting else ""
        return f"convert it with: {conversion(self._name, name)}{setting}"

    def _error(self, message: str, name: str) -> DataError:
        return UnsetKeyError(message, {self._setting: name.lower()}) if self._setting else DataError(message)
