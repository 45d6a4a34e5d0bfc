"""``tfm prepare``: read, clean, de-duplicate, check leakage, split; write the data and a report."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from transformer_cli.artifacts.preparation_report import PreparationReport
from transformer_cli.artifacts.run_directory import RunDirectory, read_json
from transformer_cli.config import LanguagesConfig
from transformer_cli.data.splits.folder import new_data, restore_data
from transformer_cli.files.atomic import atomic_write, write_atomically
from transformer_cli.workflows.locate.recipe import LocatedRecipe, locate_recipe
from transformer_cli.workflows.prepare.inputs import Inputs, describe_inputs

if TYPE_CHECKING:
    from transformer_cli.data.cleaning.selection import HeldOut, Selection


def prepare(
    recipe: str | Path | None = None,
    *,
    run_dir: Path | None = None,
    overrides: Sequence[str] = (),
    note: Callable[[str], None] = lambda _: None,
    wait: bool = False,
    dry_run: bool = False,
    rejected: Path | None = None,
) -> PreparationReport:
    """Make the prepared data of a run, unless it is there and nothing it is made from has changed.

    Args:
        recipe: A path or the name of a shipped recipe; None: ``./tfm.toml``, else the phrasebook.
        run_dir: The run directory; None: ``TFM_RUN_DIR``, else ``runs/`` and the recipe's name.
        overrides: ``section.key=value``.
        note: Called with a line about what is going on.
        wait: Wait if another process holds the run directory.
        dry_run: Only report what would come of it: the run directory is neither written to nor locked.
        rejected: A file for what was dropped, one line each: rule, place, source and target, with tabs between them.

    Raises:
        RecipeError: There is no such recipe, or something in it is wrong.
        DataError: A corpus cannot be used; the prepared data that was there is untouched.
        RunDirectoryBusyError: Another process holds the run directory.
        TfmError: Something cannot be written.
    """
    located = locate_recipe(recipe, run_dir=run_dir, overrides=overrides, note=note)
    if dry_run:
        return _prepare_elsewhere(located, note=note, rejected=rejected)
    with located.run.lock(wait=wait):
        return ensure_prepared(located, note=note, rejected=rejected)


def ensure_prepared(
    located: LocatedRecipe, *, note: Callable[[str], None], rejected: Path | None = None
) -> PreparationReport:
    """Do what `prepare` does; the caller holds the run directory's lock."""
    restore_data(located.run.data)
    if data_fingerprint(located) is not None:
        if rejected is not None:
            _prepare_elsewhere(located, note=lambda _: None, rejected=rejected)
        return PreparationReport.from_json(read_json(located.run.prepare_report) or {})
    report = _prepare(located, located.run, note=note, rejected=rejected)
    dropped = ", ".join(f"{count} {rule}" for rule, count in sorted(report.total.dropped.items()))
    note(
        f"prepared {report.total.kept} training pairs, {report.valid} to validate, {report.test} to test"
        + (f"; dropped {dropped}" if dropped else "")
    )
    return report


def data_fingerprint(located: LocatedRecipe) -> str | None:
    """Return what stands for the prepared data if it is there and up to date, else None.

    Raises:
        DataError: A file that the recipe names is missing.
    """
    document = read_json(located.run.prepare_report)
    if document is None or not _is_whole(document, located):
        return None
    inputs = describe_inputs(located, known=document["files"])
    return inputs.fingerprint if inputs.fingerprint == document["fingerprint"] else None


def _is_whole(document: Mapping[str, Any], located: LocatedRecipe) -> bool:
    """Tell whether a report is one of ours, and the data that are there are those it speaks of."""
    fingerprint = document.get("fingerprint")
    try:
        PreparationReport.from_json(document)
    except (KeyError, TypeError, AttributeError):
        return False
    splits = ["train", "valid", "test", *located.recipe.data.named_tests()]
    return isinstance(fingerprint, str) and all(
        _is_split(located.run.data / split, fingerprint, located.recipe.languages) for split in splits
    )


def _is_split(folder: Path, fingerprint: str, languages: LanguagesConfig) -> bool:
    state = read_json(folder / "state.json") or {}
    texts = [] if folder.name == "train" else [f"{folder}.{code}" for code in (languages.source, languages.target)]
    return (
        state.get("_fingerprint") == fingerprint[:16]
        and read_json(folder / "dataset_info.json") is not None
        and any(folder.glob("data-*.arrow"))
        and all(Path(text).is_file() for text in texts)
    )


def _prepare_elsewhere(
    located: LocatedRecipe, *, note: Callable[[str], None], rejected: Path | None
) -> PreparationReport:
    """Prepare in a folder that is deleted afterwards."""
    with tempfile.TemporaryDirectory(prefix="tfm-") as folder:
        return _prepare(located, RunDirectory(Path(folder)), note=note, rejected=rejected)


def _prepare(
    located: LocatedRecipe, run: RunDirectory, *, note: Callable[[str], None], rejected: Path | None
) -> PreparationReport:
    # Imported here: "nothing to do" must not wait for them.
    from transformer_cli.workflows.prepare.clean import clean_corpora, forget_others
    from transformer_cli.workflows.prepare.split import (
        SplitMaker,
        count_fates,
        select_pairs,
        warning_of_sameness,
        write_given_sets,
    )

    recipe, folder = located.recipe, located.folder / located.recipe.data.folder
    # Described before they are read: a file that changes meanwhile will differ from this, and be read again.
    inputs = describe_inputs(located)
    report = PreparationReport()
    with ExitStack() as stack:
        rejected_file = stack.enter_context(atomic_write(rejected)) if rejected is not None else None
        with new_data(run.data) as data:
            given = write_given_sets(data, recipe, folder, fingerprint=inputs.fingerprint)
            cleaned = clean_corpora(located, inputs, run.cleaned, note=note)
            known = _known_held_out(located.run)
            selection = select_pairs(cleaned, recipe, given, known)
            for line in (warning_of_sameness(recipe, selection), *_changes(known, selection)):
                if line:
                    note(line)
            maker = SplitMaker(data, recipe, fingerprint=inputs.fingerprint, report=report, rejected=rejected_file)
            maker.write(cleaned, selection)
            if recipe.data.test is None:
                _copy_set(data, "valid", "test")
        report.corpora = count_fates(cleaned, recipe, selection)
        report.leakage = selection.leakage
        sizes = {part: each.count for part, each in given.items()}
        sizes |= {part: len(places) for part, places in selection.held_out.items()}
        report.valid, report.test = sizes["valid"], sizes.get("test", sizes["valid"])
        _write_report(run, inputs, report, selection.remembered)
    forget_others(run.cleaned, cleaned)
    return report


def _known_held_out(run: RunDirectory) -> dict[str, HeldOut]:
    """Return which pairs were held out before, so that none of them is trained on now."""
    from transformer_cli.data.cleaning.selection import HeldOut

    document = read_json(run.prepare_report) or {}
    try:
        held_out = document["held_out"].items()
        return {
            part: HeldOut(each["number"], frozenset(int(pair, 16) for pair in each["pairs"].split()))
            for part, each in held_out
        }
    except (KeyError, TypeError, ValueError, AttributeError):
        return {}


def _changes(known: Mapping[str, HeldOut], selection: Selection) -> Iterator[str]:
    """Word for which sets other pairs are held out than before."""
    for part, held_out in selection.remembered.items():
        before = known.get(part)
        if before is None or before == held_out:
            continue
        if before.number != held_out.number:
            why = f"is {held_out.number}, no longer {before.number}"
        else:
            why = "has fewer than half of its pairs left"
        # Fewer pairs than before are some of those.
        doubt = "" if held_out.pairs <= before.pairs else ", and earlier versions may have learned from the new ones"
        yield f"data.{part} {why}: other pairs are held out{doubt}"


def _write_report(
    run: RunDirectory, inputs: Inputs, report: PreparationReport, held_out: Mapping[str, HeldOut]
) -> None:
    document = {
        "fingerprint": inputs.fingerprint,
        "files": inputs.files,
        **report.to_json(),
        "held_out": {
            part: {"number": each.number, "pairs": " ".join(f"{pair:016x}" for pair in sorted(each.pairs))}
            for part, each in held_out.items()
        },
    }
    text = json.dumps(document, indent=1, ensure_ascii=False) + "\n"
    # What in a file's name is no text becomes \udcff and the like, which is JSON's spelling of it as well.
    write_atomically(run.prepare_report, text.encode("utf-8", "backslashreplace"))


def _copy_set(data: Path, part: str, other: str) -> None:
    shutil.copytree(data / part, data / other)
    for path in list(data.glob(f"{part}.*")):
        shutil.copyfile(path, data / f"{other}{path.name.removeprefix(part)}")
