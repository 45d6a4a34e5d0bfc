from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import ctranslate2
import pytest
import sentencepiece

from tests.support.exported_models import exportable_model
from tests.support.original_models import joint_list, opus_segmenter
from tests.support.tiny_models import SENTENCES
from transformer_cli.config import LanguagesConfig, TokenizerConfig
from transformer_cli.data.tokens.fit_tokenizer import fit_tokenizers
from transformer_cli.data.tokens.tokenizer import TokenizerPair
from transformer_cli.errors import UsageError
from transformer_cli.interchange.argos import package_name, require_packable, write_argos_package
from transformer_cli.interchange.ctranslate2 import write_ctranslate2_model
from transformer_cli.interchange.vocabulary import our_tokenizers, our_vocabulary

LANGUAGES = LanguagesConfig(source="fr", target="pt-BR")
FRENCH, ENGLISH = SENTENCES[:4], SENTENCES[4:]


def trained(*, shared: bool) -> TokenizerPair:
    config = TokenizerConfig(shared=shared, vocab_size=330)
    return fit_tokenizers(FRENCH * 9, ENGLISH * 9, config, where="here", tags=[])


def imported(folder: Path, pieces: list[str]) -> TokenizerPair:
    for side in ("source", "target"):
        (folder / f"{side}.spm").write_bytes(opus_segmenter(side))
    vocabulary = our_vocabulary(pieces, unk=1, eos=0)
    return our_tokenizers(folder / "source.spm", folder / "target.spm", [vocabulary])


def pieces_of(tokenizers: TokenizerPair, texts: tuple[str, ...]) -> list[list[str]]:
    return [[tokenizers.target.piece(token) for token in tokenizers.target.encode(text)] for text in texts]


def of_one_language() -> list[str]:
    return [piece for piece in joint_list() if not piece.startswith(">>")]


@pytest.fixture
def engine(tmp_path: Path) -> Path:
    """Return CTranslate2's folder of a model with the vocabulary of `imported`, and what else lies in an export."""
    folder = tmp_path / "engine"
    folder.mkdir()
    tokenizers = imported(tmp_path, of_one_language())
    model = exportable_model(num_encoder_layers=1, num_decoder_layers=1)
    pieces = [tokenizers.source.piece(token) for token in range(model.vocab_size)]
    write_ctranslate2_model(
        folder, model, source_pieces=pieces, target_pieces=pieces, num_positions=64, quantization="float32"
    )
    (folder / "engine.json").write_text("{}")
    return folder


def written(folder: Path, engine: Path) -> zipfile.ZipFile:
    path = folder / "it.argosmodel"
    tokenizers = imported(folder, of_one_language())
    write_argos_package(path, engine, tokenizers, LANGUAGES, version="1.7", card="# A model\n")
    return zipfile.ZipFile(path)


def test_a_package_is_one_folder_with_the_facts_the_tokenizer_and_the_engine(tmp_path: Path, engine: Path):
    with written(tmp_path, engine) as archive:
        names = archive.namelist()
        facts: dict[str, Any] = json.loads(archive.read("translate-fr_pt-BR/metadata.json"))
        archive.extractall(tmp_path / "installed")

    inside = {name.removeprefix("translate-fr_pt-BR/") for name in names}
    assert inside == {"metadata.json", "README.md", "sentencepiece.model"} | {
        f"model/{name}" for name in ("model.bin", "config.json", "shared_vocabulary.json")
    }
    assert {key: facts[key] for key in ("from_code", "from_name", "to_code", "to_name", "package_version")} == {
        "from_code": "fr",
        "from_name": "French",
        "to_code": "pt-BR",
        "to_name": "Portuguese",
        "package_version": "1.7",
    }
    installed = tmp_path / "installed" / package_name(LANGUAGES)
    processor = sentencepiece.SentencePieceProcessor(model_file=str(installed / "sentencepiece.model"))
    translator = ctranslate2.Translator(str(installed / "model"))
    (result,) = translator.translate_batch([processor.encode(FRENCH[0], out_type=str)], max_decoding_length=5)
    assert result.hypotheses[0]


@pytest.mark.parametrize("kind", ["one vocabulary", "a vocabulary each", "two segmenters with one list"])
def test_its_tokenizer_cuts_and_joins_as_this_program_does(tmp_path: Path, kind: str):
    if kind == "two segmenters with one list":
        tokenizers = imported(tmp_path, of_one_language())
    else:
        tokenizers = trained(shared=kind == "one vocabulary")

    require_packable(tokenizers, [*FRENCH, "🐈 e\u0301te\u0301 中文"], pieces_of(tokenizers, ENGLISH))


def test_a_source_model_that_joins_the_translations_otherwise_is_refused():
    tokenizers = trained(shared=False)
    byte, *_ = (piece for line in pieces_of(tokenizers, ("中",)) for piece in line if piece.startswith("<0x"))
    without_bytes = TokenizerPair(imported_without_bytes(), tokenizers.target)

    with pytest.raises(UsageError, match=r"^an Argos package has one SentencePiece model, .*tokenizer\.shared = true$"):
        require_packable(without_bytes, FRENCH, [[byte, "▁a"]])


def imported_without_bytes() -> Any:
    vocabulary = our_vocabulary(of_one_language(), unk=1, eos=0)
    path = Path("source.spm")
    path.write_bytes(opus_segmenter("source"))
    return our_tokenizers(path, path, [vocabulary]).source


def test_a_model_of_several_target_languages_is_refused_with_their_tokens(tmp_path: Path):
    with pytest.raises(UsageError, match=r"^an Argos package has no place for .* has >>deu<<, >>fra<<;"):
        require_packable(imported(tmp_path, joint_list()), [], [])


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
