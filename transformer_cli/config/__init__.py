"""The settings of every part, one frozen section each; a class is given its own section and no other.

Every field has a default that suits a corpus of some ten to hundred thousand pairs on an ordinary machine, so that a
recipe names only what it wants otherwise. Keys that do not exist are errors (`recipe.py` words them).
"""

from transformer_cli.config.corpora import (
    CorpusConfig as CorpusConfig,
)
from transformer_cli.config.corpora import (
    CorpusFiles as CorpusFiles,
)
from transformer_cli.config.corpora import (
    NamedCorpus as NamedCorpus,
)
from transformer_cli.config.data import (
    CleaningConfig as CleaningConfig,
)
from transformer_cli.config.data import (
    DataConfig as DataConfig,
)
from transformer_cli.config.data import (
    LanguagesConfig as LanguagesConfig,
)
from transformer_cli.config.data import (
    TokenizerConfig as TokenizerConfig,
)
from transformer_cli.config.decoding import DecodingConfig as DecodingConfig
from transformer_cli.config.decoding import SearchOverrides as SearchOverrides
from transformer_cli.config.decoding import with_search as with_search
from transformer_cli.config.model import (
    MODEL_PRESETS as MODEL_PRESETS,
)
from transformer_cli.config.model import (
    Activation as Activation,
)
from transformer_cli.config.model import (
    ModelConfig as ModelConfig,
)
from transformer_cli.config.more_text import (
    BackTranslationConfig as BackTranslationConfig,
)
from transformer_cli.config.more_text import (
    DistillationConfig as DistillationConfig,
)
from transformer_cli.config.placeholders import GlossaryConfig as GlossaryConfig
from transformer_cli.config.placeholders import PlaceholdersConfig as PlaceholdersConfig
from transformer_cli.config.recipe import Recipe as Recipe
from transformer_cli.config.section import Section as Section
from transformer_cli.config.training import (
    Decay as Decay,
)
from transformer_cli.config.training import (
    ReleaseConfig as ReleaseConfig,
)
from transformer_cli.config.training import (
    RetrainingConfig as RetrainingConfig,
)
from transformer_cli.config.training import (
    TrainingConfig as TrainingConfig,
)
