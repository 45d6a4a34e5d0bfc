from __future__ import annotations

import gzip
import json
import os
import re
import tomllib
from pathlib import Path

import pytest

from tests.support.hostile_machine import disk_full_after
from tests.support.toy_corpus import pairs, write_corpus
from transformer_cli import init, prepare
from transformer_cli.config import Recipe
from transformer_cli.errors import DataError, RecipeError, TfmError, UsageError
from transformer_cli.recipe import find_recipe, load_recipe
from transformer_cli.workflows.init.init import InitOutcome
from transformer_cli.workflows.init.machine import Machine

LAPTOP = Machine(cores=4, memory_gib=16)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TFM_RUN_DIR", raising=False)
    write_corpus(tmp_path, "toy", pairs())
    return tmp_path


def run(*corpora: str, **options) -> InitOutcome:
    given = {"source": "fr", "target": "en", "machine": LAPTOP, **options}
    return init(corpora or ("toy.{lang}",), **given)


def written(path: str = "tfm.toml") -> Recipe:
    return load_recipe(find_recipe(path))


def test_the_recipe_that_is_written_is_one_that_prepare_takes():
    outcome = run()

    assert outcome.path == Path("tfm.toml")
    report = prepare()
    assert report.total.read == 192
    assert (report.valid, report.test) == (written().data.valid, written().data.test) == (9, 9)


def test_each_value_has_a_comment_and_no_line_is_long():
    run()

    lines = Path("tfm.toml").read_text("utf-8").splitlines()
    chosen = lines[lines.index("[data]") :]
    assert all(" # " in line for line in chosen if " = " in line)
    assert max(map(len, lines)) <= 120


def test_the_languages_name_the_run_or_the_file_does():
    run()
    run(output=Path("mine.toml"))

    assert written().name == "fr-en"
    assert written("mine.toml").name == "mine"
    assert (written().languages.source, written().languages.target) == ("fr", "en")


def test_what_was_written_and_what_to_run_next_is_said_in_a_line():
    assert run().summary.startswith("wrote tfm.toml for 192 pairs on 4 cores, 16 GiB of memory, no GPU: preset tiny, ")
    assert run(force=True).summary.endswith("; next: tfm train")
    assert run(output=Path("a recipe.toml")).summary.endswith("; next: tfm train 'a recipe.toml'")


@pytest.mark.parametrize("names", [["toy.{lang}"], ["toy.fr"], ["toy.en", "toy.fr"], ["./toy.fr", "toy.en"]])
def test_two_aligned_files_may_be_named_as_they_are(names):
    run(*names)

    assert written().data.train_paths == ["toy.{lang}"]


def test_aligned_files_may_end_like_a_table(folder):
    for code in ("fr", "en"):
        (folder / f"toy.{code}").rename(folder / f"{code}.txt")

    run("fr.txt", "en.txt")

    assert written().data.train_paths == ["{lang}.txt"]


def test_packed_files_are_a_pair_too(folder):
    for code in ("fr", "en"):
        (folder / f"p.{code}.gz").write_bytes(gzip.compress((folder / f"toy.{code}").read_bytes()))

    run("p.fr.gz", "p.en.gz")

    assert written().data.train_paths == ["p.{lang}.gz"]


def test_several_corpora_are_all_in_the_recipe(folder):
    (folder / "more.tsv").write_text("source\ttarget\n" + "".join(f"s{n}\tt{n}\n" for n in range(50)))

    run("toy.{lang}", "more.tsv")

    assert written().data.train_paths == ["toy.{lang}", "more.tsv"]
    assert "192 + 50 pairs" in Path("tfm.toml").read_text("utf-8")


def test_names_are_relative_to_where_a_link_to_a_folder_leads(folder):
    (folder / "far" / "away").mkdir(parents=True)
    (folder / "recipes").symlink_to("far/away")

    run("toy.{lang}", output=Path("recipes/mine.toml"))

    assert written("recipes/mine.toml").data.train_paths == ["../../toy.{lang}"]
    assert prepare("recipes/mine.toml", run_dir=Path("run")).total.read == 192


def test_names_are_short_where_corpus_and_recipe_are_reached_by_one_link(folder):
    (folder / "real").mkdir()
    (folder / "link").symlink_to("real")
    for code in ("fr", "en"):
        (folder / f"toy.{code}").rename(folder / "real" / f"toy.{code}")

    run("link/toy.{lang}", output=Path("link/tfm.toml"))

    assert written("link/tfm.toml").data.train_paths == ["toy.{lang}"]


def test_names_are_relative_to_a_recipe_elsewhere(folder):
    (folder / "recipes").mkdir()

    run("toy.{lang}", output=Path("recipes/mine.toml"))
    run(str(folder / "toy.{lang}"), output=Path("recipes/absolute.toml"))

    assert written("recipes/mine.toml").data.train_paths == ["../toy.{lang}"]
    assert written("recipes/absolute.toml").data.train_paths == [str(folder / "toy.{lang}")]
    assert prepare("recipes/mine.toml", run_dir=Path("run")).total.read == 192


# What is held out


@pytest.mark.parametrize(("name", "part"), [("valid", "valid"), ("dev", "valid"), ("val", "valid"), ("test", "test")])
def test_a_held_out_set_beside_the_corpora_is_used(folder, name, part):
    write_corpus(folder, name, pairs()[:7])

    run()

    assert getattr(written().data, part) == f"{name}.{{lang}}"
    assert "7 pairs, found beside the corpora" in Path("tfm.toml").read_text("utf-8")


def test_it_may_be_of_any_format(folder):
    (folder / "test.tsv").write_text("source\ttarget\nun\tone\n")

    run()

    assert written().data.test == "test.tsv"


def test_what_is_trained_on_is_not_held_out(folder):
    write_corpus(folder, "test", pairs())

    run("test.{lang}")

    assert written().data.train_paths == ["test.{lang}"]
    assert isinstance(written().data.test, int)


def test_held_out_sets_can_be_named(folder):
    write_corpus(folder, "test", pairs()[:7])
    write_corpus(folder, "other", pairs()[:5])

    run(valid="30", test="other.fr")

    assert (written().data.valid, written().data.test) == (30, "other.{lang}")


def test_to_hold_out_more_than_there_is_is_refused():
    with pytest.raises(
        DataError, match=r"^only 192 different sources .* too few to hold out 209 and learn from the rest"
    ):
        run(valid="200")


def test_a_test_set_that_cannot_be_read_is_an_error_and_nothing_is_written(folder):
    write_corpus(folder, "test", pairs()[:7])
    (folder / "test.fr").write_text("one line\n")

    with pytest.raises(DataError, match="must align"):
        run()
    assert not Path("tfm.toml").exists()


# What goes wrong


def test_a_recipe_that_is_there_stays_unless_force_is_given():
    Path("tfm.toml").write_text("precious")

    with pytest.raises(
        UsageError, match=r"^tfm\.toml is there already; --force writes over it, -o names another file$"
    ):
        run()
    assert Path("tfm.toml").read_text() == "precious"

    run(force=True)
    assert tomllib.loads(Path("tfm.toml").read_text("utf-8"))["name"] == "fr-en"


@pytest.mark.parametrize(
    ("output", "options"),
    [
        ("toy.fr", {}),
        ("./other.tsv", {"test": "other.tsv"}),
        ("d/../other.tsv", {"valid": '{ path = "other.tsv" }'}),
    ],
)
def test_a_corpus_is_not_written_over_even_with_force(folder, output, options):
    (folder / "d").mkdir()
    (folder / "other.tsv").write_text("source\ttarget\nun\tone\n")
    before = Path(output).read_bytes()

    with pytest.raises(UsageError, match=r" is one of the corpora; -o names another file$"):
        run(output=Path(output), force=True, **options)
    assert Path(output).read_bytes() == before


def test_a_full_disk_leaves_the_older_recipe():
    Path("tfm.toml").write_text("precious")

    with disk_full_after(100), pytest.raises(TfmError, match=r"^cannot write tfm\.toml"):
        run(force=True)
    assert Path("tfm.toml").read_text() == "precious"


@pytest.mark.parametrize(
    ("corpus", "message"),
    [
        ("absent.tsv", "is not there"),
        ("toy.doc", "cannot tell what"),
        ("alone.fr", r"^alone\.en is not there; of two aligned text files alone\.fr and alone\.en are looked for"),
        ("empty.tsv", "empty.tsv holds no fr and en pairs that are fit"),
        ("small.tsv", "only 1 different sources in small.tsv: too few to hold out 2 and learn from the rest"),
    ],
)
def test_a_corpus_that_cannot_be_used_is_named_and_nothing_is_written(folder, corpus, message):
    (folder / "empty.tsv").write_text("source\ttarget\n\t\n")
    (folder / "alone.fr").write_text("un\n")
    (folder / "small.tsv").write_text("source\ttarget\nun\tone\n")

    with pytest.raises((DataError, RecipeError), match=message):
        run(corpus)
    assert not Path("tfm.toml").exists()


def numbered_table(name: str, header: str = "", encoding: str = "utf-8", note: str = "") -> None:
    rows = "".join(
        f"{number}\t{source}{note.format(source)}\t{target}\n" for number, (source, target) in enumerate(pairs())
    )
    Path(name).write_text(header + rows, encoding=encoding)


@pytest.mark.parametrize(
    ("header", "keys"),
    [
        ("id\tfr\ten\n", None),
        ("", {"source_column": 2, "target_column": 3}),
        ("id\tText\tÜbersetzung\n", {"source_column": 2, "target_column": 3, "header": True}),
    ],
)
def test_columns_that_content_tells_are_written_into_the_recipe(header, keys):
    numbered_table("t.tsv", header)

    run("t.tsv", valid="t.tsv")

    data = tomllib.loads(Path("tfm.toml").read_text("utf-8"))["data"]
    corpus = "t.tsv" if keys is None else {"path": "t.tsv", **keys}
    assert (data["train"], data["valid"]) == ([corpus], corpus)
    comment = "; columns as they were found"
    assert (comment in Path("tfm.toml").read_text("utf-8")) == (keys is not None)


@pytest.mark.parametrize(
    ("encoding", "note", "key"),
    [
        ("utf-16", "", 'encoding = "utf-16"'),
        ("cp1252", " déjà là, à côté", 'encoding = "windows-1252"'),
        ("utf-8", "\t{}", "source_column = 2, target_column = 4"),
    ],
)
def test_the_argument_that_gives_keys_which_a_corpus_needs_is_named_and_works(encoding, note, key):
    numbered_table("t.txt", "", encoding, note)

    with pytest.raises(DataError) as caught:
        run("t.txt")
    found = re.search(r"; here that is '(.*)' in place of the name$", str(caught.value))
    assert found is not None
    assert found[1] == f'{{ path = "t.txt", {key} }}'
    run(found[1])
    assert key in Path("tfm.toml").read_text("utf-8")
    assert prepare().total.read == 192


def test_the_fields_of_records_that_may_be_sides_are_proposed():
    records = [{"id": f"r{n}", "text": source, "translated": target} for n, (source, target) in enumerate(pairs())]
    Path("t.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))

    table = '{ path = "t.jsonl", source_column = "text", target_column = "translated" }'
    with pytest.raises(DataError, match=f"; here that is '{table}' in place of the name$"):
        run("t.jsonl")
    run(table)
    assert prepare().total.read == 192


@pytest.mark.parametrize("options", ["CORPUS", "valid", "test", "start_from general"])
def test_a_name_that_is_not_utf8_is_refused_with_a_way_out(options):
    name = os.fsdecode(b"caf\xe9.tsv")
    try:
        numbered_table(name, "id\tfr\ten\n")
    except OSError:
        pytest.skip("this disk holds UTF-8 names alone")

    corpora, given = ([name], {}) if options == "CORPUS" else ([], dict.fromkeys(options.split(), name))
    with pytest.raises(UsageError, match=r"^the name caf\udce9\.tsv is not UTF-8, .*; rename it, or write \* in place"):
        run(*corpora, **given)
    run("caf*.tsv")

    assert prepare().total.read == 192


def test_a_folder_whose_name_is_not_utf8_is_refused_where_the_recipe_has_to_name_it(folder, monkeypatch):
    inner = folder / os.fsdecode(b"caf\xe9")
    try:
        inner.mkdir()
    except OSError:
        pytest.skip("this disk holds UTF-8 names alone")
    monkeypatch.chdir(inner)
    numbered_table("t.tsv", "id\tfr\ten\n")

    with pytest.raises(UsageError, match=r"^the name caf\udce9/t\.tsv is not UTF-8"):
        run("t.tsv", output=Path("../tfm.toml"))
    run("t.tsv")

    assert prepare().total.read == 192


def test_languages_may_be_given_by_name():
    run(source="French", target="anglais")

    assert (written().languages.source, written().languages.target, written().name) == ("fr", "en", "fr-en")


@pytest.mark.parametrize(("source", "target"), [("fr", "fr"), ("French", "fr")])
def test_the_languages_must_be_two(source, target):
    with pytest.raises(UsageError, match="they must differ"):
        run(source=source, target=target)


@pytest.mark.parametrize("output", ["nowhere/tfm.toml", "folder"])
def test_where_no_file_can_be_written_is_said_before_anything_is_read(folder, output):
    (folder / "folder").mkdir()

    with pytest.raises(UsageError, match=r"name a file with -o$"):
        run("absent.tsv", output=Path(output))


@pytest.mark.parametrize("number", ["0", "-5"])
def test_a_number_that_holds_out_nothing_is_refused(number):
    with pytest.raises(UsageError, match=f"^--test {number}: name a corpus, or a number of pairs from 1$"):
        run(test=number)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("mon modèle.toml", "mon-modele"),
        ("law/tfm.toml", "law"),
        ("d/../tfm.toml", "fr-en"),
        ("법률.toml", r"fr-en-\w+"),
        ("-.toml", r"fr-en-\w+"),
        ("소식/tfm.toml", r"fr-en-\w+"),
        ("d/소식/d.toml", "d"),
    ],
)
def test_a_run_is_named_after_file_or_folder_as_far_as_its_letters_allow(folder, path, name):
    for each in ("d/소식", "law", "소식"):
        (folder / each).mkdir(parents=True)

    run(output=Path(path))

    assert re.fullmatch(name, written(path).name)


def test_different_names_name_different_runs():
    paths = ["tfm.toml", "법률.toml", "소식.toml", "소식 2.toml", "a b.toml"]
    for path in paths:
        run(output=Path(path))

    assert len({written(path).name for path in paths}) == len(paths)


def test_a_run_on_other_corpora_under_the_same_name_is_warned_of(folder, messages):
    numbered_table("other.tsv", "id\tfr\ten\n")
    (folder / "runs" / "fr-en").mkdir(parents=True)
    run("other.tsv")
    Path("tfm.toml").rename("runs/fr-en/recipe.toml")

    run("./other.tsv", "toy.fr")
    assert messages.warnings == []
    run("toy.fr", force=True)

    (warning,) = messages.warnings
    assert warning.startswith("runs/fr-en holds a run on other.tsv, ")
    assert warning.endswith(": tfm train tfm.toml -d runs/OTHER")


def test_of_sentences_that_differ_in_their_numbers_all_are_learned_from(folder):
    lines = [f"le chat numéro {n} dort ici\tcat number {n} is sleeping here\n" for n in range(200)]
    (folder / "cats.tsv").write_text("".join(lines), encoding="utf-8")

    run("cats.tsv")

    report = prepare()
    assert (report.total.kept, report.valid, report.test) == (180, 10, 10)


def test_a_corpus_of_figures_alone_is_taken_as_prepare_takes_it(folder, messages):
    (folder / "sums.tsv").write_text("".join(f"{n} 1\t1 {n}\n" for n in range(60)), encoding="utf-8")

    run("sums.tsv")

    assert prepare().total.kept == 60 - 2 * 3
    assert [text for text in messages.warnings if text.startswith("sums.tsv: no pair has letters on both sides")]
