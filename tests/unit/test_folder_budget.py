"""The budgets of docs/architecture.md: a folder or a file that is too large is to be split by concept."""

from __future__ import annotations

import pytest

from tests.support.command_line import ROOT

PACKAGE = ROOT / "transformer_cli"
FILES = sorted(PACKAGE.rglob("*.py"))
MOST_FILES, MOST_LINES = 12, 300


@pytest.mark.parametrize("folder", sorted({path.parent for path in FILES}), ids=lambda path: path.name)
def test_a_folder_has_at_most_twelve_files(folder):
    assert len([path for path in FILES if path.parent == folder]) <= MOST_FILES


def test_a_file_has_at_most_three_hundred_lines():
    lines = {str(path.relative_to(ROOT)): path.read_text("utf-8").count("\n") for path in FILES}

    assert {path: count for path, count in lines.items() if count > MOST_LINES} == {}
