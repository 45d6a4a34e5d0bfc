from __future__ import annotations

import tracemalloc
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.corpora import FR_EN, PACKERS, read, sentences, write
from transformer_cli.config import LanguagesConfig
from transformer_cli.data.corpora import SentencePair
from transformer_cli.data.corpora.formats.tmx import read_tmx
from transformer_cli.errors import DataError

DOCTYPE = '<!DOCTYPE tmx SYSTEM "tmx14.dtd">'


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def variant(language: str, text: str, attribute: str = "xml:lang") -> str:
    return f'<tuv {attribute}="{language}"><prop type="x">no</prop>\n<seg>{text}</seg></tuv>'


def unit(*variants: str) -> str:
    return f"<tu tuid='7'><note>no <b>text</b></note>{''.join(variants)}</tu>\n"


def memory(*units: str, doctype: str = DOCTYPE) -> str:
    header = '<header srclang="fr" segtype="sentence"><note>no</note></header>'
    return f'<?xml version="1.0"?>\n{doctype}\n<tmx version="1.4">{header}<body>\n{"".join(units)}</body></tmx>\n'


UN = unit(variant("fr", "un"), variant("en", "one"))


@pytest.mark.parametrize("suffix", PACKERS)
def test_each_unit_gives_a_pair_that_knows_its_number(suffix):
    other = unit(variant("de", "drei"), variant("en", "three"))
    write(f"t.tmx{suffix}", memory(UN, other, unit(variant("en", "two &amp; &lt;2&gt;"), variant("fr", "d&#233;ux"))))

    assert read(f"t.tmx{suffix}") == [
        SentencePair("un", "one", f"t.tmx{suffix}: unit 1"),
        SentencePair("déux", "two & <2>", f"t.tmx{suffix}: unit 3"),
    ]


@pytest.mark.parametrize(
    ("of_unit", "of_variant", "fault"),
    [
        ("", 'creationid="MT!"', "needs_review"),
        ('creationid="MT!"', "", "needs_review"),
        ('creationid="anna"', 'creationid="MT!"', "needs_review"),
        ("", 'creationid="MT!" changeid="anna"', None),
        ("", 'creationid="anna" changeid="MT!"', "needs_review"),
        ('creationid="anna"', 'creationid="MT"', None),
    ],
)
@pytest.mark.parametrize("languages", [("fr", "en"), ("en", "fr")])
def test_what_only_a_machine_has_written_needs_review(of_unit, of_variant, fault, languages):
    first, second = languages
    text = f"<tuv xml:lang='{second}' {of_variant}><seg>one</seg></tuv>{variant(first, 'un')}"
    write("t.tmx", memory(f"<tu {of_unit}>{text}{variant('de', 'eins')}</tu>", UN))

    assert [pair.fault for pair in read("t.tmx")] == [fault, None]


@pytest.mark.parametrize(
    ("variants", "expected"),
    [
        ([("fr-FR", "un"), ("EN-us", "one")], ("un", "one")),
        ([("fr_CA", "ca"), ("fr-FR", "fr"), ("en-GB", "one")], ("ca", "one")),
        ([("fr-CA", "ca"), ("en-GB", "gb"), ("FR", "un"), ("en", "one")], ("un", "one")),
        ([("fr", "un"), ("fr", "une"), ("en", "one")], ("un", "one")),
        ([("fre", "un"), ("de", "ein"), ("eng-GB", "one")], ("un", "one")),
        ([("fro", "viez"), ("fr", "un"), ("de", "ein"), ("en", "one")], ("un", "one")),
    ],
)
def test_regions_are_matched_and_the_very_language_is_preferred(variants, expected):
    write("t.tmx", memory(unit(*(variant(*each) for each in variants))))

    assert sentences("t.tmx") == [expected]


def test_another_region_than_the_recipe_names_is_another_language():
    write(
        "t.tmx",
        memory(
            unit(variant("pt-PT", "a"), variant("pt-BR", "b"), variant("en", "c")),
            unit(variant("pt", "d"), variant("en", "e")),
            unit(variant("pt-PT", "f"), variant("en", "g")),
        ),
    )

    assert sentences("t.tmx", LanguagesConfig(source="pt-BR", target="en")) == [("b", "c"), ("d", "e")]


def test_the_older_attribute_names_the_language_as_well():
    write("t.tmx", memory(unit(variant("fr", "un", "lang"), variant("en", "one", "lang"))))

    assert sentences("t.tmx") == [("un", "one")]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("a <hi type='x'>b <hi>c</hi></hi> d", "a b c d"),
        ("a <bpt i='1'>&lt;b&gt;</bpt>b<ept i='1'>&lt;/b&gt;</ept> c", "a b c"),
        ("a<it pos='begin'>{\\i</it>b<ut>x</ut>c", "abc"),
        ("a<ph>{<sub>a note with <ph>&lt;i&gt;</ph><hi>weight</hi></sub>}</ph> b", "a a note with weight  b"),
        # what stands for a break, a tab or a picture
        ("a<ph type='lb'>x</ph>b<ph>&lt;br/&gt;</ph>c<it pos='begin'>&lt;tab/&gt;</it>d", "a b c d"),
        ("a<ut>\\par </ut>b<ph>\\n</ph>c<ph> </ph>d<ph>&lt;w:br w:type='page'/&gt;</ph>e", "a b c d e"),
        (
            "a<bpt i='1'>&lt;td class='x'&gt;</bpt>b<ept i='1'>&lt;/td&gt;</ept>c<ph>&lt;img src='x'&gt;</ph>d",
            "a b c d",
        ),
        # what may stand for one separates words, and nothing else
        ("a<ph/>b <ph x='1'>&lt;x0/&gt;</ph>c<ph/>.<ph>&lt;span/&gt;</ph><ph/>d", "a b c.d"),
        ("H<ph>&lt;sub&gt;</ph>2<ph>&lt;/sub&gt;</ph>O, th<bpt i='1'/>ere<ept i='1'/>fore", "H2O, therefore"),
        # what is text itself
        ("<ph>{0}</ph> of <ph>%d</ph>, <ph>%1$s</ph><ph>{{name}}</ph><ph>${x}</ph>", "{0} of %d, %1$s{{name}}${x}"),
        ("a<ph>&amp;nbsp;</ph>b<ph>&amp;#8209;</ph>c", "a\u00a0b\u2011c"),
        ("a<unknown>b</unknown>c<!-- d --><?e?>f<![CDATA[<g>]]>", "abcf<g>"),
        ("\n  a\tb\n  ", "\n  a\tb\n  "),
        ("", ""),
    ],
)
def test_inline_elements_go_and_their_text_stays_where_it_is_text(content, text):
    write("t.tmx", memory(unit(variant("fr", content), variant("en", "x"))))

    assert sentences("t.tmx") == [(text, "x")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1", "windows-1252"])
def test_the_declared_encoding_is_followed(encoding):
    content = memory(unit(variant("fr", "été"), variant("en", "summer")))
    write("t.tmx", content.replace('"1.0"', f'"1.0" encoding="{encoding}"', 1).encode(encoding))

    assert sentences("t.tmx") == [("été", "summer")]


def test_the_dtd_that_a_file_names_is_never_read():
    write("tmx14.dtd", "<!ENTITY a 'un'> this is no DTD")
    write(
        "t.tmx",
        memory(
            UN, doctype=f'<!DOCTYPE tmx PUBLIC "-//LISA OSCAR:1998//DTD for TMX//EN" "{Path("tmx14.dtd").resolve()}">'
        ),
    )

    assert sentences("t.tmx") == [("un", "one")]


# What costs its unit


@pytest.mark.parametrize(
    "character", ["&#11;", "&#x0B;", "&#x0;", "&#xFFFF;", "&#xD800;", "&#x110000;", "\x0b", "\x00"]
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_character_that_xml_forbids_costs_its_unit(character, encoding):
    bad = unit(variant("fr", f"a{character}b"), variant("en", "c"))
    elsewhere = unit(f"<note>{character}</note>", variant("fr", "un"), variant("en", "one"))
    content = memory(UN, bad, elsewhere, unit(variant("fr", "&#9;&#x1F600;"), variant("en", "\U0001f600")))
    write("t.tmx", content.replace('"1.0"', f'"1.0" encoding="{encoding}"', 1).encode(encoding))

    one = SentencePair("un", "one", "t.tmx: unit 1")
    assert read("t.tmx") == [
        one,
        SentencePair("a\ufffdb", "c", "t.tmx: unit 2", fault="forbidden_character"),
        replace(one, place="t.tmx: unit 3"),
        SentencePair("\t\U0001f600", "\U0001f600", "t.tmx: unit 4"),
    ]


@pytest.mark.parametrize("length", range(65_518, 65_537))
def test_a_reference_is_read_whole_wherever_a_part_of_the_file_ends(length):
    content = memory(UN, unit(variant("fr", "a&#x1F600;&#11;b"), variant("en", "c")))
    write("t.tmx", content.replace("<body>", f"<body><!--{'x' * (length - content.index('&'))}-->"))

    assert [pair.source for pair in read("t.tmx")] == ["un", "a\U0001f600\ufffdb"]


def test_bytes_of_another_encoding_cost_their_unit():
    write("t.tmx", memory(UN, "@", UN).encode().replace(b"@", UN.encode().replace(b"un", b"\xe9t\xe9")))

    assert [(pair.source, pair.is_utf8) for pair in read("t.tmx")] == [
        ("un", True),
        ("\ufffdt\ufffd", False),
        ("un", True),
    ]


# What is refused


@pytest.mark.parametrize(
    ("declared", "actual", "message"),
    [
        ("utf-8", "windows-1252", r"t\.tmx: 2 of 3 units hold bytes that are not UTF-8, the encoding .*windows-1252"),
        ("utf-16", "utf-8", r"t\.tmx:1: declares utf-16, but its bytes are not utf-16; .* sed -i '1s/utf-16/UTF-8/' t"),
        ("windows-1252", "utf-8", r"t\.tmx:1: declares windows-1252, but is UTF-8; correct its first line"),
        ("utf-9", "utf-8", r't\.tmx:1: declares the encoding "utf-9", which is unknown; '),
        ("hex", "utf-8", r't\.tmx:1: declares the encoding "hex", which is unknown; '),
    ],
)
def test_a_wrong_declaration_is_told_from_a_cut_file(declared, actual, message):
    content = memory(UN, *[unit(variant("fr", "été"), variant("en", "summer"))] * 2)
    write("t.tmx", content.replace('"1.0"', f'"1.0" encoding="{declared}"', 1).encode(actual))

    with pytest.raises(DataError, match=f"^{message}"):
        read("t.tmx")


BOMB = (
    "<!DOCTYPE tmx ["
    + '<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {name} "{10 * f"&{before};"}">' for before, name in zip("abcdefgh", "bcdefghi", strict=True))
    + "]>"
)
READS_A_FILE = '<!DOCTYPE tmx [<!ENTITY i SYSTEM "file:///etc/hostname">]>'
READS_A_DTD = '<!DOCTYPE tmx [<!ENTITY % x SYSTEM "file:///etc/hostname"> %x;]>'


@pytest.mark.parametrize("doctype", [BOMB, READS_A_FILE, READS_A_DTD], ids=["bomb", "file", "dtd"])
def test_a_file_that_declares_entities_is_refused(doctype):
    write(
        "t.tmx",
        memory(UN, unit(variant("fr", "&i;" if "ENTITY i" in doctype else "x"), variant("en", "x")), doctype=doctype),
    )

    with pytest.raises(DataError) as caught:
        read("t.tmx")
    assert str(caught.value) == (
        "t.tmx:2: declares an entity, which can fill the memory or read other files; export it without entities"
    )


def test_an_entity_of_a_dtd_that_is_not_read_is_refused_and_not_left_out():
    write("t.tmx", memory(UN, unit(variant("fr", "caf&eacute;"), variant("en", "coffee"))))

    with pytest.raises(DataError, match=r"^t\.tmx: unit 2: the entity &eacute; is defined elsewhere; "):
        read("t.tmx")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (memory(UN, UN, UN)[:-40], r"t\.tmx:12: not well-formed XML in or after unit 3 \(.*\); the file is cut short"),
        (
            memory(UN, UN.replace("</seg>", "")),
            r"t\.tmx:8: not well-formed XML in or after unit 2 \(mismatched tag\); the file is damaged there; mend",
        ),
        (memory(UN, "<tu>&</tu>"), r"t\.tmx:7: not well-formed XML in or after unit 2 "),
        ("", r"t\.tmx:1: not well-formed XML in or after unit 0 \(no element found\); "),
        ("no XML", r"t\.tmx:1: not well-formed XML in or after unit 0 "),
        ("<xliff/>", r"t\.tmx: the root element is <xliff>, not <tmx>; "),
        (
            memory(unit(variant("de", "eins"), variant("en", "one"))),
            r"t\.tmx: no unit has both fr and en, the languages there are de, en; set \[languages\] to two of them$",
        ),
        (
            memory("<tu><tuv><seg>un</seg></tuv></tu>"),
            r"t\.tmx: no unit has both fr and en, the languages there are none; ",
        ),
    ],
)
def test_what_is_broken_or_no_memory_of_these_languages_is_refused(content, message):
    write("t.tmx", content)

    with pytest.raises(DataError, match=f"^{message}"):
        read("t.tmx")


def test_the_pairs_before_a_break_come_out_first():
    write("t.tmx", memory(*[UN] * 5000)[:-100])

    pairs = read_tmx(Path("t.tmx"), FR_EN)

    assert next(pairs).source == "un"
    with pytest.raises(DataError, match=r"in or after unit 5000 "):
        list(pairs)


def test_an_empty_memory_holds_no_pairs():
    write("t.tmx", memory())

    assert read("t.tmx") == []


# Any text, any size

# XML holds neither most controls nor U+FFFE, and makes a line feed of a carriage return.
texts = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufdd0\ufdd1\ufffe\uffff")
    | st.sampled_from("\n\t<>&")
)


@given(st.lists(st.tuples(texts, texts)))
def test_whatever_is_written_as_tmx_is_read_back(tmp_path_factory, pairs):
    root = ET.Element("tmx", version="1.4")
    body = ET.SubElement(root, "body")
    for pair in pairs:
        tu = ET.SubElement(body, "tu")
        for language, text in zip(("fr", "en"), pair, strict=True):
            tuv = ET.SubElement(tu, "tuv", {"xml:lang": language})
            ET.SubElement(tuv, "seg").text = text
    path = tmp_path_factory.mktemp("tmx") / "t.tmx"
    ET.ElementTree(root).write(path, encoding="utf-8")

    assert [(pair.source, pair.target) for pair in read_tmx(path, FR_EN)] == pairs


def test_memory_does_not_grow_with_the_file():
    long_unit = unit(variant("fr", "mot " * 200), variant("en", "word " * 200))
    write("t.tmx", memory(*[long_unit] * 10_500))
    assert Path("t.tmx").stat().st_size > 20_000_000

    tracemalloc.start()
    try:
        pairs = sum(1 for _ in read_tmx(Path("t.tmx"), FR_EN))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert pairs == 10_500
    assert peak < 5_000_000  # all that is read would be 20 MB, and a tree of it several times that
