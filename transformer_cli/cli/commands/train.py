"""The command ``tfm train``."""

from __future__ import annotations

import logging
import os
import shlex
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

import transformer_cli
from transformer_cli.cli import signals
from transformer_cli.cli.display import console
from transformer_cli.cli.display.notification import notify
from transformer_cli.cli.display.training import training_display
from transformer_cli.cli.options import (
    DeviceOption,
    QuietOption,
    RecipeArgument,
    RunDirOption,
    SetOption,
    VerboseOption,
    WaitOption,
)
from transformer_cli.errors import NOT_PROMOTED_EXIT_CODE, RunDirectoryBusyError, TfmError
from transformer_cli.training.processes.ranks import is_first_process

logger = logging.getLogger(__name__)


def train(
    recipe: RecipeArgument = None,
    run_dir: RunDirOption = None,
    overrides: SetOption = None,
    from_scratch: Annotated[
        bool, typer.Option("--from-scratch", help="Begin with random weights, not with the live version's.")
    ] = False,
    retrain_tokenizer: Annotated[
        bool, typer.Option("--retrain-tokenizer", help="Learn the tokenizer anew if the data has changed.")
    ] = False,
    print_recipe: Annotated[
        bool, typer.Option("--print-recipe", help="Print the recipe with every value spelled out, and do nothing else.")
    ] = False,
    device: DeviceOption = "auto",
    wait: WaitOption = False,
    json_logs: Annotated[
        bool, typer.Option("--json-logs", help="Write every message on stderr as one JSON object a line.")
    ] = False,
    notify_command: Annotated[
        str | None,
        typer.Option(
            "--notify-command",
            metavar="COMMAND",
            help="Run however the training ends, with TFM_OUTCOME, TFM_EXIT_CODE, TFM_VERSION, TFM_MESSAGE set.",
        ),
    ] = None,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Train a model, or go on with an interrupted training; prepares data and tokenizer if need be.

    A new version begins with the weights of the live one where they fit, and takes its place if it is not worse on the
    test sets. SIGINT, SIGTERM and SIGHUP save and stop; the same command goes on from there. Exit codes: 0 done or
    nothing to do, 2 wrong recipe, 3 not promoted, 65 unusable data, 75 another process holds the run directory, 129,
    130 and 143 stopped and saved.
    """
    started = time.monotonic()
    # PyTorch reads this when it is loaded. Otherwise its threads spin while they wait for each other, and two trainings
    # on the same cores run at half speed. A single line is translated faster by threads that spin.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    if print_recipe:
        sys.stdout.write(transformer_cli.resolve_recipe(recipe, overrides=overrides or ()))
        return
    if not is_first_process():  # of the processes started by torchrun, only the first reports
        console.set_level(logging.ERROR)
        notify_command = None
    console.set_json(json_logs)
    with _failures_told_to(notify_command), training_display() as on_event:
        outcome = transformer_cli.train(
            recipe,
            run_dir=run_dir,
            overrides=overrides or (),
            on_event=on_event,
            device=device,
            from_scratch=from_scratch,
            retrain_tokenizer=retrain_tokenizer,
            wait=wait,
            stop=signals.REQUEST,
            started=started,
        )
    kept = outcome.is_new and not outcome.is_live
    word = "not-promoted" if kept else "promoted" if outcome.is_new else "nothing-to-do"
    _notify(notify_command, word, NOT_PROMOTED_EXIT_CODE if kept else 0, outcome.summary, outcome.version.name)
    fields = {"fields": {"outcome": word, "version": outcome.version.name}}
    if kept:
        logger.warning(outcome.summary, extra=fields)
        raise typer.Exit(NOT_PROMOTED_EXIT_CODE)
    if outcome.is_new:
        run = shlex.quote(str(outcome.version.parent.parent))
        logger.info(f"next: tfm translate --model {run} < input.txt > output.txt")
    # Printed last, to be seen at the end of a log or in a mail.
    logger.info(outcome.summary, extra=fields)


@contextmanager
def _failures_told_to(command: str | None) -> Iterator[None]:
    try:
        yield
    except (TfmError, signals.SignalReceived) as error:
        word = (
            "interrupted" if error.exit_code > 128 else "busy" if isinstance(error, RunDirectoryBusyError) else "failed"
        )
        _notify(command, word, error.exit_code, str(error), "")
        raise
    except (OSError, MemoryError, RuntimeError) as error:
        _notify(command, "failed", TfmError.exit_code, str(error), "")
        raise


def _notify(command: str | None, outcome: str, code: int, message: str, version: str) -> None:
    if command is not None:
        words = {"OUTCOME": outcome, "EXIT_CODE": str(code), "MESSAGE": message, "VERSION": version}
        notify(command, words)
