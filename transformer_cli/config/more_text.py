"""``[distillation]``: training pairs that models make from text."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from transformer_cli.config.corpora import as_list
from transformer_cli.config.section import Positive, Section

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
