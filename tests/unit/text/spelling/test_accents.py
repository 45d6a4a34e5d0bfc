from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transformer_cli.text.spelling.accents import MOST_NEIGHBOURS, Accents, learn_accents
from transformer_cli.text.spelling.letter_case import without_accents
from transformer_cli.text.spelling.word_forms import MOST_WORDS

OFTEN = [
    "il mange là",
    "elle a mangé",
    "où dort il ?",
    "il dort à Paris",
    "elle mange ou dort",
    "l'étudiant a une idée",
]
TEXTS = [*OFTEN * 6, "il a été à l'hôtel ou à la mer"]


def learned(texts=TEXTS, language="fr") -> Accents:
    return Accents(*learn_accents(texts, language), language=language)


@pytest.mark.parametrize(
    "line",
    [
        "elle a mangé",
        "il mange là",
        "où mange il",
        "il a mangé à Paris",
        "l étudiant dort là",
        "Où dort L'ÉTUDIANT",
    ],
)
def test_words_get_the_accents_that_they_have_between_their_neighbours(line):
    words = line.replace("'", " ").split()

    assert learned().of_words([without_accents(word) for word in words]) == words


@pytest.mark.parametrize("line", ["elle mange ou dort", "il dort", "elle a une voiture", "je veux un KFourInLine", ""])
def test_words_that_surely_lack_nothing_stay(line):
    words = line.split()

    assert learned().of_words(words) is words


def test_words_that_likely_lack_an_accent_get_it_where_another_one_surely_does():
    accents = Accents(["idée", "a<une"], ["hôtel"], language="fr")

    assert accents.of_words(["un", "hotel"]) == ["un", "hotel"]
    assert accents.of_words(["une", "IDEE", "d", "Hotel"]) == ["une", "IDÉE", "d", "Hôtel"]


def test_the_surest_rule_decides():
    assert Accents(["il>a", "à<paris"], language="fr").of_words(["il", "a", "paris"]) == ["il", "a", "paris"]
    assert Accents(["à<paris", "il>a"], language="fr").of_words(["il", "a", "paris"]) == ["il", "à", "paris"]


def test_what_is_seen_once_is_not_sure():
    sure, likely = learn_accents(TEXTS, "fr")

    assert "étudiant" in sure
    assert "hôtel" in likely
    assert "dort" not in {*sure, *likely}


def test_a_single_word_has_a_form_only_if_no_other_is_likely():
    accents = learned()

    assert [accents.of_word(word) for word in ("etudiant", "mange", "hotel", "maison")] == [
        "étudiant",
        "mange",
        "hotel",
        "maison",
    ]


@pytest.mark.parametrize(
    ("text", "language", "given", "expected"),
    [("die große Straße", "de", "strasse", "straße"), ("ılık çay İzmir", "tr", "cay", "çay")],
)
def test_letters_are_those_of_each_language(text, language, given, expected):
    assert learned([text] * 9, language).of_words([given]) == [expected]


def test_the_most_frequent_rules_are_kept():
    words = ["".join(chr(ord("a") + int(digit)) for digit in f"{number:04}") for number in range(MOST_WORDS + 500)]
    texts = [text for word in words for text in (f"x {word}é y", f"{word}e", f"x {word}é y")]

    rules = [rule for kind in learn_accents(texts, "fr") for rule in kind]

    assert sum(">" in rule or "<" in rule for rule in rules) == MOST_NEIGHBOURS
    assert len(rules) == MOST_NEIGHBOURS + MOST_WORDS


@settings(deadline=None, max_examples=50)
@given(st.lists(st.text(st.sampled_from("aàâAÀbBé '"), max_size=20), max_size=8), st.text(st.sampled_from("aAbBe '")))
def test_nothing_but_accents_is_changed(texts, line):
    words = line.replace("'", " ").split()

    assert [without_accents(word) for word in learned(texts).of_words(words)] == words
