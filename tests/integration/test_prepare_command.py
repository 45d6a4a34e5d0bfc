"""`tfm prepare` at the shell: what it reads, what it counts, and that nothing half done is ever left."""

from __future__ import annotations

import csv
import gzip
import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import datasets
import polib
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.support.command_line import finish, run_here, start, wait_for
from tests.support.toy_corpus import pairs

PAIRS = [
    (f"{source} n\u00b0 {n}, « oui »\u00a0!", f'{target}; no. {n}, "yes"') for n, (source, target) in enumerate(pairs())
]
RECIPE = '[languages]\nsource = "fr"\ntarget = "en"\n[data]\ntrain = "{train}"\nvalid = 20\ntest = 10\n'


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_recipe(train: str) -> None:
    Path("tfm.toml").write_text(RECIPE.replace("{train}", train), encoding="utf-8")


def arrow_files(run: str) -> dict[str, bytes]:
    return {
        split: Path(run, "data", split, "data-00000-of-00001.arrow").read_bytes()
        for split in ("train", "valid", "test")
    }


def write_text() -> None:
    for side, code in enumerate(("fr", "en")):
        Path(f"t.{code}").write_text("".join(f"{pair[side]}\n" for pair in PAIRS), encoding="utf-8")


def write_tsv() -> None:
    Path("t.tsv").write_text("".join(f"{source}\t{target}\n" for source, target in PAIRS), encoding="utf-8")


def write_csv() -> None:
    with Path("t.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("fr", "en"), *PAIRS])


def write_jsonl() -> None:
    lines = (json.dumps({"source": source, "target": target}) + "\n" for source, target in PAIRS)
    Path("t.jsonl").write_text("".join(lines))


def write_parquet() -> None:
    pq.write_table(pa.table({"fr": [pair[0] for pair in PAIRS], "en": [pair[1] for pair in PAIRS]}), "t.parquet")


def write_tmx() -> None:
    body = ET.SubElement(root := ET.Element("tmx", version="1.4"), "body")
    for pair in PAIRS:
        unit = ET.SubElement(body, "tu")
        for code, text in zip(("fr-FR", "en-GB"), pair, strict=True):
            ET.SubElement(ET.SubElement(unit, "tuv", {"xml:lang": code}), "seg").text = text
    ET.ElementTree(root).write("t.tmx", encoding="utf-8", xml_declaration=True)


def write_po() -> None:
    catalogue = polib.POFile()
    catalogue.metadata = {"Content-Type": "text/plain; charset=UTF-8", "Language": "en"}
    catalogue.extend(polib.POEntry(msgid=source, msgstr=target) for source, target in PAIRS)
    catalogue.save("t.po", newline="\n")


def test_one_corpus_in_seven_formats_gives_the_same_prepared_data_byte_for_byte():
    writers: dict[str, Callable[[], None]] = {
        "t.{lang}": write_text,
        "t.tsv": write_tsv,
        "t.csv": write_csv,
        "t.jsonl": write_jsonl,
        "t.parquet": write_parquet,
        "t.tmx": write_tmx,
        "t.po": write_po,
    }
    found = {}
    for number, (corpus, write) in enumerate(writers.items()):
        write()
        write_recipe(corpus)
        finished = run_here("prepare", "-d", f"run{number}")
        assert finished.code == 0, finished.stderr
        found[corpus] = arrow_files(f"run{number}")

    assert [corpus for corpus, files in found.items() if files != found["t.tsv"]] == []
    assert len(datasets.load_from_disk("run0/data/train")) == len(PAIRS) - 30


FAULTS: dict[str, list[tuple[str | bytes, str | bytes]]] = {
    "not_utf8": [(b"caf\xe9 noir", b"black coffee")] * 2,
    "empty": [("", "nothing"), ("rien", " \t\u2028")],
    "subword_marks": [("le ch@@ ien aboie", "the dog barks"), ("le loup", "\u2581the \u2581w olf")],
    "numbering": [("2) Tournez la clé à droite.", "Turn the key to the right.")],
    "too_long": [("long " * 201, "long"), ("long", "long " * 201)],
    "non_text": [("1234", "in 1234"), ("voir ici", "http://example.org/x")],
    "identical": [("Press any key now", "press any key now")],
    "length_ratio": [("non", "a translation of quite another sentence")] * 2,
    "wrong_script": [("Добрый вечер", "Good evening")],
    "leakage": [
        ("Il pleut beaucoup.", "something else"),
        ("autre chose", "it RAINS a lot"),
        ("Il pleut beaucoup", "x y"),
    ],
    "duplicate": [("le chat dort ici", "the cat sleeps here")] * 3,
    "near_duplicate": [("Le chat dort ICI !", "The cat sleeps here."), ("il en veut 7 fois", "he wants it 7 times")],
    "source_repeats": [("bonjour", f"{word} hello") for word in ("one", "two", "three")],
}
FIT = [
    ("le chat dort ici", "the cat sleeps here"),
    ("il en veut 6 fois", "he wants it 6 times"),
    *(("Bonjour !", f"greeting {word}") for word in ("alpha", "beta")),
    ("Oui.", "Yes."),
    ("Paris", "Paris"),
    ("numéro 7", "number 7"),
    ("numéro 8", "number 8"),
]


def as_bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode()


def test_planted_faults_are_counted_exactly_each_under_its_rule():
    planted = [*FIT, *(pair for faults in FAULTS.values() for pair in faults)]
    for side, code in enumerate(("fr", "en")):
        Path(f"t.{code}").write_bytes(b"".join(as_bytes(pair[side]) + b"\n" for pair in planted))
        Path(f"v.{code}").write_text(["Il pleut beaucoup.\n", "It rains a lot.\n"][side])
    Path("tfm.toml").write_text(
        RECIPE.replace("{train}", "t.{lang}").replace("valid = 20\ntest = 10", 'valid = "v.{lang}"')
        + "[cleaning]\nsource_repeats = 2\n"
    )

    finished = run_here("prepare", "-d", "run", "--rejected", "rejected.tsv")

    assert finished.code == 0, finished.stderr
    report = json.loads(Path("run/prepare.json").read_bytes())
    counts = {rule: len(faults) for rule, faults in FAULTS.items()}
    assert report["corpora"] == {"t.{lang}": {"read": len(planted), "kept": len(FIT), "dropped": counts}}
    assert report["total"] == report["corpora"]["t.{lang}"]
    assert report["leakage"] == {"valid": {"source": 2, "target": 1}}
    assert {rule: len(examples) for rule, examples in report["examples"].items()} == {
        rule: min(3, count) for rule, count in counts.items()
    }
    rejected = [line.split("\t")[0] for line in Path("rejected.tsv").read_text("utf-8").splitlines()]
    assert {rule: rejected.count(rule) for rule in rejected} == counts
    table = datasets.load_from_disk("run/data/train")
    assert [(row["source"], row["target"]) for row in table] == FIT


def cut_short() -> str:
    Path("t.tsv.gz").write_bytes(gzip.compress(os.urandom(99).hex().encode() + b"\ta\n" * 9999)[:-20])
    return "t.tsv.gz"


def without_a_column() -> str:
    Path("t.csv").write_text("fr,en\na,b\nc\n")
    return "t.csv"


def entity_bomb() -> str:
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 9}">' for n in range(1, 9))
    Path("t.tmx").write_text(f'<?xml version="1.0"?>\n<!DOCTYPE tmx [<!ENTITY e0 "x">{entities}]>\n<tmx>&e8;</tmx>')
    return "t.tmx"


def one_broken_line() -> str:
    Path("t.jsonl").write_text('{"fr": "a", "en": "b"}\n' * 7 + '{"fr": "a", "en"\n' + '{"fr": "a", "en": "b"}\n')
    return "t.jsonl"


def misaligned() -> str:
    Path("t.fr").write_text("a\n" * 9)
    Path("t.en").write_text("a\n" * 8)
    return "t.{lang}"


def utf16() -> str:
    Path("t.tsv").write_text("a\tb\n" * 9, encoding="utf-16")
    return "t.tsv"


def a_folder() -> str:
    Path("t.tsv").mkdir()
    return "t.tsv"


def a_pipe() -> str:
    os.mkfifo("t.tsv")
    return "t.tsv"


@pytest.mark.parametrize(
    ("spoil", "code", "message"),
    [
        (cut_short, 65, "t.tsv.gz is cut short or damaged after line "),
        (without_a_column, 65, "t.csv:3: 1 column where at least 2 are needed"),
        (entity_bomb, 65, "t.tmx:2: declares an entity"),
        (one_broken_line, 65, "t.jsonl:8: not JSON"),
        (misaligned, 65, "t.fr has 9 lines but t.en has 8; the two must align"),
        (utf16, 65, "t.tsv is UTF-16, not UTF-8"),
        (a_folder, 65, "t.tsv is not a file"),
        (a_pipe, 65, "t.tsv is not a file"),
        (lambda: "/dev/stdin", 2, 'cannot tell what "/dev/stdin" is'),
    ],
)
def test_a_corpus_that_cannot_be_used_gives_one_line_with_the_place_and_no_data(spoil, code, message):
    write_recipe(spoil())

    finished = run_here("prepare", "-d", "run")

    assert (finished.code, finished.stdout) == (code, b"")
    assert message in finished.error
    assert [path for path in Path("run").rglob("*") if path.is_file() and not path.name.startswith(".")] == []


def test_quiet_keeps_a_warning():
    Path("t.tsv").write_text("".join(f"{n} 2\t2 {n}\n" for n in range(50)))
    write_recipe("t.tsv")

    finished = run_here("prepare", "-d", "run", "--quiet")

    assert finished.stderr.startswith("warning: t.tsv: no pair has letters on both sides; ")


def test_a_dry_run_shows_what_would_be_dropped_and_leaves_no_trace():
    write_tsv()
    with Path("t.tsv").open("a") as file:
        file.write("\tempty\n[red]:smile:\x1b[31m 1\t[/]\n")
    write_recipe("t.tsv")
    before = sorted(Path().rglob("*"))

    finished = run_here("prepare", "--dry-run")

    assert (finished.code, finished.stdout) == (0, b"")
    assert f"{len(PAIRS) + 2} pairs read" in finished.stderr
    assert "1 empty" in finished.stderr
    assert "non_text: t.tsv:194: [red]:smile: [31m 1 | [/]" in finished.stderr
    assert "\x1b" not in finished.stderr
    assert sorted(Path().rglob("*")) == before


@pytest.fixture
def prepared() -> dict[str, bytes]:
    """Prepared data, and a corpus 25 times as large in place of theirs."""
    write_tsv()
    write_recipe("t.tsv")
    assert run_here("prepare", "-d", "run").code == 0
    words = (f"{one}{other}" for one in "abcde" for other in "abcde")
    lines = (f"{source} {word}\t{target} {word}\n" for word in words for source, target in PAIRS)
    Path("t.tsv").write_text("".join(lines), encoding="utf-8")
    return arrow_files("run")


@pytest.mark.parametrize("seconds", [0.0, 0.1, 0.2])
def test_data_stay_whole_when_their_renewal_is_killed(prepared: dict[str, bytes], folder: Path, seconds: float):
    process: Any = start("prepare", "-d", "run", cwd=folder)
    wait_for(process, b"reading t.tsv")
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    finish(process)

    done = json.loads(Path("run/prepare.json").read_bytes())["total"]["read"] > len(PAIRS)
    assert (arrow_files("run") == prepared) != done
    assert run_here("prepare", "-d", "run").code == 0
    assert json.loads(Path("run/prepare.json").read_bytes())["total"]["read"] == 25 * len(PAIRS)
    assert [*Path("run").rglob("*.tfm-tmp")] == []
