"""The prepared data of a run, compared with the corpora and settings it is to be made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from transformer_cli.artifacts.preparation_report import PreparationReport, read_preparation
from transformer_cli.data.cleaning.held_out import HeldOut
from transformer_cli.data.splits.files import SplitFiles
from transformer_cli.workflows.locate.recipe import LocatedRecipe
from transformer_cli.workflows.prepare.inputs import Inputs, describe_inputs


@dataclass(frozen=True, slots=True)
class DataStatus:
    """The answer to "is the prepared data up to date?", with all that was read to find it.

    A command asks once and hands the answer down: corpora may be large, and each look at a changed one reads it whole.

    Args:
        inputs: The corpora and settings as they are now.
        report: The report of the prepared data if it is whole and made from these inputs, else None.
        held_out: The pairs that were held out before, by set, whatever has become of the data since.
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
    """Say whether all data is there and made from ``inputs``."""
    splits = ["train", "valid", "test", *located.recipe.data.named_tests()]
    files = [SplitFiles(located.run.data, split, located.recipe.languages) for split in splits]
    return all(split.is_whole(fingerprint=inputs.fingerprint) for split in files)
