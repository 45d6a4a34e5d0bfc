import gzip
import json
import re
from pathlib import Path

import pytest

from transformer_cli.decoding.line_translator import Translation
from transformer_cli.errors import DataError, UsageError
from transformer_cli.metrics import compare_systems, score_corpus
from transformer_cli.text.lines import Line
from transformer_cli.workflows.score.score import score
from transformer_cli.workflows.translate.output_format import format_translation

REFERENCE = [
    "I am a student.",
    "She reads, and he sleeps.",
    "Où est\u2028la gare ?",
    "The dog runs.",
]
GOOD = ["I am a student.", "She reads and he sleeps.", "Où est la gare ?", "The dogs run."]
BAD = ["I was the student.", "He reads.", "la gare", "A dog."]


def write(path: Path, lines: list[str]) -> Path:
    content = "".join(f"{line}\n" for line in lines).encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


@pytest.fixture
def reference(tmp_path):
    return write(tmp_path / "ref.txt.gz", REFERENCE)


def test_one_file_gets_the_scores_of_its_lines(tmp_path, reference):
    hypothesis = write(tmp_path / "hyp.txt", GOOD)
    report = score([reference], [("hyp.txt", hypothesis)], bootstrap=50)
    assert [(system.name, system.scores) for system in report.systems] == [
        ("hyp.txt", score_corpus(GOOD, [REFERENCE], bootstrap=50))
    ]
    assert report.warnings == ()


@pytest.mark.parametrize(
    "settings",
    [{"tokenize": "char"}, {"lowercase": True}, {"seed": 7}, {"with_ter": False}],
    ids=str,
)
def test_each_setting_reaches_the_metrics(settings):
    hypothesis = [line.upper() for line in GOOD]
    report = score([REFERENCE], [("hyp", hypothesis)], bootstrap=50, **settings)
    scores = report.systems[0].scores
    assert scores == score_corpus(hypothesis, [REFERENCE], bootstrap=50, **settings)
    assert scores != score_corpus(hypothesis, [REFERENCE], bootstrap=50)


def test_files_paths_as_text_lines_and_decoded_lines_are_all_taken(tmp_path, reference):
    hypothesis = write(tmp_path / "hyp.txt.gz", GOOD)
    decoded = (Line(number, text, False) for number, text in enumerate(GOOD, start=1))
    reports = [
        score([lines], [("hyp", source)], bootstrap=None)
        for lines in (reference, str(reference), REFERENCE)
        for source in (hypothesis, str(hypothesis), GOOD, iter(GOOD))
    ]
    reports.append(score([reference], [("hyp", decoded)], bootstrap=None))
    assert all(report == reports[0] for report in reports)


def test_line_ends_of_either_kind_change_no_score(tmp_path, reference):
    path = tmp_path / "crlf.txt"
    path.write_bytes("\r\n".join(REFERENCE).encode())
    report = score([reference], [("crlf", path)])
    assert report.systems[0].scores.bleu.value == pytest.approx(100)


def test_several_files_are_compared_with_the_first(reference):
    report = score([reference], [("good", GOOD), ("bad", BAD)], bootstrap=50)
    expected = compare_systems({"good": GOOD, "bad": BAD}, [REFERENCE], samples=50)
    assert {system.name: system.scores for system in report.systems} == expected


def test_a_name_given_twice_keeps_both_scores(reference):
    given = [("hyp", GOOD), ("hyp", BAD), ("hyp (2)", REFERENCE)]
    report = score([reference], given, bootstrap=None)
    assert [system.name for system in report.systems] == ["hyp", "hyp (2)", "hyp (2) (2)"]
    assert report.systems[0].scores != report.systems[1].scores
    assert report.systems[2].scores.bleu.value == pytest.approx(100)


def test_several_references_count_together(reference):
    report = score([reference, BAD], [("bad", BAD)], bootstrap=None)
    assert report.systems[0].scores.bleu.value == pytest.approx(100)
    assert "nrefs:2" in report.systems[0].scores.bleu.signature


def test_the_json_of_one_file_has_score_signature_and_interval_of_each_metric(reference):
    report = score([reference], [("hyp", GOOD)], bootstrap=50)
    printed = json.loads(json.dumps(report.to_json()))
    assert list(printed) == ["bleu", "chrf", "ter"]
    scores = report.systems[0].scores
    for name, metric in (("bleu", scores.bleu), ("chrf", scores.chrf), ("ter", scores.ter)):
        assert metric is not None
        assert printed[name] == {
            "score": pytest.approx(metric.value, abs=1e-4),
            "signature": metric.signature,
            "confidence": pytest.approx(metric.confidence, abs=1e-4),
        }
        low, high = printed[name]["confidence"]
        assert low <= high


def test_the_json_of_equal_text_is_free_of_rounding_noise():
    printed = score([REFERENCE], [("hyp", REFERENCE)]).to_json()
    assert [printed[name]["score"] for name in ("bleu", "chrf", "ter")] == [100, 100, 0]
    assert printed["bleu"]["confidence"] == [100, 100]


def test_the_json_of_several_files_lists_them_with_p_values(reference):
    report = score([reference], [("good", GOOD), ("bad", BAD)], bootstrap=50)
    printed = json.loads(json.dumps(report.to_json()))
    assert list(printed) == ["systems"]
    assert [system["name"] for system in printed["systems"]] == ["good", "bad"]
    first, second = printed["systems"]
    for name in ("bleu", "chrf", "ter"):
        assert list(first[name]) == ["score", "signature", "confidence", "p_value"]
        assert first[name]["p_value"] is None
        assert 0 < second[name]["p_value"] <= 1


def test_what_was_not_asked_for_is_null_in_the_json(reference):
    printed = score([reference], [("hyp", GOOD)], bootstrap=None, with_ter=False).to_json()
    assert printed["ter"] is None
    assert printed["bleu"]["confidence"] is None


def test_files_of_different_length_are_an_error_that_names_both_and_their_counts(tmp_path, reference):
    hypothesis = write(tmp_path / "hyp.txt", GOOD[:3])
    message = f"hyp.txt has 3 lines but {reference} has 4; the two must align"
    with pytest.raises(DataError, match=re.escape(message)):
        score([reference], [("good", GOOD), ("hyp.txt", hypothesis)])
    with pytest.raises(DataError, match=re.escape(f"reference 2 has 3 lines but {reference} has")):
        score([reference, GOOD[:3]], [("good", GOOD)])


def test_an_empty_reference_is_an_error_that_names_it(tmp_path):
    empty = write(tmp_path / "empty.txt", [])
    with pytest.raises(DataError, match=re.escape(f"{empty} has no lines")):
        score([empty], [("hyp", [])])


def test_a_missing_file_is_an_error_that_names_it(tmp_path, reference):
    missing = tmp_path / "missing.txt"
    with pytest.raises(DataError, match=re.escape(f"cannot read {missing}")):
        score([reference], [("hyp", missing)])


@pytest.mark.parametrize(("references", "hypotheses"), [([], [("a", ["a"])]), ([["a"]], [])])
def test_nothing_to_score_is_an_error(references, hypotheses):
    with pytest.raises(UsageError, match="nothing to score"):
        score(references, hypotheses)


@pytest.mark.parametrize("samples", [0, 1, -5])
def test_too_few_resamples_are_an_error(samples):
    with pytest.raises(UsageError, match=f"{samples} bootstrap resamples give no interval"):
        score([["a"]], [("a", ["a"])], bootstrap=samples)


def test_bytes_that_are_not_utf8_are_scored_with_a_warning_that_names_the_first_line(tmp_path):
    path = tmp_path / "latin1.txt"
    path.write_bytes(b"it is all ascii\ncaf\xe9\nfin\xff\n")
    report = score([["it is all ascii", "café", "fin"]], [("latin1.txt", path)], bootstrap=None)
    (warning,) = report.warnings
    assert warning.startswith("latin1.txt holds bytes that are not UTF-8 in 2 lines, the first")
    assert "line 2;" in warning


TOKENIZED = ["two dogs , one ball .", "they play ."]
PLAIN = ["Two dogs, one ball.", "They play."]


def test_a_tokenised_text_is_pointed_out_unless_the_tokeniser_is_off():
    report = score([TOKENIZED], [("hyp", PLAIN)], lowercase=True, bootstrap=None)
    assert [warning.partition(",")[0] for warning in report.warnings] == ["reference 1 looks tokenised"]
    report = score([PLAIN], [("hyp", TOKENIZED)], lowercase=True, bootstrap=None)
    assert [warning.partition(",")[0] for warning in report.warnings] == ["hyp looks tokenised"]
    report = score([TOKENIZED], [("hyp", TOKENIZED)], tokenize="none", bootstrap=None)
    assert report.warnings == ()


def test_lower_case_against_mixed_case_is_pointed_out_unless_case_is_ignored():
    lower = [line.lower() for line in PLAIN]
    report = score([lower], [("hyp", PLAIN), ("low", lower)], bootstrap=None)
    assert [warning.partition(";")[0] for warning in report.warnings] == ["reference 1 is in lower case but hyp is not"]
    report = score([PLAIN], [("hyp", PLAIN), ("low", lower)], bootstrap=None)
    assert [warning.partition(";")[0] for warning in report.warnings] == ["low is in lower case but reference 1 is not"]
    assert score([lower], [("hyp", PLAIN)], lowercase=True, bootstrap=None).warnings == ()


def test_scripts_without_case_are_not_called_lower_case():
    report = score([PLAIN], [("hyp", ["両方の犬。", "12 34"])], bootstrap=None)
    assert report.warnings == ()
    mostly_lower = ["one two three four", "Two", "three"] * 2
    report = score([["One", "One two three four"] * 3], [("hyp", mostly_lower)], bootstrap=None)
    assert report.warnings == ()


def test_a_long_text_gets_fewer_resamples_and_a_warning_says_how_many():
    report = score([REFERENCE], [("hyp", GOOD)], max_resampled_lines=800)
    assert "bs:200|" in report.systems[0].scores.bleu.signature
    (warning,) = report.warnings
    assert warning.startswith("confidence intervals come from 200 resamples instead of 1000")


def test_a_huge_text_gets_no_intervals_and_a_warning():
    report = score([REFERENCE], [("good", GOOD), ("bad", BAD)], max_resampled_lines=399)
    assert [system.scores.bleu.confidence for system in report.systems] == [None, None]
    assert report.warnings == ("4 lines are too many for bootstrap resampling; no confidence intervals",)


CHINESE = ["我们今天去学校。", "他昨天没有来上班。", "你喜欢喝茶吗？"]
THAI = ["วันนี้เราไปโรงเรียน", "เขาไม่ได้มาทำงาน", "คุณชอบดื่มชาไหม"]


def tokenizer_of(report) -> str:
    return str(report.systems[0].scores.bleu.signature).partition("|tok:")[2].partition("|")[0]


@pytest.mark.parametrize(
    ("name", "lines", "tokenizer"),
    [
        ("test.zh", CHINESE, "zh"),
        ("ref.zho.gz", CHINESE, "zh"),
        ("zh.txt", CHINESE, "zh"),
        ("news.th-TH.txt", THAI, "char"),
        ("my.txt", REFERENCE, "13a"),
        ("no.km.en", REFERENCE, "13a"),
    ],
)
def test_the_name_of_a_file_tells_the_language_if_the_script_agrees(tmp_path, name, lines, tokenizer):
    path = write(tmp_path / name, lines)
    report = score([path], [("hyp", lines)], bootstrap=None)
    assert tokenizer_of(report) == tokenizer
    assert report.systems[0].scores.bleu.value == pytest.approx(100)
    assert report.warnings == ()


def test_a_named_language_that_is_not_that_of_the_text_is_warned_of():
    report = score([CHINESE], [("hyp", CHINESE)], bootstrap=None, language="en")
    assert tokenizer_of(report) == "zh"
    (warning,) = report.warnings
    assert warning.startswith('reference 1 is to be in "en", and looks like a text in "zh", so BLEU takes the ')


@pytest.mark.parametrize(("language", "lines"), [("ja", REFERENCE), ("zh", THAI), ("ru", REFERENCE), ("thai", CHINESE)])
def test_a_named_language_that_is_in_another_script_than_the_text_is_warned_of(language, lines):
    report = score([lines], [("hyp", lines)], bootstrap=None, language=language)
    (warning,) = (each for each in report.warnings if "is to be in" in each)
    assert re.match(r'reference 1 is to be in "[a-z]{2}", (but most of its letters are|and looks like a text)', warning)


@pytest.mark.parametrize(("language", "lines"), [("zh-Latn", REFERENCE), ("de", REFERENCE), ("yue", CHINESE)])
def test_a_named_language_that_the_text_may_be_in_is_believed(language, lines):
    assert score([lines], [("hyp", lines)], bootstrap=None, language=language).warnings == ()


def test_a_guess_from_the_script_is_said_and_a_named_language_is_no_guess(tmp_path):
    report = score([CHINESE], [("hyp", CHINESE)], bootstrap=None)
    assert tokenizer_of(report) == "zh"
    (warning,) = report.warnings
    assert warning.startswith('reference 1 looks like a text in "zh", so BLEU takes the tokenizer "zh"; set language')
    report = score([THAI], [("hyp", THAI)], bootstrap=None, language="tha_Thai")
    assert (tokenizer_of(report), report.warnings) == ("char", ())
    report = score([CHINESE], [("hyp", CHINESE)], bootstrap=None, language="zh", tokenize="intl")
    assert tokenizer_of(report) == "intl"


def test_bleu_that_cannot_see_the_text_is_pointed_out():
    report = score([CHINESE], [("hyp", CHINESE)], bootstrap=None, tokenize="13a")
    assert [warning.partition(",")[0] for warning in report.warnings] == [
        'no line of reference 1 has four words as the tokenizer "13a" sees them'
    ]


MARKUP = [
    ['<refset setid="t" srclang="any" trglang="en">', '<doc docid="1">', '<seg id="1">The cat.</seg>'],
    ['<?xml version="1.0"?>', "<dataset>", "</dataset>"],
    ["<mteval>", "", ""],
    ["", '  <seg id="1">The cat.</seg>', '<seg id="2">A dog.</seg>'],
]


@pytest.mark.parametrize("lines", MARKUP)
def test_markup_is_refused_on_either_side(lines):
    for reference, hypothesis in ((lines, REFERENCE[:3]), (REFERENCE[:3], lines)):
        with pytest.raises(DataError, match="is SGML or XML; score plain text"):
            score([reference], [("hyp", hypothesis)], bootstrap=None)


def test_a_sentence_that_begins_with_a_tag_is_text():
    lines = ["<b>Bold</b> words are here.", "<name> is not set up."]
    assert score([lines], [("hyp", lines)], bootstrap=None).warnings == ()


def test_output_of_this_program_in_other_formats_is_not_scored_as_text():
    found = [Translation(text, -0.5, 1, -1.0, ("a",)) for text in REFERENCE]
    files = {
        kind: [
            format_translation(Line(n, "Source.", False), each, output_format=kind, n_best=1).removesuffix("\n")
            for n, each in enumerate(found)
        ]
        for kind in ("jsonl", "tsv", "text")
    }
    assert score([REFERENCE], [("hyp", files["text"])], bootstrap=None).warnings == ()
    with pytest.raises(DataError, match="hyp is of `tfm translate --format jsonl`; score its translations alone: jq"):
        score([REFERENCE], [("hyp", files["jsonl"])], bootstrap=None)
    (warning,) = score([REFERENCE], [("hyp", files["tsv"])], bootstrap=None).warnings
    assert warning.startswith("hyp has tabs in every line but the reference has not")
    assert score([files["tsv"]], [("hyp", files["tsv"])], bootstrap=None).warnings == ()
    blank = score([REFERENCE], [("hyp", [""] * len(REFERENCE))], bootstrap=None).warnings
    assert not any("tabs" in warning for warning in blank)
