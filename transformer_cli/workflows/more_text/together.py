"""Windows of text that the processes of a training translate together, each one at a time.

The first process reads the texts and keeps the translations. The others wait for what it broadcasts: first the models,
as a `Task`, then windows, one for each process, until there are no more.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

from transformer_cli.artifacts.model_manifest import missing_file
from transformer_cli.config import Recipe
from transformer_cli.data.corpora.tags import CorpusTags
from transformer_cli.training.processes.ranks import Ranks
from transformer_cli.workflows.locate.recipe import LocatedRecipe
from transformer_cli.workflows.more_text.agreement import scorer
from transformer_cli.workflows.more_text.translate_texts import TranslateWindows
from transformer_cli.workflows.more_text.window_translator import (
    Answer,
    TranslateWindow,
    Window,
    settings_of,
    translator,
    wants_whole_beam,
    window_translator,
)
from transformer_cli.workflows.prepare.more_text.plan import BACK_TRANSLATION, Plan


@dataclass(frozen=True, slots=True)
class Task:
    """What a process must know to translate for another one that has the same recipe.

    Args:
        section: The section of the recipe.
        models: The model directories; several are an ensemble.
        judge: The model directory of a model that scores each text as the translation of its translation, or None.
    """

    section: str
    models: list[str]
    judge: str | None

    @classmethod
    def of(cls, located: LocatedRecipe, plan: Plan) -> Task:
        """Return the task of a section; the live version, if there is a whole one, judges back-translated pairs."""
        recipe, run = located.recipe, located.run
        judge = plan.judge
        if plan.section == BACK_TRANSLATION and recipe.back_translation.drop_worst:
            is_whole = run.live_version() is not None and missing_file(run.live_model) is None
            judge = run.live_model if is_whole else None
        # A judge that the recipe names is asked in any case: a larger `drop_worst` may come after the translations.
        return cls(plan.section, list(map(str, plan.models)), None if judge is None else str(judge))


@contextmanager
def models_of(task: Task, recipe: Recipe, device: str) -> Iterator[Callable[[], TranslateWindow]]:
    """Yield a function that loads the models of a task in this process; they are closed after the block."""
    settings, whole_beam = settings_of(recipe, task.section, device), wants_whole_beam(recipe, task.section)
    with translator(list(map(Path, task.models)), settings, whole_beam=whole_beam) as load:

        def load_all() -> TranslateWindow:
            score = None if task.judge is None else scorer(Path(task.judge), device, CorpusTags(recipe))
            return window_translator(load(), score and score())

        yield load_all


@contextmanager
def translating_together(
    task: Task, recipe: Recipe, device: str, ranks: Ranks
) -> Iterator[Callable[[], TranslateWindows]]:
    """Yield a function for the first process that loads the models everywhere; they are closed after the block.

    Args:
        task: The models.
        recipe: The recipe.
        device: The device of this process.
        ranks: The processes. Those that are not the first must be waiting for a message.
    """
    with models_of(task, recipe, device) as load:

        def load_everywhere() -> TranslateWindows:
            ranks.broadcast(json.dumps(asdict(task)).encode())
            translate = load()
            return lambda windows: _shared_out(windows, translate, ranks)

        yield load_everywhere


def translate_for_the_first(message: bytes, recipe: Recipe, device: str, ranks: Ranks) -> None:
    """Translate windows of the first process until it has no more.

    Args:
        message: The message with the task.
        recipe: The recipe, as the first process has it.
        device: The device of this process.
        ranks: The processes; this one is not the first.
    """
    with models_of(Task(**json.loads(message)), recipe, device) as load:
        translate = load()
        while windows := json.loads(ranks.broadcast(b"")):
            _answers(windows, translate, ranks)


def _shared_out(windows: Iterable[Window], translate: TranslateWindow, ranks: Ranks) -> Iterator[tuple[Window, Answer]]:
    left = iter(windows)
    while several := list(islice(left, ranks.world_size)):
        ranks.broadcast(json.dumps(several).encode())
        yield from zip(several, _answers(several, translate, ranks), strict=True)
    ranks.broadcast(b"[]")


def _answers(windows: list[Window], translate: TranslateWindow, ranks: Ranks) -> list[Answer]:
    """Translate this process's window; return what all say in the first process, and nothing in the others."""
    own = asdict(translate(windows[ranks.rank])) if ranks.rank < len(windows) else None
    found = ranks.gather(json.dumps(own).encode())
    return [Answer(**json.loads(answer)) for answer in found[: len(windows)]]
