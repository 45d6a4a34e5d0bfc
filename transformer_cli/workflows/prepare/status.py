"""The prepared data of a run, compared with the corpora and settings it is to be made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from transformer_cli.artifacts.preparation_report import PreparationReport
from transformer_cli.artifacts.run_directory import read_json
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
    document = read_json(located.run.prepare_report) or {}
    report = _report_of(document)
    inputs = describe_inputs(located, known=() if report is None else document["files"])
    is_current = inputs.fingerprint == document.get("fingerprint") and _is_whole(located, inputs)
    return DataStatus(inputs, report if is_current else None, _held_out(document))


def _report_of(document: Mapping[str, Any]) -> PreparationReport | None:
    """Return the report in a document, or None if the document is none of ours."""
    try:
        return PreparationReport.from_json(document) if isinstance(document["files"], list) else None
    except (KeyError, TypeError, AttributeError):
        return None


def _is_whole(located: LocatedRecipe, inputs: Inputs) -> bool:
    """Say whether all data is there and made from ``inputs``."""
    splits = ["train", "valid", "test", *located.recipe.data.named_tests()]
    files = [SplitFiles(located.run.data, split, located.recipe.languages) for split in splits]
    return all(split.is_whole(fingerprint=inputs.fingerprint) for split in files)


def _held_out(document: Mapping[str, Any]) -> dict[str, HeldOut]:
    try:
        return {
            part: HeldOut(held_out["number"], frozenset(int(pair, 16) for pair in held_out["pairs"].split()))
            for part, held_out in document["held_out"].items()
        }
    except (KeyError, TypeError, ValueError, AttributeError):
        return {}
