from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.documents import translate, unchanged

PAGE = """\
<!DOCTYPE html>
<html lang=fr><head><META CHARSET="utf-8"><title>Le titre &amp; plus</title>
<meta name="description" content='Une "page"'><meta name="author" content="Le chat">
<style>p > a { color: red }</style><script>if (a < b) { x = "<p>non</p>"; }</script></head>
<body class=a>
<!-- un commentaire -->
<h1>Bonjour</h1>
<p>Le <b>chat</b> voit
   <a href="x?a=1&amp;b=2" title="la maison">l&#x27;eau</a>,<br>le <code>chien()</code> dort&nbsp;!
<p>Sans fin <img src=x alt="une image"> ici
<ul><li>un<li>deux <i>trois</ul>
<pre>le  code</pre> <p translate=no>jamais <b>ici</b></p><span class="x notranslate">ni là</span>
<textarea>le <p> texte</textarea>
<table><tr><td>a < b</td><td>42</td></tr></table>
</body></html>
"""


class Parsed(HTMLParser):
    """The tags and texts of a page, as Python's parser sees them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        self.tags.append(f"/{tag}")

    def handle_data(self, data):
        self.texts.append(data)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_a_page_read_and_written_is_the_same_in_every_byte(encoding, line_end):
    declared = {"latin-1": "iso-8859-1"}.get(encoding, "utf-8")
    data = PAGE.replace("\n", line_end).replace("utf-8", declared).encode(encoding)

    assert unchanged(data, "html") == data
    assert translate(data, "html") == data


def test_a_page_of_xml_is_in_the_encoding_of_its_declaration():
    page = '<?xml version="1.0" encoding="iso-8859-2"?>\n<html><p>łódź</p></html>\n'

    assert unchanged(page.encode("iso-8859-2"), "html") == page.encode("iso-8859-2")
    translated = translate(page.encode("iso-8859-2"), "html", str.upper)
    assert translated == page.replace("łódź", "ŁÓDŹ").encode("iso-8859-2")


@pytest.mark.parametrize("declared", ["iso-8859-1", "latin1"])
def test_a_page_that_says_latin_1_is_read_as_browsers_do(declared):
    page = f'<meta charset="{declared}"><p>It’s caf\xe9 time – don’t wait</p>'.encode("cp1252")
    said = f'<meta charset="{declared}"><p>IT’S CAFÉ TIME – DON’T WAIT</p>'.encode("cp1252")

    assert unchanged(page, "html") == page
    assert translate(page, "html", str.upper) == said


def test_a_page_that_is_neither_is_read_as_it_says():
    page = b'<meta charset="iso-8859-1"><p>caf\xe9 \x81</p>'

    assert unchanged(page, "html") == page


def test_texts_are_translated_and_nothing_else_changes():
    expected = PAGE
    for old, new in [
        ("Le titre &amp; plus", "LE TITRE &amp; PLUS"),
        ("'Une \"page\"'", "'UNE &quot;PAGE&quot;'"),
        ("Bonjour", "BONJOUR"),
        (
            'Le <b>chat</b> voit\n   <a href="x?a=1&amp;b=2" title="la maison">l&#x27;eau</a>,',
            'LE <b>CHAT</b> VOIT <a href="x?a=1&amp;b=2" title="LA MAISON">L\'EAU</a>,',
        ),
        ("le <code>chien()</code> dort&nbsp;!", "LE <code>chien()</code> DORT&nbsp;!"),
        ('Sans fin <img src=x alt="une image"> ici', 'SANS FIN <img src=x alt="UNE IMAGE"> ICI'),
        ("<li>un<li>deux <i>trois<", "<li>UN<li>DEUX <i>TROIS<"),
        ("a < b<", "A &lt; B<"),
    ]:
        assert old in expected
        expected = expected.replace(old, new)

    assert translate(PAGE.encode(), "html", str.upper).decode() == expected


@given(st.text(max_size=20))
def test_any_answer_leaves_the_same_tags(answer):
    changed = Parsed(translate(PAGE.encode(), "html", lambda _: answer).decode())

    assert sorted(changed.tags) == sorted(Parsed(PAGE).tags)


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("un <ruby>OMS<rt>santé</rt></ruby> ici", "UN <ruby>OMS<rt>santé</rt></ruby> ICI"),
        ("<ruby>deux<rp>(</rp><rt>d</rt><rp>)</rp></ruby>", "<ruby>DEUX<rp>(</rp><rt>d</rt><rp>)</rp></ruby>"),
        ("<ruby>un<rt>u</ruby> ici<p>trois", "<ruby>UN<rt>u</ruby> ICI<p>TROIS"),
        ("un<rt/> ici", "UN<rt/> ICI"),
    ],
)
def test_the_readings_of_characters_are_no_text(page, expected):
    assert translate(page.encode(), "html", str.upper).decode() == expected


PIECES = st.one_of(
    st.sampled_from(["<p>", "</p>", "<b", "<b>", "</b>", "<", ">", "<!--", "-->", "<script>", "</script>", "a", '"']),
    st.sampled_from(["<pre>", "</", "&", "&amp;", "<img alt=x>", "<code>", "</code>", "<rt>", "<![CDATA[", " "]),
)


@given(st.lists(PIECES).map("".join))
def test_any_page_read_and_written_is_the_same(page):
    assert unchanged(page.encode(), "html") == page.encode()
    assert translate(page.encode(), "html") == page.encode()


def test_a_stray_quote_in_a_tag_ends_with_the_tag():
    page = b'<p class="a"">le chat <i x=\'>\'>dort</i></p><p>"ici"</p>'

    expected = b'<p class="a"">LE CHAT <i x=\'>\'>DORT</i></p><p>"ICI"</p>'
    assert translate(page, "html", str.upper) == expected


def test_an_attribute_without_quotes_gets_them():
    assert translate(b"<img alt=chat>", "html", lambda _: "a 'b'") == b'<img alt="a &#x27;b&#x27;">'


@pytest.mark.parametrize(("page", "space"), [("<p title='a'>b</p>", "&#160;"), ("<p title='a'>b&nbsp;c</p>", "&nbsp;")])
def test_a_no_break_space_has_a_name_only_in_a_page_that_uses_the_name(page, space):
    translated = translate(page.encode(), "html", lambda _: "c\xa0d").decode()

    assert translated == f"<p title='c{space}d'>c{space}d</p>"


@pytest.mark.parametrize("element", ['<script src="a.js"/>', "<svg/>", '<p class="notranslate"/>'])
def test_an_element_that_its_own_tag_closes_hides_nothing_behind_it(element):
    page = f"<html>{element}<p title='a'>b</p></html>"

    assert translate(page.encode(), "html", str.upper).decode() == f"<html>{element}<p title='A'>B</p></html>"


@pytest.mark.parametrize("piece", ["<b", "a <b ", "<a/", "<a b='<c ", '<a =" <b', "<a b= ", "</a b"])
def test_tags_without_an_end_take_a_time_in_proportion_to_their_number(piece):
    page = b"<p>x</p>" + piece.encode() * 30_000  # quadratic time would be hours

    assert unchanged(page, "html") == page
