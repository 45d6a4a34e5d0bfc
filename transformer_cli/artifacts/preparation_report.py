"""``prepare.json``: the origin of the prepared data, the counts of pairs read, kept and dropped, held-out pairs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from pydantic import Field

from transformer_cli.artifacts import fingerprints
from transformer_cli.artifacts.fingerprints import FileFingerprint
from transformer_cli.data.cleaning.held_out import HeldOut
from transformer_cli.data.cleaning.rules import CleaningReport
from transformer_cli.files.record import Record

LENGTH_EDGES = (10, 20, 40, 80, 160, 320, 640)
"""The upper limits of the length classes, in characters; one more class holds all longer texts."""

MAX_EXAMPLES = 3
_MAX_EXAMPLE_CHARACTERS = 200
_MAX_LETTERS = 30


@dataclass(frozen=True, slots=True)
class Example:
    """A dropped pair; long sentences are shortened.

    Args:
        place: Its place in the corpus: file and line, or file and unit.
        source: The source sentence.
        target: The target sentence.
    """

    place: str
    source: str
    target: str


@dataclass(frozen=True, slots=True)
class NearTwinCount:
    """The number of sentences of a set that are nearly the same as a training source.

    Args:
        compared: The number of sources of the set that were compared: of a large set a sample, and no short ones.
        with_near_twin: The number of those that differ from a training source in at most one word.
    """

    compared: int
    with_near_twin: int


@dataclass(slots=True)
class PreparationReport:
    """The numbers of pairs that were read, kept and dropped, with examples and statistics.

    Args:
        corpora: The report of each corpus of ``data.train``, by its name in the recipe.
        valid: The number of pairs in the validation set.
        test: The number of pairs in the test set.
        is_new: False if the prepared data existed already and nothing was done.
        examples: For each rule, some of the pairs that it dropped.
        lengths: The number of training pairs with a source, and with a target, in each length class.
        foreign_letters: The most frequent letters of clean sources, and targets, outside their language's script.
        leakage: For each validation and test set, the number of training pairs whose source, or target, is in it.
        mended: For each corpus, the number of clean pairs whose text each rule changed; other corpora are left out.
        near_twins: For each validation and test set, the number of its sources with a near twin in training.
        unrelated_below: The similarity of meaning below which a pair was dropped as unrelated, or None.
        texts: The report of each text of one language, by its name in the recipe.
        to_translate: For each section that makes pairs from text, the number of texts, and how many of them have been
            translated.
        to_try: For each section some of the texts that have not been translated, by which the time is estimated.
    """

    corpora: dict[str, CleaningReport] = field(default_factory=dict)
    valid: int = 0
    test: int = 0
    is_new: bool = True
    examples: dict[str, list[Example]] = field(default_factory=dict)
    lengths: dict[str, list[int]] = field(default_factory=dict)
    foreign_letters: dict[str, dict[str, int]] = field(default_factory=dict)
    leakage: dict[str, dict[str, int]] = field(default_factory=dict)
    mended: dict[str, dict[str, int]] = field(default_factory=dict)
    near_twins: dict[str, NearTwinCount] = field(default_factory=dict)
    unrelated_below: float | None = None
    texts: dict[str, CleaningReport] = field(default_factory=dict)
    to_translate: dict[str, tuple[int, int]] = field(default_factory=dict)
    to_try: dict[str, list[str]] = field(default_factory=dict)

    @property
    def total(self) -> CleaningReport:
        """The sum over ``corpora``."""
        return sum(self.corpora.values(), CleaningReport())

    def add_example(self, rule: str, place: str, source: str, target: str) -> None:
        """Keep a dropped pair as an example, unless the rule has enough examples."""
        examples = self.examples.setdefault(rule, [])
        if len(examples) < MAX_EXAMPLES:
            examples.append(Example(place, _shortened(source), _shortened(target)))

    def add_foreign_letters(self, side: str, letters: Mapping[str, int]) -> None:
        """Count letters of other scripts in the clean sources or targets of a corpus."""
        counted = Counter(self.foreign_letters.get(side, {}))
        counted.update(letters)
        self.foreign_letters[side] = dict(counted.most_common(_MAX_LETTERS))


class MadePairs(Record):
    """The pairs that models made from text for one section of the recipe.

    Args:
        fingerprint: The fingerprint of their models and settings.
        translators: The models.
        read: The number of texts.
        translated: The number of texts that were translated for it; the others had been before.
        kept: The number of pairs.
        dropped: The number of dropped pairs for each rule.
    """

    fingerprint: str
    translators: list[str]
    read: int
    translated: int
    kept: int
    dropped: dict[str, int]

    def counts(self) -> CleaningReport:
        """Return the numbers of texts that became pairs, and of those that did not."""
        return CleaningReport(self.read, self.kept, self.dropped)


class KnownHeldOut(Record):
    """The held-out pairs in ``prepare.json``; they stay valid even if the rest of the file is damaged.

    Args:
        held_out: The held-out pairs of each set whose size the recipe gives as a number.
    """

    held_out: dict[str, HeldOut] = Field(default_factory=dict)


class PreparationRecord(KnownHeldOut):
    """The whole of ``prepare.json``; it is written last, so if it exists, the prepared data is whole.

    Args:
        fingerprint: Fingerprint of all inputs of the prepared data.
        files: The files among these inputs.
        corpora: The reports of `PreparationReport`; the other fields are the same as there too.
        total: The sum over ``corpora``.
        lengths: The lengths of `PreparationReport`; ``up_to`` holds the upper limit of each class.
        more_text: The pairs that models made from text, by the section of the recipe; written after the rest.
    """

    fingerprint: str
    files: list[FileFingerprint]
    corpora: dict[str, CleaningReport]
    total: CleaningReport
    valid: int
    test: int
    examples: dict[str, list[Example]]
    lengths: dict[str, list[Any]]
    foreign_letters: dict[str, dict[str, int]]
    leakage: dict[str, dict[str, int]]
    mended: dict[str, dict[str, int]] = Field(default_factory=dict)
    near_twins: dict[str, NearTwinCount] = Field(default_factory=dict)
    unrelated_below: float | None = None
    texts: dict[str, CleaningReport] = Field(default_factory=dict)
    more_text: dict[str, MadePairs] = Field(default_factory=dict)

    @classmethod
    def of(
        cls,
        report: PreparationReport,
        *,
        fingerprint: str,
        files: list[FileFingerprint],
        held_out: Mapping[str, HeldOut],
    ) -> Self:
        """Return the record of a preparation."""
        return cls(
            fingerprint=fingerprint,
            files=files,
            corpora=report.corpora,
            total=report.total,
            valid=report.valid,
            test=report.test,
            examples=report.examples,
            lengths={"up_to": [*LENGTH_EDGES, None], **report.lengths},
            foreign_letters=report.foreign_letters,
            leakage=report.leakage,
            mended=report.mended,
            near_twins=report.near_twins,
            unrelated_below=report.unrelated_below,
            texts=report.texts,
            held_out=dict(held_out),
        )

    def training_data(self) -> str:
        """Return the fingerprint of all pairs to train on."""
        made = {name: pairs.fingerprint for name, pairs in self.more_text.items()}
        return fingerprints.of_training_data(self.fingerprint, made)

    def report(self) -> PreparationReport:
        """Return the report that the record was made from, with ``is_new`` False."""
        return PreparationReport(
            corpora=self.corpora,
            valid=self.valid,
            test=self.test,
            is_new=False,
            examples=self.examples,
            lengths={side: counts for side, counts in self.lengths.items() if side != "up_to"},
            foreign_letters=self.foreign_letters,
            leakage=self.leakage,
            mended=self.mended,
            near_twins=self.near_twins,
            unrelated_below=self.unrelated_below,
            texts=self.texts,
        )


def read_preparation(path: Path) -> tuple[PreparationRecord | None, dict[str, HeldOut]]:
    """Read ``prepare.json``.

    Returns:
        The record, or None if the file is missing or damaged; and the held-out pairs that could be read.
    """
    try:
        content = path.read_bytes()
        known = KnownHeldOut.parse(content).held_out
    except (OSError, ValueError):
        return None, {}
    try:
        return PreparationRecord.parse(content), known
    except ValueError:
        return None, known


def _shortened(text: str) -> str:
    return text if len(text) <= _MAX_EXAMPLE_CHARACTERS else text[: _MAX_EXAMPLE_CHARACTERS - 1] + "…"
