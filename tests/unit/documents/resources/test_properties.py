from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.documents import translate, unchanged
from transformer_cli.errors import DataError

TABLE = r"""# un commentaire = ici \
! un autre
titre=Le titre
continued\
  key=deux mots
  space = \  deux
  key\ with\=signs : une valeur \
      qui continue
tabs	le chat\tdort
lines = une ligne\n\
        une autre ligne\n
empty=
number = 42
id = btn_ok
java.pattern = L''eau de {0} dort
quoted = l'eau de '{0}'
java.braces = Si '{'c''est'}', l''eau de {0}
accent = voil\u00e0 \u263A
"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_a_file_read_and_written_is_the_same_in_every_byte(encoding, line_end):
    data = (TABLE + "é = été").replace("\n", line_end).encode(encoding)

    assert unchanged(data, "properties") == data
    assert translate(data, "properties") == data


def test_texts_are_translated_and_nothing_else_changes():
    expected = TABLE
    for old, new in [
        ("Le titre", "LE TITRE"),
        ("deux mots", "DEUX MOTS"),
        ("\\  deux", "\\  DEUX"),
        ("une valeur \\\n      qui continue", "UNE VALEUR QUI CONTINUE"),
        (r"le chat\tdort", r"LE CHAT\tDORT"),
        ("une ligne\\n\\\n        une autre ligne\\n", "UNE LIGNE\\n\\\n        UNE AUTRE LIGNE\\n"),
        ("L''eau de {0} dort", "L''EAU DE {0} DORT"),
        ("l'eau de '{0}'", "L'EAU DE '{0}'"),
        ("Si '{'c''est'}', l''eau de {0}", "SI '{'C''EST'}', L''EAU DE {0}"),
        (r"voil\u00e0 \u263A", r"VOIL\u00c0 \u263A"),
    ]:
        assert old in expected
        expected = expected.replace(old, new)

    assert translate(TABLE.encode(), "properties", str.upper).decode() == expected


def test_new_characters_are_written_so_that_every_java_reads_them():
    def say(_: str) -> str:
        return "é ☺ 😀"

    assert translate(b"a = deux", "properties", say) == rb"a = \u00e9 \u263a \ud83d\ude00"
    assert translate("a = é".encode(), "properties", say) == "a = é ☺ 😀".encode()
    assert translate("a = é".encode("latin-1"), "properties", say) == r"a = é \u263a \ud83d\ude00".encode("latin-1")


def _load(text: str) -> dict[str, str]:
    """Return the properties in a text, read character by character as the documentation of Java has it."""
    found, rest = {}, text
    while rest:
        rest = rest.lstrip(" \t\f\r\n")
        if rest[:1] in ("#", "!"):
            rest = rest[min((rest.find(end) % (len(rest) + 1) for end in "\r\n"), default=0) :]
            continue
        parts = ["", ""]
        side, sign = 0, False
        while rest and rest[0] not in "\r\n":
            character, rest = rest[0], rest[1:]
            if character == "\\":
                character, rest = rest[:1], rest[1:]
                if character in ("\r", "\n"):
                    rest = (rest[1:] if character == "\r" and rest[:1] == "\n" else rest).lstrip(" \t\f")
                    continue
                if character == "u":
                    character, rest = chr(int(rest[:4], 16)), rest[4:]
                parts[side] += {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}.get(character, character)
            elif side == 0 and character in "=: \t\f":
                side, sign = 1, character in "=:"
            elif side == 1 and not parts[1] and (character in " \t\f" or (character in "=:" and not sign)):
                sign = sign or character in "=:"
            else:
                parts[side] += character
        if parts != ["", ""] or side:
            found[parts[0]] = parts[1].encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return found


PIECES = st.sampled_from(
    ["a", "le chat", " ", "=", ":", "#", "!", "\\", "\\n", "\\\n", "\n", "\r\n", "\\u00e9", "é", "\t"]
)


@given(st.lists(PIECES, max_size=12).map("".join), st.text(st.sampled_from("a ='é\\\n#:😀"), max_size=5))
def test_any_file_stays_and_any_answer_is_read_again(text, answer):
    if "\\\\u" not in text:  # the small reader above does not know that \\ is no escape of u
        data = text.encode()
        assert translate(data, "properties") == data
    before, after = _load(text), _load(translate(text.encode(), "properties", lambda _: answer).decode())

    assert list(before) == list(after)
    for key, value in before.items():
        assert after[key] == value or answer.split() == after[key].split() or "\n" in value or "\t" in value


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"a = b\nc = \\u00e", "line 2"),
        (b"a = \\u00e9 \\uxyzw", "line 1"),
        ("é = à\n".encode() + b"b = \xe9", "line 2"),
        (b"a\nb = \x92", "line 2"),
    ],
)
def test_a_damaged_file_is_refused_with_its_line(data, line):
    with pytest.raises(DataError, match=f"^{line}: "):
        unchanged(data, "properties")
