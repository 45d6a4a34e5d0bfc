"""What an engine is asked beside the best translation; the search itself is tested on its own."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch

from tests.support.tiny_models import padded_sources, talkative_model, tiny_config
from transformer_cli.config import DecodingConfig
from transformer_cli.decoding.engine import BEST_ONLY, Sampling, SearchOptions
from transformer_cli.decoding.pytorch.ensemble import EnsembleStepDecoder
from transformer_cli.decoding.pytorch.force_decoding import force_decode
from transformer_cli.decoding.pytorch.torch_engine import TorchEngine
from transformer_cli.decoding.pytorch.transformer_decoder import TransformerStepDecoder
from transformer_cli.model.attention import MultiHeadAttention
from transformer_cli.model.transformer import Transformer
from transformer_cli.special_tokens import BOS_ID, EOS_ID

SOURCES = [[7, 8, 9], [30], [100, 20, 30, 40, 50], [30, 7]]


def engine(*seeds: int, **decoding: Any) -> TorchEngine:
    config = DecodingConfig(**{"beam_size": 4, "max_length_ratio": 1.0, "max_length_extra": 4, **decoding})
    return TorchEngine([talkative_model(seed=seed) for seed in seeds or (0,)], config)


def test_n_best_gives_different_translations_the_best_first():
    best = engine().search(SOURCES, BEST_ONLY)
    found = engine().search(SOURCES, SearchOptions(n_best=3))

    for (expected,), several in zip(best, found, strict=True):
        assert several[0].tokens == expected.tokens
        assert len({hypothesis.tokens for hypothesis in several}) == len(several) == 3
        assert [h.score for h in several] == sorted((h.score for h in several), reverse=True)


def test_every_translation_begins_with_the_prefix_of_its_source_and_is_the_best_of_those():
    prefixes = [(60, 61), (), (62,), (63, 60, 60)]
    found = engine(beam_size=1).search(SOURCES, BEST_ONLY, prefixes)

    for source, prefix, (hypothesis,) in zip(SOURCES, prefixes, found, strict=True):
        assert hypothesis.tokens[: len(prefix)] == prefix
        assert engine(beam_size=1).search([source], BEST_ONLY, [prefix])[0][0].tokens == hypothesis.tokens
        (forced,) = force_decode(talkative_model(), [[*source, EOS_ID]], [hypothesis.tokens])
        assert hypothesis.log_prob == pytest.approx(sum(forced.log_probs), rel=1e-4)


@pytest.mark.parametrize("source_vocab_size", [None, 330, 340])
@pytest.mark.parametrize("tied", [True, False])
def test_an_engine_made_again_in_another_program_says_the_same(source_vocab_size, tied):
    config = tiny_config(norm="pre", tied_embeddings=tied)
    models = [Transformer(config, 330, source_vocab_size=source_vocab_size).double() for _ in range(2)]
    one = TorchEngine(models, DecodingConfig(beam_size=3, max_length_ratio=1.0, max_length_extra=4))

    again = copy.copy(one)  # as multiprocessing does it

    assert again.search(SOURCES, SearchOptions(n_best=3)) == one.search(SOURCES, SearchOptions(n_best=3))


def test_a_prefix_longer_than_the_longest_translation_still_has_an_end():
    prefix = tuple(range(60, 75))
    ((hypothesis,),) = engine().search(SOURCES[:1], BEST_ONLY, [prefix])
    assert hypothesis.tokens[:15] == prefix


def test_samples_are_drawn_for_a_source_whatever_stands_beside_it():
    options = SearchOptions(n_best=3, sampling=Sampling(seed=4, temperature=1.5))
    together = engine().search(SOURCES, options)

    assert len({draw.tokens for draws in together for draw in draws}) > 8
    for source, draws in zip(SOURCES, together, strict=True):
        (alone,) = engine().search([source], options)
        assert [draw.tokens for draw in alone] == [draw.tokens for draw in draws]


@pytest.mark.parametrize(
    ("beam_size", "draws", "sentences"), [(4, None, 25), (16, None, 25), (64, None, 6), (4, 64, 6)]
)
def test_the_more_hypotheses_the_fewer_sources_are_searched_at_once(beam_size, draws, sentences):
    options = SearchOptions(n_best=draws, sampling=Sampling()) if draws else BEST_ONLY
    batches = list(engine(beam_size=beam_size, batch_tokens=100).batches([[7, 8, 9]] * 50, options))

    assert len(batches[0]) == sentences
    assert sorted(i for batch in batches for i in batch) == list(range(50))


@torch.no_grad()
def test_several_models_give_the_mean_of_their_probabilities():
    models = [talkative_model(seed=seed) for seed in range(3)]
    source, mask = padded_sources([4, 2], vocab_size=330)
    decoders = [TransformerStepDecoder(model, source, mask, rows_per_sentence=2) for model in models]

    start = torch.full((4,), BOS_ID)
    together = EnsembleStepDecoder(decoders).step(start)[:, :330]

    full = [model(source, mask, torch.full((2, 1), BOS_ID))[:, 0].softmax(dim=1) for model in models]
    expected = (sum(full) / 3).repeat_interleave(2, dim=0)
    torch.testing.assert_close(together.exp().double(), expected, rtol=1e-4, atol=1e-6)


def test_an_ensemble_of_one_model_twice_says_what_it_says_alone_and_of_two_something_else():
    alone, twice, two = (engine(*seeds).search(SOURCES, BEST_ONLY) for seeds in ((0,), (0, 0), (0, 1)))

    assert [found[0].tokens for found in twice] == [found[0].tokens for found in alone]
    assert [found[0].tokens for found in two] != [found[0].tokens for found in alone]


@torch.no_grad()
def test_forced_decoding_gives_the_probability_of_each_token_and_of_the_end():
    model = talkative_model()
    sources, targets = [[7, 8, EOS_ID], [9, EOS_ID]], [[20, 30, 40], [50]]

    for source, target, forced in zip(sources, targets, force_decode(model, sources, targets), strict=True):
        logits = model(
            torch.tensor([source]),
            torch.ones(1, 1, 1, len(source), dtype=torch.bool),
            torch.tensor([[BOS_ID, *target]]),
        )
        expected = logits[0].log_softmax(dim=1).gather(1, torch.tensor([[*target, EOS_ID]]).T)[:, 0]
        assert forced.log_probs == pytest.approx(expected.tolist(), rel=1e-4)


def test_the_attention_of_a_hypothesis_is_the_mean_of_all_layers_and_heads_whatever_stands_beside_it():
    model = talkative_model()
    for layer in range(3):
        attention = model.get_submodule(f"decoder.{layer}.cross_attention")
        assert isinstance(attention, MultiHeadAttention)
        attention.weights = look_at(1 if layer == 1 else 0)  # type: ignore[method-assign]
    options = SearchOptions(n_best=2, with_attention=True)

    config = DecodingConfig(beam_size=2, max_length_extra=3)
    for source, hypotheses in zip(SOURCES, TorchEngine(model, config).search(SOURCES, options), strict=True):
        for hypothesis in hypotheses:
            assert hypothesis.attention is not None
            assert len(hypothesis.attention) == len(hypothesis.tokens)
            for row in hypothesis.attention:
                assert row == pytest.approx((2 / 3, 1 / 3, *[0.0] * (len(source) - 1)))


def look_at(position: int) -> Any:
    def weights(x: torch.Tensor, memory: torch.Tensor, _: torch.Tensor) -> torch.Tensor:
        looks = torch.zeros(x.size(0), 2, x.size(1), memory.size(1))
        looks[..., position] = 1.0
        return looks

    return weights
