from __future__ import annotations

import random
import subprocess
import sys

import pytest

from tests.support.command_line import environment
from tests.support.toy_corpus import pairs
from transformer_cli.data.tokens.word_pairs import WordPairs

DICTIONARY = {
    "voit": "sees",
    "aime": "likes",
    "prend": "takes",
    "trouve": "finds",
    "fille": "girl",
    "maison": "house",
    "pain": "bread",
    "demain": "tomorrow",
    "souvent": "often",
}
"""The words of `toy_corpus` of four letters and more, without those that have an article of their own."""


def learned(lines: list[tuple[str, str]]) -> WordPairs:
    return WordPairs.learn([source for source, _ in lines], [target for _, target in lines])


def found(words: WordPairs, source: str, target: str) -> list[tuple[str, str, str]]:
    return [(source[slice(*each.source)], target[slice(*each.target)], each.usual) for each in words.of(source, target)]


@pytest.fixture(scope="module")
def toy() -> WordPairs:
    return learned(pairs())


def test_the_dictionary_of_a_corpus_is_learned_from_its_sentences(toy):
    assert {*DICTIONARY.values()} <= {*toy.targets}
    for source, target in pairs():
        words = source.removesuffix(".").split()
        known = [each for each in found(toy, source, target) if each[0] in DICTIONARY]
        assert known == [(word, *[DICTIONARY[word]] * 2) for word in words if word in DICTIONARY]


def test_more_pairs_than_are_counted_at_once_give_the_same_words(toy, monkeypatch):
    monkeypatch.setattr("transformer_cli.data.tokens.word_pairs._AT_ONCE", 7)

    assert learned(pairs())._likeness == toy._likeness


def test_words_that_stand_there_twice_or_are_equal_on_both_sides_belong_to_none(toy):
    assert found(toy, "la maison, la maison souvent", "the house often") == [("souvent", "often", "often")]
    assert found(toy, "la maison", "the house, the house") == []
    same = learned([(f"Berlin {word}", f"Berlin {word}") for word in "abcd"])
    assert found(same, "Berlin", "Berlin") == []


def test_words_that_are_not_known_belong_to_none(toy):
    assert found(toy, "Un château", "A castle") == []
    assert WordPairs({}, {}).of("la maison", "the house") == []


def test_the_usual_form_is_the_most_frequent_one_and_written_as_it_is_mostly():
    """House, in a language that inflects it and begins it with a capital."""
    forms = ["Wohnung"] * 12 + ["Wohnungen"] * 6
    others = [(f"x{i % 7}xxx maison", f"y{i % 7}yyy {form}") for i, form in enumerate(forms)]
    words = learned([*others, *[(f"autre{i}", f"anders{i}") for i in range(9)]])

    assert found(words, "Une maison", "Eine Wohnung") == [("maison", "Wohnung", "Wohnung")]
    assert found(words, "Cinq maison", "Fünf Wohnungen") == [("maison", "Wohnungen", "Wohnung")]


def test_what_stands_together_by_chance_is_no_translation():
    """Words of random sentences, each of which has one translation, stand together with all others."""
    generator = random.Random(1)
    dictionary = {f"wort{letter * 3}": f"mot{letter * 3}" for letter in "abcdefghijklmnopqrst"}
    lines = []
    for _ in range(400):
        chosen = generator.sample(sorted(dictionary), 5)
        lines.append((" ".join(chosen), " ".join(sorted(map(dictionary.__getitem__, chosen)))))
    words = learned(lines)

    for source, target in lines:
        assert {word: translation for word, translation, _ in found(words, source, target)} == {
            word: dictionary[word] for word in source.split()
        }


def test_what_was_counted_once_is_forgotten_where_there_is_too_much_and_frequent_words_stay(monkeypatch):
    monkeypatch.setattr("transformer_cli.data.tokens.word_pairs._AT_ONCE", 400)
    monkeypatch.setattr("transformer_cli.data.tokens.word_pairs._MOST_AT_ALL", 50)

    words = learned(pairs() * 2)

    assert found(words, "la maison souvent", "the house often") == [
        ("maison", "house", "house"),
        ("souvent", "often", "often"),
    ]


def test_words_have_their_vowel_signs_and_languages_without_spaces_have_none():
    hindi = learned([(f"समझदारी {letter}", f"wisdom {letter}") for letter in "abcdef"])
    assert found(hindi, "समझदारी अच्छी", "wisdom is good") == [("समझदारी", "wisdom", "wisdom")]

    chinese = learned([("thank you", "谢谢")] * 5 + [("hello", "你好")] * 5)
    assert found(chinese, "thank", "谢谢") == []


def test_they_are_the_same_in_any_process():
    code = """
from tests.unit.data.tokens.test_word_pairs import learned, pairs
words = learned([*pairs(), *[("a haus", "b hauser x"), ("a haus", "b hausen x")] * 4])
print(words.targets, words.of("haus", "hauser")[0].usual, list(words._likeness.items()))
"""
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code], env=environment(PYTHONHASHSEED=str(seed)), capture_output=True, check=True
        ).stdout
        for seed in (0, 1, 2)
    }
    assert len(outputs) == 1
