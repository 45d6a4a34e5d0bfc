"""Whether translated documents are accepted by the tools of their formats, with every placeholder.

    python -m venv tools
    tools/bin/pip install typer lxml html5lib polib pysubs2 webvtt-py translate-toolkit PyYAML javaproperties
    tools/bin/pip install openstep-plist
    tools/bin/python recipes/benchmarks/documents.py FILES... --model runs/en-fr --schemas schemas

The translations that catalogues have are taken out first, and messages get the flags that `msgfmt` needs to check their
placeholders. Then `tfm translate` translates each file, and its result once more, which must change nothing in formats
that hold translations beside their sources. `msgfmt` and `pofilter` come with gettext and translate-toolkit. The
schemas of XLIFF are `xliff-core-1.2-strict.xsd` and `xliff-core-2.0.xsd`, as in Debian's php-symfony-translation.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

POFILTER = ("printf", "variables", "urls", "emails")
FLAGS = {
    "kde-format": re.compile(r"%[1-9](?![0-9]*[$.dsuflc])"),
    "c-format": re.compile(r"%(?:%|(?:[1-9]\$)?[-+#0']*\d*(?:\.(?:\d+|\*))?(?:hh?|ll?|[jztL])?[diouxXeEfgGcs])"),
    "python-brace-format": re.compile(r"\{\w+\}"),
}
TAG = re.compile(r"<(/?)([a-z][a-z0-9]*)(?:\s[^<>]*=[^<>]*)?/?>")


def main(
    files: Annotated[list[Path], typer.Argument(help="Documents of the model's source language.")],
    model: Annotated[Path, typer.Option(help="A model or run directory.")],
    schemas: Annotated[Path | None, typer.Option(help="A folder with the schemas of XLIFF.")] = None,
    show: Annotated[int, typer.Option(help="The number of problems to print of each file.")] = 3,
    tfm: Annotated[str, typer.Option(help="The command.")] = "tfm",
) -> None:
    """Translate, check, and print a table in Markdown; files with the same ending share a row."""
    rows: dict[str, Counter[str]] = {}
    for file in files:
        kind = next((kind for kind in CHECKS if file.name.endswith(kind)), "")
        if not kind:
            raise typer.BadParameter(f"{file}: no check for this ending")
        name = file.name if kind in (".po", ".xlf") else f"*{kind}"
        row = rows.setdefault(name, Counter())
        with tempfile.TemporaryDirectory() as folder:
            problems = list(_problems(file, kind, Path(folder), tfm, model, schemas, row))
        row["problems"] += len(problems)
        row["files"] += 1
        for problem in problems[:show]:
            typer.echo(f"{file}: {problem}", err=True)
    typer.echo("| document | files | texts | seconds | problems |\n| --- | --- | --- | --- | --- |")
    for name, row in rows.items():
        typer.echo(f"| `{name}` | {row['files']} | {row['texts']} | {row['seconds']} | {row['problems']} |")


def _problems(
    file: Path, kind: str, folder: Path, tfm: str, model: Path, schemas: Path | None, row: Counter[str]
) -> Iterator[str]:
    old, new, again = folder / file.name, folder / "new" / file.name, folder / "again" / file.name
    for path in (new, again):
        path.parent.mkdir()
    if kind == ".po":
        _write_emptied(file, old)
    else:
        shutil.copy(file, old)
    start = time.perf_counter()
    said = _run(tfm, "translate", old, "-o", new, "--model", model, "--final", "--verbose")
    row["seconds"] += round(time.perf_counter() - start)
    if not new.exists():
        yield f"not translated: {said.splitlines()[-1]}"
        return
    row["texts"] += int((re.findall(r"(\d+) passages translated", said) or ["0"])[-1])
    if kind in (".po", ".xlf", ".tmx"):
        _run(tfm, "translate", new, "-o", again, "--model", model, "--final")
        if again.read_bytes() != new.read_bytes():
            yield "translated again it is not the same"
    yield from CHECKS[kind](old, new, schemas)


def _run(*command: object) -> str:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    return done.stderr + done.stdout


def _write_emptied(file: Path, path: Path) -> None:
    """Write a catalogue without its translations, with flags for the placeholders of its messages."""
    import polib

    catalogue = polib.pofile(str(file))
    for entry in catalogue:
        entry.msgstr, entry.msgstr_plural = "", dict.fromkeys(entry.msgstr_plural, "")
        kinds = [flag for flag, pattern in FLAGS.items() if pattern.search(entry.msgid)][:1]
        is_valid = kinds != ["c-format"] or "%" not in FLAGS["c-format"].sub("", entry.msgid + entry.msgid_plural)
        entry.flags = kinds if is_valid else []
    catalogue.save(str(path))


def check_po(old: Path, new: Path, _: Path | None) -> Iterator[str]:
    """Yield what `msgfmt` and `pofilter` complain of."""
    import polib

    del old
    said = _run("msgfmt", "--check", "--check-format", "--output-file=/dev/null", new)
    yield from (line for line in said.splitlines() if re.match(r".*:\d+: ", line))
    filtered = new.parent / "filtered"
    pofilter = Path(sys.executable).parent / "pofilter"
    _run(pofilter, *(f"--test={name}" for name in POFILTER), "--nofuzzy", new, filtered)
    if filtered.exists():
        yield from re.findall(r"^# \(pofilter\) .*", filtered.read_text("utf-8"), re.MULTILINE)
    for entry in polib.pofile(str(new)):
        if not entry.msgid_plural and _signs(entry.msgid) != _signs(entry.msgstr):
            yield f"other placeholders or tags: {entry.msgid!r} {entry.msgstr!r}"


def check_xliff(old: Path, new: Path, schemas: Path | None) -> Iterator[str]:
    """Yield where the file breaks its schema, and targets without the codes of their sources."""
    from lxml import etree

    tree = etree.parse(new)
    version = tree.getroot().get("version", "1.2")
    if schemas:
        name = "xliff-core-2.0.xsd" if version.startswith("2") else "xliff-core-1.2-strict.xsd"
        # The schema of XML's own attributes lies beside the others.
        text = re.sub(rb'"[^"]*/xml\.xsd"', b'"xml.xsd"', (schemas / name).read_bytes())
        schema = etree.XMLSchema(etree.fromstring(text, base_url=str(schemas.absolute() / name)))
        before = etree.parse(old)
        schema.validate(before)
        known = {error.message for error in schema.error_log}
        schema.validate(tree)
        yield from (str(error) for error in schema.error_log if error.message not in known)
    for source in tree.iter("{*}source"):
        target = source.getnext()
        while target is not None and etree.QName(target).localname != "target":
            target = target.getnext()
        codes = [
            Counter((str(node.tag), *sorted(node.items())) for node in side.iterdescendants())
            for side in (source, target)
            if side is not None
        ]
        if codes[0] != codes[-1]:
            yield f"line {source.sourceline}: other codes in the target"


def check_html(old: Path, new: Path, _: Path | None) -> Iterator[str]:
    """Yield errors of an HTML5 parser that the page did not have, and elements that it lost or got."""
    import html5lib

    errors, elements = [], []
    for path in (old, new):
        parser = html5lib.HTMLParser(tree=html5lib.getTreeBuilder("lxml"))
        tree = parser.parse(path.read_bytes())
        errors.append(Counter(code for _, code, _ in parser.errors))
        elements.append(Counter(str(node.tag) for node in tree.iter()))
    yield from (f"parse error {code}" for code in (errors[1] - errors[0]).elements())
    yield from (f"other elements: {name}" for name in (elements[0] - elements[1]) + (elements[1] - elements[0]))


def check_subtitles(old: Path, new: Path, _: Path | None) -> Iterator[str]:
    """Yield cues that are lost or shown at another time."""
    import pysubs2
    import webvtt

    sides = [[(cue.start, cue.end) for cue in pysubs2.load(str(path))] for path in (old, new)]
    if new.suffix == ".vtt":
        sides += [[(cue.start, cue.end) for cue in webvtt.read(str(path))] for path in (old, new)]
    if sides[0] != sides[1] or sides[-2] != sides[-1]:
        yield "other cues"


def _check_tree(load: Callable[[Path], Any]) -> Callable[[Path, Path, Path | None], Iterator[str]]:
    def check(old: Path, new: Path, _: Path | None) -> Iterator[str]:
        """Yield values that are lost, or have another type or other placeholders."""
        sides = [dict(_leaves(load(path))) for path in (old, new)]
        if list(sides[0]) != list(sides[1]):
            yield "other keys"
        for key, value in sides[0].items():
            if _signs(value) != _signs(sides[1].get(key)):
                yield f"{key}: other placeholders: {value!r} {sides[1].get(key)!r}"

    return check


def _leaves(value: Any, *keys: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(value, (dict, list)):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _leaves(inner, *keys, str(key))
    else:
        yield keys, value


def _signs(value: Any) -> tuple[object, ...]:
    """Return the type of a value and its placeholders and tags."""
    if not isinstance(value, str):
        return type(value), value
    placeholders = re.findall(r"%[@disfu]|%\{\w+\}|\{\{?\w*\}?\}", re.sub(r"%\d\$", "%", value))
    return str, tuple(sorted(placeholders)), tuple(sorted(match.groups() for match in TAG.finditer(value)))


def _load_android(path: Path) -> Any:
    from lxml import etree

    def text(node: Any) -> str:
        return re.sub(r"^<[^>]*>|<[^>]*>\s*$", "", etree.tostring(node, encoding="unicode"))

    return [
        (str(node.get("name") or node.get("quantity")) + " " + text(node) if not len(node) else text(node))
        for node in etree.parse(path).iter("string", "item")
    ]


def _load_yaml(path: Path) -> Any:
    import yaml

    return yaml.safe_load(path.read_text("utf-8"))


def _load_properties(path: Path) -> Any:
    import javaproperties

    return javaproperties.loads(path.read_text("utf-8"))


def _load_strings(path: Path) -> Any:
    import openstep_plist

    return openstep_plist.loads(path.read_bytes().decode("utf-16" if path.read_bytes()[:1] > b"\xf0" else "utf-8-sig"))


CHECKS: dict[str, Callable[[Path, Path, Path | None], Iterator[str]]] = {
    ".po": check_po,
    ".xlf": check_xliff,
    ".html": check_html,
    ".srt": check_subtitles,
    ".vtt": check_subtitles,
    ".json": _check_tree(lambda path: json.loads(path.read_text("utf-8-sig"))),
    ".arb": _check_tree(lambda path: json.loads(path.read_text("utf-8-sig"))),
    ".yml": _check_tree(_load_yaml),
    ".yaml": _check_tree(_load_yaml),
    ".properties": _check_tree(_load_properties),
    ".xml": _check_tree(_load_android),
    ".strings": _check_tree(_load_strings),
}
"""What is checked by the ending of the name."""

if __name__ == "__main__":
    typer.run(main)
