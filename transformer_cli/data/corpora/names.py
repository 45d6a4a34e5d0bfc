"""The kind and the files of a corpus, by its name in the recipe."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from transformer_cli.errors import DataError, RecipeError
from transformer_cli.files.packed import suffix_of_content
from transformer_cli.text.languages import is_known_language, parse_language, same_language

FORMATS = (".tsv", ".csv", ".jsonl", ".parquet", ".tmx", ".po", ".xlf", ".xliff", ".zip")
TABLES = (".tsv", ".csv", ".txt")
JSON = ".json"
SPREADSHEETS = (".xlsx", ".xls", ".xlsm", ".ods", ".numbers")
HUB = "hub:"
LANG = "{lang}"
_WILDCARDS = re.compile(r"(\*+/?|\?|\[[^]]+\])")


def kind_of(name: str) -> str:
    """Return the file format's suffix in lower case, without the suffix of a compression."""
    return suffix_of_content(Path(name))


def hub_parts(corpus: str, folder: Path) -> tuple[str, str | None, Path | None]:
    """Split ``hub:OWNER/NAME:CONFIG`` into its parts.

    Returns:
        The name, the configuration or None, and the folder if the name is that of a local folder, else None.

    Raises:
        RecipeError: The name is missing.
    """
    rest = corpus.removeprefix(HUB)
    name, _, config = rest.rpartition(":") if ":" in rest and not (folder / rest).is_dir() else (rest, "", "")
    if not name.strip("/"):
        raise RecipeError(f'data: "{corpus}" names no data set; write "hub:OWNER/NAME" or "hub:OWNER/NAME:CONFIG"')
    return name, config or None, folder / name if (folder / name).is_dir() else None


def expand(corpus: str, folder: Path) -> list[Path]:
    """Return the file of a name, or all files that match a name with ``*``, ``?`` or ``[…]``, sorted.

    Raises:
        DataError: A name with wildcards matches no file.
        RecipeError: The wildcards are invalid.
    """
    path = folder / corpus
    if path.exists() or not has_wildcards(corpus):
        return [path]
    paths = matching_files(corpus, folder)
    if not paths:
        raise DataError(
            f'no file fits "{corpus}"; it is looked for in {folder.resolve()}; put it there or set data.folder'
        )
    return paths


def has_wildcards(corpus: str) -> bool:
    """Return whether a name may stand for several files."""
    return _WILDCARDS.search(corpus) is not None


def matching_files(corpus: str, folder: Path) -> list[Path]:
    """Return all files that match a name with ``*``, ``?`` or ``[…]``, sorted; there may be none.

    Raises:
        RecipeError: The wildcards are invalid.
    """
    pattern = Path(corpus)
    base = Path(pattern.anchor) if pattern.is_absolute() else folder
    try:
        # As in the shell, hidden files do not match.
        found = base.glob(str(pattern.relative_to(pattern.anchor)))
        return sorted(path for path in found if not path.name.startswith("."))
    except ValueError:
        raise RecipeError(f'data: in "{corpus}" something stands beside **; write **/*.tmx and the like') from None


def expand_aligned(corpus: str, folder: Path, codes: tuple[str, str]) -> Iterator[tuple[Path, Path]]:
    """Yield the pairs of files that match a name with ``{lang}``.

    ``{lang}`` stands for the code in the recipe. Where there is no such file, it stands for another code of the same
    language: ``train.fra`` serves for ``fr``, as a column of this name would.

    Raises:
        DataError: Wildcards match a file in one language, but its counterpart is missing; or several codes fit.
    """
    sources, targets = (_files_of_language(corpus, folder, code) for code in codes)
    for filled_in, path in (sources | targets).items():
        if filled_in not in sources or filled_in not in targets:
            missing = codes[0] if filled_in not in sources else codes[1]
            raise DataError(f'"{corpus}" fits {path}, but there is none for {missing} beside it; add or remove one')
    yield from ((sources[filled_in], targets[filled_in]) for filled_in in sources)


def match_files(source: str, target: str, folder: Path) -> Iterator[tuple[Path, Path]]:
    """Yield the pair of files of these names, or all pairs if the names have wildcards that stand for the same.

    Raises:
        DataError: Wildcards match no file, or a file without its counterpart.
        RecipeError: A file is of a format that holds both sides.
    """
    for name in (source, target):
        if kind_of(name) in FORMATS[2:]:
            raise RecipeError(f'data: "{name}" is a {kind_of(name)} file, which holds both sides; give it as "path"')
    sources, targets = (
        {_filled_in(path, name, folder): path for path in expand(name, folder)} for name in (source, target)
    )
    for filled_in, path in (sources | targets).items():
        if filled_in not in sources or filled_in not in targets:
            missing = source if filled_in not in sources else target
            raise DataError(f'{path} has no counterpart that fits "{missing}"; add or remove one')
    yield from ((sources[filled_in], targets[filled_in]) for filled_in in sources)


def _files_of_language(corpus: str, folder: Path, code: str) -> dict[tuple[str, ...], Path]:
    """Return the files in one language by what the wildcards stand for."""
    name = corpus.replace(LANG, code)
    spelled = (
        [folder / name] if (folder / name).exists() else matching_files(name, folder) if _WILDCARDS.search(name) else []
    )
    found = {_filled_in(path, name, folder): path for path in spelled}
    if not found or has_wildcards(name):
        found |= {
            key: _nearest(paths, corpus, code)
            for key, paths in _other_codes(corpus, folder, code).items()
            if key not in found
        }
    # With nothing found, the name as it is spelled gives the message.
    return found or {_filled_in(path, name, folder): path for path in expand(name, folder)}


def _other_codes(corpus: str, folder: Path, code: str) -> dict[tuple[str, ...], dict[str, Path]]:
    """Return the files of other codes of a language, by what the wildcards stand for and by the code."""
    found: dict[tuple[str, ...], dict[str, Path]] = {}
    for path in matching_files(corpus.replace(LANG, "[A-Za-z]*"), folder) if is_known_language(code) else ():
        *filled_in, spelled = _filled_in(path, corpus, folder)
        if is_known_language(spelled) and same_language(spelled, code):
            found.setdefault(tuple(filled_in), {})[spelled] = path
    return found


def _nearest(paths: dict[str, Path], corpus: str, code: str) -> Path:
    """Return the file whose code says the same as ``code``, else the only one."""
    same = [path for spelled, path in paths.items() if parse_language(spelled) == parse_language(code)]
    fitting = same or list(paths.values())
    if len(fitting) > 1:
        raise DataError(
            f'"{corpus}" fits {" and ".join(map(str, fitting))} for {code}; name one of them with '
            '{ source = "…", target = "…" }'
        )
    return fitting[0]


def _filled_in(path: Path, pattern: str, folder: Path) -> tuple[str, ...]:
    """Return the part of ``path`` that each wildcard of ``pattern`` matches; it is the same in files of one pair.

    The part that ``{lang}`` matches comes last. ``{lang}`` matches the same text wherever it stands, or nothing.
    """
    if path == folder / pattern:
        return ()
    is_absolute = Path(pattern).is_absolute()
    parts = _WILDCARDS.split(str(Path(pattern)))
    expression = "".join(_expression(part) if index % 2 else re.escape(part) for index, part in enumerate(parts))
    language, escaped = "(?P<lang>[A-Za-z]+(?:[-_][A-Za-z0-9]+)*)", re.escape(LANG)
    expression = expression.replace(escaped, language, 1).replace(escaped, "(?P=lang)")
    found = re.fullmatch(expression, str(path if is_absolute else path.relative_to(folder)))
    if found is None:
        return (str(path), "") if LANG in pattern else (str(path),)
    groups = [text for number, text in enumerate(found.groups(), 1) if number != found.re.groupindex.get("lang")]
    return (*groups, *([found["lang"]] if LANG in pattern else []))


def _expression(wildcard: str) -> str:
    if wildcard.startswith("["):
        return f"({wildcard.replace('[!', '[^', 1)})"
    return {"*": "([^/]*)", "?": "([^/])", "**/": "((?:.*/)?)"}.get(wildcard, "([^/]*/?)")
