"""The ``tfm translate`` workflow: writes one output line for each input line, in order and without delay."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO

from transformer_cli.documents.names import KindName
from transformer_cli.errors import DataError
from transformer_cli.files.atomic import atomic_write
from transformer_cli.files.os_errors import explain_os_errors
from transformer_cli.files.packed import packed_as_named
from transformer_cli.text.lines import Line
from transformer_cli.workflows.translate.line_chunks import read_chunks
from transformer_cli.workflows.translate.settings import DocumentSettings, Shard, TranslationSettings
from transformer_cli.workflows.translate.translator import ModelPath, Translator

logger = logging.getLogger(__name__)


def translate(
    source: BinaryIO,
    write: Callable[[bytes], object],
    *,
    model: ModelPath | Sequence[ModelPath],
    settings: TranslationSettings = TranslationSettings(),
    progress: Callable[[int], None] = lambda _: None,
) -> int:
    r"""Translate every line of ``source``.

    Lines that can be read without waiting are translated together: a file is read in large chunks, a slow pipe line by
    line. A warning is logged for each doubtful line.

    Args:
        source: Stream of bytes; only ``\n`` ends a line, and the last line may lack it.
        write: Called with each chunk's translations, each ended by ``\n``.
        model: A run directory or a model directory, or several for an ensemble.
        settings: Settings of the translation.
        progress: Called with the number of lines done so far.

    Returns:
        The number of lines.

    Raises:
        DataError: A line is not UTF-8 and ``strict`` is set, or too long and ``on_overlong`` is "fail".
        DamagedFileError: The model is incomplete or damaged.
        UsageError: There is no such device, or a search setting is out of its range.
    """
    count = 0
    with Translator.from_settings(model, settings) as translator:
        for chunk in read_chunks(source):
            write(_translate_chunk(chunk, translator, settings))
            count += len(chunk)
            progress(count)
    return count


def translate_input(
    source: BinaryIO,
    write: Callable[[bytes], object],
    *,
    kind: KindName | None,
    name: str,
    model: Sequence[Path],
    settings: TranslationSettings = TranslationSettings(),
    document_settings: DocumentSettings = DocumentSettings(),
    progress: Callable[[int], None] = lambda _: None,
) -> int:
    """Translate a document of some kind with `translate_document`, or for None every line with `translate`.

    Args:
        source: As for these.
        write: As for these.
        kind: The kind of the document; None: lines of text.
        name: The document's name, for messages.
        model: As for these.
        settings: As for these.
        document_settings: As for `translate_document`.
        progress: Called with the number of lines or different passages done so far.

    Returns:
        The number of lines or passages.

    Raises:
        As these.
    """
    if kind is None:
        return translate(source, write, model=model, settings=settings, progress=progress)
    # Imported here, since lines need none of the readers.
    from transformer_cli.workflows.translate.translate_document import translate_document

    return translate_document(
        source,
        write,
        kind=kind,
        name=name,
        model=model,
        settings=settings,
        document_settings=document_settings,
        progress=progress,
    )


def translate_shard(
    source: BinaryIO,
    output: Path,
    *,
    shard: Shard,
    model: ModelPath | Sequence[ModelPath],
    settings: TranslationSettings = TranslationSettings(),
    progress: Callable[[int], None] = lambda _: None,
) -> int:
    """Translate one shard of a file: every N-th chunk, each into a separate output file.

    N processes, on any machines, share the work. The output files are named ``OUTPUT.part-00000001`` and so on, by the
    number of the chunk. The files of all shards, joined in the order of their names, are the whole translation, packed
    if the name says so.

    Args:
        source: A file; every process divides it into the same chunks.
        output: Prefix of the names of the output files.
        shard: The part of the file to translate.
        model: As for `translate`.
        settings: Settings of the translation.
        progress: Called with the number of lines done so far.

    Returns:
        The number of lines of this shard.

    Raises:
        As `translate`.
    """
    count = number = 0
    with Translator.from_settings(model, settings) as translator:
        for number, chunk in enumerate(read_chunks(source), start=1):
            if (number - shard.number) % shard.count == 0:
                with atomic_write(_part(output, number)) as stream, packed_as_named(output, stream) as out:
                    out.write(_translate_chunk(chunk, translator, settings))
                count += len(chunk)
                progress(count)
    if not number and shard.number == 1:  # so that there is something to join
        with atomic_write(_part(output, 1)) as stream, packed_as_named(output, stream):
            pass
    _remove_parts(output, above=max(1, number))
    return count


def _part(output: Path, number: int) -> Path:
    return output.with_name(f"{output.name}.part-{number:08d}")


def _remove_parts(output: Path, *, above: int) -> None:
    """Remove the output files of an earlier, longer input, which would be joined to those of this one."""
    numbered = re.compile(re.escape(output.name) + r"\.part-([0-9]{8,})")
    with explain_os_errors(output):
        for path in output.parent.iterdir():
            if (found := numbered.fullmatch(path.name)) and int(found[1]) > above:
                path.unlink(missing_ok=True)


def _translate_chunk(chunk: list[Line], translator: Translator, settings: TranslationSettings) -> bytes:
    """Return the output lines for a chunk of input lines."""
    # Imported here, as the engine is, so that errors that involve neither are reported sooner.
    from transformer_cli.workflows.translate.output_format import format_translation, missing_message

    _check_encoding(chunk, settings)
    for line in chunk:
        if line.text.lstrip().startswith(">>") and (problem := translator.unknown_language(line.text)):
            logger.warning(f"line {line.number} {problem}")
    translations = translator.translate_detailed(
        [_fitting(line, translator, settings) for line in chunk],
        n_best=settings.n_best,
        with_alignment=settings.with_alignment,
        prefix=settings.prefix,
        sampling=settings.sampling,
        mbr_candidates=settings.mbr_candidates,
    )
    for line, translation in zip(chunk, translations, strict=True):
        if translation.missing:
            logger.warning(missing_message(f"line {line.number}", translation))
    output_format, n_best = settings.output_format, settings.n_best
    written = (
        format_translation(line, translation, output_format=output_format, n_best=n_best)
        for line, translation in zip(chunk, translations, strict=True)
    )
    return "".join(written).encode()


def _check_encoding(chunk: Sequence[Line], settings: TranslationSettings) -> None:
    for line in chunk:
        if line.had_invalid_bytes and settings.strict:
            raise DataError(f"line {line.number} has bytes that are not UTF-8; without --strict they become U+FFFD")
        if line.had_invalid_bytes:
            logger.warning(f"line {line.number} has bytes that are not UTF-8; they became U+FFFD")


def _fitting(line: Line, translator: Translator, settings: TranslationSettings) -> str:
    """Return the text of the line, cut to the model's maximum length if the settings require it."""
    if settings.on_overlong == "split" or not translator.is_overlong(line.text):
        return line.text
    if settings.on_overlong == "fail":
        raise DataError(
            f"line {line.number} is longer than the {translator.limit} tokens that the model takes at once; "
            "--on-overlong split translates it in pieces"
        )
    logger.warning(f"line {line.number} is cut to the first {translator.limit} tokens")
    return translator.cut(line.text)
