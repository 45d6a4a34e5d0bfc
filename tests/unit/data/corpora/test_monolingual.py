from __future__ import annotations

import json

import pytest

from tests.support.corpora import FR_EN, write
from transformer_cli.data.corpora.monolingual import NamedText, read_text

PAIRS = [("le chat", "the cat"), ("un chien", "a dog")]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.txt", "the cat\na dog\n"),
        ("t.en", "the cat\na dog\n"),
        ("t.tsv", "".join(f"{source}\t{target}\n" for source, target in PAIRS)),
        ("t.jsonl", "".join(json.dumps({"fr": source, "en": target}) + "\n" for source, target in PAIRS)),
        ("t.json", json.dumps([{"fr": source, "en": target} for source, target in PAIRS], indent=1)),
    ],
)
def test_a_file_of_pairs_gives_the_sentences_of_one_side_and_others_their_lines(name, content, tmp_path):
    write(str(tmp_path / name), content)

    found = list(read_text(NamedText(name, "target", "back_translation.text"), FR_EN, tmp_path))

    assert [(each.source, each.target) for each in found] == [("the cat", "the cat"), ("a dog", "a dog")]
