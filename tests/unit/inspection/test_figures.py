from __future__ import annotations

import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.support.inspections import inspection
from transformer_cli.errors import TfmError, UsageError
from transformer_cli.inspection.figures import write_figures
from transformer_cli.inspection.sentence import Inspection

NAMES = [
    "embeddings", "position-table", "encoder-attention", "decoder-attention", "cross-attention", "steps", "search",
    "alignment", "score",
]  # fmt: skip


SHAPE = {"num_encoder_layers": 1, "num_decoder_layers": 2}
"""The fewest pictures of attention that are a row and a square."""


@pytest.fixture(scope="module")
def found() -> Inspection:
    return inspection("<$x^2$ & א", target="I", shape=SHAPE)


@pytest.fixture(scope="module")
def written(found, tmp_path_factory) -> list[Path]:
    return write_figures(found, tmp_path_factory.mktemp("pictures") / "new" / "folder", "svg")


def test_each_picture_is_a_file_that_scales_and_holds_its_text(found, written):
    assert [path.name for path in written] == [f"{name}.svg" for name in NAMES]
    texts = {path.stem: "".join(ElementTree.parse(path).getroot().itertext()) for path in written}
    assert all(piece in texts["cross-attention"] for piece in found.source.pieces)
    assert all(word.text in texts["alignment"] for word in found.target.words)
    assert all(piece in texts["score"] for piece in found.target.pieces)


def test_the_same_sentence_gives_the_same_file(found, written, tmp_path):
    again = write_figures(found, tmp_path, "svg")

    assert [path.read_bytes() for path in again] == [path.read_bytes() for path in written]


def test_pictures_of_points_are_pictures(tmp_path):
    written = write_figures(inspection("Je", target="I", shape=SHAPE, beam_size=1), tmp_path, "png")

    assert [path.name for path in written] == [f"{name}.png" for name in NAMES]
    assert all(path.read_bytes().startswith(b"\x89PNG\r\n") for path in written)


def test_without_matplotlib_the_error_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)

    with pytest.raises(UsageError, match=r"transformer-cli\[plots\]"):
        write_figures(inspection("Je", target="I"), tmp_path, "png")


def test_a_folder_that_cannot_be_made_is_reported(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(TfmError, match="file"):
        write_figures(inspection("Je", target="I"), tmp_path / "file", "png")
