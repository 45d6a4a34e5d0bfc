"""Write the tables of docs/recipe.md from the settings and their docstrings.

    python recipes/key_reference.py

replaces all that stands between the two marks in the page. A test holds both equal.
"""

from __future__ import annotations

import ast
import inspect
import itertools
import sys
import textwrap
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from pydantic import BaseModel  # noqa: E402
from pydantic.fields import FieldInfo  # noqa: E402

from transformer_cli.config import MODEL_PRESETS, CorpusConfig, Recipe, Section  # noqa: E402
from transformer_cli.recipe import toml_value  # noqa: E402

PAGE = ROOT / "docs" / "recipe.md"
BEGIN = "<!-- from here on written by recipes/key_reference.py -->"


def written(page: str) -> str:
    """Return the page with the tables made anew."""
    return page.partition(BEGIN)[0] + BEGIN + "\n\n" + reference()


def reference() -> str:
    """Return a heading, a sentence and a table for each section, and the presets."""
    parts = []
    for name, field in Recipe.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            parts.append(_section(f"[{name}]", kind))
        if name == "data":
            parts.append(_section("data.train", CorpusConfig))
        if name == "model":
            parts.append(_presets())
    top = "## Before all sections\n\n" + _table(
        [(name, field) for name, field in Recipe.model_fields.items() if name == "name"], docstrings(Recipe)
    )
    return "\n\n".join([top, *parts]) + "\n"


def docstrings(section: type[BaseModel]) -> dict[str, str]:
    """Return the docstring below each field of a class and of those that it extends."""
    texts = {}
    for kind in (each for each in reversed(section.mro()) if issubclass(each, Section) and each is not Section):
        (definition,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
        body = definition.body if isinstance(definition, ast.ClassDef) else []
        for field, below in itertools.pairwise(body):
            if isinstance(field, ast.AnnAssign) and isinstance(below, ast.Expr):
                texts[ast.unparse(field.target)] = " ".join(str(ast.literal_eval(below.value)).split())
    return texts


def _section(title: str, section: type[BaseModel]) -> str:
    summary, *rest = (section.__doc__ or "").strip().split("\n\n")
    summary = summary.partition("``: ")[2] if summary.startswith("``[") else summary.partition(": ")[2]
    text = " ".join([summary[:1].upper() + summary[1:], *" ".join(rest).split()])
    return f"## `{title}`\n\n{_markdown(text)}\n\n" + _table(list(section.model_fields.items()), docstrings(section))


def _table(fields: list[tuple[str, FieldInfo]], texts: dict[str, str]) -> str:
    rows = [
        f"| `{name}` | {_default(name, field)} | {_values(field.annotation)}{_markdown(texts[name])} |"
        for name, field in fields
    ]
    return "\n".join(["| key | default | meaning |", "| --- | --- | --- |", *rows])


def _default(name: str, field: FieldInfo) -> str:
    if name in MODEL_PRESETS["tiny"]:
        return "the preset's"
    if field.is_required():
        return "left out" if name == "name" else "required"
    default: Any = field.default
    return "left out" if default is None else f"`{toml_value(default)}`"


def _values(kind: Any) -> str:
    """Return the values that a key may have where they can be listed."""
    if get_origin(kind) is not Literal:
        return ""
    return " or ".join(f"`{toml_value(value)}`" for value in get_args(kind)) + ". "


def _presets() -> str:
    keys = list(dict.fromkeys(key for preset in MODEL_PRESETS.values() for key in preset))
    lines = [f"| | {' | '.join(f'`{name}`' for name in MODEL_PRESETS)} |", "| --- |" + " --- |" * len(MODEL_PRESETS)]
    for key in keys:
        values = [preset.get(key, "post") for preset in MODEL_PRESETS.values()]
        lines.append(f"| `{key}` | {' | '.join(f'`{toml_value(value)}`' for value in values)} |")
    return "### Presets\n\n" + "\n".join(lines)


def _markdown(text: str) -> str:
    return text.replace("``", "`").replace("|", r"\|")


def main() -> None:
    """Write the page."""
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
