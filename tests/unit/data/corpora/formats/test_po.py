from __future__ import annotations

import pytest

from tests.support.corpora import PACKERS, faults, read, sentences, write
from transformer_cli.config import LanguagesConfig
from transformer_cli.data.corpora import SentencePair
from transformer_cli.errors import DataError

HEADER = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset={charset}\\n"\n"Language: {language}\\n"\n\n'
EN_FR = LanguagesConfig(source="en", target="fr")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("suffix", PACKERS)
def test_msgid_is_the_source_and_msgstr_the_target(suffix):
    write(
        f"t.po{suffix}",
        '# a note\n#: a.c:1\nmsgid "un"\nmsgstr "one"\n\n\nmsgctxt "x"\nmsgid ""\n"deux"\nmsgstr ""\n"two"',
    )

    assert read(f"t.po{suffix}") == [
        SentencePair("un", "one", f"t.po{suffix}:3"),
        SentencePair("deux", "two", f"t.po{suffix}:8"),
    ]


def test_entries_need_no_empty_line_between_them():
    write("t.po", 'msgid "un"\nmsgstr "one"\nmsgid "deux"\nmsgstr "two"\n#, c-format\nmsgid "trois"\nmsgstr "three"\n')

    assert [pair.place for pair in read("t.po")] == ["t.po:1", "t.po:3", "t.po:6"]


def test_fuzzy_obsolete_and_untranslated_entries_are_faults():
    write(
        "t.po",
        HEADER.format(charset="UTF-8", language="en")
        + '#, fuzzy\nmsgid "a"\nmsgstr "A"\n\n#, c-format, fuzzy\n#| msgid "old"\nmsgid "b"\nmsgstr "B"\n\n'
        + 'msgid "c"\nmsgstr ""\n\nmsgid "un"\nmsgstr "one"\n\n#~ msgid "d"\n#~ msgstr "D"\n\n'
        + '#~| msgid "e"\n#~ msgid "f"\n#~ msgstr "F"\n# the end\n',
    )

    assert sentences("t.po") == [("un", "one")]
    assert faults("t.po") == [
        ("fuzzy", "a", "A"),
        ("fuzzy", "b", "B"),
        ("untranslated", "c", ""),
        ("obsolete", "d", "D"),
        ("obsolete", "f", "F"),
    ]
    assert [pair.place for pair in read("t.po") if pair.fault == "obsolete"] == ["t.po:21", "t.po:25"]


def test_an_entry_with_a_plural_and_a_translation_without_number_is_counted():
    write("t.po", 'msgid "un"\nmsgid_plural "%d"\nmsgstr "one"\n\nmsgid "a"\nmsgid_plural "b"\nmsgstr ""\n')

    assert faults("t.po") == [("plural_form", "%d", "one"), ("untranslated", "b", "")]


ONE_FORM = "nplurals=1; plural=0;"
ENGLISH = "nplurals=2; plural=(n != 1);"
RUSSIAN = "nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && (n%100<12 || n%100>14) ? 1 : 2);"
SLOVENIAN = "nplurals=4; plural=(n%100==1 ? 1 : n%100==2 ? 2 : n%100==3 || n%100==4 ? 3 : 0);"


@pytest.mark.parametrize(
    ("rule", "forms", "of_singular", "of_plural", "dropped"),
    [
        ("", ["Fisch"], [], [], ["plural_form"]),
        ("", ["one", "many"], ["one"], ["many"], []),
        ("", ["one", ""], ["one"], [], ["untranslated"]),
        ("", ["one", "few", "many"], [], [], 3 * ["plural_form"]),
        ("nplurals=2; plural=__import__;", ["one", "many"], ["one"], ["many"], []),
        ("nplurals=3; plural=n%0;", ["one", "few", "many"], [], [], 3 * ["plural_form"]),
        (ONE_FORM, ["any"], [], ["any"], []),
        (ENGLISH, ["one", "many"], ["one"], ["many"], []),
        (RUSSIAN, ["one", "few", "many"], ["one"], [], 2 * ["plural_form"]),
        (SLOVENIAN, ["many", "one", "two", "few"], ["one"], [], 3 * ["plural_form"]),
        ("nplurals=2; plural=n==1;", ["many", "one"], ["one"], ["many"], []),
        (ENGLISH, ["%d one", "%d many"], [], ["%d many"], ["plural_form"]),
    ],
)
def test_a_plural_form_is_taken_where_it_has_one_counterpart(rule, forms, of_singular, of_plural, dropped):
    translations = "".join(f'msgstr[{index}] "{form}"\n' for index, form in enumerate(forms))
    header = f'msgid ""\nmsgstr "Plural-Forms: {rule}\\n"\n\n'
    write("t.po", f'{header}msgid "un"\nmsgid_plural "des"\n{translations}\nmsgid "x"\nmsgstr "X"\n')

    used = sentences("t.po")
    assert sorted(used) == sorted(
        [*(("un", form) for form in of_singular), *(("des", form) for form in of_plural), ("x", "X")]
    )
    assert [fault for fault, _, _ in faults("t.po")] == dropped


def test_escapes_and_unusual_line_breaks_are_text():
    write("t.po", 'msgid "a\\n\\tb \\"c\\" \\\\d"\nmsgstr "x\u2028y\x85\x0bz\\\\"\n')

    assert sentences("t.po") == [('a\n\tb "c" \\d', "x\u2028y\x85\x0bz\\")]


@pytest.mark.parametrize(
    ("language", "languages", "expected"),
    [
        ("fr", EN_FR, ("a", "b")),
        ("fr_CA", EN_FR, ("a", "b")),
        ("", EN_FR, ("a", "b")),
        ("fr@euro", EN_FR, ("a", "b")),
        ("en", EN_FR, ("b", "a")),
        ("en_GB", EN_FR, ("b", "a")),
    ],
)
def test_the_header_tells_which_side_is_the_source(language, languages, expected):
    write("t.po", HEADER.format(charset="UTF-8", language=language) + 'msgid "a"\nmsgstr "b"\n')

    assert sentences("t.po", languages) == [expected]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (HEADER.format(charset="UTF-8", language="de"), "t.po: translates into de, not into en or fr; leave it out"),
        (
            HEADER.format(charset="ISO-8859-15", language="fr"),
            "t.po is iso-8859-15, not UTF-8; convert it with: msgconv ",
        ),
        (
            'msgid "un"\nmsgstr "one"\nmsgid "deux"\nmsgstr "tw',
            "t.po:4: not a keyword and a quoted string; mend the line",
        ),
        ('msgid "un"\nmsgstr "o"ne"\n', "t.po:2: not a keyword and a quoted string; mend the line"),
        ('msgid "un"\nmsgstr "one"\n\nmsgid "deux"\n', "t.po:4: cut short, the last entry has no msgstr; "),
        ('msgid "un"\nmsgstr "one"\n\n# x\nrubbish\nmsgid "a"\nmsgstr "b"\n', "t.po:5: not the syntax of a .po file; "),
        ('msgid "un"\nmsgstr "one"\n\nmsgid "a"\nmsgctxt "b"\nmsgstr "c"\n', "t.po:5: not the syntax of a .po file; "),
        ('"un"\n', "t.po:1: not the syntax of a .po file; "),
    ],
)
def test_a_catalogue_that_would_be_misread_is_refused_with_its_place(content, message):
    write("t.po", content)

    with pytest.raises(DataError) as caught:
        read("t.po")
    assert str(caught.value).startswith(message)


def test_an_entry_that_is_not_utf8_is_marked():
    write("t.po", b'msgid "un"\nmsgstr "one"\n\nmsgid "caf\xe9"\nmsgstr "coffee"\n')

    assert [pair.is_utf8 for pair in read("t.po")] == [True, False]


def test_an_empty_catalogue_holds_no_pairs():
    write("t.po", "# nothing\n")

    assert read("t.po") == []
