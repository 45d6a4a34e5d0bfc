from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from tests.support.tiny_models import padded_sources, random_tokens, tiny_model
from transformer_cli.inspection.attention_maps import attention_maps
from transformer_cli.model.attention import MultiHeadAttention
from transformer_cli.special_tokens import BOS_ID

SOURCE, TARGET = 7, 5


def sentences() -> tuple[Tensor, Tensor]:
    source, _ = padded_sources([SOURCE])
    return source[0], torch.cat([torch.tensor([BOS_ID]), random_tokens(TARGET - 1, seed=1)])


@pytest.fixture(params=["pre", "post"])
def model(request):
    return tiny_model(norm=request.param)


def test_the_maps_have_a_row_for_each_position_of_each_head_of_each_layer(model):
    maps, log_probs = attention_maps(model, *sentences())

    layers, heads = (model.config.num_encoder_layers, model.config.num_decoder_layers), model.config.num_heads
    assert maps.encoder.shape == (layers[0], heads, SOURCE, SOURCE)
    assert maps.decoder.shape == (layers[1], heads, TARGET, TARGET)
    assert maps.cross.shape == (layers[1], heads, TARGET, SOURCE)
    assert log_probs.shape == (TARGET, model.vocab_size)


def test_every_row_sums_to_one(model):
    maps, _ = attention_maps(model, *sentences())

    for kind in (maps.encoder, maps.decoder, maps.cross):
        torch.testing.assert_close(kind.sum(dim=-1), torch.ones(kind.shape[:-1]))
        assert (kind >= 0).all()


def test_what_is_masked_is_exactly_zero_and_nothing_else_is(model):
    maps, _ = attention_maps(model, *sentences())

    later = torch.ones(TARGET, TARGET, dtype=torch.bool).triu(1).expand_as(maps.decoder)
    assert (maps.decoder[later] == 0).all()
    assert (maps.decoder[~later] > 0).all()
    assert (maps.encoder > 0).all()
    assert (maps.cross > 0).all()


def test_the_weights_give_what_the_attention_of_the_model_gave(model):
    """The values, weighed by a map and projected, are the module's own output."""
    outputs: dict[str, Tensor] = {}
    values: dict[str, Tensor] = {}

    def watch(name: str, module: MultiHeadAttention) -> None:
        def hook(_: nn.Module, arguments: tuple[Tensor, ...], output: Tensor) -> None:
            outputs[name] = output
            values[name] = module.keys_and_values(arguments[1])[1]

        module.register_forward_hook(hook)

    for name, module in model.named_modules():
        if isinstance(module, MultiHeadAttention):
            watch(name, module)
    maps, _ = attention_maps(model, *sentences())

    def expected(name: str, weights: Tensor):
        context = weights.double()[None] @ values[name]
        return model.get_submodule(name).output(context.transpose(1, 2).flatten(2))

    compared = 0
    for stack, attention, kind in (
        ("encoder", "self_attention", maps.encoder),
        ("decoder", "self_attention", maps.decoder),
        ("decoder", "cross_attention", maps.cross),
    ):
        for layer, weights in enumerate(kind):
            name = f"{stack}.{layer}.{attention}"
            torch.testing.assert_close(expected(name, weights), outputs[name], rtol=1e-5, atol=1e-6)
            compared += 1
    assert compared == len(outputs) == 2 + 3 + 3


def test_the_log_probabilities_are_those_of_the_model_left_alone(model):
    source, decoder_input = sentences()
    mask = torch.ones(1, 1, 1, SOURCE, dtype=torch.bool)
    with torch.no_grad():
        before = model(source[None], mask, decoder_input[None])

    _, log_probs = attention_maps(model, source, decoder_input)

    with torch.no_grad():
        after = model(source[None], mask, decoder_input[None])
    assert torch.equal(before, after)
    torch.testing.assert_close(log_probs, before[0].log_softmax(dim=-1).float())


def test_nothing_is_left_behind_in_the_model(model):
    attention_maps(model, *sentences())
    with pytest.raises(IndexError):
        attention_maps(model, torch.tensor([model.vocab_size]), sentences()[1])

    assert [name for name, module in model.named_modules() if module._forward_pre_hooks] == []
