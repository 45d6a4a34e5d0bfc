from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

import datasets
import pytest

from tests.support.hostile_machine import output_of
from transformer_cli.data.cleaning import CleaningReport
from transformer_cli.errors import DataError, RecipeError, RunDirectoryBusyError
from transformer_cli.run_directory import RunDirectory
from transformer_cli.workflows import prepare

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


def numbers(first: int, last: int) -> list[tuple[str, str]]:
    return [(f"numéro {n}", f"number {n}") for n in range(first, last)]


def prepared(split: str, run: Path = RUN) -> list[tuple[str, str]]:
    table = datasets.load_from_disk(str(run / "data" / split))
    assert table.column_names == ["source", "target"]
    return [(row["source"], row["target"]) for row in table]


def run(*overrides: str):
    return prepare(run_dir=RUN, overrides=overrides)


def snapshot() -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in sorted(RUN.rglob("*")) if path.is_file()}


# What is reported


def test_every_pair_of_every_corpus_is_accounted_for():
    write_tsv("a.tsv", [*numbers(0, 5), ("", "nothing"), ("x" * 31, "long"), *numbers(0, 2)])
    write_tsv("b.tsv", [*numbers(4, 8), ("test", "test"), ("valid", "valid"), ("test", "a test")])
    write_tsv("v.tsv", [("valid", "valid"), ("", "left out")])
    write_tsv("t.tsv", [("test", "test")])
    write_recipe('train = ["a.tsv", "b.tsv"]\nvalid = "v.tsv"\ntest = "t.tsv"\n[cleaning]\ntoo_long = 30\n')

    report = run()

    assert report.corpora == {
        "a.tsv": CleaningReport(9, 5, {"empty": 1, "too_long": 1, "duplicate": 2}),
        "b.tsv": CleaningReport(7, 4, {"duplicate": 1, "held_out": 2}),
    }
    assert (report.valid, report.test, report.is_new) == (1, 1, True)
    assert prepared("train") == [*numbers(0, 8), ("test", "a test")]
    assert prepared("valid") == [("valid", "valid")]
    assert prepared("test") == [("test", "test")]
    assert json.loads((RUN / "prepare.json").read_text())["corpora"] == {
        "a.tsv": {"read": 9, "kept": 5, "dropped": {"empty": 1, "too_long": 1, "duplicate": 2}},
        "b.tsv": {"read": 7, "kept": 4, "dropped": {"duplicate": 1, "held_out": 2}},
    }


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


def test_a_note_says_what_came_of_it():
    write_tsv("a.tsv", [*numbers(0, 9), *numbers(0, 2)])
    write_recipe('train = "a.tsv"\nvalid = 3\n')
    notes: list[str] = []

    prepare(run_dir=RUN, note=notes.append)

    assert notes == [
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

    code = "from pathlib import Path; from transformer_cli.workflows import prepare; prepare(run_dir=Path('elsewhere'))"
    output_of(code, folder=folder)

    assert [prepared(split, Path("elsewhere")) for split in ("train", "valid", "test")] == here


def test_most_of_the_held_out_pairs_stay_the_same_when_the_corpus_grows():
    write_recipe('train = "a.tsv"\nvalid = 20\n')
    write_tsv("a.tsv", numbers(0, 200))
    run()
    before = set(prepared("valid"))

    write_tsv("a.tsv", numbers(0, 210))
    run()

    assert len(before & set(prepared("valid"))) >= 15


def test_held_out_sentences_are_not_the_first_of_the_corpus():
    write_recipe('train = "a.tsv"\nvalid = 10\n')
    write_tsv("a.tsv", numbers(0, 100))
    run()

    assert set(prepared("valid")) != set(numbers(0, 10))


def test_no_source_is_in_two_splits_and_all_its_translations_go_together():
    several = [(f"numéro {n}", f"{word} {n}") for n in range(20) for word in ("number", "no.", "#")]
    write_tsv("a.tsv", several)
    write_recipe('train = "a.tsv"\nvalid = 4\ntest = 4\n')

    report = run()

    sources = [{source for source, _ in prepared(split)} for split in ("train", "valid", "test")]
    assert [len(each) for each in sources] == [12, 4, 4]
    assert len(set.union(*sources)) == 20
    assert (len(prepared("train")), len(prepared("valid"))) == (36, 4)
    assert report.total == CleaningReport(60, 36, {"held_out": 24})


@pytest.mark.parametrize("held_out", ["valid = 5\ntest = 4\n", "valid = 9\n", "valid = 1000\n"])
def test_too_few_pairs_to_hold_out_what_is_wanted_are_an_error_with_their_number(held_out):
    write_tsv("a.tsv", numbers(0, 9))
    write_recipe(f'train = "a.tsv"\n{held_out}')

    with pytest.raises(DataError, match=r"^only 9 usable pairs: too few to hold out data\.valid = \d+"):
        run()
    assert not (RUN / "data").exists()


def test_one_source_in_many_translations_cannot_be_held_out_and_trained_on():
    write_tsv("a.tsv", [("un", f"one {n}") for n in range(9)])
    write_recipe('train = "a.tsv"\nvalid = 1\n')

    with pytest.raises(DataError, match=r"^no training pairs are left of a\.tsv; of 9 pairs were dropped held_out: 9$"):
        run()


# Nothing to learn from


def test_an_empty_corpus_is_an_error():
    write_tsv("a.tsv", [])
    write_tsv("v.tsv", numbers(0, 2))
    write_recipe('train = "a.tsv"\nvalid = "v.tsv"\n')

    with pytest.raises(DataError, match=r"^no training pairs are left of a\.tsv; the files are empty$"):
        run()


def test_an_empty_corpus_is_an_error_where_pairs_are_to_be_held_out_of_it():
    write_tsv("a.tsv", [])
    write_recipe('train = "a.tsv"\n')

    with pytest.raises(DataError, match=r"^no training pairs are left of a\.tsv; the files are empty$"):
        run()


def test_a_corpus_of_which_nothing_is_kept_is_an_error_with_the_reasons():
    write_tsv("a.tsv", [("", "x"), ("x" * 99, "x"), ("valid", "valid")])
    write_tsv("v.tsv", [("valid", "valid")])
    write_recipe('train = "a.tsv"\nvalid = "v.tsv"\n[cleaning]\ntoo_long = 50\n')

    with pytest.raises(DataError) as caught:
        run()
    assert str(caught.value) == (
        "no training pairs are left of a.tsv; of 3 pairs were dropped empty: 1, too_long: 1, held_out: 1"
    )


@pytest.mark.parametrize("part", ["valid", "test"])
def test_an_empty_set_to_validate_or_test_with_is_an_error(part):
    write_tsv("a.tsv", numbers(0, 9))
    write_tsv("empty.tsv", [("", "no source")])
    write_recipe(f'train = "a.tsv"\n{part} = "empty.tsv"\n')

    with pytest.raises(DataError, match=rf"^data\.{part}: empty\.tsv holds no sentence pairs$"):
        run()


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
