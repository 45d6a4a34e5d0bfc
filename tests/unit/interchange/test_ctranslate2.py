from __future__ import annotations

import copy

import ctranslate2
import pytest
import torch
from torch import Tensor, nn

from tests.support.exported_models import vocabulary
from tests.support.tiny_models import LIKE_MARIAN, padded_sources, random_tokens, tiny_model
from transformer_cli.interchange.ctranslate2 import write_ctranslate2_model
from transformer_cli.model.transformer import Transformer
from transformer_cli.special_tokens import BOS_ID, EOS_ID, PAD_ID

VOCAB_SIZE = 13


def export(folder, model: Transformer, *, quantization="float32"):
    """Write ``model`` and open it."""
    source_size = model.source_embedding.table.num_embeddings
    write_ctranslate2_model(
        folder,
        model,
        source_pieces=vocabulary(source_size),
        target_pieces=vocabulary(model.vocab_size, prefix="v"),
        num_positions=20,
        quantization=quantization,
    )
    return ctranslate2.Translator(str(folder))


def log_probs(model: Transformer, source: list[int], target: list[int]) -> list[float]:
    """Return the log-probability of each token of ``target`` and of eos, pad and bos being impossible."""
    ids = torch.tensor([[*source, EOS_ID]])
    logits = model(ids, torch.ones(1, 1, 1, ids.size(1), dtype=torch.bool), torch.tensor([[BOS_ID, *target]]))[0]
    logits[:, [PAD_ID, BOS_ID]] = -torch.inf
    values: list[float] = logits.log_softmax(-1)[range(len(target) + 1), [*target, EOS_ID]].tolist()
    return values


def in_eight_bits(model: Transformer) -> Transformer:
    """Return a copy whose products are those of 8-bit numbers, added without loss."""
    copied = copy.deepcopy(model)
    with torch.no_grad():
        for module in copied.modules():
            if isinstance(module, nn.Linear | nn.Embedding):
                module.weight.copy_(rounded(module.weight))
            if isinstance(module, nn.Linear):
                module.register_forward_pre_hook(lambda _, arguments: (rounded(arguments[0]),))
    return copied


def rounded(rows: Tensor) -> Tensor:
    """Round each row to multiples of a 127th of its largest absolute value."""
    scale = 127 / rows.abs().amax(dim=-1, keepdim=True)
    return (rows * scale).round() / scale


def pair_each_weight_with_zero(model: Transformer) -> None:
    """Keep the sum of two neighbouring products of 8-bit numbers within 16 bits.

    Processors without VNNI add up such pairs in 16 bits, up to 255 * 127 each, and cut the sum off at 32,767. A trained
    model's sums hardly come to that; those of noise do.
    """
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.Linear):
                module.weight[:, 1::2] = 0.0


@pytest.mark.parametrize("norm", ["pre", "post"])
@pytest.mark.parametrize("tied_embeddings", [True, False])
@pytest.mark.parametrize("quantization", ["float32", "int8"])
def test_an_exported_model_gives_each_token_the_same_probability(tmp_path, norm, tied_embeddings, quantization):
    model = expected = tiny_model(norm=norm, tied_embeddings=tied_embeddings).float()
    tolerance = 1e-4
    if quantization == "int8":
        pair_each_weight_with_zero(model)
        expected = in_eight_bits(model)
        # Rounding differs where a value lies in the middle: one such step of an eighth of the inputs comes to 0.02.
        tolerance = 0.05
    source, _ = padded_sources([9, 9, 9])
    targets = random_tokens(3, 11, seed=1).tolist()
    sources = [row[:-1] for row in source.tolist()]

    translator = export(tmp_path, model, quantization=quantization)
    scored = translator.score_batch(
        [[f"w{token}" for token in row] for row in sources], [[f"v{token}" for token in row] for row in targets]
    )

    for row, target, result in zip(sources, targets, scored, strict=True):
        assert result.log_probs == pytest.approx(log_probs(expected, row, target), abs=tolerance)


@pytest.mark.parametrize("changes", LIKE_MARIAN)
def test_a_model_like_those_of_other_programs_gives_each_token_the_same_probability(tmp_path, changes):
    model = tiny_model(**changes).float()
    source, target = random_tokens(9, seed=1).tolist(), random_tokens(11, seed=2).tolist()

    translator = export(tmp_path, model)
    (result,) = translator.score_batch([[f"w{token}" for token in source]], [[f"v{token}" for token in target]])

    assert result.log_probs == pytest.approx(log_probs(model, source, target), abs=1e-4)


@pytest.mark.parametrize("quantization", ["float32", "int8"])
def test_exporting_leaves_the_model_as_it_was(tmp_path, quantization):
    model = tiny_model(norm="pre").float()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}

    export(tmp_path, model, quantization=quantization)

    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


def test_a_matrix_that_is_used_three_times_is_written_once(tmp_path):
    sizes = {}
    for tied in (True, False):
        folder = tmp_path / str(tied)
        folder.mkdir()
        export(folder, tiny_model(norm="pre", vocab_size=500, tied_embeddings=tied).float())
        sizes[tied] = (folder / "model.bin").stat().st_size

    assert sizes[False] - sizes[True] == pytest.approx(2 * 500 * 8 * 4, rel=0.02)
