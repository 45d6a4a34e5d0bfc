from __future__ import annotations

import re

import pytest

from tests.support.command_line import ROOT

HOOKS = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("message", "is_refused"),
    [("x" * 72, False), ("x" * 73, True), ("x" * 72 + "\n\n" + "x" * 100, False), ("é" * 73 + "\n", True)],
)
def test_a_commit_is_refused_if_its_subject_is_longer_than_72_characters(message, is_refused):
    (pattern,) = re.findall(r"id: subject\n.*\n *entry: '(.*)'", HOOKS)

    found = re.search(pattern, message, flags=re.MULTILINE | re.DOTALL)  # as pygrep does with --multiline

    assert (found is not None) == is_refused
