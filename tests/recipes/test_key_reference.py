from __future__ import annotations

import pytest
from pydantic import BaseModel

from recipes.key_reference import PAGE, docstrings, written
from transformer_cli.config import CorpusConfig, Recipe

SECTIONS = [
    field.annotation
    for field in Recipe.model_fields.values()
    if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
]


def test_the_page_is_what_the_settings_say():
    page = PAGE.read_text(encoding="utf-8")

    assert page == written(page), "run: python recipes/key_reference.py"


@pytest.mark.parametrize("section", [*SECTIONS, CorpusConfig])
def test_every_key_has_a_docstring_and_a_row(section):
    texts = docstrings(section)
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]

    assert texts.keys() == section.model_fields.keys()
    assert all(any(row.startswith(f"| `{key}` |") for row in rows) for key in texts)
