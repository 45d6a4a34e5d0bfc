"""The errors and warnings of a preparation, each with its remedy."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from transformer_cli.artifacts.preparation_report import NearTwinCount
from transformer_cli.config import Recipe
from transformer_cli.data.cleaning.held_out import HeldOut
from transformer_cli.data.cleaning.rules import CleaningReport
from transformer_cli.data.cleaning.selection import Selection
from transformer_cli.errors import DataError

logger = logging.getLogger(__name__)

_ALIKE_RULES = ("leakage", "near_duplicate", "source_repeats")
_FEWEST_COMPARED = 20
_IGNORED = "case, punctuation and numbers ignored"


def nothing_left(recipe: Recipe, total: CleaningReport) -> DataError:
    """Return the error for corpora with no pair left for training.

    Args:
        recipe: Names the corpora.
        total: The counts of pairs kept and dropped, over all corpora.
    """
    names = ", ".join(recipe.data.train_paths)
    if not total.read:
        return DataError(f"no training pairs are left of {names}: the files are empty")
    way_out = "each rule is a key of [cleaning]"
    if total.dropped.get("leakage"):
        way_out = (
            f"leakage: a sentence of theirs is in data.valid or data.test ({_IGNORED}); name other sets"
            f"{_unless_numbers_matter(recipe)}, or set cleaning.leakage = false"
        )
    if 2 * total.dropped.get("subword_marks", 0) > total.read:
        way_out = "subword_marks: the text was cut into subwords; join them, for BPE with: sed 's/@@ //g'"
    return DataError(f"no training pairs are left of {names}: {total.read} read, {_dropped(total)}; {way_out}")


def too_few(recipe: Recipe, total: CleaningReport, usable: int, sizes: Mapping[str, int]) -> DataError:
    """Return the error for corpora with fewer pairs than the recipe wants to hold out.

    Args:
        recipe: Names the corpora.
        total: The counts of pairs kept and dropped, over all corpora.
        usable: The number of pairs that could be held out or trained on.
        sizes: The number of pairs to hold out for "valid" or "test".
    """
    numbers = " and ".join(f"data.{part} = {number}" for part, number in sizes.items())
    if usable > sum(sizes.values()):
        return DataError(
            f"cannot hold out {numbers}: too few of the {usable} usable pairs have sentences of their own "
            f"({_IGNORED}); lower the number{_unless_numbers_matter(recipe)}, or set cleaning.leakage = false"
        )
    others = f"; {_dropped(total)} of {total.read} pairs" if total.dropped else ""
    return DataError(
        f"cannot hold out {numbers} of {usable} usable pairs and train on the rest; lower the number{others}"
    )


def warn_of_sameness(recipe: Recipe, selection: Selection) -> None:
    """Log a warning if most of the clean pairs are left out because they are very similar to others."""
    counts = selection.counts()
    alike = sum(counts[rule] for rule in _ALIKE_RULES)
    if 2 * alike > len(selection.fates):
        logger.warning(
            f"{alike} of {len(selection.fates)} clean pairs are not trained on, because a sentence of theirs is held "
            f"out or repeated ({_IGNORED}); see {', '.join(_ALIKE_RULES)} in [cleaning]"
            f"{_unless_numbers_matter(recipe)}"
        )


def log_near_twins(counts: Mapping[str, NearTwinCount]) -> None:
    """Log a line for each set of which a tenth of the sources has a near twin in training, very small sets aside."""
    for part, count in counts.items():
        if count.compared < _FEWEST_COMPARED or 10 * count.with_near_twin < count.compared:
            continue
        key = part.replace("test-", "tests.", 1)
        found = f"{count.with_near_twin} of {count.compared} sources"
        text = f"data.{key}: {found} have a near twin in training (at most one word differs)"
        if 2 * count.with_near_twin > count.compared:
            logger.warning(f"{text}: the score measures recall; hold out texts that are not like those of data.train")
        else:
            logger.info(text)


def log_changes_of_held_out_pairs(earlier: Mapping[str, HeldOut], now: Mapping[str, HeldOut]) -> None:
    """Log a line for each set whose held-out pairs have changed."""
    for part, held_out in now.items():
        before = earlier.get(part)
        if before is None or before == held_out:
            continue
        if before.number != held_out.number:
            why = f"is {held_out.number}, no longer {before.number}"
        else:
            why = "has fewer than half of its pairs left"
        # If there are fewer pairs than before, they are a subset of the earlier ones.
        are_known = held_out.reserved <= before.reserved
        doubt = "" if are_known else ", and earlier versions may have learned from the new ones"
        logger.info(f"data.{part} {why}: other pairs are held out{doubt}")


def _unless_numbers_matter(recipe: Recipe) -> str:
    """Return the remedy for sentences that differ only in numbers, if it is not in use yet."""
    if not recipe.cleaning.fold_numbers:
        return ""
    return ", set cleaning.fold_numbers = false if your sentences differ only in numbers"


def _dropped(total: CleaningReport) -> str:
    return "dropped " + ", ".join(f"{count} {rule}" for rule, count in total.dropped.items())
