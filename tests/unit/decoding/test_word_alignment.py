from __future__ import annotations

from tests.support.tiny_models import tiny_tokenizer
from transformer_cli.data.tokens.tokenizer import TokenizerPair
from transformer_cli.decoding.hypothesis import Hypothesis
from transformer_cli.decoding.word_alignment import number_of_words, word_alignment


def align(source: str, target: str, positions: dict[int, int]) -> list[tuple[int, int]]:
    """Align the words of two texts; ``positions`` names tokens of the target that look elsewhere than at the end."""
    tokenizer = tiny_tokenizer()
    source_ids, target_ids = tokenizer.encode(source), tokenizer.encode(target)
    alignment = tuple(positions.get(i, len(source_ids)) for i in range(len(target_ids)))
    hypothesis = Hypothesis(tuple(target_ids), -1.0, -1.0, alignment)
    return word_alignment(TokenizerPair(tokenizer, tokenizer), source_ids, hypothesis)


def test_tokens_are_counted_as_the_words_that_they_are_part_of():
    tokenizer = tiny_tokenizer()
    first = len(tokenizer.encode("chat"))
    last_of_source = len(tokenizer.encode("chat noir")) - 1
    last_of_target = len(tokenizer.encode("black cat")) - 1

    assert align("chat noir", "black cat", {last_of_target: 0}) == [(0, 1)]
    assert align("chat noir", "black cat", {0: last_of_source, last_of_target: first - 1}) == [(0, 1), (1, 0)]


def test_what_looks_at_the_end_of_the_source_has_no_link():
    assert align("chat", "cat", {}) == []


def test_a_link_that_several_tokens_make_is_there_once():
    length = len(tiny_tokenizer().encode("xyz"))
    assert length > 2
    assert align("chat", "xyz", dict.fromkeys(range(length), 0)) == [(0, 0)]


def test_a_no_break_space_is_part_of_a_word_for_both_counts():
    target = "Où est\u00a0?"
    last = len(tiny_tokenizer().encode(target)) - 1

    assert number_of_words(target) == 2
    assert align("gare", target, {last: 0}) == [(0, 1)]
    assert number_of_words("") == 0
