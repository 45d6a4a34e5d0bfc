"""Runs a command of the user that reports how a tfm command ended."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Mapping

logger = logging.getLogger(__name__)


_PATIENCE_SECONDS = 60


def notify(command: str, outcome: Mapping[str, str]) -> None:
    """Run ``command`` in a shell with the outcome in its environment; its output goes to stderr.

    Args:
        command: The command line for the shell.
        outcome: The environment variables, without the prefix ``TFM_``.
    """
    environment = {**os.environ, **{f"TFM_{name}": value for name, value in outcome.items()}}
    try:
        finished = subprocess.run(
            ["/bin/sh", "-c", command],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=sys.__stderr__,
            timeout=_PATIENCE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        logger.warning(f"--notify-command took more than {_PATIENCE_SECONDS} seconds and was stopped")
        return
    except OSError as error:
        logger.warning(f"--notify-command cannot be run: {(error.strerror or str(error)).lower()}")
        return
    if finished.returncode:
        logger.warning(f"--notify-command ended with exit code {finished.returncode}")
