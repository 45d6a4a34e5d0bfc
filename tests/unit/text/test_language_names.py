from __future__ import annotations

import pytest

from transformer_cli.text.language_names import language_of_heading, side_of_heading


@pytest.mark.parametrize(
    ("heading", "code"),
    [
        ("English", "en"),
        (" FRANÇAIS ", "fr"),
        ("Francais", "fr"),
        ("Anglais", "en"),
        ("Französisch", "fr"),
        ("日本語", "ja"),
        ("フランス語", "fr"),
        ("हिन्दी", "hi"),
        ("tiếng Việt", "vi"),
        ("Norwegian Bokmål", "nb"),
        ("en", "en"),
        ("eng_Latn", "eng-latn"),
        ("en-US", "en-us"),
        ("Source (en-US)", "en-us"),
        ("sentence_eng_Latn", "eng-latn"),
        ("translation.fr", "fr"),
        ("French text", "fr"),
        ("Deutsch [de]", "de"),
        ("Brazilian Portuguese", "pt-br"),
        ("Portuguese (Brazil)", "pt-br"),
        ("中文（简体）", "zh-hans"),
        ("English (United Kingdom)", "en"),
    ],
)
def test_a_heading_names_a_language(heading, code):
    assert language_of_heading(heading) == code


@pytest.mark.parametrize(
    "heading",
    [
        "",
        "text",
        "source",
        "id number",
        "en-tête",
        "English, French",
        "English comments",
        "Notes (English)",
        "it is",
        "Brazil",
        "a" * 9,
        "[",
    ],
)
def test_other_headings_name_none(heading):
    assert language_of_heading(heading) is None


@pytest.mark.parametrize("name", ["français", "anglais", "deutsch", "español", "中文", "русский"])
def test_a_sentence_with_the_name_of_a_language_is_no_heading(name):
    assert language_of_heading(f"je parle {name}") is None


@pytest.mark.parametrize(
    ("heading", "side"),
    [
        ("src", "source"),
        ("Source text", "source"),
        ("Quelle", "source"),
        ("original", "source"),
        ("TGT", "target"),
        ("Übersetzung", "target"),
        ("Перевод", "target"),
        ("译文", "target"),
        ("Texto fuente", "source"),
        ("Source target", None),
        ("text", None),
        ("the source of it", None),
        ("", None),
    ],
)
def test_a_heading_names_a_side(heading, side):
    assert side_of_heading(heading) == side
