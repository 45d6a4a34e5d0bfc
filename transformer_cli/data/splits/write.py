"""Writes a split of the prepared data in pieces; nothing needs to be in memory as a whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from hashlib import sha256
from itertools import islice

import pyarrow as pa
import pyarrow.ipc

from transformer_cli.data.arrow_arrays import text_array
from transformer_cli.data.splits.files import TEXTS, TRAIN, SplitFiles
from transformer_cli.files.checksum import checksum

_ROWS_AT_ONCE = 8192

WriteBatch = Callable[[pa.RecordBatch], None]


@contextmanager
def split_writer(files: SplitFiles, *, fingerprint: str) -> Iterator[WriteBatch]:
    """Yield a function that appends pairs to a split.

    It takes record batches with the columns source and target, for ``train`` also corpus (int32). A split of `TEXTS`
    has the column of its side alone.

    Args:
        files: The files to write.
        fingerprint: The fingerprint of the prepared data.
    """
    sides = {side: "string" for side, text in TEXTS.items() if files.name == text}
    sides = sides or {"source": "string", "target": "string"}
    columns = {**sides, **({"corpus": "int32"} if files.name == TRAIN else {})}
    schema = pa.schema([(name, pa.type_for_alias(dtype)) for name, dtype in columns.items()])
    files.folder.mkdir(parents=True)
    hashes = {name: sha256() for name in columns}
    with ExitStack() as stack:
        arrow_file = stack.enter_context(files.arrow.open("wb"))
        writer = stack.enter_context(pyarrow.ipc.new_stream(arrow_file, schema))
        text_files = [stack.enter_context(path.open("wb")) for path in files.texts]

        def write(batch: pa.RecordBatch) -> None:
            writer.write_batch(batch.select(schema.names))
            lines = {
                name: "".join(f"{value}\n" for value in batch.column(name).to_pylist()).encode() for name in columns
            }
            for name, column_hash in hashes.items():  # a column each, so that the sizes of batches do not matter
                column_hash.update(lines[name])
            for side, file in zip(("source", "target"), text_files, strict=False):
                file.write(lines[side])

        yield write
    content = checksum("".join(column_hash.hexdigest() for column_hash in hashes.values()).encode())
    files.describe(columns, fingerprint=fingerprint, content=content)


def write_pairs(files: SplitFiles, pairs: Iterable[tuple[str, str]], *, fingerprint: str) -> int:
    """Write a whole validation or test set, and return its number of pairs."""
    count = 0
    remaining = iter(pairs)
    with split_writer(files, fingerprint=fingerprint) as write:
        while piece := list(islice(remaining, _ROWS_AT_ONCE)):
            sources, targets = zip(*piece, strict=True)
            write(pa.record_batch({"source": text_array(sources), "target": text_array(targets)}))
            count += len(piece)
    return count
