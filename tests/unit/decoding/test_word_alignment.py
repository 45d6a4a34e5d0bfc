from __future__ import annotations

from itertools import pairwise

import pytest

from tests.support.tiny_models import tiny_tokenizer
from transformer_cli.config import TokenizerConfig
from transformer_cli.data.tokens.fit_tokenizer import fit_tokenizer
from transformer_cli.decoding.word_alignment import (
    Word,
    WordAlignment,
    align_words,
    spaced_links,
    words_of,
)


def word(place: int) -> Word:
    return Word(f"w{place}", place, place)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Je suis étudiant.", ["Je", "suis", "étudiant", "."]),
        ("She eats, we sleep.", ["She", "eats", ",", "we", "sleep", "."]),
        ("naïve 👍 ok", ["naïve", "👍", "ok"]),
    ],
)
def test_subwords_are_gathered_into_words_and_punctuation(text, words):
    tokenizer = tiny_tokenizer()
    ids = tokenizer.encode(text)

    found = words_of(tokenizer, ids)

    assert [word.text for word in found] == words
    assert all(tokenizer.decode(ids[word.first : word.last + 1]).strip() == word.text for word in found)
    assert all(before.last < after.first for before, after in pairwise(found))


def test_a_script_without_spaces_is_divided_into_its_subwords():
    sentences = ["私は学生です。", "春夏秋冬、東西南北、上下左右。", "月火水木金土日。"]
    tokenizer = fit_tokenizer(sentences, TokenizerConfig(vocab_size=300), where="the test's sentences")

    words = words_of(tokenizer, tokenizer.encode(sentences[0]))

    assert "".join(word.text for word in words) == sentences[0]
    assert len(words) > 2


def test_no_tokens_are_no_words_and_without_words_there_are_no_links():
    assert words_of(tiny_tokenizer(), []) == ()
    assert align_words([[1.0]], [], [word(0)]) == WordAlignment(((),), ())
    assert align_words([], [word(0)], []) == WordAlignment((), ())


def test_each_word_is_linked_to_the_one_that_it_attends_to_most():
    attention = [[0.7, 0.2, 0.1], [0.1, 0.1, 0.8], [0.3, 0.6, 0.1]]

    found = align_words(attention, [word(0), word(1), word(2)], [word(0), word(1), word(2)])

    assert found.links == ((0, 0), (2, 1), (1, 2))


def test_a_weight_is_the_sum_over_subwords_attended_to_and_the_mean_over_those_that_attend():
    attention = [[0.1, 0.2, 0.7], [0.3, 0.5, 0.2], [0.0, 0.0, 1.0]]

    found = align_words(attention, [Word("ab", 0, 1), Word("c", 2, 2)], [Word("xy", 0, 1)])

    assert found.weights[0] == pytest.approx((0.55, 0.45))
    assert found.links == ((0, 0),)


def spaced(source: str, target: str, looks: dict[str, str]) -> list[tuple[int, int]]:
    """Align two texts; each word of the target in ``looks`` attends to one of the source, all others to eos."""
    tokenizer = tiny_tokenizer()
    ids = tokenizer.encode(source), tokenizer.encode(target)
    words = [words_of(tokenizer, side) for side in ids]
    attention = [[0.0] * len(ids[0]) + [1.0] for _ in ids[1]]
    for own in words[1]:
        for other in words[0]:
            if looks.get(own.text) == other.text:
                for row in attention[own.first : own.last + 1]:
                    row[other.last] = 0.5
    return spaced_links((tokenizer, tokenizer), *ids, attention)


def test_links_are_between_words_as_spaces_separate_them():
    assert spaced("chat noir", "black cat", {"black": "noir", "cat": "chat"}) == [(0, 1), (1, 0)]
    # The full stop and its word are one word for who counts by spaces.
    looks = {"the": "le", "cat": "chat", ".": "."}
    assert spaced("le chat.", "the cat.", looks) == [(0, 0), (1, 1)]
    assert spaced("ici, le chat.", "cat .", {"cat": "chat", ".": "."}) == [(2, 0), (2, 1)]


def test_a_no_break_space_is_part_of_a_word():
    target = "Où est\u00a0?"

    assert {j for _, j in spaced("gare", target, {})} == {0, 1}
