"""A model whose two languages have a vocabulary each, from the recipe to a translation."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path

import pytest
import torch

from tests.support.small_runs import one_thread, write_small
from tests.support.tiny_models import subwords
from transformer_cli import train, translate
from transformer_cli.artifacts.model_directory import open_model
from transformer_cli.errors import DamagedFileError

OVERRIDES = ("tokenizer.shared=false", "training.max_steps=3", "data.train=[{path='toy.{lang}', tag='<toy>'}]")


@pytest.fixture(scope="module")
def version(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("separate")
    write_small(folder)
    with one_thread():
        return train(folder / "tfm.toml", run_dir=folder / "run", overrides=OVERRIDES).version


@pytest.fixture
def copy(version, tmp_path) -> Path:
    return Path(shutil.copytree(version, tmp_path / "copy"))


def translation(model: Path, text: str) -> str:
    written: list[bytes] = []
    translate(io.BytesIO(text.encode()), written.append, model=model)
    return b"".join(written).decode()


def test_run_and_model_directory_hold_a_tokenizer_for_each_side(version):
    names = {"tokenizer.source.model", "tokenizer.target.model"}

    files = {path.name for path in version.iterdir() if path.is_file()}
    assert files == {"config.json", "model.safetensors", "README.md", *names}
    assert {path.name for path in version.parents[1].glob("tokenizer*.model")} == names


def test_the_source_has_a_table_of_its_own_and_the_target_s_is_the_output_layer_s(version):
    loaded = open_model(version, torch.device("cpu"))
    source, target, model = loaded.tokenizers.source, loaded.tokenizers.target, loaded.model

    assert source.vocab_size != target.vocab_size
    assert model.source_embedding.table.weight.shape[0] == source.vocab_size
    assert model.target_embedding.table.weight.shape[0] == target.vocab_size
    assert model.output.weight is model.target_embedding.table.weight


def test_the_model_card_tells_both_sizes(version):
    config = json.loads((version / "config.json").read_text())

    card = (version / "README.md").read_text()
    assert f"{config['vocab_size']} SentencePiece pieces, {config['source_vocab_size']} of the source" in card


def test_a_copy_of_the_model_translates_and_takes_a_tag_as_one_piece(version, copy):
    assert translation(copy, "le chat voit\n\n<toy> le chien dort\n").count("\n") == 3
    tokenizer = open_model(version, torch.device("cpu")).tokenizers.source
    assert "<toy>" in subwords(tokenizer, "<toy> le chien")


@pytest.mark.parametrize("name", ["tokenizer.source.model", "tokenizer.target.model"])
def test_a_missing_tokenizer_of_one_side_is_named(copy, name):
    (copy / name).unlink()

    with pytest.raises(DamagedFileError, match=f"{name} is missing"):
        open_model(copy, torch.device("cpu"))


def test_exchanged_tokenizers_are_noticed(copy):
    source, target = (copy / f"tokenizer.{side}.model" for side in ("source", "target"))
    content = source.read_bytes()
    source.write_bytes(target.read_bytes())
    target.write_bytes(content)

    with pytest.raises(DamagedFileError, match="is not the tokenizer that this model was trained with"):
        open_model(copy, torch.device("cpu"))
