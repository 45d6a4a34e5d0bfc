from __future__ import annotations

import os
import stat
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

from tests.support.checkpoint_states import state_after
from tests.support.hostile_machine import crash_at_each_moment, disk_full_after
from transformer_cli.artifacts.checkpoint.checkpoint import (
    Checkpoint,
    average_weights,
    load_checkpoint,
    load_weights,
    read_tensors,
    read_weights,
    save_checkpoint,
    weights_of,
    write_tensors,
)
from transformer_cli.artifacts.checkpoint.state import read_state
from transformer_cli.errors import DamagedFileError, TfmError

FILES = ["model.safetensors", "training.safetensors", "state.json"]


def checkpoint(step: int = 1, *, size: int = 4) -> Checkpoint:
    generator = torch.Generator().manual_seed(step)
    return Checkpoint(
        weights={"a": torch.randn(size, 3, generator=generator), "b": torch.randn(2, generator=generator)},
        tensors={
            "edges": torch.tensor([0.0, -0.0, torch.inf, -torch.inf, torch.nan, 1e-45]),
            "half": torch.randn(5, generator=generator).bfloat16(),
            "random": torch.arange(256, dtype=torch.uint8),
            "step": torch.tensor(float(step)),
        },
        state=state_after(step),
    )


def bits(tensors: dict[str, Tensor]) -> dict[str, tuple[torch.dtype, tuple[int, ...], bytes]]:
    return {
        name: (tensor.dtype, tuple(tensor.shape), tensor.flatten().view(torch.uint8).numpy().tobytes())
        for name, tensor in tensors.items()
    }


def is_same(loaded: Checkpoint, saved: Checkpoint) -> bool:
    return (bits(loaded.weights), bits(loaded.tensors), loaded.state) == (
        bits(saved.weights),
        bits(saved.tensors),
        saved.state,
    )


def test_a_checkpoint_reads_back_bit_for_bit(tmp_path):
    save_checkpoint(tmp_path / "new" / "step-1", checkpoint())

    assert is_same(load_checkpoint(tmp_path / "new" / "step-1"), checkpoint())
    assert sorted(path.name for path in (tmp_path / "new" / "step-1").iterdir()) == sorted(FILES)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["step-1"]


def test_a_checkpoint_replaces_the_one_of_the_same_name_with_all_its_files(tmp_path):
    save_checkpoint(tmp_path / "best", checkpoint(1))
    (tmp_path / "best" / "more").touch()

    save_checkpoint(tmp_path / "best", checkpoint(2))

    assert is_same(load_checkpoint(tmp_path / "best"), checkpoint(2))
    assert sorted(path.name for path in (tmp_path / "best").iterdir()) == sorted(FILES)
    assert [path.name for path in tmp_path.iterdir()] == ["best"]


def test_the_state_can_be_read_alone(tmp_path):
    save_checkpoint(tmp_path / "best", checkpoint())
    (tmp_path / "best" / "model.safetensors").unlink()

    assert read_state(tmp_path / "best") == checkpoint().state


# Damage


def cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def emptied(content: bytes) -> bytes:
    return b""


def flip_the_last_byte(content: bytes) -> bytes:
    return content[:-1] + bytes([content[-1] ^ 1])


def flip_a_byte_of_the_header(content: bytes) -> bytes:
    return content[:12] + bytes([content[12] ^ 1]) + content[13:]


@pytest.mark.parametrize("name", ["model.safetensors", "training.safetensors"])
@pytest.mark.parametrize("damage", [cut, emptied, flip_the_last_byte, flip_a_byte_of_the_header])
def test_damaged_tensors_are_found_by_their_checksum(tmp_path, name, damage):
    save_checkpoint(tmp_path / "best", checkpoint())
    path = tmp_path / "best" / name
    path.write_bytes(damage(path.read_bytes()))

    with pytest.raises(DamagedFileError) as caught:
        load_checkpoint(tmp_path / "best")
    assert str(caught.value) == f"{path} is not as it was written"


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(tmp_path, name):
    save_checkpoint(tmp_path / "best", checkpoint())
    (tmp_path / "best" / name).unlink()

    with pytest.raises(DamagedFileError, match=rf"best/{name} is (missing or damaged|not as it was written)$"):
        load_checkpoint(tmp_path / "best")


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"3", b"{}", b'{"checksums": {}}', b'{"checksums": [], "state": {}}', b"\xff"]
)
def test_a_damaged_state_is_named(tmp_path, content):
    save_checkpoint(tmp_path / "best", checkpoint())
    (tmp_path / "best" / "state.json").write_bytes(content)

    with pytest.raises(DamagedFileError, match=r"best/state\.json is missing or damaged$"):
        load_checkpoint(tmp_path / "best")


def test_a_checkpoint_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(DamagedFileError, match=r"nowhere/state\.json is missing or damaged$"):
        load_checkpoint(tmp_path / "nowhere")


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600)])
def test_who_may_read_a_tensor_file_is_for_the_umask_to_say(umask, mode, tmp_path):
    before = os.umask(umask)
    try:
        write_tensors(tmp_path / "x.safetensors", checkpoint().weights)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "x.safetensors").stat().st_mode) == mode


@pytest.mark.parametrize(
    ("damage", "message"),
    [(cut, "is damaged or cut short: "), (emptied, "is damaged or cut short: "), (None, "is missing")],
)
def test_a_damaged_tensor_file_is_named(tmp_path, damage, message):
    path = tmp_path / "x.safetensors"
    write_tensors(path, checkpoint().weights)
    if damage is None:
        path.unlink()
    else:
        path.write_bytes(damage(path.read_bytes()))

    with pytest.raises(DamagedFileError) as caught:
        read_tensors(path)
    assert str(caught.value).startswith(f"{path} {message}")
    assert "\n" not in str(caught.value)


def test_parameters_of_format_1_get_the_names_of_today_wherever_they_stand(tmp_path):
    numbered = {
        "encoder.1.add_and_norm.0.norm.weight": "encoder.1.around_self_attention.norm.weight",
        "encoder.1.add_and_norm.1.norm.bias": "encoder.1.around_feed_forward.norm.bias",
        "decoder.10.add_and_norm.0.norm.bias": "decoder.10.around_self_attention.norm.bias",
        "weights.decoder.0.add_and_norm.1.norm.weight": "weights.decoder.0.around_cross_attention.norm.weight",
        "moments.decoder.0.add_and_norm.2.norm.weight.exp_avg": (
            "moments.decoder.0.around_feed_forward.norm.weight.exp_avg"
        ),
        "encoder_norm.weight": "encoder_norm.weight",
    }
    path = tmp_path / "x.safetensors"
    write_tensors(path, {name: torch.tensor(float(number)) for number, name in enumerate(numbered)})

    read = {name: tensor.item() for name, tensor in read_tensors(path).items()}

    assert read == {name: float(number) for number, name in enumerate(numbered.values())}


# Broken off


def test_a_full_disk_leaves_the_old_checkpoint_and_no_debris(tmp_path):
    save_checkpoint(tmp_path / "best", checkpoint(1))

    with disk_full_after(10_000), pytest.raises(TfmError, match="free some space") as caught:
        save_checkpoint(tmp_path / "best", checkpoint(2, size=5000))

    assert str(tmp_path) in str(caught.value)
    assert is_same(load_checkpoint(tmp_path / "best"), checkpoint(1))
    assert [path.name for path in tmp_path.iterdir()] == ["best"]


def test_where_nothing_can_be_written_the_error_names_the_place(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(TfmError, match=r"^cannot write .*file/best.*: not a directory"):
        save_checkpoint(tmp_path / "file" / "best", checkpoint())


SAVE = """
import pathlib, shutil
import torch
from tests.support.checkpoint_states import state_after
from transformer_cli.artifacts.checkpoint.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from transformer_cli.files.atomic import restore_folders

folder = pathlib.Path("checkpoints/best")

def save(step):
    save_checkpoint(folder, Checkpoint({"a": torch.full((3,), step)}, {"b": torch.zeros(2)}, state_after(step)))

def act():
    save(2)

def outcome():
    restore_folders(folder.parent)
    return load_checkpoint(folder).state.step if folder.exists() else "nothing"
"""


def test_a_checkpoint_whose_writing_is_killed_at_any_moment_is_there_whole_or_not_at_all(tmp_path):
    begin = "def begin(): shutil.rmtree('checkpoints', ignore_errors=True)"

    outcomes = crash_at_each_moment(SAVE + begin, folder=tmp_path)

    assert len(outcomes) > 5
    assert outcomes == sorted(outcomes, key=["nothing", "2"].index)


def test_a_checkpoint_whose_replacing_is_killed_at_any_moment_is_the_old_or_the_new_one(tmp_path):
    begin = "def begin(): save(1)"

    outcomes = crash_at_each_moment(SAVE + begin, folder=tmp_path)

    assert set(outcomes) == {"1", "2"}
    assert outcomes == sorted(outcomes)


# Weights in and out of a model


class Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(5, 3)
        self.output = nn.Linear(3, 5, bias=False)
        self.output.weight = self.embedding.weight
        self.norm = nn.LayerNorm(3)
        self.register_buffer("table", torch.zeros(7))


def test_weights_are_the_parameters_and_one_used_twice_occurs_once():
    model = Tied()

    weights = weights_of(model)

    assert {name: tuple(weight.shape) for name, weight in weights.items()} == {
        "embedding.weight": (5, 3),
        "norm.weight": (3,),
        "norm.bias": (3,),
    }
    assert not any(weight.requires_grad for weight in weights.values())


def test_weights_put_into_another_model_are_those_of_the_first_and_stay_tied():
    first, second = Tied(), Tied()

    load_weights(second, weights_of(first), where=Path("best"))

    assert bits(weights_of(second)) == bits(weights_of(first))
    assert second.output.weight is second.embedding.weight


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"norm.bias": None}, "best: no parameter norm.bias; it is another model's"),
        ({"norm.scale": torch.zeros(3)}, "best: unknown parameter norm.scale; it is another model's"),
        (
            {"norm.bias": torch.zeros(1)},  # would be broadcast without a word
            "best: parameter norm.bias has shape (1,) instead of (3,); it is another model's",
        ),
    ],
)
def test_another_models_weights_are_refused_with_the_parameter_that_differs(changes, message):
    weights = {**weights_of(Tied()), **changes}

    with pytest.raises(DamagedFileError) as caught:
        load_weights(
            Tied(), {name: weight for name, weight in weights.items() if weight is not None}, where=Path("best")
        )
    assert str(caught.value) == message


def test_the_average_is_the_mean_of_each_weight(tmp_path):
    folders = [tmp_path / f"step-{step}" for step in (1, 2, 3)]
    for step, folder in enumerate(folders, start=1):
        save_checkpoint(folder, checkpoint(step))

    average = average_weights(folders)

    expected = {
        name: np.mean([checkpoint(step).weights[name].double().numpy() for step in (1, 2, 3)], axis=0)
        for name in ("a", "b")
    }
    assert average.keys() == expected.keys()
    assert all(np.array_equal(average[name].numpy(), expected[name].astype(np.float32)) for name in expected)


def test_the_average_is_summed_in_double_precision(tmp_path):
    values = [1e8, 1.0, -1e8]  # in float32 the one in the middle would be lost
    for value in values:
        save_checkpoint(tmp_path / str(value), Checkpoint({"a": torch.tensor([value])}, {}, state_after(1)))

    average = average_weights([tmp_path / str(value) for value in values])

    assert average["a"].tolist() == torch.tensor([1 / 3]).tolist()
    assert average["a"].dtype == torch.float32


def test_an_average_of_a_checkpoint_that_cannot_be_read_is_an_error(tmp_path):
    save_checkpoint(tmp_path / "1", checkpoint())

    with pytest.raises(DamagedFileError, match=r"2/state\.json is missing or damaged$"):
        average_weights([tmp_path / "1", tmp_path / "2"])


def test_weights_alone_are_verified_too(tmp_path):
    save_checkpoint(tmp_path / "1", checkpoint())
    assert_close(read_weights(tmp_path / "1"), checkpoint().weights, rtol=0, atol=0)
    path = tmp_path / "1" / "model.safetensors"
    path.write_bytes(flip_the_last_byte(path.read_bytes()))

    for read in (read_weights, lambda folder: average_weights([folder])):
        with pytest.raises(DamagedFileError, match=r"1/model\.safetensors is not as it was written$"):
            read(tmp_path / "1")
