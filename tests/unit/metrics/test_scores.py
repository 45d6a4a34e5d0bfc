import json
import os
import random
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sacrebleu.metrics.bleu import BLEU

from transformer_cli.errors import DataError, UsageError
from transformer_cli.metrics import (
    MetricScore,
    Scores,
    affordable_resamples,
    compare_systems,
    corpus_bleu,
    corpus_chrf,
    resampling,
    score_corpus,
)
from transformer_cli.text.tokenized import looks_tokenized

TEXT = "the a man woman dog, ball; runs plays (with) in on park street. Zwei Hunde spielen!"
WORDS = TEXT.split()
HOSTILE = ["", " ", "\u2028 a \u2029", "\0", "[red] :smile:", "&quot;x&quot; <skipped>", "x" * 2000]


def corpus(lines: int = 80) -> list[str]:
    draw = random.Random(3)
    return [" ".join(draw.choices(WORDS, k=draw.randint(1, 14))) for _ in range(lines)] + HOSTILE


def noisy(lines: list[str], share: float, seed: int) -> list[str]:
    draw = random.Random(seed)
    return [
        " ".join(draw.choice(WORDS) if draw.random() < share else word for word in line.split(" ")) for line in lines
    ]


def parts(scores: Scores) -> list[MetricScore]:
    assert scores.ter is not None
    return [scores.bleu, scores.chrf, scores.ter]


def sacrebleu(folder: Path, reference: list[str], hypotheses: list[list[str]], *options: str) -> str:
    """Ask sacreBLEU's own command line."""
    names = [f"system{number}" for number in range(1, len(hypotheses) + 1)]
    for name, lines in zip(["ref", *names], [reference, *hypotheses], strict=True):
        (folder / name).write_bytes("".join(f"{line}\n" for line in lines).encode())
    command = [sys.executable, "-m", "sacrebleu", "ref", "-i", *names]
    command += ["-m", "bleu", "chrf", "ter", "-w", "6", "--quiet", *options]
    environment = {name: value for name, value in os.environ.items() if "SACREBLEU" not in name}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.mark.parametrize(
    ("settings", "options"),
    [
        ({}, []),
        ({"tokenize": "none"}, ["--tokenize", "none"]),
        ({"lowercase": True}, ["--lowercase", "--chrf-lowercase"]),
    ],
    ids=["default", "none", "lowercase"],
)
def test_scores_signatures_and_intervals_are_those_of_the_sacrebleu_command(tmp_path, settings, options):
    reference = corpus()
    hypothesis = noisy(reference, 0.3, seed=5)
    printed = sacrebleu(tmp_path, reference, [hypothesis], "--confidence", *options)
    ours = score_corpus(hypothesis, [reference], **settings)
    for score, theirs in zip(parts(ours), json.loads(printed), strict=True):
        assert score.name == theirs["name"]
        assert score.signature == theirs["signature"]
        assert score.value == pytest.approx(theirs["score"], abs=1e-5)
        assert score.confidence is not None
        low, high = score.confidence
        assert (high - low) / 2 == pytest.approx(theirs["confidence_var"], abs=1e-4)
        assert low < score.value < high
        assert score.p_value is None


def test_p_values_are_those_of_the_sacrebleu_command(tmp_path):
    reference = corpus()
    systems = {
        "base": noisy(reference, 0.30, seed=5),
        "near": noisy(reference, 0.31, seed=6),
        "far": noisy(reference, 0.60, seed=7),
    }
    printed = sacrebleu(tmp_path, reference, [*systems.values()], "--paired-bs", "--format", "text")
    theirs = [float(number) for number in re.findall(r"\(p = ([\d.]+)\)", printed)]
    ours = compare_systems(systems, [reference])
    assert list(ours) == list(systems)
    assert [score.p_value for score in parts(ours["base"])] == [None, None, None]
    p_values = [score.p_value for name in ("near", "far") for score in parts(ours[name])]
    assert p_values == pytest.approx(theirs, abs=5.1e-5)  # printed with four decimals
    for name, hypotheses in systems.items():
        for together, alone in zip(parts(ours[name]), parts(score_corpus(hypotheses, [reference])), strict=True):
            assert together.signature == alone.signature
            assert together.value == alone.value
            assert together.confidence == pytest.approx(alone.confidence, abs=1e-4)


def test_an_interval_holds_its_score_where_most_resamples_score_less():
    # Only one line has four words, and BLEU is 0 on the third of the resamples that lack it.
    lines = ["one two three four", "one", "two", "three"]
    for score in parts(score_corpus(lines, [lines], bootstrap=200)):
        assert score.confidence is not None
        assert score.confidence[0] <= score.value <= score.confidence[1]


@settings(deadline=None)
@given(draws=st.integers(1, 40), lines=st.integers(1, 9), seed=st.integers(1, 99))
def test_resamples_drawn_in_parts_are_those_drawn_at_once(draws, lines, seed):
    statistics = np.arange(lines * 10, dtype=float).reshape(lines, 10) ** 2
    at_once = np.random.default_rng(seed).choice(lines, size=(draws, lines), replace=True)
    expected = [BLEU()._compute_score_from_stats(row.sum(0)).score for row in statistics[at_once]]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resampling, "_AT_ONCE", 3 * lines)
        [scores] = resampling.resampled_scores(BLEU(), [statistics], samples=draws, seed=seed)
    assert scores == pytest.approx(np.array(expected))


def test_a_line_without_spaces_is_more_than_one_word_for_ter():
    score = score_corpus(["我们今天去学校"], [["我们明天去学校"]], tokenize="zh", bootstrap=None)
    assert score.ter is not None
    assert score.ter.value == pytest.approx(100 / 7)


def test_a_system_that_equals_the_first_is_not_called_different():
    reference = corpus()
    hypothesis = noisy(reference, 0.3, seed=5)
    scores = compare_systems({"one": hypothesis, "same": list(hypothesis)}, [reference])
    assert [score.p_value for score in parts(scores["same"])] == [1.0, 1.0, 1.0]


def test_a_far_worse_system_is_called_different():
    reference = corpus()
    scores = compare_systems({"good": reference, "bad": noisy(reference, 0.7, 1)}, [reference])
    assert all(score.p_value is not None for score in parts(scores["bad"]))
    assert all(score.p_value < 0.01 for score in parts(scores["bad"]) if score.p_value is not None)


def test_identical_text_has_full_marks_and_no_spread():
    reference = corpus()
    bleu, chrf, ter = parts(score_corpus(reference, [reference]))
    for score, value in ((bleu, 100), (chrf, 100), (ter, 0)):
        assert score.value == pytest.approx(value)
        assert score.confidence == pytest.approx((value, value), abs=1e-4)


def test_empty_translations_score_nothing_and_every_word_is_an_edit():
    bleu, chrf, ter = parts(score_corpus(["", "", " "], [["one two", "three four", "five six seven"]]))
    assert (bleu.value, chrf.value, ter.value) == (0, 0, 100)


def test_an_empty_reference_line_breaks_nothing():
    scores = score_corpus(["", "some words here now"], [["", "some words here now"]])
    assert [round(score.value, 6) for score in parts(scores)] == [100, 100, 0]


def test_bleu_of_a_short_translation_is_the_brevity_penalty_of_the_paper():
    # Every n-gram of the four words is in the reference, so that precision is 1 and BLEU is
    # exp(1 - reference length / hypothesis length) (Papineni et al., 2002, section 2.3).
    score = corpus_bleu(["a b c d"], [["a b c d e f"]])
    assert score.value == pytest.approx(100 * 2.718281828459045 ** (1 - 6 / 4))


def test_case_counts_unless_told_otherwise():
    hypothesis, references = ["the cat sat on the mat"], [["The Cat Sat On The Mat"]]
    assert corpus_bleu(hypothesis, references).value < 50
    assert corpus_bleu(hypothesis, references, lowercase=True).value == pytest.approx(100)
    assert corpus_chrf(hypothesis, references).value < 90
    assert corpus_chrf(hypothesis, references, lowercase=True).value == pytest.approx(100)


def test_a_second_reference_counts():
    hypothesis = ["the cat sat on the mat", "a b c d"]
    references = [["no match at all here", "a b c d"], ["the cat sat on the mat", "x"]]
    scores = score_corpus(hypothesis, references)
    assert scores.bleu.value == pytest.approx(100)
    assert scores.chrf.value == pytest.approx(100)
    assert scores.bleu.signature.startswith("nrefs:2|")


def test_a_quick_score_is_the_full_score_without_interval_and_resampling_in_its_signature():
    reference = corpus()
    hypothesis = noisy(reference, 0.3, seed=5)
    quick = (corpus_bleu(hypothesis, [reference]), corpus_chrf(hypothesis, [reference]))
    without = score_corpus(hypothesis, [reference], bootstrap=None, with_ter=False)
    full = score_corpus(hypothesis, [reference], bootstrap=100)
    assert without == Scores(quick[0], quick[1], ter=None)
    for score, whole in zip(quick, (full.bleu, full.chrf), strict=True):
        assert score.value == whole.value
        assert score.confidence is None
        assert score.signature == whole.signature.replace("|bs:100|seed:12345", "")
        assert "bs:100|seed:12345" in whole.signature


def test_systems_compared_without_resampling_have_neither_intervals_nor_p_values():
    scores = compare_systems({"one": ["a b"], "two": ["a c"]}, [["a b"]], samples=None)
    for score in [*parts(scores["one"]), *parts(scores["two"])]:
        assert (score.confidence, score.p_value) == (None, None)


@pytest.mark.parametrize("outer", [None, "99", "none", "no number"])
def test_the_seed_argument_alone_decides_the_interval_and_the_environment_stays(monkeypatch, outer):
    reference = corpus()
    hypothesis = noisy(reference, 0.3, seed=5)
    expected = score_corpus(hypothesis, [reference], seed=7, bootstrap=50, with_ter=False)
    if outer is None:
        monkeypatch.delenv("SACREBLEU_SEED", raising=False)
    else:
        monkeypatch.setenv("SACREBLEU_SEED", outer)
    again = score_corpus(hypothesis, [reference], seed=7, bootstrap=50, with_ter=False)
    other = score_corpus(hypothesis, [reference], seed=8, bootstrap=50, with_ter=False)
    assert again == expected
    assert "seed:7" in again.bleu.signature
    assert other.bleu.confidence != expected.bleu.confidence
    assert os.environ.get("SACREBLEU_SEED") == outer


@pytest.mark.parametrize("score", [corpus_bleu, corpus_chrf, score_corpus])
def test_different_numbers_of_lines_are_an_error_that_names_both(score):
    message = "the hypothesis has 1 lines but the reference has 2; the two must align"
    with pytest.raises(DataError, match=message):
        score(["a"], [["a", "b"]])
    with pytest.raises(DataError, match="has 2 lines but reference 2 has 1;"):
        score(["a", "b"], [["a", "b"], ["a"]])


def test_a_compared_system_with_a_line_missing_is_named_and_none_is_an_error():
    with pytest.raises(DataError, match="two has 1 lines but the reference has 2;"):
        compare_systems({"one": ["a", "b"], "two": ["a"]}, [["a", "b"]])
    with pytest.raises(UsageError, match="no system to score"):
        compare_systems({}, [["a"]])


@pytest.mark.parametrize("score", [corpus_bleu, corpus_chrf, score_corpus])
@pytest.mark.parametrize("references", [[], [[]]])
def test_an_empty_corpus_is_an_error(score, references):
    with pytest.raises(DataError, match="the reference has no lines"):
        score([], references)


def test_a_reference_that_is_not_wrapped_is_refused_before_its_letters_are_scored():
    with pytest.raises(TypeError, match=r"wrap a single one: \[lines\]"):
        corpus_bleu(["a", "b"], ["ab", "ab"])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"tokenize": "moses"}, 'unknown tokenizer "moses"; choose one of: none, zh, 13a'),
        ({"tokenize": "ja-mecab"}, r'tokenizer "ja-mecab" cannot be used here: .*pip install'),
        ({"bootstrap": 1}, "1 bootstrap resamples give no interval"),
        ({"seed": 0}, "the bootstrap seed is 0 but must be at least 1"),
    ],
)
def test_wrong_settings_are_one_line(settings, message):
    with pytest.raises(UsageError, match=message) as caught:
        score_corpus(["a"], [["a"]], **settings)
    assert "\n" not in str(caught.value)


def test_translations_that_end_in_a_spaced_stop_are_scored_without_a_log_message(caplog):
    score_corpus(["a ."] * 200, [["a ."] * 200], bootstrap=None)
    assert caplog.messages == []


@pytest.mark.parametrize("lines", [1, 1000, 29_000, 1_000_000])
def test_a_corpus_of_usual_length_gets_all_resamples(lines):
    assert affordable_resamples(1000, lines) == 1000


def test_a_long_corpus_gets_fewer_resamples_and_a_huge_one_none():
    assert affordable_resamples(1000, 29_000, at_most=12_000_000) == 413
    assert affordable_resamples(1000, 10_000_000, at_most=12_000_000) is None


@pytest.mark.parametrize(
    "lines",
    [
        ["Zwei Hunde spielen im Park .", "Ein Mann , der läuft ."],
        ["two young , white males are outside near many bushes ."],
        ["l &apos; homme est la", "un chien"],
        ["a well @-@ known man"],
        ["lower@@ case pie@@ ces"],
        ["\u2581a \u2581man"],
        ["Only words here", "A man , a plan , a canal.", "Yes , no ."],
    ],
)
def test_split_text_looks_tokenised(lines):
    assert looks_tokenized(lines)


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [""],
        ["Two dogs play in the park.", "A man, who runs."],
        ["Qui est-ce ? Moi ! Voici : lui ; elle.", "« Oui » ?"],
        ["no stops at all", "none"],
        ["Wait ... what", "And then ..."],
        ["One . two", "a, b, c, and d.", "e.f@-@g.h"],
        ["R&amp;D, of course."],
        ["mail me @@ home."] + ["Plain text, as written."] * 20,
        ["\u4e24\u53ea\u72d7\u3002"],
    ],
)
def test_plain_text_does_not_look_tokenised(lines):
    assert not looks_tokenized(lines)
