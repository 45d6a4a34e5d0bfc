from __future__ import annotations

import itertools
import logging
import random
import tomllib
from pathlib import Path

import pytest

from transformer_cli.config import CorpusFiles, LanguagesConfig
from transformer_cli.data.corpora import BUILTIN_PHRASEBOOK, SentencePair, read_corpus
from transformer_cli.data.sides.check import check_sides
from transformer_cli.errors import DataError

FR_EN = LanguagesConfig(source="fr", target="en")
EN_FR = LanguagesConfig(source="en", target="fr")


@pytest.fixture(scope="module")
def phrasebook():
    # Every fifth pair is enough.
    return list(read_corpus(BUILTIN_PHRASEBOOK, FR_EN, Path(), part="train"))[::5]


def checked(pairs, corpus="t.tsv", languages=FR_EN):
    return list(check_sides(pairs, corpus, languages))


def test_a_corpus_the_right_way_round_passes_as_it_is_without_a_word(phrasebook, caplog):
    assert checked(phrasebook) == phrasebook
    assert checked([]) == []
    assert not caplog.records


@pytest.mark.parametrize(
    ("corpus", "way_out", "exchanged"),
    [
        (
            CorpusFiles(path="t.csv", source_column="a", target_column=4),
            "write ",
            {"path": "t.csv", "source_column": 4, "target_column": "a"},
        ),
        ("t.{lang}", "exchange the names of the two files, or write ", {"source": "t.fr", "target": "t.en"}),
        (CorpusFiles(source="src", target="tgt"), "write ", {"source": "tgt", "target": "src"}),
        ("t.jsonl", "mend the names of the languages in it", None),
        ("hub:a/b.csv", "mend the names of the languages in it", None),
    ],
)
def test_a_corpus_the_wrong_way_round_is_refused_with_the_way_out(phrasebook, corpus, way_out, exchanged):
    with pytest.raises(DataError) as caught:
        checked(phrasebook[:500], corpus, EN_FR)

    message = str(caught.value)
    shown = [f'{pair.place} ("{pair.source}"); {way_out}' for pair in phrasebook[:30]]
    assert message.startswith(
        f"{corpus}: the sides are the wrong way round: sources look fr and targets look en, as at "
    )
    assert any(text in message for text in shown)
    assert message.endswith("; or exchange the two languages; data.check_sides = false ends this check")
    if exchanged is not None:
        table = message.partition(way_out)[2].partition("; or exchange")[0]
        assert CorpusFiles.model_validate(tomllib.loads(f"x = {table}")["x"]) == CorpusFiles.model_validate(exchanged)


def test_the_columns_to_exchange_are_those_that_were_read(phrasebook, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = [f"{n}\t{pair.source}\t{pair.target}\n" for n, pair in enumerate(phrasebook[:200])]
    Path("ids.tsv").write_text("".join(rows), encoding="utf-8")

    with pytest.raises(
        DataError, match=r'\); write \{ path = "ids\.tsv", source_column = 3, target_column = 2 \}; or '
    ):
        checked(read_corpus("ids.tsv", EN_FR, Path(), part="train"), "ids.tsv", EN_FR)

    exchanged = CorpusFiles(path="ids.tsv", source_column=3, target_column=2)
    assert len(checked(read_corpus(exchanged, EN_FR, Path(), part="train"), exchanged, EN_FR)) == 200


def test_a_long_corpus_is_refused_before_its_end(phrasebook):
    endless = check_sides(itertools.cycle(phrasebook), "t.tsv", EN_FR)

    with pytest.raises(DataError, match="the sides are the wrong way round"):
        list(itertools.islice(endless, 30_000))


def test_a_wrong_part_is_found_wherever_it_stands(phrasebook, caplog):
    wrong = [SentencePair(pair.target, pair.source, pair.place) for pair in phrasebook[:500]]
    for place in (0, 3000, len(phrasebook)):
        caplog.clear()
        checked(phrasebook[:place] + wrong + phrasebook[place:])
        assert ["t.tsv may be the wrong way round, or a part of it" in line for line in caplog.messages] == [True]


def test_pairs_that_are_not_used_have_no_say(phrasebook):
    faulty = [SentencePair(pair.target, pair.source, pair.place, fault="fuzzy") for pair in phrasebook[:500]]

    assert checked(faulty) == faulty


@pytest.mark.parametrize(
    ("sides", "message"),
    [
        (lambda pair, other: (pair.target, other.target), "t.tsv: in most pairs both sides look en; is a side not "),
        (lambda pair, other: (pair.source, other.source), "t.tsv: in most pairs both sides look fr; is a side not "),
    ],
)
def test_two_sides_in_one_language_are_a_warning(phrasebook, caplog, sides, message):
    sample = random.Random(1).sample(phrasebook, 300)

    texts = [sides(pair, other) for pair, other in itertools.pairwise(sample)]
    checked([SentencePair(source, target, "t.tsv:1") for source, target in texts])

    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert caplog.messages[0].startswith(message)


def test_sides_that_are_equal_or_in_a_third_language_are_a_warning(phrasebook, caplog):
    checked([SentencePair(f"word{n}", f"word{n}", "t.tsv:1") for n in range(40)])
    checked(phrasebook[:500], languages=LanguagesConfig(source="de", target="en"))

    assert [message.partition(";")[0] for message in caplog.messages] == [
        "t.tsv: in most pairs both sides are the same text",
        "t.tsv: the source side looks fr, not de",
    ]
