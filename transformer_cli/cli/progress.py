"""The training as it is shown: a live line with Rich on a terminal, plain dated lines elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from transformer_cli.cli import console
from transformer_cli.training.reports import IntervalReport, RunOpened, SessionOpened, StepReport, ValidationReport

if TYPE_CHECKING:
    from rich.progress import Progress

_INDENT = "    "
_SECONDS_BETWEEN_LINES = 60


@contextmanager
def training_display() -> Iterator[Callable[[object], None]]:
    """Yield a function that shows what `workflows.train` reports, and keeps it in the log of the run."""
    with _display() as show:

        def show_or_open_log(event: object) -> None:
            if isinstance(event, RunOpened):
                console.open_log(event.log)
            else:
                show(event)

        yield show_or_open_log


@contextmanager
def _display() -> Iterator[Callable[[object], None]]:
    if console.is_quiet():
        yield _show_warning
    elif console.is_terminal() and not console.is_json():
        yield from _live_display()
    else:
        yield _show_lines


def _show_warning(event: object) -> None:
    if isinstance(event, str) and event.startswith("warning: "):
        console.warn(event.removeprefix("warning: "))
        return
    for line in _lines(event):
        console.log(line)


def _show_lines(event: object) -> None:
    if console.is_json():
        for line in _lines(event)[:1]:
            console.note(line, **_fields(event))
        return
    for line in _lines(event):
        console.note(line)


def _fields(event: object) -> dict[str, Any]:
    """Return what a machine would want to know of a report."""
    match event:
        case StepReport() | IntervalReport():
            return {"event": "train", **asdict(event)}
        case ValidationReport():
            return {"event": "valid", **asdict(event)}
        case SessionOpened():
            return {"event": "opened", **asdict(event)}
    return {}


def _lines(event: object) -> list[str]:
    """Word a report; a single update has nothing to say unless details are wanted."""
    match event:
        case StepReport() if console.is_verbose():
            return [f"step {event.step}: loss {event.loss:.3f}, gradient norm {event.gradient_norm:.3g}"]
        case str():
            return [event]
        case SessionOpened():
            where = f"{event.device}, {event.threads} threads" if event.device == "cpu" else event.device
            where += f", {event.precision}"
            return [f"{event.parameters:,} parameters, {event.updates_per_epoch} updates an epoch, on {where}"]
        case IntervalReport():
            return [f"step {event.step}: {_figures(event)}, {_duration(event.elapsed_seconds)} so far"]
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


def _figures(event: IntervalReport) -> str:
    return (
        f"epoch {event.epoch + 1}, loss {event.loss:.3f}, {event.target_tokens_per_second:,.0f} target tokens/s, "
        f"padding {event.padding_share:.1%}, learning rate {event.learning_rate:.2g}"
    )


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def _live_display() -> Iterator[Callable[[object], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (
        TextColumn("step {task.fields[step]}", markup=False),
        BarColumn(bar_width=20),
        TextColumn("{task.fields[figures]}", markup=False),
    )
    terminal = Console(stderr=True, markup=False, highlight=False, emoji=False)
    progress = Progress(*columns, console=terminal, transient=True)
    progress.start()
    try:
        yield _LiveTraining(progress).show
    finally:
        with suppress(OSError):  # the terminal may have been closed meanwhile
            progress.stop()


class _LiveTraining:
    """A bar that fills towards whichever limit comes first, with the latest figures; other reports scroll above it."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task = progress.add_task("", total=1.0, visible=False, step=0, figures="")
        self._opened: SessionOpened | None = None

    def show(self, event: object) -> None:
        """Take one report."""
        for line in _lines(event):
            console.log(line)
        with suppress(OSError):  # the terminal may have been closed
            self._draw(event)

    def _draw(self, event: object) -> None:
        match event:
            case StepReport():
                self._progress.update(self._task, step=event.step, visible=True)
                self._print(event)
            case IntervalReport():
                # Short enough for 80 columns; a line that is longer loses its beginning.
                figures = f"loss {event.loss:.3f}, {event.target_tokens_per_second:,.0f} tokens/s"
                figures += self._time_left(event)
                self._progress.update(self._task, completed=self._share_done(event), figures=figures)
            case SessionOpened():
                self._opened = event
                self._print(event)
            case _:
                self._print(event)

    def _print(self, event: object) -> None:
        for line in _lines(event):
            self._progress.console.print(console.plain(line), soft_wrap=True)

    def _share_done(self, event: IntervalReport) -> float:
        limits = self._opened
        by_steps = event.step / limits.max_steps if limits else 0.0
        by_time = event.elapsed_seconds / limits.max_seconds if limits and limits.max_seconds else 0.0
        return min(1.0, max(by_steps, by_time))

    def _time_left(self, event: IntervalReport) -> str:
        done = self._share_done(event)
        if not done:
            return ""
        # Steps of an earlier sitting took their time then; both are part of `elapsed_seconds`.
        return f", {_duration(event.elapsed_seconds * (1 - done) / done)} left at most"
