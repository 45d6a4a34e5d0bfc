from __future__ import annotations

import polib
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.documents import translate
from transformer_cli.documents.content import Content
from transformer_cli.documents.document import Document, Task
from transformer_cli.documents.formats.plurals import parse_rule, rule_of_language
from transformer_cli.documents.formats.po import read_po
from transformer_cli.documents.formats.po_entries import unescape, written_field
from transformer_cli.errors import DataError

TASK = Task("fr", "en")
HEADER = 'msgid ""\nmsgstr ""\n"Language: en\\n"\n"Plural-Forms: nplurals=2; plural=(n != 1);\\n"\n\n'
CATALOGUE = (
    HEADER
    + """\
#  a translator's comment
#. for translators
#: a.c:1 a.c:2
#, c-format
#| msgid "Le  chien"
msgctxt "menu"
msgid "Le chat %s"
msgstr   ""

msgid   "Le "
  "chien"
msgstr "the dog"

#, fuzzy
msgid "pas sûr"
msgstr "unsure"

msgid "un chat"
msgid_plural "%d chats"
msgstr[0] ""
msgstr[1] "cats \\
"

#~ msgid "ancien"
#~ msgstr ""
"""
).replace("\\\n", "")


def texts(document: Document, *, everything: bool = False) -> list[tuple[Content, ...]]:
    return [unit.sources for unit in document.units if everything or not unit.has_translation]


def translated(text: str, *, task: Task = TASK, everything: bool = False) -> str:
    """Return a catalogue whose translations are the sources in brackets."""
    document = read_po(text, task)
    chosen = {i: unit for i, unit in enumerate(document.units) if everything or not unit.has_translation}
    return document.with_translations(
        {i: [(f"[{source[0]}]", *source[1:]) for source in unit.sources] for i, unit in chosen.items()}
    )


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_nothing_changes_but_what_is_translated(line_end):
    text = CATALOGUE.replace("\n", line_end)

    changed = translated(text)

    assert read_po(text, TASK).with_translations({}) == text
    expected = [
        ("#, c-format", "#, fuzzy, c-format"),
        ('msgid "Le chat %s"\nmsgstr   ""', 'msgid "Le chat %s"\nmsgstr "[Le chat %s]"'),
        ('\nmsgid "un chat"', '\n#, fuzzy\nmsgid "un chat"'),
        ('msgstr[0] ""', 'msgstr[0] "[un chat]"'),
    ]
    for old, new in expected:
        text = text.replace(old.replace("\n", line_end), new.replace("\n", line_end))
    assert changed == text
    assert translated(changed) == changed


def test_all_translates_again_and_final_leaves_no_mark():
    changed = translated(CATALOGUE, task=Task("fr", "en", is_final=True), everything=True)

    assert "fuzzy" not in changed
    assert [entry.msgstr for entry in polib.pofile(changed) if not entry.msgid_plural and not entry.obsolete] == [
        "[Le chat %s]",
        "[Le chien]",
        "[pas sûr]",
    ]


def test_a_template_becomes_a_catalogue_of_the_target_language():
    header = '#, fuzzy\nmsgid ""\nmsgstr ""\n"Language: \\n"\n"Content-Type: text/plain; charset=CHARSET\\n"\n'
    plural = '"Plural-Forms: nplurals=INTEGER; plural=EXPRESSION;\\n"\n\n'
    message = 'msgid "%d chat"\nmsgid_plural "%d chats"\nmsgstr[0] ""\nmsgstr[1] ""\n'

    catalogue = polib.pofile(translated(header + plural + message, task=Task("fr", "ru", is_final=True)))

    assert catalogue.metadata["Language"] == "ru"
    assert catalogue.metadata["Content-Type"] == "text/plain; charset=UTF-8"
    assert catalogue.metadata["Plural-Forms"].startswith("nplurals=3;")
    assert not catalogue.metadata_is_fuzzy
    assert catalogue[0].msgstr_plural == {0: "[%d chat]", 1: "[%d chats]", 2: "[%d chats]"}


@pytest.mark.parametrize(
    ("language", "singular", "forms"),
    [
        ("en", "un chat", ["[un chat]", "[%d chats]"]),
        ("ja", "un chat", ["[%d chats]"]),
        ("ru", "un chat", ["[%d chats]"] * 3),  # the first is that of 21 as well, and needs the number
        ("ru", "%d chat", ["[%d chat]", "[%d chats]", "[%d chats]"]),
        ("sl", "un chat", ["[%d chats]"] * 4),
        ("cs", "un chat", ["[un chat]", "[%d chats]", "[%d chats]"]),
    ],
)
def test_plural_forms_are_those_of_the_target_language(language, singular, forms):
    header = f'msgid ""\nmsgstr ""\n"Plural-Forms: {rule_of_language(language)}\\n"\n\n'
    message = f'msgid "{singular}"\nmsgid_plural "%d chats"\nmsgstr[0] ""\n'

    (entry,) = polib.pofile(translated(header + message, task=Task("fr", language)))

    assert list(entry.msgstr_plural.values()) == forms


@pytest.mark.parametrize(
    ("damage", "line"),
    [
        ('msgid "a"\n', 1),
        ('msgid "a"\nmsgstr "b\n', 2),
        ('msgid "a"\nmsgstr "b"\nmsgid "c"\n', 3),
        ('msgid "a"\nmsgid "b"\nmsgstr ""\n', 2),
        ('msgstr "a"\n', 1),
        ('"a"\n', 1),
        ('msgid "a"\nmsgstr[0] ""\n', 2),
        ("<html>\n", 1),
        ('msgid "a" "b"\nmsgstr ""\n', 1),
    ],
)
def test_what_is_no_catalogue_is_refused_with_its_line(damage, line):
    with pytest.raises(DataError, match=f"^line {line}: "):
        read_po(damage, TASK)


def test_a_catalogue_in_another_language_is_refused():
    with pytest.raises(DataError, match="into de, the model into en; "):
        read_po(HEADER.replace("Language: en", "Language: de"), TASK)


@given(st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Zl", "Zp"), include_characters="\n\t\r")))
def test_a_string_is_read_by_another_library_as_it_was_written(text):
    field = written_field("msgstr", text, "\n")

    (entry,) = polib.pofile(f'msgid "a"\n{field}\n')
    assert entry.msgstr == text
    assert "".join(unescape(line.strip().removeprefix("msgstr").strip()[1:-1]) for line in field.split("\n")) == text
    assert all(len(line) <= 79 or " " not in line[8:-2].strip() for line in field.split("\n"))


@pytest.mark.parametrize("rule", ["", "nplurals=2; plural=x;", "nplurals=99; plural=0;", "nplurals=1; plural=n;"])
def test_a_rule_that_makes_no_sense_is_none(rule):
    assert parse_rule(rule) is None


def test_a_directive_beside_a_letter_is_kept_where_a_flag_says_what_it_is():
    heard = []

    def say(text: str) -> str:
        heard.append(text)
        return text.upper().replace("%S", "%s")

    new = translate(b'#, c-format\nmsgid "%sAuteur 5%% %<PRIu8> de %s"\nmsgstr ""\n', "po", say).decode()

    assert 'msgstr "%sAUTEUR 5%% %<PRIu8> DE %s"' in new
    assert heard == ["Auteur 5%% de %s"]


def test_a_pattern_of_a_time_is_copied():
    assert b'msgstr "%A %d %B"' in translate(b'msgid "%A %d %B"\nmsgstr ""\n', "po", lambda _: "no")


def test_messages_of_several_domains_are_those_of_one_file():
    page = 'domain "one"\nmsgid "Là."\nmsgstr ""\n\ndomain "two"\nmsgid "Ici."\nmsgstr ""\n'

    new = translate(page.encode(), "po", str.upper).decode()

    assert [line for line in new.split("\n") if line.startswith(("domain", "msgstr"))] == [
        'domain "one"',
        'msgstr "LÀ."',
        'domain "two"',
        'msgstr "ICI."',
    ]
