from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.tiny_models import subwords
from tests.support.toy_corpus import pairs, write_corpus
from transformer_cli import prepare, train_tokenizer
from transformer_cli.data.splits.read import read_split
from transformer_cli.data.tokens.tokenizer import Tokenizer
from transformer_cli.errors import DataError

RUN = Path("run")
RECIPE = '[languages]\nsource = "fr"\ntarget = "en"\n[data]\ntrain = "toy.{lang}"\nvalid = 8\n'


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TFM_RUN_DIR", raising=False)
    Path("tfm.toml").write_text(RECIPE, encoding="utf-8")
    write_corpus(tmp_path, "toy", pairs())


def run(*overrides: str, **options) -> bool:
    return train_tokenizer(run_dir=RUN, overrides=overrides, **options)


def test_the_data_is_prepared_and_a_tokenizer_of_both_languages_learned_from_it():
    assert run("tokenizer.vocab_size=350")

    tokenizer = Tokenizer.load(RUN / "tokenizer.model")
    assert tokenizer.vocab_size == 350
    assert len(tokenizer.encode("pomme")) < len("pomme")
    assert len(tokenizer.encode("apple")) < len("apple")
    assert not prepare(run_dir=RUN).is_new


def test_what_is_held_out_has_no_say_in_the_vocabulary():
    write_corpus(Path(), "toy", [*pairs(), ("☃ " * 3, "☃ " * 3)])
    write_corpus(Path(), "valid", [("☃ " * 3, "☃ " * 3)])

    run("data.valid=valid.{lang}")

    spelled_in_bytes = 3
    assert len(Tokenizer.load(RUN / "tokenizer.model").encode("☃")) == 1 + spelled_in_bytes


def test_nothing_is_done_the_second_time():
    run()
    content, changed = (RUN / "tokenizer.model").read_bytes(), (RUN / "tokenizer.model").stat().st_mtime_ns

    assert not run()
    assert not run("training.max_steps=9", "model.preset=big", "decoding.beam_size=2")
    assert (RUN / "tokenizer.model").read_bytes() == content
    assert (RUN / "tokenizer.model").stat().st_mtime_ns == changed


@pytest.mark.parametrize("setting", ["tokenizer.vocab_size=350", "tokenizer.model_type=unigram", "data.valid=9"])
def test_another_setting_of_tokenizer_or_data_learns_it_anew(setting):
    run()

    assert run(setting)
    assert not run(setting)


def test_of_a_large_corpus_a_sample_is_learned_from():
    run("tokenizer.sample_pairs=3", "tokenizer.model_type=unigram")
    small = Tokenizer.load(RUN / "tokenizer.model").vocab_size
    run("tokenizer.model_type=unigram")

    assert Tokenizer.load(RUN / "tokenizer.model").vocab_size > small


def test_from_one_vocabulary_to_two_and_back_no_older_file_stays():
    def files() -> list[str]:
        return sorted(path.name for path in RUN.glob("tokenizer*.model"))

    run()
    run("tokenizer.shared=false")
    assert files() == ["tokenizer.source.model", "tokenizer.target.model"]
    assert not run("tokenizer.shared=false")
    run()
    assert files() == ["tokenizer.model"]


def test_the_tags_of_corpora_are_symbols_of_the_tokenizer():
    run("data.train=[{path='toy.{lang}', tag='<toy>'}]")

    tokenizer = Tokenizer.load(RUN / "tokenizer.model")
    assert "<toy>" in subwords(tokenizer, "<toy> le chat")


def test_another_corpus_learns_it_anew():
    run()
    write_corpus(Path(), "toy", [*pairs(), ("tout autre", "quite another")])

    assert run()
    tokenizer = Tokenizer.load(RUN / "tokenizer.model")
    assert "q" in "".join(subwords(tokenizer, "quite"))


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_bytes(b"junk"), flip])
@pytest.mark.parametrize("name", ["tokenizer.model", "tokenizer.json"])
def test_a_missing_or_damaged_file_is_made_anew(name, damage):
    run()
    sound = (RUN / "tokenizer.model").read_bytes()
    damage(RUN / name)

    assert run()
    assert (RUN / "tokenizer.model").read_bytes() == sound
    assert not run()


def test_the_report_tells_what_the_tokenizer_is():
    run()

    report = json.loads((RUN / "tokenizer.json").read_text())
    tokenizer = Tokenizer.load(RUN / "tokenizer.model")
    assert (report["fingerprint"], report["vocab_size"]) == (tokenizer.fingerprint, tokenizer.vocab_size)


def test_a_small_corpus_chooses_its_vocabulary_and_that_is_said(messages):

    run()

    size = Tokenizer.load(RUN / "tokenizer.model").vocab_size
    assert messages.texts[-1] == f"the corpus is small: a vocabulary of {size} pieces instead of 8000"


def test_too_large_a_vocabulary_is_lowered_with_a_warning(messages):

    run("tokenizer.vocab_size=9000")

    size = Tokenizer.load(RUN / "tokenizer.model").vocab_size
    assert messages.warnings[-1] == f"the corpus is too small for tokenizer.vocab_size = 9000; it carries {size} pieces"
    assert not run("tokenizer.vocab_size=9000")


def test_a_corpus_of_which_nothing_can_be_learned_is_named_and_the_older_tokenizer_stays():
    run()
    content = (RUN / "tokenizer.model").read_bytes()
    write_corpus(Path(), "toy", [(chr(0x4E00 + n), chr(0x5E00 + n)) for n in range(60)])

    with pytest.raises(
        DataError, match=r"^toy\.\{lang\}: more different characters and symbols than a vocabulary of 300 pieces"
    ):
        run("tokenizer.vocab_size=300", "cleaning.wrong_script=false")
    assert (RUN / "tokenizer.model").read_bytes() == content


def symbols() -> int:
    return int(json.loads((RUN / "tokenizer.json").read_text())["symbols"])


def test_symbols_are_learned_where_they_are_asked_for_and_the_data_stays_raw():
    write_corpus(Path(), "toy", [(f"{source} {{x}}", f"{{x}} {target}") for source, target in pairs()])
    run()
    assert symbols() == 0

    assert run("placeholders.symbols=true")
    assert symbols() == 16
    tokenizer = Tokenizer.load(RUN / "tokenizer.model")
    assert "{" not in {tokenizer.piece(token)[-1] for token in range(tokenizer.vocab_size)}
    assert all(source.endswith("{x}") for source in read_split(RUN / "data", "train").sources)

    assert run("placeholders.symbols=true", "placeholders.without=braces")
    tokenizer = Tokenizer.load(RUN / "tokenizer.model")
    assert "{" in {tokenizer.piece(token)[-1] for token in range(tokenizer.vocab_size)}
