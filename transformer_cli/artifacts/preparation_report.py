"""What ``tfm prepare`` found: counts, examples, lengths, letters; as an object and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from transformer_cli.data.cleaning.rules import CleaningReport

LENGTH_EDGES = (10, 20, 40, 80, 160, 320, 640)
"""A length in characters up to the first counts in the first class, and one above the last in one more class."""

MAX_EXAMPLES = 3
_MAX_EXAMPLE_CHARACTERS = 200
_MAX_LETTERS = 30


@dataclass(frozen=True, slots=True)
class Example:
    """A pair that was dropped; long sentences are cut.

    Args:
        place: Where it stands.
        source: Its source.
        target: Its target.
    """

    place: str
    source: str
    target: str


@dataclass(slots=True)
class PreparationReport:
    """What was read, kept and dropped.

    Args:
        corpora: The report of each corpus of ``data.train``, by its name in the recipe.
        valid: Pairs of the validation set.
        test: Pairs of the test set.
        is_new: False if the prepared data was there already and nothing was done.
        examples: For each rule some of the pairs that it dropped.
        lengths: How many training pairs have a source, and a target, in which class of lengths.
        foreign_letters: The most frequent letters of fit sources, and targets, that are not of their language's script.
        leakage: For each validation and test set how many training pairs had their source, or target, in it.
    """

    corpora: dict[str, CleaningReport] = field(default_factory=dict)
    valid: int = 0
    test: int = 0
    is_new: bool = True
    examples: dict[str, list[Example]] = field(default_factory=dict)
    lengths: dict[str, list[int]] = field(default_factory=dict)
    foreign_letters: dict[str, dict[str, int]] = field(default_factory=dict)
    leakage: dict[str, dict[str, int]] = field(default_factory=dict)

    @property
    def total(self) -> CleaningReport:
        """The sum over ``corpora``."""
        return sum(self.corpora.values(), CleaningReport())

    def add_example(self, rule: str, place: str, source: str, target: str) -> None:
        """Keep a dropped pair as an example, if there are not enough yet."""
        examples = self.examples.setdefault(rule, [])
        if len(examples) < MAX_EXAMPLES:
            examples.append(Example(place, _shortened(source), _shortened(target)))

    def add_foreign_letters(self, side: str, letters: Mapping[str, int]) -> None:
        """Count letters of another script in the fit sources or targets of a corpus."""
        counted = Counter(self.foreign_letters.get(side, {}))
        counted.update(letters)
        self.foreign_letters[side] = dict(counted.most_common(_MAX_LETTERS))

    def to_json(self) -> dict[str, Any]:
        """Return what ``prepare.json`` says of it."""
        document = asdict(self)
        del document["is_new"]
        document["lengths"] = {"up_to": [*LENGTH_EDGES, None], **self.lengths}
        return {"corpora": document.pop("corpora"), "total": asdict(self.total), **document}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> PreparationReport:
        """Return what `to_json` was called on, but not new.

        Raises:
            KeyError, TypeError: The document says something else.
        """
        return cls(
            {name: CleaningReport(**corpus) for name, corpus in document["corpora"].items()},
            document["valid"],
            document["test"],
            is_new=False,
            examples={rule: [Example(**each) for each in examples] for rule, examples in document["examples"].items()},
            lengths={side: counts for side, counts in document["lengths"].items() if side != "up_to"},
            foreign_letters=document["foreign_letters"],
            leakage=document["leakage"],
        )


def _shortened(text: str) -> str:
    return text if len(text) <= _MAX_EXAMPLE_CHARACTERS else text[: _MAX_EXAMPLE_CHARACTERS - 1] + "…"
