"""What goes on, as it is shown: a live picture with Rich on a terminal, plain dated lines elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from transformer_cli.cli.display import console
from transformer_cli.cli.display.event_lines import lines_of
from transformer_cli.cli.display.live_training import live_display
from transformer_cli.training.events import IntervalReport, RunOpened, SessionOpened, StepReport, ValidationReport


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
        yield from live_display()
    else:
        yield _show_lines


def _show_warning(event: object) -> None:
    if isinstance(event, str) and event.startswith("warning: "):
        console.note(event)
        return
    for line in lines_of(event):
        console.log(line)


def _show_lines(event: object) -> None:
    if console.is_json():
        for line in lines_of(event)[:1]:
            if line.startswith("warning: "):
                console.warn(line.removeprefix("warning: "))
            else:
                console.note(line, **_fields(event))
        return
    for line in lines_of(event):
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
