from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from transformer_cli.text.spelling.word_forms import MOST_WORDS, WordForms, learn_word_forms, replace_words

TEXTS = [
    "Je vois Paris en été.",
    "Les vacances à Paris avec l'OTAN.",
    "Il a deux étudiants, Marie et Anne.",
    "Tu es où ? Ici ou là ?",
    "Elle pêche, le péché",
]


def test_words_with_their_own_capitals_are_learned():
    assert set(learn_word_forms(TEXTS, "fr")) == {"Paris", "OTAN", "Marie", "Anne", "Ici"}


def test_the_capital_of_a_first_word_says_nothing():
    assert not {"Je", "Les", "Il", "Tu", "Elle"} & set(learn_word_forms(TEXTS, "fr"))


def test_forms_are_found_by_small_letters():
    forms = WordForms(learn_word_forms(TEXTS, "fr"), "fr")

    assert [forms.of(word) for word in ("paris", "otan", "été", "maison")] == ["Paris", "OTAN", "été", "maison"]
    assert forms.has_capital("paris")
    assert not forms.has_capital("été")


def test_turkish_words_keep_their_two_letters_i():
    forms = WordForms(learn_word_forms(["bu Iğdır ve İzmir"], "tr"), "tr")

    assert (forms.of("ığdır"), forms.of("izmir")) == ("Iğdır", "İzmir")


def test_the_most_frequent_words_are_kept():
    names = [f"N{'abcdefghij'[number % 10]}{'é' * (number // 10)}" for number in range(MOST_WORDS + 500)]
    texts = ["x " + name for name in names] + ["x " + names[-1]]

    words = learn_word_forms(texts, "fr")

    assert len(words) == MOST_WORDS
    assert words[0] == names[-1]


@settings(deadline=None, max_examples=50)
@given(st.lists(st.text(st.sampled_from("aàAÀbBé '"), max_size=20), max_size=8))
def test_a_learned_form_is_the_commonest_of_its_word(texts):
    inside = Counter(word for text in texts for word in text.replace("'", " ").split())

    for word in learn_word_forms(texts, "fr"):
        others = [other for other in inside if other.lower() == word.lower() and other != word.lower()]
        assert word in others


def test_words_in_protected_spans_stay():
    assert replace_words("voir {nom} ici", str.upper, [(5, 10)]) == "VOIR {nom} ICI"
