from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from transformer_cli.decoding.placeholders.insertion import insert
from transformer_cli.decoding.placeholders.required import Placeholder, Required
from transformer_cli.text.normalization import normalize
from transformer_cli.text.protected import placeholder_spans

WORDS = st.sampled_from(["le", "chat", "l’eau", "(noir)", "dort,", "«", "24", "100%", "東京都へ", "ไทย", "50", "%"])
PLACEHOLDERS = st.sampled_from(
    [
        *["%s", "%(n)d", "%1$s", "%-5.2f", "%%", "{name}", "{0}", "{x:>3}", "{}", "${x}", "{{x}}", "{{ x }}", "$HOME"],
        *[
            "<b>",
            "</b>",
            "<i>",
            "</i>",
            "<br/>",
            '<a href="x y">',
            "</a>",
            "&nbsp;",
            "&#160;",
            "{% if x %}",
            "%1",
            "%n",
        ],
        *[
            "https://example.org/a?b=1",
            "www.example.org",
            "a.b@example.org",
            "/usr/bin/x",
            "~/x",
            "`x = 1`",
            "``None``",
        ],
        *[":func:`print`", "{n, plural, one{# file} other{# files}}"],
    ]
)
GLUE = st.sampled_from([" ", " ", " ", "", ", ", "(", ")", "/", "'", "{", "}"])


@st.composite
def lines(draw):
    """Lines of words and placeholders, with and without spaces between."""
    parts = draw(st.lists(st.one_of(WORDS, PLACEHOLDERS), max_size=8))
    return normalize("".join(part + draw(GLUE) for part in parts))


# What a hostile decoder returns: anything that is one line.
HOSTILE = st.one_of(lines(), st.text(st.characters(codec="utf-8"), max_size=30).map(normalize))
LINKS = st.none() | st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=12)


def required_of(source: str) -> Required:
    required = Required.of(source)
    assert required is not None
    return required


@given(lines(), HOSTILE, LINKS)
@example("<b> </b> le <b> le", "0", None)
@example("%%(n)d %(n)d", "", None)
@example('chat chat </a>le<a href="x y">(le lele', "le le le", None)
@example("le %s %sle ~/x~/x %1%1", "", None)
def test_each_placeholder_comes_out_as_often_as_it_went_in_whatever_the_decoder_says(source, translation, links):
    required = Required.of(source)
    if required is None:
        return

    text = insert(required, translation, links).text

    assert required.is_met(text), required.missing(text)
    assert text == normalize(text)
    # Counted once more without `Required`; longer placeholders may contain shorter ones.
    for start, end, _ in placeholder_spans(source):
        assert source[start:end] in text
    assert len(text) >= sum(end - start for start, end, _ in placeholder_spans(source))


@given(st.lists(st.sampled_from(["le", "chat", "dort,", "24"]), min_size=1, max_size=6), lines(), LINKS)
def test_no_word_is_lost_or_cut_and_each_is_found_again(words, source, links):
    required = Required.of(source)
    if required is None:
        return

    inserted = insert(required, " ".join(words), links)

    found = inserted.text.split(" ")
    assert all(
        place is not None and word.strip(",") in found[place] for word, place in zip(words, inserted.words, strict=True)
    )
    assert all(a is not None and b is not None and a <= b for a, b in pairwise(inserted.words))
    assert all(0 <= j < len(found) for _, j in inserted.moved(links or []))


@given(lines())
def test_a_source_has_what_it_requires(source):
    required = Required.of(source)

    assert required is None or required.is_met(source)


@pytest.mark.parametrize(
    ("source", "translation"),
    [
        ("%s files", "fichiers %s"),
        ("%s and %s", "%s et %s"),
        ("see http://a.org.", "voir http://a.org !"),
        ("{x} and {{x}}", "{{x}} et {x}"),
        ("the <b>red</b> house", "la maison <b>rouge</b>"),
        ("%s files", "%s个文件"),
        ("%s files", "0%s"),
        ("5%s of %d", "%d de 5%s"),
        ("%d left", "%d : 50% de moins"),
        ("{x}{y}", "{y}{x}"),
        ("{x}} of {y}", "{x}} de {y}"),
        ("{x}} of {y}", "{x} de {y}"),
    ],
)
def test_a_translation_that_has_all_is_accepted(source, translation):
    assert required_of(source).is_met(translation)


@pytest.mark.parametrize(
    ("source", "translation", "missing"),
    [
        ("%s files", "fichiers", ("%s",)),
        ("%s files", "%s de %s", ("%s",)),
        ("%(name)s", "% (name) s", ("%(name)s",)),
        ("see http://a.org", "voir http://a.org/b", ("http://a.org", "http://a.org/b")),
        ("{x}", "{{x}}", ("{x}", "{{x}}")),
        ("%1 of %2", "%1 sur %10", ("%2",)),
        ("%s files", "fichiers %%s", ("%s", "%%")),
        ("`x`", "``x``", ("`x`", "``x``")),
        ("a <b>b</b>", "</b>a <b>", ()),
        ("<b>a <i>b</i></b>", "<b>a <i>b</b></i>", ()),
        ("%s", "{name} %s", ("{name}",)),
        ("open {name}", "ouvrir {name}}}", ("{name}", "{name}}}")),
        ("{x} of {y}", "{{x} de {y}", ("{x}", "{{x}")),
    ],
)
def test_what_is_missing_doubled_invented_or_badly_nested_is_found(source, translation, missing):
    required = required_of(source)

    assert not required.is_met(translation)
    assert required.missing(translation) == missing


@pytest.mark.parametrize(
    ("source", "translation"),
    [
        ("5% more", "%5'ten"),
        ("5 percent of %s", "%s: %5'i"),
        ("20% of it", "%20a da"),
        ("\u0665\u066a", "%5"),
        ("5% of it", "5%-a"),
        ("20% of it", "20%-dən"),
        ("20% of it, 5", "20%e, 5%i"),
    ],
)
def test_a_percentage_with_a_number_of_the_source_is_no_placeholder(source, translation):
    required = Required.of(source) or Required.of_none(source)

    assert required.is_met(translation)


@pytest.mark.parametrize(
    ("source", "translation", "stray"),
    [("5% more", "%6", "%6"), ("5% more", "6%s", "%s"), ("%1 more", "%1 %1", "%1"), ("%2 of 1", "%2 %2 1", "%2")],
)
def test_one_with_another_number_or_of_the_source_itself_is_one(source, translation, stray):
    required = Required.of(source) or Required.of_none(source)

    assert required.missing(translation) == (stray,)


@pytest.mark.parametrize(
    ("source", "translation", "expected"),
    [
        ("open %s now", "NOW OPEN", "NOW OPEN %s"),
        ("%s files", "FILES", "%s FILES"),
        ("open (%s) now", "NOW OPEN", "NOW OPEN %s"),
        ("all {n}% now", "NOW ALL", "NOW ALL {n}"),
        ("open %s and %s now", "NOW %s AND OPEN", "NOW %s AND %s OPEN"),
        ("the <b>red</b> house", "THE HOUSE RED", "THE HOUSE <b>RED</b>"),
        ("the <b>red</b> house", "<b>THE HOUSE RED", "THE HOUSE <b>RED</b>"),
        ("open %s now", "NOW {x} OPEN %s", "NOW OPEN %s"),
        ("open %s.", "OPEN.", "OPEN %s."),
    ],
)
def test_what_is_missing_stands_at_the_words_it_belonged_to(source, translation, expected):
    words = [word.strip(".") for word in source.replace("<b>", "").replace("</b>", "").split(" ")]
    own = [word.strip(".").lower() for word in translation.replace("<b>", "").split(" ")]
    links = [(words.index(word), j) for j, word in enumerate(own) if word in words]

    assert insert(required_of(source), translation, links).text == expected


@pytest.mark.parametrize(("word", "expected"), [("km", "dans %dkm"), ("milles", "dans %d milles")])
def test_an_inserted_placeholder_touches_the_unit_of_its_source_and_no_other_word(word, expected):
    assert insert(required_of("in %dkm"), f"dans {word}", [(0, 0), (1, 1)]).text == expected


@pytest.mark.parametrize("says", [";⟦", "東京都へ", "。x", "…é", "’é", ")東", "é", "。"])
def test_an_inserted_link_is_read_as_that_link_whatever_follows(says):
    text = insert(required_of("https://a.b/c"), says, None).text

    assert "https://a.b/c" in [text[start:end] for start, end, _ in placeholder_spans(text)]
    assert says in text


def test_any_span_of_a_source_can_be_made_to_come_out_as_a_given_string():
    required = Required("open the file", [Placeholder(9, 13, "fichier")])

    assert required.is_met("ouvrir le fichier")
    assert required.missing("ouvrir les fichiers") == ("fichier",)
    assert insert(required, "ouvrir le", [(0, 0), (1, 1)]).text == "ouvrir le fichier"
