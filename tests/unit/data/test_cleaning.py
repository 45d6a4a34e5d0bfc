from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transformer_cli.config import CleaningConfig
from transformer_cli.data.cleaning import Cleaner, CleaningReport, pair_hash
from transformer_cli.data.readers import SentencePair


def numbered(*pairs: tuple[str, str]) -> list[SentencePair]:
    return [SentencePair(source, target, f"t:{line}") for line, (source, target) in enumerate(pairs, start=1)]


def clean(pairs: list[SentencePair], *, held_out=(), **config) -> tuple[list[tuple[str, str]], CleaningReport]:
    report = CleaningReport()
    cleaner = Cleaner(CleaningConfig.model_validate(config), held_out)
    return list(cleaner.clean(pairs, report)), report


GOOD = ("Le chien dort.", "The dog sleeps.")


@pytest.mark.parametrize(
    ("rule", "planted", "config"),
    [
        ("empty", [("", "x"), ("x", ""), ("", ""), (" \t ", "x"), ("x", "\0\u2028")], {}),
        ("too_long", [("x" * 21, "x"), ("x", "x" * 21)], {"too_long": 20}),
        ("duplicate", [GOOD, GOOD, (" Le  chien\tdort. ", "The dog sleeps.\r")], {}),
        ("held_out", [("un", "one"), ("un", "one")], {}),
    ],
)
def test_each_rule_drops_what_breaks_it_and_counts_it_under_its_name(rule, planted, config):
    held_out = [pair_hash("un", "one")]

    kept, report = clean(numbered(GOOD, *planted, ("x" * 20, "y" * 20)), held_out=held_out, **config)

    assert kept == [GOOD, ("x" * 20, "y" * 20)]
    assert report == CleaningReport(read=2 + len(planted), kept=2, dropped={rule: len(planted)})


def test_pairs_that_are_not_utf8_are_dropped():
    broken = SentencePair("caf\ufffd", "coffee", "t:2", is_utf8=False)
    meant = SentencePair("le signe \ufffd", "the sign \ufffd", "t:3")

    kept, report = clean([*numbered(GOOD), broken, meant])

    assert kept == [GOOD, ("le signe \ufffd", "the sign \ufffd")]
    assert report.dropped == {"not_utf8": 1}


def test_a_pair_that_breaks_several_rules_is_counted_once():
    long_and_broken = SentencePair("x" * 99, "", "t:1", is_utf8=False)

    _, report = clean([long_and_broken, long_and_broken], too_long=9)

    assert report == CleaningReport(read=2, kept=0, dropped={"not_utf8": 2})


def test_what_is_kept_is_normalised():
    kept, _ = clean(numbered((" Cafe\u0301\u00a0: ", "a\x1b[0m  coffee\r")))

    assert kept == [("Café\u00a0:", "a [0m coffee")]


def test_duplicates_are_found_whatever_their_unicode_form():
    kept, report = clean(numbered(("Cafe\u0301", "x"), ("Café", "x")))

    assert kept == [("Café", "x")]
    assert report.dropped == {"duplicate": 1}


def test_duplicates_are_found_across_corpora_and_counted_in_the_later_one():
    cleaner = Cleaner(CleaningConfig())
    first, second = CleaningReport(), CleaningReport()

    kept = [
        *cleaner.clean(numbered(GOOD, ("a", "b")), first),
        *cleaner.clean(numbered(("c", "d"), GOOD, ("a", "b")), second),
    ]

    assert kept == [GOOD, ("a", "b"), ("c", "d")]
    assert first == CleaningReport(2, 2, {})
    assert second == CleaningReport(3, 1, {"duplicate": 2})


def test_another_translation_of_a_known_sentence_is_no_duplicate():
    pairs = [GOOD, (GOOD[0], "The dog is asleep."), ("Un chien dort.", GOOD[1])]

    assert clean(numbered(*pairs))[0] == pairs


def test_duplicates_stay_where_the_recipe_wants_them():
    kept, report = clean(numbered(GOOD, GOOD), duplicate=False)

    assert kept == [GOOD, GOOD]
    assert report == CleaningReport(2, 2, {})


def test_a_training_pair_that_is_tested_on_is_dropped_and_its_sentences_in_other_pairs_stay():
    pairs = [("un", "one"), ("un", "a"), ("une", "one")]

    kept, report = clean(numbered(*pairs), held_out=[pair_hash("un", "one")], duplicate=False)

    assert kept == pairs[1:]
    assert report.dropped == {"held_out": 1}


def test_a_hash_tells_where_the_source_ends():
    assert len({pair_hash("ab", "c"), pair_hash("a", "bc"), pair_hash("abc", ""), pair_hash("", "abc")}) == 4


def test_reports_add_up_rule_by_rule():
    one = CleaningReport(5, 2, {"empty": 1, "duplicate": 2})
    other = CleaningReport(4, 2, {"duplicate": 1, "too_long": 1})

    assert one + other == CleaningReport(9, 4, {"empty": 1, "duplicate": 3, "too_long": 1})
    assert one == CleaningReport(5, 2, {"empty": 1, "duplicate": 2})


@settings(deadline=None)
@given(st.lists(st.builds(SentencePair, st.text("ab \0"), st.text("ab"), st.just("t:1"), st.booleans())))
def test_every_pair_is_either_kept_or_counted_as_dropped(pairs):
    kept, report = clean(pairs, too_long=3, held_out=[pair_hash("a", "b")])

    assert report.read == len(pairs)
    assert report.kept == len(kept) == len(set(kept))
    assert report.read == report.kept + sum(report.dropped.values())
