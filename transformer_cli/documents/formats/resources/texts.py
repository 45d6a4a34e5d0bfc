"""What the files of programs have in common: which of their values are texts, and how these are replaced."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from transformer_cli.documents.content import Content, read_string, with_codes, written
from transformer_cli.documents.document import Splice, Unit
from transformer_cli.documents.passages import is_time_format
from transformer_cli.text.protected import has_words

_NAME = re.compile(
    r"""
    [#.~@$:/\\-].*                                      # #fff, .class, ~/x, :symbol, --option
    | \S*(?:_|::|\w/\S*/|\\)\S*                         # snake_case, a::b, a/b/c, a\b
    | \S*[A-Za-z]\.[A-Za-z]{2,}\S*                      # index.html, com.example.app, but not "z.B."
    | \S*[a-z][A-Z]\S*                                  # camelCase
    | (?=\S*\d)(?=\S*[-./:])\S+                         # col-md-6, 2024-01-01T10:00Z, v1.2
    | \d+(?:px|r?em|pt|dp|sp|v[hw]|m?s|fr|deg)          # 12px
    | (?:application|audio|font|image|message|multipart|text|video)/\S+
    | [a-z]{2,3}-(?:[A-Z]{2}|[A-Z][a-z]{3})             # fr-FR, zh-Hans
    | (?=\S*\d)(?=\S*[A-Za-z])[\w+=-]{16,}              # keys and hashes
    """,
    re.VERBOSE | re.ASCII,
)
_DATE = r"(?:d{1,4}|[ML]{1,5}|y{1,4}|[HhmsK]{1,2}|S{1,3}|E{1,5}|a|z{1,4}|Z{1,5}|'[^']*')"
_DATE_PATTERN = re.compile(rf"(?=.*(?:dd|MM|yy|HH|hh|mm)){_DATE}(?:[\s/.,:-]+{_DATE})+")
_LONGEST_WORD = 100  # longer ones are encoded pictures and the like
_SURROGATE = re.compile("[\ud800-\udfff]")


def is_text(value: str) -> bool:
    """Return whether a value is a text for people.

    It is none without letters outside of links, addresses and placeholders; or if it is one word of the kind that
    programs use as names (``btn_ok``, ``index.html``, ``image/png``, ``camelCase``), or a pattern of a date.
    """
    word = value.strip()
    is_one = word.isascii() and not re.search(r"\s", word)
    if is_one and (len(word) > _LONGEST_WORD or _NAME.fullmatch(word)):
        return False
    if not has_words(word) or _SURROGATE.search(word):
        return False
    return not (_DATE_PATTERN.fullmatch(word) or is_time_format(word))


def is_hidden_key(key: str) -> bool:
    """Return whether nothing below a key is a text: the keys of schemas and metadata begin with ``$`` or ``@``."""
    return key.startswith(("$", "@"))


def value_unit(
    value: str,
    start: int,
    end: int,
    write: Callable[[str], str],
    code: re.Pattern[str] | None = None,
    doubled: str = "",
) -> Unit:
    """Return the unit of a value, in which tags are written as in HTML.

    Args:
        value: The value.
        start: Offset of its spelling in the document.
        end: Offset of the end of its spelling.
        write: Function that spells another value.
        code: Pattern of what stands in a text like a tag that surrounds nothing.
        doubled: A character that is written twice outside of tags and code.
    """
    content = read_string(value)
    if code:
        content = with_codes(content, lambda text: (match.span() for match in code.finditer(text)))
    if doubled:
        content = tuple(each.replace(2 * doubled, doubled) if isinstance(each, str) else each for each in content)
    return Unit((content,), start, partial(_render, start, end, write, doubled), replaces_source=True)


def _render(
    start: int, end: int, write: Callable[[str], str], doubled: str, contents: Sequence[Content]
) -> Iterator[Splice]:
    text = written(contents[0], lambda text: text.replace(doubled, 2 * doubled) if doubled else text)
    yield Splice(start, end, write(text))


def escaped_characters(text: str, escape: re.Pattern[str]) -> dict[int, str]:
    r"""Return the characters that a document always writes as escapes, with their spelling, for `str.translate`.

    Letters and digits of ASCII, quotes, backslashes and controls are never among them.

    Args:
        text: The document.
        escape: Pattern of any escape, ``\\`` too. Its first group is the hexadecimal number of a character.
    """
    spellings = {int(match[1], 16): match[0] for match in escape.finditer(text) if match[1]}
    return {
        code: spelling
        for code, spelling in spellings.items()
        if not (0xD800 <= code < 0xE000 or chr(code) in "\"'\\" or (code < 128 and (code < 32 or chr(code).isalnum())))
        and chr(code) not in text
    }


def utf16_escapes(text: str, prefix: str, *, upper: bool = False) -> str:
    """Return a text with every character outside of ASCII as an escape for each of its units of UTF-16.

    Args:
        text: The text.
        prefix: What stands before the four digits.
        upper: Whether the digits are in capitals.
    """
    form = "04X" if upper else "04x"

    def escaped(match: re.Match[str]) -> str:
        data = match[0].encode("utf-16-be", "surrogatepass")
        units = (int.from_bytes(data[i : i + 2]) for i in range(0, len(data), 2))
        return "".join(f"{prefix}{unit:{form}}" for unit in units)

    return re.sub(r"[^\x00-\x7f]", escaped, text)


def joined_surrogates(text: str) -> str:
    """Return a text in which two halves of a character, as escapes of UTF-16 give them, are one character."""
    if not _SURROGATE.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
