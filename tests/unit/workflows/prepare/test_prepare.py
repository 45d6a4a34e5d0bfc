from __future__ import annotations

import dataclasses
import json
import os
import random
import shutil
from pathlib import Path

import datasets
import pytest

from tests.support.hostile_machine import output_of
from tests.support.opened_files import opened_files
from transformer_cli import prepare
from transformer_cli.artifacts.preparation_report import Example, NearTwinCount
from transformer_cli.artifacts.run_directory import RunDirectory
from transformer_cli.data.cleaning.match_keys import fold
from transformer_cli.data.cleaning.rules import CleaningReport
from transformer_cli.errors import DataError, RecipeError, RunDirectoryBusyError, TfmError, UsageError
from transformer_cli.workflows.prepare.messages import log_near_twins

LANGUAGES = '[languages]\nsource = "fr"\ntarget = "en"\n'
RUN = Path("run")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TFM_RUN_DIR", raising=False)
    return tmp_path


def write_recipe(data: str) -> None:
    Path("tfm.toml").write_text(f"{LANGUAGES}[data]\n{data}", encoding="utf-8")


def write_tsv(name: str, pairs: list[tuple[str, str]]) -> None:
    Path(name).write_text("".join(f"{source}\t{target}\n" for source, target in pairs), encoding="utf-8")


def write_lines(name: str, *lines: str) -> None:
    Path(name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def numbers(first: int, last: int) -> list[tuple[str, str]]:
    return [(f"numéro {n}", f"number {n}") for n in range(first, last)]


def prepared(split: str, run: Path = RUN) -> list[tuple[str, str]]:
    table = datasets.load_from_disk(str(run / "data" / split))
    assert table.column_names == ["source", "target", *["corpus"][: split == "train"]]
    return [(row["source"], row["target"]) for row in table]


def run(*overrides: str):
    return prepare(run_dir=RUN, overrides=overrides)


def snapshot() -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in sorted(RUN.rglob("*")) if path.is_file()}


# What is reported


def test_a_corpus_of_figures_alone_is_learned_though_figures_among_sentences_are_not(messages):
    figures = [(f"{n} 1", f"1 {n}") for n in range(30)]
    write_tsv("figures.tsv", figures)
    write_tsv("words.tsv", [*numbers(0, 5), ("1 2", "3 4")])
    write_recipe('train = ["figures.tsv", "words.tsv"]\nvalid = "v.tsv"\n')
    write_tsv("v.tsv", [("valid", "valid")])

    report = prepare(run_dir=RUN)

    assert report.corpora == {"figures.tsv": CleaningReport(30, 30), "words.tsv": CleaningReport(6, 5, {"non_text": 1})}
    assert prepared("train") == figures + numbers(0, 5)
    assert [text for text in messages.warnings if text.startswith("figures.tsv: no pair has letters")] != []


def test_every_pair_of_every_corpus_is_accounted_for():
    write_tsv("a.tsv", [*numbers(0, 5), ("", "nothing"), ("x" * 31, "long"), *numbers(0, 2)])
    write_tsv("b.tsv", [*numbers(4, 8), ("test", "test"), ("valid", "valid"), ("test", "a test")])
    write_tsv("v.tsv", [("valid", "valid"), ("", "left out")])
    write_tsv("t.tsv", [("test", "test")])
    write_recipe('train = ["a.tsv", "b.tsv"]\nvalid = "v.tsv"\ntest = "t.tsv"\n[cleaning]\ntoo_long = 30\n')

    report = run()

    assert report.corpora == {
        "a.tsv": CleaningReport(9, 5, {"empty": 1, "too_long": 1, "duplicate": 2}),
        "b.tsv": CleaningReport(7, 3, {"leakage": 3, "duplicate": 1}),
    }
    assert (report.valid, report.test, report.is_new) == (1, 1, True)
    assert prepared("train") == numbers(0, 8)
    assert prepared("valid") == [("valid", "valid")]
    assert prepared("test") == [("test", "test")]
    assert json.loads((RUN / "prepare.json").read_text())["corpora"] == {
        "a.tsv": {"read": 9, "kept": 5, "dropped": {"empty": 1, "too_long": 1, "duplicate": 2}},
        "b.tsv": {"read": 7, "kept": 3, "dropped": {"leakage": 3, "duplicate": 1}},
    }


def test_a_held_out_source_with_the_tag_of_a_corpus_is_one_of_that_corpus():
    write_tsv("a.tsv", [("le chat dort.", "the cat sleeps."), ("un chien court.", "a dog runs.")])
    write_tsv("v.tsv", [("<law> le chat dort.", "the cat is asleep.")])
    write_recipe('train = [{ path = "a.tsv", tag = "<law>" }]\nvalid = "v.tsv"\n')

    report = run()

    assert report.corpora == {"a.tsv": CleaningReport(2, 1, {"leakage": 1})}
    assert prepared("train") == [("<law> un chien court.", "a dog runs.")]
    assert prepared("valid") == [("<law> le chat dort.", "the cat is asleep.")]


def test_mended_pairs_are_counted_for_each_corpus():
    write_tsv("a.tsv", [*numbers(0, 5), ("caf&eacute;", "coffee"), ("Q&amp;A", "questions")])
    write_tsv("b.tsv", numbers(5, 8))
    write_tsv("v.tsv", [("valid", "valid")])
    write_recipe('train = ["a.tsv", "b.tsv"]\nvalid = "v.tsv"\n')

    report = run()

    assert prepared("train") == [*numbers(0, 5), ("café", "coffee"), ("Q&A", "questions"), *numbers(5, 8)]
    assert report.mended == json.loads((RUN / "prepare.json").read_text())["mended"] == {"a.tsv": {"markup": 2}}
    assert run().mended == report.mended


def test_sources_of_a_set_with_a_near_twin_in_training_are_counted(messages):
    places = ["house", "garden", "forest", "station", "library", "harbour", "village", "kitchen"]
    write_tsv("a.tsv", [(f"nous allons tous ensemble à la {place}", f"we go to the {place}") for place in places])
    write_tsv("v.tsv", [("nous allons tous ensemble à la plage", "beach"), ("un deux trois quatre cinq", "five")])
    write_tsv("t.tsv", [("un deux trois quatre cinq six", "six"), ("nous allons à la plage", "beach"), ("Oui", "Yes")])
    write_tsv("b.tsv", [("un deux trois quatre", "four"), ("", "nothing"), ("autre chose", "something else")])
    write_recipe('train = ["a.tsv", "b.tsv"]\nvalid = "v.tsv"\ntest = 2\ntests = {far = "t.tsv"}\n')

    report = run()

    twins = {part: (count.compared, count.with_near_twin) for part, count in report.near_twins.items()}
    held_out = sum(len(source.split()) >= 5 for source, _ in prepared("test"))  # all of them of a.tsv
    of_valid = 1 + ("un deux trois quatre" in dict(prepared("train")))
    assert twins == {"valid": (2, of_valid), "test": (held_out, held_out), "test-far": (2, 0)}
    found = json.loads((RUN / "prepare.json").read_text())["near_twins"]
    assert found["valid"] == {"compared": 2, "with_near_twin": of_valid}
    assert run().near_twins == report.near_twins
    assert not any("near twin" in text for text in messages.texts)  # of two sources no share can be told


def test_a_set_whose_sources_are_like_those_of_training_is_named(messages):
    counts = {"valid": (100, 9), "test": (100, 10), "test-law": (100, 51), "test-small": (19, 19)}

    log_near_twins({part: NearTwinCount(*count) for part, count in counts.items()})

    assert [text.partition(":")[0] for text in messages.texts] == ["data.test", "data.tests.law"]
    assert "10 of 100 sources" in messages.texts[0]
    assert messages.warnings == messages.texts[1:]
    assert "the score measures recall" in messages.texts[1]


@pytest.mark.parametrize("cores", [1, 2])
def test_what_describes_the_data_does_not_depend_on_the_number_of_cores(monkeypatch, cores):
    write_tsv("a.tsv", [(f"Nous allons à {word}, p. ex. demain.", f"we go to {word}") for word in "abcdefghij"])
    write_recipe('train = "a.tsv"\nvalid = 2\n')
    expected = run(), (RUN / "data/text.json").read_bytes()
    shutil.rmtree(RUN)
    monkeypatch.setattr("transformer_cli.workflows.prepare.text_profile._MOST_PAIRS", 5)
    one = run(), (RUN / "data/text.json").read_bytes()
    shutil.rmtree(RUN)
    monkeypatch.setattr("transformer_cli.workflows.prepare.text_profile.available_cores", lambda: cores)

    assert (run(), (RUN / "data/text.json").read_bytes()) == one
    assert one[0].near_twins == expected[0].near_twins


def test_a_corpus_that_was_cut_into_subwords_is_one_error_with_the_remedy():
    write_tsv("a.tsv", [(f"th@@ e {word}", f"l@@ e {word}") for word in ("dog", "cat", "cow")])
    write_tsv("v.tsv", [("valid", "valid")])
    write_recipe('train = "a.tsv"\nvalid = "v.tsv"\n')

    with pytest.raises(DataError, match=r"dropped 3 subword_marks; .*sed 's/@@ //g'"):
        run()


def test_a_fault_that_a_reader_found_is_counted_listed_and_never_used():
    unit = "<tu>" + "".join(f'<tuv xml:lang="{code}"><seg>a{{}}</seg></tuv>' for code in ("fr", "en")) + "</tu>"
    for name, characters in (("a.tmx", "bc\v"), ("v.tmx", "x\v")):
        Path(name).write_text(f"<tmx><body>{''.join(unit.format(each, each) for each in characters)}</body></tmx>")
    write_recipe('train = ["a.tmx"]\nvalid = "v.tmx"\n')

    report = prepare(run_dir=RUN, rejected=Path("rejected.tsv"))

    assert report.corpora == {"a.tmx": CleaningReport(3, 2, {"forbidden_character": 1})}
    assert Path("rejected.tsv").read_text() == "forbidden_character\ta.tmx: unit 3\ta\ufffd\ta\ufffd\n"
    assert prepared("train") == [("ab", "ab"), ("ac", "ac")]
    assert prepared("valid") == [("ax", "ax")]


def test_the_totals_of_the_report_add_up():
    write_tsv("a.tsv", [*numbers(0, 20), *numbers(0, 3), ("", "")])
    write_tsv("b.tsv", numbers(15, 30))
    write_recipe('train = ["a.tsv", "b.tsv"]\nvalid = 4\ntest = 3\n')

    report = run()

    total = json.loads((RUN / "prepare.json").read_text())["total"]
    assert total == {"read": 39, "kept": 23, "dropped": {"duplicate": 8, "empty": 1, "held_out": 7}}
    assert total["read"] == total["kept"] + sum(total["dropped"].values())
    assert total["kept"] == len(prepared("train"))
    assert CleaningReport(**total) == report.total


def test_a_note_says_what_came_of_it(messages):
    write_tsv("a.tsv", [*numbers(0, 9), *numbers(0, 2)])
    write_recipe('train = "a.tsv"\nvalid = 3\n')

    prepare(run_dir=RUN)

    assert messages.texts == [
        "reading a.tsv",
        "prepared 6 training pairs, 3 to validate, 3 to test; dropped 2 duplicate, 3 held_out",
    ]


# Held out


def test_without_a_test_set_the_validation_set_serves():
    write_tsv("a.tsv", numbers(0, 9))
    write_recipe('train = "a.tsv"\nvalid = 3\n')

    report = run()

    assert (report.valid, report.test) == (3, 3)
    assert prepared("test") == prepared("valid")


def test_further_test_sets_are_prepared_under_their_names_and_kept_out_of_training():
    write_tsv("a.tsv", numbers(0, 20))
    write_tsv("law.tsv", numbers(3, 6))
    write_tsv("news.tsv", numbers(5, 9))
    write_recipe('train = "a.tsv"\nvalid = 3\ntests = {law = "law.tsv", news = "news.tsv"}\n')
    run()

    assert prepared("test-law") == numbers(3, 6)
    assert prepared("test-news") == numbers(5, 9)
    assert (RUN / "data" / "test-law.en").read_text().splitlines() == ["number 3", "number 4", "number 5"]
    assert set(prepared("train")).isdisjoint(numbers(3, 9))

    write_tsv("law.tsv", numbers(3, 7))
    assert run().is_new
    assert prepared("test-law") == numbers(3, 7)


def test_a_further_test_set_without_pairs_is_an_error_that_names_its_key():
    write_tsv("a.tsv", numbers(0, 20))
    write_tsv("law.tsv", [])
    write_recipe('train = "a.tsv"\nvalid = 3\ntests = {law = "law.tsv"}\n')

    with pytest.raises(DataError, match=r"data\.tests\.law: law\.tsv holds no sentence pairs"):
        run()


def test_the_same_pairs_are_held_out_whatever_their_order_in_the_corpus():
    pairs = numbers(0, 50)
    write_recipe('train = "a.tsv"\nvalid = 6\ntest = 5\n')
    write_tsv("a.tsv", pairs)
    run()
    first = {split: prepared(split) for split in ("valid", "test")}

    random.Random(1).shuffle(pairs)
    write_tsv("a.tsv", pairs)
    report = run()

    assert report.is_new
    assert {split: prepared(split) for split in ("valid", "test")} == first
    assert (len(first["valid"]), len(first["test"])) == (6, 5)


def test_another_process_holds_out_the_same_pairs(folder):
    write_recipe('train = "a.tsv"\nvalid = 6\ntest = 5\n')
    write_tsv("a.tsv", numbers(0, 50))
    run()
    here = [prepared(split) for split in ("train", "valid", "test")]

    code = "from pathlib import Path; from transformer_cli import prepare; prepare(run_dir=Path('elsewhere'))"
    output_of(code, folder=folder)

    assert [prepared(split, Path("elsewhere")) for split in ("train", "valid", "test")] == here


def splits() -> dict[str, set[tuple[str, str]]]:
    return {split: set(prepared(split)) for split in ("train", "valid", "test")}


def test_when_the_corpora_change_no_pair_moves_between_training_and_held_out():
    write_recipe('train = "a.tsv"\nvalid = 20\ntest = 10\n')
    write_tsv("a.tsv", numbers(0, 200))
    run()
    known = splits()

    for first, last in ((0, 400), (40, 600), (0, 200), (0, 400)):
        there = set(numbers(first, last))
        write_tsv("a.tsv", random.Random(last).sample(sorted(there), len(there)))
        run()
        now = splits()
        assert set().union(*now.values()) == there
        for split, pairs in known.items():
            assert pairs & there <= now[split]
            pairs |= now[split]


def test_another_number_to_hold_out_takes_more_pairs_and_leaves_the_other_set_alone(messages):
    write_recipe('train = "a.tsv"\nvalid = 20\ntest = 10\n')
    write_tsv("a.tsv", numbers(0, 200))
    run()
    before = splits()

    prepare(run_dir=RUN, overrides=["data.valid=30"])

    others = "other pairs are held out, and earlier versions may have learned from the new ones"
    assert [text for text in messages.texts if text.startswith("data.")] == [
        f"data.valid is 30, no longer 20: {others}"
    ]
    assert splits()["valid"] > before["valid"]
    assert (len(prepared("valid")), splits()["test"]) == (30, before["test"])


def test_corpora_in_which_no_held_out_pair_is_left_get_others(messages):
    write_recipe('train = "a.tsv"\nvalid = 2\n')
    write_tsv("a.tsv", numbers(0, 400))
    run()
    old = splits()["valid"]

    write_tsv("a.tsv", [pair for pair in numbers(0, 40) if pair not in old])
    prepare(run_dir=RUN)

    assert len(prepared("valid")) == 2
    assert any(text.startswith("data.valid has fewer than half of its pairs left: ") for text in messages.texts)


def test_held_out_sets_stay_the_same_and_as_large_as_asked_for_when_the_data_grows(messages):
    write_recipe('train = "a.tsv"\nvalid = 20\ntest = 10\n')
    write_tsv("a.tsv", numbers(0, 100))
    run()
    before = splits()
    write_tsv("a.tsv", numbers(0, 1000))

    prepare(run_dir=RUN)

    now = splits()
    assert (now["valid"], now["test"]) == (before["valid"], before["test"])
    assert len(now["train"]) == 970
    assert [text for text in messages.texts if text.startswith("data.")] == []
    prepare(run_dir=RUN, overrides=["data.valid=15"])
    assert "data.valid is 15, no longer 20: other pairs are held out" in messages.texts
    assert splits()["valid"] < before["valid"]


def test_held_out_pairs_are_clean_and_no_sentence_of_theirs_is_trained_on():
    rejects = [("", "empty"), ("x" * 1200, "long"), ("1 2 3", "...")]
    pairs = [(f"Phrase « {n} » ?", f"sentence {n} here") for n in range(60)]
    again = [(source.upper(), f"{target}!") for source, target in pairs]
    others = [(source, f"{target} again") for source, target in pairs]
    write_tsv("a.tsv", [*rejects, *pairs, *again, *others])
    write_recipe('train = "a.tsv"\nvalid = 6\ntest = 6\n')

    run()

    folded = {split: [(fold(s), fold(t)) for s, t in prepared(split)] for split in ("train", "valid", "test")}
    for side in (0, 1):
        sentences = {split: {pair[side] for pair in found} for split, found in folded.items()}
        assert (len(sentences["valid"]), len(sentences["test"])) == (6, 6)
        assert sum(map(len, sentences.values())) == len(set().union(*sentences.values()))
    assert not {source for source, _ in rejects} & {source for source, _ in splits()["valid"] | splits()["test"]}


# Several corpora


def test_pairs_know_their_corpus_and_those_of_a_tagged_one_carry_the_tag():
    write_tsv("a.tsv", numbers(0, 20))
    write_tsv("b.tsv", numbers(10, 40))
    write_recipe('train = ["a.tsv", { path = "b.tsv", tag = "<b>", weight = 2 }]\nvalid = 10\n')

    run()

    rows = datasets.load_from_disk(str(RUN / "data" / "train")).to_list()
    assert rows == [
        {"source": f"numéro {n}" if n < 20 else f"<b> numéro {n}", "target": f"number {n}", "corpus": int(n >= 20)}
        for n in (int(row["target"].split()[1]) for row in rows)
    ]
    tagged = {target for source, target in prepared("valid") if source.startswith("<b> ")}
    assert tagged == {target for _, target in prepared("valid") if int(target.split()[1]) >= 20}


def test_one_corpus_named_twice_has_two_reports():
    write_tsv("a.tsv", numbers(0, 9))
    write_recipe('train = ["a.tsv", "a.tsv"]\nvalid = 2\n')

    assert {name: report.kept for name, report in run().corpora.items()} == {"a.tsv": 7, "a.tsv (2)": 0}


def test_columns_of_a_table_are_chosen_by_name_or_number():
    Path("a.csv").write_text("id;de;texte;text\n" + "".join(f'{n};x;"numéro {n}";number {n}\n' for n in range(9)))
    write_tsv("b.tsv", [(f"{n}", f"number {n}\tnuméro {n}") for n in range(9, 12)])
    write_recipe(
        'train = [{ path = "a.csv", source_column = "texte", target_column = "text" },'
        ' { path = "b.tsv", source_column = 3, target_column = 2 }]\nvalid = 2\n'
    )

    run()

    assert sorted(prepared("train") + prepared("valid")) == sorted(numbers(0, 12))


@pytest.mark.parametrize(
    ("corpus", "message"),
    [
        (
            'path = "a.tsv", source_column = "fr", target_column = 2',
            r'^a\.tsv:1: no column is named "fr", the first row',
        ),
        ('path = "a.tsv", source_column = 1, target_column = 3', r"^a\.tsv:1: 2 columns where at least 3 are needed"),
        ('path = "a.jsonl", source_column = 1, target_column = 2', r'of "a\.jsonl" are names, not numbers'),
    ],
)
def test_a_column_that_is_not_there_is_an_error(corpus, message):
    write_tsv("a.tsv", numbers(0, 9))
    Path("a.jsonl").touch()
    write_recipe(f"train = {{ {corpus} }}\nvalid = 2\n")

    with pytest.raises(TfmError, match=message):
        run()
    assert not (RUN / "data").exists()


def test_only_the_corpus_that_has_changed_is_read_again():
    write_tsv("a.tsv", numbers(0, 20))
    write_tsv("b.tsv", numbers(20, 40))
    write_recipe('train = ["a.tsv", "b.tsv"]\nvalid = 2\n')
    fingerprint, read = 1, 1
    for step, of_a, of_b in (
        (lambda: None, fingerprint + read, fingerprint + read),
        (lambda: None, 0, 0),
        (lambda: write_tsv("b.tsv", numbers(15, 60)), 0, fingerprint + read),
        (lambda: Path("b.tsv").touch(), 0, fingerprint),
        (lambda: write_recipe('train = ["b.tsv", { path = "a.tsv", weight = 3 }]\nvalid = 3\n'), 0, fingerprint),
        (lambda: write_recipe('train = ["b.tsv", "a.tsv"]\nvalid = 3\n[cleaning]\ntoo_long = 900\n'), read, read),
    ):
        step()
        with opened_files() as opened:
            run()
        assert [opened[Path(name).absolute()] for name in ("a.tsv", "b.tsv")] == [of_a, of_b]
        assert opened[(RUN / "prepare.json").absolute()] == 1
        assert (len(prepared("train")) + len(prepared("valid"))) in (40, 60)
    assert len(list((RUN / "cleaned").iterdir())) == 2


def test_a_set_with_files_of_its_own_is_fingerprinted_and_read_once():
    write_tsv("a.tsv", numbers(0, 20))
    write_tsv("v.tsv", numbers(20, 24))
    write_recipe('train = "a.tsv"\nvalid = "v.tsv"\n')
    with opened_files() as opened:
        run()
    assert opened[Path("v.tsv").absolute()] == 2

    with opened_files() as opened:
        run()
    assert opened[Path("v.tsv").absolute()] == 0


def test_what_is_kept_of_the_corpora_may_be_deleted():
    write_tsv("a.tsv", numbers(0, 20))
    write_recipe('train = "a.tsv"\nvalid = 2\n')
    run()
    before = splits()

    shutil.rmtree(RUN / "cleaned")
    assert not run().is_new
    run("cleaning.leakage=false")

    assert splits() == before


def test_a_file_whose_name_is_no_text_is_read_and_remembered():
    write_tsv(os.fsdecode(b"in-\xff.tsv"), numbers(0, 20))
    write_recipe('train = "in-*.tsv"\nvalid = 2\n')

    assert run().total.read == 20
    assert not run().is_new
    assert json.loads((RUN / "prepare.json").read_text(encoding="utf-8"))["total"]["read"] == 20


# The report, and trying it out


def test_a_dry_run_reports_the_same_and_writes_nothing():
    write_tsv("a.tsv", [*numbers(0, 30), ("", "x"), *numbers(3, 5)])
    write_recipe('train = "a.tsv"\nvalid = 3\n')
    before = sorted(Path().rglob("*"))

    dry = prepare(run_dir=RUN, dry_run=True)

    assert sorted(Path().rglob("*")) == before
    assert dry == run()


def test_the_report_read_back_is_the_one_that_was_made():
    write_tsv("a.tsv", [*numbers(0, 30), ("", "x"), ("Привет x", "hi"), *numbers(3, 5), ("numéro 7", "no. 7")])
    write_recipe('train = "a.tsv"\nvalid = 3\n')

    report = run()

    assert dataclasses.replace(run(), is_new=True) == report
    assert report.examples["duplicate"] == [Example(f"a.tsv:{30 + n}", *numbers(0, 9)[n]) for n in (3, 4)]
    assert report.examples["wrong_script"] == [Example("a.tsv:32", "Привет x", "hi")]
    assert sum(report.lengths["source"]) == sum(report.lengths["target"]) == report.total.kept


def test_rejected_pairs_are_written_one_a_line_with_rule_and_place():
    write_tsv("a.tsv", [*numbers(0, 30), ("", "x\u2028y\0"), *numbers(3, 5), ("12 ?", "...")])
    write_recipe('train = "a.tsv"\nvalid = 3\n')
    for step in ("new", "nothing to do"):
        report = prepare(run_dir=RUN, rejected=Path("out.tsv"))
        lines = [line.split("\t") for line in Path("out.tsv").read_text("utf-8").splitlines()]

        assert report.is_new == (step == "new")
        assert sorted(lines) == sorted(
            [
                ["empty", "a.tsv:31", "", "x y"],
                ["non_text", "a.tsv:34", "12 ?", "..."],
                *(["duplicate", f"a.tsv:{place}", *pair] for place, pair in zip((32, 33), numbers(3, 5), strict=True)),
                *(["held_out", f"a.tsv:{numbers(0, 30).index(pair) + 1}", *pair] for pair in prepared("valid")),
            ]
        )
        assert len(lines) == sum(report.total.dropped.values())


def test_a_file_for_rejected_pairs_that_cannot_be_written_is_an_error_before_anything_is_done():
    write_tsv("a.tsv", numbers(0, 30))
    write_recipe('train = "a.tsv"\nvalid = 3\n')

    with pytest.raises(TfmError, match=r"^cannot write missing/out\.tsv"):
        prepare(run_dir=RUN, rejected=Path("missing/out.tsv"))
    assert not (RUN / "data").exists()


@pytest.mark.parametrize("path", ["a.tsv", "./a.tsv", "link.tsv", "v.tsv", "tfm.toml"])
@pytest.mark.parametrize("dry_run", [False, True])
def test_rejected_pairs_are_not_written_over_what_the_recipe_reads(path, dry_run):
    write_tsv("a.tsv", numbers(0, 30))
    write_tsv("v.tsv", numbers(30, 33))
    Path("link.tsv").symlink_to("a.tsv")
    write_recipe('train = "a.tsv"\nvalid = "v.tsv"\n')
    before = Path(path).read_bytes()

    with pytest.raises(UsageError, match=r"--rejected .*: this file is read for the recipe; name another one"):
        prepare(run_dir=RUN, rejected=Path(path), dry_run=dry_run)
    assert Path(path).read_bytes() == before


def test_held_out_sentences_are_not_the_first_of_the_corpus():
    write_recipe('train = "a.tsv"\nvalid = 10\n')
    write_tsv("a.tsv", numbers(0, 100))
    run()

    assert set(prepared("valid")) != set(numbers(0, 10))


def test_no_source_is_in_two_splits_and_all_its_translations_go_together():
    several = [(f"numéro {n}", f"{word} {n}") for n in range(20) for word in ("number", "no.", "num.")]
    write_tsv("a.tsv", several)
    write_recipe('train = "a.tsv"\nvalid = 4\ntest = 4\n')

    report = run()

    sources = [{source for source, _ in prepared(split)} for split in ("train", "valid", "test")]
    assert [len(each) for each in sources] == [12, 4, 4]
    assert len(set.union(*sources)) == 20
    assert (len(prepared("train")), len(prepared("valid"))) == (36, 4)
    assert (report.total.read, report.total.kept) == (60, 36)
    assert report.total.dropped.keys() == {"held_out", "leakage"}
    assert sum(report.total.dropped.values()) == 24


@pytest.mark.parametrize("held_out", ["valid = 5\ntest = 4\n", "valid = 9\n", "valid = 1000\n"])
def test_too_few_pairs_to_hold_out_what_is_wanted_are_an_error_with_their_number(held_out):
    write_tsv("a.tsv", numbers(0, 9))
    write_recipe(f'train = "a.tsv"\n{held_out}')

    with pytest.raises(
        DataError, match=r"^cannot hold out data\.valid = \d+.* of 9 usable pairs and train on the rest"
    ):
        run()
    assert not (RUN / "data").exists()


def test_one_source_in_many_translations_cannot_be_held_out_and_trained_on():
    write_tsv("a.tsv", [("un", f"one {n}") for n in range(9)])
    write_recipe('train = "a.tsv"\nvalid = 1\n')

    with pytest.raises(
        DataError,
        match=r"^no training pairs are left of a\.tsv: 9 read, dropped 8 leakage, 1 held_out; leakage: ",
    ):
        run()


def test_sentences_that_differ_only_in_numbers_name_the_key_that_tells_them_apart(messages):
    write_tsv("a.tsv", [(f"le chat numéro {n} dort ici", f"cat number {n} is sleeping here") for n in range(50)])
    write_recipe('train = "a.tsv"\nvalid = 5\n')

    with pytest.raises(
        DataError, match=r"too few of the 50 usable pairs have .* set cleaning\.fold_numbers = false if"
    ):
        run()
    assert run("cleaning.fold_numbers=false").total == CleaningReport(50, 45, {"held_out": 5})
    prepare(run_dir=RUN, overrides=["data.valid=1", "cleaning.leakage=false"])
    [warning] = messages.warnings
    assert warning.startswith("48 of 50 clean pairs are not trained on")


# Nothing to learn from


def test_an_empty_corpus_is_an_error():
    write_tsv("a.tsv", [])
    write_tsv("v.tsv", numbers(0, 2))
    write_recipe('train = "a.tsv"\nvalid = "v.tsv"\n')

    with pytest.raises(DataError, match=r"^no training pairs are left of a\.tsv: the files are empty$"):
        run()


def test_an_empty_corpus_is_an_error_where_pairs_are_to_be_held_out_of_it():
    write_tsv("a.tsv", [])
    write_recipe('train = "a.tsv"\n')

    with pytest.raises(DataError, match=r"^no training pairs are left of a\.tsv: the files are empty$"):
        run()


def test_a_corpus_of_which_nothing_is_kept_is_an_error_with_the_reasons():
    write_tsv("a.tsv", [("", "x"), ("x" * 99, "x"), ("valid", "valid")])
    write_tsv("v.tsv", [("valid", "valid")])
    write_recipe('train = "a.tsv"\nvalid = "v.tsv"\n[cleaning]\ntoo_long = 50\n')

    with pytest.raises(DataError) as caught:
        run()
    assert str(caught.value) == (
        "no training pairs are left of a.tsv: 3 read, dropped 1 empty, 1 too_long, 1 leakage; leakage: a sentence of "
        "theirs is in data.valid or data.test (case, punctuation and numbers ignored); name other sets, set "
        "cleaning.fold_numbers = false if your sentences differ only in numbers, or set cleaning.leakage = false"
    )


@pytest.mark.parametrize("part", ["valid", "test"])
def test_an_empty_set_to_validate_or_test_with_is_an_error(part):
    write_tsv("a.tsv", numbers(0, 9))
    write_tsv("empty.tsv", [("", "no source")])
    write_recipe(f'train = "a.tsv"\n{part} = "empty.tsv"\n')

    with pytest.raises(DataError, match=rf"^data\.{part}: empty\.tsv holds no sentence pairs$"):
        run()


# The wrong way round


def test_a_corpus_the_wrong_way_round_is_refused_until_the_check_is_off():
    french = [f"le chat {n} est dans la maison et il ne dort pas" for n in range(20)]
    english = [f"the cat {n} is in the house and it does not sleep" for n in range(20)]
    write_tsv("turned.tsv", list(zip(english, french, strict=True)))
    write_tsv("right.tsv", list(zip(french, english, strict=True)))
    write_recipe('train = "right.tsv"\nvalid = 2\n[cleaning]\nfold_numbers = false\nleakage = false\n')

    for wrong in ("data.train=turned.tsv", "data.valid=turned.tsv", 'data.tests={law="turned.tsv"}'):
        for _ in range(2):  # what was refused has not been kept
            with pytest.raises(
                DataError, match=r"^turned\.tsv: the sides are the wrong way round: sources look en and targets"
            ):
                run(wrong)
    assert run("data.train=turned.tsv", "data.check_sides=false").total.read == 20
    assert run("data.train=turned.tsv", "data.check_sides=true").is_new is False
    exchanged = 'data.train={path = "turned.tsv", source_column = 2, target_column = 1}'
    assert run(exchanged).total.read == 20


# Not twice


@pytest.fixture
def done():
    """Prepared data, and the state of every file of it."""
    write_tsv("a.tsv", numbers(0, 30))
    write_recipe('train = "a.tsv"\nvalid = 3\n')
    report = run()
    return report, snapshot()


def test_nothing_is_done_the_second_time_and_the_report_is_the_same(done):
    report, files = done

    again = run()

    assert not again.is_new
    assert (again.corpora, again.valid, again.test) == (report.corpora, report.valid, report.test)
    assert snapshot() == files


def test_a_touched_corpus_of_the_same_content_is_not_prepared_again(done):
    _, files = done
    Path("a.tsv").touch()

    assert not run().is_new
    assert snapshot() == files


@pytest.mark.parametrize("setting", ["training.max_steps=9", "model.preset=base", "tokenizer.vocab_size=400", "name=x"])
def test_a_setting_that_does_not_touch_the_data_does_not_prepare_it_again(done, setting):
    assert not run(setting).is_new


def test_a_corpus_that_lies_elsewhere_with_the_same_content_is_not_prepared_again(done, folder):
    (folder / "sub").mkdir()
    Path("a.tsv").rename("sub/a.tsv")

    assert not run("data.folder=sub").is_new


@pytest.mark.parametrize(
    "setting",
    ["cleaning.too_long=500", "cleaning.duplicate=false", "data.valid=4", "data.test=2", "languages.target=de"],
)
def test_a_setting_that_decides_the_data_prepares_it_again(done, setting):
    assert run(setting).is_new
    assert not run(setting).is_new


def test_a_corpus_of_other_content_and_the_same_size_is_prepared_again(done):
    pairs = numbers(0, 30)
    pairs[7] = ("numéro X", "number X")

    write_tsv("a.tsv", pairs)

    assert run().is_new
    assert ("numéro X", "number X") in prepared("train") + prepared("valid")


@pytest.mark.parametrize("changed", ["a.src", "v.tgt"])
def test_a_change_of_one_of_two_files_of_any_names_prepares_them_again(changed):
    for stem in "av":
        write_lines(f"{stem}.src", f"{stem} un", f"{stem} deux")
        write_lines(f"{stem}.tgt", f"{stem} one", f"{stem} two")
    write_recipe(
        'train = { source = "a.src", target = "a.tgt" }\nvalid = { source = "v.src", target = "v.tgt" }\n'
        'tests = { more = { source = "v.src", target = "v.tgt" } }\n'
    )
    first, again = run(), run()

    stem = changed[0]
    write_lines(changed, f"{stem} other", f"{stem} words")
    after = run()

    assert [report.is_new for report in (first, again, after)] == [True, False, True]
    assert list(first.corpora) == ["a.src and a.tgt"]
    side = 0 if changed.endswith("src") else 1
    assert [pair[side] for pair in prepared("train" if stem == "a" else "test-more")] == [
        f"{stem} other",
        f"{stem} words",
    ]


@pytest.mark.parametrize("content", [None, "", "{}", '{"fingerprint": 1}'])
def test_data_without_its_report_is_unfinished_and_prepared_again(done, content):
    report = RUN / "prepare.json"
    if content is None:
        report.unlink()
    else:
        report.write_text(content)

    assert run().is_new
    assert len(prepared("train")) == 27


def test_data_that_was_deleted_is_prepared_again(done):
    shutil.rmtree(RUN / "data")

    assert run().is_new
    assert len(prepared("train")) == 27


@pytest.mark.parametrize("name", ["valid", "test.en", "train/dataset_info.json", "test/data-00000-of-00001.arrow"])
def test_data_of_which_a_part_is_missing_is_prepared_again(done, name):
    part = RUN / "data" / name
    shutil.rmtree(part) if part.is_dir() else part.unlink()

    assert run().is_new
    assert part.exists()


@pytest.mark.parametrize("name", ["report.json", "pairs.arrow", "dropped.tsv"])
@pytest.mark.parametrize(
    "damage", [lambda kept: kept[:-3], lambda kept: kept[: len(kept) // 3] + b"\xff" + kept[len(kept) // 3 + 1 :]]
)
def test_what_is_kept_of_a_corpus_is_made_again_where_it_is_not_as_it_was_written(name, damage):
    write_tsv("a.tsv", [*numbers(0, 20), ("!", "?")])
    write_recipe('train = "a.tsv"\nvalid = 2\n')
    report = run()
    [kept] = (RUN / "cleaned").iterdir()
    (kept / name).write_bytes(damage((kept / name).read_bytes()))
    (RUN / "prepare.json").unlink()
    before = splits()

    assert run().corpora == report.corpora
    assert splits() == before


def test_a_stray_file_among_what_is_kept_of_the_corpora_is_no_obstacle(done):
    (RUN / "cleaned" / ".DS_Store").touch()

    run("cleaning.too_long=500")

    assert len(list((RUN / "cleaned").iterdir())) == 1


# When it fails


def test_a_failing_preparation_leaves_the_earlier_data_usable(done):
    _, files = done
    kept = prepared("train")
    content = Path("a.tsv").read_bytes()

    Path("a.tsv").write_bytes(content + b"no tab here\n")
    with pytest.raises(DataError, match=r"^a\.tsv:31: 1 column"):
        run()

    assert snapshot() == files
    assert prepared("train") == kept
    Path("a.tsv").write_bytes(content)
    assert not run().is_new


def test_a_missing_corpus_is_an_error_even_if_its_data_is_prepared(done):
    Path("a.tsv").unlink()

    with pytest.raises(DataError, match=r"^a\.tsv is not there"):
        run()


def test_a_wrong_recipe_touches_nothing(done):
    _, files = done

    with pytest.raises(RecipeError):
        run("data.vaild=3")
    assert snapshot() == files


def test_a_run_directory_in_use_is_not_written_to(done):
    with RunDirectory(RUN).lock(), pytest.raises(RunDirectoryBusyError):
        run("data.valid=4")
    assert not run().is_new
