from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transformer_cli.data.cleaning.near_twins import NearTwins, are_near_twins, hashes_of_halves, word_cutter

WORDS = st.lists(st.sampled_from("ab"), min_size=4, max_size=8)


def edits(words: list[str], other: list[str]) -> int:
    """Return the smallest number of words to change, add or leave out."""
    row = list(range(len(other) + 1))
    for number, word in enumerate(words, start=1):
        before, row = row, [number]
        for place, other_word in enumerate(other):
            row.append(min(before[place] + (word != other_word), before[place + 1] + 1, row[-1] + 1))
    return row[-1]


@given(WORDS, WORDS)
def test_near_twins_are_at_most_one_edit_apart(words, other):
    assert are_near_twins(words, other) is (edits(words, other) <= 1)


@given(st.lists(WORDS, max_size=6), st.lists(WORDS, max_size=6))
def test_no_near_twin_is_missed_and_none_is_made_up(sentences, training):
    near_twins = NearTwins(sentences, "en")
    hashes = set(near_twins.hashes())
    for words in training:
        if not hashes.isdisjoint(hashes_of_halves(words)):
            near_twins.compare(words)

    long = [words for words in sentences if len(words) >= 5]
    assert len(near_twins) == len(long)
    assert near_twins.found == sum(any(edits(words, other) <= 1 for other in training) for words in long)


@pytest.mark.parametrize(("language", "number"), [("en", 3), ("zh", 4), ("zho_Hans", 4)])
def test_a_language_without_spaces_is_compared_by_characters(language, number):
    cut = word_cutter(language)
    texts = ["他昨天去了北京图书馆", "他昨天去了上海图书馆", "he went to beijing today", "he went to paris today"]
    sets = NearTwins(map(cut, texts), language)

    assert len(sets) == (4 if number == 4 else 2)
    sets.compare(cut("他昨天去了北京图书室"))
    sets.compare(cut("he went to rome today"))
    assert sets.found == (1 if number == 4 else 2)
