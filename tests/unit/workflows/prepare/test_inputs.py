from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support.small_runs import write_small
from transformer_cli.errors import DataError
from transformer_cli.workflows.locate.recipe import locate_recipe
from transformer_cli.workflows.prepare.inputs import check_unchanged, describe_inputs


def test_only_another_content_is_a_change_while_files_are_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_small(tmp_path)
    inputs = describe_inputs(locate_recipe(None))
    corpus = Path("toy.fr")

    corpus.chmod(0o600)  # a backup, or somebody who tidies up
    os.utime(corpus, ns=(1, 1))
    check_unchanged(inputs)
    with corpus.open("a") as file:
        file.write("un de plus\n")

    with pytest.raises(DataError, match=r"toy\.fr changed while it was read"):
        check_unchanged(inputs)
