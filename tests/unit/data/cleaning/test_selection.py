"""The fate of each pair, against a plain rendering of the rules that looks at sentences instead of hashes."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transformer_cli.config import CleaningConfig, LanguagesConfig
from transformer_cli.data.cleaning.cache import CleanedCorpus, write_cleaned
from transformer_cli.data.cleaning.held_out import HeldOut
from transformer_cli.data.cleaning.match_keys import fold, hash_pair, hash_text
from transformer_cli.data.cleaning.rules import PairCleaner
from transformer_cli.data.cleaning.selection import SELECTION_RULES, Selection, TooFewPairsError, held_out_keys, select
from transformer_cli.data.corpora import SentencePair

Pair = tuple[str, str]
FR_EN = LanguagesConfig(source="fr", target="en")


def cleaned(folder: Path, pairs: list[Pair]) -> CleanedCorpus:
    rows = (SentencePair(*pair, f"t:{number}") for number, pair in enumerate(pairs, start=1))
    config = CleaningConfig(non_text=False, wrong_script=False, length_ratio=False, identical=False)
    return write_cleaned(folder, rows, PairCleaner(config, FR_EN))


def decide(tmp_path_factory, *corpora: list[Pair], tested=(), sizes=None, earlier=None, **config) -> Selection:
    folder = tmp_path_factory.mktemp("cleaned")
    separate_sets = {"valid": held_out_keys(*([hash_text(fold(pair[side])) for pair in tested] for side in (0, 1)))}
    return select(
        [cleaned(folder / str(number), pairs) for number, pairs in enumerate(corpora)],
        CleaningConfig.model_validate(config),
        separate=separate_sets if tested else {},
        sizes=sizes or {},
        earlier=earlier or {},
    )


def test_unrelated_pairs_are_neither_trained_on_nor_held_out(tmp_path):
    pairs = [(f"un {letter}", f"one {letter}") for letter in "abcdefgh"]
    unrelated = np.array([letter in "acf" for letter in "abcdefgh"])

    selection = select(
        [cleaned(tmp_path / "1", pairs)],
        CleaningConfig(),
        separate={},
        sizes={"valid": 2},
        earlier={},
        unrelated=unrelated,
    )

    assert selection.counts()["unrelated"] == 3
    assert [fate == "unrelated" for fate in fates(selection)] == unrelated.tolist()
    assert not unrelated[selection.held_out["valid"]].any()


def fates(selection: Selection) -> list[str | None]:
    return [SELECTION_RULES[fate - 1] if fate else None for fate in selection.fates.tolist()]


def plain_fates(pairs: list[Pair], tested: list[Pair], cap: int) -> list[str | None]:
    found: list[str | None] = []
    seen: set[Pair] = set()
    folded_kept: set[Pair] = set()
    repeats: Counter[str] = Counter()
    sources, targets = ({fold(pair[side]) for pair in tested} for side in (0, 1))
    for pair in pairs:
        folded = fold(pair[0]), fold(pair[1])
        rule = None
        if folded[0] in sources or folded[1] in targets:
            rule = "leakage"
        elif pair in seen:
            rule = "duplicate"
        elif folded in folded_kept:
            rule = "near_duplicate"
        elif repeats[folded[0]] >= cap:
            rule = "source_repeats"
        seen.add(pair)
        if rule is None or rule == "source_repeats":
            folded_kept.add(folded)
        if rule is None:
            repeats[folded[0]] += 1
        found.append(rule)
    return found


SENTENCES = st.sampled_from(["a", "A", "a!", "b", "c c c 1", "c c c 2", "d"])
PAIRS = st.lists(st.tuples(SENTENCES, SENTENCES), max_size=20)


@settings(deadline=None, max_examples=60)
@given(first=PAIRS, second=PAIRS, tested=st.lists(st.tuples(SENTENCES, SENTENCES), max_size=2), cap=st.integers(1, 3))
def test_pairs_are_dropped_for_what_they_are_to_all_before_them(tmp_path_factory, first, second, tested, cap):
    selection = decide(tmp_path_factory, first, second, tested=tested, source_repeats=cap)

    assert fates(selection) == plain_fates(first + second, tested, cap)


@pytest.mark.parametrize("rule", ["leakage", "duplicate", "near_duplicate", "source_repeats"])
def test_a_rule_can_be_switched_off(tmp_path_factory, rule):
    pairs = [("t", "u"), ("a", "b"), ("a", "b"), ("A", "b."), ("a", "c"), ("a", "d")]
    off = {"leakage": False, "duplicate": False, "near_duplicate": False, "source_repeats": False}
    on = {**off, rule: 2 if rule == "source_repeats" else True}

    assert set(fates(decide(tmp_path_factory, pairs, tested=[("t", "x")], **on))) == {None, rule}
    assert set(fates(decide(tmp_path_factory, pairs, tested=[("t", "x")], **off))) == {None}


def test_leakage_is_counted_for_each_side(tmp_path_factory):
    selection = decide(tmp_path_factory, [("t", "u"), ("T", "x"), ("y", "u?"), ("y", "z")], tested=[("t", "u")])

    assert selection.leakage == {"valid": {"source": 2, "target": 2}}


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 5), st.integers(1, 5), st.randoms())
def test_held_out_sets_have_the_wanted_size_and_the_lowest_hashes_whatever_the_order(
    tmp_path_factory, valid, test, random
):
    pairs = [(f"s {n}", f"t {n}") for n in range(30)]
    by_hash = sorted(pairs, key=lambda pair: hash_pair(*pair))
    random.shuffle(pairs)

    selection = decide(tmp_path_factory, pairs, sizes={"valid": valid, "test": test})

    held_out = {part: [pairs[place] for place in places] for part, places in selection.held_out.items()}
    assert held_out == {"test": by_hash[:test], "valid": by_hash[::-1][:valid]}
    assert fates(selection).count("held_out") == valid + test
    assert fates(selection).count(None) == 30 - valid - test


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32 - 1))
def test_known_pairs_stay_held_out_and_no_others_join_them(tmp_path_factory, seed):
    pairs = [(f"s {seed} {n}", f"t {n}") for n in range(30)]
    first = decide(tmp_path_factory, pairs[:15], sizes={"test": 3, "valid": 2})

    grown = decide(tmp_path_factory, pairs, sizes={"test": 3, "valid": 2}, earlier=first.held_out_pairs)

    assert grown.held_out_pairs == first.held_out_pairs
    assert fates(grown)[:15] == fates(first)
    assert fates(grown)[15:] == [None] * 15


def test_another_number_keeps_the_known_pairs_and_takes_more_or_leaves_some(tmp_path_factory):
    pairs = [(f"s {n}", f"t {n}") for n in range(30)]
    earlier = decide(tmp_path_factory, pairs[:15], sizes={"test": 4}).held_out_pairs

    more = decide(tmp_path_factory, pairs, sizes={"test": 6}, earlier=earlier).held_out_pairs["test"]
    fewer = decide(tmp_path_factory, pairs, sizes={"test": 2}, earlier=earlier).held_out_pairs["test"]

    assert (more.number, len(more.pairs), fewer.number, len(fewer.pairs)) == (6, 6, 2, 2)
    assert fewer.pairs < earlier["test"].pairs < more.pairs


@pytest.mark.parametrize(("left", "joined"), [(2, 0), (1, 3)])
def test_others_join_the_known_pairs_only_where_fewer_than_half_are_left(tmp_path_factory, left, joined):
    pairs = [(f"s {n}", f"t {n}") for n in range(30)]
    earlier = decide(tmp_path_factory, pairs, sizes={"test": 4}).held_out_pairs
    held = [pair for pair in pairs if hash_pair(*pair) in earlier["test"].pairs]
    now = [pair for pair in pairs if pair not in held[left:]]

    later = decide(tmp_path_factory, now, sizes={"test": 4}, earlier=earlier)
    back = decide(tmp_path_factory, pairs, sizes={"test": 4}, earlier=later.held_out_pairs)

    assert len(later.held_out["test"]) == left + joined
    assert later.held_out_pairs["test"].pairs == earlier["test"].pairs
    assert len(later.held_out_pairs["test"].reserved) == 4 + joined
    # Those that come back are the set again; those that took their place are not trained on.
    assert {pairs[place] for place in back.held_out["test"]} == set(held)
    assert fates(back).count("held_out") == 4 + joined
    assert back.held_out_pairs == later.held_out_pairs


def test_substitutes_of_one_night_stay_before_those_of_another(tmp_path_factory):
    pairs = [(f"s {n}", f"t {n}") for n in range(30)]
    known: dict[str, HeldOut] = {}
    places, now = [], pairs
    for _ in range(3):
        night = decide(tmp_path_factory, now, sizes={"test": 4, "valid": 3}, earlier=known)
        known = night.held_out_pairs
        places.append({part: {now[place] for place in night.held_out[part]} for part in ("test", "valid")})
        now = [pair for pair in now if pair not in places[-1]["test"] | places[-1]["valid"]]

    without_the_first = [pair for pair in pairs if pair not in places[0]["test"] | places[0]["valid"]]
    for corpus, expected in ((without_the_first, places[1]), (pairs, places[0])):
        night = decide(tmp_path_factory, corpus, sizes={"test": 4, "valid": 3}, earlier=known)
        assert {part: {corpus[place] for place in night.held_out[part]} for part in expected} == expected
        assert night.held_out_pairs == known


def test_what_was_remembered_is_a_number_and_hashes(tmp_path_factory):
    pairs = [("a", "b"), ("c", "d"), ("e", "f")]
    lowest = min(hash_pair(*pair) for pair in pairs)

    assert decide(tmp_path_factory, pairs, sizes={"test": 1}).held_out_pairs == {
        "test": HeldOut(number=1, pairs=frozenset({lowest}))
    }


@pytest.mark.parametrize("sizes", [{"valid": 3}, {"valid": 1, "test": 2}, {"test": 9}])
def test_too_few_pairs_are_an_error_with_their_number(tmp_path_factory, sizes):
    with pytest.raises(TooFewPairsError) as caught:
        decide(tmp_path_factory, [("a", "b"), ("c", "d"), ("e", "f"), ("e", "f")], sizes=sizes)
    assert caught.value.usable == 3


def test_the_state_is_one_byte_a_pair(tmp_path_factory):
    selection = decide(tmp_path_factory, [("a", "b")] * 5)

    assert selection.fates.nbytes == 5


def test_pairs_that_share_a_sentence_can_be_held_out_where_leakage_is_no_matter(tmp_path_factory):
    pairs = [("oui", f"yes {number}") for number in range(9)]

    with pytest.raises(TooFewPairsError):
        decide(tmp_path_factory, pairs, sizes={"valid": 3})
    selection = decide(tmp_path_factory, pairs, sizes={"valid": 3, "test": 2}, leakage=False)

    assert {part: len(places) for part, places in selection.held_out.items()} == {"valid": 3, "test": 2}
    assert Counter(fates(selection)) == {"held_out": 5, None: 4}
