from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy
from torch.testing import assert_close

from tests.support.tiny_training import (
    PEAK_LEARNING_RATE,
    differing,
    gradients,
    random_corpus,
    tiny_stream,
    tiny_trainer,
    weights,
    whole,
)
from transformer_cli.data.tokens.batching import Batch, make_batch
from transformer_cli.device import has_fast_bfloat16
from transformer_cli.errors import DivergedError
from transformer_cli.special_tokens import PAD_ID
from transformer_cli.training.schedule import learning_rate
from transformer_cli.training.trainer import Trainer, ValidationInterruptedError


def cloned(state: Any) -> Any:
    """Copy a state as a checkpoint does: nothing of it changes when the trainer goes on."""
    if isinstance(state, dict):
        return {key: cloned(value) for key, value in state.items()}
    return state.clone() if isinstance(state, Tensor) else state


def train(trainer: Trainer, steps: int) -> None:
    batches = iter(tiny_stream(random_corpus()))
    for _ in range(steps):
        trainer.train_step([next(batches)])


@pytest.mark.parametrize("parts", [[12], [1, 11], [5, 4, 3], [1] * 12], ids=str)
def test_an_update_in_parts_is_the_update_of_one_batch(parts: list[int]):
    # So large an epsilon makes Adam's step proportional to the gradient: by itself it would hide a wrong scale.
    options: dict[str, Any] = {"adam_epsilon": 1.0, "peak_learning_rate": 1.0, "warmup_steps": 1}
    corpus, at_once, in_parts = random_corpus(), tiny_trainer(**options), tiny_trainer(**options)
    at_once.model.double()
    in_parts.model.double()
    ends = [sum(parts[:i]) for i in range(len(parts) + 1)]
    batches = [make_batch(corpus, range(start, end)) for start, end in pairwise(ends)]

    expected = at_once.train_step([whole(corpus)])
    report = in_parts.train_step(batches)

    assert report.loss == pytest.approx(expected.loss, rel=1e-6)
    assert report.target_tokens == expected.target_tokens == corpus.target.lengths.sum()
    assert report.source_tokens == expected.source_tokens == corpus.source.lengths.sum()
    assert report.positions == sum(batch.positions for batch in batches)
    assert_close(gradients(in_parts), gradients(at_once), rtol=0.0, atol=1e-7)
    assert_close(weights(in_parts), weights(at_once), rtol=0.0, atol=1e-7)


def test_updates_are_adam_s_with_the_recipe_s_settings_and_the_schedule_s_rate():
    betas, epsilon = (0.7, 0.9), 1e-3
    trainer = tiny_trainer(adam_beta1=betas[0], adam_beta2=betas[1], adam_epsilon=epsilon, warmup_steps=3)
    trainer.model.double()
    batches = iter(tiny_stream(random_corpus()))
    expected = weights(trainer)
    first = {name: torch.zeros_like(p) for name, p in expected.items()}
    second = {name: torch.zeros_like(p) for name, p in expected.items()}

    for step in range(1, 7):
        report = trainer.train_step([next(batches)])

        rate = learning_rate(step, peak=PEAK_LEARNING_RATE, warmup_steps=3)
        assert (report.step, report.learning_rate) == (step, rate)
        # Kingma and Ba 2015, algorithm 1
        for name, gradient in gradients(trainer).items():
            first[name] = betas[0] * first[name] + (1 - betas[0]) * gradient
            second[name] = betas[1] * second[name] + (1 - betas[1]) * gradient**2
            mean, variance = first[name] / (1 - betas[0] ** step), second[name] / (1 - betas[1] ** step)
            expected[name] -= rate * mean / (variance.sqrt() + epsilon)
        assert_close(weights(trainer), expected, rtol=0.0, atol=1e-10)


def test_gradients_of_a_larger_norm_are_scaled_down_to_the_limit():
    batch = whole(random_corpus())
    free, clipped, roomy = tiny_trainer(clip_norm=None), tiny_trainer(clip_norm=0.25), tiny_trainer(clip_norm=1e6)

    reports = [trainer.train_step([batch]) for trainer in (free, clipped, roomy)]

    norm = torch.cat([g.flatten() for g in gradients(free).values()]).norm().item()
    assert norm > 0.5
    assert [report.gradient_norm for report in reports] == [pytest.approx(norm, rel=1e-5)] * 3  # as it was before
    assert_close(gradients(clipped), {n: g * 0.25 / norm for n, g in gradients(free).items()}, rtol=1e-4, atol=1e-7)
    assert differing(gradients(roomy), gradients(free)) == []


@pytest.mark.parametrize("broken", ["the loss", "a gradient"])
@pytest.mark.parametrize("bad_value", [float("nan"), float("inf")])
@pytest.mark.parametrize("clip_norm", [None, 1.0])
def test_what_is_not_finite_stops_the_training_before_the_update(
    broken: str, bad_value: float, clip_norm: float | None
):
    trainer = tiny_trainer(clip_norm=clip_norm, warmup_steps=4)
    train(trainer, 2)
    parameter = next(trainer.model.parameters())
    if broken == "the loss":
        parameter.data[:, 0] = bad_value
    else:
        parameter.register_hook(lambda gradient: torch.full_like(gradient, bad_value))
    before, moments = weights(trainer), cloned(trainer.state_dict()["moments"])

    with pytest.raises(DivergedError, match=r"^training diverged at step 3: .*learning_rate \(now 0\.0075\)"):
        trainer.train_step([whole(random_corpus())])

    assert trainer.step == 2
    assert differing(weights(trainer), before) == []
    assert differing(trainer.state_dict()["moments"], moments) == []


def test_in_float16_a_gradient_that_overflows_is_skipped_and_the_next_ones_are_scaled_less():
    trainer, batch = tiny_trainer(precision="float16"), whole(random_corpus())
    overflow = next(trainer.model.parameters()).register_hook(lambda gradient: torch.full_like(gradient, torch.inf))
    before, scale = weights(trainer), trainer.state_dict()["scaler"]["scale"]

    trainer.train_step([batch])
    overflow.remove()

    assert differing(weights(trainer), before) == []
    assert trainer.state_dict()["scaler"]["scale"] == scale / 2
    resumed = tiny_trainer(precision="float16")
    resumed.load_state_dict(cloned(trainer.state_dict()))
    assert resumed.state_dict()["scaler"] == trainer.state_dict()["scaler"]
    trainer.train_step([batch])
    assert differing(weights(trainer), before) == list(before)


def test_in_float16_a_loss_that_is_not_finite_stops_the_training_all_the_same():
    trainer = tiny_trainer(precision="float16")
    next(trainer.model.parameters()).data[:, 0] = torch.nan

    with pytest.raises(DivergedError, match="step 1"):
        trainer.train_step([whole(random_corpus())])


def test_a_trainer_that_was_saved_goes_on_to_the_same_bits():
    corpus = random_corpus()
    uninterrupted, first = tiny_trainer(dropout=0.3), tiny_trainer(dropout=0.3)
    resumed = tiny_trainer(dropout=0.3, seed=7)
    batches = [whole(corpus), make_batch(corpus, [1, 2]), make_batch(corpus, [5, 3, 9])]

    torch.manual_seed(0)
    expected = [uninterrupted.train_step([batch]) for batch in batches * 2]
    torch.manual_seed(0)
    for batch in batches:
        first.train_step([batch])
    saved, saved_weights, random_state = cloned(first.state_dict()), weights(first), torch.get_rng_state()
    first.train_step([whole(corpus)])
    resumed.model.load_state_dict(saved_weights, strict=False)
    resumed.load_state_dict(saved)
    torch.set_rng_state(random_state)
    reports = [resumed.train_step([batch]) for batch in batches]

    assert reports == expected[3:]
    assert differing(weights(resumed), weights(uninterrupted)) == []
    assert differing(resumed.state_dict()["moments"], uninterrupted.state_dict()["moments"]) == []


def test_a_trainer_saved_before_its_first_update_can_be_resumed():
    fresh, resumed = tiny_trainer(), tiny_trainer()

    resumed.load_state_dict(cloned(fresh.state_dict()))
    for trainer in (fresh, resumed):
        train(trainer, 2)

    assert differing(weights(resumed), weights(fresh)) == []


def test_what_stands_in_the_padding_changes_neither_loss_nor_gradient():
    batch = make_batch(random_corpus(), [0, 5, 3])
    is_source, is_target = batch.source_mask[:, 0, 0], batch.labels != PAD_ID
    assert not is_source.all()
    assert not is_target.all()
    scribbled = replace(
        batch,
        source=batch.source.where(is_source, 7),
        # The eos of a short row stands here one place after its end: that is padding too.
        decoder_input=batch.decoder_input.where(is_target, 9),
    )

    clean, other = tiny_trainer(), tiny_trainer()
    reports = [clean.train_step([batch]), other.train_step([scribbled])]

    assert reports[0].loss == pytest.approx(reports[1].loss, rel=1e-6)
    assert_close(gradients(other), gradients(clean), rtol=0.0, atol=1e-6)


def test_the_validation_loss_is_a_mean_over_tokens_without_dropout_and_trains_nothing():
    corpus, trainer, plain = random_corpus(), tiny_trainer(dropout=0.5), tiny_trainer(dropout=0.0)
    before, random_state = weights(trainer), torch.get_rng_state()
    batches = [make_batch(corpus, [0]), make_batch(corpus, range(1, 12))]
    keeps_for_backward = []
    trainer.model.encoder[0].register_forward_hook(lambda *_: keeps_for_backward.append(torch.is_grad_enabled()))

    loss = trainer.validation_loss(batches)

    expected = plain.loss(whole(corpus))
    assert loss == pytest.approx(expected.total.item() / expected.tokens, rel=1e-6)
    assert differing(weights(trainer), before) == []
    assert keeps_for_backward == [False, False]
    assert torch.equal(torch.get_rng_state(), random_state)


def test_a_validation_loss_is_given_up_between_two_batches_when_the_training_is_to_stop():
    trainer, batch = tiny_trainer(), whole(random_corpus())
    answers = [False, False, True, False]

    with pytest.raises(ValidationInterruptedError):
        trainer.validation_loss([batch] * 4, lambda: answers.pop(0))

    assert answers == [False]


def test_an_update_after_a_validation_has_dropout_again():
    batch = whole(random_corpus())
    with_validation, without = tiny_trainer(dropout=0.5), tiny_trainer(dropout=0.5)

    with_validation.validation_loss([batch])
    reports = []
    for trainer in (with_validation, without):
        torch.manual_seed(0)
        reports.append(trainer.train_step([batch]))

    assert reports[0] == reports[1]
    assert reports[0].loss != tiny_trainer().train_step([batch]).loss


@pytest.mark.parametrize(("precision", "tolerance"), [("bfloat16", 0.02), ("float16", 0.005)])
def test_half_precision_gives_about_the_same_loss_and_keeps_weights_in_float32(precision: str, tolerance: float):
    def losses(name: str) -> list[float]:
        trainer = tiny_trainer(precision=name)
        batches = iter(tiny_stream(random_corpus()))
        found = [trainer.train_step([next(batches)]).loss for _ in range(8)]
        assert {p.dtype for p in trainer.model.parameters()} == {torch.float32}
        return found

    half, full = losses(precision), losses("float32")

    assert half != full
    assert half == pytest.approx(full, rel=tolerance)


def test_a_model_learns_its_corpus_by_heart():
    batch: Batch = whole(random_corpus(sentences=4))
    trainer = tiny_trainer(label_smoothing=0.0, peak_learning_rate=0.02, warmup_steps=20)

    losses = [trainer.train_step([batch]).loss for _ in range(100)]

    assert losses[0] > 2.0
    assert losses[-1] < 0.05


@pytest.mark.parametrize("asked", ["auto", "bfloat16"])
def test_a_resumed_training_goes_on_in_the_precision_in_which_it_began_unless_the_choice_is_ours_and_it_is_slow(asked):
    is_slow = asked == "auto" and not has_fast_bfloat16(torch.device("cpu"))
    for began, expected in (("float32", "float32"), ("bfloat16", "float32" if is_slow else "bfloat16")):
        resumed = tiny_trainer(precision=asked)

        resumed.load_state_dict(cloned(tiny_trainer(precision=began).state_dict()))

        assert resumed.precision_name == expected
        assert resumed.given_up_precision == ("bfloat16" if expected != began else None)


@pytest.mark.parametrize("norm", ["pre", "post"])
def test_an_update_has_the_gradients_of_the_plain_model_and_loss(norm: Any):
    fast, plain = tiny_trainer(norm=norm), tiny_trainer(norm=norm)
    batch = whole(random_corpus())

    report = fast.train_step([batch])
    logits = plain.model.eval()(batch.source, batch.source_mask, batch.decoder_input).flatten(0, 1)
    loss = cross_entropy(logits, batch.labels.flatten(), ignore_index=PAD_ID, label_smoothing=0.1)
    loss.backward()

    assert report.loss == pytest.approx(loss.item(), rel=1e-5)
    assert_close(gradients(fast), gradients(plain), rtol=1e-4, atol=1e-6)
