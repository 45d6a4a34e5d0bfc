"""The ways in which the benchmark of robustness changes text."""

from __future__ import annotations

import importlib
import random
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.command_line import ROOT

FRENCH = "L'avion de Zoë n'est-il pas déjà parti ?"
JAPANESE = "バスは、どこですか。"


@pytest.fixture(scope="module")
def perturbations():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "recipes" / "benchmarks")
        yield importlib.import_module("perturbations")


def changed(perturbations, name: str, text: str) -> str:
    [way] = [way for way in perturbations.WAYS if way.name == name]
    return str(way.change(text, random.Random(1)))


def test_each_way_changes_text_and_always_in_the_same_manner(perturbations):
    names = [way.name for way in perturbations.WAYS]

    assert len(set(names)) == len(names)
    for way in perturbations.WAYS:
        texts = (FRENCH, FRENCH.replace("'", "’"), JAPANESE, FRENCH.replace(" ?", "\u00a0?"))
        once, twice = ([way.change(text, random.Random(text)) for text in texts] for _ in range(2))
        assert once == twice
        assert any(before != after for before, after in zip(texts, once, strict=True)), way.name


@settings(deadline=None)
@given(text=st.text())
def test_what_is_added_without_being_seen_is_all_that_is_added(perturbations, text):
    for name, character in (("soft hyphens in words", "\u00ad"), ("U+200B in words", "\u200b")):
        assert changed(perturbations, name, text).replace(character, "") == text.replace(character, "")
    assert unicodedata.normalize("NFKC", changed(perturbations, "full-width ASCII", FRENCH)) == FRENCH
    assert unicodedata.normalize("NFKC", changed(perturbations, "half-width kana", JAPANESE)) == JAPANESE


def test_things_stand_before_the_final_mark_and_are_taken_out_again(perturbations):
    for way in perturbations.WAYS:
        if way.kept:
            text = way.change(FRENCH, random.Random(1))
            assert text == f"L'avion de Zoë n'est-il pas déjà parti {way.kept} ?"
            assert way.undo(text) == FRENCH


def test_a_space_before_a_mark_is_one_space(perturbations):
    for text in ("Quoi ?", "Quoi?", "Quoi\u00a0 ?"):
        assert changed(perturbations, "U+00A0 before ?!;:", text) == "Quoi\u00a0?"
        assert changed(perturbations, "no space before ?!;:", text) == "Quoi?"
    assert changed(perturbations, "U+00A0 before ?!;:", "à 12:30 !!") == "à 12:30\u00a0!!"


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One. Two! Three?", 3),
        ("One. And a rest", 2),
        ("It costs 1.50 euros.", 1),
        ("一。二。", 2),
        ("", 0),
        ("What?!", 1),
    ],
)
def test_sentences_are_counted_at_their_marks(perturbations, text, sentences):
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "recipes" / "benchmarks")
        assert importlib.import_module("robustness").number_of_sentences(text) == sentences
