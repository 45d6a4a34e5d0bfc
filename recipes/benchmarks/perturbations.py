"""Ways in which text that people write differs from the text that a model has learned from."""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

FINAL_MARKS = ".!?…。！？؟\u06d4\u0589።။។।"
SENTENCE_END = re.compile(rf"[{FINAL_MARKS}]+[\"'”’»)\]]*(?=\s|$)|[。！？]")
NO_LETTERS = [
    *("12345", "1,234.56", "3.14", "100 %", "-5", "42", "1 000 000", "2024-05-17", "17.05.2024", "12:30"),
    *("https://example.org/a?b=1", "http://www.example.com/", "www.example.org", "jean@example.org", "ftp://a.b/c.txt"),
    *(
        "😀",
        "❤️",
        "👩‍👩‍👧",
        "🇫🇷",
        "😀 😀",
        "%d",
        "%s",
        "{name}",
        "{{x}}",
        "${x}",
        "%(n)d",
        "<b></b>",
        "&nbsp;",
        "...",
        "- - -",
    ),
]
"""Lines in which nothing is to be translated."""

Change = Callable[[str, random.Random], str]


def as_it_is(text: str) -> str:
    """Return the text."""
    return text


@dataclass(frozen=True)
class Way:
    """A way to change the lines of a test set.

    Args:
        name: In the table.
        change: Returns a line in its changed form; what it draws at random is drawn from the generator.
        undo: Turns the translation of a changed line into one to compare with that of the line as it was.
        fold: Done to translations and references alike before they are compared.
        kept: Has to be in the translation, as it stands in the changed line.
    """

    name: str
    change: Change
    undo: Callable[[str], str] = as_it_is
    fold: Callable[[str], str] = as_it_is
    kept: str | None = None


def split_final_mark(text: str) -> tuple[str, str]:
    """Return the text before the final mark, and the mark with the spaces around it."""
    bare = text.rstrip(FINAL_MARKS + " \u00a0\u202f")
    return bare, text[len(bare) :]


def without_final_mark(text: str) -> str:
    """Remove the mark at the end of a sentence."""
    return split_final_mark(text)[0]


def always(change: Callable[[str], str]) -> Change:
    """Return a way to change a line that draws nothing."""
    return lambda text, _: change(text)


def replaced(pattern: str, by: str) -> Change:
    """Replace a regular expression."""
    return lambda text, _: re.sub(pattern, by, text)


def in_one_word(change: Change, *, at_least: int = 4) -> Change:
    """Change one word of a line, drawn among those of so many letters or more."""

    def change_line(text: str, generator: random.Random) -> str:
        words = list(re.finditer(rf"[^\W\d_]{{{at_least},}}", text))
        if not words:
            return text
        word = generator.choice(words)
        return text[: word.start()] + change(word[0], generator) + text[word.end() :]

    return change_line


def mistyped(word: str, generator: random.Random) -> str:
    """Swap two letters of a word, leave one out, write one twice, or write another in its place."""
    at = generator.randrange(1, len(word) - 1)
    letter, following = word[at : at + 2]
    wrong = [following + letter, following, letter * 2 + following, letter * 2]
    return word[:at] + generator.choice(wrong) + word[at + 2 :]


def in_words(inserted: str, *, every: int) -> Change:
    """Put a character between letters, after each n-th letter that another letter follows."""

    def change(text: str, _: random.Random) -> str:
        inside = [at for at in range(1, len(text)) if text[at - 1].isalpha() and text[at].isalpha()]
        for at in reversed(inside[every // 2 :: every]):
            text = text[:at] + inserted + text[at:]
        return text

    return change


def without_accents(text: str) -> str:
    """Remove the accents of Latin, Greek and Cyrillic letters."""
    return unicodedata.normalize("NFC", re.sub("[\u0300-\u036f]", "", unicodedata.normalize("NFD", text)))


def full_width(text: str) -> str:
    """Give ASCII characters the width of a Chinese one."""
    return "".join(
        "\u3000" if each == " " else chr(ord(each) + 0xFEE0) if "!" <= each <= "~" else each for each in text
    )


_HALF_WIDTH = {unicodedata.normalize("NFKC", chr(code)): chr(code) for code in range(0xFF61, 0xFFA0)}


def half_width(text: str) -> str:
    """Give Japanese kana and marks half their width; a voiced kana becomes two characters."""
    if not set(text) & set(_HALF_WIDTH):
        return text
    return "".join(_HALF_WIDTH.get(each, each) for each in unicodedata.normalize("NFD", text))


def title_case(text: str) -> str:
    """Give each word a capital."""
    return re.sub(r"(?<![\w'’])\w", lambda found: found[0].upper(), text)


def quoted(name: str, opening: str, closing: str) -> Way:
    """Return the way that puts a line in quotation marks."""
    change = always(lambda text: f"{opening}{text}{closing}")
    return Way(name, change, undo=lambda text: text.strip("\"'“”„«» \u00a0\u202f"))


def holding(name: str, thing: str) -> Way:
    """Return the way that puts a thing, which is to stay as it is, before the final mark."""

    def change(text: str) -> str:
        bare, mark = split_final_mark(text)
        return f"{bare} {thing}{mark}"

    undo = re.compile(rf"\s*{re.escape(thing)}")
    return Way(name, always(change), undo=lambda text: undo.sub("", text, count=1), kept=thing)


_SPACE_BEFORE_MARK = r"(?<=[^\s?!;:])[ \u00a0\u202f]*(?=[?!;:]+(?:\s|$))"

WAYS = [
    Way("capitals", always(str.upper), fold=str.casefold),
    Way("lower case", always(str.lower), fold=str.casefold),
    Way("title case", always(title_case), fold=str.casefold),
    Way("one word in capitals", in_one_word(always(str.upper)), fold=str.casefold),
    Way("no accents", always(without_accents)),
    Way("decomposed Unicode", always(lambda text: unicodedata.normalize("NFD", text))),
    Way("soft hyphens in words", in_words("\u00ad", every=5)),
    Way("U+200B in words", in_words("\u200b", every=7)),
    Way("U+2060 in words", in_words("\u2060", every=7)),
    Way("U+200E in front", always(lambda text: f"\u200e{text}")),
    Way("U+FEFF in front", always(lambda text: f"\ufeff{text}")),
    Way("U+00A0 before ?!;:", replaced(_SPACE_BEFORE_MARK, "\u00a0")),
    Way("U+202F before ?!;:", replaced(_SPACE_BEFORE_MARK, "\u202f")),
    Way("no space before ?!;:", replaced(_SPACE_BEFORE_MARK, "")),
    Way("typographic apostrophes", replaced("'", "’")),
    Way("typewriter apostrophes", replaced("’", "'")),
    Way("in print: ’ and U+00A0", lambda text, _: re.sub(_SPACE_BEFORE_MARK, "\u00a0", text.replace("'", "’"))),
    quoted('in "straight quotes"', '"', '"'),
    quoted("in “curved quotes”", "“", "”"),
    quoted("in « guillemets »", "«\u00a0", "\u00a0»"),
    Way("one typo", in_one_word(mistyped)),
    Way("one word twice", in_one_word(lambda word, _: f"{word} {word}", at_least=2)),
    Way("doubled spaces", replaced(" ", "  ")),
    Way("tabs for spaces", replaced(" ", "\t")),
    Way("no final mark", always(without_final_mark), fold=without_final_mark),
    Way("final mark thrice", replaced(r"([?!.])$", r"\1\1\1"), fold=without_final_mark),
    Way("full-width ASCII", always(full_width)),
    Way("half-width kana", always(half_width)),
    holding("with a link", "https://example.org/a?b=1&c=d"),
    holding("with an e-mail address", "jean.dupont@example.org"),
    holding("with an emoji", "😀"),
    holding("with a number", "12345.67"),
    holding("with %d", "%d"),
    holding("with {name}", "{name}"),
    holding("with <b>", "<b>"),
]
"""Every way that changes each line by itself."""
