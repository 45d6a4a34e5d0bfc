"""Shows a training: a live table with Rich on a terminal, and periodic lines elsewhere and in the log."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from transformer_cli.cli.display import console
from transformer_cli.training.ending.eta import StopLimit, StopLimits
from transformer_cli.training.events import (
    IntervalReport,
    RunOpened,
    SessionOpened,
    StepReport,
    TrainingEvent,
    ValidationReport,
)

if TYPE_CHECKING:
    from rich.table import Table

logger = logging.getLogger(__name__)

_BAR_WIDTH = 20
_INDENT = "    "


@contextmanager
def training_display() -> Iterator[Callable[[TrainingEvent], None]]:
    """Yield a function that shows the events of a training and writes them to the log of the run."""
    if console.is_quiet() or console.is_json() or not console.is_terminal():
        yield log_event
        return
    from rich.console import Console
    from rich.live import Live

    terminal = Console(stderr=True, markup=False, highlight=False, emoji=False)
    training = _LiveTraining()
    live = Live(get_renderable=training.picture, console=terminal, transient=True)
    live.start()
    try:
        with console.printed_by(lambda lines: terminal.print(lines, soft_wrap=True)):
            yield training.show
    finally:
        with suppress(OSError):  # the terminal may be closed by now
            live.stop()


def log_event(event: TrainingEvent, *, is_drawn: bool = False) -> None:
    """Log an event as text; a single update is logged as a detail.

    Args:
        event: The event.
        is_drawn: Whether the terminal already shows the event in the live table.
    """
    if isinstance(event, RunOpened):
        console.open_log(event.log)
        return
    level = logging.DEBUG if isinstance(event, StepReport) else logging.INFO
    if logger.isEnabledFor(level) and (lines := _lines_of(event)):
        extra = {"more_lines": lines[1:], "fields": _fields_of(event), "is_drawn": is_drawn}
        logger.log(level, lines[0], extra=extra)


def _lines_of(event: TrainingEvent) -> list[str]:
    """Return an event as one or more lines of text, or none if another message has the details."""
    match event:
        case StepReport():
            return [f"step {event.step}: loss {event.loss:.3f}, gradient norm {event.gradient_norm:.3g}"]
        case SessionOpened():
            where = f"{event.device}, {event.threads} threads" if event.device == "cpu" else event.device
            where += f", {event.precision}"
            return [f"{event.parameters:,} parameters, {event.updates_per_epoch} updates an epoch, on {where}"]
        case IntervalReport():
            return [
                f"step {event.step}: epoch {event.epoch + 1}, loss {event.loss:.3f}, "
                f"{event.target_tokens_per_second:,.0f} target tokens/s, padding {event.padding_share:.1%}, "
                f"learning rate {event.learning_rate:.2g}, gradient norm {_norm(event)}, "
                f"{console.duration(event.elapsed_seconds)} so far"
            ]
        case ValidationReport():
            source, translation, reference = event.scores.sample
            best = ", the best so far" if event.is_best else ""
            return [
                f"validation at step {event.step}: loss {event.loss:.3f}, BLEU {event.scores.bleu:.2f}, "
                f"chrF {event.scores.chrf:.2f}{best}",
                f"{_INDENT}source       {source}",
                f"{_INDENT}translation  {translation}",
                f"{_INDENT}reference    {reference}",
            ]
    return []


def _fields_of(event: TrainingEvent) -> dict[str, Any]:
    """Return the fields of an event for JSON output."""
    match event:
        case StepReport() | IntervalReport():
            return {"event": "train", **asdict(event)}
        case ValidationReport():
            return {"event": "valid", **asdict(event)}
        case SessionOpened():
            return {"event": "opened", **asdict(event)}
    return {}


class _LiveTraining:
    """A live table of the latest figures and the limits, drawn below the messages."""

    def __init__(self) -> None:
        self._limits: StopLimits | None = None
        self._interval: IntervalReport | None = None

    def show(self, event: TrainingEvent) -> None:
        """Add an event to the table and log it."""
        match event:
            case SessionOpened():
                self._limits = StopLimits(event)
            case ValidationReport() if self._limits:
                self._limits.take_validation(event)
            case IntervalReport():
                self._interval = event
        log_event(event, is_drawn=isinstance(event, IntervalReport))

    def picture(self) -> Table:
        """Return the table of figures and limits, at most 80 columns wide."""
        from rich.progress_bar import ProgressBar
        from rich.table import Table

        table = Table.grid(padding=(0, 1))
        if self._limits is None or self._interval is None:
            return table
        figures = Table.grid()
        figures.add_row(_figures(self._interval))
        for limit in self._limits.at(self._interval):
            bar = ProgressBar(total=1.0, completed=limit.share, width=_BAR_WIDTH)
            table.add_row(f"{limit.name:8}", bar, limit.progress, _left(limit))
        figures.add_row(table)
        if self._limits.best:
            figures.add_row(f"best so far: {self._limits.best}")
        return figures


def _norm(event: IntervalReport) -> str:
    return "too large for float16" if event.gradient_norm is None else f"{event.gradient_norm:.2g}"


def _figures(event: IntervalReport) -> str:
    return (
        f"step {event.step:,}, epoch {event.epoch + 1}: loss {event.loss:.3f}, "
        f"{event.target_tokens_per_second:,.0f} tokens/s, rate {event.learning_rate:.2g}, "
        f"gradient {_norm(event)}"
    )


def _left(limit: StopLimit) -> str:
    condition = " unless one is better" if limit.name == "patience" else ""
    return f"{console.duration(limit.seconds_left)} left{condition}"
