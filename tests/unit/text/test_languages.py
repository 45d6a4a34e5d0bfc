from __future__ import annotations

import pytest

from transformer_cli.text.languages import (
    Language,
    is_language_code,
    language_name,
    parse_language,
    same_language,
    short_code,
)


@pytest.mark.parametrize("code", ["fr", "FR", "fra", "fre", "fr-FR", "fr_FR", "fra_Latn", "fra-Latn-FR", " fr "])
def test_french_is_french_however_its_code_is_written(code):
    assert language_name(code) == "fr"
    assert same_language(code, "fr")
    assert same_language("fr", code)


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("deu", "de"),
        ("ger", "de"),
        ("zho_Hans", "zh"),
        ("cmn_Hant", "zh"),
        ("arb_Arab", "ar"),
        ("iw", "he"),
        ("ekk", "et"),
        ("yue", "yue"),
        ("ckb_Arab", "ckb"),
        ("src", "src"),
        ("Klingon", "klingon"),
    ],
)
def test_a_language_has_its_short_code_and_else_its_own(code, name):
    assert language_name(code) == name


@pytest.mark.parametrize(
    ("code", "short"),
    [("deu", "de"), ("cmn_hans", "zh-Hans"), ("por_br", "pt-BR"), ("uzb_Latn_UZ", "uz-Latn-UZ"), ("yue", "yue")],
)
def test_the_short_form_of_a_code_is_that_of_bcp_47(code, short):
    assert short_code(code) == short
    assert same_language(short, code)


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("pt", "pt-BR", True),
        ("pt-BR", "pt_br", True),
        ("pt-BR", "pt-PT", False),
        ("por_Latn", "pt-BR", True),
        ("pt-Latn-BR", "pt-BR", True),
        ("sr-Latn", "sr-Cyrl", False),
        ("srp_Latn", "sr", True),
        ("zh", "zh-Hant", True),
        ("zh-TW", "zho_Hant", True),
        ("zh-TW", "zho_Hans", False),
        ("zh-CN", "zh-Hans-CN", True),
        ("zh-CN", "zh-TW", False),
        ("fr", "fry", False),
        ("nb", "nn", False),
        ("es-419", "es-ES", False),
        ("es-419", "spa", True),
    ],
)
def test_scripts_and_regions_matter_where_both_codes_name_them(one, other, is_same):
    assert same_language(one, other) == same_language(other, one) == is_same


def test_a_code_is_taken_apart():
    assert parse_language("zh_Hant_HK") == Language("zh", "hant", "hk")
    assert parse_language("zh-HK") == Language("zh", "hant", "hk")
    assert parse_language("de") == Language("de")


@pytest.mark.parametrize(
    ("text", "is_code"),
    [
        ("fr", True),
        ("fra_Latn", True),
        ("es-419", True),
        ("en-tête", False),
        ("texte", False),
        ("f", False),
        ("", False),
    ],
)
def test_a_code_is_told_from_other_names_of_columns(text, is_code):
    assert is_language_code(text) == is_code
