"""What all sections of a recipe have in common: frozen, strict, and an unknown key is an error."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Probability = Annotated[float, Field(ge=0.0, lt=1.0)]
Positive = Annotated[int, Field(ge=1)]


class Section(BaseModel):
    """A frozen group of settings in which an unknown key is an error."""

    # Strict, so that `dropout = "0.3"` or `seed = true` is an error and not a guess; an integer still does for a float.
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)
