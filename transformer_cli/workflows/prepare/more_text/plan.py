"""The pairs that models are to make from text: which models, and how many texts they have not translated yet.

Nothing here needs torch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from transformer_cli.artifacts import fingerprints
from transformer_cli.artifacts.engine_manifest import weights_fingerprint
from transformer_cli.artifacts.model_manifest import ModelManifest, explain_damage
from transformer_cli.errors import ModelNotFoundError, RecipeError
from transformer_cli.text.languages import same_language
from transformer_cli.workflows.locate.model import find_model
from transformer_cli.workflows.locate.recipe import LocatedRecipe

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DISTILLATION = "distillation"

# Raise this number when translations or pairs are made otherwise than before: then they are made again.
_VERSION = 1


@dataclass(frozen=True, slots=True)
class Plan:
    """The models that make the pairs of one section.

    Args:
        section: The section of the recipe.
        models: The model directories; several are an ensemble.
        store: The folder with their translations of earlier trainings.
        fingerprint: The fingerprint of the models and of the section.
    """

    section: str
    models: list[Path]
    store: Path
    fingerprint: str


def plan_distillation(located: LocatedRecipe) -> Plan | None:
    """Return the plan of ``[distillation]``, or None if it is off.

    Raises:
        RecipeError: A teacher is this run itself, or translates between other languages.
        ModelNotFoundError: There is no teacher at a place that the recipe names.
        DamagedFileError: A teacher is not whole.
    """
    config, languages = located.recipe.distillation, located.recipe.languages
    if not config.teacher:
        return None
    key = "distillation.teacher"
    models = [_model(located, key, name, (languages.source, languages.target)) for name in config.teacher]
    return _plan(located, DISTILLATION, models, [config.beam_size], [config.use])


def training_data(located: LocatedRecipe, prepared: str) -> str:
    """Return the fingerprint of all pairs that are to be trained on; ``prepared`` is that of the prepared data."""
    plans = filter(None, [plan_distillation(located)])
    return fingerprints.of_training_data(prepared, {plan.section: plan.fingerprint for plan in plans})


def hashes_of(texts: Iterable[str]) -> NDArray[np.uint64]:
    """Return the hash of each text, by which its translation is found."""
    import numpy as np

    from transformer_cli.data.cleaning.match_keys import hash_text

    return np.fromiter(map(hash_text, texts), np.uint64)


def count_untranslated(located: LocatedRecipe, data: Path) -> dict[str, tuple[int, int]]:
    """Return for each section the number of different texts to translate, and how many of them have been translated.

    Args:
        located: The recipe and the run directory, which has the translations.
        data: The prepared data.
    """
    import numpy as np

    from transformer_cli.artifacts.more_text.translation_store import TranslationStore
    from transformer_cli.data.splits.files import TRAIN
    from transformer_cli.data.splits.read import read_split

    counts = {}
    texts: dict[str, Callable[[], Iterable[str]]] = {DISTILLATION: lambda: read_split(data, TRAIN).sources}
    for plan in filter(None, [plan_distillation(located)]):
        wanted = np.unique(hashes_of(texts[plan.section]()))
        known = np.isin(wanted, TranslationStore(plan.store).keys())
        counts[plan.section] = (len(wanted), int(known.sum()))
    return counts


def _plan(located: LocatedRecipe, section: str, models: list[Path], search: list[object], use: list[object]) -> Plan:
    weights = []
    for model in models:
        with explain_damage(model):
            weights.append(weights_fingerprint(model))
    translations = fingerprints.of_values([_VERSION, section, weights, search])
    store = located.run.translations / f"{section}-{translations[:16]}"
    return Plan(section, models, store, fingerprints.of_values([translations, use]))


def _model(located: LocatedRecipe, key: str, name: str, languages: tuple[str, str]) -> Path:
    """Return the directory of a model that the recipe names, for a pair of languages."""
    try:
        model = find_model(located.folder / name)
    except ModelNotFoundError as error:
        raise ModelNotFoundError(f"{key}: {error}") from None
    if model.is_relative_to(located.run.versions.resolve()):
        raise RecipeError(f"{key}: {name} is this run itself; name another one, or give this one another --run-dir")
    has = ModelManifest.load(model).languages
    if not (same_language(has.source, languages[0]) and same_language(has.target, languages[1])):
        raise RecipeError(
            f"{key}: {name} translates {has.source} to {has.target}; name a model for {' to '.join(languages)}"
        )
    return model
