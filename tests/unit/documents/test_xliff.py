from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.documents import FR_EN, translate, unchanged
from transformer_cli.documents.document import Task
from transformer_cli.errors import DataError

XLIFF_1 = """\
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE xliff PUBLIC "-//XLIFF//DTD XLIFF//EN" "http://www.oasis-open.org/xliff.dtd">
<!-- a comment: <source>not this</source> -->
<xliff version='1.2' xmlns="urn:oasis:names:tc:xliff:document:1.2" >
  <file original="a" source-language="fr-FR" target-language='en' datatype="plaintext">
    <body>
\t<group id="g"><trans-unit id="1"   approved = "no">
\t  <source>Le <g id="1">chat &amp; l&#x2019;eau</g>, <x id="2"/> ici</source>
\t  <note>le chien</note>
\t  <alt-trans><source>le lit</source><target>the bed</target></alt-trans>
\t</trans-unit></group>
      <trans-unit id="2"><source>fini</source><target state="final">done &gt; <![CDATA[<b>]]></target></trans-unit>
      <trans-unit id="3"><source>copie</source><target  state="new"  xml:lang="en">copie</target></trans-unit>
      <trans-unit id="4" translate="no"><source>jamais</source></trans-unit>
      <group translate="no"><trans-unit id="5"><source>non plus</source></trans-unit></group>
      <trans-unit id="6"><source>vide</source><target/></trans-unit>
      <trans-unit id="7"><source>Un. Deux.</source>
        <seg-source><mrk mtype="seg" mid="0">Un.</mrk> <mrk mtype="seg" mid="1">Deux.</mrk></seg-source></trans-unit>
      <trans-unit id="8"><source> </source></trans-unit>
      <trans-unit id="9">
      <source><mrk mtype="protected">nom</mrk> dit <bpt id="1">{b}</bpt>oui<ept id="1">{/b}</ept></source></trans-unit>
    </body>
  </file>
</xliff>
"""
XLIFF_2 = """\
<xliff xmlns="urn:oasis:names:tc:xliff:document:2.0" version="2.1" srcLang="fr"  >
 <file id="f"><unit id="1">
   <segment id="s1"><source>Le <pc id="1">chat</pc> <ph id="2"/> dort</source></segment>
   <ignorable><source> </source></ignorable>
   <segment id="s2" state="reviewed"><source>fini</source><target>done</target></segment>
   <m:matches xmlns:m="urn:oasis:names:tc:xliff:matches:2.0"><m:match><source>le lit</source></m:match></m:matches>
 </unit><unit id="2" translate="no"><segment><source>jamais</source></segment></unit></file>
</xliff>
"""


def targets(data: bytes) -> list[str]:
    """Return every target as another parser sees it."""
    found = [element for element in ET.fromstring(data).iter() if element.tag.endswith("}target")]
    return ["".join(element.itertext()) for element in found]


@pytest.mark.parametrize("document", [XLIFF_1, XLIFF_2])
@pytest.mark.parametrize("form", ["plain", "carriage returns", "mark", "UTF-16"])
def test_a_file_read_and_written_is_the_same_in_every_byte(document, form):
    data = {
        "plain": document.encode(),
        "carriage returns": document.replace("\n", "\r\n").encode(),
        "mark": b"\xef\xbb\xbf" + document.encode(),
        "UTF-16": document.replace("UTF-8", "UTF-16").encode("utf-16"),
    }[form]

    assert unchanged(data, "xliff") == data
    changed = translate(data, "xliff", str.upper)
    assert translate(changed, "xliff", str.lower) == changed
    assert changed != data
    if form == "carriage returns":
        assert changed.count(b"\r\n") == changed.count(b"\n")


@pytest.mark.parametrize(("is_final", "approved"), [(False, ["yes", "no", "no"]), (True, ["yes", "yes", "yes"])])
def test_what_a_machine_has_translated_is_no_longer_approved(is_final, approved):
    units = """
<trans-unit id="1" approved="yes"><source>fini</source><target state="final">done</target></trans-unit>
<trans-unit id="2" approved="yes"><source>vide</source><target/></trans-unit>
<trans-unit id="3" approved="yes"><source>un deux</source>
<seg-source><mrk mtype="seg" mid="0">un</mrk> <mrk mtype="seg" mid="1">deux</mrk></seg-source>
<target><mrk mtype="seg" mid="0">one</mrk> <mrk mtype="seg" mid="1"/></target></trans-unit>
"""
    data = f'<xliff version="1.2"><file source-language="fr"><body>{units}</body></file></xliff>'.encode()

    found = ET.fromstring(translate(data, "xliff", str.upper, task=replace(FR_EN, is_final=is_final)))

    assert [unit.get("approved") for unit in found.iter("trans-unit")] == approved
    assert ["".join(each.itertext()) for each in found.iter("target")] == ["done", "VIDE", "one DEUX"]


def test_targets_are_filled_and_nothing_else_changes():
    expected = XLIFF_1
    state = 'state="needs-review-translation"'
    for old, new in [
        (
            "ici</source>\n\t",
            f'ici</source>\n\t  <target {state}>LE <g id="1">CHAT &amp; L\u2019EAU</g>, <x id="2"/> ICI</target>\n\t',
        ),
        ('<target  state="new"  xml:lang="en">copie<', f'<target  {state}  xml:lang="en">COPIE<'),
        ("<target/>", f"<target {state}>VIDE</target>"),
        (
            "Deux.</mrk></seg-source>",
            f'Deux.</mrk></seg-source>\n        <target {state}><mrk mtype="seg" mid="0">UN.</mrk> '
            '<mrk mtype="seg" mid="1">DEUX.</mrk></target>',
        ),
        (
            "{/b}</ept></source>",
            f'{{/b}}</ept></source>\n      <target {state}><mrk mtype="protected">nom</mrk> DIT '
            '<bpt id="1">{b}</bpt>OUI<ept id="1">{/b}</ept></target>',
        ),
    ]:
        assert old in expected
        expected = expected.replace(old, new)

    assert translate(XLIFF_1.encode(), "xliff", str.upper).decode() == expected


def test_segments_of_version_2_get_targets_states_and_the_file_its_language():
    expected = (
        XLIFF_2.replace('srcLang="fr"  >', 'srcLang="fr" trgLang="en">')
        .replace('<segment id="s1">', '<segment id="s1" state="translated" subState="tfm:machine">')
        .replace("dort</source>", 'dort</source><target>LE <pc id="1">CHAT</pc> <ph id="2"/> DORT</target>')
    )

    assert translate(XLIFF_2.encode(), "xliff", str.upper).decode() == expected
    final = translate(XLIFF_2.encode(), "xliff", str.upper, task=Task("fr", "en", is_final=True)).decode()
    assert final == expected.replace(' subState="tfm:machine"', "")


def test_all_replaces_what_is_there():
    changed = translate(XLIFF_1.encode(), "xliff", str.upper, replace_all=True)

    assert "FINI" in targets(changed)
    assert "done" not in changed.decode()


@given(st.text(max_size=30))
def test_any_answer_leaves_well_formed_xml_with_all_codes(answer):
    changed = translate(XLIFF_1.encode(), "xliff", lambda _: answer)

    root = ET.fromstring(changed)
    codes = [element.tag.rpartition("}")[2] for element in root.iter()]
    assert [codes.count(name) for name in ("g", "x", "bpt", "ept")] == [2, 2, 2, 2]


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (XLIFF_1[:-30], "line 2[0-9]: not well-formed"),
        (XLIFF_1.replace("</g>", ""), "line 8: not well-formed"),
        ("", "line 1: not well-formed"),
        ("<html/>", "line 1: the root element"),
        ('<!DOCTYPE a [<!ENTITY b "c"><!ENTITY d "&b;&b;">]><xliff>&d;</xliff>', "line 1: declares an entity"),
        ('<!DOCTYPE a [<!ENTITY b SYSTEM "/etc/passwd">]><xliff>&b;</xliff>', "line 1: declares an entity"),
        ("<xliff>" + "<group>" * 300, "line 1: more than 200"),
        (XLIFF_1.replace("fr-FR", "de"), "the file has de to en"),
        (XLIFF_2.replace("srcLang", "trgLang"), "the file has an unnamed language to fr, the model fr to en; "),
    ],
)
def test_what_is_no_exchange_file_of_these_languages_is_refused(damage, message):
    with pytest.raises(DataError, match=message):
        translate(damage.encode(), "xliff", task=FR_EN)


def test_bytes_that_are_not_what_the_declaration_says_are_refused():
    with pytest.raises(DataError, match="line 8: not UTF-8"):
        translate(XLIFF_1.replace("ici", "où").encode("latin-1"), "xliff")
    with pytest.raises(DataError, match="the encoding x-none is not known"):
        translate(XLIFF_1.replace("UTF-8", "x-none").encode(), "xliff")


def test_characters_that_the_encoding_lacks_are_written_as_references():
    data = XLIFF_1.replace("UTF-8", "ISO-8859-1").encode("latin-1")

    changed = translate(data, "xliff", lambda text: text.replace("vide", "空"))

    assert "空" in targets(changed)
    assert b"&#31354;" in changed


UNIT = """\
<xliff version="1.2" xmlns="urn:oasis:names:tc:xliff:document:1.2"><file source-language="fr" target-language="en">\
<body><trans-unit id="1">\
<source>Un. Deux.</source>\
<seg-source><mrk mtype="seg" mid="1">Un.</mrk> <mrk mtype="seg" mid="2">Deux.</mrk></seg-source>{}</trans-unit></body>\
</file></xliff>"""


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ('<target><mrk mtype="seg" mid="1"></mrk><mrk mtype="seg" mid="2"/></target>', "UN. DEUX."),
        ('<target><mrk mtype="seg" mid="1"/> <mrk mtype="seg" mid="2">Two <x id="1"/></mrk></target>', "UN. Two "),
        ('<target><mrk mtype="seg" mid="1">One.</mrk> <mrk mtype="seg" mid="2"/></target>', "One. DEUX."),
        ('<target><g id="1"></g></target>', "UN. DEUX."),
        ('<target state="final"><x id="1"/></target>', ""),
        ('<target state="final"></target>', ""),
        ('<target><mrk mtype="seg" mid="1">One.</mrk> <mrk mtype="seg" mid="2">Two.</mrk></target>', "One. Two."),
        ("<target>Both.</target>", "Both."),
        ('<target><mrk mtype="seg" mid="2" x="y">Two.</mrk>|<mrk mtype="seg" mid="1"/></target>', "Two.|UN."),
    ],
)
def test_segments_that_are_empty_are_translated_and_the_others_stay(target, expected):
    data = UNIT.format(target).encode()

    assert unchanged(data, "xliff") == data
    new = translate(data, "xliff", str.upper)
    assert targets(new) == [expected]
    assert [new.count(kept) for kept in (b'<x id="1"/>', b'x="y"')] == [
        data.count(kept) for kept in (b'<x id="1"/>', b'x="y"')
    ]
    (everything,) = targets(translate(data, "xliff", str.upper, replace_all=True))
    assert {"UN.", "DEUX."} <= {*everything.replace("|", " ").split()}


@pytest.mark.parametrize("element", ["<xliff", "<file", "<body", "<trans-unit", "<source", "<unit"])
def test_lines_are_kept_where_an_element_around_them_says_so(element):
    source = "<source>un.\ndeux.</source>"
    page = (
        f"<xliff version='2.0' srcLang='fr'><file id='f'><unit id='1'><segment>{source}</segment></unit></file></xliff>"
        if element == "<unit"
        else f"<xliff version='1.2'><file><body><trans-unit id='1'>{source}</trans-unit></body></file></xliff>"
    )

    flowing = translate(page.encode(), "xliff", str.upper)
    kept = translate(page.replace(element, f"{element} xml:space='preserve'").encode(), "xliff", str.upper)

    assert ET.fromstring(flowing).findtext(".//target") == "UN. DEUX."
    assert ET.fromstring(kept).findtext(".//target") == "UN.\nDEUX."


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (
            'le <sm id="1" translate="no"/>lit <pc id="2">blanc</pc> &#x62;<em startRef="1"/> est ici',
            'LE <sm id="1" translate="no"/>lit <pc id="2">blanc</pc> &#x62;<em startRef="1"/> EST ICI',
        ),
        (
            '<pc id="3">le <sm id="1" translate="no"/>lit<em startRef="1"/> est</pc> ici',
            '<pc id="3">LE <sm id="1" translate="no"/>lit<em startRef="1"/> EST</pc> ICI',
        ),
        (
            'le <sm id="1" translate="yes"/>lit<em startRef="1"/>',
            'LE <sm id="1" translate="yes"/>LIT<em startRef="1"/>',
        ),
        ('le <sm id="1" translate="no"/>lit', 'LE <sm id="1" translate="no"/>LIT'),
    ],
)
def test_what_two_marks_protect_is_not_translated(source, expected):
    segment = f"<segment><source>{source}</source></segment>"
    page = f"<xliff version='2.0' srcLang='fr' trgLang='en'><file id='f'><unit id='1'>{segment}</unit></file></xliff>"

    translated = translate(page.encode(), "xliff", str.upper).decode()

    assert f"<target>{expected}</target>" in translated
