"""Computes charts as data for inline SVG: the positions of lines, ticks and points."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_WIDTH, _HEIGHT = 520, 230
_LEFT, _RIGHT, _TOP, _BOTTOM = 54, 12, 12, 34
_MOST_POINTS = 400


@dataclass(frozen=True, slots=True)
class Series:
    """One line of a chart: its name and its (x, y) points, x rising."""

    name: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart of lines.

    Args:
        title: The title of the chart.
        x_title: The title of the x axis.
        series: The lines; a line without points is not drawn.
        marks: The (x, text) of each vertical marker line.
        dots: Whether to draw points instead of lines.
    """

    title: str
    x_title: str
    series: tuple[Series, ...]
    marks: tuple[tuple[float, str], ...] = ()
    dots: bool = False

    def drawing(self) -> dict[str, Any] | None:
        """Return coordinates for a template, or None if there is nothing to draw.

        A long line is reduced to points at equal distances, including the last point.
        """
        thinned = tuple if self.dots else _thinned
        series = [Series(each.name, thinned(each.points)) for each in self.series if each.points]
        if not series:
            return None
        xs = [x for each in series for x, _ in each.points] + [x for x, _ in self.marks]
        ys = [y for each in series for _, y in each.points]
        x_ticks, y_ticks = ticks(min(xs), max(xs)), ticks(min(ys), max(ys))
        x_low, x_high = min(xs), max(max(xs), min(xs) + 1e-9)
        y_low, y_high = y_ticks[0], y_ticks[-1]

        def place(x: float, y: float) -> tuple[float, float]:
            across = (x - x_low) / (x_high - x_low)
            up = (y - y_low) / (y_high - y_low)
            return (
                round(_LEFT + across * (_WIDTH - _LEFT - _RIGHT), 1),
                round(_HEIGHT - _BOTTOM - up * (_HEIGHT - _TOP - _BOTTOM), 1),
            )

        return {
            "title": self.title,
            "x_title": self.x_title,
            "dots": self.dots,
            "width": _WIDTH,
            "height": _HEIGHT,
            "frame": {"left": _LEFT, "right": _WIDTH - _RIGHT, "top": _TOP, "bottom": _HEIGHT - _BOTTOM},
            "x_ticks": [(place(x, y_low)[0], number(x)) for x in x_ticks if x_low <= x <= x_high],
            "y_ticks": [(place(x_low, y)[1], number(y)) for y in y_ticks],
            "marks": [(place(x, y_low)[0], text) for x, text in self.marks],
            "series": [
                {
                    "name": each.name,
                    "line": " ".join(f"{x},{y}" for x, y in (place(*point) for point in each.points)),
                    "points": [(*place(x, y), number(x), number(y)) for x, y in each.points],
                }
                for each in series
            ],
        }


def ticks(low: float, high: float, *, about: int = 4) -> list[float]:
    """Return round numbers at equal distances, from at most ``low`` to at least ``high``."""
    if high - low < 1e-12 * max(1.0, abs(high)):
        room = abs(low) / 2 if abs(low) > 1e-9 else 0.5
        low, high = low - room, high + room
    rough = (high - low) / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(i * step, 12) for i in range(first, last + 1)]


def number(value: float) -> str:
    """Format a number with up to four significant digits and thousands separators."""
    if value == 0:
        return "0"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    if abs(value) < 0.001:
        return f"{value:.1e}"
    return f"{value:.4g}"


def _thinned(points: Sequence[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    if len(points) <= _MOST_POINTS:
        return tuple(points)
    step = (len(points) - 1) / (_MOST_POINTS - 1)
    return tuple(points[round(i * step)] for i in range(_MOST_POINTS))
