"""The pairs held out for validation and test sets whose size the recipe gives as a number."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainSerializer

from transformer_cli.files.record import Record


def _from_text(value: Any) -> Any:
    return [int(pair, 16) for pair in value.split()] if isinstance(value, str) else value


def _to_text(pairs: frozenset[int]) -> str:
    return " ".join(f"{pair:016x}" for pair in sorted(pairs))


_Pairs = Annotated[frozenset[int], BeforeValidator(_from_text), PlainSerializer(_to_text)]


class HeldOut(Record):
    """The pairs that are held out for one set; a part of ``prepare.json``.

    Args:
        number: The number of pairs in the recipe.
        pairs: The hashes of the pairs, including pairs that the corpora no longer hold, because they may come back. At
            first they are the lowest for "test" and the highest for "valid", so a change of one set does not affect
            the other.
        substitutes: The pairs that joined when most of those before were gone, group by group. They make room when
            those before them come back.
    """

    number: int
    pairs: _Pairs
    substitutes: list[_Pairs] = Field(default_factory=list)

    @property
    def groups(self) -> list[frozenset[int]]:
        """All pairs, those that come first to be in the set in the first group."""
        return [self.pairs, *self.substitutes]

    @property
    def reserved(self) -> frozenset[int]:
        """All pairs; none of them is trained on."""
        return frozenset().union(*self.groups)

    def joined_by(self, pairs: Collection[int]) -> HeldOut:
        """Return the same pairs with others as their substitutes; without others, the same."""
        return self.model_copy(update={"substitutes": [*self.substitutes, frozenset(pairs)]}) if pairs else self
