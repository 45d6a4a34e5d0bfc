from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.corpora import FR_EN, PACKERS, faults, read, sentences, write
from transformer_cli.data.corpora import SentencePair
from transformer_cli.data.corpora.formats.xliff import read_xliff
from transformer_cli.errors import DataError


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def old(*units: str, source: str = "fr", target: str = 'target-language="en-GB"') -> str:
    """XLIFF 1.2."""
    return (
        '<?xml version="1.0"?>\n<xliff version="1.2" xmlns="urn:oasis:names:tc:xliff:document:1.2">'
        f'<file original="a" source-language="{source}" {target} datatype="x"><header><note>no</note></header><body>'
        f"<group id='g'>{''.join(units)}</group></body></file></xliff>"
    )


def new(*segments: str, data: str = "", attributes: str = "") -> str:
    """XLIFF 2."""
    original = f"<originalData>{data}</originalData>" if data else ""
    return (
        '<xliff version="2.0" xmlns="urn:oasis:names:tc:xliff:document:2.0" srcLang="fr-FR" trgLang="en">'
        f'<file id="f"><unit id="u" {attributes}><notes><note>no</note></notes>{original}{"".join(segments)}'
        "</unit></file></xliff>"
    )


def unit(source: str = "un", target: str | None = "one", *, attributes: str = "", state: str = "") -> str:
    translation = "" if target is None else f"<target {state}>{target}</target>"
    other = "<alt-trans><source>no</source><target>no</target></alt-trans><note>no</note>"
    return f"<trans-unit id='1' {attributes}><source>{source}</source>{translation}{other}</trans-unit>"


def segment(source: str = "un", target: str | None = "one", state: str = "") -> str:
    translation = "" if target is None else f"<target>{target}</target>"
    return f"<segment {state}><source>{source}</source>{translation}</segment>"


@pytest.mark.parametrize("suffix", PACKERS)
@pytest.mark.parametrize("kind", [".xlf", ".xliff"])
def test_each_unit_gives_a_pair_that_knows_its_number(suffix, kind):
    write(f"t{kind}{suffix}", old(unit(), unit("deux &amp; trois", "two &#38; three")))

    assert read(f"t{kind}{suffix}") == [
        SentencePair("un", "one", f"t{kind}{suffix}: unit 1"),
        SentencePair("deux & trois", "two & three", f"t{kind}{suffix}: unit 2"),
    ]


@pytest.mark.parametrize(
    ("attributes", "state", "fault"),
    [
        ("", "", None),
        ("", "state='translated'", None),
        ("", "state='final'", None),
        ("approved='no'", "state='signed-off'", None),
        ("", "state='new'", "untranslated"),
        ("", "state='needs-translation'", "untranslated"),
        ("", "state='needs-review-translation'", "needs_review"),
        ("", "state='needs-adaptation'", "needs_review"),
        ("", "state='x-whatever'", "needs_review"),
        ("approved='yes'", "state='needs-review-translation'", None),
        ("", "state='translated' state-qualifier='mt-suggestion'", "needs_review"),
        ("", "state='translated' state-qualifier='exact-match'", None),
        ("", "state='final' state-qualifier='leveraged-mt'", None),
        ("translate='no'", "", "untranslated"),
    ],
)
def test_a_pair_of_the_first_version_is_used_by_its_state(attributes, state, fault):
    write("t.xlf", old(unit(attributes=attributes, state=state)))

    assert [(pair.source, pair.target, pair.fault) for pair in read("t.xlf")] == [("un", "one", fault)]


@pytest.mark.parametrize(
    ("attributes", "state", "fault"),
    [
        ("", "", None),
        ("", "state='translated'", None),
        ("", "state='reviewed'", None),
        ("", "state='final' subState='x:mt'", None),
        ("", "state='initial'", "untranslated"),
        ("", "state='translated' subState='x:machine'", "needs_review"),
        ("translate='no'", "", "untranslated"),
    ],
)
def test_a_pair_of_the_second_version_is_used_by_its_state(attributes, state, fault):
    write("t.xlf", new(segment(state=state), attributes=attributes))

    assert [(pair.source, pair.target, pair.fault) for pair in read("t.xlf")] == [("un", "one", fault)]


@pytest.mark.parametrize("outer", ["<file ", "<group "])
@pytest.mark.parametrize(("attributes", "fault"), [("", "untranslated"), ("translate='yes'", None)])
def test_units_are_not_to_be_translated_if_what_they_stand_in_is_not(outer, attributes, fault):
    first, second = old(unit(attributes=attributes)), new(segment(), attributes=attributes)
    second = second.replace("<unit", "<group ><unit").replace("</unit>", "</unit></group>")
    for name, content in (("t.xlf", first), ("u.xlf", second)):
        write(name, content.replace(outer, f"{outer}translate='no' "))

        assert [pair.fault for pair in read(name)] == [fault]


def test_units_behind_a_group_are_not_in_it():
    content = old(unit()).replace("<group", "<group translate='no'").replace("</group>", f"</group>{unit()}")
    write("t.xlf", content)

    assert [pair.fault for pair in read("t.xlf")] == ["untranslated", None]


@pytest.mark.parametrize("content", [old(unit("a", None), unit("b", " ")), new(segment("a", None), segment("b", " "))])
def test_what_has_no_target_is_untranslated(content):
    write("t.xlf", content)

    assert faults("t.xlf") == [("untranslated", "a", ""), ("untranslated", "b", " ")]


def test_each_segment_of_a_unit_gives_a_pair():
    two = "".join(
        f"<mrk mtype='seg' mid='{number}'>{text}</mrk> " for number, text in enumerate(["un.", "d<g>eu</g>x."])
    )
    segments = f"<seg-source>{two}</seg-source>"
    target = "<mrk mtype='seg' mid='1'>two.</mrk><mrk mtype='seg' mid='0'>o<mrk mtype='term'>n</mrk>e.</mrk>"
    write(
        "t.xlf", old(unit().replace("<target >one</target>", f"{segments}<target>{target}</target>"), unit(two, "both"))
    )
    write("u.xlf", new(segment("un."), "<ignorable><source> </source></ignorable>", segment("deux.", "two.")))

    assert sentences("t.xlf") == [("un.", "one."), ("deux.", "two."), ("un. deux. ", "both")]
    assert sentences("u.xlf") == [("un.", "one"), ("deux.", "two.")]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("a <g id='1'>b <mrk mtype='term'>c</mrk></g>", "a b c"),
        ("a<x id='1' ctype='lb'/>b<x id='2' ctype='x-html-br'/>c<x id='3'/>d<bx id='4'/>e<ex id='4'/>.", "a b c de."),
        ("<x id='1' equiv-text='{{name}}'/> a<x id='2' equiv-text='&lt;img/&gt;'/>b", "{{name}} a b"),
        ("<ph id='1'>%s</ph> a<bpt id='2'>&lt;i></bpt>b<ept id='2'>&lt;/i></ept><it id='3' pos='open'>[</it>", "%s ab"),
    ],
)
def test_codes_of_the_first_version_are_read_as_what_they_stand_for(content, text):
    write("t.xlf", old(unit(content, "x")))

    assert sentences("t.xlf") == [(text, "x")]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("a <pc id='1' dataRefStart='b'>b</pc><sc id='2' dataRef='b'/>c<ec startRef='2' dataRef='b'/>", "a bc"),
        ("a<ph id='1' dataRef='l'/>b<ph id='2' type='fmt' subType='xlf:lb'/>c<ph id='3' disp='%d'/>", "a b c%d"),
        ("<ph id='1' dataRef='p'/> a <mrk id='m' type='term'>b</mrk><sm id='n'/>c<em startRef='n'/>", "{0} a bc"),
    ],
)
def test_codes_of_the_second_version_are_read_as_what_they_stand_for(content, text):
    data = "<data id='b'>&lt;b></data><data id='l'>&lt;br></data><data id='p'>{0}</data>"
    write("t.xlf", new(segment(content, "x"), data=data))

    assert sentences("t.xlf") == [(text, "x")]


def test_a_character_that_xml_forbids_costs_its_unit():
    write("t.xlf", old(unit(), unit("a&#11;b", "x")))
    write("u.xlf", new(segment(), segment("a<cp hex='000B'/>b", "x")))

    for name in ("t.xlf", "u.xlf"):
        assert sentences(name) == [("un", "one")]
        assert faults(name) == [("forbidden_character", "a\ufffdb", "x")]


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ("fr", 'target-language="en-GB"', ("un", "one")),
        ("fr-CA", "", ("un", "one")),
        ("en", 'target-language="fr"', ("one", "un")),
        ("en-US", "", ("one", "un")),
    ],
)
def test_the_languages_of_the_file_tell_which_side_is_the_source(source, target, expected):
    write("t.xlf", old(unit(), source=source, target=target))

    assert sentences("t.xlf") == [expected]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (old(unit(), source="de"), r"no part translates from fr into en or back, but from de into en-GB; set "),
        (old(unit(), source="de", target=""), r"no part translates from fr into en or back, but from de; set "),
        (old(unit())[:-30], r"not well-formed XML in or after unit 1 \(.*\); the file is cut short; "),
        ("<tmx/>", r"the root element is <tmx>, not <xliff>; "),
    ],
)
def test_what_is_broken_or_in_other_languages_is_refused(content, message):
    write("t.xlf", content)

    with pytest.raises(DataError, match=rf"^t\.xlf(:\d+)?: {message}"):
        read("t.xlf")


texts = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufdd0\ufdd1\ufffe\uffff")
    | st.sampled_from("\n<&")
)


@given(st.lists(st.tuples(texts, texts), min_size=1))
def test_whatever_another_program_writes_is_read_back(tmp_path_factory, pairs):
    space = "urn:oasis:names:tc:xliff:document:1.2"  # ElementTree gives it a prefix
    root = ET.Element(f"{{{space}}}xliff", version="1.2")
    file = ET.SubElement(root, f"{{{space}}}file", {"source-language": "fr", "target-language": "en"})
    for pair in pairs:
        element = ET.SubElement(file, f"{{{space}}}trans-unit")
        for name, text in zip(("source", "target"), pair, strict=True):
            ET.SubElement(element, f"{{{space}}}{name}").text = text
    path = tmp_path_factory.mktemp("xliff") / "t.xlf"
    ET.ElementTree(root).write(path, encoding="utf-8")

    assert [(pair.source, pair.target) for pair in read_xliff(path, FR_EN)] == pairs
