"""Lines in capitals, in title case, in lower case or without accents, read as the training text writes such lines.

Capitals have no pieces of their own in a small vocabulary: a line in capitals is spelled letter by letter. So a line is
read in the case that training text has, and its translation is set in capitals again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import regex

from transformer_cli.text.spelling.accents import Accents
from transformer_cli.text.spelling.letter_case import lower, upper, with_capital
from transformer_cli.text.spelling.word_forms import WORD, WordForms, replace_words

Spans = Sequence[tuple[int, int]]
Restore = Callable[[str], str]

_CASED = regex.compile(r"\p{Lu}|\p{Ll}|\p{Lt}")
_SMALL = regex.compile(r"\p{Ll}")
_LARGE = regex.compile(r"\p{Lu}|\p{Lt}")
_WITHOUT_CASE = regex.compile(r"[\p{Lo}--\p{Latin}]", regex.V1)  # the Latin ones stand among capitals: "N.º 5"
_ACCENTED = regex.compile(r"[\p{L}--[\p{ASCII}ıøłđßæœ]]|\p{M}", regex.V1)

# The word after "l'" begins with a capital in some titles and not in others.
_ELIDED = regex.compile(r"(\p{L}['’])\p{Ll}+")
_TWO_CAPITALS = regex.compile(r"\p{Lu}\p{Lu}")
_LONG_WORD = re.compile(r"(?<![\w'’])[^\W\d_]{4}")

MOSTLY = 0.9
"""Share of the training text from which on a line of another kind is no ordinary one."""


def begins_with_capital(text: str) -> bool | None:
    """Return whether the first letter of a text is a capital, or None if it is in neither case."""
    first = WORD.search(text)
    letter = _CASED.match(first[0]) if first else None
    return None if letter is None else _SMALL.match(letter[0]) is None


def is_in_capitals(text: str) -> bool:
    """Return whether a text has no small letter, and two words of two letters or one of six in capitals.

    Nor has it a letter of a script without case, where a word in capitals is a name.
    """
    if _SMALL.search(text) or not _LARGE.search(text) or _WITHOUT_CASE.search(text):
        return False
    lengths = [len(word) for word in WORD.findall(text) if _LARGE.match(word)]
    return max(lengths, default=0) >= 6 or sum(length >= 2 for length in lengths) >= 2


def is_in_title_case(text: str) -> bool:
    """Return whether a text has three words or more, and all those of four letters or more begin with a capital."""
    if any(word[0][0].islower() for word in _LONG_WORD.finditer(text)):
        return False  # nearly all texts end here, and soon
    words = WORD.findall(_ELIDED.sub(r"\1 ", text))
    long = [word for word in words if len(word) >= 4]
    ordinary = [word for word in long if not _LARGE.search(word, 1)]  # not LibreOffice, not HTML
    return len(words) >= 2 and bool(ordinary) and all(_LARGE.match(word) for word in long)


class CaseReader:
    """Reads lines in the case, and with the accents, of the training text.

    Args:
        forms: How the source side of the training text writes words.
        languages: The source and the target language.
        begins: Share of the training sources with a capital at the beginning, among those with one or a small letter.
        in_capitals: Share of the training sources in capitals; from one in a hundred on, a model has learned them.
        accents: Which accents its words have.
        common_words: Words that the training sources have in small letters in nearly every sentence.
        count: Returns the number of tokens of a word; a word that training text has is in few.
        protected: Finds the spans of a text that are not words: links, placeholders.
    """

    def __init__(
        self,
        forms: WordForms,
        languages: tuple[str, str],
        *,
        begins: float,
        in_capitals: float,
        accents: Accents | None = None,
        common_words: frozenset[str] = frozenset(),
        count: Callable[[str], int],
        protected: Callable[[str], Spans] = lambda text: (),
    ) -> None:
        self._forms = forms
        self._accents = accents or Accents(language=languages[0])
        self._source, self._target = languages
        self._begins = begins
        self._common_words = common_words
        self._has_learned_capitals = in_capitals >= 0.01
        self._count = count
        self._protected = protected

    def read(self, text: str) -> tuple[str, Restore]:
        """Return a line as training text would write it, and a function that sets its translation in capitals again."""
        if not text or not _CASED.search(text):
            return text, as_it_is
        spans = self._protected(text)
        words = _outside(text, spans)
        in_capitals = is_in_capitals(words)
        if in_capitals and (self._has_learned_capitals or all(self._is_name(word) for word in WORD.findall(words))):
            return text, as_it_is
        if words.isascii() or not _ACCENTED.search(words):
            text, spans, words = self._with_accents(text, spans, words)
        if in_capitals:
            return self._in_sentence_case(text, spans), self._in_capitals
        if not _LARGE.search(words):
            if self._begins >= MOSTLY:
                text = self._in_sentence_case(text, spans)
        elif is_in_title_case(words) and self._is_title(words):
            text = self._in_sentence_case(text, spans)
        elif _TWO_CAPITALS.search(words):
            text = replace_words(text, self._quietly, spans)
            if begins_with_capital(words) and self._begins >= 0.5:
                text = with_capital(text, self._source)
        return text, as_it_is

    def _with_accents(self, text: str, spans: Spans, words: str) -> tuple[str, Spans, str]:
        """Return a text without accents with those that it lacks, and its new spans and words."""
        before = WORD.findall(words)
        after = self._accents.of_words(before)
        if after is before:
            return text, spans, words
        rest = iter(after)
        text = replace_words(text, lambda _: next(rest), spans)
        spans = self._protected(text)
        return text, spans, _outside(text, spans)

    def _is_name(self, word: str) -> bool:
        return self._forms.of(lower(word, self._source)) == word

    def _is_title(self, words: str) -> bool:
        """Return whether words after the first have a capital that they have in no sentence.

        Either one of the commonest words has it, or two others, or all but names.
        """
        large = [word for word in WORD.findall(words)[1:] if _LARGE.match(word)]
        others = [word for word in large if not self._forms.has_capital(lower(word, self._source))]
        if any(lower(word, self._source) in self._common_words for word in others):
            return True
        saved = [self._count(word) - self._count(lower(word, self._source)) for word in others]
        return sum(tokens > 0 for tokens in saved) >= 2 or (any(saved) and min(saved) >= 0)

    def _in_sentence_case(self, text: str, spans: Spans) -> str:
        text = replace_words(text, lambda word: self._forms.of(self._small(word)), spans)
        starts_protected = bool(spans) and not WORD.search(text[: spans[0][0]])
        return text if self._begins < 0.5 or starts_protected else with_capital(text, self._source)

    def _quietly(self, word: str) -> str:
        """Return a word that stands in capitals among others as those others are written, if the model knows it so."""
        if len(word) < 2 or not word.isupper():
            return word
        form = self._forms.of(self._small(word))
        tokens = self._count(form)
        return form if tokens < self._count(word) and (tokens == 1 or len(word) >= 4) else word

    def _small(self, word: str) -> str:
        """Return a word in lower case; one in capitals gets its accents, which many leave out there."""
        small = lower(word, self._source)
        return self._accents.of_word(small) if len(word) > 1 and word.isupper() else small

    def _in_capitals(self, translation: str) -> str:
        parts, at = [], 0
        for start, end in (*self._protected(translation), (len(translation), len(translation))):
            parts += [upper(translation[at:start], self._target), translation[start:end]]
            at = end
        return "".join(parts)


def as_it_is(text: str) -> str:
    """Return the text."""
    return text


def _outside(text: str, spans: Spans) -> str:
    """Return the text with spaces in the place of the spans."""
    if not spans:
        return text
    parts, at = [], 0
    for start, end in spans:
        parts += [text[at:start], " " * (end - start)]
        at = end
    return "".join([*parts, text[at:]])
