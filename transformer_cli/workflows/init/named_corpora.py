"""The corpora that a user names on the command line, as a recipe names them."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, islice, takewhile
from pathlib import Path

from pydantic import ValidationError

from transformer_cli.config import CorpusFiles, LanguagesConfig, NamedCorpus
from transformer_cli.data.corpora import corpus_files, read_corpus
from transformer_cli.data.corpora.names import FORMATS, HUB, LANG, kind_of
from transformer_cli.data.sides.evidence import count_sides
from transformer_cli.errors import DataError, TfmError, UsageError, lower_first
from transformer_cli.files.packed import COMPRESSIONS
from transformer_cli.text.language_names import language_of_heading, side_of_heading
from transformer_cli.text.languages import parse_language, same_language
from transformer_cli.text.lines import read_text_lines
from transformer_cli.text.normalization import has_surrogates
from transformer_cli.workflows.init.corpus_keys import explain_keys

_TABLE = re.compile(r"\{\s*[\w\"]+\s*=")
_PARTS = re.compile(r"[^\W_]+|[\W_]")
_BUILTIN = "builtin:"
_TRAIN = re.compile(r"(?<![^\W_])train(ing)?(?![^\W_])", re.IGNORECASE)
_LINES = 1000

Files = tuple[str, str]
"""The names of the files of sources and targets."""


def named_corpora(names: Sequence[str], languages: LanguagesConfig) -> list[NamedCorpus]:
    """Return the corpora of a command line; two aligned text files are one corpus.

    Two text files are paired by their names (``src-train.txt tgt-train.txt``, ``french.txt english.txt``); of
    ``corpus.fr`` alone, the other one is looked for beside it. Those that are left are paired in their order, and their
    content tells which is which.

    Raises:
        UsageError: A table has an error, a name is not UTF-8, or nothing tells which file is which.
        DataError: The file of the other language is missing.
    """
    corpora: list[NamedCorpus | None] = []
    texts: dict[int, str] = {}
    for name in dict.fromkeys(names):
        _refuse_bytes(name)
        corpora.append(_table(name) if _TABLE.match(name) else name)
        if _is_text(name):
            texts[len(corpora) - 1] = corpora[-1] = str(Path(name))  # "./corpus.fr" becomes "corpus.fr"
    for place, other, files in list(_pairs_by_name(texts, languages)):
        corpora[place], corpora[other] = _corpus(files, languages), None
        del texts[place], texts[other]
    for place, name in list(texts.items()):
        if (found := _with_counterpart(name, languages)) is not None:
            corpora[place] = _corpus(found, languages)
            del texts[place]
    # What is no file, or one alone, is left to the reader, which knows what to say of it.
    rest = [place for place in texts if Path(texts[place]).is_file()]
    for place, other in zip(rest[::2], rest[1::2], strict=False):
        files = _by_content(texts[place], texts[other], languages)
        corpora[place], corpora[other] = _corpus(files, languages), None
    return list({str(corpus): corpus for corpus in corpora if corpus is not None}.values())


def find_beside(corpora: Sequence[NamedCorpus], stems: Sequence[str], languages: LanguagesConfig) -> NamedCorpus | None:
    """Return the first corpus named like one of ``stems`` beside the first of ``corpora``.

    It is of any format, or has the name of the first corpus with the word for "train": ``src-val.txt`` beside
    ``src-train.txt``.
    """
    first = corpora[0]
    if str(first).startswith((HUB, _BUILTIN)):
        return None
    names = [str(corpus) for corpus in corpora]
    for stem in stems:
        for candidate in _candidates(first, stem):
            if str(candidate) not in names and _files_of(candidate, languages):
                return candidate
    return None


def relative_to(corpus: NamedCorpus, folder: Path) -> NamedCorpus:
    """Return the corpus as a recipe in ``folder`` names it."""
    if isinstance(corpus, CorpusFiles):
        given = {key: getattr(corpus, key) for key in ("path", "source", "target")}
        moved = {key: _relative(name, folder) for key, name in given.items() if name is not None}
        return corpus.model_copy(update=moved)
    return _relative(corpus, folder)


def as_value(corpus: NamedCorpus) -> str | dict[str, object]:
    """Return the corpus as a value of TOML."""
    return corpus if isinstance(corpus, str) else corpus.model_dump()


def _table(text: str) -> CorpusFiles:
    try:
        return CorpusFiles.model_validate(tomllib.loads(f"corpus = {text}")["corpus"])
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{text} is no table of TOML ({lower_first(str(error))}); write it as in a recipe") from None
    except ValidationError as error:
        finding = error.errors()[0]
        reason = lower_first(finding["msg"].removeprefix("Value error, "))
        key = ".".join(map(str, finding["loc"]))
        raise UsageError(f"{text}: {f'{key}: ' if key else ''}{reason}; write it as in a recipe") from None


def _is_text(name: str) -> bool:
    is_other = name.startswith((HUB, _BUILTIN)) or LANG in name or _TABLE.match(name)
    return not is_other and kind_of(name) not in FORMATS and not _is_table(Path(name))


def _is_table(path: Path) -> bool:
    """Return whether a .txt file has a tab in each of its first lines."""
    if kind_of(path.name) != ".txt" or not path.is_file():
        return False
    with explain_keys(str(path)):
        lines = [line.text for line in islice(read_text_lines(path, setting="encoding"), 10) if line.text.strip()]
    return bool(lines) and all("\t" in line for line in lines)


def _pairs_by_name(texts: Mapping[int, str], languages: LanguagesConfig) -> Iterator[tuple[int, int, Files]]:
    """Yield the places of two files and their names, for each pair of files that their names tell."""
    taken: set[int] = set()
    for place, other in combinations(texts, 2):
        if not {place, other} & taken and (files := _pair(texts[place], texts[other], languages)):
            taken |= {place, other}
            yield place, other, files


def _pair(name: str, other: str, languages: LanguagesConfig) -> Files | None:
    """Return the two names with that of the sources first, or None if the names do not tell."""
    for differences in _differences(_unpacked(name), _unpacked(other)):
        sides = {(_side(part, languages), _side(other_part, languages)) for part, other_part in differences}
        if sides == {("source", "target")}:
            return name, other
        if sides == {("target", "source")}:
            return other, name
    return None


def _unpacked(name: str) -> str:
    """Return a name without the suffix of a compression."""
    suffix = Path(name).suffix
    return name.removesuffix(suffix) if suffix.lower() in COMPRESSIONS else name


def _differences(name: str, other: str) -> Iterator[list[tuple[str, str]]]:
    """Yield the parts in which two names differ: as one part, as one that begins earlier, and at each place."""
    parts, others, start, end = _split(name, other)
    for begin in (start, start - 2):  # pt-BR and pt-PT differ in their second parts
        if begin >= 0:
            yield [("".join(parts[begin : len(parts) - end]), "".join(others[begin : len(others) - end]))]
    if len(parts) == len(others):
        yield [(one, two) for one, two in zip(parts, others, strict=True) if one != two]


def _split(name: str, other: str) -> tuple[list[str], list[str], int, int]:
    """Return the parts of two names, and how many are the same at their begin and at their end."""
    parts, others = _PARTS.findall(name), _PARTS.findall(other)
    start = _count_equal(parts, others)
    return parts, others, start, _count_equal(parts[start:][::-1], others[start:][::-1])


def _count_equal(parts: Sequence[str], others: Sequence[str]) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(parts, others, strict=False)))


def _side(word: str, languages: LanguagesConfig) -> str | None:
    if word in (languages.source, languages.target):
        return "source" if word == languages.source else "target"
    code = language_of_heading(word)
    if code is None:
        return side_of_heading(word)
    fitting = [side for side, language in languages if same_language(code, language)]
    same = [side for side, language in languages if parse_language(code) == parse_language(language)]
    return next(iter(same or fitting), None) if len(same or fitting) == 1 else None


def _with_counterpart(name: str, languages: LanguagesConfig) -> Files | None:
    """Return the names of a file and of the one beside it that has the other language in its name, if there is one."""
    path = Path(name)
    packing = name.removeprefix(_unpacked(name))
    stem, _, code = _unpacked(name).rpartition(".")
    has_code = bool(stem) and code in (languages.source, languages.target)
    expected = f"{stem}.{languages.source}{packing}", f"{stem}.{languages.target}{packing}"
    if has_code and all(Path(file).is_file() for file in expected):
        return expected
    beside = sorted(other for other in path.parent.iterdir() if other.is_file()) if path.is_file() else []
    found = [files for other in beside if (files := _pair(name, str(other), languages)) is not None]
    if len(found) > 1:  # en.txt rather than english.txt for fr.txt
        found = [files for files in found if isinstance(_corpus(files, languages), str)]
    if len(found) == 1:
        return found[0]
    if has_code:
        missing = next(file for file in expected if not Path(file).is_file())
        raise DataError(
            f"{missing} is not there; of two aligned text files {expected[0]} and {expected[1]} are looked for"
        )
    return None


def _by_content(name: str, other: str, languages: LanguagesConfig) -> Files:
    corpus = CorpusFiles(source=name, target=other)
    with explain_keys(corpus):
        pairs = read_corpus(corpus, languages, Path(), part="train")
        counts = count_sides([(pair.source, pair.target) for pair in islice(pairs, _LINES)], languages)
    if counts.is_plainly_straight or counts.is_plainly_crossed:
        return (name, other) if counts.is_plainly_straight else (other, name)
    raise UsageError(
        f"cannot tell which of {name} and {other} is {languages.source}; say it in place of the two names, as in "
        f"""'{{ source = "{name}", target = "{other}" }}'"""
    )


def _corpus(files: Files, languages: LanguagesConfig) -> NamedCorpus:
    """Return two files as one corpus, with ``{lang}`` in its name if that finds them."""
    parts, others, start, end = _split(*files)
    begins = [start, start - 2] if start >= 2 else [start]  # pt-BR and pt-PT differ in their second parts
    patterns = ["".join([*parts[:begin], LANG, *parts[len(parts) - end :]]) for begin in begins]
    if len(parts) == len(others):
        patterns.append("".join(one if one == two else LANG for one, two in zip(parts, others, strict=True)))
    for pattern in patterns:
        if _files_of(pattern, languages) == tuple(map(Path, files)):
            return pattern
    return CorpusFiles(source=files[0], target=files[1])


def _files_of(corpus: NamedCorpus, languages: LanguagesConfig) -> tuple[Path, ...]:
    try:
        return corpus_files(corpus, languages, Path())
    except TfmError:
        return ()


def _candidates(first: NamedCorpus, stem: str) -> Iterator[NamedCorpus]:
    """Yield the names that a corpus called ``stem`` may have beside the first one."""
    files = first.aligned_files if isinstance(first, CorpusFiles) else None
    if files is not None:
        source, target = (re.sub(_TRAIN, stem, name) for name in files)
        if (source, target) != files:
            yield CorpusFiles(source=source, target=target)
    elif LANG in str(first):
        yield re.sub(_TRAIN, stem, str(first))
    folder = Path(str(first) if files is None else files[0]).parent
    for form in (f".{LANG}", *FORMATS):
        for packing in ("", *COMPRESSIONS):
            yield str(folder / f"{stem}{form}{packing}")


def _relative(name: str, folder: Path) -> str:
    prefix = HUB if name.startswith(HUB) else ""
    place = Path(name.removeprefix(prefix))
    if place.is_absolute() or name.startswith(_BUILTIN) or (prefix and not place.is_dir()):
        return name
    return prefix + path_from(folder, place)


def path_from(folder: Path, place: Path) -> str:
    """Return the path that leads from a folder to a place.

    ".." leads out of where a link to the folder leads to. The name of the place may be that of a link, and stays.

    Raises:
        UsageError: The path is not UTF-8.
    """
    path = os.path.relpath(Path(os.path.realpath(place.parent), place.name), os.path.realpath(folder))
    _refuse_bytes(path)
    return path


def _refuse_bytes(name: str) -> None:
    """Refuse a name that no recipe can hold."""
    if has_surrogates(name):
        raise UsageError(
            f"the name {name} is not UTF-8, as a recipe is; rename it, or write * in place of such letters"
        )
