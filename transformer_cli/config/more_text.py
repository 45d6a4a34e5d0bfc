"""``[distillation]`` and ``[back_translation]``: training pairs that models make from text."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from transformer_cli.config.corpora import UserSymbol, as_list
from transformer_cli.config.decoding import BeamSize
from transformer_cli.config.section import Probability, Section

Names = Annotated[list[Annotated[str, Field(min_length=1)]], BeforeValidator(as_list)]


class DistillationConfig(Section):
    """``[distillation]``: learn from the translations of larger models. The section is off while ``teacher`` is empty.

    Each training source is translated once; sentences of validation and test sets are left out.
    """

    teacher: Names = Field(default=[])
    """Run or model directories, relative to the recipe, that translate the training sources. Several are an ensemble
    and must share their tokenizer."""

    text: Names = Field(default=[])
    """Files with text of the source language that the teachers translate too, a sentence a line, plain or packed;
    ``{source}`` stands for its code, and ``inbox/*.gz`` for all files of that name, which may be none. A file with both
    sides (``.tmx`` and the like) gives its sources."""

    use: Literal["beside", "instead"] = "beside"
    """Whether the student learns from the translations beside the references or instead of them."""

    beam_size: BeamSize | None = None
    """Number of hypotheses in the teacher's search. Left out: the teacher's own."""

    choose: Literal["score", "reference"] = "score"
    """Which hypothesis of that search the student learns: the best by its score, or the one most like the reference, by
    chrF (Kim and Rush 2016). Text that has no reference gets the best by its score."""

    reverse_model: Annotated[str, Field(min_length=1)] | None = None
    """Run or model directory of the reverse direction, relative to the recipe, that judges the translations."""

    drop_worst: Probability = 0.05
    """Share of new pairs to drop: those whose source the reverse model finds least probable, given the translation.
    Without a reverse model none is dropped."""

    @model_validator(mode="after")
    def _text_needs_a_teacher(self) -> Self:
        if self.text and not self.teacher:
            raise ValueError("text is translated by the teacher, but there is none; name one, or leave text out")
        return self


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

    method: Literal["beam", "sampling", "beam+noise"] = "beam"
    """Whether to search for the best translation, to draw one at random, or to search and to leave out a tenth of its
    words and mix neighbours, so that the model does not rely on every word (Edunov et al. 2018)."""

    beam_size: BeamSize | None = None
    """Number of hypotheses in the search. Left out: the model's own."""

    share: Annotated[float, Field(gt=0, lt=1)] = 0.5
    """Largest share of an epoch's pairs that are back-translated."""

    tag: UserSymbol | None = "<BT>"
    """Word that is put before each back-translated source, so that the model can keep it apart from text that people
    wrote. The tokenizer never cuts it if it was learned with this section."""

    drop_worst: Probability = 0.05
    """Share of new back-translated pairs to drop: those whose target the live version finds least probable. Without a
    live version none is dropped."""
