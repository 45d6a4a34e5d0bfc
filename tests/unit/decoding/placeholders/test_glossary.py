"""Terms of a glossary: where they stand in a text, and that a translation has theirs whatever the model says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.speaking_engine import SpeakingEngine
from tests.support.tiny_models import tiny_tokenizers
from transformer_cli.artifacts.text_profile import SpellingProfile, TextProfile
from transformer_cli.decoding.line_translator import LineTranslator
from transformer_cli.decoding.placeholders.glossary import Glossary
from transformer_cli.decoding.source_forms import SymbolForm
from transformer_cli.decoding.text_rules import TextRules
from transformer_cli.text.normalization import normalize
from transformer_cli.text.placeholders import SYMBOLS
from transformer_cli.text.protected import placeholder_spans

TERMS = {"chat": "feline", "chat noir": "black cat", "Word": "Word", "l'arbre": "tree", "文件": "file"}
GLOSSARY = Glossary(TERMS, "en")
PROFILE = TextProfile(max_sentences=1, spelling=SpellingProfile())


def translate(line: str, says: str) -> str:
    engine = SpeakingEngine(lambda _: says)
    rules = TextRules(PROFILE, keeps_placeholders=True, glossary=GLOSSARY)
    (translation,) = LineTranslator(engine, tiny_tokenizers(), rules).translate([line])
    assert translation.missing == ()
    return translation.text


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("le chat dort", [("chat", "feline")]),
        ("le chaton, les chats, achat", []),
        ("Chat noir et chat", [("Chat noir", "black cat"), ("chat", "feline")]),
        ("LE CHAT NOIR", [("CHAT NOIR", "BLACK CAT")]),
        ("un word, Word", [("Word", "Word")]),
        ("L’arbre", [("L’arbre", "tree")]),
        ("chat\u00a0noir", [("chat\u00a0noir", "black cat")]),
        ("打开文件夹", [("文件", "file")]),
        ("https://chat.example/chat `chat` chat", [("chat", "feline")]),
    ],
)
def test_a_term_stands_between_words_in_any_case_and_the_longest_counts(text, found):
    spans = GLOSSARY.spans(text, placeholder_spans(text))

    assert [(text[start:end], translation) for start, end, translation in spans] == found


def test_a_term_takes_the_place_of_the_words_that_the_model_has_for_it():
    assert translate("le chat dort, %s", "LE CHAT DORT, %s") == "LE feline DORT, %s"


@pytest.mark.parametrize("says", ["feline feline", "Feline", "the feline."])
def test_a_translation_that_has_the_term_stays_though_it_has_it_more_often_or_with_a_capital(says):
    assert translate("le chat dort", says) == says


def test_a_line_of_terms_is_translated_by_them_alone():
    assert translate("chat / 12 Chat noir", "nothing of it") == "feline / 12 black cat"
    assert translate("« Chat »", "nothing of it") == "« Feline »"


def test_symbols_stand_for_the_terms_of_the_other_language():
    form = SymbolForm(placeholder_spans, SYMBOLS, GLOSSARY)

    text, restore = form.read("%s le chat noir, le chat")

    assert text == f"{SYMBOLS[0]} le {SYMBOLS[1]}, le {SYMBOLS[2]}"
    assert restore(f"{SYMBOLS[2]} {SYMBOLS[1]}: {SYMBOLS[0]}") == "feline black cat: %s"


@given(st.text("chat feline%s <b>./ 文", max_size=20).map(normalize))
def test_whatever_the_model_says_the_terms_stand_there(says):
    found = translate("le chat noir %s et le chat", says)

    assert "feline" in found.lower()
    assert "black cat" in found.lower()
