"""Shows the inspection of one sentence on a terminal: alignment as shaded cells, the steps, the beam."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Sequence

from rich import box
from rich.cells import set_cell_size
from rich.console import Console
from rich.table import Table
from rich.text import Text

from transformer_cli.cli.display.console import plain
from transformer_cli.inspection.search_tree import SearchNode
from transformer_cli.inspection.sentence import Inspection

_SHADES = " ░▒▓█"
_LABEL = 14
_SHOWN_CANDIDATES = 4


def draw(inspection: Inspection) -> None:
    """Print ``inspection`` to stdout, at the width of the terminal, or 80 columns."""
    console = Console(file=sys.stdout, highlight=False, markup=False, emoji=False)
    console.print(Text(plain(inspection.source.text), style="bold"))
    console.print(Text(f"→ {plain(inspection.target.text)}", style="bold"))
    if inspection.is_forced:
        console.print(f"  given; the model's own: {plain(inspection.search_text)}")
    score = inspection.score
    console.print(
        f"  score {score.score:.4f} = log-probability {score.log_prob:.4f} over {score.length} pieces; "
        f"perplexity {score.perplexity:.3f}\n"
    )
    _draw_alignment(console, inspection)
    console.print("Steps: what came, and the most probable pieces", style="bold")
    console.print(_steps(inspection))
    console.print("Beam: kept at each step, best first; * leads to the translation, . is finished", style="bold")
    console.print(_beam(console, inspection))


def _draw_alignment(console: Console, inspection: Inspection) -> None:
    alignment = inspection.alignment
    if not alignment.links:
        return
    console.print("Alignment: encoder-decoder attention, mean of all layers and heads", style="bold")
    words = [plain(word.text) for word in inspection.source.words]
    room = max(24, console.width - _LABEL - 1)
    width = max(5, min(12, room // len(words)))
    at_once = room // width
    for first in range(0, len(words), at_once):
        shown = words[first : first + at_once]
        heads = "".join(f"{set_cell_size(word, min(len(word) + 1, width - 1))}".ljust(width) for word in shown)
        console.print(Text(f"{'':<{_LABEL}} {heads}"))
        for place, word in enumerate(inspection.target.words):
            row = Text(f"{set_cell_size(plain(word.text), _LABEL)} ")
            for value in alignment.weights[place][first : first + at_once]:
                row.append(_cell(value).ljust(width), style=_style(value))
            console.print(row)
        console.print()


def _cell(weight: float) -> str:
    shade = _SHADES[min(4, int(weight * 5))]
    return f"{shade}{weight:.2f}".replace("0.", ".") if weight >= 0.005 else " "


def _style(weight: float) -> str:
    return "bold cyan" if weight >= 0.5 else "cyan" if weight >= 0.2 else "dim"


def _steps(inspection: Inspection) -> Table:
    table = _table()
    table.add_column("piece", max_width=_LABEL, no_wrap=True)
    for title in ("prob.", "log p", "rank"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("most probable", no_wrap=True)
    for piece, step in zip(inspection.target.pieces, inspection.steps, strict=True):
        others = "  ".join(f"{plain(c.piece)} {c.probability:.3f}" for c in step.candidates[:_SHOWN_CANDIDATES])
        style = "green" if step.probability >= 0.5 else "yellow" if step.probability >= 0.1 else "red"
        table.add_row(
            Text(plain(piece), style=style),
            f"{step.probability:.3f}",
            f"{step.log_prob:.3f}",
            str(step.rank),
            Text(others),
        )
    return table


def _beam(console: Console, inspection: Inspection) -> Table:
    """Return the hypotheses that the search kept at each step, with a star on the path to the best translation."""
    steps: dict[int, list[tuple[SearchNode, str]]] = defaultdict(list)
    for node, piece in zip(inspection.search.nodes, inspection.search_pieces, strict=True):
        if node.step and node.status != "pruned":
            steps[node.step].append((node, piece))
    most = max(map(len, steps.values()))
    shown = max(1, min(most, (console.width - 6) // 15))
    table = _table()
    table.add_column("step", justify="right")
    for _ in range(shown):
        table.add_column("", no_wrap=True, max_width=14)
    for step, kept in steps.items():
        table.add_row(str(step), *_hypotheses(kept[:shown]))
    return table


def _hypotheses(kept: Sequence[tuple[SearchNode, str]]) -> list[Text]:
    cells = []
    for node, piece in kept:
        mark = "*" if node.is_best else "." if node.status == "finished" else " "
        text = f"{mark}{set_cell_size(plain(piece), min(6, len(piece)))} {node.log_prob:.2f}"
        cells.append(Text(text, style="bold" if node.is_best else "green" if node.status == "finished" else ""))
    return cells


def _table() -> Table:
    return Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
