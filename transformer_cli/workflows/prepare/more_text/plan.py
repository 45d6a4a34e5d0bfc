"""The models that are to make pairs from text. Nothing here needs torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from transformer_cli.artifacts import fingerprints
from transformer_cli.artifacts.engine_manifest import weights_fingerprint
from transformer_cli.artifacts.model_manifest import ModelManifest, explain_damage, missing_file
from transformer_cli.artifacts.more_text.translators import TRANSLATORS_FILE, Translators
from transformer_cli.artifacts.run_directory import RunDirectory
from transformer_cli.errors import ModelNotFoundError, RecipeError
from transformer_cli.text.languages import same_language
from transformer_cli.text.writing_systems import is_without_spaces
from transformer_cli.workflows.locate.model import find_model
from transformer_cli.workflows.locate.recipe import LocatedRecipe

DISTILLATION = "distillation"
BACK_TRANSLATION = "back_translation"
NOISED = "beam+noise"

_CLEARLY_BETTER = 1.0
"""BLEU by which a reverse model must surpass the one before for text to be translated again."""

# Raise this number when translations or pairs are made otherwise than before: then they are made again.
_VERSION = 2
_VERSION_OF_NOISE = 2  # in scripts without spaces


@dataclass(frozen=True, slots=True)
class Plan:
    """The models that make the pairs of one section.

    Args:
        section: The section of the recipe.
        models: The model directories; several are an ensemble.
        store: The folder of their translations.
        translators: The models whose translations the folder is to hold; perhaps an earlier version of ``models``.
        fingerprint: The fingerprint of the translators and of the section.
        judge: The model directory of a model of the other direction that judges the translations, or None.
    """

    section: str
    models: list[Path]
    store: Path
    translators: Translators
    fingerprint: str
    judge: Path | None = None


def make_plans(located: LocatedRecipe) -> list[Plan]:
    """Return the plans of all sections that are on, in the order in which their pairs are made.

    Raises:
        RecipeError: A model is this run itself, or translates between other languages.
        ModelNotFoundError: There is no model at a place that the recipe names.
        DamagedFileError: A model is not whole.
    """
    return [plan for plan in (_plan_distillation(located), _plan_back_translation(located)) if plan is not None]


def training_data(located: LocatedRecipe, prepared: str) -> str:
    """Return the fingerprint of all pairs that are to be trained on; ``prepared`` is that of the prepared data."""
    return fingerprints.of_training_data(prepared, {plan.section: plan.fingerprint for plan in make_plans(located)})


def _plan_distillation(located: LocatedRecipe) -> Plan | None:
    config, languages = located.recipe.distillation, located.recipe.languages
    if not config.teacher:
        return None
    key = "distillation.teacher"
    models = [_model(located, key, name, (languages.source, languages.target)) for name in config.teacher]
    translators, judge = _translators(models), None
    values: list[object] = [_VERSION, translators.weights, config.beam_size]
    if config.choose != "score":
        values.append(config.choose)
    if config.reverse_model is not None:
        key, back = "distillation.reverse_model", (languages.target, languages.source)
        judge = _model(located, key, config.reverse_model, back)
        values.append(config.reverse_model)  # a new version of it judges new pairs
    made_by = fingerprints.of_values(values)
    store = located.run.translations / f"{DISTILLATION}-{made_by[:16]}"
    of_pairs = [made_by, config.use, *([config.drop_worst] if judge else [])]
    return Plan(DISTILLATION, models, store, translators, fingerprints.of_values(of_pairs), judge)


def _plan_back_translation(located: LocatedRecipe) -> Plan | None:
    """Return the plan of ``[back_translation]``, or None if it is off.

    Translations stay when a new version of the reverse model is not clearly better than the one that made them. The
    plan has no model if one is to be trained here and there is none that can be used.
    """
    config, languages, reverse = located.recipe.back_translation, located.recipe.languages, located.run.reverse
    if not config.text:
        return None
    models = []
    if config.model is not None:
        models = [_model(located, "back_translation.model", config.model, (languages.target, languages.source))]
    elif missing_file(RunDirectory(reverse).live_model) is None:
        models = [find_model(reverse)]
    noise = [config.method, located.recipe.training.seed] if config.method == NOISED else []
    if noise and is_without_spaces(languages.source, ""):
        noise.append(_VERSION_OF_NOISE)
    made_by = [_VERSION, config.model, "beam" if noise else config.method, config.beam_size]
    store = located.run.translations / f"{BACK_TRANSLATION}-{fingerprints.of_values(made_by)[:16]}"
    translators, before = _translators(models), Translators.read_from(store / TRANSLATORS_FILE)
    if before is not None and not _is_clearly_better(translators, before):
        translators = before
    values = [made_by, translators.weights, config.tag, config.drop_worst, *noise]
    return Plan(BACK_TRANSLATION, models, store, translators, fingerprints.of_values(values))


def _is_clearly_better(now: Translators, before: Translators) -> bool:
    if now.weights in ([], before.weights):
        return False
    return now.bleu is None or before.bleu is None or now.bleu >= before.bleu + _CLEARLY_BETTER


def _translators(models: list[Path]) -> Translators:
    weights = []
    for model in models:
        with explain_damage(model):
            weights.append(weights_fingerprint(model))
    candidate = ModelManifest.load(models[0]).candidate if len(models) == 1 else None
    test = candidate.tests.get("test") if candidate else None
    return Translators(models=list(map(str, models)), weights=weights, bleu=test.bleu.score if test else None)


def _model(located: LocatedRecipe, key: str, name: str, languages: tuple[str, str]) -> Path:
    """Return the directory of a model that the recipe names, for a pair of languages."""
    try:
        model = find_model(located.folder / name)
    except ModelNotFoundError as error:
        raise ModelNotFoundError(f"{key}: {error}") from None
    run = located.run
    is_copied = not run.live_model.is_symlink() and model == run.live_model.resolve()  # a copy without links
    if is_copied or model.is_relative_to(run.versions.resolve()):
        raise RecipeError(f"{key}: {name} is this run itself; name another one, or give this one another --run-dir")
    has = ModelManifest.load(model).languages
    if not (same_language(has.source, languages[0]) and same_language(has.target, languages[1])):
        raise RecipeError(
            f"{key}: {name} translates {has.source} to {has.target}; name a model for {' to '.join(languages)}"
        )
    return model
