from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tests.support.documents import translate, unchanged

PAGE = """\
---
title: le titre
---

# Le *chat* {#chat}

Le **chien** dort \\* et
voit `x = 1` dans [la maison](http://a.b/c_(d) "titre"),
ici\\
ou là[^1].

> [!NOTE]
> Une note
> sur deux lignes.

- [ ] une tâche
- un ![image](a.png) et <http://a.b>
  * encore <b>un</b> &amp; plus

1. premier

| tête | *deux* |
|------|:-----:|
| a \\| b | `c` |
| seul |

```python
code = "le chat"
```

    code aussi

<div align="center">
Un <b>bloc</b>
</div>

Titre
=====

:::tip Le chat
dort
:::

[^1]: La note.

[la maison]: http://x.y
Voir [la maison] et [le lit][la maison] ~~non~~.
"""


def kinds(text: str) -> list[str]:
    """Return what a parser finds in a page, without the texts."""
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    return [
        child.type
        for token in parser.parse(text)
        for child in [token, *(token.children or [])]
        if child.type not in ("text", "softbreak", "text_special")
    ]


def test_lines_that_hard_breaks_divide_are_texts_of_their_own_unless_a_mark_surrounds_both():
    heard = []

    def say(line: str) -> str:
        heard.append(line)
        return line.upper()

    page = "Il dort\\\nElle  \n> *lit* ici<br>et là.\n\nUn **chat\\\ndort** ici.\n"

    assert translate(page.encode(), "markdown", say).decode() == page.upper().replace("<BR>", "<br>")
    assert set(heard) == {"Il dort", "Elle", "lit ici", "et là.", "Un chat dort ici."}


@pytest.mark.parametrize("form", ["plain", "carriage returns", "mark", "no last line end", "tabs"])
def test_a_page_read_and_written_is_the_same_in_every_byte(form):
    data = {
        "plain": PAGE.encode(),
        "carriage returns": PAGE.replace("\n", "\r\n").encode(),
        "mark": b"\xef\xbb\xbf" + PAGE.encode(),
        "no last line end": PAGE.rstrip("\n").encode(),
        "tabs": PAGE.replace("- ", "-\t").replace("    ", "\t").encode(),
    }[form]

    assert unchanged(data, "markdown") == data
    assert translate(data, "markdown") == data


def test_texts_are_translated_and_nothing_else_changes():
    expected = PAGE
    for old, new in [
        ("Le *chat* {", "LE *CHAT* {"),
        (
            "Le **chien** dort \\* et\nvoit `x = 1` dans [la maison](http",
            "LE **CHIEN** DORT \\* ET VOIT `x = 1` DANS [LA MAISON](http",
        ),
        ("ici\\\nou là[^1].", "ICI\\\nOU LÀ[^1]."),
        ('"titre"),\n', '"titre"), '),
        ("> Une note\n> sur deux lignes.", "> UNE NOTE SUR DEUX LIGNES."),
        ("une tâche", "UNE TÂCHE"),
        ("un ![image](a.png) et", "UN ![image](a.png) ET"),
        ("encore <b>un</b> &amp; plus", "ENCORE <b>UN</b> & PLUS"),
        ("1. premier", "1. PREMIER"),
        ("| tête | *deux* |", "| TÊTE | *DEUX* |"),
        ("a \\| b", "A \\| B"),
        ("| seul", "| SEUL"),
        ("Un <b>bloc</b>", "UN <b>BLOC</b>"),
        ("Titre\n=", "TITRE\n="),
        ("\ndort\n", "\nDORT\n"),
        ("]: La note.", "]: LA NOTE."),
        (
            "Voir [la maison] et [le lit][la maison] ~~non~~.",
            "VOIR [LA MAISON][la maison] ET [LE LIT][la maison] ~~NON~~.",
        ),
    ]:
        assert old in expected, old
        expected = expected.replace(old, new)

    assert translate(PAGE.encode(), "markdown", str.upper).decode() == expected


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("# le chat\r\rdort.\r    x = 1\r\r    y = 1\r", "# LE CHAT\r\rDORT. X = 1\r\r    y = 1\r"),
        ("le chat\r\ndort.\r\n", "LE CHAT DORT.\r\n"),
        ("$$a+b$$ est là.\n\nle chat.\n\n$$\nx\n$$\n", "$$a+b$$ EST LÀ.\n\nLE CHAT.\n\n$$\nx\n$$\n"),
        ("$$x = y$$\r\n\r\nici.\r\n", "$$x = y$$\r\n\r\nICI.\r\n"),
    ],
)
def test_old_ends_of_lines_and_formulas_hide_no_text(page, expected):
    assert unchanged(page.encode(), "markdown") == page.encode()
    assert translate(page.encode(), "markdown", str.upper).decode() == expected


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("## [Titre]\n\n[Titre]: http://a.b\n", "## [TITRE][Titre]\n\n[Titre]: http://a.b\n"),
        ("le [petit\nchat][] dort.\n\n[petit chat]: c\n", "LE [PETIT CHAT][petit chat] DORT.\n\n[petit chat]: c\n"),
        ("le [chat][c] dort.\n\n[c]: c\n", "LE [CHAT][c] DORT.\n\n[c]: c\n"),
        ("la note[^1] ici.\n\n[^1]: http://a.b\n", "LA NOTE[^1] ICI.\n\n[^1]: http://a.b\n"),
        ("chat\n: un animal\n: un autre\n", "CHAT\n: UN ANIMAL\n: UN AUTRE\n"),
        ("le chat.\n\n*[HTML]: une langue\n", "LE CHAT.\n\n*[HTML]: une langue\n"),
        ("*[chat]: le mien* dort.\n", "*\\[CHAT\\]: LE MIEN* DORT.\n"),
        ("retour en [^ haut](#top).\n", "RETOUR EN [^ HAUT](#top).\n"),
        (
            "la note[^a] ici.\n\n[^a]: Ici.\n\n    Encore.\n[^b]:\tLà.\n",
            "LA NOTE[^a] ICI.\n\n[^a]: ICI.\n\n    ENCORE.\n[^b]:\tLÀ.\n",
        ),
        ("soit $\\alpha * x_1 * [y]$ et *b*.\n", "SOIT $\\alpha * x_1 * [y]$ ET *B*.\n"),
        ("**`x` gras** et **gras `x`**, _`x`_ là\n", "**`x` GRAS** ET **GRAS `x`**, _`x`_ LÀ\n"),
        ("$x `code$ b` y\n", "$X `code$ b` Y\n"),
        ("va [a $b](http://q) et [c$](http://r) là\n", "VA [A $B](http://q) ET [C$](http://r) LÀ\n"),
        ("**$a_1$ gras** et _$b_1$_ c\n", "**$a_1$ GRAS** ET _$b_1$_ C\n"),
        ("soit $x^2$ un nombre, à $5 ou 6$.\n", "SOIT $x^2$ UN NOMBRE, À $5 OU 6$.\n"),
    ],
)
def test_what_is_translated_is_still_found_by_its_label_and_extensions_stay(page, expected):
    assert translate(page.encode(), "markdown").decode() == page
    assert translate(page.encode(), "markdown", str.upper).decode() == expected


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("| `--no-color` | no |", "| `--no-color` | NO |"),
        ("| ![no](no.png) | no | on |", "| ![no](no.png) | NO | ON |"),
        ("| `a \\| no` | 1 | no |", "| `a \\| no` | 1 | NO |"),
        ("|  | \\| | no |", "|  | \\| | NO |"),
        ("`no` | no", "`no` | NO"),
    ],
)
def test_the_text_of_a_cell_is_not_looked_for_in_the_cells_before_it(row, expected):
    page = f"| a | b | c |\n|---|---|---|\n{row}\n| no | d | e |\n"

    translated = translate(page.encode(), "markdown", str.upper).decode()
    assert translated == f"| A | B | C |\n|---|---|---|\n{expected}\n| NO | D | E |\n"


@given(st.text(st.characters(codec="utf-8", exclude_characters="\r"), min_size=1, max_size=20))
def test_no_answer_becomes_markup(answer):
    text = "Le chat.\n\n- un lit\n\n| a | b |\n|---|---|\n| c | d |\n\n# Titre\n"

    assert kinds(translate(text.encode(), "markdown", lambda _: answer).decode()) == kinds(text) or not answer.strip()


@pytest.mark.parametrize(
    "hidden",
    ["<pre>\nle = chat\n\n# ici\n</pre>", "<!-- un\n\n- deux -->", "<p translate=no>\n\nnon\n\n<p>\n</p>ni</p>\n</p>"],
)
def test_blank_lines_do_not_end_what_is_hidden_in_a_block_of_html(hidden):
    page = "<details>\n<i>{}</i>\n{}\n<p>{}</p>\n</details>\n\n{}\n\n<div>\n<pre>\n\n{}\n".format

    translated = translate(page("un", hidden, "deux", "trois", "quatre").encode(), "markdown", str.upper)

    assert translated.decode() == page("UN", hidden, "DEUX", "TROIS", "QUATRE")  # the last <pre> has no end


def test_html_in_a_quotation_keeps_the_marks_of_its_lines():
    page = "> un\n>\n> <p>\n> deux\n> </p>\n> <p>trois</p>\n\n<p>\nquatre\n</p>\n"
    expected = "> UN\n>\n> <p>\n> deux\n> </p>\n> <p>TROIS</p>\n\n<p>\nQUATRE\n</p>\n"

    assert translate(page.encode(), "markdown", str.upper).decode() == expected


@given(st.text(st.sampled_from("ab ()/`$."), max_size=12))
def test_two_codes_stay_two_whatever_the_answer(answer):
    text = "voir `a` (`b`) et `c`/`d`, ``e ` f``, $g$ ($h$)\n"

    assert kinds(translate(text.encode(), "markdown", lambda _: answer).decode()) == kinds(text)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [("A B C", "**A\\\nB** C\n"), ("A", "<strong>A\\\n</strong>\n"), ("", "**un\\\ndeux** ici\n")],
)
def test_marks_of_emphasis_become_elements_only_where_they_would_not_count(answer, expected):
    assert translate(b"**un\\\ndeux** ici\n", "markdown", lambda _: answer).decode() == expected


@given(st.text(st.sampled_from("ab .,-*_()。在"), max_size=12))
def test_emphasis_stays_emphasis_whatever_stands_beside_it(answer):
    text = "*un* __deux__ [_trois_][b] ~~quatre~~ **cinq\\\nsix** *sept*huit\n\n[b]: c_d_\n"
    names = ("em", "strong", "s", "del")

    translated = translate(text.encode(), "markdown", lambda _: answer).decode()

    parser = MarkdownIt("commonmark").enable("strikethrough")
    before, after = ([parser.render(page).count(f"<{name}>") for name in names] for page in (text, translated))
    assert (before[:2], sum(before)) == (after[:2], sum(after))


PIECES = st.one_of(
    st.sampled_from(["*", "**", "_", "`", "``", "[", "]", "(", ")", "a b", " ", "\n", "\n\n"]),
    st.sampled_from(
        ["> ", "- ", "1. ", "# ", "|", "---", "\\", "&amp;", "<b>", "\r", "$$", "$x$", "\n: ", "[^a]", "\n\n[a b]: c\n"]
    ),
)


@given(st.lists(PIECES, max_size=25).map("".join))
def test_any_page_read_and_written_is_the_same(page):
    assert unchanged(page.encode(), "markdown") == page.encode()
    assert translate(page.encode(), "markdown") == page.encode()
    translate(page.encode(), "markdown", str.upper)
