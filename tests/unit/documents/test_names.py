from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from transformer_cli.documents.kinds import KINDS
from transformer_cli.documents.names import SUFFIXES, FileFormat, KindName, kind_of


def test_every_kind_has_a_reader_an_ending_and_a_name_for_the_command_line():
    names = set(get_args(KindName))

    assert set(KINDS) == set(SUFFIXES) == names == set(get_args(FileFormat)) - {"auto", "lines"}


@pytest.mark.parametrize(
    ("file", "file_format", "kind"),
    [
        ("a.po", "auto", "po"),
        ("a.PO.gz", "auto", "po"),
        ("a.b.xliff", "auto", "xliff"),
        ("a.gz", "auto", None),
        ("a.txt", "auto", None),
        ("po", "auto", None),
        (None, "auto", None),
        ("a.po", "lines", None),
        ("a.po", "srt", "srt"),
        (None, "srt", "srt"),
    ],
)
def test_a_name_tells_the_kind_unless_the_user_does(file, file_format, kind):
    assert kind_of(file and Path(file), file_format) == kind
