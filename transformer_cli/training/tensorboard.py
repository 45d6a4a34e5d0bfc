"""Writes the events of a training as files for TensorBoard; this needs an optional package."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from transformer_cli.errors import UsageError
from transformer_cli.files.os_errors import explain_os_errors
from transformer_cli.training.events import IntervalReport, SessionOpened, TrainingEvent, ValidationReport

if TYPE_CHECKING:
    from tensorboardX import SummaryWriter


def require_tensorboard() -> None:
    """Check that files for TensorBoard can be written; imports nothing.

    Raises:
        UsageError: The package for TensorBoard files is not installed.
    """
    if importlib.util.find_spec("tensorboardX") is None:
        raise UsageError(
            "training.tensorboard needs the package tensorboardX, which is not installed; "
            'pip install "transformer-cli[tensorboard]", or set it to false'
        )


@contextmanager
def events_for_tensorboard(
    on_event: Callable[[TrainingEvent], None], folder: Path
) -> Iterator[Callable[[TrainingEvent], None]]:
    """Yield a function that calls ``on_event`` and writes curves and sample translations into ``folder``."""
    writer: SummaryWriter | None = None

    def pass_on_and_write(event: TrainingEvent) -> None:
        nonlocal writer
        on_event(event)
        if isinstance(event, SessionOpened):
            writer = _open(folder, event.step)
        elif writer is not None:
            _write(writer, event)

    try:
        yield pass_on_and_write
    finally:
        if writer is not None:
            writer.close()


def _open(folder: Path, step: int) -> SummaryWriter:
    from tensorboardX import SummaryWriter

    with explain_os_errors(folder):
        # Values of an earlier sitting for steps after its last checkpoint are void. File names have only whole seconds.
        return SummaryWriter(str(folder), purge_step=step + 1, filename_suffix=f".step-{step}")


def _write(writer: SummaryWriter, event: TrainingEvent) -> None:
    match event:
        case IntervalReport():
            for name, value in asdict(event).items():
                if value is not None:
                    writer.add_scalar(f"train/{name}", value, event.step)
        case ValidationReport():
            for name, value in (("loss", event.loss), ("bleu", event.scores.bleu), ("chrf", event.scores.chrf)):
                writer.add_scalar(f"valid/{name}", value, event.step)
            # TensorBoard shows text as Markdown, where indented lines stay as they are.
            lines = zip(("source", "translation", "reference"), event.scores.sample, strict=True)
            text = "\n".join(f"    {name:12} {sentence}" for name, sentence in lines)
            writer.add_text("valid/sample", text, event.step)
