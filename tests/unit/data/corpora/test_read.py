from __future__ import annotations

import os
from pathlib import Path

import pytest

import transformer_cli
from recipes.phrasebook import build_phrasebook
from tests.support.corpora import FR_EN, read, sentences, write
from transformer_cli.config import CorpusFiles, LanguagesConfig
from transformer_cli.data.corpora import BUILTIN_PHRASEBOOK, SentencePair, corpus_files, read_corpus
from transformer_cli.errors import DataError, RecipeError


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


# What is not there or no corpus


def test_files_are_looked_for_in_the_folder_and_absolute_paths_as_they_are(folder):
    (folder / "sub").mkdir()
    write("sub/t.tsv", "un\tone\n")

    assert read("t.tsv", folder="sub") == [SentencePair("un", "one", "sub/t.tsv:1")]
    absolute = str(folder / "sub" / "t.tsv")
    assert read(absolute, folder="elsewhere") == [SentencePair("un", "one", f"{absolute}:1")]


@pytest.mark.parametrize("missing", ["fr", "en"])
def test_a_missing_file_is_named_with_the_folder_it_was_looked_for_in(folder, missing):
    write("t.fr", "un\n")
    write("t.en", "one\n")
    Path(f"t.{missing}").unlink()

    with pytest.raises(DataError) as caught:
        read("t.{lang}")
    assert (
        str(caught.value)
        == f't.{missing} is not there; "t.{{lang}}" is looked for in {folder}; put it there or set data.folder'
    )


def test_a_folder_is_no_corpus(folder):
    (folder / "t.tsv").mkdir()

    with pytest.raises(DataError, match=r"^t\.tsv is not a file but a folder; "):
        read("t.tsv")


def test_a_spreadsheet_is_to_be_saved_as_a_table():
    with pytest.raises(
        RecipeError, match=r'^data: "t\.xlsx" is a spreadsheet; save it as \.csv in UTF-8 and name that'
    ):
        read("t.xlsx")


def test_of_a_folder_the_files_are_to_be_named():
    Path("inbox").mkdir()
    write("inbox/notes.pdf", "")
    write("inbox/t.csv", "un,one\n")

    with pytest.raises(RecipeError, match=r'^data: "inbox" is a folder; name its files, for example "inbox/\*\.csv"$'):
        read("inbox")


@pytest.mark.parametrize("corpus", ["t.text", "", "tsv", "t.fr"])
def test_a_name_of_no_known_kind_is_an_error_in_the_recipe(corpus):
    with pytest.raises(RecipeError, match=f'^data: cannot tell what "{corpus}" is; give two aligned files as '):
        read(corpus)


def test_a_packed_file_that_is_cut_short_is_refused_with_the_line():
    write("t.tsv.gz", "".join(f"source {n}\ttarget {n}\n" for n in range(5000)))
    content = Path("t.tsv.gz").read_bytes()
    Path("t.tsv.gz").write_bytes(content[:-20])

    with pytest.raises(DataError, match=r"^t\.tsv\.gz is cut short or damaged after line \d+"):
        read("t.tsv.gz")


def test_a_named_pipe_is_no_corpus():
    os.mkfifo("t.tsv")

    with pytest.raises(DataError, match=r"^t\.tsv is not a file but a pipe or device, "):
        read("t.tsv")


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet", "tmx", "po", "xlf", "zip"])
def test_every_kind_of_file_is_looked_for_before_anything_is_read(kind):
    with pytest.raises(DataError, match=rf"^t\.{kind} is not there; "):
        read_corpus(f"t.{kind}", FR_EN, Path(), part="train")


@pytest.mark.parametrize("kind", ["csv", "jsonl", "tmx", "po"])
def test_utf_16_text_is_refused_or_read_but_never_misread(kind):
    content = {
        "csv": "un,one\n",
        "jsonl": '{"fr": "un", "en": "one"}\n',
        "po": 'msgid "un"\nmsgstr "one"\n',
        "tmx": '<?xml version="1.0" encoding="UTF-16"?><tmx><body><tu><tuv xml:lang="fr"><seg>un</seg></tuv>'
        '<tuv xml:lang="en"><seg>one</seg></tuv></tu></body></tmx>',
    }[kind]
    write(f"t.{kind}", content.encode("utf-16"))

    if kind == "tmx":  # XML says itself what it is written in
        assert sentences("t.tmx") == [("un", "one")]
    else:
        with pytest.raises(DataError, match=rf"^t\.{kind} is UTF-16, not UTF-8; convert it with: iconv"):
            read(f"t.{kind}")


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet", "tmx", "po", "xlf"])
def test_every_packed_kind_that_is_cut_short_is_refused(kind):
    write(f"t.{kind}.gz", os.urandom(5000).replace(b"\n", b" "))
    content = Path(f"t.{kind}.gz").read_bytes()
    Path(f"t.{kind}.gz").write_bytes(content[:20])

    with pytest.raises(DataError, match=rf"^t\.{kind}\.gz is cut short or damaged after line 0;"):
        read(f"t.{kind}.gz")


def test_the_suffix_may_be_in_capitals():
    write("T.TSV", "un\tone\n")

    assert sentences("T.TSV") == [("un", "one")]


@pytest.mark.parametrize("corpus", ["t.{lang}.tmx", "{lang}/t.jsonl.gz", "t.{lang}.parquet", "t.{lang}.po"])
def test_a_file_that_holds_both_sides_is_not_taken_for_one_of_two(corpus):
    with pytest.raises(RecipeError, match=r"^data: a \.\w+ file holds both languages; name one file in place of "):
        read(corpus)


# Several files by one name


def test_a_name_with_a_star_stands_for_all_files_it_fits_in_order(folder):
    (folder / "in").mkdir()
    for name in ("b", "a", ".hidden"):
        write(f"in/{name}.tsv", f"{name}\tx\n")

    expected = [SentencePair("a", "x", "in/a.tsv:1"), SentencePair("b", "x", "in/b.tsv:1")]
    assert read("in/*.tsv") == expected
    assert read("**/[ab].tsv") == expected
    assert [pair.source for pair in read(f"{folder}/in/*.tsv", folder="elsewhere")] == ["a", "b"]
    assert corpus_files("in/*.tsv", FR_EN, Path()) == (Path("in/a.tsv"), Path("in/b.tsv"))


def test_a_name_with_a_star_that_fits_nothing_is_an_error(folder):
    with pytest.raises(DataError) as caught:
        read("in/*.tmx")
    assert (
        str(caught.value) == f'no file fits "in/*.tmx"; it is looked for in {folder}; put it there or set data.folder'
    )


def test_a_star_that_python_cannot_make_sense_of_is_an_error_in_the_recipe():
    with pytest.raises(RecipeError, match=r'^data: in "\*\*\.tmx" something stands beside \*\*;'):
        read("**.tmx")


def test_a_file_whose_name_looks_like_a_pattern_is_read_as_it_is_called():
    write("t[1].tsv", "un\tone\n")

    assert sentences("t[1].tsv") == [("un", "one")]


@pytest.mark.parametrize("pattern", ["in[x]/*.{lang}", "./in[x]/?.{lang}", "**/[a-c].{lang}", "*/[!d].{lang}"])
def test_aligned_files_are_paired_by_what_the_star_stands_for(folder, pattern):
    base = folder / "in"
    base.mkdir()
    for name in "ab":
        (base / f"{name}.fr").write_text(f"{name}\n")
        (base / f"{name}.en").write_text(f"{name.upper()}\n")

    assert sentences(pattern.replace("[x]", "")) == [("a", "A"), ("b", "B")]


def test_a_folder_whose_name_looks_like_a_pattern_does_not_disturb_the_pairing(folder):
    (folder / "[old]").mkdir()
    write("[old]/a.fr", "un\n")
    write("[old]/a.en", "one\n")

    assert [pair.source for pair in read("*.{lang}", folder=folder / "[old]")] == ["un"]


def test_an_aligned_file_without_its_counterpart_is_an_error():
    for name in ("a.fr", "b.fr", "a.en", "c.en"):
        write(name, "x\n")

    with pytest.raises(DataError, match=r'^"\*\.\{lang\}" fits b\.fr, but there is none for en beside it;'):
        read("*.{lang}")


# Two aligned files of any names


def aligned(source: str, target: str) -> CorpusFiles:
    return CorpusFiles(source=source, target=target)


def test_two_files_of_any_names_are_a_corpus(folder):
    write("src-train.txt", "un\ndeux\n")
    write("answers.gz", "one\ntwo\n")

    corpus = aligned("src-train.txt", "answers.gz")

    assert read(corpus) == [
        SentencePair("un", "one", "src-train.txt:1"),
        SentencePair("deux", "two", "src-train.txt:2"),
    ]
    assert corpus_files(corpus, FR_EN, folder) == (folder / "src-train.txt", folder / "answers.gz")


def test_files_of_any_names_are_paired_by_what_the_star_stands_for():
    for name in "ab":
        write(f"src-{name}.txt", f"{name}\n")
        write(f"{name}.tgt", f"{name.upper()}\n")

    assert sentences(aligned("src-*.txt", "*.tgt")) == [("a", "A"), ("b", "B")]
    write("c.tgt", "C\n")
    with pytest.raises(DataError, match=r'^c\.tgt has no counterpart that fits "src-\*\.txt"; add or remove one$'):
        read(aligned("src-*.txt", "*.tgt"))


def test_files_of_any_names_must_be_there_and_hold_one_side(folder):
    write("a", "un\n")

    with pytest.raises(DataError, match=r'^b is not there; "a and b" is looked for in '):
        read(aligned("a", "b"))
    with pytest.raises(
        RecipeError, match=r'^data: "m\.tmx" is a \.tmx file, which holds both sides; give it as "path"$'
    ):
        read(aligned("a", "m.tmx"))
    with pytest.raises(RecipeError, match=r'are for \.tsv, \.csv and \.txt files, .*, not for "a and b"$'):
        read(CorpusFiles(source="a", target="b", source_column=1, target_column=2))


@pytest.mark.parametrize(
    ("languages", "source", "target"),
    [
        (("fr", "en"), "t.fra", "t.eng"),
        (("fr", "en"), "t.fra", "t.en"),
        (("fra", "eng"), "t.fr", "t.en"),
        (("zh", "en"), "t.chi", "t.en"),
        (("zh", "en"), "t.zh-Hans", "t.en-GB"),
        (("zho_Hans", "eng_Latn"), "t.zh_CN", "t.en"),
        (("pt-BR", "pt-PT"), "t.por_BR", "t.pt_PT"),
    ],
)
def test_another_code_of_the_same_language_serves(languages, source, target):
    write(source, "un\n")
    write(target, "one\n")

    assert sentences("t.{lang}", LanguagesConfig(source=languages[0], target=languages[1])) == [("un", "one")]
    assert sentences("?.{lang}", LanguagesConfig(source=languages[0], target=languages[1])) == [("un", "one")]


def test_the_code_in_the_recipe_comes_first_and_then_the_one_that_says_the_same():
    for name, text in (("t.fr-CA", "1"), ("t.fra", "2"), ("t.en", "one"), ("t.french", "0"), ("t.ast", "0")):
        write(name, text + "\n")

    assert sentences("t.{lang}") == [("2", "one")]
    write("t.fr", "3\n")
    assert sentences("t.{lang}") == sentences("*.{lang}") == [("3", "one")]


def test_where_several_codes_fit_none_is_taken():
    for name in ("t.zh-Hans", "t.zh-Hant", "t.en"):
        write(name, "x\n")

    with pytest.raises(
        DataError, match=r'^"t\.\{lang\}" fits t\.zh-Han. and t\.zh-Han. for zh; name one of them with '
    ):
        read("t.{lang}", languages=LanguagesConfig(source="zh", target="en"))


def test_a_code_that_stands_twice_in_a_name_is_the_same_twice():
    for code, text in (("fra", "un\n"), ("eng", "one\n")):
        Path(code).mkdir()
        write(f"{code}/t.{code}", text)
    write("fra/t.eng", "none\n")

    assert sentences("{lang}/t.{lang}") == [("un", "one")]


# The corpus that comes with the program


@pytest.fixture(scope="module")
def phrasebook():
    return build_phrasebook()


@pytest.mark.parametrize("part", ["train", "valid", "test"])
def test_the_phrasebook_is_read_part_by_part(phrasebook, part):
    pairs = read_corpus(BUILTIN_PHRASEBOOK, FR_EN, Path(), part=part)

    assert list(pairs) == [
        SentencePair(pair.source, pair.target, f"builtin:phrasebook:{number}")
        for number, pair in enumerate(getattr(phrasebook, part), start=1)
    ]


def test_the_phrasebook_is_read_in_the_other_direction_as_well(phrasebook):
    pairs = read_corpus(BUILTIN_PHRASEBOOK, LanguagesConfig(source="en", target="fr"), Path(), part="test")

    assert [(pair.source, pair.target) for pair in pairs] == [(pair.target, pair.source) for pair in phrasebook.test]


def test_the_phrasebook_in_another_language_is_an_error_in_the_recipe():
    with pytest.raises(RecipeError, match=r"^builtin:phrasebook is French and English; set \[languages\] to fr and en"):
        list(read_corpus(BUILTIN_PHRASEBOOK, LanguagesConfig(source="fr", target="de"), Path(), part="train"))


def test_the_phrasebook_is_one_file_of_the_package():
    (file,) = corpus_files(BUILTIN_PHRASEBOOK, FR_EN, Path())

    assert file.is_relative_to(Path(transformer_cli.__file__).parent)
    assert file.stat().st_size < 300_000
