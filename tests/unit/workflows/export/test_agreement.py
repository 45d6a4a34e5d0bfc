from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.support.tiny_models import tiny_model, tiny_tokenizers
from transformer_cli.artifacts.model_directory import LoadedModel
from transformer_cli.config import DecodingConfig, LanguagesConfig
from transformer_cli.decoding.line_translator import Translation
from transformer_cli.workflows.export.agreement import HeldOutLines, compare, cut_short

LINE, LIMIT = "chat", 12
OURS = Translation("a b", -0.5, 1, log_prob=-1.5, tokens=("▁a", "▁b"))


def translation(tokens: int, *, score: float = -0.1) -> Translation:
    return Translation("x", score, 1, log_prob=score * tokens, tokens=("▁x",) * tokens)


@pytest.fixture
def loaded() -> LoadedModel:
    """Return a model whose translations of `LINE` have at most `LIMIT` tokens."""
    source = len(tiny_tokenizers().source.encode(LINE)) + 1
    decoding = DecodingConfig(max_length_ratio=2 / source, max_length_extra=LIMIT - 2)
    languages = LanguagesConfig(source="fr", target="en")
    return LoadedModel(tiny_model(), tiny_tokenizers(), languages, decoding)


@pytest.mark.parametrize(
    ("their_tokens", "scored", "is_excused"),
    [
        (LIMIT - 1, [-0.5, -0.5, -0.5], True),
        (LIMIT - 1, [-0.5, -0.5, -0.505], True),
        (LIMIT - 1, [-0.5, -0.5, -0.6], False),
        (LIMIT - 2, [-0.5, -0.5, -0.5], False),
    ],
)
def test_a_search_that_went_on_to_the_limit_is_excused_if_our_translation_has_its_probability(
    loaded: LoadedModel, their_tokens: int, scored: list[float], is_excused: bool
):
    asked: list[Sequence[Sequence[str]]] = []

    def log_probs(sources: list[list[int]], targets: list[Sequence[str]]) -> list[list[float]]:
        asked.append(targets)
        assert sources == [tiny_tokenizers().source.encode(LINE)]
        return [scored]

    lines, theirs = HeldOutLines([LINE, LINE]), [translation(their_tokens), OURS]
    excused = cut_short(lines, [OURS, OURS], theirs, loaded, log_probs)

    assert excused == ({0} if is_excused else set())
    assert asked == ([[OURS.tokens]] if their_tokens == LIMIT - 1 else [])


def test_an_excused_line_agrees_and_still_counts_as_another_translation():
    ours, theirs = [OURS, OURS], [translation(11), OURS]

    assert not compare(ours, theirs).is_close
    agreement = compare(ours, theirs, excused={0})
    assert agreement.is_close
    assert agreement.equal == 0.5
