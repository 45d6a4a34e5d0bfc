"""Recipes: finds a recipe, reads its TOML with overrides into a `Recipe`, and reports errors by key."""

from __future__ import annotations

import difflib
import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from transformer_cli.config import CorpusConfig, CorpusFiles, Recipe
from transformer_cli.errors import RecipeError, lower_first
from transformer_cli.text.languages import is_one_language
from transformer_cli.text.normalization import has_surrogates

DEFAULT_RECIPE_FILE = "tfm.toml"
DEFAULT_RECIPE_NAME = "phrasebook"

_TABLE = CorpusFiles.__name__
_SYNONYMS = {"lr": "learning_rate", "epochs": "max_steps", "batch_size": "batch_tokens"}
_TABLES = {"data.train": CorpusConfig, "data.valid": CorpusFiles, "data.test": CorpusFiles}


@dataclass(frozen=True, slots=True)
class RecipeFile:
    """A recipe that was found.

    Args:
        path: The TOML file.
        folder: The folder that file names in the recipe are relative to: the recipe's own folder, or the current folder
            for a recipe that ships with the package.
        is_fallback: Whether no recipe was named and there was no ``tfm.toml``, so that the phrasebook is used.
    """

    path: Path
    folder: Path
    is_fallback: bool = False


def shipped_recipes() -> dict[str, Path]:
    """Return the recipes that come with the package, by name."""
    package = Path(__file__).parent
    # An installed wheel has the recipes inside the package; a source checkout has them beside it.
    folder = next((f for f in (package / "recipes", package.parent / "recipes") if f.is_dir()), package)
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def find_recipe(argument: str | None) -> RecipeFile:
    """Find the recipe for a command: a path, a shipped recipe's name, ``./tfm.toml`` or the phrasebook.

    Raises:
        RecipeError: There is no recipe of that name.
    """
    shipped = shipped_recipes()
    if argument is None:
        if Path(DEFAULT_RECIPE_FILE).is_file():
            return RecipeFile(Path(DEFAULT_RECIPE_FILE), Path())
        return RecipeFile(shipped[DEFAULT_RECIPE_NAME], Path(), is_fallback=True)
    path = Path(argument)
    if path.is_file():
        return RecipeFile(path, path.parent)
    if argument in shipped:
        return RecipeFile(shipped[argument], Path())
    if path.exists():
        raise RecipeError(f'"{argument}" is not a file; give a recipe, that is a .toml file')
    raise RecipeError(f'there is no recipe "{argument}"; give a .toml file, or one that ships: {", ".join(shipped)}')


def load_recipe(file: RecipeFile, overrides: Sequence[str] = ()) -> Recipe:
    """Read, override and check a recipe.

    Args:
        file: The recipe file.
        overrides: ``section.key=value`` with a TOML value; any other value is taken as a string.

    Raises:
        RecipeError: The file cannot be read, or a key or value in it or in an override is wrong.
    """
    values = _read_toml(file.path)
    origin = {}
    for override in overrides:
        key = _apply_override(values, override)
        origin[key] = f"--set {override}"
    values.setdefault("name", file.path.stem)
    if found := _find_nul(values):
        key, text = found
        raise RecipeError(f'{_origin_of(key, origin, file)}: "{key}" is {_shown(text)}; no text here can hold a NUL')
    try:
        recipe = Recipe.model_validate(values)
    except ValidationError as error:
        key, finding = _first_finding(error)
        raise RecipeError(f"{_origin_of(key, origin, file)}: {_explain(finding, key)}") from None
    source, target = recipe.languages.source, recipe.languages.target
    if is_one_language(source, target):
        place = _origin_of("languages", origin, file)
        raise RecipeError(
            f'{place}: "languages": source {source!r} and target {target!r} are the same language; they must differ'
        )
    return recipe


def _find_nul(value: Any, key: str = "") -> tuple[str, str] | None:
    """Return the key and the first text with the character NUL, which no name of a file can hold, or None."""
    if isinstance(value, str):
        return (key, value) if "\0" in value else None
    items: list[tuple[str, Any]] = []
    if isinstance(value, dict):
        items = [(f"{key}.{name}".removeprefix("."), each) for name, each in value.items()]
    elif isinstance(value, list):
        items = [(key, each) for each in value]
    return next((found for name, each in items if (found := _find_nul(each, name))), None)


def _first_finding(error: ValidationError) -> tuple[str, Any]:
    """Return the first wrong key and its error.

    Below section and key, pydantic names an item of a list or one of the types that a value may have. Each of several
    types has its own error. A number out of range is more informative than a wrong type.
    """
    findings = error.errors(include_url=False)
    for each in findings:  # pydantic puts the names of validators around that of the table
        each["loc"] = tuple(_TABLE if _TABLE in str(part) else part for part in each["loc"])
    # Of a value that may be a name or a table, the errors in the table are of use, if it is one.
    findings = [each for each in findings if _TABLE in each["loc"] and each["type"] != "model_type"] or findings
    first = findings[0]
    if first["type"] == "missing":  # a required key that is misspelled is an unknown one beside it
        beside = [each for each in findings if each["loc"][:-1] == first["loc"][:-1]]
        first = next((each for each in beside if each["type"] == "extra_forbidden"), first)
    place = _place_of_key(first["loc"])
    same = [finding for finding in findings if _place_of_key(finding["loc"]) == place]
    finding = next((finding for finding in same if not finding["type"].endswith("_type")), same[0])
    if finding["type"].endswith("_type"):
        wanted = dict.fromkeys(
            "a table" if each["loc"][-1] == _TABLE else each["msg"].removeprefix("Input should be ") for each in same
        )
        finding["msg"] = f"input should be {' or '.join(wanted)}"
    return ".".join(part for part in place if isinstance(part, str)), finding


def _place_of_key(location: tuple[str | int, ...]) -> tuple[str | int, ...]:
    if _TABLE in location:  # a table in place of a name
        kind = location.index(_TABLE)
        return location[:kind] + location[kind + 1 : kind + 2]
    # If an item is a table, its key follows the item's number. A test set has a name of its own.
    has_table = len(location) > 3 and isinstance(location[2], int)
    return location[: 4 if has_table else 3 if location[:2] == ("data", "tests") else 2]


def _origin_of(key: str, origin: Mapping[str, str], file: RecipeFile) -> str:
    # The error may be about a whole section, in which an override set a value.
    for name, place in origin.items():
        if f"{key}.".startswith(f"{name}.") or name.startswith(f"{key}."):
            return place
    return str(file.path)


def recipe_to_toml(recipe: Recipe) -> str:
    """Return a recipe as TOML with every value spelled out; `load_recipe` reads it back as an equal recipe."""
    values = recipe.model_dump(mode="json", exclude_none=True)
    lines = [f"{key} = {toml_value(value)}" for key, value in values.items() if not isinstance(value, dict)]
    for section, fields in values.items():
        if isinstance(fields, dict):
            lines += ["", f"[{section}]", *(f"{key} = {toml_value(value)}" for key, value in fields.items())]
    return "\n".join(lines) + "\n"


def toml_value(value: Any) -> str:
    """Return a string, number, boolean, or a list or mapping of these, as one line of TOML."""
    if isinstance(value, list):
        return f"[{', '.join(map(toml_value, value))}]"
    if isinstance(value, dict):
        items = (f"{_toml_key(key)} = {toml_value(item)}" for key, item in value.items())
        return f"{{ {', '.join(items)} }}" if value else "{}"
    # TOML and JSON spell basic strings, numbers and booleans alike.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _toml_key(key: str) -> str:
    return key if re.fullmatch("[A-Za-z0-9_-]+", key) else toml_value(key)


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise RecipeError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise RecipeError(f"{path}: is not UTF-8 text; save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"{path}: is not valid TOML: {lower_first(str(error))}") from None


def _apply_override(values: dict[str, Any], override: str) -> str:
    """Set one value in ``values`` and return the dotted key."""
    key, equals, text = override.partition("=")
    key = key.strip()
    parts = key.split(".")
    if not equals or not all(parts):
        raise RecipeError(f'--set {override}: write it as section.key=value, as in "training.max_steps=1000"')
    if has_surrogates(override):
        raise RecipeError(f"--set {override}: is not UTF-8 text, so that no recipe can hold it")
    section: Any = values
    for part in parts[:-1]:
        section = section.setdefault(part, {})
        if not isinstance(section, dict):
            raise RecipeError(f'--set {override}: "{part}" is not a section')
    try:
        section[parts[-1]] = tomllib.loads(f"value = {text.strip()}")["value"]
    except tomllib.TOMLDecodeError as error:
        if text.strip()[:1] in ("'", '"'):
            raise RecipeError(f"--set {override}: the quotes do not fit: {lower_first(str(error))}") from None
        section[parts[-1]] = text.strip()
    return key


def _explain(error: Any, key: str) -> str:
    """Return one of pydantic's errors as a sentence that names the key and the way out."""
    match error["type"]:
        case "extra_forbidden":
            return f'unknown key "{key}"{_suggestion(key)}'
        case "string_pattern_mismatch" if key == "name":
            return (
                f'"name" is {_shown(error["input"])}; it may have Latin letters, digits, ".", "_" and "-"; '
                "where none is given it is that of the file"
            )
        case "missing":
            return f'"{key}" is missing'
        case "value_error":
            reason = str(error["ctx"]["error"])
            return f'"{key}": {reason}' if key else reason
        case "model_type" if key == "data.train":
            wanted = 'a valid string or a table with "path", or "source" and "target"'
            return f'"{key}" is {_shown(error["input"])}; input should be {wanted}'
        case "model_type":
            return f'"{key}" must be a section, [{key}]'
        case "too_short":
            return f'"{key}" is {_shown(error["input"])}; it must name something'
    return f'"{key}" is {_shown(error["input"])}; {lower_first(error["msg"])}'


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else text[:57] + "..."


def _suggestion(key: str) -> str:
    section, _, name = key.rpartition(".")
    name = _SYNONYMS.get(name, name)
    names = {known: known.rpartition(".")[2] for known in _all_keys(Recipe)}
    if section:  # no section is meant by a key in another one
        for known in {each.partition(".")[0] for each in names if "." in each}:
            del names[known]
    own = [last for known, last in names.items() if known.rpartition(".")[0] == section]
    close = [name] if name in names.values() else []  # maybe the right name in the wrong section
    close = close or difflib.get_close_matches(name, own, n=1) or difflib.get_close_matches(name, names.values(), n=1)
    meant = [known for known, last in names.items() if last in close]
    meant.sort(key=lambda known: known.rpartition(".")[0] != section)
    return f'; did you mean "{meant[0]}"?' if meant else ""


def _all_keys(section: type[BaseModel], prefix: str = "") -> list[str]:
    keys = []
    for name, field in section.model_fields.items():
        kind = _TABLES.get(prefix + name, field.annotation)
        keys.append(prefix + name)
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            keys += _all_keys(kind, f"{prefix}{name}.")
    return keys
