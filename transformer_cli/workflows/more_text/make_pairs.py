"""Makes a split of training pairs from translations: checks each pair, and counts the dropped ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from transformer_cli.artifacts.more_text.translation_store import TranslationStore
from transformer_cli.config import Recipe
from transformer_cli.data.cleaning.rules import CleaningReport, PairCleaner
from transformer_cli.data.corpora import SentencePair
from transformer_cli.data.splits.files import TRAIN, SplitFiles
from transformer_cli.data.splits.write import split_writer
from transformer_cli.files.atomic import atomic_folder
from transformer_cli.workflows.more_text.held_out_sentences import HeldOutSentences


def made_pairs(store: TranslationStore, wanted: NDArray[np.uint64]) -> Iterator[list[SentencePair]]:
    """Yield each wanted text with its translation, window by window.

    Args:
        store: The translations.
        wanted: The sorted hashes of the texts.
    """
    for number, window in enumerate(store.batches()):
        kept = window.filter(pa.array(np.isin(window.column("key").to_numpy(), wanted)))
        texts, translations = (kept.column(name).to_pylist() for name in ("text", "translation"))
        yield [SentencePair(*sides, f"window {number}") for sides in zip(texts, translations, strict=True)]


def write_made_pairs(
    folder: Path,
    windows: Iterable[list[SentencePair]],
    recipe: Recipe,
    held_out: HeldOutSentences,
    *,
    origin: int,
    fingerprint: str,
) -> CleaningReport:
    """Write a split ``train`` of the pairs that pass the rules for single pairs and hold no held-out sentence.

    Args:
        folder: The folder of the split, which appears whole or not at all.
        windows: The pairs.
        recipe: The rules and the languages.
        held_out: The sentences of validation and test sets.
        origin: The number of these pairs' corpus; those of ``data.train`` come before.
        fingerprint: The fingerprint of the split.

    Returns:
        The number of pairs that were read, kept, and dropped by each rule.
    """
    report, cleaner = CleaningReport(), PairCleaner(recipe.cleaning, recipe.languages)
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
                    sources.append(pair.source)
                    targets.append(pair.target)
                else:
                    report.dropped[rule] = report.dropped.get(rule, 0) + 1
            columns = {"source": pa.array(sources, pa.string()), "target": pa.array(targets, pa.string())}
            write(pa.record_batch({**columns, "corpus": pa.array(np.full(len(sources), origin, np.int32))}))
    return report
