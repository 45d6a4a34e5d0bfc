"""Writes the prepared data in pieces; nothing needs to be in memory as a whole.

Each split is a `datasets` folder with the columns ``source`` and ``target``; ``train`` has ``corpus`` as well, the
place of the pair's corpus in ``data.train``. All others lie there as plain text too (``test.fr``), for the shell.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path

import datasets
import pyarrow as pa

from transformer_cli.config import LanguagesConfig
from transformer_cli.data.progress_bars import without_progress_bars

TRAIN = "train"
_ARROW = "data-00000-of-00001.arrow"
_STATE = "state.json"
_ROWS_AT_ONCE = 8192

WriteBatch = Callable[[pa.RecordBatch], None]


@contextmanager
def split_writer(folder: Path, split: str, languages: LanguagesConfig, *, fingerprint: str) -> Iterator[WriteBatch]:
    """Yield a function that appends pairs to a split.

    What it takes are record batches with the columns source and target, for ``train`` also corpus (int32).

    Args:
        folder: The folder of all splits.
        split: Which one.
        languages: Name the plain text files.
        fingerprint: Stands for the content; what `datasets` caches of it is found by this.
    """
    fields = {"source": datasets.Value("string"), "target": datasets.Value("string")}
    if split == TRAIN:
        fields["corpus"] = datasets.Value("int32")
    features = datasets.Features(fields)
    # What describes a data set of one row describes ours, but for its name.
    row = {name: [0 if name == "corpus" else ""] for name in fields}
    with without_progress_bars():
        datasets.Dataset.from_dict(row, features).save_to_disk(str(folder / split))
    state = json.loads((folder / split / _STATE).read_bytes())
    (folder / split / _STATE).write_text(json.dumps({**state, "_fingerprint": fingerprint[:16]}), encoding="utf-8")
    with ExitStack() as stack:
        arrow_file = stack.enter_context((folder / split / _ARROW).open("wb"))
        writer = stack.enter_context(pa.ipc.new_stream(arrow_file, features.arrow_schema))
        codes = [] if split == TRAIN else [("source", languages.source), ("target", languages.target)]
        texts = [(side, stack.enter_context((folder / f"{split}.{code}").open("wb"))) for side, code in codes]

        def write(batch: pa.RecordBatch) -> None:
            writer.write_batch(batch.select(list(fields)).replace_schema_metadata(features.arrow_schema.metadata))
            for side, file in texts:
                file.write("".join(f"{line}\n" for line in batch.column(side).to_pylist()).encode())

        yield write
        writer.close()
        arrow_file.flush()
        os.fsync(arrow_file.fileno())


def write_pairs(
    folder: Path, split: str, pairs: Iterable[tuple[str, str]], languages: LanguagesConfig, *, fingerprint: str
) -> int:
    """Write a whole validation or test set, and return how many pairs it has; the arguments are `split_writer`'s."""
    count = 0
    remaining = iter(pairs)
    with split_writer(folder, split, languages, fingerprint=fingerprint) as write:
        while piece := list(islice(remaining, _ROWS_AT_ONCE)):
            sources, targets = zip(*piece, strict=True)
            write(pa.record_batch({"source": pa.array(sources), "target": pa.array(targets)}))
            count += len(piece)
    return count
