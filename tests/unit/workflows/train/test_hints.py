"""A model that learns to follow hints, from the recipe to a translation."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.small_runs import one_thread, write_small
from transformer_cli import Translator, train
from transformer_cli.data.tokens.hints import HINT_MARKS
from transformer_cli.data.tokens.tokenizer import Tokenizer
from transformer_cli.errors import UsageError

STEPS = "training.max_steps=3"
HINTS = "glossary.hints=0.5"


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    folder: Path = tmp_path_factory.mktemp("hints")
    write_small(folder)
    (folder / "terms.tsv").write_text("maison\tcottage\n", encoding="utf-8")
    with one_thread():
        train(folder / "tfm.toml", run_dir=folder / "run", overrides=(STEPS, HINTS))
    return folder / "run"


def test_the_training_sources_have_hints(run):
    tokenizer = Tokenizer.load(run / "tokenizer.model")
    (ids,) = (run / "encoded").glob("*.source.ids")
    tokens = memoryview(ids.read_bytes()).cast("H").tolist()

    counts = [tokens.count(tokenizer.processor.piece_to_id(mark)) for mark in HINT_MARKS]
    assert tokenizer.has_hint_marks
    assert counts[0] == counts[1] > 0


def test_a_glossary_is_given_as_hints_to_a_model_that_has_learned_them(run):
    config = json.loads((run / "versions" / "0001" / "config.json").read_text())
    assert config["text"]["hints"] is True

    with Translator.load(run, engine="torch", glossary=run.parent / "terms.tsv", glossary_hints=True) as translator:
        source = "la fille voit la maison ici."
        rules = translator._lines.rules
        (found,) = translator.translate_detailed([source])
        assert rules.read(source)[0] == "la fille voit la maison⟦=⟧ cottage⟦>⟧ ici."
        assert found.missing == rules.ignored_hints(source, found.text)
        assert rules.ignored_hints(source, "the girl sees the cottages here.") == ()
        assert rules.ignored_hints(source, "the girl sees the house here.") == ("cottage",)
    with Translator.load(run, engine="torch", glossary=run.parent / "terms.tsv") as translator:
        assert "cottage" in translator.translate(source)


def test_no_hint_stands_in_the_tag_of_a_corpus_or_in_a_placeholder(tmp_path):
    """Each source has the word in its tag, in code and as a word, and so has each target."""
    write_small(tmp_path)
    lines = {"fr": "`maison` {maison} la maison va", "en": "`house` {house} the house goes"}
    for language, line in lines.items():
        (tmp_path / f"toy.{language}").write_text(
            "".join(f"{line} {chr(97 + i % 26)}{chr(97 + i // 26)}q.\n" for i in range(120)), encoding="utf-8"
        )
    tagged = "data.train=[{path='toy.{lang}', tag='<maison>'}]"
    settings = (STEPS, "glossary.hints=0.5", tagged, "cleaning.near_duplicate=false")

    with one_thread():
        train(tmp_path / "tfm.toml", run_dir=tmp_path / "run", overrides=settings)
    tokenizer = Tokenizer.load(tmp_path / "run" / "tokenizer.model")
    (ids,) = (tmp_path / "run" / "encoded").glob("*.source.ids")
    tokens = memoryview(ids.read_bytes()).cast("H").tolist()
    texts = tokenizer.decode(tokens)

    assert texts.count("⟦=⟧") > 10
    assert texts.count("⟦=⟧") == texts.count("la maison⟦=⟧")
    assert texts.count("<maison> ") == tokens.count(tokenizer.processor.piece_to_id("<maison>"))


def test_without_a_glossary_or_with_another_model_hints_are_refused(run, tmp_path):
    with pytest.raises(UsageError, match="there is no glossary"):
        Translator.load(run, glossary_hints=True)
    write_small(tmp_path)
    with one_thread():
        train(tmp_path / "tfm.toml", run_dir=tmp_path / "run", overrides=(STEPS,))
    with pytest.raises(UsageError, match=r"^--glossary-hints: the model has not learned to follow hints"):
        Translator.load(tmp_path / "run", glossary=run.parent / "terms.tsv", glossary_hints=True)


def test_a_run_that_begins_with_a_model_without_marks_learns_none_and_says_so(tmp_path, messages):
    write_small(tmp_path)
    with one_thread():
        train(tmp_path / "tfm.toml", run_dir=tmp_path / "first", overrides=(STEPS,))
        started = ("training.start_from=first", STEPS, HINTS)
        train(tmp_path / "tfm.toml", run_dir=tmp_path / "second", overrides=started)

    assert sum(each.startswith("glossary.hints: the model that this run began with") for each in messages.warnings) == 1
    config = json.loads((tmp_path / "second" / "versions" / "0001" / "config.json").read_text())
    assert config["text"]["hints"] is False


def test_a_corpus_without_words_that_translate_each_other_gives_no_hints_and_says_so(tmp_path, messages):
    write_small(tmp_path)
    for language in ("fr", "en"):
        lines = [f"{chr(97 + i % 26)}{chr(97 + i // 26)} x." for i in range(120)]
        (tmp_path / f"toy.{language}").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")

    with one_thread():
        train(tmp_path / "tfm.toml", run_dir=tmp_path / "run", overrides=(STEPS, HINTS, "cleaning.identical=false"))

    assert [each for each in messages.warnings if each.startswith("glossary.hints: no words of the training pairs")]
