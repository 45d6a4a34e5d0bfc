"""Compares the prepared data of a run with its corpora and settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from transformer_cli.artifacts.preparation_report import PreparationReport, read_preparation
from transformer_cli.data.cleaning.held_out import HeldOut
from transformer_cli.data.corpora import named_texts
from transformer_cli.data.splits.files import TEXTS, SplitFiles
from transformer_cli.workflows.locate.recipe import LocatedRecipe
from transformer_cli.workflows.prepare.inputs import Inputs, describe_inputs


@dataclass(frozen=True, slots=True)
class DataStatus:
    """The state of the prepared data, with the inputs that were read to find whether it is up to date.

    A command determines it once and passes it on: corpora may be large, and each check of a changed one reads it whole.

    Args:
        inputs: The present corpora and settings.
        report: The report of the prepared data, or None if the data is not whole or was made from other inputs.
        held_out: The pairs that were held out before, by set, even if the data has changed since.
    """

    inputs: Inputs
    report: PreparationReport | None
    held_out: Mapping[str, HeldOut]

    @property
    def is_current(self) -> bool:
        """Whether there is nothing to prepare."""
        return self.report is not None


def check_data(located: LocatedRecipe) -> DataStatus:
    """Compare the prepared data with its inputs; changes nothing.

    Raises:
        DataError: A file that the recipe names is missing.
    """
    record, held_out = read_preparation(located.run.prepare_report)
    inputs = describe_inputs(located, known=record.files if record else ())
    is_current = record is not None and inputs.fingerprint == record.fingerprint and _is_whole(located, inputs)
    report = record.report() if record and is_current else None
    return DataStatus(inputs, report, held_out)


def _is_whole(located: LocatedRecipe, inputs: Inputs) -> bool:
    """Return whether all prepared data exists and was made from ``inputs``."""
    splits = ["train", "valid", "test", *located.recipe.data.named_tests()]
    splits += {TEXTS[text.side] for text in named_texts(located.recipe)}
    files = [SplitFiles(located.run.data, split, located.recipe.languages) for split in splits]
    return all(split.is_whole(fingerprint=inputs.fingerprint) for split in files)
