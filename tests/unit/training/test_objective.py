from __future__ import annotations

import shutil
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Any

import pytest
import torch
from torch.testing import assert_close

from tests.support.tiny_training import gradients, random_corpus, tiny_stream, tiny_trainer, whole
from transformer_cli.data.tokens.batching import make_batch
from transformer_cli.special_tokens import PAD_ID


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_the_loss_of_a_batch_is_the_sum_of_its_sentences_and_padding_is_none_of_it(smoothing: float):
    corpus, trainer = random_corpus(), tiny_trainer(label_smoothing=smoothing)

    together = trainer.loss(whole(corpus))
    alone = [trainer.loss(make_batch(corpus, [i])) for i in range(len(corpus))]

    assert together.tokens == sum(loss.tokens for loss in alone) == corpus.target.lengths.sum()
    assert together.total.item() == pytest.approx(sum(loss.total.item() for loss in alone), rel=1e-5)


@pytest.mark.parametrize("options", [{}, {"r_drop": 1.0}], ids=str)
def test_a_batch_without_tokens_has_no_loss_and_gives_every_weight_a_gradient_of_zero(options: dict[str, Any]):
    # What a process that trains with others gets where a batch has fewer rows than there are processes.
    trainer = tiny_trainer(dropout=0.1, **options)
    batch = whole(random_corpus())
    trainer.model.train()

    loss = trainer.loss(replace(batch, labels=torch.full_like(batch.labels, PAD_ID), target_tokens=0))
    loss.total.backward()

    assert (loss.total.item(), loss.tokens) == (0.0, 0)
    assert all(not gradient.any() for gradient in gradients(trainer).values())


@pytest.mark.filterwarnings("ignore:`torch.jit.script_method` is")  # torch's own, when its compiler is imported
@pytest.mark.parametrize("backend", ["aot_eager", pytest.param("inductor", marks=pytest.mark.slow)])
def test_compiled_updates_are_those_of_the_model_as_it_is_written(backend, monkeypatch):
    # Both backends get the same graph of the model; "inductor" needs a minute to make C++ of it on a new machine.
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend=backend))
    # Of several pairs each: PyTorch compiles the same once more for a batch of one.
    batches = list(islice(tiny_stream(random_corpus(), max_tokens=24), 3))
    plain, compiled = (tiny_trainer(num_layers=1, compile=it_is) for it_is in (False, True))

    losses = [[trainer.train_step([batch]).loss for batch in batches] for trainer in (plain, compiled)]

    assert compiled.compile_failure is None or (backend == "inductor" and not shutil.which("g++"))
    assert losses[1] == pytest.approx(losses[0], rel=1e-5)
    assert_close(gradients(compiled), gradients(plain), rtol=1e-4, atol=1e-6)
    assert compiled.validation_loss(batches) == pytest.approx(plain.validation_loss(batches), rel=1e-5)


def test_without_a_compiler_a_training_goes_on_and_knows_why(monkeypatch):
    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("InvalidCxxCompiler: No working C++ compiler found\nSet TORCHDYNAMO_VERBOSE=1")

    monkeypatch.setattr(torch, "compile", broken)
    plain, uncompiled = tiny_trainer(), tiny_trainer(compile=True)

    reports = [trainer.train_step([whole(random_corpus())]) for trainer in (plain, uncompiled)]

    assert uncompiled.compile_failure == "InvalidCxxCompiler: No working C++ compiler found"
    assert reports[0] == reports[1]
