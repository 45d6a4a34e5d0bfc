from __future__ import annotations

from collections.abc import Collection, Sequence

import pytest

from tests.support.tiny_models import tiny_model, tiny_tokenizers
from transformer_cli.artifacts.model_directory import LoadedModel
from transformer_cli.config import DecodingConfig, LanguagesConfig
from transformer_cli.decoding.line_translator import Translation
from transformer_cli.workflows.export.agreement import HeldOutLines, compare, searched_otherwise

LINE, LIMIT = "chat", 12
OURS = Translation("a b", -0.5, 1, log_prob=-1.5, tokens=("▁a", "▁b"))


def translation(tokens: int, *, score: float = -0.1) -> Translation:
    return Translation("x", score, 1, log_prob=score * tokens, tokens=("▁x",) * tokens)


class Exported:
    """An exported model that gives the tokens of our translation log-probabilities, and may say the unknown one."""

    def __init__(self, scored: list[float], *, unknown: Collection[int] = ()) -> None:
        self._scored, self._unknown = scored, set(unknown)
        self.asked: list[Sequence[Sequence[str]]] = []

    def log_probs(self, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[str]]) -> list[list[float]]:
        self.asked.append(targets)
        assert sources == [tiny_tokenizers().source.encode(LINE)] * len(sources)
        return [self._scored] * len(sources)

    def with_unknown(self, sources: Sequence[Sequence[int]]) -> set[int]:
        return self._unknown


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
    exported = Exported(scored)
    lines, theirs = HeldOutLines([LINE, LINE]), [translation(their_tokens), OURS]

    excused = searched_otherwise(lines, [OURS, OURS], theirs, loaded, exported)

    assert excused == ({0} if is_excused else set())
    assert exported.asked == ([[OURS.tokens]] if their_tokens == LIMIT - 1 else [])


@pytest.mark.parametrize(("scored", "is_excused"), [(-0.5, True), (-0.6, False)])
def test_a_search_without_the_unknown_token_is_excused_if_our_translation_has_its_probability(
    loaded: LoadedModel, scored: float, is_excused: bool
):
    lines, theirs = HeldOutLines([LINE] * 3), [translation(2), translation(2), OURS]

    excused = searched_otherwise(lines, [OURS] * 3, theirs, loaded, Exported([scored] * 3, unknown={1}))

    assert excused == ({1} if is_excused else set())


def test_an_excused_line_agrees_and_still_counts_as_another_translation():
    ours, theirs = [OURS, OURS], [translation(11), OURS]

    assert not compare(ours, theirs).is_close
    agreement = compare(ours, theirs, excused={0})
    assert agreement.is_close
    assert agreement.equal == 0.5
