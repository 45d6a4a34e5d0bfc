"""The training on a terminal: the latest figures and the limits, drawn again and again below what scrolls."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from transformer_cli.cli.display import console
from transformer_cli.cli.display.event_lines import duration, lines_of
from transformer_cli.training.eta import Limit, Outlook
from transformer_cli.training.events import IntervalReport, SessionOpened, ValidationReport

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_BAR_WIDTH = 20


def live_display() -> Iterator[Callable[[object], None]]:
    """Yield a function that draws what it is told; for ``yield from`` in a context manager."""
    from rich.console import Console
    from rich.live import Live

    terminal = Console(stderr=True, markup=False, highlight=False, emoji=False)
    training = _LiveTraining(terminal)
    live = Live(get_renderable=training.picture, console=terminal, transient=True)
    live.start()
    try:
        yield training.show
    finally:
        with suppress(OSError):  # the terminal may have been closed meanwhile
            live.stop()


class _LiveTraining:
    """What the terminal shows of a training at the moment."""

    def __init__(self, terminal: Console) -> None:
        self._terminal = terminal
        self._outlook: Outlook | None = None
        self._interval: IntervalReport | None = None

    def show(self, event: object) -> None:
        """Take one report."""
        match event:
            case SessionOpened():
                self._outlook = Outlook(event)
            case ValidationReport() if self._outlook:
                self._outlook.take_validation(event)
            case IntervalReport():
                self._interval = event
        for line in lines_of(event):
            console.log(line)
            if not isinstance(event, IntervalReport):  # that is what the picture shows
                with suppress(OSError):  # the terminal may have been closed
                    self._terminal.print(console.plain(line), soft_wrap=True)

    def picture(self) -> Table:
        """Return the figures and limits, at most 80 columns wide."""
        from rich.progress_bar import ProgressBar
        from rich.table import Table

        table = Table.grid(padding=(0, 1))
        if self._outlook is None or self._interval is None:
            return table
        figures = Table.grid()
        figures.add_row(_figures(self._interval))
        for limit in self._outlook.limits(self._interval):
            bar = ProgressBar(total=1.0, completed=limit.share, width=_BAR_WIDTH)
            table.add_row(f"{limit.name:8}", bar, limit.progress, _left(limit))
        figures.add_row(table)
        if self._outlook.best:
            figures.add_row(f"best so far: {self._outlook.best}")
        return figures


def _figures(event: IntervalReport) -> str:
    return (
        f"step {event.step:,}, epoch {event.epoch + 1}: loss {event.loss:.3f}, "
        f"{event.target_tokens_per_second:,.0f} tokens/s, rate {event.learning_rate:.2g}, "
        f"gradient {event.gradient_norm:.2g}"
    )


def _left(limit: Limit) -> str:
    condition = " unless one is better" if limit.name == "patience" else ""
    return f"{duration(limit.seconds_left)} left{condition}"
