"""The command ``tfm inspect``."""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from transformer_cli.cli.display import console
from transformer_cli.cli.options import (
    DeviceOption,
    ModelRecipeArgument,
    QuietOption,
    VerboseOption,
    chosen_model,
    output_option,
    written_path,
)
from transformer_cli.cli.streams import open_input
from transformer_cli.errors import DataError, UsageError
from transformer_cli.files.atomic import write_atomically
from transformer_cli.text.lines import read_lines

if TYPE_CHECKING:
    from transformer_cli.inspection.sentence import Inspection

logger = logging.getLogger(__name__)

_PAGE = Path("inspection.html")


def inspect(
    context: typer.Context,
    sentence: Annotated[str | None, typer.Argument(metavar="SENTENCE", help="Left out or -: a line of stdin.")] = None,
    recipe: ModelRecipeArgument = None,
    model: Annotated[
        Path | None,
        typer.Option("--model", "-m", envvar="TFM_MODEL", help="A model directory or a run directory."),
    ] = None,
    output: Annotated[
        Path | None, output_option("The page. Default: inspection.html, if nothing else is asked for.")
    ] = None,
    target: Annotated[
        str | None, typer.Option("--target", help="Look at this translation instead of the model's own.")
    ] = None,
    terminal: Annotated[bool, typer.Option("--terminal", help="Draw in the terminal.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as one JSON object.")] = False,
    png: Annotated[
        Path | None,
        typer.Option(
            "--png", metavar="DIR", parser=written_path, help="Write each picture as a file; needs matplotlib."
        ),
    ] = None,
    svg: Annotated[
        Path | None,
        typer.Option("--svg", metavar="DIR", parser=written_path, help="The same in a format that scales."),
    ] = None,
    candidates: Annotated[int, typer.Option("--candidates", min=1, max=100, help="Next pieces shown at a step.")] = 8,
    beam_size: Annotated[
        int | None, typer.Option("--beam-size", min=1, help="Width of the search; 1 is greedy.")
    ] = None,
    length_penalty: Annotated[
        float | None,
        typer.Option("--length-penalty", help="Scores are log_prob / length ** this, end of sentence counted."),
    ] = None,
    device: DeviceOption = "auto",
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Show what the model does with one sentence: a page with attention, probabilities, search and alignment.

    Prints the path of each file it wrote, if stdout is left to it by --json and --terminal.
    """
    if terminal and as_json:
        raise UsageError("--terminal and --json both want stdout; choose one")
    from transformer_cli.workflows.locate.model import find_model

    folder = find_model(chosen_model(context, recipe, model))
    text = _one_line() if sentence in (None, "-") else sentence
    from transformer_cli.config import SearchOverrides
    from transformer_cli.workflows.inspect import inspect as run_inspect

    search = SearchOverrides(beam_size=beam_size, length_penalty=length_penalty)
    inspection = run_inspect(
        text or "", model=folder, target=target, search=search, candidates=candidates, device=device
    )
    _print(inspection, as_json=as_json, terminal=terminal)
    written = [*_pictures(inspection, png, "png"), *_pictures(inspection, svg, "svg")]
    if output or not (as_json or terminal or png or svg):
        written.append(_page(inspection, output or _PAGE))
    if not (as_json or terminal):
        sys.stdout.write("".join(f"{console.plain(str(path))}\n" for path in written))


def _print(inspection: Inspection, *, as_json: bool, terminal: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(inspection.document(), ensure_ascii=False) + "\n")
    if terminal:
        from transformer_cli.cli.display.inspection import draw

        draw(inspection)


def _one_line() -> str:
    """Return the line read from stdin, which must be the only one."""
    with open_input(None) as source:
        lines = list(read_lines(source))
    if len(lines) != 1:
        raise DataError(f"stdin has {len(lines)} lines; inspect looks at one sentence, in one line")
    if lines[0].had_invalid_bytes:
        logger.warning("the sentence has bytes that are not UTF-8; they became U+FFFD")
    return lines[0].text


def _page(inspection: Inspection, path: Path) -> Path:
    from transformer_cli.inspection.page import inspection_page

    write_atomically(path, inspection_page(inspection).encode())
    return path


def _pictures(inspection: Inspection, folder: Path | None, kind: str) -> list[Path]:
    if folder is None:
        return []
    from transformer_cli.inspection.figures import write_figures

    return write_figures(inspection, folder, kind)
