"""Stderr belongs to the command line, so `datasets` is to draw nothing there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import datasets


@contextmanager
def without_progress_bars() -> Iterator[None]:
    """Keep `datasets` from drawing progress bars in the body."""
    were_on = datasets.is_progress_bar_enabled()
    datasets.disable_progress_bars()
    try:
        yield
    finally:
        if were_on:
            datasets.enable_progress_bars()
