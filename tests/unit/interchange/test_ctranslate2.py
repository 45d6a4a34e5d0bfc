from __future__ import annotations

import ctranslate2
import pytest
import torch

from tests.support.exported_models import vocabulary
from tests.support.tiny_models import padded_sources, random_tokens, tiny_model
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


@pytest.mark.parametrize("norm", ["pre", "post"])
@pytest.mark.parametrize("tied_embeddings", [True, False])
@pytest.mark.parametrize("quantization", ["float32", "int8"])
def test_an_exported_model_gives_each_token_the_same_probability(tmp_path, norm, tied_embeddings, quantization):
    model = tiny_model(norm=norm, tied_embeddings=tied_embeddings).float()
    source, _ = padded_sources([9, 9, 9])
    targets = random_tokens(3, 11, seed=1).tolist()
    sources = [row[:-1] for row in source.tolist()]

    translator = export(tmp_path, model, quantization=quantization)
    scored = translator.score_batch(
        [[f"w{token}" for token in row] for row in sources], [[f"v{token}" for token in row] for row in targets]
    )

    tolerance = 1e-4 if quantization == "float32" else 1.0  # noise for weights is the worst case for 8 bits
    for row, target, result in zip(sources, targets, scored, strict=True):
        assert result.log_probs == pytest.approx(log_probs(model, row, target), abs=tolerance)


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
