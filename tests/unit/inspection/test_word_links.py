from __future__ import annotations

from itertools import pairwise

import pytest
import torch

from tests.support.tiny_models import tiny_tokenizer
from transformer_cli.config import TokenizerConfig
from transformer_cli.data.tokens.fit_tokenizer import fit_tokenizer
from transformer_cli.inspection.word_links import Word, word_links, words_of


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
def test_pieces_are_gathered_into_words_and_punctuation(text, words):
    tokenizer = tiny_tokenizer()
    ids = tokenizer.encode(text)

    found = words_of(tokenizer, ids)

    assert [word.text for word in found] == words
    assert all(tokenizer.decode(ids[word.first : word.last + 1]).strip() == word.text for word in found)
    assert all(before.last < after.first for before, after in pairwise(found))


def test_a_script_without_spaces_is_divided_into_its_pieces():
    sentences = ["私は学生です。", "春夏秋冬、東西南北、上下左右。", "月火水木金土日。"]
    tokenizer = fit_tokenizer(sentences, TokenizerConfig(vocab_size=300), where="the test's sentences")

    words = words_of(tokenizer, tokenizer.encode(sentences[0]))

    assert "".join(word.text for word in words) == sentences[0]
    assert len(words) > 2


def test_no_tokens_are_no_words():
    assert words_of(tiny_tokenizer(), []) == ()
    assert word_links(torch.ones(1, 1, 1, 1), [], []) is None


def test_each_word_is_tied_to_the_one_that_it_looks_at_most():
    cross = torch.tensor([[[[0.7, 0.2, 0.1], [0.1, 0.1, 0.8], [0.3, 0.6, 0.1]]]])

    found = word_links(cross, [word(0), word(1), word(2)], [word(0), word(1), word(2)])

    assert found is not None
    assert found.links == ((0, 0), (2, 1), (1, 2))


def test_a_word_s_weight_is_summed_over_what_is_looked_at_and_averaged_over_who_looks_and_over_heads():
    cross = torch.tensor([[[[0.1, 0.2, 0.7], [0.3, 0.4, 0.3]], [[0.5, 0.1, 0.4], [0.2, 0.2, 0.6]]]])  # (1, 2, 2, 3)

    found = word_links(cross, [Word("ab", 0, 1), Word("c", 2, 2)], [Word("xy", 0, 1)])

    assert found is not None
    assert found.weights.tolist() == pytest.approx(torch.tensor([[0.5, 0.5]]), abs=1e-6)


def test_the_layer_in_which_words_find_each_other_is_chosen():
    diagonal = 0.9 * torch.eye(3) + 0.1 / 3
    spread = torch.full((3, 3), 1 / 3)
    one_for_all = torch.tensor([[1.0, 0.0, 0.0]] * 3)
    cross = torch.stack([spread, one_for_all, diagonal])[:, None]  # (L, 1, T, S)

    found = word_links(cross, [word(0), word(1), word(2)], [word(0), word(1), word(2)])

    assert found is not None
    assert found.layer == 2
    assert found.sharpness == pytest.approx((1 / 3, 2 / 3, 0.9 + 0.1 / 3))
