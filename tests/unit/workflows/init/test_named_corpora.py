from __future__ import annotations

from pathlib import Path

import pytest

from transformer_cli.config import CorpusFiles, LanguagesConfig
from transformer_cli.data.corpora import corpus_files
from transformer_cli.errors import DataError, UsageError
from transformer_cli.workflows.init.named_corpora import find_beside, named_corpora, relative_to

FR_EN = LanguagesConfig(source="fr", target="en")
FRENCH = "Je ne sais pas où est la gare.\nIl est dans la maison avec nous.\n" * 5
ENGLISH = "I do not know where the station is.\nHe is in the house with us.\n" * 5


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def write(name: str, text: str = "x\n") -> None:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(text, encoding="utf-8")


def named(*names: str, languages: LanguagesConfig = FR_EN):
    return named_corpora(names, languages)


def files(source: str, target: str) -> CorpusFiles:
    return CorpusFiles(source=source, target=target)


@pytest.mark.parametrize("is_turned", [False, True])
@pytest.mark.parametrize(
    ("source", "target", "corpus"),
    [
        ("t.fr", "t.en", "t.{lang}"),
        ("t.fra", "t.eng", "t.{lang}"),
        ("t.fr.gz", "t.en.gz", "t.{lang}.gz"),
        ("t.fr.xz", "t.en", None),
        ("fr.txt", "en.txt", "{lang}.txt"),
        ("fr/t.txt", "en/t.txt", "{lang}/t.txt"),
        ("en-fr/t.fr", "en-fr/t.en", "en-fr/t.{lang}"),
        ("fr/t.fr", "en/t.en", "{lang}/t.{lang}"),
        ("src-train.txt", "tgt-train.txt", None),
        ("t.source", "t.target", None),
        ("french.txt", "english.txt", None),
        ("Français", "Anglais", None),
    ],
)
def test_names_tell_which_file_is_which(source, target, corpus, is_turned):
    write(source)
    write(target)

    expected = corpus or files(source, target)
    assert named(*((target, source) if is_turned else (source, target))) == [expected]
    assert corpus_files(expected, FR_EN, Path()) == (Path(source), Path(target))


@pytest.mark.parametrize("name", ["t.eng", "src-t.txt", "fr.txt", "./t.eng"])
def test_of_a_file_alone_the_other_one_is_found_beside_it(name):
    for there in ("t.fra", "t.eng", "src-t.txt", "tgt-t.txt", "fr.txt", "en.txt", "english.txt", "z.txt"):
        write(there)

    expected = {"src-t.txt": files("src-t.txt", "tgt-t.txt"), "fr.txt": "{lang}.txt"}
    assert named(name) == [expected.get(name, "t.{lang}")]


def test_regions_and_scripts_tell_two_forms_of_a_language():
    languages = LanguagesConfig(source="pt-BR", target="pt-PT")
    for name in ("t.pt_BR", "t.pt_PT", "u.por-br", "u.por-pt"):
        write(name)

    assert named("t.pt_PT", "t.pt_BR", "u.por-pt", "u.por-br", languages=languages) == ["t.{lang}", "u.{lang}"]


@pytest.mark.parametrize("names", [("a.txt", "b.log"), ("b.log", "a.txt")])
def test_where_names_do_not_tell_the_content_does(names):
    write("a.txt", ENGLISH)
    write("b.log", FRENCH)

    assert named(*names) == [files("b.log", "a.txt")]


def test_where_nothing_tells_a_way_to_say_it_is_proposed():
    write("a.txt", "1 2\n" * 9)
    write("b.txt", "1 2\n" * 9)

    with pytest.raises(UsageError) as caught:
        named("a.txt", "b.txt")

    before, _, proposed = str(caught.value).partition("; say it in place of the two names, as in ")
    assert before == "cannot tell which of a.txt and b.txt is fr"
    assert named(proposed.strip("'")) == [files("a.txt", "b.txt")]


def test_several_corpora_of_all_kinds_keep_their_order():
    for name in ("x.fr", "x.en", "src-a", "tgt-a", "src-b", "tgt-b"):
        write(name)
    write("one.txt", FRENCH)
    write("two.txt", ENGLISH)
    write("table.txt", "le chat\tthe cat\n")
    table = '{ path = "m.csv", source_column = 2, target_column = 1 }'

    corpora = named(
        "m.tmx", "tgt-a", "tgt-b", "x.en", "hub:a/b", "one.txt", "table.txt", "src-b", "two.txt", "src-a", table, "x.fr"
    )

    expected = ["m.tmx", files("src-a", "tgt-a"), files("src-b", "tgt-b"), "x.{lang}", "hub:a/b"]
    assert corpora[:5] == expected
    assert corpora[5:7] == [files("one.txt", "two.txt"), "table.txt"]
    assert corpora[7:] == [CorpusFiles(path="m.csv", source_column=2, target_column=1)]


def test_what_is_missing_or_wrong_is_said():
    write("t.fr")

    with pytest.raises(
        DataError, match=r"^t\.en is not there; of two aligned text files t\.fr and t\.en are looked for$"
    ):
        named("t.fr")
    with pytest.raises(
        UsageError, match=r"^\{ sorce = \"a\" \}: sorce: extra inputs are not permitted; write it as in"
    ):
        named('{ sorce = "a" }')
    with pytest.raises(UsageError, match=r"is no table of TOML \(.*\); write it as in a recipe$"):
        named('{ source = "a')
    assert named("nothing.doc") == ["nothing.doc"]


def test_held_out_sets_are_found_under_the_names_of_the_training_set():
    for name in ("src-train.txt", "tgt-train.txt", "src-val.txt", "tgt-val.txt", "d/train.fr", "d/train.en"):
        write(name)
    write("d/dev.fra")
    write("d/dev.eng")

    stems = ("valid", "val", "dev")
    assert find_beside([files("src-train.txt", "tgt-train.txt")], stems, FR_EN) == files("src-val.txt", "tgt-val.txt")
    assert find_beside(["d/train.{lang}"], stems, FR_EN) == "d/dev.{lang}"
    assert find_beside(["d/train.{lang}"], ("test",), FR_EN) is None


def test_files_are_named_relative_to_the_recipe():
    assert relative_to(files("a", "/b"), Path("sub")) == files("../a", "/b")
    assert relative_to("hub:a/b", Path("sub")) == "hub:a/b"
