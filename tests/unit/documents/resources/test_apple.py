from __future__ import annotations

import plistlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.documents import translate, unchanged

TABLE = r"""/* un commentaire = "ici"; */
"save" = "Enregistrer";   // le bouton
key.two	=	'le "chat"' ;
"le \"chat\"" = "l'eau \"dort\"\nici\U00e0";
"only a key";
"number" = "42"; "id" = btn_ok;
/* // */ "lines" = "une ligne
une autre";
"octal" = "le caf\351";
"""
PLURALS = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0"><dict>
	<key>%d cats</key>
	<dict>
		<key>NSStringLocalizedFormatKey</key><string>%#@chats@ &amp; dort</string>
		<key>chats</key>
		<dict>
			<key>NSStringFormatSpecTypeKey</key><string>NSStringPluralRuleType</string>
			<key>NSStringFormatValueTypeKey</key><string>d</string>
			<key>one</key><string>%d chat</string>
			<key>other</key><string>%d chats</string>
		</dict>
	</dict>
</dict></plist>
"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize(("kind", "text"), [("strings", TABLE), ("stringsdict", PLURALS)])
def test_a_file_read_and_written_is_the_same_in_every_byte(kind, text, encoding, line_end):
    data = text.replace("\n", line_end).replace("UTF-8", "UTF-16" if encoding == "utf-16" else "UTF-8").encode(encoding)

    assert unchanged(data, kind) == data
    assert translate(data, kind) == data


def test_values_are_translated_and_nothing_else_changes():
    expected = TABLE
    for old, new in [
        ("Enregistrer", "ENREGISTRER"),
        ("'le \"chat\"'", "'LE \"CHAT\"'"),
        (r"l'eau \"dort\"\nici\U00e0", r"L'EAU \"DORT\"\nICIÀ"),
        ("une ligne\nune autre", "UNE LIGNE\nUNE AUTRE"),
    ]:
        assert old in expected
        expected = expected.replace(old, new)

    assert translate(TABLE.encode(), "strings", str.upper).decode() == expected


TEXTS = st.text(st.sampled_from("ab \"'\\\n\té😀;=/*"), max_size=6)


@settings(max_examples=50)
@given(st.dictionaries(TEXTS, TEXTS, max_size=4), TEXTS)
def test_whatever_a_table_holds_stays_and_any_answer_is_read_again(table, answer):
    text = "".join(f'"{_escaped(key)}" = "{_escaped(value)}";\n' for key, value in table.items())

    assert translate(text.encode(), "strings") == text.encode()
    new = _read(translate(text.encode(), "strings", lambda _: answer).decode())
    heard = " ".join(answer.split())
    assert list(new) == list(table)
    assert all(new[key] == value or heard in new[key] for key, value in table.items())


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t")


def _read(text: str) -> dict[str, str]:
    """Return a table with all strings in double quotes, read character by character."""
    strings: list[str] = []
    characters = iter(text)
    for character in characters:
        if character == '"':
            own = ""
            while (character := next(characters)) != '"':
                if character == "\\":
                    character = {"n": "\n", "t": "\t"}.get(following := next(characters), following)
                own += character
            strings.append(own)
    return dict(zip(strings[::2], strings[1::2], strict=True))


def test_the_forms_of_plurals_are_translated():
    new = plistlib.loads(translate(PLURALS.encode(), "stringsdict", lambda text: text.replace("chat", "cat")))

    assert new["%d cats"]["NSStringLocalizedFormatKey"] == "%#@chats@ & dort"
    assert new["%d cats"]["chats"] == {
        "NSStringFormatSpecTypeKey": "NSStringPluralRuleType",
        "NSStringFormatValueTypeKey": "d",
        "one": "%d cat",
        "other": "%d cats",
    }
