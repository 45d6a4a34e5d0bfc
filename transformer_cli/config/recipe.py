"""The whole of a recipe."""

from __future__ import annotations

import math
from typing import Annotated

from pydantic import Field

from transformer_cli.config.data import CleaningConfig, DataConfig, LanguagesConfig, TokenizerConfig
from transformer_cli.config.decoding import DecodingConfig
from transformer_cli.config.model import ModelConfig
from transformer_cli.config.more_text import BackTranslationConfig, DistillationConfig
from transformer_cli.config.placeholders import GlossaryConfig, PlaceholdersConfig
from transformer_cli.config.section import Section
from transformer_cli.config.training import ReleaseConfig, RetrainingConfig, TrainingConfig


class Recipe(Section):
    """The recipe: all settings of a run."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100)]
    """Name of the run directory below ``runs/``. Left out: the name of the recipe's file without ``.toml``."""

    languages: LanguagesConfig
    data: DataConfig
    cleaning: CleaningConfig = CleaningConfig()
    tokenizer: TokenizerConfig = TokenizerConfig()
    placeholders: PlaceholdersConfig = PlaceholdersConfig()
    glossary: GlossaryConfig = GlossaryConfig()
    model: ModelConfig = ModelConfig.model_validate({})
    training: TrainingConfig = TrainingConfig()
    retraining: RetrainingConfig = RetrainingConfig()
    release: ReleaseConfig = ReleaseConfig()
    decoding: DecodingConfig = DecodingConfig()
    distillation: DistillationConfig = DistillationConfig()
    back_translation: BackTranslationConfig = BackTranslationConfig()

    def peak_learning_rate(self) -> float:
        """Return the highest learning rate: the recipe's, or the paper's for this model and warm-up."""
        if self.training.learning_rate is not None:
            return self.training.learning_rate
        return 1.0 / math.sqrt(self.model.d_model * self.training.warmup_steps)
