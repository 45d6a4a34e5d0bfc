"""The command ``tfm train-tokenizer``."""

from __future__ import annotations

import logging

import transformer_cli
from transformer_cli.cli.options import (
    QuietOption,
    RecipeArgument,
    RunDirOption,
    SetOption,
    VerboseOption,
    WaitOption,
)

logger = logging.getLogger(__name__)


def train_tokenizer(
    recipe: RecipeArgument = None,
    run_dir: RunDirOption = None,
    overrides: SetOption = None,
    wait: WaitOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Learn the SentencePiece model of a recipe, preparing its data first if need be."""
    is_new = transformer_cli.train_tokenizer(recipe, run_dir=run_dir, overrides=overrides or (), wait=wait)
    if not is_new:
        logger.info("nothing to do: the tokenizer is up to date with recipe and corpora")
