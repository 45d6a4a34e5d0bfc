"""Writes each figure of a page to a separate file, for slides and papers; needs matplotlib (``[plots]`` extra)."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import Tensor

from transformer_cli.errors import UsageError
from transformer_cli.files.atomic import atomic_write
from transformer_cli.files.os_errors import explain_os_errors
from transformer_cli.inspection.sentence import Inspection

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_STATUS = {"live": ("#e0f1f3", "#0b7285"), "finished": ("#2b7a3d", "#2b7a3d"), "pruned": ("#ffffff", "#c9c6bd")}
_BEST = "#a8500b"
# A "$" in a sentence does not start a formula. Text in SVG stays text, so that a font is found for every script.
_SETTINGS: Any = {"text.parse_math": False, "svg.fonttype": "none", "svg.hashsalt": "tfm", "font.size": 9}


def write_figures(inspection: Inspection, folder: Path, kind: str) -> list[Path]:
    """Write the figures of an inspection.

    Args:
        inspection: The inspection to draw.
        folder: The output folder; created if missing.
        kind: The file format, "png" or "svg".

    Returns:
        The paths of the files.

    Raises:
        UsageError: matplotlib is not installed.
        TfmError: A file cannot be written.
    """
    try:
        import matplotlib
    except ImportError:
        raise UsageError(
            f"--{kind} needs matplotlib, which is not installed; run `pip install 'transformer-cli[plots]'`"
        ) from None
    with explain_os_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    written = []
    with matplotlib.rc_context(_SETTINGS), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing", UserWarning)  # a box is drawn instead
        for name, make in _FIGURES.items():
            path = folder / f"{name}.{kind}"
            figure = make(inspection)
            # No date, so that the same sentence gives the same file.
            metadata: dict[str, Any] = {"Date": None} if kind == "svg" else {}
            with atomic_write(path) as out:
                figure.savefig(out, format=kind, dpi=200, bbox_inches="tight", metadata=metadata)
            written.append(path)
    return written


def _figure(width: float, height: float) -> Figure:
    from matplotlib.figure import Figure  # instead of pyplot: no window and no global state

    return Figure(figsize=(width, height))


def _embeddings(inspection: Inspection) -> Figure:
    embedding, pieces = inspection.embedding, inspection.source.pieces
    parts = (("embeddings", embedding.tokens), ("+ positions", embedding.positions), ("= input", embedding.sums))
    figure = _figure(9, 0.9 + 0.6 * len(pieces))
    for axes, (title, values) in zip(
        figure.subplots(3, 1, sharex=True, gridspec_kw={"hspace": 0.3}), parts, strict=True
    ):
        _signed(figure, axes, values)
        axes.set_title(title, loc="left")
        axes.set_yticks(range(len(pieces)), pieces)
    return figure


def _position_table(inspection: Inspection) -> Figure:
    figure = _figure(9, 5)
    axes = figure.subplots()
    _signed(figure, axes, inspection.embedding.table)
    axes.set(xlabel="dimension", ylabel="position")
    return figure


def _signed(figure: Figure, axes: Axes, values: Tensor) -> None:
    largest = float(values.abs().max())
    image = axes.imshow(values.numpy(), aspect="auto", cmap="RdBu_r", vmin=-largest, vmax=largest, interpolation="none")
    figure.colorbar(image, ax=axes, pad=0.01)


def _attention(maps: Tensor, rows: Sequence[str], columns: Sequence[str]) -> Figure:
    layers, heads = maps.shape[:2]
    side = 0.6 + 0.17 * len(columns), 0.6 + 0.17 * len(rows)
    figure = _figure(heads * side[0] + 0.8, layers * side[1] + 0.4)
    for layer, line in enumerate(figure.subplots(layers, heads, squeeze=False, gridspec_kw={"wspace": 0.08})):
        for head, axes in enumerate(line):
            axes.imshow(maps[layer, head].numpy(), cmap="Blues", vmin=0, vmax=1, interpolation="none")
            axes.set_title(f"layer {layer + 1}, head {head + 1}")
            axes.set_xticks(range(len(columns)), columns if layer == layers - 1 else [], rotation=90)
            axes.set_yticks(range(len(rows)), rows if head == 0 else [])
    return figure


def _steps(inspection: Inspection) -> Figure:
    across = min(4, len(inspection.steps))
    down = math.ceil(len(inspection.steps) / across)
    figure = _figure(2.7 * across, 2.1 * down)
    for place, axes in enumerate(
        figure.subplots(down, across, squeeze=False, gridspec_kw={"wspace": 0.7, "hspace": 0.4}).flat
    ):
        if place >= len(inspection.steps):
            axes.axis("off")
            continue
        candidates, chosen = inspection.steps[place].candidates, inspection.target.ids[place]
        colors = [_BEST if candidate.id == chosen else "#d9b899" for candidate in candidates]
        axes.barh(range(len(candidates)), [candidate.probability for candidate in candidates], color=colors)
        axes.set_yticks(range(len(candidates)), [candidate.piece for candidate in candidates])
        axes.set(xlim=(0, 1), title=f"{place + 1}: {inspection.target.pieces[place]}")
        axes.invert_yaxis()
    return figure


def _search(inspection: Inspection) -> Figure:
    nodes = inspection.search.nodes
    ranks: dict[int, int] = {}
    places = []
    for node in nodes:
        ranks[node.step] = ranks.get(node.step, -1) + 1
        places.append((node.step, -ranks[node.step]))
    figure = _figure(1.1 * (max(ranks) + 1), 0.5 + 0.3 * (max(ranks.values()) + 1))
    axes = figure.subplots()
    axes.axis("off")
    axes.set(xlim=(-0.6, max(ranks) + 0.6), ylim=(-max(ranks.values()) - 0.7, 0.7))
    for node, place, piece in zip(nodes, places, inspection.search_pieces, strict=True):
        if node.parent is not None:
            style: dict[str, Any] = (
                {"color": _BEST, "linewidth": 2} if node.is_best else {"color": "#dedbd2", "linewidth": 0.8}
            )
            (x1, y1), (x2, y2) = places[node.parent], place
            axes.plot([x1, x2], [y1, y2], zorder=1 + node.is_best, **style)
        face, edge = _STATUS[node.status]
        frame = {"boxstyle": "round", "facecolor": face, "edgecolor": _BEST if node.is_best else edge}
        ink = {"live": "black", "finished": "white", "pruned": "#8a8f99"}[node.status]
        axes.text(*place, piece, ha="center", va="center", color=ink, bbox=frame, zorder=3)
    return figure


def _alignment(inspection: Inspection) -> Figure:
    alignment = inspection.alignment
    rows, columns = inspection.target.words, inspection.source.words
    figure = _figure(1.2 + 0.45 * len(columns), 1.0 + 0.36 * len(rows))
    axes = figure.subplots()
    if not alignment.links:
        axes.axis("off")
        return figure
    axes.imshow(alignment.weights, cmap="Blues", vmin=0, vmax=1, interpolation="none")
    axes.set_xticks(range(len(columns)), [word.text for word in columns], rotation=60, ha="right")
    axes.set_yticks(range(len(rows)), [word.text for word in rows])
    return figure


def _score(inspection: Inspection) -> Figure:
    pieces = inspection.target.pieces
    figure = _figure(6, 0.8 + 0.25 * len(pieces))
    axes = figure.subplots()
    axes.barh(range(len(pieces)), [step.log_prob for step in inspection.steps], color="#b3261e")
    axes.set_yticks(range(len(pieces)), pieces)
    axes.set(xlabel=f"log-probability; together {inspection.score.log_prob:.4f}")
    axes.invert_yaxis()
    return figure


_FIGURES: dict[str, Callable[[Inspection], Figure]] = {
    "embeddings": _embeddings,
    "position-table": _position_table,
    "encoder-attention": lambda it: _attention(it.attention.encoder, it.source.pieces, it.source.pieces),
    "decoder-attention": lambda it: _attention(it.attention.decoder, it.decoder_input, it.decoder_input),
    "cross-attention": lambda it: _attention(it.attention.cross, it.target.pieces, it.source.pieces),
    "steps": _steps,
    "search": _search,
    "alignment": _alignment,
    "score": _score,
}
