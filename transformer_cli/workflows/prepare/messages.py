"""The errors and warnings of a preparation, with the way out of each."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from transformer_cli.config import Recipe
from transformer_cli.data.cleaning.held_out import HeldOut
from transformer_cli.data.cleaning.rules import CleaningReport
from transformer_cli.data.cleaning.selection import Selection
from transformer_cli.errors import DataError

logger = logging.getLogger(__name__)

_ALIKE_RULES = ("leakage", "near_duplicate", "source_repeats")
_SAME = "case, punctuation and numbers aside"


def nothing_left(recipe: Recipe, total: CleaningReport) -> DataError:
    """Return the error for corpora of which no pair is left to learn from.

    Args:
        recipe: Names the corpora.
        total: What became of the pairs of all corpora.
    """
    reason = f"{_dropped_pairs(total)}; {_way_out(recipe, total)}" if total.read else "the files are empty"
    return DataError(f"no training pairs are left of {', '.join(recipe.data.train_paths)}; {reason}")


def too_few(recipe: Recipe, total: CleaningReport, usable: int, sizes: Mapping[str, int]) -> DataError:
    """Return the error for corpora that cannot give as many held-out pairs as the recipe asks for.

    Args:
        recipe: Names the corpora.
        total: What became of the pairs of all corpora.
        usable: The number of pairs that could be held out or learned from.
        sizes: The number of pairs to hold out for "valid" or "test".
    """
    numbers = " and ".join(f"data.{part} = {number}" for part, number in sizes.items())
    if usable > sum(sizes.values()):
        return DataError(
            f"too many of the {usable} usable pairs share a sentence, {_SAME}, to hold out {numbers}; "
            f"{_tell_apart(recipe)}else lower the number, or set cleaning.leakage = false"
        )
    others = f"; {_dropped_pairs(total)}" if total.dropped else ""
    return DataError(
        f"only {usable} usable pairs: too few to hold out {numbers} and train on the rest; lower the number{others}"
    )


def warn_of_sameness(recipe: Recipe, selection: Selection) -> None:
    """Log a warning if most of the fit pairs are not learned from because they are much like others."""
    counts = selection.counts()
    alike = sum(counts[rule] for rule in _ALIKE_RULES)
    if 2 * alike > len(selection.fates):
        logger.warning(
            f"{alike} of {len(selection.fates)} fit pairs are not learned from, for a sentence of theirs is "
            f"held out or repeated, {_SAME}; {_tell_apart(recipe)}else see {', '.join(_ALIKE_RULES)} in [cleaning]"
        )


def log_changes_of_held_out_pairs(earlier: Mapping[str, HeldOut], now: Mapping[str, HeldOut]) -> None:
    """Log a line for each set for which other pairs are held out than before."""
    for part, held_out in now.items():
        before = earlier.get(part)
        if before is None or before == held_out:
            continue
        if before.number != held_out.number:
            why = f"is {held_out.number}, no longer {before.number}"
        else:
            why = "has fewer than half of its pairs left"
        # Fewer pairs than before are some of those.
        doubt = "" if held_out.pairs <= before.pairs else ", and earlier versions may have learned from the new ones"
        logger.info(f"data.{part} {why}: other pairs are held out{doubt}")


def _tell_apart(recipe: Recipe) -> str:
    if not recipe.cleaning.fold_numbers:
        return ""
    return "if numbers are what your sentences differ in, set cleaning.fold_numbers = false; "


def _dropped_pairs(total: CleaningReport) -> str:
    dropped = ", ".join(f"{rule}: {count}" for rule, count in total.dropped.items())
    return f"of {total.read} pairs were dropped {dropped}"


def _way_out(recipe: Recipe, total: CleaningReport) -> str:
    if total.dropped.get("leakage"):
        return (
            f"leakage: a sentence of theirs is in data.valid or data.test, {_SAME}; {_tell_apart(recipe)}"
            "else name other sets, or set cleaning.leakage = false"
        )
    return "each rule is a key of [cleaning]"
