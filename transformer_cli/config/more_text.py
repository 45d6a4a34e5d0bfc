"""``[distillation]`` and ``[back_translation]``: training pairs that models make from text."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from transformer_cli.config.corpora import UserSymbol, as_list
from transformer_cli.config.section import Positive, Probability, Section

Names = Annotated[list[Annotated[str, Field(min_length=1)]], BeforeValidator(as_list)]


class DistillationConfig(Section):
    """``[distillation]``: learn from the translations of larger models. The section is off while ``teacher`` is empty.

    Each training source is translated once; sentences of validation and test sets are left out.
    """

    teacher: Names = Field(default=[])
    """Run or model directories, relative to the recipe, that translate the training sources. Several are an ensemble
    and must share their tokenizer."""

    use: Literal["beside", "instead"] = "beside"
    """Whether the student learns from the translations beside the references or instead of them."""

    beam_size: Positive | None = None
    """Number of hypotheses in the teacher's search. Left out: the teacher's own."""


class BackTranslationConfig(Section):
    """``[back_translation]``: learn from text of the target language, which a reverse model translates.

    The section is off while ``text`` is empty.
    """

    text: Names = Field(default=[])
    """Files with text of the target language, a sentence a line, plain or packed; ``{target}`` stands for its code,
    and ``inbox/*.gz`` for all files of that name, which may be none. A file with both sides (``.tmx`` and the like)
    gives its targets."""

    model: Annotated[str, Field(min_length=1)] | None = None
    """Run or model directory of the reverse direction, relative to the recipe. Left out: one is trained first, from the
    same pairs, in ``reverse/`` in the run directory."""

    reverse_share: Annotated[float, Field(gt=0, lt=1)] = 0.3
    """Share of ``training.max_minutes`` and of ``training.max_steps`` for that model."""

    method: Literal["beam", "sampling"] = "beam"
    """Whether to search for the best translation or to draw one at random."""

    beam_size: Positive | None = None
    """Number of hypotheses in the search. Left out: the model's own."""

    share: Annotated[float, Field(gt=0, lt=1)] = 0.5
    """Largest share of an epoch's pairs that are back-translated."""

    tag: UserSymbol | None = "<BT>"
    """Word that is put before each back-translated source, so that the model can keep it apart from text that people
    wrote. The tokenizer never cuts it if it was learned with this section."""

    drop_worst: Probability = 0.05
    """Share of new back-translated pairs to drop: those whose target the live version finds least probable. Without a
    live version none is dropped."""
