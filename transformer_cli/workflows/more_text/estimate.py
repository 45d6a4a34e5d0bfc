"""How long the texts that a recipe wants translated will take, by translating some of them."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from transformer_cli.workflows.locate.recipe import LocatedRecipe
from transformer_cli.workflows.more_text.translate_texts import settings_of, translator
from transformer_cli.workflows.prepare.more_text.plan import make_plans


def seconds_a_text(
    located: LocatedRecipe, texts: Mapping[str, Sequence[str]], *, device: str = "auto"
) -> dict[str, float]:
    """Return for each section the mean time to translate one of its texts, without the loading of its models.

    Large numbers of texts take less a text, because more processes translate them.

    Args:
        located: The recipe and the run directory.
        texts: Some texts of each section. A section without any, and one whose model is still to be trained, is left
            out of the answer.
        device: The device of the models.

    Raises:
        TfmError: A model cannot be used.
    """
    found = {}
    for plan in make_plans(located):
        some = texts.get(plan.section, ())
        if not plan.models or not some:
            continue
        with translator(plan.models, settings_of(located.recipe, plan.section, device)) as load:
            translate = load()
            translate(some[:1])  # the first search takes longer
            began = time.monotonic()
            translate(some)
            found[plan.section] = (time.monotonic() - began) / len(some)
    return found
