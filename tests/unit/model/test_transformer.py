from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from tests.support.tensors import assert_equal_but_rounding
from tests.support.tiny_models import VOCAB_SIZE, padded_sources, random_tokens, tiny_config, tiny_model
from tests.support.torch_reference import torch_transformer
from transformer_cli.config import ModelConfig
from transformer_cli.model.layers import DecoderLayer
from transformer_cli.model.positions import sinusoidal_positions
from transformer_cli.model.transformer import Transformer
from transformer_cli.special_tokens import EOS_ID, PAD_ID

norms = pytest.mark.parametrize("norm", ["post", "pre"])


def another_word(tokens: Tensor) -> Tensor:
    """Return for every token another one, which is no special token either."""
    words = VOCAB_SIZE - EOS_ID - 1
    return (tokens - EOS_ID) % words + EOS_ID + 1


@norms
@pytest.mark.parametrize("tied", [True, False])
def test_the_model_equals_pytorch_s_with_padding_and_causal_mask(norm: str, tied: bool):
    model = tiny_model(norm=norm, tied_embeddings=tied)
    reference = torch_transformer(model)
    source, mask = padded_sources([5, 3, 6])
    target = random_tokens(3, 7, seed=1)

    def embed(table: Tensor, tokens: Tensor) -> Tensor:
        return table[tokens] * math.sqrt(8) + sinusoidal_positions(tokens.size(1), 8).double()

    hidden = reference(
        embed(model.source_embedding.table.weight, source),
        embed(model.target_embedding.table.weight, target),
        tgt_mask=torch.ones(7, 7, dtype=torch.bool).triu(1),
        src_key_padding_mask=~mask[:, 0, 0],
        memory_key_padding_mask=~mask[:, 0, 0],
    )

    assert_equal_but_rounding(model(source, mask, target), hidden @ model.output.weight.T)


@norms
@pytest.mark.parametrize("changed", range(1, 6))
def test_no_position_of_the_decoder_sees_a_later_token(norm: str, changed: int):
    model = tiny_model(norm=norm)
    source, mask = padded_sources([4, 5])
    memory, target = model.encode(source, mask), random_tokens(2, 6, seed=1)
    other = target.clone()
    other[:, changed:] = another_word(target[:, changed:])

    before, after = model.decode(target, memory, mask), model.decode(other, memory, mask)

    assert_equal_but_rounding(after[:, :changed], before[:, :changed])
    assert not torch.allclose(after[:, changed], before[:, changed])


def test_the_encoder_sees_every_token_of_its_sentence_and_the_decoder_all_of_the_memory():
    model = tiny_model()
    source, mask = padded_sources([5])
    target = random_tokens(1, 3, seed=1)
    before = model(source, mask, target)

    for position in range(5):
        other = source.clone()
        other[0, position] = another_word(source[0, position])
        assert not torch.isclose(model(other, mask, target), before).all(dim=-1).any()


@norms
def test_padding_and_batch_mates_change_nothing(norm: str):
    model, lengths = tiny_model(norm=norm), [2, 6, 4]
    source, mask = padded_sources(lengths)
    target = random_tokens(3, 5, seed=1)

    together = model.encode(source, mask)
    together_decoded = model.decode(target, together, mask)

    for row, length in enumerate(lengths):
        alone = model.encode(source[row : row + 1, :length], mask[row : row + 1, ..., :length])
        assert_equal_but_rounding(together[row : row + 1, :length], alone)
        decoded = model.decode(target[row : row + 1], alone, mask[row : row + 1, ..., :length])
        assert_equal_but_rounding(together_decoded[row : row + 1], decoded)


def test_what_stands_in_the_padding_changes_nothing():
    model = tiny_model()
    source, mask = padded_sources([2, 6])
    target = random_tokens(2, 5, seed=1)
    target[0, 3:] = PAD_ID
    scribbled, scribbled_target = source.clone(), target.clone()
    scribbled[0, 2:], scribbled_target[0, 3:] = 7, 9

    before, after = model(source, mask, target), model(scribbled, mask, scribbled_target)

    assert_equal_but_rounding(after[0, :3], before[0, :3])
    assert_equal_but_rounding(after[1], before[1])


def test_sentences_longer_than_max_length_can_be_read_and_written():
    short_table, long_table = tiny_model(max_length=8), tiny_model(max_length=64)
    source, mask = padded_sources([30, 20])
    target = random_tokens(2, 33, seed=1)

    assert torch.equal(short_table(source, mask, target), long_table(source, mask, target))


def test_tied_embeddings_are_one_parameter():
    model = tiny_model(tied_embeddings=True)

    table = model.source_embedding.table.weight
    assert model.target_embedding.table.weight is table
    assert model.output.weight is table
    assert [name for name, p in model.named_parameters() if p.shape == (VOCAB_SIZE, 8)] == [
        "source_embedding.table.weight"
    ]


def test_untied_embeddings_are_three_parameters_that_begin_apart():
    model = Transformer(tiny_config(tied_embeddings=False), VOCAB_SIZE)

    tables = [p for p in model.parameters() if p.shape == (VOCAB_SIZE, 8)]
    assert len(tables) == 3
    for first, second in [(0, 1), (0, 2), (1, 2)]:
        assert not torch.equal(tables[first], tables[second])


@pytest.mark.parametrize("changes", [{}, {"norm": "pre"}, {"tied_embeddings": False}])
def test_every_parameter_has_a_gradient(changes: dict[str, Any]):
    model = tiny_model(**changes)
    source, mask = padded_sources([4, 6])

    model(source, mask, random_tokens(2, 5, seed=1)).square().sum().backward()

    # A key's bias adds the same to all scores of a row, which the softmax does not see.
    parameters = {n: p for n, p in model.named_parameters() if not n.endswith("attention.key.bias")}
    assert [n for n, p in parameters.items() if p.grad is None or not p.grad.abs().max() > 1e-9] == []


def test_embedded_tokens_and_logits_begin_at_about_unit_size():
    torch.manual_seed(0)
    model = Transformer(tiny_config(d_model=64), 500)

    embedded = model.source_embedding.table.weight * model.source_embedding.scale
    hidden = torch.randn(100, 64)  # what a layer norm gives

    assert embedded.std().item() == pytest.approx(1.0, rel=0.05)
    assert model.logits(hidden).std().item() == pytest.approx(1.0, rel=0.05)


def test_layers_begin_as_uniform_as_glorot_and_bengio_say_and_projections_as_one_matrix_of_three_does():
    d, d_ff = 64, 256
    torch.manual_seed(0)
    model = Transformer(tiny_config(d_model=d, d_ff=d_ff), 20)

    for layer in model.decoder:
        assert isinstance(layer, DecoderLayer)
        attention, feed_forward = layer.cross_attention, layer.feed_forward
        bounds = {attention.output: math.sqrt(6 / (d + d))}
        bounds |= dict.fromkeys((attention.query, attention.key, attention.value), math.sqrt(6 / (d + 3 * d)))
        bounds |= dict.fromkeys((feed_forward.inner, feed_forward.outer), math.sqrt(6 / (d + d_ff)))
        for linear, bound in bounds.items():
            assert linear.weight.abs().max().item() == pytest.approx(bound, rel=0.02)
            assert linear.weight.std().item() == pytest.approx(bound / math.sqrt(3), rel=0.05)
            assert not linear.bias.any()


@norms
def test_dropout_is_off_in_evaluation_and_on_in_training(norm: str):
    model = tiny_model(norm=norm, dropout=0.3, attention_dropout=0.3, activation_dropout=0.3)
    source, mask = padded_sources([4, 6])
    target = random_tokens(2, 5, seed=1)

    torch.manual_seed(0)
    in_evaluation = [model(source, mask, target) for _ in range(2)]
    model.train()
    in_training = [model(source, mask, target) for _ in range(2)]

    assert torch.equal(*in_evaluation)
    assert torch.equal(in_evaluation[0], tiny_model(norm=norm)(source, mask, target))
    assert not torch.allclose(*in_training)


def parameters_of_layers(d: int, d_ff: int) -> int:
    """Count six encoder and six decoder layers by hand, from the equations of the paper."""
    attention = 4 * (d * d + d)
    feed_forward = (d * d_ff + d_ff) + (d_ff * d + d)
    norm = 2 * d
    return 6 * (attention + feed_forward + 2 * norm) + 6 * (2 * attention + feed_forward + 3 * norm)


@pytest.mark.parametrize(
    ("preset", "d", "d_ff", "published"),
    [
        # Table 3 of the paper; about 37,000 tokens are shared by both languages.
        pytest.param("base", 512, 2048, 65e6, id="base"),
        pytest.param("big", 1024, 4096, 213e6, id="big"),
    ],
)
def test_the_paper_s_models_have_its_number_of_parameters(preset: str, d: int, d_ff: int, published: float):
    with torch.device("meta"):
        model = Transformer(ModelConfig.model_validate({"preset": preset}), 37_000)

    parameters = sum(p.numel() for p in model.parameters())

    assert model.config.norm == "post"
    assert parameters == parameters_of_layers(d, d_ff) + 37_000 * d
    assert parameters == pytest.approx(published, rel=0.03)


@pytest.mark.parametrize("tied", [True, False])
def test_with_separate_vocabularies_only_target_and_output_layer_share_a_matrix(tied: bool):
    model = Transformer(tiny_config(tied_embeddings=tied), VOCAB_SIZE, source_vocab_size=VOCAB_SIZE)
    source, target = model.source_embedding.table.weight, model.target_embedding.table.weight

    assert source is not target
    assert (model.output.weight is target) == tied
    assert abs(source.std().item() - 8**-0.5) < 0.1
