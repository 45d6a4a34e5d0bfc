from __future__ import annotations

import re

import pytest

from transformer_cli.documents.formats.resources.texts import (
    escaped_characters,
    is_text,
    joined_surrogates,
    utf16_escapes,
)

TEXTS = [
    "Save",
    "le chat",
    "z.B.",
    "Oui/Non",
    "peut-être",
    "arc-en-ciel",
    "%d fichiers",
    "Bonjour {name}",
    "à 5 %",
    "猫",
]
NAMES = [
    "QUFB" * 30,
    "", " ", "42", "%s", "{name}", "https://example.com/a", "a@example.com", "btn_ok", "index.html", "com.example.App",
    "camelCase", "image/png", "a/b/c", "/usr/bin", "#ff00aa", ":symbol", "--option", "col-md-6", "2024-01-01T10:00Z",
    "v1.2.3-beta", "12px", "fr-FR", "zh-Hans", "A::B", "dd/MM/yyyy", "HH:mm", "d MMMM yyyy", "%d %B %Y",
    "\ud800 le chat",
    "3f2a9c1e-77aa-4b0e-9c1e-3f2a9c1e77aa", "5d41402abc4b2a76b9719d911017c592", "@string/name", "C:\\Users",
]  # fmt: skip


@pytest.mark.parametrize("value", TEXTS)
def test_what_people_read_is_a_text(value):
    assert is_text(value)


@pytest.mark.parametrize("value", NAMES)
def test_what_programs_read_is_none(value):
    assert not is_text(value)


def test_characters_that_a_document_always_escapes_are_found():
    escape = re.compile(r"\\(?:u([0-9a-fA-F]{4})|.)")

    found = escaped_characters(r"é \u00e9 \u00E0 \u003c \\u00e7 \u0041 \u0022 \u000a \ud83d\ude00", escape)

    assert found == {0xE0: r"\u00E0", 0x3C: r"\u003c"}


def test_units_of_utf16_are_written_and_joined():
    assert utf16_escapes("a é 😀", "\\u") == r"a \u00e9 \ud83d\ude00"
    assert joined_surrogates("\ud83d\ude00 \ud83d") == "😀 \ud83d"
