"""Whether the sides of a corpus are in the languages that the recipe says, judged from a sample of its pairs.

Scripts decide where those of the two languages differ, else the commonest words, else a language identifier where one
is installed. A corpus is the wrong way round only if hardly any of its pairs is the right way round.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import regex

from transformer_cli.config import LanguagesConfig
from transformer_cli.data.cleaning.language_identification import find_language, identified_leaning
from transformer_cli.text.common_words import prevailing_words, telling_words, words_of
from transformer_cli.text.languages import language_name
from transformer_cli.text.writing_systems import Alphabet

Leaning = Callable[[str], int]
"""Positive for a text that looks like the source language, negative for one like the target language, else 0."""

Pair = tuple[str, str]

_FEWEST = 5
_FEWEST_LETTERS = 500
_PLAINLY = 10
_PARTLY = 0.02
_LINES_AT_ONCE = 10  # an identifier needs some sentences to be sure
_ONLY_HAN = regex.compile(r"[\p{Han}\p{P}\p{N}\s]*\p{Han}{4}[\p{Han}\p{P}\p{N}\s]*")
_LETTER = regex.compile(r"\p{L}")


@dataclass(frozen=True, slots=True)
class SideCounts:
    """The number of pairs of a sample by the language that each side looks like.

    Args:
        straight: Each side looks like its language.
        crossed: Each side looks like the language of the other.
        like_source: Both sides look like the source language.
        like_target: Both sides look like the target language.
        half_straight: One side looks like its language; of the other nothing is known.
        half_crossed: One side looks like the language of the other; of that one nothing is known.
    """

    straight: int
    crossed: int
    like_source: int
    like_target: int
    half_straight: int
    half_crossed: int

    @property
    def is_decided(self) -> bool:
        """Whether enough pairs look like anything at all."""
        return self.straight + self.crossed + max(self.like_source, self.like_target) >= _FEWEST

    @property
    def is_plainly_straight(self) -> bool:
        """Whether the sides are the right way round without a doubt."""
        return self._is_plain(self.straight, self.half_straight, self.crossed, self.half_crossed)

    @property
    def is_plainly_crossed(self) -> bool:
        """Whether the sides are the wrong way round without a doubt."""
        return self._is_plain(self.crossed, self.half_crossed, self.straight, self.half_straight)

    @property
    def may_be_crossed(self) -> bool:
        """Whether the sides of some pairs, or of all, seem to be the wrong way round."""
        is_partly = self.crossed >= max(_FEWEST, _PARTLY * (self.straight + self.crossed))
        is_by_halves = self.half_crossed >= 2 * _FEWEST and self.half_crossed > _PLAINLY * (
            self.half_straight + 2 * self.straight
        )
        return is_partly or is_by_halves

    @property
    def alike(self) -> int:
        """The number of pairs with both sides in one language if most pairs are such, else 0."""
        most = max(self.like_source, self.like_target)
        others = self.straight + self.crossed
        return most if most >= _FEWEST and most > max(4 * others, self.half_straight + self.half_crossed) else 0

    def _is_plain(self, whole: int, half: int, other_whole: int, other_half: int) -> bool:
        return (
            whole >= _FEWEST
            and 2 * whole + half >= _PLAINLY * (2 * other_whole + other_half)
            and whole >= self.like_source + self.like_target
        )


def count_sides(pairs: Sequence[Pair], languages: LanguagesConfig) -> SideCounts:
    """Count the pairs of a sample by the languages of their sides.

    Without evidence in scripts and words, an identifier looks at ten pairs at a time, which then count as one.
    """
    counts = _count(pairs, _leaning(languages))
    if counts.is_decided or counts.half_straight + counts.half_crossed >= _FEWEST:
        return counts
    if any(len(_LETTER.findall(" ".join(texts))) < _FEWEST_LETTERS for texts in zip(*pairs, strict=True)) or not pairs:
        return counts
    identified = identified_leaning(languages.source, languages.target)
    if identified is None:
        return counts
    pieces = [pairs[first : first + _LINES_AT_ONCE] for first in range(0, len(pairs), _LINES_AT_ONCE)]
    return _count([(" ".join(s for s, _ in piece), " ".join(t for _, t in piece)) for piece in pieces], identified)


def find_crossed(pairs: Iterable[Pair], languages: LanguagesConfig) -> int | None:
    """Return the index of the first pair whose sides look like the language of the other, or None."""
    lean = _leaning(languages)
    return next((index for index, (source, target) in enumerate(pairs) if lean(source) < 0 < lean(target)), None)


def other_language(texts: Sequence[str], language: str, *, identify: bool = True) -> str | None:
    """Return the language that the texts of one side look like, if it is plainly another one than ``language``.

    Args:
        texts: A sample of the side.
        language: The language that it should be in.
        identify: Whether to ask the identifier, which takes a second to load, if common words do not tell.
    """
    text = "\n".join(texts)
    if Alphabet(language).share(text) < 1 - Alphabet(language).share(text):
        return None  # the rule wrong_script has a count of these
    found = prevailing_words(text, language)
    return find_language(texts, language) if found is None and identify else found


def share_of_equal(pairs: Sequence[Pair]) -> float:
    """Return the share of the pairs with letters whose sides are the same text, ignoring case."""
    worded = [pair for pair in pairs if _LETTER.search(pair[0])]
    return sum(source.casefold() == target.casefold() for source, target in worded) / max(1, len(worded))


def _count(pairs: Iterable[Pair], lean: Leaning) -> SideCounts:
    counts: Counter[tuple[int, int]] = Counter()
    for source, target in pairs:
        counts[_sign(lean(source)), _sign(lean(target))] += 1
    return SideCounts(
        straight=counts[1, -1],
        crossed=counts[-1, 1],
        like_source=counts[1, 1],
        like_target=counts[-1, -1],
        half_straight=counts[1, 0] + counts[0, -1],
        half_crossed=counts[-1, 0] + counts[0, 1],
    )


def _sign(number: int) -> int:
    return (number > 0) - (number < 0)


def _leaning(languages: LanguagesConfig) -> Leaning:
    alphabet, other_alphabet = Alphabet(languages.source), Alphabet(languages.target)
    words, other_words = telling_words(languages.source, languages.target)
    only_han = _leaning_of_han(languages)

    def lean(text: str) -> int:
        foreign, other_foreign = len(alphabet.foreign_letters(text)), len(other_alphabet.foreign_letters(text))
        if foreign != other_foreign and 2 * max(foreign, other_foreign) > len(_LETTER.findall(text)):
            return other_foreign - foreign
        if only_han and _ONLY_HAN.fullmatch(text):
            return only_han
        found = words_of(text)
        return sum(word in words for word in found) - sum(word in other_words for word in found)

    return lean


def _leaning_of_han(languages: LanguagesConfig) -> int:
    """Return the leaning of a text in Chinese characters alone, which Japanese and Korean sentences seldom are."""
    chinese, others = {"zh", "yue", "wuu", "lzh"}, {"ja", "ko"}
    source, target = language_name(languages.source), language_name(languages.target)
    return (source in chinese and target in others) - (target in chinese and source in others)
