"""The README's list of all keys and defaults is true."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from pydantic import BaseModel

from transformer_cli.config import Recipe

README = Path(__file__).parents[2] / "README.md"


def reference_block() -> str:
    text = README.read_text(encoding="utf-8").partition("### Every key of a recipe")[2]
    return text.partition("```toml\n")[2].partition("```")[0]


def keys_of(section: type[BaseModel], prefix: str = "") -> set[str]:
    keys = set()
    for name, field in section.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            keys |= keys_of(kind, f"{prefix}{name}.")
        else:
            keys.add(prefix + name)
    return keys


def test_the_values_in_the_reference_are_the_defaults():
    values = tomllib.loads(reference_block())

    written = Recipe.model_validate({"name": "x", **values})
    minimal = {"name": "x", "languages": values["languages"], "data": {"train": values["data"]["train"]}}

    assert written == Recipe.model_validate(minimal)


def test_the_reference_names_every_key_and_no_other():
    section, named = "", set()
    for line in reference_block().splitlines():
        if header := re.match(r"\[(\w+)\]", line):
            section = f"{header[1]}."
        elif key := re.match(r"(?:# )?(\w+) = ", line):
            named.add(section + key[1])

    assert named == keys_of(Recipe)
