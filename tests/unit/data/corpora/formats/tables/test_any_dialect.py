"""A table in whatever dialect gives the pairs that it was made of, or is refused; it never gives others."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from tests.support.corpora import FR_EN
from transformer_cli.data.corpora import read_corpus
from transformer_cli.errors import DataError

WORDS = ["le", "thé", "Oui", "l'été", "no", "chat", "tea", "3", "1,5", '"non"', "«si»", "a/b", "x;y", "e.g.", "naïve"]
MARKS = ["", ".", ",", ";", " ;", "?", "!", '"', "'", " |", "|", ":", "\t", "\n", "…"]
sentences = st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from(MARKS)), min_size=1, max_size=6).map(
    lambda words: " ".join(word + mark for word, mark in words)
)
letters = st.text(st.characters(max_codepoint=0x17F, exclude_categories=["C"]), min_size=1, max_size=20)
texts = st.one_of(sentences, sentences, letters).filter(lambda text: text.strip() == text != "")
EXTRAS = {
    "id": lambda number: f"{2000 + number}",
    "key": lambda number: f"eng-{number}",
    "url": lambda number: f"https://example.org/{number}?a=1,2;3",
    "score": lambda number: f"0.{90 + number}",
    "licence": lambda _: "CC-BY 2.0, (France)",
    "note": lambda number: ["", "rough; see above", "x"][number % 3],
}
HEADERS = {
    "none": None,
    "codes": {"source": "fr", "target": "en"},
    "regions": {"source": "fr-FR", "target": "en_US"},
    "sides": {"source": "Source", "target": "target"},
    "names": {"source": "Français", "target": "Anglais"},
    "one language": {"source": "Texte", "target": "Anglais"},
    "one side": {"source": "Text", "target": "Übersetzung"},
    "numbers": {"source": "Text 1", "target": "Text 2"},
}
ENOUGH = 3
"""The number of rows from which one heading is enough for a header."""


@dataclass(frozen=True)
class Table:
    kind: str
    delimiter: str
    quoting: int
    header: str
    columns: list[str]
    line_end: str
    blank_rows: tuple[int, ...]
    setting: bool
    encoding: str

    def content(self, pairs: list[tuple[str, str]]) -> bytes:
        """Return the file."""
        rows = [
            [{"source": source, "target": target}.get(name) or EXTRAS[name](number) for name in self.columns]
            for number, (source, target) in enumerate(pairs)
        ]
        names = HEADERS[self.header]
        if names is not None:
            rows.insert(0, [names.get(name, name) for name in self.columns])
        for place in self.blank_rows:
            rows.insert(min(place, len(rows)), [])
        text = io.StringIO(newline="")
        if self.setting:
            text.write(f"sep={self.delimiter}{self.line_end}")
        writer = csv.writer(
            text,
            delimiter=self.delimiter,
            quoting=self.quoting,  # type: ignore[arg-type]
            lineterminator=self.line_end,
        )
        writer.writerows(rows)
        return text.getvalue().encode(self.encoding)


tables = st.builds(
    Table,
    kind=st.sampled_from(["csv", "tsv", "txt"]),
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC, csv.QUOTE_NONE]),
    header=st.sampled_from(sorted(HEADERS)),
    columns=st.lists(st.sampled_from(sorted(EXTRAS)), max_size=3, unique=True).flatmap(
        lambda extras: st.permutations(["source", "target", *extras])
    ),
    line_end=st.sampled_from(["\n", "\r\n"]),
    blank_rows=st.lists(st.integers(0, 12), max_size=3).map(tuple),
    setting=st.booleans(),
    encoding=st.sampled_from(["utf-8"] * 4 + ["utf-8-sig", "utf-16", "utf-16-le", "cp1252"]),
)


@settings(
    deadline=None, max_examples=100, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(table=tables, pairs=st.lists(st.tuples(texts, texts), min_size=1, max_size=12))
def test_a_table_in_any_dialect_gives_its_pairs_or_an_error(tmp_path, table, pairs):
    columns = table.columns
    tells_no_side = table.header in ("none", "numbers") or (table.header.startswith("one") and len(pairs) < ENOUGH)
    if tells_no_side and columns.index("target") < columns.index("source"):
        columns.reverse()
    path = tmp_path / f"t.{table.kind}"
    try:
        path.write_bytes(table.content(pairs))
    except (csv.Error, UnicodeEncodeError):
        event("cannot be written")
        return

    try:
        found = list(read_corpus(path.name, FR_EN, tmp_path, part="train"))
    except DataError as error:
        event(f"refused: {str(error).partition(': ')[2][:30]}")
        return
    event("read")
    # A damaged pair is marked, and cleaning drops and counts it.
    known = pairs if table.encoding != "cp1252" else [pair for pair in pairs if "".join(pair).isascii()]
    read = [(pair.source, pair.target) for pair in found if pair.is_utf8]
    names = HEADERS[table.header]
    if tells_no_side and names is not None and read[:1] == [tuple(names.values())]:
        event("header read as a pair")
        del read[0]
    assert read == known
