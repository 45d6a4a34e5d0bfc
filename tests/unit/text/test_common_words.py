from __future__ import annotations

import pytest

from transformer_cli.text.common_words import common_words, prevailing_words, telling_words, words_of
from transformer_cli.text.languages import is_known_language

SENTENCES = {
    "en": "where is the station and what have you been doing with all of these books",
    "fr": "où est la gare et qu'avez-vous fait avec tous ces livres que je vous ai donnés",
    "de": "wo ist der Bahnhof und was habt ihr mit all den Büchern gemacht, die ich euch nicht gab",
    "es": "dónde está la estación y qué han hecho ustedes con todos los libros que les di",
    "it": "dove è la stazione e che cosa avete fatto con tutti i libri che vi ho dato",
    "pl": "gdzie jest dworzec i co zrobiliście z tymi książkami, które wam dałem, bo nie wiem",
    "ru": "где вокзал и что вы сделали со всеми книгами, которые я вам дал, потому что их нет",
    "tr": "istasyon nerede ve size verdiğim bu kitaplar ile ne yaptınız, ben bunu çok iyi",
}


@pytest.mark.parametrize("language", SENTENCES)
@pytest.mark.parametrize("other", SENTENCES)
def test_a_sentence_has_more_of_the_words_that_tell_its_language(language, other):
    words, other_words = telling_words(language, other)
    found = words_of(SENTENCES[language])

    own, foreign = sum(word in words for word in found), sum(word in other_words for word in found)

    assert not words & other_words
    assert own >= foreign + 4 if language != other else own == foreign == 0


@pytest.mark.parametrize(
    ("one", "other"), [("da", "nb"), ("hr", "sr"), ("zh-Hans", "en"), ("en", "en-GB"), ("xx", "fr")]
)
def test_languages_that_are_unknown_or_near_each_other_have_no_telling_words(one, other):
    assert telling_words(one, other) == (frozenset(), frozenset())


def test_other_codes_of_a_language_have_the_same_words():
    assert common_words("fra_Latn") == common_words("fr") != frozenset()
    assert is_known_language("fra_Latn")


@pytest.mark.parametrize("language", SENTENCES)
def test_a_text_in_another_language_is_recognised_and_a_short_one_is_not(language):
    text = " ".join([SENTENCES[language]] * 10)
    expected = "nl" if language != "nl" else "fr"

    assert prevailing_words(text, expected) == language
    assert prevailing_words(text, language) is None
    assert prevailing_words(SENTENCES[language], expected) is None
    assert prevailing_words(text, "xx") is None
