"""The pairs held out for validation and test sets whose size the recipe gives as a number."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer

from transformer_cli.files.record import Record


def _from_text(value: Any) -> Any:
    return [int(pair, 16) for pair in value.split()] if isinstance(value, str) else value


def _to_text(pairs: frozenset[int]) -> str:
    return " ".join(f"{pair:016x}" for pair in sorted(pairs))


class HeldOut(Record):
    """The pairs that are held out for one set; a part of ``prepare.json``.

    Args:
        number: The number of pairs in the recipe.
        pairs: The hashes of the pairs, including pairs that the corpora no longer hold, because they may come back. At
            first they are the lowest for "test" and the highest for "valid", so a change of one set does not affect
            the other.
    """

    number: int
    pairs: Annotated[frozenset[int], BeforeValidator(_from_text), PlainSerializer(_to_text)]
