from __future__ import annotations

import pytest

from transformer_cli.config import LanguagesConfig
from transformer_cli.errors import DataError, TfmError
from transformer_cli.workflows.translate.read_glossary import read_glossary

LANGUAGES = LanguagesConfig(source="fr", target="en")
TBX_2 = """<martif><text><body><termEntry id="1">
<langSet xml:lang="en-US"><tig><term>cat</term></tig></langSet>
<langSet xml:lang="fr"><tig><term>chat</term></tig><tig><term>matou</term></tig></langSet>
<langSet xml:lang="de"><tig><term>Katze</term></tig></langSet>
</termEntry></body></text></martif>"""
TBX_3 = """<tbx xmlns="urn:iso:std:iso:30042:ed-2"><text><body><conceptEntry id="1">
<langSec xml:lang="fra"><termSec><term>chat</term></termSec><termSec><term>matou</term></termSec></langSec>
<langSec xml:lang="en"><termSec><term>cat</term></termSec></langSec>
</conceptEntry></body></text></tbx>"""

STATUS = '<termNote type="administrativeStatus">{}-admn-sts</termNote>'
TBX_WITH_STATUS = f"""<martif><text><body><termEntry>
<langSet xml:lang="en"><ntig><termGrp><term>pussy</term>{STATUS.format("deprecatedTerm")}</termGrp></ntig>
<ntig><termGrp><term>mouser</term></termGrp></ntig><tig><term>cat</term>{STATUS.format("preferredTerm")}</tig></langSet>
<langSet xml:lang="fr"><tig><term>chat</term></tig>
<tig><term>matou</term>{STATUS.format("deprecatedTerm")}</tig></langSet>
</termEntry><termEntry>
<langSet xml:lang="en"><tig><term>doggy</term>{STATUS.format("supersededTerm")}</tig></langSet>
<langSet xml:lang="fr"><tig><term>un</term></tig></langSet>
</termEntry></body></text></martif>"""


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("g.tsv", "chat\tcat\n\nmatou\tcat\n"),
        ("g.TSV", "\ufeffEnglish\tFrench\tnote\ncat\tchat\tx\ncat\tmatou\t\n"),
        ("g.csv", 'chat;cat\n"matou";"cat"\n'),
        ("g.csv", "source,target\nchat,cat\nmatou,cat"),
        ("g.txt", "target\tsource\r\ncat\tchat\r\ncat\tmatou\r\n"),
        ("g.tbx", TBX_2),
        ("g.tbx", TBX_3),
        ("g.tbx", TBX_WITH_STATUS),
        ("g.csv", "chat\tcat\nmatou\tcat\n"),
        ("g.csv", 'source,target,note\nchat,cat,"one,\ntwo"\n"matou","cat\n"\n'),
        ("g.tsv", "chat\tcat\n\u00a0\tx\n\tx\nchien\t\nmatou\tcat\u2028\n"),
    ],
)
def test_terms_are_read_in_the_order_of_the_languages(tmp_path, name, content):
    (tmp_path / name).write_text(content, encoding="utf-8")

    glossary = read_glossary(tmp_path / name, LANGUAGES)

    assert [span.text for span in glossary.spans("un chat, un matou, cat", [])] == ["cat", "cat"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_a_glossary_that_a_spreadsheet_saved_as_unicode_text_is_read(tmp_path, encoding):
    (tmp_path / "g.txt").write_text("été\tsummer\n", encoding=encoding)

    assert [span.text for span in read_glossary(tmp_path / "g.txt", LANGUAGES).spans("un été", [])] == ["summer"]


def test_the_terms_are_those_of_the_source_language(tmp_path):
    (tmp_path / "g.tsv").write_text("işlem\toperation\n", encoding="utf-8")

    glossary = read_glossary(tmp_path / "g.tsv", LanguagesConfig(source="tr", target="en"))

    assert [span.text for span in glossary.spans("İşlem", [])] == ["operation"]


def test_of_two_translations_the_first_counts_and_a_warning_says_so(tmp_path, messages):
    (tmp_path / "g.tsv").write_text("chat\tcat\nchat\tfeline\n")

    glossary = read_glossary(tmp_path / "g.tsv", LANGUAGES)

    assert [span.text for span in glossary.spans("chat", [])] == ["cat"]
    (warning,) = messages.warnings
    assert warning.endswith("g.tsv: 'chat' stands there twice; it becomes 'cat'")


@pytest.mark.parametrize(
    ("name", "content", "code", "message"),
    [
        ("g.tsv", b"chat\tcat\nmatou\n", 65, r"g\.tsv:2: one column"),
        ("g.tsv", b"", 65, "no term in both fr and en"),
        ("g.csv", b'chat,cat\n"matou,cat\n', 65, r"g\.csv:2: a quote .* is never closed"),
        ("g.csv", b'"' + b"a" * 200_000, 65, r"g\.csv:1: a field has more than"),
        ("g.csv", b"a,b\n\xe9t\xe9,summer\n", 65, r"g\.csv:2: not UTF-8; .* iconv"),
        ("g.tsv", "été\tsummer\nhiver\twinter\n".encode("utf-16-le"), 65, r"not UTF-8; try: iconv -f UTF-16LE"),
        ("g.tbx", b"<martif><body>", 65, "is no TBX"),
        ("g.tbx", b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', 65, "is no TBX"),
        ("g.doc", b"x", 2, r"a glossary is a \.tsv, \.csv or \.tbx file"),
        ("missing.tsv", None, 65, "cannot read .*missing.tsv"),
    ],
)
def test_a_glossary_that_cannot_be_used_is_one_line(tmp_path, name, content, code, message):
    if content is not None:
        (tmp_path / name).write_bytes(content)

    with pytest.raises(TfmError, match=message) as caught:
        read_glossary(tmp_path / name, LANGUAGES)

    assert caught.value.exit_code == code
    assert code != 65 or isinstance(caught.value, DataError)
