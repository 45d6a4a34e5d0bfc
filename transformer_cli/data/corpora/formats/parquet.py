"""Parquet files: a few rows in memory at a time."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from transformer_cli.config import LanguagesConfig
from transformer_cli.data.corpora.pairs import Columns, SentencePair, find_columns, no_columns
from transformer_cli.errors import DataError
from transformer_cli.files.os_errors import explain_os_errors
from transformer_cli.files.packed import open_text_input

_ROWS_AT_ONCE = 1024


def read_parquet(path: Path, languages: LanguagesConfig, columns: Columns | None = None) -> Iterator[SentencePair]:
    """Yield the pairs of a Parquet file, from two columns of text or from one column of records of two texts.

    ``columns`` names them; a column of records is followed by a point and the name in it, as in ``translation.fr``.

    The format must be read from its end, so a compressed file is unpacked into a temporary one.

    Raises:
        DataError: The file cannot be read, or has no such columns.
    """
    with (
        explain_os_errors(path, "read", DataError),
        open_text_input(path) as stream,
        tempfile.TemporaryFile() as unpacked,
    ):
        is_packed = path.suffix.lower() != ".parquet"
        if is_packed:
            shutil.copyfileobj(stream, unpacked)
            unpacked.seek(0)
        try:
            file = pq.ParquetFile(unpacked if is_packed else stream, pre_buffer=False)
            paths = _columns(file.schema_arrow, path, languages, columns)
            row = 0
            for batch in file.iter_batches(_ROWS_AT_ONCE, columns=sorted({names[0] for names in paths})):
                sources, targets = (_texts(batch, names) for names in paths)
                for (source, good_source), (target, good_target) in zip(sources, targets, strict=True):
                    row += 1
                    yield SentencePair(source, target, f"{path}: row {row}", good_source and good_target)
        except (pa.ArrowException, OSError, KeyError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise
            reason = str(error).partition("\n")[0].rstrip(".")
            raise DataError(f"{path}: not a whole Parquet file ({reason}); fetch or make it again") from None


def _columns(schema: Any, path: Path, languages: LanguagesConfig, columns: Columns | None) -> list[tuple[str, ...]]:
    """Return the paths of the two columns: ``("fr",)``, or ``("translation", "fr")``."""
    if columns is not None:
        return [_path_of(schema, str(name), path) for name in columns]
    tables: list[tuple[tuple[str, ...], list[Any]]] = [((), list(schema))]
    tables += [((field.name,), list(field.type)) for field in schema if pa.types.is_struct(field.type)]
    for parent, fields in tables:
        # Columns of texts only: a struct or list named after a language is something else.
        names = tuple(field.name for field in fields if _is_text(field.type))
        if found := find_columns(names, languages):
            return [(*parent, name) for name in found]
    raise no_columns(str(path), schema.names, [field.name for field in schema if _is_text(field.type)], languages)


def _path_of(schema: Any, name: str, path: Path) -> tuple[str, ...]:
    there = {(field.name,): field.type for field in schema}
    there |= {
        (field.name, inner.name): inner.type
        for field in schema
        if pa.types.is_struct(field.type)
        for inner in field.type
    }
    found = [names for names, kind in there.items() if ".".join(names) == name and _is_text(kind)]
    if not found:
        texts = ", ".join(f'"{".".join(names)}"' for names, kind in there.items() if _is_text(kind)) or "none"
        raise DataError(f'{path}: has no column "{name}" of text, but {texts}; name two of them')
    return found[0]


def _is_text(kind: Any) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _texts(batch: Any, column: tuple[str, ...]) -> Iterator[tuple[str, bool]]:
    """Yield the texts of a column, and whether each is UTF-8; Parquet requires it, but some writers break the rule."""
    array = batch.column(column[0])
    if len(column) > 1:
        # `flatten` gives null if the whole record is null; `field` would not.
        array = array.flatten()[array.type.get_field_index(column[1])]
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    for value in array.cast(pa.large_binary()).to_pylist():
        raw = value or b""
        try:
            yield raw.decode(), True
        except UnicodeDecodeError:
            yield raw.decode(errors="replace"), False
