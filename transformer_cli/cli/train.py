"""``tfm train``."""

from __future__ import annotations

import time

from transformer_cli.cli import console, signals
from transformer_cli.cli.options import (
    DeviceOption,
    QuietOption,
    RecipeArgument,
    RunDirOption,
    SetOption,
    VerboseOption,
    WaitOption,
)
from transformer_cli.cli.progress import training_display
from transformer_cli.training.ranks import is_first_process


def train(
    recipe: RecipeArgument = None,
    run_dir: RunDirOption = None,
    overrides: SetOption = None,
    device: DeviceOption = "auto",
    wait: WaitOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Train a model, or go on with an interrupted training; prepares data and tokenizer if need be.

    SIGINT and SIGTERM save and stop; the same command goes on from there. Exit codes: 0 done or nothing to do, 2 wrong
    recipe, 65 unusable data, 75 another process holds the run directory, 130 and 143 stopped and saved.
    """
    started = time.monotonic()
    from transformer_cli import workflows

    if not is_first_process():  # of several that torchrun started, one speaks for all
        console.set_level(quiet=True, verbose=False)
    with training_display() as display:
        outcome = workflows.train(
            recipe,
            run_dir=run_dir,
            overrides=overrides or (),
            report=display,
            device=device,
            wait=wait,
            stop=signals.REQUEST,
            started=started,
        )
    console.note(outcome.summary)
