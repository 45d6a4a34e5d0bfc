from __future__ import annotations

import pytest

from tests.support.speaking_engine import SpeakingEngine
from tests.support.tiny_models import tiny_tokenizers
from transformer_cli.artifacts.text_profile import SpellingProfile, TextProfile
from transformer_cli.config import LanguagesConfig
from transformer_cli.decoding.line_translator import LineTranslator, Translation
from transformer_cli.decoding.source_forms import rules_of

SPELLING = SpellingProfile(
    normalization=2, variants={" ": 900, "'": 500, ".": 500}, words="Paris", begins_with_capital=1.0
)
FRENCH = LanguagesConfig(source="fr", target="en")


def translator(engine, spelling=SPELLING):
    tokenizers = tiny_tokenizers()
    profile = TextProfile(max_sentences=1, spelling=spelling)
    return LineTranslator(engine, tokenizers, rules_of(profile, FRENCH, tokenizers.source))


@pytest.mark.parametrize(
    ("line", "heard", "said"),
    [
        ("L’homme a\u00a0dit", "L'homme a dit", "L'homme a dit"),
        ("L'hom\u00adme", "L'homme", "L'homme"),
        ("JE SUIS À PARIS", "Je suis à Paris", "JE SUIS À PARIS"),
    ],
)
def test_a_line_is_read_as_it_was_learned(line, heard, said):
    engine = SpeakingEngine()

    (found,) = translator(engine).translate([line])

    assert engine.heard == [heard]
    assert found.text == said


def test_a_sentence_without_words_is_copied_among_others():
    engine = SpeakingEngine(lambda text: text.replace("chat", "cat"))

    (found,) = translator(engine).translate(["Le chat. 12345. Un chat. 😀"], with_alignment=True, n_best=1)

    assert engine.heard == ["Le chat.", "Un chat. 😀"]
    assert found.text == "Le cat. 12345. Un cat. 😀"
    assert (found.segments, found.score) == (3, -1.0)
    assert found.alignment == tuple((word, word) for word in range(6))


def test_a_prefix_begins_the_first_sentence_that_has_words():
    engine = SpeakingEngine()

    (found,) = translator(engine).translate(["12345. Un chat. Un chien."], prefix="Le")

    assert engine.prefixes == [("Un chat.", "Le"), ("Un chien.", "")]
    assert found.text.startswith("12345. ")


@pytest.mark.parametrize("line", ["12345", "https://example.org/a", "😀 {name}"])
def test_a_line_without_words_is_copied(line):
    engine = SpeakingEngine(lambda text: "wrong")

    (found,) = translator(engine).translate([line], n_best=3, with_alignment=True)

    words = range(len(line.split()))
    assert found == Translation(line, 0.0, 0, alignment=tuple((word, word) for word in words))
    assert engine.heard == []


def test_a_model_that_learned_from_figures_translates_them():
    engine = SpeakingEngine()

    translator(engine, SPELLING.model_copy(update={"without_words": 0.5})).translate(["12345"])

    assert engine.heard == ["12345"]


@pytest.mark.parametrize("line", ["12345", "JE SUIS À PARIS", "L’homme a\u00a0dit", "hom\u00adme"])
def test_a_model_without_the_record_reads_lines_as_they_are(line):
    engine = SpeakingEngine()

    translator(engine, None).translate([line])

    assert engine.heard == [line]


def test_links_are_those_of_the_words_of_the_line():
    (found,) = translator(SpeakingEngine()).translate(["il\u00a0a dit"], with_alignment=True)

    assert found.alignment == ((0, 0), (0, 1), (1, 2))


def test_a_prefix_stays_as_it_was_given():
    (found,) = translator(SpeakingEngine(lambda text: "we are")).translate(["JE SUIS À PARIS"], prefix="we")

    assert found.text == "we are"
