"""``tfm translate``: as many lines out as in, in their order, each as soon as the input allows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

from transformer_cli.errors import DataError
from transformer_cli.textio import Line
from transformer_cli.workflows.windows import read_windows

if TYPE_CHECKING:
    from transformer_cli.decoding.translator import Translator
    from transformer_cli.workflows.engine_choice import EngineName

OnOverlong = Literal["split", "cut", "fail"]


@dataclass(frozen=True, slots=True)
class TranslationSettings:
    """How to translate.

    Args:
        engine: "auto" takes the exported engine where there is one that can do what is asked, else torch.
        device: "auto", "cpu", "cuda" ...
        threads: Threads of the arithmetic; None leaves them to torch.
        search: Fields of ``[decoding]`` to use instead of the model's own; None leaves one as it is.
        on_overlong: A line too long for the model is translated in pieces, cut with a warning, or an error.
        strict: Stop at bytes that are not UTF-8 instead of replacing them by U+FFFD.
    """

    engine: EngineName = "auto"
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
    # Imported here: what can go wrong without an engine should not wait for it.
    from transformer_cli.workflows.engine_choice import load_translator

    translator = load_translator(
        model,
        engine=settings.engine,
        device=settings.device,
        threads=settings.threads,
        search=settings.search,
        warn=warn,
    )
    count = 0
    for window in read_windows(source):
        _check_encoding(window, settings, warn)
        texts = [_fitting(line, translator, settings, warn) for line in window]
        translations = translator.translate(texts)
        write("".join(f"{translation.text}\n" for translation in translations).encode())
        count += len(window)
        progress(count)
    return count


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
