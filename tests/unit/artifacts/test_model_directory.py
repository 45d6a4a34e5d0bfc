from __future__ import annotations

import json
import shutil

import pytest
import torch
from torch import Tensor

from tests.support.format_1 import model_directory_as_format_1
from tests.support.hostile_machine import disk_full_after
from tests.support.tiny_models import SENTENCES, padded_sources, tiny_tokenizer, tiny_tokenizers
from transformer_cli.artifacts.checkpoint.checkpoint import weights_of
from transformer_cli.artifacts.model_directory import open_model, save_model_directory
from transformer_cli.artifacts.model_manifest import Origin
from transformer_cli.config import DecodingConfig, LanguagesConfig, ModelConfig
from transformer_cli.errors import DamagedFileError, TfmError
from transformer_cli.model.transformer import Transformer

CPU = torch.device("cpu")
LANGUAGES = LanguagesConfig(source="fr", target="en")
DECODING = DecodingConfig(beam_size=3, length_penalty=0.6)
SHAPE = ModelConfig(
    num_encoder_layers=1, num_decoder_layers=2, d_model=8, d_ff=12, num_heads=2, dropout=0.3, norm="pre", max_length=16
)
MADE_FROM = Origin(version="abc", training="de", data="f", start=None, steps=7, program="1.0")
FILES = {"config.json", "model.safetensors", "tokenizer.model", "README.md"}


@pytest.fixture(scope="module")
def model() -> Transformer:
    torch.manual_seed(1)
    return Transformer(SHAPE, tiny_tokenizer().vocab_size).eval()


def save(folder, model: Transformer, **changes) -> None:
    arguments = {
        "weights": weights_of(model),
        "tokenizers": tiny_tokenizers(),
        "model": SHAPE,
        "languages": LANGUAGES,
        "decoding": DECODING,
        "made_from": MADE_FROM,
        "card": "# A card, é\n",
    }
    save_model_directory(folder, **{**arguments, **changes})


def logits(model: Transformer) -> Tensor:
    source, mask = padded_sources([5, 3], vocab_size=model.vocab_size)
    with torch.inference_mode():
        found: Tensor = model(source, mask, source)
    return found


def test_a_model_directory_has_the_promised_files_and_says_what_it_was_made_from(tmp_path, model):
    save(tmp_path / "new" / "0001", model)

    assert {path.name for path in (tmp_path / "new" / "0001").iterdir()} == FILES
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["0001"]
    assert (tmp_path / "new" / "0001" / "README.md").read_text("utf-8") == "# A card, é\n"
    config = json.loads((tmp_path / "new" / "0001" / "config.json").read_text())
    assert config["made_from"] == MADE_FROM.model_dump()
    assert config["languages"] == {"source": "fr", "target": "en"}


def test_a_model_that_was_copied_elsewhere_computes_the_same_from_the_copy_alone(tmp_path, model):
    save(tmp_path / "0001", model)
    shutil.copytree(tmp_path / "0001", tmp_path / "copy")
    shutil.rmtree(tmp_path / "0001")

    loaded = open_model(tmp_path / "copy", CPU)

    assert torch.equal(logits(loaded.model), logits(model))
    assert not loaded.model.training
    assert loaded.tokenizers.source.encode_all(SENTENCES) == tiny_tokenizer().encode_all(SENTENCES)
    assert (loaded.languages, loaded.decoding, loaded.model.config) == (LANGUAGES, DECODING, SHAPE)


def test_a_model_whose_parameters_have_the_names_of_format_1_computes_the_same(tmp_path, model):
    save(tmp_path / "0001", model)
    model_directory_as_format_1(tmp_path / "0001")

    assert torch.equal(logits(open_model(tmp_path / "0001", CPU).model), logits(model))


@pytest.mark.parametrize("name", sorted(FILES - {"README.md"}))
@pytest.mark.parametrize("damage", ["missing", "empty", "cut"])
def test_a_file_that_is_missing_or_cut_short_is_named(tmp_path, model, name, damage):
    save(tmp_path / "0001", model)
    path = tmp_path / "0001" / name
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[: 0 if damage == "empty" else path.stat().st_size // 2])

    with pytest.raises(DamagedFileError) as caught:
        open_model(tmp_path / "0001", CPU)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_a_model_is_usable_without_its_card(tmp_path, model):
    save(tmp_path / "0001", model)
    (tmp_path / "0001" / "README.md").unlink()

    assert torch.equal(logits(open_model(tmp_path / "0001", CPU).model), logits(model))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": 3}, "has format 3; this program reads formats 1 to 2"),
        ({"model": {"d_model": 7}}, "config.json is damaged: "),
        ({"languages": None}, "config.json is damaged: "),
        ({"decoding": {"beam_size": 0}}, "config.json is damaged: "),
        ({"vocab_size": 9}, "tokenizer.model is not the tokenizer that this model was trained with"),
        ({"tokenizer_sha256": "0" * 64}, "tokenizer.model is not the tokenizer that this model was trained with"),
        ({"model": SHAPE.model_copy(update={"d_ff": 16}).model_dump()}, "it is another model's"),
        ({"model": SHAPE.model_copy(update={"num_decoder_layers": 1}).model_dump()}, "it is another model's"),
    ],
)
def test_files_that_do_not_fit_together_are_refused(tmp_path, model, changes, message):
    save(tmp_path / "0001", model)
    path = tmp_path / "0001" / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))

    with pytest.raises(DamagedFileError) as caught:
        open_model(tmp_path / "0001", CPU)
    assert str(caught.value).startswith(str(tmp_path / "0001"))
    assert message in str(caught.value)


@pytest.mark.parametrize("key", ["model", "languages", "decoding", "vocab_size", "tokenizer_sha256", "format"])
def test_a_configuration_that_lacks_something_is_refused(tmp_path, model, key):
    save(tmp_path / "0001", model)
    path = tmp_path / "0001" / "config.json"
    config = json.loads(path.read_text())
    del config[key]
    path.write_text(json.dumps(config))

    with pytest.raises(DamagedFileError, match="0001"):
        open_model(tmp_path / "0001", CPU)


def test_a_full_disk_leaves_nothing_behind(tmp_path, model):
    with disk_full_after(6000), pytest.raises(TfmError, match="free some space"):
        save(tmp_path / "0001", model)

    assert list(tmp_path.iterdir()) == []


def test_an_existing_version_is_not_written_over(tmp_path, model):
    save(tmp_path / "0001", model)

    with pytest.raises(TfmError, match="cannot write"):
        save(tmp_path / "0001", model, card="another")

    assert (tmp_path / "0001" / "README.md").read_text("utf-8") == "# A card, é\n"
    assert [path.name for path in tmp_path.iterdir()] == ["0001"]
