"""``tfm translate``: as many lines out as in, in their order, each as soon as the input allows."""

from __future__ import annotations

import io
import os
import select
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

from transformer_cli.errors import DamagedFileError, DataError, UsageError
from transformer_cli.textio import Line, decode_line, explain_os_errors

if TYPE_CHECKING:
    from transformer_cli.decoding.translator import Translator

_WINDOW_LINES = 4000
_WINDOW_BYTES = 1 << 20
_LINE_BYTES = 1 << 24
_READ_BYTES = 1 << 16

OnOverlong = Literal["split", "cut", "fail"]


@dataclass(frozen=True, slots=True)
class TranslationSettings:
    """How to translate.

    Args:
        device: "auto", "cpu", "cuda" ...
        threads: Threads of the arithmetic; None leaves them to torch.
        search: Fields of ``[decoding]`` to use instead of the model's own; None leaves one as it is.
        on_overlong: A line too long for the model is translated in pieces, cut with a warning, or an error.
        strict: Stop at bytes that are not UTF-8 instead of replacing them by U+FFFD.
    """

    device: str = "auto"
    threads: int | None = None
    search: dict[str, Any] | None = None
    on_overlong: OnOverlong = "split"
    strict: bool = False


def translate(
    source: BinaryIO,
    write: Callable[[bytes], object],
    *,
    model: Path,
    settings: TranslationSettings = TranslationSettings(),
    warn: Callable[[str], None] = lambda _: None,
    progress: Callable[[int], None] = lambda _: None,
) -> int:
    r"""Translate every line of ``source``.

    Lines are gathered as far as they are there without waiting: from a file into large windows, from a slow pipe each
    as it comes.

    Args:
        source: Bytes; only ``\n`` ends a line, and a last line without it is one.
        write: Called with each window's translations, each ended by ``\n``.
        model: A model directory.
        settings: How.
        warn: Called with one line for each doubtful input line.
        progress: Called with the number of lines done so far.

    Returns:
        The number of lines.

    Raises:
        DataError: A line is not UTF-8 and ``strict`` is set, or too long and ``on_overlong`` is "fail".
        DamagedFileError: The model is not whole.
        UsageError: There is no such device, or a search setting is out of its range.
    """
    translator = _load_translator(model, settings)
    count = 0
    for window in read_windows(source):
        _check_encoding(window, settings, warn)
        texts = [_fitting(line, translator, settings, warn) for line in window]
        translations = translator.translate(texts)
        write("".join(f"{translation.text}\n" for translation in translations).encode())
        count += len(window)
        progress(count)
    return count


def _load_translator(model: Path, settings: TranslationSettings) -> Translator:
    # Imported here: what can go wrong without torch should not wait for it.
    import torch
    from pydantic import ValidationError

    from transformer_cli.config import DecodingConfig
    from transformer_cli.decoding.translator import Translator
    from transformer_cli.device import choose_device
    from transformer_cli.workflows.model_directory import load_model_directory

    if settings.threads is not None:
        torch.set_num_threads(settings.threads)
    try:
        with explain_os_errors(model, "read", DamagedFileError):
            loaded = load_model_directory(model, choose_device(settings.device))
        given = {key: value for key, value in (settings.search or {}).items() if value is not None}
        decoding = DecodingConfig(**{**loaded.decoding.model_dump(), **given})
    except DamagedFileError as error:
        raise DamagedFileError(f"{error}; copy the model anew, or remove {model} and run `tfm train`") from None
    except ValidationError as error:
        finding = error.errors(include_url=False)[0]
        raise UsageError(f"{finding['loc'][0]} is {finding['input']}: {finding['msg'].lower()}") from None
    return Translator(loaded.model, loaded.tokenizer, decoding)


def _check_encoding(window: Sequence[Line], settings: TranslationSettings, warn: Callable[[str], None]) -> None:
    for line in window:
        if line.had_invalid_bytes and settings.strict:
            raise DataError(f"line {line.number} has bytes that are not UTF-8; without --strict they become U+FFFD")
        if line.had_invalid_bytes:
            warn(f"line {line.number} has bytes that are not UTF-8; they became U+FFFD")


def _fitting(line: Line, translator: Translator, settings: TranslationSettings, warn: Callable[[str], None]) -> str:
    """Return the line's text, cut to what the model takes if the settings say so."""
    if settings.on_overlong == "split" or not translator.is_overlong(line.text):
        return line.text
    if settings.on_overlong == "fail":
        raise DataError(
            f"line {line.number} is longer than the {translator.limit} tokens that the model takes at once; "
            "--on-overlong split translates it in pieces"
        )
    warn(f"line {line.number} is cut to the first {translator.limit} tokens")
    return translator.cut(line.text)


def read_windows(source: BinaryIO) -> Iterator[list[Line]]:
    """Yield the lines of ``source`` in windows as large as can be had without waiting, bounded in size.

    Raises:
        DataError: ``source`` cannot be read, or holds a line of more than 16 MiB, which no text has.
    """
    window: list[Line] = []
    number = size = 0
    rest = bytearray()
    while True:
        if window and (size >= _WINDOW_BYTES or not _has_more_now(source)):
            yield window
            window, size = [], 0
        chunk = _read_some(source)
        if not chunk:
            break
        rest += chunk
        if len(rest) > _LINE_BYTES:
            raise DataError(f"line {number + 1} is longer than {_LINE_BYTES >> 20} MiB; is the input text?")
        if b"\n" not in chunk:
            continue
        *complete, rest = rest.split(b"\n")
        for raw in complete:
            number += 1
            size += len(raw)
            window.append(decode_line(bytes(raw) + b"\n", number))
            if len(window) == _WINDOW_LINES:
                yield window
                window, size = [], 0
    if rest:
        window.append(decode_line(bytes(rest), number + 1))
    if window:
        yield window


def _read_some(source: BinaryIO) -> bytes:
    """Return what is there, waiting only if nothing is; empty at the end."""
    descriptor = _descriptor(source)
    if descriptor is None:
        return source.read(_READ_BYTES)
    with explain_os_errors(Path(str(getattr(source, "name", "the input"))), "read", DataError):
        while True:
            try:
                return os.read(descriptor, _READ_BYTES)
            except BlockingIOError:  # whoever opened the pipe made it so; what is wanted here is to wait
                select.select([descriptor], [], [])


def _has_more_now(source: BinaryIO) -> bool:
    """Say whether reading would return at once; a file and a stream in memory always do."""
    descriptor = _descriptor(source)
    if descriptor is None or stat.S_ISREG(os.fstat(descriptor).st_mode):
        return True
    return bool(select.select([descriptor], [], [], 0)[0])


def _descriptor(source: BinaryIO) -> int | None:
    """Return what the system knows ``source`` by; None for a stream in memory or a packed file."""
    try:
        return source.fileno()
    except io.UnsupportedOperation:
        return None
