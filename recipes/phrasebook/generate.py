"""The sentences chosen from the whole grammar, in three parts that share no proposition."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from recipes.phrasebook.actions import ACTIONS
from recipes.phrasebook.conversation import conversations
from recipes.phrasebook.fixed import fixed_expressions, greetings_and_requests
from recipes.phrasebook.grammar import Sentence
from recipes.phrasebook.people import BEING_AND_HAVING
from recipes.phrasebook.places import sentences_about_places
from recipes.phrasebook.sampling import Draw, checksum_draw
from recipes.phrasebook.sentences import combine, who_questions
from recipes.phrasebook.subjects import PEOPLE
from recipes.phrasebook.things import sentences_about_things
from recipes.phrasebook.times import sentences_about_times

_SCALE = 0.8
_TEST_SHARE = 20
_VALID_SHARE = 36
_ALWAYS_TEST = frozenset({"I / be a student"})


@dataclass(frozen=True, slots=True)
class PhrasebookPair:
    """A French sentence and its English translation."""

    source: str
    target: str


@dataclass(frozen=True, slots=True)
class Phrasebook:
    """The three parts of the phrasebook; no proposition is in two of them."""

    train: tuple[PhrasebookPair, ...]
    valid: tuple[PhrasebookPair, ...]
    test: tuple[PhrasebookPair, ...]


def sentences(draw: Draw = checksum_draw, *, scale: float = _SCALE) -> Iterator[Sentence]:
    """What the grammar says, thinned out by ``draw``; a sentence may come up more than once."""
    yield from fixed_expressions()
    yield from greetings_and_requests()
    yield from combine("people", PEOPLE, BEING_AND_HAVING, draw, scale=scale)
    yield from combine("people", PEOPLE, ACTIONS, draw, scale=scale)
    yield from who_questions((*BEING_AND_HAVING, *ACTIONS), draw)
    yield from sentences_about_things(draw)
    yield from sentences_about_times(draw)
    yield from sentences_about_places(draw)
    yield from conversations(draw)


def part_of(proposition: str) -> str:
    """The part ("train", "valid" or "test") of a proposition and all of its sentences."""
    number = checksum_draw(f"part of {proposition}")
    if proposition in _ALWAYS_TEST or number < _TEST_SHARE:
        return "test"
    return "valid" if number < _VALID_SHARE else "train"


def split(said: Iterable[Sentence]) -> dict[str, tuple[Sentence, ...]]:
    """The sentences of every part, each French sentence once.

    A sentence that states nothing is for training. One that states propositions of two parts
    ("... because ...") is left out.
    """
    parts: dict[str, dict[str, Sentence]] = {"train": {}, "valid": {}, "test": {}}
    for sentence in said:
        names = {part_of(proposition) for proposition in sentence.propositions} or {"train"}
        if len(names) == 1:
            parts[names.pop()].setdefault(sentence.source, sentence)
    return {name: tuple(found.values()) for name, found in parts.items()}


def build_phrasebook() -> Phrasebook:
    """Generate the phrasebook: the same pairs in the same order on every machine."""
    parts = {
        name: tuple(PhrasebookPair(sentence.source, sentence.target) for sentence in found)
        for name, found in split(sentences()).items()
    }
    return Phrasebook(train=parts["train"], valid=parts["valid"], test=parts["test"])
