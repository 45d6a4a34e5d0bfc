"""Accents that a line lacks: which ones its words have in the training text, between the words around them.

Many words are two without their accents: "a" and "à", "mange" and "mangé". A decision list chooses (Yarowsky 1994,
"Decision Lists for Lexical Ambiguity Resolution: Application to Accent Restoration in Spanish and French"): of what the
training text says about the word alone, behind the word before it and before the word behind it, the surest decides.

A rule is a form in small letters, alone or with a neighbour that has no accents: "étudiant", "il>a" for "a" behind
"il", "à<paris" for "à" before "Paris". ">où" is at the beginning of a text, "là<" at its end.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from transformer_cli.text.spelling.letter_case import lower, upper, with_capital, without_accents
from transformer_cli.text.spelling.word_forms import MOST_WORDS, WORD

MOST_NEIGHBOURS = 2000
"""The largest number of rules with a neighbour that are kept, the most frequent ones; as text some 30 KB."""

_SURE = 0.9
_CLEAR = 0.99
"""Share of a word's commonest form from which on no neighbour matters."""


def learn_accents(texts: Iterable[str], language: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the rules of training text, surest first: those that show that a line lacks its accents, and others.

    Args:
        texts: Training text of one side.
        language: Its language.
    """
    lines = [[lower(word, language) for word in WORD.findall(text)] for text in texts]
    frequencies = Counter(word for line in lines for word in line)
    bare = {word: _bare(word, language) for word in frequencies}
    forms: dict[str, Counter[str]] = defaultdict(Counter)
    for word, count in frequencies.items():
        forms[bare[word]][word] = count
    alone = {word: counts for word, counts in forms.items() if counts.keys() != {word}}
    unclear = {word for word, counts in alone.items() if _share(counts) < _CLEAR and len(counts) > 1}
    beside: dict[str, Counter[str]] = defaultdict(Counter)
    for line in lines:
        if not unclear.isdisjoint(words := [bare[word] for word in line]):
            for place, form in enumerate(line):
                if words[place] in unclear:
                    for key in _neighbours(words, place):
                        beside[key][form] += 1
    surer = {
        key: counts
        for key, counts in beside.items()
        if counts.total() > 1 and _share(counts) > _share(alone[_word(key)])
    }
    accented = {word: counts for word, counts in alone.items() if _commonest(counts) != word}
    shares = dict([*_most_frequent(accented, MOST_WORDS), *_most_frequent(surer, MOST_NEIGHBOURS)])
    rules = sorted(shares, key=lambda rule: (-shares[rule], rule))
    sure = sum(share >= _SURE for share in shares.values())
    return tuple(rules[:sure]), tuple(rules[sure:])


class Accents:
    """Gives words the accents that they lack.

    Args:
        sure: Rules of `learn_accents` that show that a line lacks its accents.
        likely: The others.
        language: Their language.
    """

    def __init__(self, sure: Sequence[str] = (), likely: Sequence[str] = (), *, language: str) -> None:
        self._language = language
        self._sure = len(sure)
        self._forms = [_word(rule) for rule in (*sure, *likely)]
        self._ranks: dict[str, int] = {}
        for rank, rule in enumerate((*sure, *likely)):
            self._ranks.setdefault(_bare(rule, language), rank)
        self._words = frozenset(map(_word, self._ranks))

    def of_word(self, word: str) -> str:
        """Return the form that a word surely has, given in lower case without accents, whatever stands beside it."""
        rank = self._ranks.get(word, self._sure)
        return self._forms[rank] if rank < self._sure else word

    def of_words(self, words: Sequence[str]) -> Sequence[str]:
        """Return the words of a line with their accents, if one surely lacks them.

        Args:
            words: Words without accents; in any case, which stays.
        """
        small = lower(" ".join(words), self._language).split(" ")
        rules = [(place, *self._rule(small, place)) for place, word in enumerate(small) if word in self._words]
        lacking = {place: (rank, form) for place, rank, form in rules if form != small[place]}
        if not any(rank < self._sure for rank, _ in lacking.values()):
            return words
        return [
            self._in_case_of(word, lacking[place][1]) if place in lacking else word for place, word in enumerate(words)
        ]

    def _rule(self, words: Sequence[str], place: int) -> tuple[int, str]:
        """Return the rank and the form of the surest rule for a word, or its own form behind all ranks."""
        never = len(self._forms)
        ranks = (self._ranks.get(key, never) for key in (words[place], *_neighbours(words, place)))
        rank = min(ranks)
        return rank, self._forms[rank] if rank < never else words[place]

    def _in_case_of(self, word: str, form: str) -> str:
        if len(word) > 1 and word.isupper():
            return upper(form, self._language)
        return with_capital(form, self._language) if word[0].isupper() else form


def _neighbours(words: Sequence[str], place: int) -> tuple[str, str]:
    """Return a word behind the one before it, and before the one behind it."""
    before = words[place - 1] if place else ""
    behind = words[place + 1] if place + 1 < len(words) else ""
    return f"{before}>{words[place]}", f"{words[place]}<{behind}"


def _word(rule: str) -> str:
    """Return the word of a rule, without its neighbour."""
    return rule.rpartition(">")[2].partition("<")[0]


def _most_frequent(counts: Mapping[str, Counter[str]], most: int) -> Iterator[tuple[str, float]]:
    """Yield the rules of the most frequent keys, each with its share."""
    for key in sorted(counts, key=lambda key: (-counts[key].total(), key))[:most]:
        before, arrow, _ = key.rpartition(">")
        _, other_arrow, behind = key.partition("<")
        yield f"{before}{arrow}{_commonest(counts[key])}{other_arrow}{behind}", _share(counts[key])


def _commonest(forms: Counter[str]) -> str:
    return max(forms, key=lambda form: (forms[form], form))


def _share(forms: Counter[str]) -> float:
    """Return the share of the commonest form, less for few: nine in ten of five occurrences, if all have it."""
    return max(forms.values()) / (forms.total() + 0.5)


def _bare(text: str, language: str) -> str:
    """Return text as someone writes it who has neither capitals nor accents; ß is ss, as it is in capitals."""
    return without_accents(lower(upper(text, language), language))
