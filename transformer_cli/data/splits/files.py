"""The files of one split of the prepared data: their names, whether they are whole, and a copy under another name.

data/
├── train/               a folder that `datasets` can load
│   ├── data-00000-of-00001.arrow    the pairs: source, target, and corpus, the index of their corpus in ``data.train``
│   ├── dataset_info.json            the columns
│   └── state.json                   the name of the Arrow file, the fingerprint of the prepared data, sizes and content
├── valid/, test/ ...    the same without the column corpus
├── text/, source_text/  text of the target language alone, for back-translation, and of the source language
└── valid.fr, valid.en, test.fr ...  validation and test sets as plain text too, for the shell
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transformer_cli.config import LanguagesConfig
from transformer_cli.files.atomic import write_atomically

TRAIN = "train"
TEXTS = {"target": "text", "source": "source_text"}
"""The splits with text of one language, by the side of a pair that it would be."""


@dataclass(frozen=True, slots=True)
class SplitFiles:
    """The files of one split.

    Args:
        data: The folder of all splits.
        name: "train", "valid", "test", "test-NAME", or one of `TEXTS`.
        languages: The languages of its two sides, by which the plain text files are named.
    """

    data: Path
    name: str
    languages: LanguagesConfig

    @property
    def folder(self) -> Path:
        """The folder that `datasets` can load."""
        return self.data / self.name

    @property
    def arrow(self) -> Path:
        """The Arrow file with the pairs."""
        return arrow_file(self.data, self.name)

    @property
    def texts(self) -> tuple[Path, ...]:
        """The files of sources and targets as plain text; empty for those that only programs read."""
        codes = () if self.name in (TRAIN, *TEXTS.values()) else (self.languages.source, self.languages.target)
        return tuple(self.data / f"{self.name}.{code}" for code in codes)

    def describe(self, columns: dict[str, str], *, fingerprint: str, content: str) -> None:
        """Write the two JSON files that `datasets` needs to load the folder; all others are written.

        Args:
            columns: The type of each column, as `datasets` names it.
            fingerprint: The fingerprint of the prepared data; `datasets` uses it to find cached results.
            content: The checksum of the rows, see `content_of`.
        """
        features = {name: {"dtype": dtype, "_type": "Value"} for name, dtype in columns.items()}
        info = {"citation": "", "description": "", "features": features, "homepage": "", "license": ""}
        state: dict[str, Any] = {
            "_data_files": [{"filename": self.arrow.name}],
            "_fingerprint": fingerprint[:16],
            "_format_columns": None,
            "_format_kwargs": {},
            "_format_type": None,
            "_output_all_columns": False,
            "_split": None,
            "sizes": self._sizes(),
            "content": content,
        }
        for path, document in ((self._info, info), (self._state, state)):
            write_atomically(path, (json.dumps(document, indent=2) + "\n").encode())

    def is_whole(self, *, fingerprint: str) -> bool:
        """Return whether all files exist in their sizes and belong to the prepared data of this fingerprint."""
        state = _read(self._state)
        try:
            sizes = self._sizes()
        except OSError:
            return False
        return (
            isinstance(state, dict)
            and state.get("_fingerprint") == fingerprint[:16]
            and isinstance(_read(self._info), dict)
            and state.get("sizes", sizes) == sizes  # earlier releases did not write them
        )

    def copy(self, name: str) -> None:
        """Write a split of another name with the same pairs."""
        other = SplitFiles(self.data, name, self.languages)
        shutil.copytree(self.folder, other.folder)
        for text, copied in zip(self.texts, other.texts, strict=True):
            shutil.copyfile(text, copied)

    def _sizes(self) -> list[int]:
        return [path.stat().st_size for path in (self.arrow, *self.texts)]

    @property
    def _info(self) -> Path:
        return self.folder / "dataset_info.json"

    @property
    def _state(self) -> Path:
        return _state_file(self.data, self.name)


def arrow_file(data: Path, name: str) -> Path:
    """Return the file with the pairs of a split."""
    return data / name / "data-00000-of-00001.arrow"


def content_of(data: Path, name: str) -> str | None:
    """Return the checksum of the rows of a split, or None if an earlier release wrote it.

    The fingerprint of the prepared data is that of its inputs. The rows depend on the pairs that were held out before
    as well: what is made from a split row by row, or has a place in it, must be known by its rows.
    """
    state = _read(_state_file(data, name))
    content = state.get("content") if isinstance(state, dict) else None
    return content if isinstance(content, str) else None


def content_of_all(data: Path) -> str | None:
    """Return the checksums of the rows of all splits, or None if that of one is not known."""
    contents = [content_of(data, folder.name) for folder in sorted(data.iterdir()) if folder.is_dir()]
    known = [content for content in contents if content is not None]
    return " ".join(known) if len(known) == len(contents) else None


def _state_file(data: Path, name: str) -> Path:
    return data / name / "state.json"


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
