"""Translates texts in windows; each window is kept, so that a text is translated once."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import compress, islice

import numpy as np
from numpy.typing import NDArray

from transformer_cli.artifacts.more_text.translation_store import TranslationStore
from transformer_cli.workflows.more_text.window_translator import Answer, Window
from transformer_cli.workflows.prepare.more_text.work import Work, key_of

logger = logging.getLogger(__name__)

WINDOW = 2000
"""Number of texts that are translated between two changes of the disk; a kill loses at most one of each process."""

_SECONDS_BETWEEN_LOGS = 60

TranslateWindows = Callable[[Iterable[Window]], Iterator[tuple[Window, Answer]]]
"""Gives each window, in the order of the windows, with what the models say of it."""


def translate_new(
    store: TranslationStore, work: Work, load: Callable[[], TranslateWindows], *, what: str
) -> tuple[NDArray[np.uint64], int]:
    """Translate each text that the store lacks.

    The windows follow from the order of the texts alone, so that they are the same after an interruption.

    Args:
        store: The translations so far.
        work: The texts; they are read twice, and only their hashes are kept.
        load: Loads the models, and returns a function that translates windows; not called if nothing is new.
        what: The texts in words, for the log.

    Returns:
        The sorted hashes of all texts, and the number of texts that were translated now.

    Raises:
        TfmError: The store cannot be written, or a process that translates was killed.
    """
    hashes = work.keys()
    wanted, first = np.unique(hashes, return_index=True)
    is_new = np.zeros(len(hashes), np.bool_)
    is_new[first[~np.isin(wanted, store.keys())]] = True
    total = int(is_new.sum())
    if not total:
        return wanted, 0
    before = f"; {len(wanted) - total:,} have been translated before" if total < len(wanted) else ""
    logger.info(f"translating {total:,} {what}{before}")
    translate = load()
    done, began = 0, time.monotonic()
    logged = began
    for window, answer in translate(_windows(compress(work, is_new.tobytes()))):
        texts = [text for text, _ in window]
        store.add([key_of(*each) for each in window], texts, answer.translations, answer.scores)
        done += len(window)
        if time.monotonic() - logged >= _SECONDS_BETWEEN_LOGS:
            logged = time.monotonic()
            logger.info(_progress(done, total, logged - began))
    logger.info(f"translated {total:,} {what} in {time.monotonic() - began:.0f} s")
    return wanted, total


def _progress(done: int, total: int, seconds: float) -> str:
    left = seconds / done * (total - done)
    return f"{done:,} of {total:,} translated, {done / seconds:,.0f} a second, {left / 60:.0f} min left"


def _windows(texts: Iterator[tuple[str, str]]) -> Iterator[Window]:
    while window := list(islice(texts, WINDOW)):
        yield window
