"""Translates a document: its texts through the model, everything else as it is."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import BinaryIO

from transformer_cli.artifacts.model_manifest import ModelManifest
from transformer_cli.documents.document import Task
from transformer_cli.documents.kinds import KINDS
from transformer_cli.documents.names import KindName
from transformer_cli.errors import DataError
from transformer_cli.workflows.translate.passage_translator import PassageTranslator
from transformer_cli.workflows.translate.read_memories import read_memories
from transformer_cli.workflows.translate.settings import DocumentSettings, TranslationSettings
from transformer_cli.workflows.translate.translator import Translator

logger = logging.getLogger(__name__)

_MOST_BYTES = 1 << 29


def translate_document(
    source: BinaryIO,
    write: Callable[[bytes], object],
    *,
    kind: KindName,
    name: str,
    model: Sequence[Path],
    settings: TranslationSettings = TranslationSettings(),
    document_settings: DocumentSettings = DocumentSettings(),
    progress: Callable[[int], None] = lambda _: None,
) -> int:
    """Write a document with its texts translated.

    Equal passages are translated once. The model is loaded only if there is something to translate.

    Args:
        source: Stream of the document's bytes.
        write: Called once, with the whole new document.
        kind: Its kind.
        name: Its name, for messages.
        model: Model directories, several for an ensemble.
        settings: Settings of the translation.
        document_settings: What is translated, and how it is marked.
        progress: Called with the number of different passages translated so far.

    Returns:
        The number of passages, equal ones counted each time.

    Raises:
        DataError: The document is damaged or not of this kind, or a memory cannot be read.
        DamagedFileError: The model is incomplete or damaged.
        UsageError: There is no such device, or a search setting is out of its range.
    """
    languages = settings.languages(ModelManifest.load(model[0]).languages)
    task = Task(languages.source, languages.target, document_settings.is_final)
    memory = read_memories(document_settings.memories, languages)
    passages = PassageTranslator(lambda: Translator.from_settings(list(model), settings), settings, memory, progress)
    form, data = KINDS[kind], _read(source, name)
    with closing(passages):
        with _named(name):
            text, encoding = form.decode(data)
        for read in form.readers:
            with _named(name):
                document = read(text, task)
            text = passages.translate(document, replace_all=document_settings.replace_all)
        with _named(name):
            new = encoding.encode(text, form.missing)
    write(new)
    if memory:
        logger.info(f"{passages.remembered} of {passages.count} passages were in the memory")
    logger.debug(f"{passages.done} different passages were translated")
    return passages.count


@contextmanager
def _named(name: str) -> Iterator[None]:
    """Put the name of the document before an error; errors of a glossary or a model have names of their own."""
    try:
        yield
    except DataError as error:
        raise DataError(f"{name}: {error}") from None


def _read(source: BinaryIO, name: str) -> bytes:
    data = source.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise DataError(
            f"{name}: larger than {_MOST_BYTES >> 20} MiB; divide it, or translate it as --file-format lines"
        )
    return data
