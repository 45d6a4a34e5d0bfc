"""``tfm translate``."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Literal

import typer

from transformer_cli.cli import console
from transformer_cli.cli.options import DeviceOption, QuietOption, VerboseOption
from transformer_cli.cli.progress import translation_display
from transformer_cli.cli.streams import is_stdout_watched, open_input, open_output


def translate(
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="Input; left out or -: stdin.")] = None,
    model: Annotated[
        Path | None,
        typer.Option("--model", "-m", envvar="TFM_MODEL", help="A model directory or a run directory."),
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Written whole or not at all.")] = None,
    beam_size: Annotated[
        int | None, typer.Option("--beam-size", min=1, help="Width of the search; 1 is greedy.")
    ] = None,
    length_penalty: Annotated[
        float | None,
        typer.Option("--length-penalty", help="Scores are log_prob / length ** this, end of sentence counted."),
    ] = None,
    on_overlong: Annotated[
        Literal["split", "cut", "fail"],
        typer.Option(
            "--on-overlong", help="A line too long for the model: translate pieces, cut with a warning, or fail."
        ),
    ] = "split",
    strict: Annotated[bool, typer.Option("--strict", help="Stop at bytes that are not UTF-8 (exit code 65).")] = False,
    engine: Annotated[
        Literal["auto", "torch", "ctranslate2"],
        typer.Option("--engine", help="auto: what `tfm export --to ctranslate2` wrote, if it can do what is asked."),
    ] = "auto",
    device: DeviceOption = "auto",
    threads: Annotated[
        int | None, typer.Option("--threads", min=1, max=1024, help="Threads of the arithmetic.")
    ] = None,
    batch_tokens: Annotated[
        int | None, typer.Option("--batch-tokens", min=16, help="Source tokens searched at once.")
    ] = None,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Translate each line of stdin or FILE to one line of stdout, in order.

    A line's translation does not depend on the lines beside it, but for rounding where two hypotheses tie.
    """
    from transformer_cli.workflows.find_model import find_model
    from transformer_cli.workflows.translation import TranslationSettings
    from transformer_cli.workflows.translation import translate as run_translate

    search = {"beam_size": beam_size, "length_penalty": length_penalty, "batch_tokens": batch_tokens}
    settings = TranslationSettings(engine, device, threads, search, on_overlong, strict)
    with ExitStack() as stack:
        folder = find_model(model)
        source = stack.enter_context(open_input(file))
        write = stack.enter_context(open_output(output))
        progress = stack.enter_context(translation_display(is_wanted=not is_stdout_watched(output)))
        console.detail(f"translating with {folder}")
        count = run_translate(source, write, model=folder, settings=settings, warn=console.warn, progress=progress)
    console.detail(f"{count} lines translated")
