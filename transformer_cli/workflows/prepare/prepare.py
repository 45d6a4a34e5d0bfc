"""``tfm prepare``: read, clean, de-duplicate, check leakage, split; write the data and a report."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from transformer_cli.artifacts.preparation_report import PreparationRecord, PreparationReport
from transformer_cli.artifacts.run_directory import RunDirectory
from transformer_cli.errors import UsageError
from transformer_cli.files.atomic import atomic_folder, atomic_write
from transformer_cli.recipe import find_recipe
from transformer_cli.workflows.locate.recipe import LocatedRecipe, locate_recipe_to_run
from transformer_cli.workflows.prepare.inputs import recipe_files
from transformer_cli.workflows.prepare.status import DataStatus, check_data

if TYPE_CHECKING:
    from transformer_cli.data.cleaning.selection import Selection
    from transformer_cli.workflows.prepare.separate_sets import SeparateSet

logger = logging.getLogger(__name__)


def prepare(
    recipe: str | Path | None = None,
    *,
    run_dir: Path | None = None,
    overrides: Sequence[str] = (),
    wait: bool = False,
    dry_run: bool = False,
    rejected: Path | None = None,
) -> PreparationReport:
    """Make the prepared data of a run, unless it exists and its sources have not changed.

    Args:
        recipe: A path or the name of a shipped recipe; None stands for ``./tfm.toml``, or else the phrasebook.
        run_dir: The run directory; None stands for ``TFM_RUN_DIR``, or else ``runs/`` and the recipe's name.
        overrides: Settings to replace, each as ``section.key=value``.
        wait: Wait if another process holds the run directory.
        dry_run: Only report the result; the run directory is neither written to nor locked.
        rejected: A file for the dropped pairs, one line each: rule, place, source and target, separated by tabs.

    Raises:
        RecipeError: The recipe does not exist or has an error.
        UsageError: ``rejected`` is the recipe or one of its files.
        DataError: A corpus cannot be used; existing prepared data is unchanged.
        RunDirectoryBusyError: Another process holds the run directory.
        TfmError: A file cannot be written.
    """
    located = locate_recipe_to_run(recipe, run_dir=run_dir, overrides=overrides)
    if rejected is not None:
        own = find_recipe(None if recipe is None else str(recipe)).path
        _refuse_to_write_over([own, *recipe_files(located)], rejected)
    if dry_run:
        return _prepare_elsewhere(located, check_data(located), rejected=rejected)
    with located.run.lock(wait=wait):
        return ensure_prepared(located, check_data(located), rejected=rejected)


def _refuse_to_write_over(files: Iterable[Path], rejected: Path) -> None:
    if rejected.resolve() in {file.resolve() for file in files}:
        raise UsageError(f"--rejected {rejected}: this file is read for the recipe; name another one")


def ensure_prepared(located: LocatedRecipe, status: DataStatus, *, rejected: Path | None = None) -> PreparationReport:
    """Prepare the data unless it is up to date; the caller holds the run directory's lock.

    Args:
        located: The recipe and the run directory.
        status: The state of the data, determined under the same lock.
        rejected: A file for the dropped pairs.
    """
    if status.report is not None:
        if rejected is not None:
            _prepare_elsewhere(located, status, rejected=rejected)
        return status.report
    report = _prepare(located, located.run, status, rejected=rejected)
    dropped = ", ".join(f"{count} {rule}" for rule, count in sorted(report.total.dropped.items()))
    logger.info(
        f"prepared {report.total.kept} training pairs, {report.valid} to validate, {report.test} to test"
        + (f"; dropped {dropped}" if dropped else "")
    )
    return report


def _prepare_elsewhere(located: LocatedRecipe, status: DataStatus, *, rejected: Path | None) -> PreparationReport:
    """Prepare the data in a temporary folder, which is deleted afterwards."""
    with tempfile.TemporaryDirectory(prefix="tfm-") as folder:
        return _prepare(located, RunDirectory(Path(folder)), status, rejected=rejected)


def _prepare(
    located: LocatedRecipe,
    run: RunDirectory,
    status: DataStatus,
    *,
    rejected: Path | None,
) -> PreparationReport:
    # Imported here: "nothing to do" must not wait for them.
    from transformer_cli.data.cleaning.meaning import load_encoder
    from transformer_cli.data.splits.files import SplitFiles
    from transformer_cli.workflows.prepare.clean import clean_corpora, forget_others
    from transformer_cli.workflows.prepare.messages import (
        log_changes_of_held_out_pairs,
        log_near_twins,
        warn_of_sameness,
    )
    from transformer_cli.workflows.prepare.more_text.clean_text import add_texts, clean_texts
    from transformer_cli.workflows.prepare.near_twins import count_near_twins
    from transformer_cli.workflows.prepare.separate_sets import write_separate_sets
    from transformer_cli.workflows.prepare.split import SplitMaker, count_fates, select_pairs
    from transformer_cli.workflows.prepare.text_profile import describe_sources
    from transformer_cli.workflows.prepare.unrelated import find_unrelated

    recipe, inputs = located.recipe, status.inputs
    report = PreparationReport()
    encode = load_encoder(recipe.languages) if recipe.cleaning.unrelated else None
    with ExitStack() as stack:
        rejected_file = stack.enter_context(atomic_write(rejected)) if rejected is not None else None
        with atomic_folder(run.data) as data:
            separate = write_separate_sets(data, located, fingerprint=inputs.fingerprint)
            texts = clean_texts(located, inputs, run.cleaned)
            cleaned = clean_corpora(located, inputs, run.cleaned)
            unrelated = None
            if encode is not None:
                unrelated, report.unrelated_below = find_unrelated(cleaned, encode, run.cleaned)
            selection = select_pairs(cleaned, recipe, separate, status.held_out, unrelated)
            warn_of_sameness(recipe, selection)
            log_changes_of_held_out_pairs(status.held_out, selection.held_out_pairs)
            maker = SplitMaker(data, recipe, fingerprint=inputs.fingerprint, report=report, rejected=rejected_file)
            maker.write(cleaned, selection)
            if recipe.data.test is None:
                SplitFiles(data, "valid", recipe.languages).copy("test")
            count = partial(count_near_twins, data, recipe, cleaned, selection.fates)
            profile, report.near_twins = describe_sources(data, recipe, count)
            profile.write_to(data / run.text_profile.name)
            log_near_twins(report.near_twins)
            add_texts(data, located, texts, fingerprint=inputs.fingerprint, report=report)
        report.corpora = count_fates(cleaned, recipe, selection)
        report.mended = {name: each.mended for name, each in zip(report.corpora, cleaned, strict=True) if each.mended}
        report.leakage = selection.leakage
        report.valid, report.test = _sizes(separate, selection)
        PreparationRecord.of(
            report, fingerprint=inputs.fingerprint, files=inputs.files, held_out=selection.held_out_pairs
        ).write_to(run.prepare_report)
    forget_others(run.cleaned, [*cleaned, *texts])
    return report


def _sizes(separate: Mapping[str, SeparateSet], selection: Selection) -> tuple[int, int]:
    """Return the numbers of pairs for validation and for testing."""
    sizes = {part: pairs.count for part, pairs in separate.items()}
    sizes |= {part: len(places) for part, places in selection.held_out.items()}
    return sizes["valid"], sizes.get("test", sizes["valid"])
