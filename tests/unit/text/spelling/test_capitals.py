from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from transformer_cli.text.protected import spans_with_symbols
from transformer_cli.text.spelling.accents import Accents
from transformer_cli.text.spelling.capitals import CaseReader, begins_with_capital, is_in_capitals, is_in_title_case
from transformer_cli.text.spelling.word_forms import WordForms

KNOWN = {"votre", "oncle", "est", "malade", "je", "vraiment", "l", "homme", "à", "étudiant", "suis", "Votre", "Je"}


def reader(words=("Paris", "OTAN"), languages=("fr", "en"), *, begins=1.0, in_capitals=0.0):
    return CaseReader(
        WordForms(words, languages[0]),
        languages,
        begins=begins,
        in_capitals=in_capitals,
        accents=Accents(("étudiant", "suis>à"), ("réalisé",), language=languages[0]),
        common_words=frozenset(["chez"]),
        count=lambda word: 1 if word in KNOWN else len(word),
        protected=lambda text: spans_with_symbols(text, ["⟦0⟧"]),
    )


@pytest.mark.parametrize(
    ("line", "read"),
    [
        ("JE SUIS À PARIS.", "Je suis à Paris."),
        ("JE SUIS ETUDIANT.", "Je suis étudiant."),
        ("L'HOMME EST MALADE", "L'homme est malade"),
        ("« OTAN : JE SUIS MALADE »", "« OTAN : je suis malade »"),
        ("VOIR https://example.org/a ET %s, ⟦0⟧", "Voir https://example.org/a et %s, ⟦0⟧"),
        ("je suis à paris.", "Je suis à Paris."),
        ("Votre Oncle Est Malade", "Votre oncle est malade"),
        ("L'homme Est À Paris", "L'homme est à Paris"),
        ("Jean Dort Chez Dupont", "Jean dort chez dupont"),  # "Chez" is never written so
        ("Je suis VRAIMENT malade", "Je suis vraiment malade"),
        ("VOTRE oncle est malade", "Votre oncle est malade"),
        ("Je suis etudiant", "Je suis étudiant"),
        ("JE SUIS A PARIS, {etudiant}", "Je suis à Paris, {etudiant}"),
        ("Je suis %s a paris, ETUDIANT et realise", "Je suis %s à paris, étudiant et réalisé"),
        ("Je suis à l'école, ETUDIANT", "Je suis à l'école, étudiant"),  # many leave out the accents of capitals
        ("etudiant malade", "Étudiant malade"),
    ],
)
def test_a_line_is_read_as_training_text_writes_it(line, read):
    assert reader().read(line)[0] == read


@pytest.mark.parametrize(
    "line",
    [
        "Je suis à Paris avec l'OTAN.",
        "OTAN",
        "OTAN, PARIS".replace("PARIS", "OTAN"),
        "Je suis à la SNCF.",
        "Jean Dupont, Berne",
        "À 5 km",
        "",
        "12 %",
        "日本語",
        "Je suis étudiant, mais etudiant",  # a line with accents has them where they belong
    ],
)
def test_an_ordinary_line_stays_as_it_is(line):
    assert reader().read(line)[0] == line


def test_the_translation_of_capitals_is_set_in_capitals_but_for_what_is_protected():
    _, restore = reader().read("JE SUIS À PARIS, {nom} !")

    assert restore("I am in Paris, {nom}, see www.example.org!") == "I AM IN PARIS, {nom}, SEE www.example.org!"


@pytest.mark.parametrize("line", ["je suis malade", "Votre Oncle Est Malade", "Je suis VRAIMENT malade"])
def test_the_translation_of_other_lines_stays_as_it_is(line):
    assert reader().read(line)[1]("I am in Paris.") == "I am in Paris."


def test_capitals_are_those_of_each_language():
    text, restore = reader((), ("tr", "el")).read("ISLAK İKİ")

    assert text == "Islak iki"
    assert restore("δύο") == "ΔΥΟ"


def test_a_model_that_has_learned_capitals_reads_them_itself():
    assert reader(in_capitals=0.02).read("JE SUIS MALADE")[0] == "JE SUIS MALADE"


def test_a_model_of_small_beginnings_gets_no_capital():
    assert reader(begins=0.2).read("JE SUIS MALADE")[0] == "je suis malade"
    assert reader(begins=0.8).read("je suis malade")[0] == "je suis malade"


@pytest.mark.parametrize(
    ("text", "found"),
    [("JE SUIS LÀ", True), ("ATTENTION", True), ("OTAN", False), ("J'AI", False), ("A B C", False), ("Ça", False)],
)
def test_capitals_are_two_words_or_one_long_one(text, found):
    assert is_in_capitals(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "T恤衫的男人在跑步。",
        "NVIDIA公司发布了新产品。",
        "أعلنت شركة TOYOTA عن منتج جديد.",
        "삼성과 LG가 SK를",
        "IIT दिल्ली और IIM",
        "חברת TOYOTA",
    ],
)
def test_a_text_in_a_script_without_case_is_not_in_capitals(text):
    assert not is_in_capitals(text)
    assert reader().read(text)[1]("The company of Toyota") == "The company of Toyota"


def test_ordinal_signs_stand_among_capitals():
    assert is_in_capitals("LA N.º 5 Y LA 3.ª")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Une Belle Nuit d'Été", True),
        ("Les Styles LibreOffice", True),
        ("Bonne Nuit", True),
        ("Une belle Nuit", False),
        ("LibreOffice et HTML", False),
        ("Nuit", False),
    ],
)
def test_title_case_is_in_all_longer_words(text, found):
    assert is_in_title_case(text) == found


@pytest.mark.parametrize(("text", "found"), [("« Ça", True), ("ça", False), ("12 日", None), ("", None)])
def test_the_first_letter_tells_the_beginning(text, found):
    assert begins_with_capital(text) == found


@given(st.text())
@example("ᨀA")
def test_any_text_can_be_read(text):
    read, restore = reader().read(text)

    assert isinstance(restore(read), str)
    assert bool(read) == bool(text)
