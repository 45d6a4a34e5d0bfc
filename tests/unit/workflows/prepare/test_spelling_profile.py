from __future__ import annotations

from pathlib import Path

import pytest

from transformer_cli import prepare
from transformer_cli.artifacts.run_directory import RunDirectory
from transformer_cli.artifacts.text_profile import TextProfile

RECIPE = """
[languages]
source = "fr"
target = "en"
[data]
train = [{ path = "a.tsv", tag = "<law>" }]
valid = "v.tsv"
"""


def test_the_spelling_of_the_training_sources_is_recorded_without_their_tags(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    sources = ["L'homme voit Paris.", "JE SUIS LÀ", "il est à Paris"]
    Path("tfm.toml").write_text(RECIPE, encoding="utf-8")
    Path("a.tsv").write_text("".join(f"{source}\t“x” {n}\n" for n, source in enumerate(sources)), encoding="utf-8")
    Path("v.tsv").write_text("autre\tother\n", encoding="utf-8")

    prepare(run_dir=Path("run"))

    profile = TextProfile.read_from(RunDirectory(Path("run")).text_profile)
    assert profile is not None
    spelling = profile.spelling
    assert spelling is not None
    assert spelling.variants == {" ": 7, "'": 1, ".": 1}
    assert "Paris" in spelling.words.split()
    assert (spelling.sure_accents, spelling.likely_accents.split()) == ("", ["là", "à"])
    assert spelling.common_words == "est homme voit à"
    assert (spelling.begins_with_capital, spelling.in_capitals, spelling.without_words) == (0.6667, 0.3333, 0.0)
    assert spelling.target_quotes == ("“", "”")
    assert spelling.symbols == ("<law>",)


@pytest.mark.parametrize(("longer", "most"), [(250, 1), (350, 2)])
def test_several_sentences_are_what_many_sources_have(tmp_path, monkeypatch, longer, most):
    monkeypatch.chdir(tmp_path)
    names = ["".join(chr(ord("a") + int(digit)) for digit in str(number)) for number in range(1200)]
    sources = [f"Je vois {name}. Il dort." if n < longer else f"Je vois {name}." for n, name in enumerate(names)]
    Path("tfm.toml").write_text(RECIPE, encoding="utf-8")
    Path("a.tsv").write_text("".join(f"{source}\tx {name}\n" for source, name in zip(sources, names, strict=True)))
    Path("v.tsv").write_text("autre\tother\n", encoding="utf-8")

    prepare(run_dir=Path("run"))

    profile = TextProfile.read_from(RunDirectory(Path("run")).text_profile)
    assert profile is not None
    assert profile.max_sentences == most
