from __future__ import annotations

import json
import platform
import resource
import subprocess
import sys

import pytest
import torch

from tests.support.command_line import environment
from transformer_cli.device import (
    _KERNELS_KEPT,
    autocast,
    choose_device,
    choose_precision,
    has_fast_bfloat16,
    seed_from,
)
from transformer_cli.errors import UsageError

CPU = torch.device("cpu")


def test_the_device_is_a_gpu_if_there_is_one_unless_named():
    assert choose_device().type == ("cuda" if torch.cuda.is_available() else "cpu")
    assert choose_device("cpu") == CPU


@pytest.mark.parametrize("name", ["cuda:99", "gpu", "", "CPU", "cuda:-1", "xla", "meta", "hpu", "privateuseone"])
def test_a_device_that_is_not_here_is_refused_with_one_that_is(name):
    with pytest.raises(UsageError) as caught:
        choose_device(name)
    assert str(caught.value) == f'--device {name}: there is no such device here; "cpu" always works'


@pytest.mark.parametrize(
    ("name", "precision"),
    [
        ("float32", torch.float32),
        ("bfloat16", torch.bfloat16),
        ("float16", torch.float16),
    ],
)
def test_the_precision_is_the_one_named(name, precision):
    assert choose_precision(name, CPU) == precision


def test_a_precision_that_was_measured_is_one_of_two_and_stays_the_same():
    chosen = choose_precision("auto", CPU)

    assert chosen in (torch.float32, torch.bfloat16)
    assert {choose_precision("auto", CPU) for _ in range(5)} == {chosen}


def test_a_device_that_is_neither_cpu_nor_gpu_computes_in_full_precision():
    assert choose_precision("auto", torch.device("meta")) == torch.float32


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
def test_matrix_products_are_computed_in_the_precision_chosen_and_only_inside_the_block(precision):
    x = torch.ones(2, 2)

    with autocast(CPU, precision):
        inside = x @ x
    outside = x @ x

    assert (inside.dtype, outside.dtype) == (precision, torch.float32)


def test_what_is_drawn_depends_on_the_numbers_it_was_seeded_from_and_on_nothing_before():
    def drawn(*numbers: int) -> float:
        torch.rand(7)
        seed_from(*numbers)
        return torch.rand(1, dtype=torch.float64).item()

    several = [(1, 2, 3), (1, 3, 2), (1, 2), (0, 0), (0, 2**31), (1, 2, 4)]
    assert [drawn(*numbers) for numbers in several] == [drawn(*numbers) for numbers in several]
    assert len({drawn(*numbers) for numbers in several}) == len(several)


MEASURE = """
import json, resource, sys
from pathlib import Path
import torch
from transformer_cli.cores import available_cores
from transformer_cli.device import limit_threads, manage_memory

limit_threads()
measured = {"threads": torch.get_num_threads(), "cores": available_cores()}
manage_memory()


def product(rows):
    size = int(sys.argv[1])
    torch.ones(rows, size, dtype=torch.bfloat16) @ torch.ones(size, 256, dtype=torch.bfloat16)


def mebibytes_held():  # the most ever, of getrusage, begins with that of the parent process
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() // 2**20


product(1400)
before = mebibytes_held()
for rows in range(1000, 1400):
    product(rows)
measured["mebibytes"] = mebibytes_held() - before

numbers = int(sys.argv[2])
for _ in range(10):
    torch.ones(numbers)  # glibc takes fresh memory until its 256 MiB ahead are used up
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
torch.ones(numbers)
measured["pages"] = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
print(json.dumps(measured))
"""
NUMBERS = 10_000_000
"""40 MB: more than glibc ever keeps of its own accord."""


@pytest.fixture(scope="module")
def measured() -> dict[str, int]:
    """What was measured in a process of its own, which takes its settings of memory with it."""
    # Without instructions for it a product takes a hundred times longer, and a kernel for each shape is not made.
    size = 128 if has_fast_bfloat16(CPU) else 16
    command = [sys.executable, "-c", MEASURE, str(size), str(NUMBERS)]
    variables = {name: value for name, value in environment(OMP_NUM_THREADS="1").items() if name not in _KERNELS_KEPT}
    finished = subprocess.run(command, stdout=subprocess.PIPE, check=True, env=variables)
    found: dict[str, int] = json.loads(finished.stdout)
    return found


def test_pytorch_obeys_the_user_s_number_of_threads_as_we_do(measured):
    assert measured["threads"] == measured["cores"] == 1


if platform.libc_ver()[0] == "glibc":

    def test_memory_that_was_freed_is_used_again_without_touching_fresh_pages(measured):
        assert measured["pages"] < 0.01 * 4 * NUMBERS / resource.getpagesize()

    def test_products_of_many_shapes_do_not_fill_the_memory(measured):
        assert measured["mebibytes"] < 120  # with a kernel kept for each shape it is 260 where there is bfloat16
