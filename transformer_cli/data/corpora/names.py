"""The kind and the files of a corpus, by its name in the recipe."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from transformer_cli.errors import DataError, RecipeError
from transformer_cli.files.packed import suffix_of_content

FORMATS = (".tsv", ".csv", ".jsonl", ".parquet", ".tmx", ".po", ".xlf", ".xliff", ".zip")
TABLES = (".tsv", ".csv")
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
    if path.exists() or not _WILDCARDS.search(corpus):
        return [path]
    pattern = Path(corpus)
    base = Path(pattern.anchor) if pattern.is_absolute() else folder
    try:
        # As in the shell, hidden files do not match.
        found = base.glob(str(pattern.relative_to(pattern.anchor)))
        paths = sorted(path for path in found if not path.name.startswith("."))
    except ValueError:
        raise RecipeError(f'data: in "{corpus}" something stands beside **; write **/*.tmx and the like') from None
    if not paths:
        raise DataError(
            f'no file fits "{corpus}"; it is looked for in {folder.resolve()}; put it there or set data.folder'
        )
    return paths


def expand_aligned(corpus: str, folder: Path, codes: tuple[str, str]) -> Iterator[tuple[Path, Path]]:
    """Yield the pairs of files that match a name with ``{lang}``.

    Raises:
        DataError: Wildcards match a file in one language, but its counterpart is missing.
    """
    sources, targets = (
        {
            _filled_in(path, corpus.replace(LANG, code), folder): path
            for path in expand(corpus.replace(LANG, code), folder)
        }
        for code in codes
    )
    for filled_in, path in (sources | targets).items():
        if filled_in not in sources or filled_in not in targets:
            missing = codes[0] if filled_in not in sources else codes[1]
            raise DataError(f'"{corpus}" fits {path}, but there is none for {missing} beside it; add or remove one')
    yield from ((sources[filled_in], targets[filled_in]) for filled_in in sources)


def _filled_in(path: Path, pattern: str, folder: Path) -> tuple[str, ...]:
    """Return the part of ``path`` that each wildcard of ``pattern`` matches; it is the same in files of one pair."""
    if path == folder / pattern:
        return ()
    is_absolute = Path(pattern).is_absolute()
    parts = _WILDCARDS.split(str(Path(pattern)))
    expression = "".join(_expression(part) if index % 2 else re.escape(part) for index, part in enumerate(parts))
    found = re.fullmatch(expression, str(path if is_absolute else path.relative_to(folder)))
    return found.groups() if found else (str(path),)


def _expression(wildcard: str) -> str:
    if wildcard.startswith("["):
        return f"({wildcard.replace('[!', '[^', 1)})"
    return {"*": "([^/]*)", "?": "([^/])", "**/": "((?:.*/)?)"}.get(wildcard, "([^/]*/?)")
