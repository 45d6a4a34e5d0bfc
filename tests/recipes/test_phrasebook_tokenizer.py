"""The tokenizer of the phrasebook's recipe keeps common words whole, so that attention shows words looking at words."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from transformer_cli.config import Recipe
from transformer_cli.data.corpora import SentencePair, read_corpus
from transformer_cli.data.tokens.fit_tokenizer import fit_tokenizers
from transformer_cli.data.tokens.tokenizer import Tokenizer
from transformer_cli.recipe import find_recipe, load_recipe


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    return load_recipe(find_recipe("phrasebook"))


@pytest.fixture(scope="module")
def tokenizer(recipe: Recipe) -> Tokenizer:
    pairs = part(recipe, "train")
    sides = [[getattr(pair, side) for pair in pairs] for side in ("source", "target")]
    return fit_tokenizers(sides[0], sides[1], recipe.tokenizer, where="phrasebook").source


def part(recipe: Recipe, name: str) -> list[SentencePair]:
    return list(read_corpus("builtin:phrasebook", recipe.languages, Path(), part=name))


def test_the_vocabulary_is_as_large_as_the_recipe_says(recipe, tokenizer):
    assert tokenizer.vocab_size == recipe.tokenizer.vocab_size


def test_the_famous_sentence_has_a_piece_for_each_word(tokenizer):
    pieces = [tokenizer.piece(token) for token in tokenizer.encode("Je suis étudiant.")]

    assert pieces == ["▁Je", "▁suis", "▁étudiant", "."]


@pytest.mark.parametrize("side", ["source", "target"])
def test_nearly_every_word_of_a_text_is_one_piece(recipe, tokenizer, side):
    words = Counter(word for pair in part(recipe, "test") for word in re.findall(r"\w+", getattr(pair, side)))
    whole = sum(count for word, count in words.items() if len(tokenizer.encode(word)) == 1)

    assert whole >= 0.97 * words.total()
