from __future__ import annotations

from typing import Any

import pytest

from transformer_cli import TranslationSettings, export
from transformer_cli.config import LanguagesConfig
from transformer_cli.errors import UsageError


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"engine": "pytorch"}, "engine = 'pytorch': give one of 'auto', 'torch', 'ctranslate2'"),
        ({"precision": "fp16"}, "precision = 'fp16': give one of 'auto', 'float32', 'bfloat16'"),
        ({"split_sentences": "yes"}, "split_sentences = 'yes': give one of 'auto', 'always', 'never'"),
        ({"threads": 0}, "threads = 0: give 1 or more, or None for all cores"),
        (
            {"glossary_hints": True},
            "--glossary-hints (glossary_hints): there is no glossary; name one with --glossary FILE",
        ),
    ],
)
def test_a_value_that_a_setting_does_not_know_is_refused_with_those_it_knows(values: dict[str, Any], message: str):
    with pytest.raises(UsageError) as caught:
        TranslationSettings(**values)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("named", "own", "target"),
    [
        (None, "mul", "mul"),
        ("deu", "mul", "de"),
        (">>cmn_Hans<<", "en", "zh-Hans"),
        ("fra", "fr-CA", "fr-CA"),
    ],
)
def test_a_translation_is_into_the_language_that_is_named(named: str | None, own: str, target: str):
    languages = LanguagesConfig(source="es", target=own)

    found = TranslationSettings(target_language=named).languages(languages)

    assert (found.source, found.target) == ("es", target)


def test_an_export_to_an_unknown_format_is_refused_before_anything_is_written(tmp_path):
    unknown: Any = "Argos"

    with pytest.raises(UsageError, match="to = 'Argos': give one of 'ctranslate2', 'huggingface', 'argos'"):
        export(tmp_path, to=unknown, output=tmp_path / "out")
    assert not (tmp_path / "out").exists()
