"""The folder of an export: it appears whole or not at all, and replaces nothing but an earlier export."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from transformer_cli.data.tokens.tokenizer import TOKENIZER_FILES
from transformer_cli.errors import UsageError
from transformer_cli.files.atomic import atomic_folder
from transformer_cli.files.os_errors import explain_os_errors

_VOCABULARIES = ("shared_vocabulary.json", "source_vocabulary.json", "target_vocabulary.json")
_FILES_OF_AN_EXPORT = (
    {"model.bin", "config.json", "engine.json", "kept_lines.json", "compared.json", *_VOCABULARIES, *TOKENIZER_FILES},
    {"model.safetensors", "config.json", "generation_config.json", "tokenizer_config.json"}
    | {"vocab.json", "target_vocab.json", "source.spm", "target.spm"},
)
"""File names that an export of either library may have; a folder with any other file is not replaced."""


@contextmanager
def export_folder(folder: Path) -> Iterator[Path]:
    """Yield an empty folder that replaces ``folder`` at the end; an error leaves ``folder`` as it was.

    Raises:
        TfmError: The folder cannot be written.
        UsageError: ``folder`` exists and is not an export.
    """
    with explain_os_errors(folder):
        folder = folder.resolve()  # keeps a symbolic link, and gives "." a name
        held = {path.name for path in folder.iterdir()} if folder.exists() else set()
    if not any(held <= files for files in _FILES_OF_AN_EXPORT):
        named = min(held - set().union(*_FILES_OF_AN_EXPORT), default=min(held))
        raise UsageError(
            f"{folder} holds something else than an export, such as {named}; name a folder that is not there yet"
        )
    with atomic_folder(folder) as beside:
        yield beside
