"""``tfm translate``: as many lines out as in, in their order, each as soon as the input allows."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

from transformer_cli.errors import DataError, UsageError
from transformer_cli.files.atomic import atomic_write
from transformer_cli.text.lines import Line
from transformer_cli.workflows.translate.line_chunks import read_windows

if TYPE_CHECKING:
    from transformer_cli.decoding.engine import Sampling, SearchOptions
    from transformer_cli.decoding.translator import Translation, Translator
    from transformer_cli.workflows.translate.load_translator import EngineName
    from transformer_cli.workflows.translate.output_format import OutputFormat

logger = logging.getLogger(__name__)

OnOverlong = Literal["split", "cut", "fail"]


@dataclass(frozen=True, slots=True)
class TranslationSettings:
    """How to translate.

    Args:
        engine: "auto" takes the exported engine where there is one that can do what is asked, else torch.
        device: "auto", "cpu", "cuda" ...
        threads: Threads of the arithmetic, and processes for large inputs; None: as many as there are cores.
        precision: "auto", "float32" or "bfloat16": the type of torch's matrix products.
        search: Fields of ``[decoding]`` to use instead of the model's own; None leaves one as it is.
        on_overlong: A line too long for the model is translated in pieces, cut with a warning, or an error.
        strict: Stop at bytes that are not UTF-8 instead of replacing them by U+FFFD.
        output_format: How translations are written; see `format_translation`.
        n_best: How many translations of each line.
        with_alignment: Whether to say which words of the source each word comes from.
        prefix: What every translation is to begin with.
        sampling: Draw instead of searching; None: search.
        mbr_candidates: Choose by minimum Bayes risk among so many candidates; None: by score.
    """

    engine: EngineName = "auto"
    device: str = "auto"
    threads: int | None = None
    precision: str = "auto"
    search: dict[str, Any] | None = None
    on_overlong: OnOverlong = "split"
    strict: bool = False
    output_format: OutputFormat = "text"
    n_best: int = 1
    with_alignment: bool = False
    prefix: str = ""
    sampling: Sampling | None = None
    mbr_candidates: int | None = None

    def search_options(self) -> SearchOptions:
        """Return what is asked of the engine.

        Raises:
            UsageError: More translations are asked for than candidates.
        """
        from transformer_cli.decoding.engine import SearchOptions

        candidates = self.mbr_candidates or self.n_best
        if candidates < self.n_best:
            raise UsageError(f"{candidates} candidates cannot give {self.n_best} best translations; raise --mbr")
        return SearchOptions(n_best=candidates, with_alignment=self.with_alignment, sampling=self.sampling)


def translate(
    source: BinaryIO,
    write: Callable[[bytes], object],
    *,
    model: Path | Sequence[Path],
    settings: TranslationSettings = TranslationSettings(),
    progress: Callable[[int], None] = lambda _: None,
) -> int:
    r"""Translate every line of ``source``.

    Lines are gathered as far as they are there without waiting: from a file into large windows, from a slow pipe each
    as it comes. A warning is logged for each doubtful line.

    Args:
        source: Bytes; only ``\n`` ends a line, and a last line without it is one.
        write: Called with each window's translations, each ended by ``\n``.
        model: A model directory, or several, which translate together.
        settings: How.
        progress: Called with the number of lines done so far.

    Returns:
        The number of lines.

    Raises:
        DataError: A line is not UTF-8 and ``strict`` is set, or too long and ``on_overlong`` is "fail".
        DamagedFileError: The model is not whole.
        UsageError: There is no such device, or a search setting is out of its range.
    """
    count = 0
    translate_window = _window_translator(model, settings)
    for window in read_windows(source):
        write(translate_window(window))
        count += len(window)
        progress(count)
    return count


def translate_shard(
    source: BinaryIO,
    output: Path,
    *,
    shard: tuple[int, int],
    model: Path | Sequence[Path],
    settings: TranslationSettings = TranslationSettings(),
    progress: Callable[[int], None] = lambda _: None,
) -> int:
    """Translate every N-th window of a file into a file of its own: one of N processes, on any machine.

    The files are called ``OUTPUT.part-00000001`` and so on, by the number of the window; those of all shards, in the
    order of their names, are the whole.

    Args:
        source: A file, which has the same windows for every process.
        output: What the names of the parts begin with.
        shard: Which, from 1, and of how many.
        model: As for `translate`.
        settings: How.
        progress: Called with the number of lines done so far.

    Returns:
        The number of lines of this shard.

    Raises:
        UsageError: There is no such shard; and as `translate`.
    """
    own, shards = shard
    if not 1 <= own <= shards:
        raise UsageError(f"there is no shard {own} of {shards}; give 1/{shards} to {shards}/{shards}")
    count = 0
    translate_window = _window_translator(model, settings)
    for number, window in enumerate(read_windows(source), start=1):
        if (number - own) % shards == 0:
            with atomic_write(output.with_name(f"{output.name}.part-{number:08d}")) as out:
                out.write(translate_window(window))
            count += len(window)
            progress(count)
    return count


def _window_translator(model: Path | Sequence[Path], settings: TranslationSettings) -> Callable[[list[Line]], bytes]:
    """Load the model; return a function from a window to what is written of it."""
    # Imported here: what can go wrong without an engine should not wait for it.
    from transformer_cli.workflows.translate.load_translator import load_translator
    from transformer_cli.workflows.translate.output_format import format_translation

    first, *others = [model] if isinstance(model, Path) else model
    translator = load_translator(
        first,
        others=others,
        engine=settings.engine,
        device=settings.device,
        threads=settings.threads,
        precision=settings.precision,
        search=settings.search,
        options=settings.search_options(),
        prefix=settings.prefix,
    )

    def translate_window(window: list[Line]) -> bytes:
        _check_encoding(window, settings)
        texts = [_fitting(line, translator, settings) for line in window]
        found = _chosen(translator.translate(texts), settings)
        form, n_best = settings.output_format, settings.n_best
        written = (
            format_translation(line, translation, output_format=form, n_best=n_best)
            for line, translation in zip(window, found, strict=True)
        )
        return "".join(written).encode()

    return translate_window


def _chosen(translations: list[Translation], settings: TranslationSettings) -> Iterator[Translation]:
    if settings.mbr_candidates is None:
        yield from translations
        return
    from transformer_cli.decoding.minimum_bayes_risk import by_agreement

    yield from map(by_agreement, translations)


def _check_encoding(window: Sequence[Line], settings: TranslationSettings) -> None:
    for line in window:
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
