from __future__ import annotations

import re
from random import Random

import numpy as np
import pytest

from tests.support.toy_corpus import pairs
from transformer_cli.config import TokenizerConfig
from transformer_cli.data.splits.read import Corpus
from transformer_cli.data.tokens.fit_tokenizer import fit_tokenizers
from transformer_cli.data.tokens.hinted_corpus import hinted_corpus, with_hints
from transformer_cli.data.tokens.hints import HINT_MARKS
from transformer_cli.data.tokens.word_pairs import WordPairs

SOURCES, TARGETS = ([*side] for side in zip(*pairs(), strict=True))
CORPUS = Corpus(SOURCES, TARGETS, np.zeros(len(SOURCES), np.int32))
HINT = re.compile(r"⟦=⟧ ([^⟦]*)⟦>⟧")


@pytest.fixture(scope="module")
def words() -> WordPairs:
    return WordPairs.learn(SOURCES, TARGETS)


def texts(corpus: Corpus) -> list[tuple[str, str]]:
    return [*zip(corpus.sources, corpus.targets, strict=True)]


def test_a_share_of_the_pairs_has_hints_and_the_others_stay_as_they_are(words):
    found = hinted_corpus(CORPUS, 0.5, lambda: words)

    assert found.sources[:] == [*found.sources]
    assert [found.targets[i] for i in range(len(found))] == [*found.targets]
    assert found.origins is CORPUS.origins
    changed = [HINT_MARKS[0] in source for source in found.sources]
    # 192 pairs, half of them chosen: six standard deviations are 42.
    assert abs(sum(changed) - 96) <= 42
    assert all(now == before for now, before, new in zip(texts(found), pairs(), changed, strict=True) if not new)
    assert CORPUS.sources[:] == [source for source, _ in pairs()]


def test_the_same_pairs_are_chosen_wherever_they_stand_and_more_of_them_for_a_larger_share(words):
    few, many = ({*texts(hinted_corpus(CORPUS, share, lambda: words))} for share in (0.1, 0.4))
    turned = Corpus(SOURCES[::-1], TARGETS[::-1])

    assert {*texts(hinted_corpus(turned, 0.1, lambda: words))} == few
    assert {each for each in few if HINT_MARKS[0] in each[0]} < many


def test_the_words_are_learned_when_the_first_text_is_read_and_once():
    calls = []

    def learn() -> WordPairs:
        calls.append(1)
        return WordPairs.learn(SOURCES, TARGETS)

    found = hinted_corpus(CORPUS, 1.0, learn)
    assert not calls
    texts(found)
    assert calls == [1]


def test_each_target_has_the_hints_of_its_source_and_without_them_the_source_is_as_it_was(words):
    made_up = 0
    for seed in range(500):
        source, target = pairs()[seed % len(pairs())]
        new_source, new_target = with_hints(source, target, words, Random(seed))
        hints = HINT.findall(new_source)
        made_up += new_target != target

        assert HINT.sub("", new_source) == source
        assert 1 <= len(hints) <= 3
        assert all(hint in new_target for hint in hints)
        assert sum(hint not in target for hint in hints) <= 1
        assert len(new_target.split()) in (len(target.split()), len(target.split()) - 1)  # a phrase becomes a word
    # A third of 500, and six standard deviations.
    assert abs(made_up - 167) <= 63


def test_neighbours_on_both_sides_can_be_one_hint(words):
    found = {with_hints("x maison souvent", "y often house", words, Random(seed))[0] for seed in range(200)}

    assert {"x maison souvent⟦=⟧ often house⟦>⟧", "x maison⟦=⟧ house⟦>⟧ souvent⟦=⟧ often⟦>⟧"} <= found
    apart = {with_hints("x maison, souvent", "y often house", words, Random(seed))[0] for seed in range(200)}
    assert not any("often house" in source for source in apart)


def test_a_made_up_word_has_a_capital_where_the_word_had_one(words):
    found = {with_hints("Maison", "House", words, Random(seed)) for seed in range(200)}

    assert all(target[0].isupper() and target[1:].islower() for _, target in found)
    assert len(found) > 20


def test_pairs_without_a_known_word_or_with_a_mark_have_no_hints(words):
    corpus = Corpus(["un château", "la maison⟦=⟧"], ["a castle", "the house"])

    assert texts(hinted_corpus(corpus, 1.0, lambda: words)) == texts(corpus)


@pytest.mark.parametrize("shared", [True, False])
def test_each_mark_is_one_token_of_the_source(shared):
    pair = fit_tokenizers(SOURCES, TARGETS, TokenizerConfig(shared=shared), where="x", tags=HINT_MARKS)

    tokens = pair.source.encode("la maison⟦=⟧ house⟦>⟧ dort")
    pieces = [pair.source.piece(token) for token in tokens]
    assert pair.source.has_hint_marks
    assert pair.target.has_hint_marks == shared
    assert [pieces.count(mark) for mark in HINT_MARKS] == [1, 1]
    assert pieces[pieces.index("⟦=⟧") + 1].startswith("▁h" if shared else "▁")
    assert not fit_tokenizers(SOURCES, TARGETS, TokenizerConfig(), where="x").source.has_hint_marks
