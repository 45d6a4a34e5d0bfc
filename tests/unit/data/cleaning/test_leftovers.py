from __future__ import annotations

import html

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transformer_cli.config import CleaningConfig, LanguagesConfig
from transformer_cli.data.cleaning.leftovers import (
    have_subword_marks,
    is_numbered_alone,
    without_line_numbers,
    without_markup,
)
from transformer_cli.data.cleaning.rules import Judgement, PairCleaner
from transformer_cli.data.corpora import SentencePair
from transformer_cli.text.normalization import normalize

Pair = tuple[str, str]


def judged(pairs: list[Pair], **config) -> list[Judgement]:
    cleaner = PairCleaner(CleaningConfig.model_validate(config), LanguagesConfig(source="en", target="fr"))
    return list(cleaner.judge([SentencePair(*pair, f"t:{number}") for number, pair in enumerate(pairs, start=1)]))


def mended(source: str, target: str) -> Pair | None:
    return without_markup(source, target, lambda: False)


@pytest.mark.parametrize(
    ("pair", "expected"),
    [
        (("Terms &amp; more", "Conditions et plus"), ("Terms & more", "Conditions et plus")),
        (("Summer", "&Eacute;t&eacute; &#233;toil&#xE9;"), ("Summer", "Été étoilé")),
        (("Ren&amp;eacute; left", "Ren&amp;eacute; part"), ("René left", "René part")),
        (("&amp;amp;lt;b&amp;amp;gt; x", "y"), ("x", "y")),  # escaped three times, and then a tag of one side
        (("a <b>bold</b> word", "un mot"), ("a bold word", "un mot")),
        (("one<br/>two", "un deux"), ("one two", "un deux")),
        (('see <a href="x.html" target=_top>here</a>', "voir ici"), ("see here", "voir ici")),
        (("<b>Stop</b>", "&lt;b&gt;Arrêt&lt;/b&gt;"), ("<b>Stop</b>", "<b>Arrêt</b>")),
        (("Why?", "Pourquoi&nbsp;?"), ("Why?", "Pourquoi\xa0?")),
        (("a&#13;&#10;b", "c"), ("a b", "c")),
        (("AT&amp;T; more", "AT et T"), ("AT&T; more", "AT et T")),
    ],
)
def test_markup_of_one_side_becomes_what_it_stands_for(pair, expected):
    assert mended(*pair) == expected
    assert mended(*pair[::-1]) == expected[::-1]


@pytest.mark.parametrize(
    "pair",
    [
        ("Q&A", "Questions & réponses"),
        ("Fish &amp; chips", "Poisson &amp; frites"),  # text of a page, whose translation has to be escaped as well
        ("<b>Click</b> here", "Cliquez <b>ici</b>"),
        ("``&gt;`` is unescaped, `<b>` is not", "c'est remplacé"),
        ("<code>&amp;nbsp;</code> is a space", "<code>&amp;nbsp;</code> est une espace"),
        ("&name; and &E2;", "une référence"),
        ('=AVERAGEIF(B2:B6;"<"&E2;C2:C6)', "=MOYENNE.SI(B2:B6)"),
        ("see <http://example.org>", "voir <https ://example.org>"),
        ("URLs become <a href> links", "Les URL deviennent des liens"),
        ("1 < 2 > 0", "un"),
        ("&#0; &#1114112; &#xD800;", "rien"),
    ],
)
def test_markup_of_both_sides_and_what_only_looks_like_it_is_text(pair):
    assert mended(*pair) is None
    assert mended(*pair[::-1]) is None


@given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"], exclude_characters="&`<"), min_size=1))
@settings(deadline=None)
def test_what_html_escapes_comes_back(text):
    text = normalize(text)
    escaped = html.escape(text).replace("\u00e9", "&eacute;")

    assert (mended(escaped, "x") or (escaped, "x"))[0] == text


@given(st.text("&amp;lt#x1b<>/ `ré=\"'"), st.text("&amp;lt<>b/ "))
@settings(deadline=None)
def test_what_was_mended_is_normalised(source, target):
    found = mended(source, target)

    assert found is None or found == tuple(map(normalize, found))


def test_text_that_a_tokenizer_escaped_stays():
    tokenized = [("a kid &apos;s table .", "une table d &apos; enfant .")] * 3 + [
        ("a mcdonald &apos;s", "un restaurant")
    ]

    assert [j.source for j in judged(tokenized)] == [source for source, _ in tokenized]
    assert [j.source for j in judged(tokenized[-1:])] == ["a mcdonald 's"]


def test_markup_is_mended_or_dropped_or_left():
    pair = ("Terms &amp; more", "Conditions et plus")

    (mended_pair,), (dropped,), (left,) = (judged([pair], markup=how) for how in ("mend", "drop", False))

    assert (mended_pair.source, mended_pair.rule, mended_pair.mended) == ("Terms & more", None, ("markup",))
    assert (dropped.source, dropped.rule, dropped.mended) == (pair[0], "markup", ())
    assert (left.source, left.rule, left.mended) == (pair[0], None, ())


def test_a_side_of_nothing_but_tags_is_empty():
    assert judged([("<br/>", "Rien")])[0].rule == "empty"


@pytest.mark.parametrize(
    ("text", "has_marks"),
    [
        ("\u2581The \u2581do g", True),
        ("th@@ e dog", True),
        ("the do@@", True),
        ("hello \uffed.", True),
        ("the dog", False),
        ("@@ -1,3 +1,4 @@", False),
        ("a well @-@ known dog", False),
        ("\u2581\u2582\u2583\u2584", False),
        ("me@@home", False),
    ],
)
def test_marks_of_subwords_are_found(text, has_marks):
    assert have_subword_marks(text, "x") is have_subword_marks("x", text) is has_marks
    assert judged([(f"x {text}", "a sentence")])[0].rule == ("subword_marks" if has_marks else None)
    assert judged([("a sentence", f"y {text}")], subword_marks=False)[0].rule is None


@pytest.mark.parametrize(
    ("source", "target", "alone"),
    [
        ("3) The system works on demand.", "Le système fonctionne à la demande.", True),
        ("[12] The system works on demand.", "Le système fonctionne à la demande.", True),
        ("3. The system works on demand.", "3/ Le système fonctionne à la demande.", False),
        ("3. The system works on demand.", "c) Le système fonctionne à la demande.", False),
        ("3. The system works on demand.", "Le système 3 fonctionne à la demande.", False),
        ("3. The system works on demand.", "٣. Le système fonctionne à la demande.", False),
        ("1. Juni 1990 war ein Freitag.", "June 1, 1990 was a Friday.", False),
        ("2. Platz für Norwegen", "Second place for Norway", False),
        ("3.5 percent of all people agree", "Tout le monde est d'accord", False),
        ("", "x", False),
        ("3) The system works on demand.", "", False),
        ("3) The system works on demand.", "9" * 5000, False),
    ],
)
def test_a_number_of_a_list_on_one_side_only_is_found(source, target, alone):
    assert is_numbered_alone(source, target) is is_numbered_alone(target, source) is alone
    if alone:
        assert judged([(source, target)])[0].rule == "numbering"
        assert judged([(target, source)])[0].rule == "numbering"
        assert judged([(source, target)], numbering=False)[0].rule is None


@pytest.mark.parametrize("form", ["{} {}", "{}. {}", "({}) {}", "[{:05}] {}", "#{}: {}", "{} | {}"])
def test_numbers_before_nearly_all_lines_go(form):
    texts = [f"sentence {chr(97 + i % 26)}" for i in range(40)]
    numbered = [form.format(7 * i + 3, text) if i % 15 else text for i, text in enumerate(texts)]

    assert without_line_numbers(numbered) == texts
    pairs = [(line, f"une phrase {i}") for i, line in enumerate(numbered)]
    assert [(j.source, j.rule, j.mended) for j in judged(pairs)] == [
        (text, None, ("numbering",) if text != line else ()) for text, line in zip(texts, numbered, strict=True)
    ]


@pytest.mark.parametrize(
    "texts",
    [
        [f"{i}. Step of a short list" for i in range(19)],
        [f"{(7 * i) % 40} cats" for i in range(40)],  # they do not rise
        [f"{i}. A list among others" if i % 2 else "Text" for i in range(40)],
        [f"{i}:{i} of the clock" for i in range(40)],
        [f"{i} {i + 1}" for i in range(40)],
        ["" for _ in range(40)],
    ],
)
def test_other_numbers_stay(texts):
    assert without_line_numbers(texts) is None
