from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.support.speaking_engine import SpeakingEngine
from tests.support.tiny_models import tiny_tokenizers
from transformer_cli.artifacts.text_profile import TextProfile
from transformer_cli.config import LanguagesConfig
from transformer_cli.decoding.line_translator import LineTranslator, Translation
from transformer_cli.decoding.text_rules import Restore, SplitSentences, TextRules
from transformer_cli.text.normalization import normalize

LINE = "The cat sat. The dog ran! A man came? We go."


def translate(
    line: str,
    *,
    max_sentences: int = 1,
    max_tokens: int | None = None,
    split: SplitSentences = "auto",
    target: str = "en",
    alignment: bool = False,
) -> tuple[list[str], Translation]:
    """Return what an engine that repeats everything was given, and its translation."""
    engine = SpeakingEngine()
    profile = TextProfile(max_sentences=max_sentences, max_tokens=max_tokens)
    rules = TextRules(profile, LanguagesConfig(source="fr", target=target), split)
    (translation,) = LineTranslator(engine, tiny_tokenizers(), rules).translate([line], with_alignment=alignment)
    return engine.heard, translation


def number_of_tokens(text: str) -> int:
    return len(tiny_tokenizers().source.encode(text))


@pytest.mark.parametrize(
    ("most", "pieces"),
    [
        (1, ["The cat sat.", "The dog ran!", "A man came?", "We go."]),
        (2, ["The cat sat. The dog ran!", "A man came? We go."]),
        (3, ["The cat sat. The dog ran!", "A man came? We go."]),
        (4, [LINE]),
    ],
)
def test_a_line_is_cut_into_groups_of_as_many_sentences_as_were_learned(most: int, pieces: list[str]):
    heard, translation = translate(LINE, max_sentences=most)

    assert heard == pieces
    assert (translation.text, translation.segments) == (LINE, len(pieces))


def test_a_line_with_more_tokens_than_were_learned_is_cut_though_its_sentences_are_few():
    most = number_of_tokens("The cat sat. The dog ran!")

    assert len(translate(LINE, max_sentences=9, max_tokens=number_of_tokens(LINE))[0]) == 1
    assert max(map(number_of_tokens, translate(LINE, max_sentences=2, max_tokens=most - 1)[0])) < most


def test_always_cuts_at_each_sentence_and_never_at_none():
    assert len(translate(LINE, max_sentences=4, split="always")[0]) == 4
    assert translate(LINE, split="never")[0] == [LINE]


def test_a_model_without_a_profile_gets_lines_as_they_are():
    engine = SpeakingEngine()

    engine.translator().translate([LINE])

    assert engine.heard == [LINE]


@settings(deadline=None)  # the machine may be busy
@example("B。B\u00a0", 1)
@given(st.text(alphabet="aB .!?»«\u00a0。", max_size=30), st.integers(1, 3))
def test_translations_are_joined_by_the_white_space_that_stood_between(line: str, most: int):
    _, translation = translate(line, max_sentences=most)

    # Where no space stood, as after a full-width mark, a language with spaces gets one.
    assert translation.text.replace(" ", "") == normalize(line).replace(" ", "")
    if "。" not in line:
        assert translation.text == normalize(line)


@pytest.mark.parametrize("line", ["\u00a0", "A.\u00a0", "\u00a0. \u00a0", ". A \u00a0"])
def test_a_line_that_is_not_cut_is_given_to_the_model_as_it_is(line: str):
    assert translate(line)[0] == [line]


@pytest.mark.parametrize(("target", "joined"), [("zh", "Aa.Bb.Cc."), ("ja-JP", "Aa.Bb.Cc."), ("th", "Aa. Bb. Cc.")])
def test_sentences_are_joined_as_the_target_language_has_it(target: str, joined: str):
    assert translate("Aa. Bb. Cc.", target=target)[1].text == joined


class Spelled:
    """Reads each letter as a word of its own, so that the model gets more than the line has."""

    def read(self, text: str) -> tuple[str, Restore]:
        """Return the letters with spaces between."""
        return " ".join(text.replace(" ", "")), lambda translation: translation.replace(" ", "")


def test_nothing_is_lost_where_a_form_makes_a_text_too_long_for_the_model():
    engine = SpeakingEngine()
    engine.limit = 9
    text = "abcdefg hijklmn opqrst"

    (translation,) = LineTranslator(engine, tiny_tokenizers(), TextRules(forms=(Spelled(),))).translate([text])

    assert number_of_tokens(text) <= 3 * engine.limit
    assert max(map(number_of_tokens, engine.heard)) <= engine.limit
    assert translation.text.replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize("silent", ["Bb.", "Bb. Cc.", "Aa.", "Dd.", "Aa. Dd."])
def test_a_piece_of_which_the_model_says_nothing_leaves_no_trace(silent: str):
    engine = SpeakingEngine(lambda text: "" if text in silent else text)
    rules = TextRules(split="always")

    (found,) = LineTranslator(engine, tiny_tokenizers(), rules).translate(["Aa. Bb. Cc. Dd."], with_alignment=True)

    words = ["Aa.", "Bb.", "Cc.", "Dd."]
    places = [place for place, word in enumerate(words) if word not in silent]
    assert found.text == " ".join(words[place] for place in places)
    assert found.alignment == tuple((place, number) for number, place in enumerate(places))


def test_the_words_of_each_piece_are_counted_from_the_beginning_of_the_line():
    _, translation = translate(LINE, alignment=True)

    words = len(LINE.split(" "))
    assert translation.alignment == tuple((i, i) for i in range(words))
