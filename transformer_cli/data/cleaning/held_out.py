"""The pairs that are held out for validation and test sets which the recipe gives as numbers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HeldOut:
    """The pairs that are held out for one set.

    Args:
        number: The number of pairs in the recipe.
        pairs: The hashes of the pairs, also of those that the corpora no longer hold: they may come back. At first
            they are the lowest for "test" and the highest for "valid", so neither set moves when the other changes.
    """

    number: int
    pairs: frozenset[int]
