"""The names of the kinds of documents and the endings of their files; nothing that reads them is imported here."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from transformer_cli.files.packed import name_of_content

KindName = Literal[
    "po", "xliff", "tmx", "html", "markdown", "srt", "vtt",
    "json", "arb", "yaml", "properties", "android", "strings", "stringsdict", "xcstrings",
]  # fmt: skip
FileFormat = Literal[
    "auto", "lines", "po", "xliff", "tmx", "srt", "vtt", "html", "markdown",
    "json", "arb", "yaml", "properties", "android", "strings", "stringsdict", "xcstrings",
]  # fmt: skip
"""The values of ``--file-format``: a kind of document, lines of text, or what the file's name says."""

SUFFIXES: dict[KindName, tuple[str, ...]] = {
    "po": (".po", ".pot"),
    "xliff": (".xlf", ".xliff"),
    "tmx": (".tmx",),
    "html": (".html", ".htm", ".xhtml"),
    "markdown": (".md", ".markdown"),
    "srt": (".srt",),
    "vtt": (".vtt",),
    "json": (".json",),
    "arb": (".arb",),
    "yaml": (".yaml", ".yml"),
    "properties": (".properties",),
    "android": ("strings.xml", "arrays.xml", "plurals.xml"),
    "strings": (".strings",),
    "stringsdict": (".stringsdict",),
    "xcstrings": (".xcstrings",),
}
"""The endings of the names of each kind's files."""


def kind_of(file: Path | None, file_format: FileFormat = "auto") -> KindName | None:
    """Return the kind of a document, or None for lines of text.

    Args:
        file: The file whose name tells its kind; None: stdin.
        file_format: What the user says it is.
    """
    if file_format == "lines":
        return None
    if file_format != "auto":
        return file_format
    own = name_of_content(file) if file is not None else ""
    return next((kind for kind, suffixes in SUFFIXES.items() if own.endswith(suffixes)), None)
