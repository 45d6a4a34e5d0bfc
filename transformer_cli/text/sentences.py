"""Where sentences end, in any script: a small set of rules, and abbreviations learned from the lines of a corpus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from itertools import pairwise
from typing import NamedTuple

import regex

from transformer_cli.text.languages import is_known_language, language_name
from transformer_cli.text.protected import protected_spans

# Unicode's class STerm has some 150 marks that end a sentence; full stops, which also abbreviate, come apart. The
# semicolon asks in Greek, where two letters are before it: one alone is a sign of mathematics.
_ENDING = r"(?:[.\uff0e…‥]|[\p{SB=STerm}--[.]]|[။៕།༎]|(?<=\p{Greek}{2});)"
# Closing quotes and brackets belong to the sentence before them, with the no-break space that French puts there. The
# quotes that open in English close in German, Polish or Danish, with white space behind them.
_CLOSING = r"\p{Pe}\p{Pf}\"'’”」』】》〉）\]"
_BREAK = r"<[Bb][Rr]\s?/?>"
# So do tags that close, footnotes and emoji. A line break of HTML stands for white space.
_MARK = regex.compile(
    rf"(?P<mark>{_ENDING}++)"
    r"(?P<close>(?:[\u00a0\u202f ]?[»›](?=[\s\p{P}]|$)"  # noqa: RUF001
    rf"|[{_CLOSING}]|[“‘«‹]++(?=[{_CLOSING}]*+(?:[\s<]|$))"  # noqa: RUF001
    r"|(?P<tag></[\w:.-]{1,60}\s?>)|\[\d{1,3}\]"
    r"|[\p{Extended_Pictographic}\p{Emoji_Modifier}\p{Regional_Indicator}\u200d\ufe0f])*+)"
    rf"(?P<space>(?:\s|{_BREAK})*+)",
    regex.V1,
)
_SPACE_BEHIND = regex.compile(rf"(?r)(?:\s|{_BREAK})*+$")
_NEEDS_NO_SPACE = frozenset("。！？｡．")  # noqa: RUF001
# The letters of Georgian are small ones to Unicode, and begin sentences.
_CONTINUES = regex.compile(r"[\p{Ps}\p{Pi}\"'¿¡—–-]*\s*[\p{Ll}--\p{Georgian}]", regex.V1)
_WIDE_DOT = regex.compile(r"(?<=\d)\uff0e|(?<=\p{Latin})\uff0e(?=[\p{N}\p{Latin}])")  # a point
_QUOTATION_GOES_ON = regex.compile(r"[とっ、，,]")
_HAS_CAPITAL = regex.compile(r"\p{Lu}|\p{Lt}")
_CONTENT = regex.compile(r"[\p{L}\p{N}]")
_LAST_WORD = regex.compile(r"[^\s>\p{Ps}\p{Pi}\"'’]+$")
_INITIAL = regex.compile(r"\p{Lu}\p{M}*|(?:\p{L}\p{M}*\.)+\p{L}\p{M}*")
# Small letters that are no words at an end. Where a danda ends sentences, so are letters of India with their vowels but
# for "is", "was" and "not". In scripts with capitals a small Latin letter is also a variable.
_SMALL_INITIAL = regex.compile(
    r"[вгдзйклмнопрстфхцчшщ\p{Georgian}]|[[\p{Arabic}\p{Hebrew}]&&\p{L}--[و]]\p{M}*",
    regex.V1,
)
_INDIAN_INITIAL = regex.compile(r"[[\p{Devanagari}\p{Bengali}\p{Gurmukhi}\p{Oriya}]&&\p{L}--[हथন]]\p{M}*", regex.V1)
_LATIN_INITIAL = regex.compile(r"[b-df-hj-np-tv-xz]")
_CONTRACTED = regex.compile(r"\p{Lu}{2}['’]$")  # "DON'T"
_CONTRACTED_OR_UNIT = regex.compile(r"['’]$|\d\s?$")  # "don't", "5 g"
_THAI = regex.compile(r"\p{Thai}")
_NUMBER = regex.compile(r"\d{1,3}|[IVXLC]{2,6}")
_TAGS = r"</?\w[^<>]{0,60}>"
_NUMBER_FOLLOWS = regex.compile(  # or a placeholder or tag of a program, which may be one
    rf"(?:{_TAGS}|[\p{{Ps}}\p{{Pi}}#+§\"])*+(?:\p{{N}}|[IVXLC]{{2,6}}\b|[Nn]r\b|[%{{$`:\\])"
)
_CAPITAL_FOLLOWS = regex.compile(r"(?!A\s)\p{Lu}(?:[.\d]|\b)")  # "Sec. V", "cap. I", "art. L. 122"
_ONLY_MARKS = regex.compile(rf"(?:[^\p{{L}}\p{{N}}<]|{_TAGS})*+")
_BEHIND_COLON = regex.compile(r"[:;]\s*$")
_WORD = regex.compile(r"\p{L}[\p{L}\p{M}.-]*")
_LONGEST_ABBREVIATION = 20

# Titles and the like, which a corpus of conversations may lack.
_TITLES = """
m mm mme mlle mgr dr prof mr mrs ms st ste sr sra srta hr fr jr nr n° p pp pl vol abb fig cf vs
z.b u.a d.h bzw ca usw inkl np tj tzn т.д т.е г ул д стр डॉ e.g i.e etc c.-à-d ex env tel tél av bd inc ltd co
dott sig sig.ra ing κ κα π.χ ee uu uds pág núm вул обл буд ul św sv např m.in tzw bkz
"""  # noqa: RUF001 - letters of other alphabets
_KNOWN = frozenset(_TITLES.split())
_KNOWN_BEFORE_NUMBERS = frozenset(["no", "art", "cap", "sec"])
"""Abbreviations that are words as well."""

_LANGUAGES_WITH_ORDINALS = "bs cs da de et eu fi fo hr hu is ku lb lv nb nn no pl se sk sl sr tr"
_WITH_ORDINALS = frozenset(_LANGUAGES_WITH_ORDINALS.split())
"""Languages that write an ordinal as a number and a full stop."""


def sentence_spans(
    text: str, abbreviations: Collection[str] = (), language: str | None = None
) -> list[tuple[int, int]]:
    """Return the places of the sentences of a text; together they are the text.

    A sentence ends at a mark of any script that is followed by white space, or at a full-width mark. A full stop after
    an abbreviation, initials, or a number of up to three digits ends none, and neither does any mark before a small
    letter, unless the text has no capitals. None ends inside of a link, a tag, code or a placeholder. What holds
    neither a letter nor a number belongs to its neighbour.

    Args:
        text: One line.
        abbreviations: Words that a full stop follows, without it and without capitals; see `learn_abbreviations`.
        language: The language of the text; None, or one that is not known: any that writes ordinals with a full stop.

    Returns:
        (start, end) of each sentence, with the white space behind it; empty for an empty text.
    """
    has_ordinals = language is None or not is_known_language(language) or language_name(language) in _WITH_ORDINALS
    rules = _Rules(abbreviations, _HAS_CAPITAL.search(text) is not None, has_ordinals, "।" in text)
    ends: list[int] = []
    for match in _MARK.finditer(text):
        if match.end() < len(text) and _is_end(text, ends[-1] if ends else 0, match, rules):
            ends.append(match.end())
    if ends:
        inside = {at for start, end, _ in protected_spans(text) for at in range(start + 1, end)}
        ends = [end for end in ends if end not in inside]
    spans: list[tuple[int, int]] = []
    first = 0  # where a beginning of marks alone starts, which belongs to the sentence behind it
    for start, end in pairwise([0, *ends, len(text)]):
        if spans and not _CONTENT.search(text, start, end):
            spans[-1] = (spans[-1][0], end)
        elif end == len(text) or _CONTENT.search(text, start, end):
            spans.append((first, end))
        if spans:
            first = end
    return spans if text else []


class _Rules(NamedTuple):
    """What is known of a text: abbreviations, whether it has capitals, ordinals with a full stop, a danda."""

    abbreviations: Collection[str]
    has_capitals: bool
    has_ordinals: bool
    has_danda: bool


def _is_end(text: str, first: int, match: regex.Match[str], rules: _Rules) -> bool:
    """Return whether the sentence that begins at ``first`` ends at a mark."""
    mark, closing, space = match["mark"], match["close"], match["space"]
    needs_no_space = mark[-1] in _NEEDS_NO_SPACE and _WIDE_DOT.match(text, match.start()) is None
    if not space and not needs_no_space:
        return False
    if needs_no_space:
        return not (closing and _QUOTATION_GOES_ON.match(text, match.end()))
    if rules.has_capitals and _CONTINUES.match(text, match.end()):
        return False
    is_quoted = closing != "".join(match.captures("tag"))  # a tag may also surround an abbreviation
    return mark not in (".", "\uff0e") or is_quoted or not _is_abbreviated(text, first, match, rules)


def without_space_behind(text: str) -> str:
    """Return a text without the white space and the ``<br>`` at its end."""
    behind = _SPACE_BEHIND.search(text)
    return text if behind is None else text[: behind.start()]


def _is_abbreviated(text: str, first: int, stop: regex.Match[str], rules: _Rules) -> bool:
    """Return whether the word before a full stop is one that a full stop often follows."""
    end = stop.start()
    if _THAI.match(text, end - 1) or _THAI.match(text, stop.end()):
        return True
    before = text[max(first, end - _LONGEST_ABBREVIATION) : end]
    word = _LAST_WORD.search(before)
    if word is None:
        return False
    if _NUMBER.fullmatch(word[0]):
        is_of_item = _ONLY_MARKS.fullmatch(text, first, end - len(word[0])) or _BEHIND_COLON.search(
            before, 0, word.start()
        )
        return rules.has_ordinals or is_of_item is not None
    plain = word[0].casefold()
    if plain in _KNOWN_BEFORE_NUMBERS:
        # "No. I think so."
        has_number = _NUMBER_FOLLOWS.match(text, stop.end()) or (
            plain != "no" and _CAPITAL_FOLLOWS.match(text, stop.end())
        )
        return bool(has_number) or plain in rules.abbreviations
    return plain in _KNOWN or plain in rules.abbreviations or _is_initial(word[0], before[: word.start()], rules)


def _is_initial(word: str, before: str, rules: _Rules) -> bool:
    """Return whether a word before a full stop is a letter that stands for a longer one."""
    if _INITIAL.fullmatch(word):
        return _CONTRACTED.search(before) is None
    is_letter = (
        _SMALL_INITIAL.fullmatch(word)
        or (rules.has_danda and _INDIAN_INITIAL.fullmatch(word))
        or (not rules.has_capitals and _LATIN_INITIAL.fullmatch(word))
    )
    return bool(is_letter) and _CONTRACTED_OR_UNIT.search(before) is None


def learn_abbreviations(lines: Iterable[str]) -> list[str]:
    """Return words that are abbreviations in a corpus whose lines are sentences or short paragraphs.

    Such a word has a full stop inside lines at least three times, more than four times as often as at the end of a
    line, and more often than none.

    Args:
        lines: Normalised lines.

    Returns:
        The words without the full stop and without capitals, sorted.
    """
    inside: Counter[str] = Counter()
    at_end: Counter[str] = Counter()
    without: Counter[str] = Counter()
    for line in lines:
        if "." not in line:
            continue
        *words, last = regex.split(r"[\s\p{Ps}\p{Pi}\"'’]+", line)
        for word in words:
            if word.endswith(".") and not word.endswith(".."):
                inside[word[:-1].casefold()] += 1
            else:
                without[word.casefold()] += 1
        at_end[last.rstrip(".").casefold()] += last.endswith(".")
    return sorted(
        word
        for word, count in inside.items()
        if count >= 3 and count > 4 * at_end[word] and count > without[word] and _WORD.fullmatch(word)
    )
