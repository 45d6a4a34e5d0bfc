"""Translations on disk by the text that was translated: a text is translated once, whatever ends a process in between.

translations/NAME/      NAME stands for the models and the settings of the search
├── translators.json    the models
├── 000000.arrow        a window of texts with their translations; each file appears whole or not at all
└── 000001.arrow ...
"""

from __future__ import annotations

import logging
import math
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.ipc
from numpy.typing import NDArray

from transformer_cli.artifacts.more_text.translators import TRANSLATORS_FILE, Translators
from transformer_cli.data.arrow_arrays import number_array, numbers_of, text_array
from transformer_cli.files.atomic import atomic_write
from transformer_cli.files.os_errors import explain_os_errors

logger = logging.getLogger(__name__)

_SCHEMA = pa.schema(
    [("key", pa.uint64()), ("text", pa.string()), ("translation", pa.string()), ("score", pa.float32())]
)


class TranslationStore:
    """The translations of some models.

    Args:
        folder: The folder; it need not exist.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keys(self) -> NDArray[np.uint64]:
        """Return the sorted hashes of all texts with a translation; a damaged file counts as missing."""
        parts = [numbers_of(batch.column("key")) for batch in self._batches(["key"])]
        return np.unique(np.concatenate([np.empty(0, np.uint64), *parts]))

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the columns key, text, translation and score, window by window in the order of their addition."""
        return self._batches(_SCHEMA.names)

    def is_of(self, translators: Translators) -> bool:
        """Return whether the translations are those of these models; others are deleted by `begin`."""
        known = Translators.read_from(self.folder / TRANSLATORS_FILE)
        return known is not None and known.weights == translators.weights

    def begin(self, translators: Translators) -> None:
        """Record the models of the translations to come; translations of other models are deleted.

        Raises:
            TfmError: The folder cannot be written.
        """
        if self.is_of(translators):
            return
        with explain_os_errors(self.folder):
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder.mkdir(parents=True)
        translators.write_to(self.folder / TRANSLATORS_FILE)  # last: without it the rest is not trusted

    def add(
        self,
        keys: Sequence[int],
        texts: Sequence[str],
        translations: Sequence[str],
        scores: Sequence[float] | None = None,
    ) -> None:
        """Add a window.

        Args:
            keys: The hash of each text.
            texts: The texts.
            translations: Their translations.
            scores: How well text and translation fit in the eyes of another model, NaN where that is not known.

        Raises:
            TfmError: It cannot be written.
        """
        files = self._files()
        path = self.folder / f"{int(files[-1].stem) + 1 if files else 0:06d}.arrow"
        columns = [
            number_array(np.array(keys, np.uint64)),
            text_array(texts),
            text_array(translations),
            number_array(np.array(scores or [math.nan] * len(texts), np.float32)),
        ]
        with explain_os_errors(path):
            self.folder.mkdir(parents=True, exist_ok=True)
            options = pa.ipc.IpcWriteOptions(compression="lz4")
            with atomic_write(path) as out, pyarrow.ipc.new_file(out, _SCHEMA, options=options) as writer:
                writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=_SCHEMA))

    def _files(self) -> list[Path]:
        return sorted(self.folder.glob("[0-9]*.arrow"), key=lambda path: int(path.stem))

    def _batches(self, names: list[str]) -> Iterator[pa.RecordBatch]:
        options = pa.ipc.IpcReadOptions(included_fields=[_SCHEMA.get_field_index(name) for name in names])
        for path in self._files():
            with explain_os_errors(path, "read"):  # a disk that fails for a while is no damaged file
                content = path.read_bytes()
            try:
                batch = pyarrow.ipc.open_file(pa.BufferReader(content), options=options).get_batch(0)
            except (OSError, ValueError) as error:  # Arrow's own errors are both
                logger.warning(f"{path} is damaged ({str(error).splitlines()[0]}); its texts are translated again")
                path.unlink(missing_ok=True)
                continue
            yield batch
