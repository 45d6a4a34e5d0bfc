"""``tfm prepare``: read, clean, de-duplicate, check leakage, split; write the data and a report."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from transformer_cli import __version__
from transformer_cli.config import DataConfig, Recipe
from transformer_cli.data.cleaning import Cleaner, CleaningReport, pair_hash
from transformer_cli.data.normalization import normalize
from transformer_cli.data.readers import BUILTIN_PHRASEBOOK, corpus_files, read_corpus
from transformer_cli.errors import DataError
from transformer_cli.run_directory import RunDirectory, read_json
from transformer_cli.textio import write_atomically
from transformer_cli.workflows import fingerprints
from transformer_cli.workflows.located_recipe import LocatedRecipe, locate_recipe

Pair = tuple[str, str]


@dataclass(slots=True)
class PreparationReport:
    """What was read, kept and dropped.

    Args:
        corpora: The report of each corpus of ``data.train``, by its name in the recipe.
        valid: Pairs of the validation set.
        test: Pairs of the test set.
        is_new: False if the prepared data was there already and nothing was done.
    """

    corpora: dict[str, CleaningReport] = field(default_factory=dict)
    valid: int = 0
    test: int = 0
    is_new: bool = True

    @property
    def total(self) -> CleaningReport:
        """The sum over ``corpora``."""
        return sum(self.corpora.values(), CleaningReport())


def prepare(
    recipe: str | Path | None = None,
    *,
    run_dir: Path | None = None,
    overrides: Sequence[str] = (),
    note: Callable[[str], None] = lambda _: None,
    wait: bool = False,
) -> PreparationReport:
    """Make the prepared data of a run, unless it is there and nothing it is made from has changed.

    Args:
        recipe: A path or the name of a shipped recipe; None: ``./tfm.toml``, else the phrasebook.
        run_dir: The run directory; None: ``TFM_RUN_DIR``, else ``runs/`` and the recipe's name.
        overrides: ``section.key=value``.
        note: Called with a line about what is going on.
        wait: Wait if another process holds the run directory.

    Raises:
        RecipeError: There is no such recipe, or something in it is wrong.
        DataError: A corpus cannot be used; the prepared data that was there is untouched.
        RunDirectoryBusyError: Another process holds the run directory.
    """
    located = locate_recipe(recipe, run_dir=run_dir, overrides=overrides, note=note)
    with located.run.lock(wait=wait):
        return ensure_prepared(located, note=note)


def ensure_prepared(located: LocatedRecipe, *, note: Callable[[str], None]) -> PreparationReport:
    """Do what `prepare` does; the caller holds the run directory's lock."""
    recipe, folder, run = located.recipe, located.folder, located.run
    current = _current_report(located)
    if current is not None:
        return current
    # Described before they are read: a file that changes meanwhile will differ from this, and be read again.
    inputs = _inputs(recipe, folder)
    note(f"reading {', '.join(recipe.data.train_paths)}")
    splits, report = _make_splits(recipe, folder)
    _check_unchanged(inputs["files"])
    document = {
        **inputs,
        "corpora": {name: asdict(corpus) for name, corpus in report.corpora.items()},
        "total": asdict(report.total),
        "valid": report.valid,
        "test": report.test,
    }
    _write(run, splits, document, recipe)
    dropped = ", ".join(f"{count} {rule}" for rule, count in sorted(report.total.dropped.items()))
    note(
        f"prepared {report.total.kept} training pairs, {report.valid} to validate, {report.test} to test"
        + (f"; dropped {dropped}" if dropped else "")
    )
    return report


def _check_unchanged(files: Sequence[Mapping[str, Any]]) -> None:
    """Refuse what may have been read in the middle of a change.

    Raises:
        DataError: A file is not as it was before it was read.
    """
    for now, before in zip(fingerprints.of_files([Path(entry["path"]) for entry in files], files), files, strict=True):
        if now != before:
            raise DataError(f"{before['path']} changed while it was read; run the command again when it is complete")


def data_fingerprint(located: LocatedRecipe) -> str | None:
    """Return what stands for the prepared data if it is there and up to date, else None.

    Raises:
        DataError: A file that the recipe names is missing.
    """
    document = read_json(located.run.prepare_report)
    if document is None or not located.run.data.is_dir():
        return None
    inputs = _inputs(located.recipe, located.folder, known=document.get("files", []))
    return inputs["fingerprint"] if inputs["fingerprint"] == document.get("fingerprint") else None


def _current_report(located: LocatedRecipe) -> PreparationReport | None:
    if data_fingerprint(located) is None:
        return None
    document = read_json(located.run.prepare_report) or {}
    corpora = {name: CleaningReport(**corpus) for name, corpus in document["corpora"].items()}
    return PreparationReport(corpora, document["valid"], document["test"], is_new=False)


def _inputs(recipe: Recipe, folder: Path, known: Any = ()) -> dict[str, Any]:
    """Describe all that decides the prepared data: settings, files, and for the phrasebook the program's version.

    For a data set of the hub only its name counts, which is part of the settings.
    """
    folder = folder / recipe.data.folder
    held_out = (recipe.data.valid, recipe.data.test, *recipe.data.tests.values())
    names = [*recipe.data.train_paths, *(name for name in held_out if isinstance(name, str))]
    files = fingerprints.of_files([p for name in names for p in corpus_files(name, recipe.languages, folder)], known)
    contents = [entry["sha256"] for entry in files]
    builtin = __version__ if BUILTIN_PHRASEBOOK in names else None
    settings = recipe.model_dump(include={"data", "cleaning", "languages"})
    settings["data"].pop("folder")
    return {"fingerprint": fingerprints.of_values([settings, contents, builtin]), "files": files}


def _make_splits(recipe: Recipe, folder: Path) -> tuple[dict[str, list[Pair]], PreparationReport]:
    data, folder = recipe.data, folder / recipe.data.folder
    splits = {name: _read_held_out(recipe, folder, name, getattr(data, name)) for name in ("valid", "test")}
    splits |= {name: _read_held_out(recipe, folder, name, path) for name, path in data.named_tests().items()}
    cleaner = Cleaner(recipe.cleaning, held_out=(pair_hash(*pair) for pairs in splits.values() for pair in pairs))
    report = PreparationReport()
    train: list[tuple[str, Pair]] = []
    for name in data.train_paths:
        report.corpora[name] = CleaningReport()
        pairs = read_corpus(name, recipe.languages, folder, part="train")
        train += ((name, pair) for pair in cleaner.clean(pairs, report.corpora[name]))
    train = _hold_out(train, data, splits, report) if train else []
    splits["train"] = [pair for _, pair in train]
    if data.test is None:
        splits["test"] = splits["valid"]
    report.valid, report.test = len(splits["valid"]), len(splits["test"])
    if not train:
        raise DataError(
            f"no training pairs are left of {', '.join(data.train_paths)}; {_what_was_dropped(report.total)}"
        )
    return splits, report


def _read_held_out(recipe: Recipe, folder: Path, part: str, corpus: str | int | None) -> list[Pair]:
    """Read a validation or test set that has files of its own; every pair counts, only empty ones are left out."""
    if not isinstance(corpus, str):
        return []
    read = read_corpus(corpus, recipe.languages, folder, part=part.partition("-")[0])
    pairs = [(normalize(pair.source), normalize(pair.target)) for pair in read]
    pairs = [pair for pair in pairs if all(pair)]
    if not pairs:
        raise DataError(f"data.{part.replace('test-', 'tests.')}: {corpus} holds no sentence pairs")
    return pairs


def _hold_out(
    train: list[tuple[str, Pair]], data: DataConfig, splits: dict[str, list[Pair]], report: PreparationReport
) -> list[tuple[str, Pair]]:
    """Move as many pairs as the recipe wants from ``train`` to the sets it gives no files for; return the rest.

    Which ones is decided by a hash of the source, so that the order of the corpus has no say; all translations of a
    source go together.
    """
    wanted = {name: getattr(data, name) for name in ("valid", "test")}
    wanted = {name: number for name, number in wanted.items() if isinstance(number, int)}
    if not wanted:
        return train
    if sum(wanted.values()) >= len(train):
        numbers = " and ".join(f"data.{name} = {number}" for name, number in wanted.items())
        raise DataError(f"only {len(train)} usable pairs: too few to hold out {numbers} and train on the rest")
    by_hash = sorted({pair[0] for _, pair in train}, key=lambda source: (pair_hash(source, ""), source))
    order = {source: position for position, source in enumerate(by_hash)}
    first = 0
    set_of: dict[str, str] = {}
    for name, number in wanted.items():
        chosen = by_hash[first : first + number]
        set_of |= dict.fromkeys(chosen, name)
        first += number
    rest = []
    taken: dict[str, Pair] = {}
    for corpus, pair in train:
        if pair[0] not in set_of:
            rest.append((corpus, pair))
            continue
        report.corpora[corpus].kept -= 1
        report.corpora[corpus].drop("held_out")
        taken.setdefault(pair[0], pair)
    for source in sorted(taken, key=order.__getitem__):
        splits[set_of[source]].append(taken[source])
    return rest


def _what_was_dropped(total: CleaningReport) -> str:
    if not total.read:
        return "the files are empty"
    dropped = ", ".join(f"{rule}: {count}" for rule, count in total.dropped.items())
    return f"of {total.read} pairs were dropped {dropped}"


def _write(run: RunDirectory, splits: dict[str, list[Pair]], document: dict[str, Any], recipe: Recipe) -> None:
    from transformer_cli.data.prepared import write_prepared

    # Data without a report is taken for unfinished; so the report goes first and comes last.
    run.prepare_report.unlink(missing_ok=True)
    write_prepared(run.data, splits, recipe.languages)
    write_atomically(run.prepare_report, (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode())
