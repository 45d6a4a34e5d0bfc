"""One corpus, written in every format by programs that know nothing of ours, is one corpus when read."""

from __future__ import annotations

import bz2
import csv
import gzip
import json
import lzma
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import polib
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.support.corpora import read
from transformer_cli.text.normalization import normalize

HARD = [
    ('Il a dit "oui".', 'He said "yes".'),
    ("une, deux; trois", "one, two; three"),
    ("tabulation\tdedans", "a tab\tinside"),
    ("première ligne\nseconde ligne", "first line\nsecond line"),
    ("deux\n\n  lignes", "two\n\n  lines"),
    ("l\u2019été\u00a0: 30\u202f%", "summer\u00a0: 30\u202f%"),
    ("😀 👩‍👩‍👧 🇫🇷", "😀 👩‍👩‍👧 🇬🇧"),
    ("A & B &amp; C", "A & B &amp; C"),
    ("<b>si</b> 1 < 2 > 0", "<b>if</b> 1 < 2 > 0"),
    ("مرحبا بالعالم \u200f!", "שלום עולם"),
    ("a\\b \\n \\", "a\\b \\n \\"),
    ("e\u0301te\u0301", "decomposed"),
    ("séparateur\u2028de ligne", "line\u2028separator"),
    ("suite\u0085ici", "next\u0085line"),
    ('"', '""'),
    ("  des espaces  autour  ", "  spaces  around  "),
    ("#, fuzzy", "msgid"),
    ("'=1+1", "-2"),
]
PAIRS = [*HARD, *((f"phrase numéro {n}", f"sentence number {n}") for n in range(50 - len(HARD)))]
EXPECTED = [(normalize(source), normalize(target)) for source, target in PAIRS]


def on_one_line(text: str) -> str:
    """Plain text has no way to hold a line break or, in columns, a tab."""
    return text.replace("\n", " ").replace("\t", " ")


def write_text(folder: Path) -> None:
    for code, side in (("fr", 0), ("en", 1)):
        (folder / f"t.{code}").write_bytes("".join(on_one_line(pair[side]) + "\n" for pair in PAIRS).encode())


def write_tsv(folder: Path) -> None:
    rows = (f"{on_one_line(source)}\t{on_one_line(target)}\n" for source, target in PAIRS)
    (folder / "t.tsv").write_bytes("".join(rows).encode())


def write_csv(folder: Path) -> None:
    with (folder / "t.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("en", "fr"), *((target, source) for source, target in PAIRS)])


def write_jsonl(folder: Path) -> None:
    shapes: list[Callable[[str, str], object]] = [
        lambda source, target: {"source": source, "target": target},
        lambda source, target: {"en": target, "fr": source},
        lambda source, target: {"translation": {"en": target, "fr": source}},
    ]
    lines = (json.dumps(shapes[n % 3](*pair), ensure_ascii=n % 2 == 0) + "\n" for n, pair in enumerate(PAIRS))
    (folder / "t.jsonl").write_bytes("".join(lines).encode())


def write_parquet(folder: Path) -> None:
    sources, targets = zip(*PAIRS, strict=True)
    pq.write_table(pa.table({"fr": sources, "en": targets}), folder / "t.parquet", row_group_size=7)


def write_tmx(folder: Path) -> None:
    root = ET.Element("tmx", version="1.4")
    body = ET.SubElement(root, "body")
    for pair in PAIRS:
        tu = ET.SubElement(body, "tu")
        for code, text in zip(("fr-FR", "en-GB"), pair, strict=True):
            ET.SubElement(ET.SubElement(tu, "tuv", {"xml:lang": code}), "seg").text = text
    ET.indent(root)
    ET.ElementTree(root).write(folder / "t.tmx", encoding="utf-8", xml_declaration=True)


def write_po(folder: Path) -> None:
    catalogue = polib.POFile()
    catalogue.metadata = {"Content-Type": "text/plain; charset=UTF-8", "Language": "en"}
    catalogue.extend(polib.POEntry(msgid=source, msgstr=target) for source, target in PAIRS)
    catalogue.save(str(folder / "t.po"), newline="\n")


def write_folder(folder: Path) -> None:
    (folder / "set").mkdir()
    table = pa.table({"translation": [{"en": target, "fr": source} for source, target in PAIRS]})
    pq.write_table(table, folder / "set" / "train.parquet")


WRITERS: dict[str, Callable[[Path], None]] = {
    "t.{lang}": write_text,
    "t.tsv": write_tsv,
    "t.csv": write_csv,
    "t.jsonl": write_jsonl,
    "t.parquet": write_parquet,
    "t.tmx": write_tmx,
    "t.po": write_po,
}
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
}


def normalised(corpus: str, folder: Path) -> list[tuple[str, str]]:
    return [(normalize(pair.source), normalize(pair.target)) for pair in read(corpus, folder=folder)]


@pytest.mark.parametrize("suffix", PACKERS)
@pytest.mark.parametrize("corpus", WRITERS)
def test_every_format_gives_the_same_pairs(tmp_path, corpus, suffix):
    WRITERS[corpus](tmp_path)
    for path in list(tmp_path.iterdir()):
        path.with_name(path.name + suffix).write_bytes(PACKERS[suffix](path.read_bytes()))

    assert normalised(corpus + suffix, tmp_path) == EXPECTED


def test_a_folder_of_a_data_set_gives_the_same_pairs(tmp_path):
    write_folder(tmp_path)

    assert normalised("hub:set", tmp_path) == EXPECTED


def test_the_corpus_is_large_and_hard_enough_to_mean_something():
    assert len(set(EXPECTED)) == 50
    assert EXPECTED != PAIRS
    assert not any(character in text for pair in EXPECTED for text in pair for character in "\n\t\u2028\x85")
