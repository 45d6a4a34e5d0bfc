"""Terms of a glossary: where they stand in a text, and that a translation has theirs whatever the model says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.speaking_engine import SpeakingEngine
from tests.support.tiny_models import tiny_tokenizers
from transformer_cli.artifacts.text_profile import SpellingProfile, TextProfile
from transformer_cli.decoding.line_translator import LineTranslator
from transformer_cli.decoding.placeholders.glossary import Glossary, TermSpan, has_form
from transformer_cli.decoding.placeholders.required import Required
from transformer_cli.decoding.source_forms import SymbolForm
from transformer_cli.decoding.text_rules import TextRules
from transformer_cli.text.normalization import normalize
from transformer_cli.text.placeholders import SYMBOLS
from transformer_cli.text.protected import placeholder_spans

# ruff: noqa: RUF001
TERMS = {
    "C++": "C++",
    ".NET": ".NET",
    "Ville": "Town",
    "ไฟล": "file",
    "파일": "file",
    "mulţime": "set",
    "chat": "feline",
    "chat noir": "black cat",
    "Word": "Word",
    "l'arbre": "tree",
    "文件": "file",
    "Wi-Fi": "WLAN",
    "کتاب": "book",
}
GLOSSARY = Glossary(TERMS, "en")
PROFILE = TextProfile(max_sentences=2, spelling=SpellingProfile())


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
        ("打开Word文档", [("Word", "Word")]),
        ("ไฟล ไฟล์", [("ไฟล", "file")]),
        ("파일을, 내파일", [("파일", "file")]),
        ("Word를, 내Word, Wi-Fi를 C++에서", [("Word", "Word"), ("Wi-Fi", "WLAN"), ("C++", "C++")]),
        ("کتاب\u200cها، کتاب، نیم\u200cکتاب", [("کتاب", "book")]),
        ("C++, du C, C++x", [("C++", "C++")]),
        (".NET, ASP.NET", [(".NET", ".NET")]),
        ("Ville, ville", [("Ville", "Town")]),
        ("LA VILLE DORT", [("VILLE", "TOWN")]),
        ("chat `noir`", [("chat", "feline")]),
        ("chat noircie, chat noi\u0308r", [("chat", "feline"), ("chat", "feline")]),
        ("f\u0131l, \u212a, MULŢIME \u0130", [("MULŢIME", "SET")]),
        ("https://chat.example/chat `chat` chat", [("chat", "feline")]),
        ("e-chat, chat\u2010y, t\u2011chat-t, chat-huant, un-chat", [("chat", "feline")] * 2),
        ("le chat- et -chat, a- chat -a, chat--chat", [("chat", "feline")] * 5),
        (
            "chat-3, 3-chat, Word-文, C++-Word",
            [("chat", "feline")] * 2 + [("Word", "Word"), ("C++", "C++"), ("Word", "Word")],
        ),
        ("Wi-Fi, Wi-Fi-Box, un wi-fi, a-Wi-Fi", [("Wi-Fi", "WLAN")] * 2),
    ],
)
def test_a_term_stands_between_words_in_any_case_and_the_longest_counts(text, found):
    spans = GLOSSARY.spans(text, placeholder_spans(text))

    assert [(text[start:end], translation) for start, end, translation in spans] == found


@pytest.mark.parametrize(
    ("language", "text", "found"),
    [
        ("tr", "İşlem, işlem, \u0131ş\u0131k, Iş\u0131k", ["İşlem", "işlem", "\u0131ş\u0131k", "Iş\u0131k"]),
        ("tr_TR", "BU İŞLEM, IŞIK, KİTAP", ["İŞLEM", "IŞIK", "KİTAP"]),
        ("az", "Işlem, İş\u0131k, KITAP", []),
        ("en", "KITAP, Işlem, kitap, Işik, İşlem", ["KITAP", "Işlem", "kitap"]),
    ],
)
def test_the_letters_i_are_those_of_the_source_language(language, text, found):
    glossary = Glossary({"işlem": "operation", "\u0131ş\u0131k": "light", "kitap": "book"}, "en", language)

    assert [text[start:end] for start, end, _ in glossary.spans(text, [])] == found


@pytest.mark.parametrize(
    ("language", "text", "found"),
    [
        ("el", "Ο ΛΟΓΟΣ, ο ΛΌΓΟΣ, Λόγος, Η ΠΟΛΗ", ["ΛΟΓΟΣ", "ΛΌΓΟΣ", "Λόγος"]),
        ("el", "Η ΠΟΛΗ, Ο ΛΟΓΟΣ ΚΑΙ ΤΟ ΑΙΓΑΙΟ", ["ΛΟΓΟΣ", "ΑΙΓΑΙΟ"]),
        ("el", "Το ΑΙΓΑΙΟ, λογος", []),
        ("de", "Die STRASSE, Straße, STRAßE, strasse", ["STRASSE", "Straße", "STRAßE"]),
        ("de", "EIN GROSSER FUSS", ["FUSS"]),
        ("de", "Ein FUSS", []),
    ],
)
def test_capitals_may_lack_what_small_letters_have(language, text, found):
    terms = {"λόγος": "reason", "ή": "or", "Αιγαίο": "Aegean", "straße": "street", "Fuß": "foot"}

    assert [text[start:end] for start, end, _ in Glossary(terms, "en", language).spans(text, [])] == found


def test_a_term_takes_the_place_of_the_words_that_the_model_has_for_it():
    assert translate("le chat dort, %s", "LE CHAT DORT, %s") == "LE feline DORT, %s"


@pytest.mark.parametrize("says", ["feline feline", "Feline", "the feline."])
def test_a_translation_that_has_the_term_stays_though_it_has_it_more_often_or_with_a_capital(says):
    assert translate("le chat dort", says) == says


@pytest.mark.parametrize(
    ("line", "says", "expected"),
    [
        ("Chat noir dort", "CHAT NOIR DORT", "Black cat DORT"),
        ("le chat dort", "feline sleeps", "feline sleeps"),
        ("Un chat dort", "feline sleeps", "Feline sleeps"),
        ("Il dort. Chat noir.", "He sleeps. black cat.", "He sleeps. Black cat."),
        ("Il dort, cf. chat noir.", "He sleeps, cf. black cat.", "He sleeps, cf. black cat."),
        ("« Chat noir » dort", "« black cat » sleeps", "« Black cat » sleeps"),
    ],
)
def test_a_term_that_begins_a_sentence_has_a_capital(line, says, expected):
    assert translate(line, says) == expected


@pytest.mark.parametrize(
    ("says", "missing"),
    [("éfeline", 1), ("felineé", 1), ("felines", 1), ("(feline)", 0), ("猫feline猫", 0), ("feline를", 0)],
)
def test_a_part_of_a_longer_word_is_no_term(says, missing):
    required = Required.of("le chat", terms=[TermSpan(3, 7, "feline")])

    assert required
    assert required.missing(says) == ("feline",) * missing


def test_a_glossary_of_many_terms_is_looked_up_without_reading_it():
    terms = {f"{number:06b} x{number}": str(number) for number in range(100_000)}

    spans = Glossary(terms, "en").spans(" ".join(reversed(terms)), [])

    assert [span.text for span in spans] == [*reversed(terms.values())]


def test_a_line_of_terms_is_translated_by_them_alone():
    assert translate("chat / 12 Chat noir", "nothing of it") == "feline / 12 black cat"
    assert translate("« Chat »", "nothing of it") == "« Feline »"


def test_symbols_stand_for_the_terms_of_the_other_language():
    form = SymbolForm(placeholder_spans, SYMBOLS, GLOSSARY)

    text, restore = form.read("%s le chat noir, le chat")

    assert text == f"{SYMBOLS[0]} le {SYMBOLS[1]}, le {SYMBOLS[2]}"
    assert restore(f"{SYMBOLS[2]} {SYMBOLS[1]}: {SYMBOLS[0]}") == "feline black cat: %s"


@given(st.text("chat feline%s <b>./ 文éк", max_size=20).map(normalize))
def test_whatever_the_model_says_the_terms_stand_there(says):
    found = translate("le chat noir %s et le chat", says)

    assert "feline" in found.lower()
    assert "black cat" in found.lower()


@pytest.mark.parametrize(
    ("text", "term", "expected"),
    [
        ("Die weißen Häuser.", "weiße", True),
        ("Die WEISSEN Häuser.", "weiße", True),
        ("Die weißen Häuser.", "Haus", True),
        ("Die weißen Hütten.", "Haus", False),
        ("Drei Quelldateien stehen hier.", "Datei", False),
        ("offene Quellen", "offene Quelle", True),
        ("Quelle", "offene Quelle", False),
        ("这是一只猫。", "猫", True),
        ("C++ ist schön", "C++", True),
        ("a - b", "->", False),
    ],
)
def test_a_form_of_a_term_begins_as_it_does(text, term, expected):
    assert has_form(text, term) == expected
