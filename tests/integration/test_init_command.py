"""From a corpus to a translation with no recipe written by hand."""

from __future__ import annotations

import pytest

from tests.support.command_line import run_here, run_process
from tests.support.toy_corpus import pairs, write_corpus


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_corpus(tmp_path, "toy", pairs())
    return tmp_path


def test_init_and_train_and_translate_need_nothing_more():
    shorter = ("training.max_steps=2", "model.d_model=16", "decoding.beam_size=1", "decoding.max_length_ratio=0.1")
    overrides = [word for setting in shorter for word in ("--set", setting)]

    written = run_here("init", "toy.fr", "toy.en", "--from", "fr", "--to", "en")
    trained = run_here("train", *overrides)
    translated = run_here("translate", "--model", "runs/fr-en", stdin=b"le chat voit\n")

    assert (written.code, written.stdout) == (0, b"")
    assert "wrote tfm.toml for 192 pairs" in written.stderr.splitlines()[-1]
    assert written.stderr.endswith("; next: tfm train\n")
    assert trained.code == 0, trained.stderr
    assert (translated.code, translated.stdout.count(b"\n")) == (0, 1)


def test_a_second_init_exits_with_2_and_a_bad_corpus_with_65(here):
    arguments = ("--from", "fr", "--to", "en")
    assert run_here("init", "toy.fr", *arguments, "--quiet").stderr == ""

    again = run_here("init", "toy.fr", *arguments)
    (here / "toy.en").write_text("one line\n")
    bad = run_process("init", "toy.{lang}", *arguments, "-o", "other.toml", cwd=here)

    assert (again.code, again.error) == (2, "tfm.toml is there already; --force writes over it, -o names another file")
    assert (bad.code, bad.stdout) == (65, b"")
    assert bad.error == "toy.fr has 192 lines but toy.en has 1; the two must align"
    assert not (here / "other.toml").exists()


@pytest.mark.parametrize("arguments", ["toy.fr --from fr", "--from fr --to en", "toy.fr --to en"])
def test_corpora_and_both_languages_must_be_given(arguments):
    assert run_here("init", *arguments.split()).code == 2
