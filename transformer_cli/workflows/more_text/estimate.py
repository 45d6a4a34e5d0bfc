"""How long the texts that a recipe wants translated and judged will take, by doing so with some of them."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from statistics import median

from transformer_cli.workflows.locate.recipe import LocatedRecipe
from transformer_cli.workflows.more_text.together import Task, models_of
from transformer_cli.workflows.more_text.window_translator import TranslateWindow
from transformer_cli.workflows.prepare.more_text.plan import make_plans

_PARTS = 5


def seconds_a_text(
    located: LocatedRecipe, texts: Mapping[str, Sequence[str]], *, device: str = "auto"
) -> dict[str, float]:
    """Return for each section about how long a text takes to translate, and to judge where a model does that.

    It is the median of a few parts, so that a model that is loaded in one of them does not count. Large numbers of
    texts take less a text on several cores, because more processes translate them.

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
        with models_of(Task.of(located, plan), located.recipe, device) as load:
            translate = load()
            _seconds(translate, some[:1])  # the first search takes longer
            found[plan.section] = median(_seconds(translate, some[i::_PARTS]) for i in range(min(_PARTS, len(some))))
    return found


def _seconds(translate: TranslateWindow, texts: Sequence[str]) -> float:
    began = time.monotonic()
    translate([(text, "") for text in texts])
    return (time.monotonic() - began) / len(texts)
