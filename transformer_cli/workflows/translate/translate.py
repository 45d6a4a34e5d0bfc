"""``tfm translate``: as many lines out as in, in their order, each as soon as the input allows."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO

from transformer_cli.errors import DataError
from transformer_cli.files.atomic import atomic_write
from transformer_cli.text.lines import Line
from transformer_cli.workflows.translate.line_chunks import read_chunks
from transformer_cli.workflows.translate.settings import Shard, TranslationSettings
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

    Lines are gathered as far as they are there without waiting: from a file into large chunks, from a slow pipe each
    as it comes. A warning is logged for each doubtful line.

    Args:
        source: Bytes; only ``\n`` ends a line, and a last line without it is one.
        write: Called with each chunk's translations, each ended by ``\n``.
        model: A run directory or a model directory; several translate together.
        settings: How to translate.
        progress: Called with the number of lines done so far.

    Returns:
        The number of lines.

    Raises:
        DataError: A line is not UTF-8 and ``strict`` is set, or too long and ``on_overlong`` is "fail".
        DamagedFileError: The model is not whole.
        UsageError: There is no such device, or a search setting is out of its range.
    """
    count = 0
    with Translator.from_settings(model, settings) as translator:
        for chunk in read_chunks(source):
            write(_translate_chunk(chunk, translator, settings))
            count += len(chunk)
            progress(count)
    return count


def translate_shard(
    source: BinaryIO,
    output: Path,
    *,
    shard: Shard,
    model: ModelPath | Sequence[ModelPath],
    settings: TranslationSettings = TranslationSettings(),
    progress: Callable[[int], None] = lambda _: None,
) -> int:
    """Translate every N-th chunk of a file into a file of its own: one of N processes, on any machine.

    The files are called ``OUTPUT.part-00000001`` and so on, by the number of the chunk; those of all shards, in the
    order of their names, are the whole.

    Args:
        source: A file, which has the same chunks for every process.
        output: What the names of the parts begin with.
        shard: Which part of the file.
        model: As for `translate`.
        settings: How to translate.
        progress: Called with the number of lines done so far.

    Returns:
        The number of lines of this shard.

    Raises:
        As `translate`.
    """
    count = 0
    with Translator.from_settings(model, settings) as translator:
        for number, chunk in enumerate(read_chunks(source), start=1):
            if (number - shard.number) % shard.count == 0:
                with atomic_write(output.with_name(f"{output.name}.part-{number:08d}")) as out:
                    out.write(_translate_chunk(chunk, translator, settings))
                count += len(chunk)
                progress(count)
    return count


def _translate_chunk(chunk: list[Line], translator: Translator, settings: TranslationSettings) -> bytes:
    """Return the lines of output for some lines of input."""
    # Imported here, as the engine is: mistakes that need neither to be found are reported sooner.
    from transformer_cli.workflows.translate.output_format import format_translation

    _check_encoding(chunk, settings)
    translations = translator.translate_detailed(
        [_fitting(line, translator, settings) for line in chunk],
        n_best=settings.n_best,
        with_alignment=settings.with_alignment,
        prefix=settings.prefix,
        sampling=settings.sampling,
        mbr_candidates=settings.mbr_candidates,
    )
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
    """Return the line's text, cut to what the model takes if the settings say so."""
    if settings.on_overlong == "split" or not translator.is_overlong(line.text):
        return line.text
    if settings.on_overlong == "fail":
        raise DataError(
            f"line {line.number} is longer than the {translator.limit} tokens that the model takes at once; "
            "--on-overlong split translates it in pieces"
        )
    logger.warning(f"line {line.number} is cut to the first {translator.limit} tokens")
    return translator.cut(line.text)
