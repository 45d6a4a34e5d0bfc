"""Makes the pairs that a recipe wants models to make from text, unless they exist."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from transformer_cli.artifacts import fingerprints
from transformer_cli.artifacts.preparation_report import MadePairs, PreparationRecord
from transformer_cli.errors import DamagedFileError
from transformer_cli.files.os_errors import explain_os_errors
from transformer_cli.training.processes.ranks import Ranks
from transformer_cli.workflows.locate.recipe import LocatedRecipe
from transformer_cli.workflows.prepare.more_text.plan import BACK_TRANSLATION, Plan, make_plans

logger = logging.getLogger(__name__)

_WEAK = 5.0
"""BLEU of a reverse model below which a warning is logged: its translations have little to do with the text."""


def ensure_more_text(
    located: LocatedRecipe,
    *,
    train_reverse: Callable[[LocatedRecipe], object],
    device: str = "auto",
    ranks: Ranks | None = None,
) -> str:
    """Make the pairs of ``[distillation]`` and ``[back_translation]``, and remove those of sections that are off.

    The data is prepared, and the caller holds the run directory's lock.

    Args:
        located: The recipe and the run directory.
        train_reverse: Brings another run up to date: that of the reverse model.
        device: The device of the models that translate.
        ranks: The processes that translate together, of which this is the first one; None stands for this one alone.

    Returns:
        The fingerprint of all pairs to train on.

    Raises:
        TfmError: A model cannot be used, or a file cannot be written.
    """
    # Imported here: "nothing to do" must not wait for it.
    from transformer_cli.data.splits.files import content_of_all

    run, back_translation = located.run, located.recipe.back_translation
    record = PreparationRecord.read_from(run.prepare_report)
    if record is None:
        raise DamagedFileError(f"{run.prepare_report} is missing or damaged; run `tfm prepare` again")
    prepared = fingerprints.of_rows(record.fingerprint, content_of_all(run.data))
    if back_translation.text and back_translation.model is None:
        from transformer_cli.data.splits.read import read_texts
        from transformer_cli.workflows.more_text.reverse_run import ensure_reverse

        if len(read_texts(run.data, "target")):
            ensure_reverse(located, prepared, train_reverse)
    plans = make_plans(located)
    made = {plan.section: _ensure(located, plan, record, prepared, device, ranks or Ranks()) for plan in plans}
    if made != record.more_text:
        record = record.model_copy(update={"more_text": made})
        record.write_to(run.prepare_report)
    _forget_others(run.translations, [plan.store for plan in plans])
    _forget_others(run.translations.parent, [run.translations, *map(run.made_pairs, made)])
    return record.training_data()


def _ensure(
    located: LocatedRecipe, plan: Plan, record: PreparationRecord, prepared: str, device: str, ranks: Ranks
) -> MadePairs:
    """Return the counts of a section's pairs, after making the pairs if they are not whole or not current."""
    # Imported here: "nothing to do" must not wait for them.
    from transformer_cli.data.splits.files import TRAIN, SplitFiles
    from transformer_cli.workflows.more_text.make_pairs import make_pairs

    fingerprint = fingerprints.of_values([prepared, plan.fingerprint])
    files = SplitFiles(located.run.made_pairs(plan.section), TRAIN, located.recipe.languages)
    known = record.more_text.get(plan.section)
    if known and known.fingerprint == plan.fingerprint and files.is_whole(fingerprint=fingerprint):
        return known
    bleu = plan.translators.bleu
    if plan.section == BACK_TRANSLATION and bleu is not None and bleu < _WEAK:
        logger.warning(
            f"back_translation: the reverse model has BLEU {bleu:.1f} on its test set; pairs of so weak a model can "
            "do harm: train it longer, or leave the section out"
        )
    made = make_pairs(located, plan, fingerprint=fingerprint, device=device, ranks=ranks)
    dropped = ", ".join(f"{count:,} {rule}" for rule, count in sorted(made.dropped.items()))
    logger.info(f"{plan.section}: {made.kept:,} pairs made" + (f"; dropped {dropped}" if dropped else ""))
    return made


def _forget_others(folder: Path, used: Sequence[Path]) -> None:
    """Delete the subfolders that models and settings of earlier recipes have left."""
    with explain_os_errors(folder):
        for path in folder.glob("*"):
            if path not in used:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
