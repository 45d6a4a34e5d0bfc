"""Makes the training pairs of one section: translates what is new, checks each pair, and counts the dropped ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from transformer_cli.artifacts.more_text.translation_store import TranslationStore
from transformer_cli.artifacts.preparation_report import MadePairs
from transformer_cli.config import Recipe
from transformer_cli.data.arrow_arrays import number_array, numbers_of, text_array
from transformer_cli.data.cleaning.rules import CleaningReport, PairCleaner
from transformer_cli.data.cleaning.selection import is_among
from transformer_cli.data.corpora import SentencePair
from transformer_cli.data.splits.files import TRAIN, SplitFiles
from transformer_cli.data.splits.write import split_writer
from transformer_cli.files.atomic import atomic_folder
from transformer_cli.text.normalization import normalize
from transformer_cli.training.processes.ranks import Ranks
from transformer_cli.workflows.locate.recipe import LocatedRecipe
from transformer_cli.workflows.more_text.noise import noised
from transformer_cli.workflows.more_text.together import Task, translating_together
from transformer_cli.workflows.more_text.translate_texts import translate_new
from transformer_cli.workflows.prepare.more_text.held_out_sentences import HeldOutSentences
from transformer_cli.workflows.prepare.more_text.plan import DISTILLATION, NOISED, Plan
from transformer_cli.workflows.prepare.more_text.work import work_of

UNLIKELY = "unlikely"
"""The rule of ``drop_worst``."""


def make_pairs(located: LocatedRecipe, plan: Plan, *, fingerprint: str, device: str, ranks: Ranks) -> MadePairs:
    """Make the pairs of a section; the caller holds the run directory's lock.

    Args:
        located: The recipe and the run directory.
        plan: The models.
        fingerprint: The fingerprint of the pairs.
        device: The device of the models.
        ranks: The processes that translate together; this is the first one.

    Raises:
        TfmError: A model cannot be used, or a file cannot be written.
    """
    recipe, run, store = located.recipe, located.run, TranslationStore(plan.store)
    is_distilled = plan.section == DISTILLATION
    back, drop_worst = recipe.back_translation, getattr(recipe, plan.section).drop_worst
    store.begin(plan.translators)
    with translating_together(Task.of(located, plan), recipe, device, ranks) as load:
        what = f"sentences of {recipe.languages.source if is_distilled else recipe.languages.target}"
        wanted, translated = translate_new(store, work_of(plan.section, recipe, run.data), load, what=what)
    report = write_made_pairs(
        run.made_pairs(plan.section),
        made_pairs(store, wanted, is_reversed=not is_distilled, drop_worst=drop_worst),
        recipe,
        HeldOutSentences(run.data, recipe),
        origin=len(recipe.data.train) + (not is_distilled),
        tag=None if is_distilled else back.tag,
        noise_seed=recipe.training.seed if back.method == NOISED and not is_distilled else None,
        fingerprint=fingerprint,
    )
    return MadePairs(
        fingerprint=plan.fingerprint,
        translators=plan.translators.models,
        read=report.read,
        translated=translated,
        kept=report.kept,
        dropped=report.dropped,
    )


def made_pairs(
    store: TranslationStore, wanted: NDArray[np.uint64], *, is_reversed: bool, drop_worst: float
) -> Iterator[list[SentencePair]]:
    """Yield each wanted text with its translation, window by window.

    Args:
        store: The translations.
        wanted: The sorted hashes of the texts.
        is_reversed: Whether the texts are the targets.
        drop_worst: The share of a window's scored pairs that get the fault `UNLIKELY`: those of the lowest scores.
    """
    sides = ("translation", "text") if is_reversed else ("text", "translation")
    for number, window in enumerate(store.batches()):
        is_wanted = is_among(numbers_of(window.column("key")), wanted)
        is_worst = _worst(numbers_of(window.column("score")), drop_worst)
        rows = zip(
            is_wanted.tolist(), is_worst.tolist(), *(window.column(each).to_pylist() for each in sides), strict=True
        )
        yield [
            SentencePair(source, target, f"window {number}", fault=UNLIKELY if worst else None)
            for kept, worst, source, target in rows
            if kept
        ]


def _worst(scores: NDArray[np.float32], share: float) -> NDArray[np.bool_]:
    """Return which scores are the lowest; NaN is none."""
    number = int(share * np.count_nonzero(~np.isnan(scores)))
    flags = np.zeros(len(scores), np.bool_)
    flags[np.argsort(scores, kind="stable")[:number]] = True  # NaN is sorted to the end
    return flags


def write_made_pairs(
    folder: Path,
    windows: Iterable[Sequence[SentencePair]],
    recipe: Recipe,
    held_out: HeldOutSentences,
    *,
    origin: int,
    fingerprint: str,
    tag: str | None = None,
    noise_seed: int | None = None,
) -> CleaningReport:
    """Write a split ``train`` of the pairs that pass the rules for single pairs and hold no held-out sentence.

    Args:
        folder: The folder of the split, which appears whole or not at all.
        windows: The pairs.
        recipe: The rules and the languages.
        held_out: The sentences of validation and test sets.
        origin: The number of these pairs' corpus; those of ``data.train`` come before.
        fingerprint: The fingerprint of the split.
        tag: A word to put before each source.
        noise_seed: The seed of noise in the sources, or None.

    Returns:
        The number of pairs that were read, kept, and dropped by each rule.
    """
    report, cleaner = CleaningReport(), PairCleaner(recipe.cleaning, recipe.languages)
    before = "" if tag is None else f"{normalize(tag)} "
    with (
        atomic_folder(folder) as beside,
        split_writer(SplitFiles(beside, TRAIN, recipe.languages), fingerprint=fingerprint) as write,
    ):
        for window in windows:
            sources, targets = [], []
            for pair in cleaner.judge(window):
                rule = pair.rule or ("held_out" if pair.source in held_out or pair.target in held_out else None)
                report.read += 1
                if rule is None:
                    report.kept += 1
                    source = pair.source if noise_seed is None else noised(pair.source, noise_seed)
                    sources.append(before + source)
                    targets.append(pair.target)
                else:
                    report.dropped[rule] = report.dropped.get(rule, 0) + 1
            origins = number_array(np.full(len(sources), origin, np.int32))
            write(pa.record_batch({"source": text_array(sources), "target": text_array(targets), "corpus": origins}))
    return report
