from __future__ import annotations

import torch
from torch import nn
from torch.testing import assert_close

from transformer_cli.training.adam import Adam

SETTINGS = {"beta1": 0.9, "beta2": 0.98, "epsilon": 1e-9}
RATES = [0.1, 0.3, 0.05, 0.2]


def parameters() -> dict[str, nn.Parameter]:
    generator = torch.Generator().manual_seed(0)
    return {name: nn.Parameter(torch.randn(size, generator=generator)) for name, size in (("a", (3, 5)), ("b", (7,)))}


def set_gradients(named: dict[str, nn.Parameter], step: int) -> None:
    generator = torch.Generator().manual_seed(step)
    for parameter in named.values():
        parameter.grad = torch.randn(parameter.shape, generator=generator)


def test_the_updates_are_those_of_pytorch():
    ours, theirs = parameters(), parameters()
    adam = Adam(ours.items(), **SETTINGS)
    oracle = torch.optim.Adam(theirs.values(), betas=(0.9, 0.98), eps=1e-9, fused=True)

    for step, rate in enumerate(RATES):
        set_gradients(ours, step)
        set_gradients(theirs, step)
        adam.learning_rate = oracle.param_groups[0]["lr"] = rate
        adam.step()
        oracle.step()
        assert_close(ours, theirs, rtol=0, atol=0)


def test_the_first_update_is_the_rate_in_the_direction_of_each_gradient():
    # m / (1 - beta1) and v / (1 - beta2) are the gradient and its square.
    named = parameters()
    before = {name: parameter.detach().clone() for name, parameter in named.items()}
    adam = Adam(named.items(), **SETTINGS)
    set_gradients(named, 0)
    adam.learning_rate = 0.1
    adam.step()

    for name, parameter in named.items():
        assert parameter.grad is not None
        assert_close(parameter.detach(), before[name] - 0.1 * parameter.grad.sign())


def test_one_that_goes_on_from_a_saved_state_updates_as_the_other_would_have():
    whole, first = parameters(), parameters()
    uninterrupted, interrupted = Adam(whole.items(), **SETTINGS), Adam(first.items(), **SETTINGS)
    for step, rate in enumerate(RATES[:2]):
        for named, adam in ((whole, uninterrupted), (first, interrupted)):
            set_gradients(named, step)
            adam.learning_rate = rate
            adam.step()
    saved = {name: tensor.clone() for name, tensor in interrupted.state_dict().items()}
    resumed = Adam(first.items(), **SETTINGS)
    resumed.load_state_dict(saved)

    for step, rate in enumerate(RATES[2:], start=2):
        for named, adam in ((whole, uninterrupted), (first, resumed)):
            set_gradients(named, step)
            adam.learning_rate = rate
            adam.step()

    assert_close(first, whole, rtol=0, atol=0)


def test_a_parameter_without_gradient_stays():
    named = parameters()
    before = named["b"].detach().clone()
    adam = Adam(named.items(), **SETTINGS)
    set_gradients(named, 0)
    named["b"].grad = None
    adam.learning_rate = 0.1
    adam.step()

    assert torch.equal(named["b"], before)
    assert not any(name.startswith("b.") for name in adam.state_dict())
