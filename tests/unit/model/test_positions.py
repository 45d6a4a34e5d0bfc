from __future__ import annotations

import math

import pytest
import torch
from torch.testing import assert_close

from transformer_cli.model.positions import sinusoidal_positions


@pytest.mark.parametrize(("length", "d_model"), [(7, 6), (1, 2), (40, 8)])
def test_every_element_is_the_paper_s(length: int, d_model: int):
    expected = torch.empty(length, d_model)
    for position in range(length):
        for i in range(d_model // 2):
            expected[position, 2 * i] = math.sin(position / 10000 ** (2 * i / d_model))
            expected[position, 2 * i + 1] = math.cos(position / 10000 ** (2 * i / d_model))

    table = sinusoidal_positions(length, d_model)

    assert table.dtype == torch.float32
    assert_close(table, expected, rtol=0.0, atol=1e-7)


def test_late_positions_are_as_exact_as_early_ones():
    (late,) = sinusoidal_positions(100_001, 4)[-1:].tolist()

    expected = [math.sin(1e5), math.cos(1e5), math.sin(1e3), math.cos(1e3)]
    assert late == pytest.approx(expected, abs=1e-7)


def test_at_position_zero_every_sine_is_0_and_every_cosine_1():
    assert sinusoidal_positions(3, 6)[0].tolist() == [0, 1, 0, 1, 0, 1]


def test_the_first_wave_is_one_radian_a_position_and_later_ones_are_slower():
    table = sinusoidal_positions(2, 8).double()

    angles = torch.atan2(table[1, 0::2], table[1, 1::2])

    assert angles[0].item() == pytest.approx(1.0, abs=1e-6)
    assert (angles.diff() < 0).all()


def test_the_same_distance_is_the_same_rotation_wherever_it_lies():
    table = sinusoidal_positions(30, 8).double()

    def products(distance: int) -> torch.Tensor:
        return (table[distance:] * table[:-distance]).sum(dim=1)  # of two vectors `distance` apart

    assert_close(products(3), products(3)[:1].expand(27), rtol=0.0, atol=1e-6)


def test_marian_has_its_own_frequencies_the_last_of_which_is_one_in_ten_thousand():
    d_model = 10

    table = sinusoidal_positions(7, d_model, kind="marian")

    for pos in range(7):
        for i in range(d_model // 2):  # `SinusoidalPositionEmbeddings` of Marian
            angle = pos * math.exp(-i * math.log(10000.0) / (d_model / 2 - 1))
            assert_close(table[pos, 2 * i].item(), math.sin(angle), rtol=0.0, atol=1e-6)
            assert_close(table[pos, 2 * i + 1].item(), math.cos(angle), rtol=0.0, atol=1e-6)
