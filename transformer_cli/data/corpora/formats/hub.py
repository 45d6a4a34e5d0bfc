"""Data sets of the Hugging Face hub, and folders laid out like them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import datasets
import huggingface_hub.utils
from datasets.exceptions import DatasetsError

from transformer_cli.config import LanguagesConfig
from transformer_cli.data.corpora.pairs import Columns, SentencePair, pair_of_record
from transformer_cli.errors import DataError

SPLITS_OF = {"train": ("train",), "valid": ("validation", "valid", "dev", "val"), "test": ("test",)}
_SAVED_BY_DATASETS = ("dataset_dict.json", "state.json")
_CLIENT: Any = getattr(huggingface_hub.utils, "httpx", None)
_NETWORK_ERRORS: tuple[type[Exception], ...] = (
    ConnectionError,
    *(() if _CLIENT is None else (_CLIENT.HTTPError,)),  # a proxy that refuses, an answer that is cut off
)


def read_hub(
    name: str,
    config: str | None,
    languages: LanguagesConfig,
    *,
    folder: Path | None,
    part: str,
    columns: Columns | None = None,
) -> Iterator[SentencePair]:
    """Stream the pairs of one part of a data set; code in a data set is never run.

    Args:
        name: ``OWNER/NAME`` or the folder, as in the recipe.
        config: Its configuration, or None for the only or default one.
        languages: The two language codes.
        folder: The local folder of the data set, if it is one.
        part: "train", "valid" or "test".
        columns: The names of the columns, as `pair_of_record` takes them.

    Raises:
        DataError: It cannot be reached, does not exist, or lacks the part or columns for the two languages.
    """
    corpus = f"hub:{name}" + (f":{config}" if config else "")
    try:
        with _quietly():
            rows = _split(_load(name if folder is None else str(folder), config, folder), corpus, part)
        for number, row in enumerate(rows, start=1):
            yield pair_of_record(row, languages, f"{corpus}: row {number}", columns)
    except _NETWORK_ERRORS as error:
        raise DataError(
            f"{corpus}: cannot be reached ({_one_line(error)}); check the network, "
            'or download the data set and name its folder as "hub:FOLDER"'
        ) from error
    except (OSError, ValueError, RuntimeError, DatasetsError) as error:
        raise DataError(f"{corpus}: cannot be read ({_one_line(error)}); check its name and configuration") from error


def _load(source: str, config: str | None, folder: Path | None) -> Any:
    if folder is not None and any((folder / name).is_file() for name in _SAVED_BY_DATASETS):
        saved = datasets.load_from_disk(source)
        return saved if isinstance(saved, dict) else {"train": saved}
    return datasets.load_dataset(source, config, streaming=True)


def _split(splits: Any, corpus: str, part: str) -> Any:
    for name in SPLITS_OF[part]:
        if name in splits:
            return splits[name]
    wanted = " or ".join(f'"{name}"' for name in SPLITS_OF[part])
    there = ", ".join(f'"{name}"' for name in splits)
    raise DataError(f"{corpus}: has no split {wanted} for data.{part}, only {there}; name another corpus, or a number")


def _one_line(error: Exception) -> str:
    reason = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
    return reason[:1].lower() + reason[1:]


@contextmanager
def _quietly() -> Iterator[None]:
    """Hide progress bars and failed attempts to reach the hub from stderr; the last failure raises an error anyway."""
    logger = logging.getLogger("huggingface_hub")
    level, had_progress_bars = logger.level, datasets.is_progress_bar_enabled()
    logger.setLevel(logging.CRITICAL)
    datasets.disable_progress_bars()
    try:
        yield
    finally:
        logger.setLevel(level)
        if had_progress_bars:
            datasets.enable_progress_bars()
