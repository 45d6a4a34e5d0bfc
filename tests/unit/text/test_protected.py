from __future__ import annotations

from itertools import pairwise

import pytest
import regex
from hypothesis import example, given
from hypothesis import strategies as st

from transformer_cli.text.protected import (
    _KINDS,
    _pattern_of,
    has_words,
    merged,
    placeholder_spans,
    protected_spans,
    spans_with_symbols,
)


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("Voir https://example.org/a?b=1&c=d.", ["https://example.org/a?b=1&c=d"]),
        ("(www.example.org), jean.dupont@example.org !", ["www.example.org", "jean.dupont@example.org"]),
        ("%s et %(name)s, %1$d, %-5.2f : 50 %", ["%s", "%(name)s", "%1$d", "%-5.2f"]),
        ("%dkm, %dh%02dmin, %.1fMo, %d %ss", ["%d", "%d", "%02d", "%.1f", "%d", "%s"]),
        ("%1$dkm, %(n)dkm, %(nb)schiens, %@chiens", ["%1$d", "%(n)d", "%(nb)s", "%@"]),
        ("%sms_code% %ss_no% %dmin%, %dx%d, %d%%", ["%sms_code%", "%ss_no%", "%dmin%", "%d", "%d", "%d", "%%"]),
        ("5%(w/v) sel, 10%(environ) des, 10%(v/v)eau", []),
        ("5 %-a, 5%-a, %-a, %-10s, 5 %-10s", ["%-a", "%-10s", "%-10s"]),
        ("50 %de, 50%des, 5 %s, %description, %size, %dog", ["%s"]),
        ("{name} {{x}} ${x} {0:.2f} {}", ["{name}", "{{x}}", "${x}", "{0:.2f}", "{}"]),
        ("<b>gras</b> a < b &nbsp;", ["<b>", "</b>", "&nbsp;"]),
        ("{0} {x:>3} {x!r} {a.b[0]} {0:N2} {0,-10:C} {0,number,#.##}", 7),
        ("{n, plural, one{# file} other{# files}}", 1),
        ("${{ x }} #{x} $HOME {{ user.name }} {% if x %} <%= x %>", 6),
        ("voir &lt;https://a.b/c&gt;.", ["&lt;", "https://a.b/c", "&gt;"]),
        ("%% %1$s %(n)d %.*f %lu %@ %L1 %n", 8),
        ("%APPDATA% %name%", 2),
        ("<0>gras</0> <1/> 2<3 et 5>4, $t(a.b:c) $t (a)", ["<0>", "</0>", "<1/>", "$t(a.b:c)", "$t"]),
        ("$USER$ a $2 et $HOME, $x$y, a$b$", ["$USER$", "$HOME", "$x"]),
        ("%s个文件", ["%s"]),
        ("%1 of %2.", ["%1", "%2"]),
        (
            '<a href="x y" class=z> <br/> <br /> </a> &#160; &#xA0;',
            ['<a href="x y" class=z>', "<br/>", "<br />", "</a>", "&#160;", "&#xA0;"],
        ),
        ("/usr/bin/foo, ~/x.txt. /etc ../a", ["/usr/bin/foo", "~/x.txt", "/etc", "../a"]),
        ("C:\\Temp\\x.txt; Lib/shutil.py", ["C:\\Temp\\x.txt", "Lib/shutil.py"]),
        ("écrire `x = 1` ici", ["`x = 1`"]),
        ("``a``; si ``b``, :c:func:`f`.", ["``a``", "``b``", ":c:func:`f`"]),
        (":ref:`le texte <cible>` et `site <http://a.b>`_", [":ref:", "<cible>", "http://a.b"]),
        (
            "👩\u200d👩\u200d👧🇫🇷 ❤\ufe0f 1\ufe0f\u20e3 :smile:",
            ["👩\u200d👩\u200d👧", "🇫🇷", "❤\ufe0f", "1\ufe0f\u20e3", ":smile:"],
        ),
        ("100 % de, 100% sûr, 5%of, %50 artış, 12:30:45, AT&T; a@b", []),
        ("and/or, km/h, 1/2/2020, 24/7, x/y/z, TCP/IP. [1/2]", []),
        ("{1, 2, 3} {a, b} {x | x > 0} {1,3} a < b and c > d, a <b and c> d", []),
        (":-) :/ ;-) <3 :{ 8-) ^^ \\o/ <- -> >_<", []),
        ("$5, US$ 5, $US, A$B", []),
        (
            "VOIR WWW.EXAMPLE.COM, Https://Example.org/A/b?c=1 OU FTP://A.B/C.",
            ["WWW.EXAMPLE.COM", "Https://Example.org/A/b?c=1", "FTP://A.B/C"],
        ),
        ("https://fr.wikipedia.org/wiki/Paris_(Texas).", ["https://fr.wikipedia.org/wiki/Paris_(Texas)"]),
        ("(https://a.b/c_(d)), [x](www.a.b/c_(d))", ["https://a.b/c_(d)", "www.a.b/c_(d)"]),
        ("(https://a.b), (www.a.b/c), f(https://a.b/c_(d)", ["https://a.b", "www.a.b/c", "https://a.b/c_(d)"]),
        ("中文。https://例子.中国/路 好", ["https://例子.中国/路"]),
    ],
)
def test_links_placeholders_markup_and_emoji_are_no_words(text, spans):
    found = [text[start:end] for start, end, _ in protected_spans(text)]

    assert (found if isinstance(spans, list) else len(found)) == spans


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("第%1页，共%2页", ["%1", "%2"]),
        ("파일 %1개를 %n개로", ["%1", "%n"]),
        ("ไฟล์%1จาก%2", ["%1", "%2"]),
        ("用%dkm的时间", ["%d"]),
        ("变量$HOME的值，$USER$和%APPDATA%目录", ["$HOME", "$USER$", "%APPDATA%"]),
        ("请访问https://example.com了解更多", ["https://example.com"]),
        ("https://example.com。这是第二句话。", ["https://example.com"]),
        ("（https://a.b/c）、「www.a.b」を", ["https://a.b/c", "www.a.b"]),
        ("https://a.b/c,谢谢 https://a.b(中文)", ["https://a.b/c", "https://a.b"]),
        ("انظر https://a.b/c، أو https://a.b؟", ["https://a.b/c", "https://a.b"]),
        ("https://a.b/c에서, www.a.b로", ["https://a.b/c", "www.a.b"]),
        ("https://a.b/wiki/第2次大戦_(曖昧さ回避)?題=東京 を", ["https://a.b/wiki/第2次大戦_(曖昧さ回避)?題=東京"]),
        ("请联系info@example.com获取更多信息。", ["info@example.com"]),
        ("문의는 info@example.com으로, тест@пример.рф", ["info@example.com", "тест@пример.рф"]),
        ("用户@例子.公司", ["用户@例子.公司"]),
        ("请打开/usr/bin/python查看，/etc를", ["/usr/bin/python", "/etc"]),
        ("请打开C:\\Temp\\x.txt吧", ["C:\\Temp\\x.txt"]),
        ("请看Lib/shutil.py 和 文档/说明.txt吧", ["Lib/shutil.py", "文档/说明.txt"]),
        ("~/文档/第2页 /home/用户/x.txt", ["~/文档/第2页", "/home/用户/x.txt"]),
        ("中文/English/日本語", []),
    ],
)
def test_words_of_scripts_that_need_no_space_may_touch_a_span(text, spans):
    assert [text[start:end] for start, end, _ in protected_spans(text)] == spans


@pytest.mark.parametrize("text", ["12345", "-5 %", "😀 😀", "https://example.org/a", "%d", "<b></b>", "... - §"])
def test_a_text_without_letters_outside_of_spans_has_no_words(text):
    assert not has_words(text)


@pytest.mark.parametrize("text", ["a", "5 km", "%d jours", "https://example.org/a ici", "日", "ا"])
def test_one_letter_outside_of_spans_is_a_word(text):
    assert has_words(text)


SIGNS = [*"ab:/.<%s{}$()⟦1⟧&;`~\\@", "www.", "wWw.", "WWW.", "A://", "://", " ", "😀", "\u20e3", "?>"]


@given(st.lists(st.sampled_from(SIGNS)).map("".join))
def test_only_kinds_whose_signs_a_text_has_are_looked_for_and_none_is_missed(text):
    whole = _pattern_of(tuple(_KINDS)).finditer(text)

    assert [(found.start(), found.end(), found.lastgroup) for found in whole] == protected_spans(text)


@given(st.lists(st.sampled_from([*"a_-/.é1 \u0301", "lib/", "x.py"])).map("".join))
@example("_/a/x.py")
def test_bounds_change_no_path(text):
    without = _KINDS["path"].replace("{0,60}", "*")
    expected = [found.span() for found in regex.finditer(without, text)]

    assert [(start, end) for start, end, _ in protected_spans(text)] == expected


@pytest.mark.parametrize("word", ["_/" * 100_000, "__/" * 70_000, "ab/" * 70_000, "a/b." * 50_000])
def test_a_path_behind_a_word_of_100_kilobytes_is_found(word):
    assert protected_spans(f"{word} lib/x.py") == [(len(word) + 1, len(word) + 9, "path")]


@pytest.mark.parametrize("unit", [")", "(", "(a)", "(a", "a)", "W", "www.", "a://", "a://(b))", "(a).)"])
def test_long_links_take_a_time_in_proportion_to_their_length(unit):
    assert protected_spans(f"https://a.b/c{unit * 100_000} d")  # quadratic time would take minutes


@given(st.text(st.sampled_from("ab@.%s{}<>/:&;`w😀\u200d\ufe0f1 ")))
@example("www.a://b@c.d")
def test_spans_are_in_order_and_do_not_overlap(text):
    spans = [(0, 0), *spans_with_symbols(text, ["ab", "@"]), (len(text), len(text))]

    assert all(start <= end <= following for (start, end), (following, _) in pairwise(spans))


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 5)).map(lambda each: (each[0], sum(each)))))
def test_spans_that_overlap_become_one(spans):
    found = merged(spans)

    assert all(end <= following for (_, end), (following, _) in pairwise(found))
    assert {place for span in found for place in range(*span)} == {place for span in spans for place in range(*span)}


def test_emoji_are_placeholders_but_their_names_and_signs_of_text_are_not():
    text = "😀 👍🏽 :smile: © ™ 🇫🇷 1️⃣ ❤️ ❤ 👩\u200d👩\u200d👧"

    assert [text[start:end] for start, end, _ in placeholder_spans(text)] == [
        "😀",
        "👍🏽",
        "🇫🇷",
        "1️⃣",
        "❤️",
        "👩\u200d👩\u200d👧",
    ]
