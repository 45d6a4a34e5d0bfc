from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.toy_corpus import pairs, write_corpus
from transformer_cli.config import LanguagesConfig
from transformer_cli.errors import DataError
from transformer_cli.workflows.init.survey import CorpusSurvey, survey_corpora

SHORT, LONG = ("court", "short"), ("x" * 100, "y" * 105)
FR_EN = LanguagesConfig(source="fr", target="en")


def survey(folder: Path, *corpora: list[tuple[str, str]], **limits: Any) -> CorpusSurvey:
    for number, lines in enumerate(corpora):
        write_corpus(folder, str(number), lines)
    return survey_corpora([f"{number}.{{lang}}" for number in range(len(corpora))], FR_EN, folder, **limits)


def test_pairs_are_counted_by_corpus_and_different_ones_over_all(tmp_path):
    found = survey(tmp_path, [("un", "one"), ("un", "a"), ("Un.", "one")], [("un", "one!"), ("deux", "two")])

    assert found.counts == {"0.{lang}": 3, "1.{lang}": 2}
    assert (found.statistics.pairs, found.statistics.sources) == (3, 2)


def test_pairs_that_prepare_would_drop_do_not_count(tmp_path):
    unfit = [("", "x"), ("x", " "), ("a" * 1001, "b" * 1001), ("12", "34"), ("x", "y" * 500), ("так", "so")]
    found = survey(tmp_path, [("un", "one"), *unfit])

    assert found.counts == {"0.{lang}": 1}


def test_lengths_are_those_of_the_targets(tmp_path):
    found = survey(tmp_path, [("x", "ab cd"), ("x", "abc")]).statistics

    assert (found.target_characters, found.target_word_characters) == (4.0, 8 / 3)


def test_characters_are_those_of_both_sides_and_the_common_ones_make_up_nearly_all(tmp_path):
    found = survey(tmp_path, [("ab" * 100, "ab" * 100)] * 50 + [("ça", "é")]).statistics

    assert found.characters == 4
    assert found.common_characters == 2


@pytest.mark.parametrize(
    ("source", "target", "likeness"),
    [("abc", "CAB", 1.0), ("abcd", "abxy", 0.5), ("a1", "a2", 1.0)],
)
def test_sides_are_as_alike_as_their_letters_are(tmp_path, source, target, likeness):
    assert survey(tmp_path, [(source, target)]).statistics.shared_letters == pytest.approx(likeness)


def test_two_scripts_have_nothing_in_common(tmp_path):
    (tmp_path / "a.tsv").write_text("ru\ten\nжзй\tabc\n", encoding="utf-8")

    found = survey_corpora(["a.tsv"], LanguagesConfig(source="ru", target="en"), tmp_path)
    assert found.statistics.shared_letters == 0.0


def test_a_corpus_larger_than_what_is_compared_is_judged_by_its_beginning_and_a_sample(tmp_path):
    whole = survey(tmp_path, pairs() * 4).statistics
    limits = {"compared_pairs": 192, "sampled_pairs": 100}

    part = survey(tmp_path, pairs() * 4, **limits).statistics

    assert (whole.pairs, part.pairs) == (192, 4 * 192)
    assert part.target_characters == pytest.approx(whole.target_characters, rel=0.1)
    assert part.target_characters != whole.target_characters
    assert part == survey(tmp_path, pairs() * 4, **limits).statistics


def test_the_sample_is_of_the_whole_corpus_and_not_of_its_beginning(tmp_path):
    found = survey(tmp_path, [SHORT, *[LONG] * 3] * 500, sampled_pairs=200).statistics

    assert found.target_characters == pytest.approx(80, rel=0.1)
    later = survey(tmp_path, [SHORT] * 1000 + [LONG] * 3000, sampled_pairs=200).statistics
    assert later.target_characters == pytest.approx(80, rel=0.1)


@pytest.mark.parametrize("lines", [[], [("", "x")]])
def test_a_corpus_without_any_text_is_named(tmp_path, lines):
    with pytest.raises(
        DataError, match=r"^1\.\{lang\} holds no fr and en pairs that are fit to learn from; leave it out$"
    ):
        survey(tmp_path, [("un", "one")], lines)
