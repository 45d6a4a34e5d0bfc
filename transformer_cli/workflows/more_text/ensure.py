"""Makes the pairs that a recipe wants models to make from text, unless they exist."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Sequence
from pathlib import Path

from transformer_cli.artifacts import fingerprints
from transformer_cli.artifacts.preparation_report import MadePairs, PreparationRecord
from transformer_cli.errors import DamagedFileError
from transformer_cli.files.os_errors import explain_os_errors
from transformer_cli.workflows.locate.recipe import LocatedRecipe
from transformer_cli.workflows.prepare.more_text.plan import DISTILLATION, Plan, plan_distillation

logger = logging.getLogger(__name__)


def ensure_more_text(located: LocatedRecipe, *, device: str = "auto") -> str:
    """Make the pairs of ``[distillation]``; the data is prepared, and the caller holds the run directory's lock.

    Args:
        located: The recipe and the run directory.
        device: The device of the models that translate.

    Returns:
        The fingerprint of all pairs to train on.

    Raises:
        TfmError: A model cannot be used, or a file cannot be written.
    """
    run = located.run
    record = PreparationRecord.read_from(run.prepare_report)
    if record is None:
        raise DamagedFileError(f"{run.prepare_report} is missing or damaged; run `tfm prepare` again")
    plans = [plan for plan in (plan_distillation(located),) if plan is not None]
    made = {plan.section: _ensure(located, plan, record, device) for plan in plans}
    if made != record.more_text:
        record = record.model_copy(update={"more_text": made})
        record.write_to(run.prepare_report)
    _forget_others(run.translations, [plan.store for plan in plans])
    _forget_others(run.distilled.parent, [run.translations, *([run.distilled] if DISTILLATION in made else [])])
    return record.training_data()


def _ensure(located: LocatedRecipe, plan: Plan, record: PreparationRecord, device: str) -> MadePairs:
    """Return the counts of a section's pairs, after making the pairs if they are not whole or not current."""
    from transformer_cli.data.splits.files import TRAIN, SplitFiles

    fingerprint = fingerprints.of_values([record.fingerprint, plan.fingerprint])
    folder = {DISTILLATION: located.run.distilled}[plan.section]
    known = record.more_text.get(plan.section)
    is_whole = SplitFiles(folder, TRAIN, located.recipe.languages).is_whole(fingerprint=fingerprint)
    if known and known.fingerprint == plan.fingerprint and is_whole:
        return known
    made = _distil(located, plan, folder, fingerprint=fingerprint, device=device)
    dropped = ", ".join(f"{count:,} {rule}" for rule, count in sorted(made.dropped.items()))
    logger.info(f"{plan.section}: {made.kept:,} pairs made" + (f"; dropped {dropped}" if dropped else ""))
    return made


def _distil(located: LocatedRecipe, plan: Plan, folder: Path, *, fingerprint: str, device: str) -> MadePairs:
    # Imported here: "nothing to do" must not wait for them.
    from transformer_cli.artifacts.more_text.translation_store import TranslationStore
    from transformer_cli.config import SearchOverrides
    from transformer_cli.data.splits.read import read_split
    from transformer_cli.workflows.more_text.held_out_sentences import HeldOutSentences
    from transformer_cli.workflows.more_text.make_pairs import made_pairs, write_made_pairs
    from transformer_cli.workflows.more_text.translate_texts import translate_new, translator
    from transformer_cli.workflows.translate.settings import TranslationSettings

    recipe, store = located.recipe, TranslationStore(plan.store)
    search = SearchOverrides(beam_size=recipe.distillation.beam_size)
    with translator(plan.models, TranslationSettings(search=search, device=device)) as load:
        sources = read_split(located.run.data, "train").sources
        wanted, translated = translate_new(store, sources, load, what="training sources")
    held_out = HeldOutSentences(located.run.data, recipe)
    pairs = made_pairs(store, wanted)
    origin = len(recipe.data.train)
    report = write_made_pairs(folder, pairs, recipe, held_out, origin=origin, fingerprint=fingerprint)
    return MadePairs(
        fingerprint=plan.fingerprint,
        translators=[str(model) for model in plan.models],
        read=report.read,
        translated=translated,
        kept=report.kept,
        dropped=report.dropped,
    )


def _forget_others(folder: Path, used: Sequence[Path]) -> None:
    """Delete the subfolders that models and settings of earlier recipes have left."""
    with explain_os_errors(folder):
        for path in folder.glob("*"):
            if path not in used:
                shutil.rmtree(path)
