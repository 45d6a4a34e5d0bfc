"""The files and the pairs of a corpus that a recipe names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from transformer_cli.config import CorpusFiles, LanguagesConfig, NamedCorpus
from transformer_cli.data.corpora.formats.aligned import read_aligned
from transformer_cli.data.corpora.formats.builtin import BUILTIN_PHRASEBOOK, PHRASEBOOK_FILE, read_phrasebook
from transformer_cli.data.corpora.formats.json_array import read_json
from transformer_cli.data.corpora.formats.jsonl import read_jsonl
from transformer_cli.data.corpora.formats.tables.read import read_table
from transformer_cli.data.corpora.names import (
    FORMATS,
    HUB,
    JSON,
    LANG,
    SPREADSHEETS,
    TABLES,
    expand,
    expand_aligned,
    hub_parts,
    kind_of,
    match_files,
)
from transformer_cli.data.corpora.pairs import SentencePair
from transformer_cli.errors import DataError, RecipeError

_LIST_OF_TABLES = ".tsv, .csv and .txt files"
_LIST_OF_RECORDS = ".jsonl, .json, .parquet and data sets of the hub"
_RECORDS = (".jsonl", ".json", ".parquet", "hub")
_TEXTS = ("", ".jsonl", ".json", ".zip")


def corpus_files(corpus: NamedCorpus, languages: LanguagesConfig, folder: Path) -> tuple[Path, ...]:
    """Return the files that a corpus named in a recipe consists of.

    A data set of the hub has no files and is identified by its name alone. A change of it could only be detected over
    the network, and a check that finds nothing to do must not need the network.

    Raises:
        RecipeError: The name fits no kind of corpus.
        DataError: A file does not exist.
    """
    if isinstance(corpus, CorpusFiles) and corpus.path is not None:
        corpus = corpus.path
    if corpus == BUILTIN_PHRASEBOOK:
        return (PHRASEBOOK_FILE,)
    if isinstance(corpus, str) and corpus.startswith(HUB):
        place = hub_parts(corpus, folder)[2]
        return tuple(_visible_files(place)) if place else ()
    paths = tuple(path for group in _file_groups(corpus, languages, folder) for path in group)
    for path in paths:
        if not path.is_file():
            if path.exists():
                what = "folder" if path.is_dir() else "pipe or device, and a corpus is read more than once"
                raise DataError(f"{path} is not a file but a {what}; name a file")
            raise DataError(
                f'{path} is not there; "{corpus}" is looked for in {folder.resolve()}; put it there or set data.folder'
            )
    return paths


def read_corpus(corpus: NamedCorpus, languages: LanguagesConfig, folder: Path, *, part: str) -> Iterator[SentencePair]:
    """Stream the pairs of one corpus.

    Args:
        corpus: Its name or table in the recipe.
        languages: The two language codes.
        folder: The folder that names of files are relative to.
        part: The part of the phrasebook or of a data set with splits: "train", "valid" or "test".

    Raises:
        RecipeError: The name fits no kind of corpus, or a key is given that means nothing for it.
        DataError: A file is missing, cut short, misaligned or malformed; the message names file and line.
    """
    keys = corpus if isinstance(corpus, CorpusFiles) else CorpusFiles(path=corpus or ".")
    path = corpus.path if isinstance(corpus, CorpusFiles) else corpus
    _check_keys(keys)
    if path == BUILTIN_PHRASEBOOK:
        return read_phrasebook(part, languages)
    corpus_files(corpus, languages, folder)
    if path is not None and path.startswith(HUB):
        from transformer_cli.data.corpora.formats.hub import read_hub

        name, config, place = hub_parts(path, folder)
        return read_hub(name, config, languages, folder=place, part=part, columns=keys.columns)
    groups = _file_groups(path if path is not None else corpus, languages, folder)
    return (pair for group in groups for pair in _read_files(group, languages, keys))


def _check_keys(corpus: CorpusFiles) -> None:
    """Refuse keys that mean nothing for this kind of corpus.

    Raises:
        RecipeError: There is such a key.
    """
    name = corpus.path or ""
    kind = kind_of(name) if corpus.path is not None and LANG not in name else ""
    if name.startswith(HUB) or name == BUILTIN_PHRASEBOOK:
        kind = name.partition(":")[0]
    keys = set(corpus.reading_keys)
    if kind in TABLES:
        return
    if corpus.columns is not None and kind not in _RECORDS:
        raise RecipeError(
            f'data: source_column and target_column are for {_LIST_OF_TABLES}, {_LIST_OF_RECORDS}, not for "{corpus}"'
        )
    if corpus.columns is not None and not all(isinstance(column, str) for column in corpus.columns):
        raise RecipeError(f'data: source_column and target_column of "{corpus}" are names, not numbers')
    if kind in (".jsonl", ".json"):
        keys -= {"skip_bad_rows"}
    if alien := keys - {"encoding"}:
        raise RecipeError(f'data: {min(alien)} is for {_LIST_OF_TABLES}, not for "{corpus}"')
    if keys and kind not in _TEXTS:
        raise RecipeError(f'data: encoding is for text files, tables, .jsonl and .zip, not for "{corpus}"')


def _file_groups(corpus: NamedCorpus, languages: LanguagesConfig, folder: Path) -> list[tuple[Path, ...]]:
    """Return the files of a corpus; files that are read together are in one tuple."""
    if isinstance(corpus, CorpusFiles) and corpus.aligned_files is not None:
        return list(match_files(*corpus.aligned_files, folder))
    name = str(corpus)
    kind = kind_of(name)
    if LANG in name and kind not in FORMATS[2:]:
        return list(expand_aligned(name, folder, (languages.source, languages.target)))
    if LANG in name:
        raise RecipeError(f'data: a {kind} file holds both languages; name one file in place of "{name}"')
    if kind in SPREADSHEETS:
        raise RecipeError(f'data: "{name}" is a spreadsheet; save it as .csv in UTF-8 and name that file')
    if kind not in (*FORMATS, *TABLES, JSON):
        if name and (folder / name).is_dir():
            kinds = [kind_of(path.name) for path in sorted((folder / name).iterdir())]
            files = f"{Path(name)}/*{next((kind for kind in kinds if kind in FORMATS), '.tmx')}"
            raise RecipeError(f'data: "{name}" is a folder; name its files, for example "{files}"')
        raise RecipeError(
            f'data: cannot tell what "{name}" is; give two aligned files as "name.{{lang}}", or of any names as '
            '{ source = "…", target = "…" }, one file with both '
            f'sides ({", ".join(FORMATS)}; all of them plain, .gz, .bz2, .xz or .zst), or "hub:OWNER/NAME"'
        )
    return [(path,) for path in expand(name, folder)]


def _visible_files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts):
            yield path


def _read_files(paths: tuple[Path, ...], languages: LanguagesConfig, keys: CorpusFiles) -> Iterator[SentencePair]:
    if len(paths) == 2:
        return read_aligned(*paths, keys.encoding)
    path = paths[0]
    # Imported here because some readers are slow to import.
    match kind_of(path.name):
        case ".jsonl":
            return read_jsonl(path, languages, keys)
        case ".json":
            return read_json(path, languages, keys)
        case ".parquet":
            from transformer_cli.data.corpora.formats.parquet import read_parquet

            return read_parquet(path, languages, keys.columns)
        case ".tmx":
            from transformer_cli.data.corpora.formats.tmx import read_tmx

            return read_tmx(path, languages)
        case ".xlf" | ".xliff":
            from transformer_cli.data.corpora.formats.xliff import read_xliff

            return read_xliff(path, languages)
        case ".zip":
            from transformer_cli.data.corpora.formats.moses_zip import read_moses_zip

            return read_moses_zip(path, languages, keys.encoding)
        case ".po":
            from transformer_cli.data.corpora.formats.po import read_po

            return read_po(path, languages)
        case _:
            return read_table(path, languages, keys)
