from __future__ import annotations

import json
import re
import shutil
import sys
import zipfile
from pathlib import Path

import ctranslate2
import pytest
import sentencepiece
import torch
from safetensors.torch import load_file, save_file

from tests.support.command_line import run_here
from tests.support.toy_corpus import write_toy
from transformer_cli.artifacts.model_directory import open_model
from transformer_cli.config import DecodingConfig
from transformer_cli.decoding.line_translator import LineTranslator
from transformer_cli.decoding.pytorch.torch_engine import TorchEngine
from transformer_cli.interchange.huggingface import write_huggingface_model
from transformer_cli.special_tokens import EOS_ID
from transformer_cli.workflows.export import agreement, export
from transformer_cli.workflows.export.export import export_after_training
from transformer_cli.workflows.export.with_transformers import translate_with_transformers
from transformer_cli.workflows.translate.load_translator import load_translator

ENGINE = "versions/0001/ctranslate2"


@pytest.fixture
def run(toy, tmp_path):
    """A run directory of one's own."""
    return shutil.copytree(toy.run, tmp_path / "runs" / "toy", symlinks=True)


def some_lines(toy, count: int = 60) -> bytes:
    return b"".join((toy.folder / "toy.fr").read_bytes().splitlines(keepends=True)[:count])


def change_weights(model: Path) -> None:
    weights = load_file(model / "model.safetensors")
    save_file({name: tensor * 1.01 for name, tensor in weights.items()}, model / "model.safetensors")


def test_a_training_ends_with_an_exported_engine_that_was_compared(toy):
    manifest = json.loads((toy.run / ENGINE / "engine.json").read_bytes())

    assert manifest["quantization"] in {"int8", "float32"}
    assert "float32: 100.0 % of 8 lines have the same translation" in toy.trained.stderr


def test_a_package_for_argos_translates_as_this_program_does(toy, run, tmp_path):
    exported = run_here("export", "--to", "argos", "-m", run, "--quantization", "float32")

    path = run.resolve() / "versions/0001/translate-fr_en.argosmodel"
    assert (exported.code, exported.stdout.decode()) == (0, f"{path}\n")
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path / "installed")
    package = tmp_path / "installed" / "translate-fr_en"
    assert json.loads((package / "metadata.json").read_bytes())["package_version"] == "1.1"
    processor = sentencepiece.SentencePieceProcessor(model_file=str(package / "sentencepiece.model"))
    lines = some_lines(toy, 20).decode().splitlines()
    found = ctranslate2.Translator(str(package / "model")).translate_batch(processor.encode(lines, out_type=str))
    ours = run_here("translate", "-m", run, "--engine", "torch", stdin=some_lines(toy, 20))
    assert [processor.decode(result.hypotheses[0]) for result in found] == ours.stdout.decode().splitlines()


def test_a_package_may_be_written_into_a_new_folder(run, tmp_path):
    exported = run_here("export", "--to", "argos", "-m", run, "-o", tmp_path / "new/folder/x.argosmodel")

    assert exported.code == 0, exported.stderr
    assert zipfile.is_zipfile(tmp_path / "new/folder/x.argosmodel")


def test_a_package_takes_the_place_of_no_folder(run, tmp_path):
    failed = run_here("export", "--to", "argos", "-m", run, "-o", tmp_path)

    assert failed.code == 2
    assert f"{tmp_path} is a folder; name the .argosmodel to write with -o" in failed.stderr


def test_both_engines_translate_alike_in_float32(toy, run):
    exported = run_here("export", "--to", "ctranslate2", "-m", run, "--quantization", "float32")
    ours, theirs = (
        run_here("translate", "-m", run, "--engine", engine, stdin=some_lines(toy)) for engine in ("torch", "auto")
    )

    assert (exported.code, exported.stdout.decode()) == (0, f"{run.resolve() / ENGINE}\n")
    assert "100.0 % of 8 lines have the same translation" in exported.stderr
    assert "BLEU" in exported.stderr
    assert ours.stdout.count(b"\n") == 60
    assert theirs == ours


def test_auto_takes_the_exported_engine_and_torch_only_where_there_is_none(run, messages):
    with_engine = load_translator([run / "versions" / "0001"])
    shutil.rmtree(run / ENGINE)
    without = load_translator([run / "versions" / "0001"])

    assert type(with_engine.engine).__name__ == "FallbackEngine"
    assert type(without.engine).__name__ == "TorchEngine"
    assert messages.warnings == []


def test_the_engine_named_is_an_error_where_it_is_not_there(run):
    shutil.rmtree(run / ENGINE)

    finished = run_here("translate", "-m", run, "--engine", "ctranslate2", stdin=b"le chat\n")

    assert (finished.code, finished.stdout) == (1, b"")
    assert "no exported engine" in finished.error
    assert "tfm export --to ctranslate2" in finished.error


def test_an_engine_made_from_other_weights_is_not_used(toy, run):
    change_weights(run / "versions" / "0001")

    auto, named, ours = (
        run_here("translate", "-m", run, "--engine", engine, stdin=some_lines(toy))
        for engine in ("auto", "ctranslate2", "torch")
    )

    assert (auto.code, auto.stdout) == (0, ours.stdout)
    assert auto.stderr.splitlines() == [
        f"warning: {run.resolve() / ENGINE} was exported from other weights; run `tfm export --to ctranslate2` again; "
        "torch translates instead"
    ]
    assert (named.code, named.stdout) == (2, b"")
    assert "other weights" in named.error


def test_torch_places_the_terms_of_a_glossary_for_a_model_without_symbols(run, tmp_path):
    (tmp_path / "terms.tsv").write_text("chat\tlynx\n", encoding="utf-8")

    auto, named = (
        run_here(
            "translate", "-m", run, "--engine", engine, "--glossary", tmp_path / "terms.tsv", stdin=b"le chat dort\n"
        )
        for engine in ("auto", "ctranslate2")
    )

    assert (auto.code, b"lynx" in auto.stdout) == (0, True)
    assert auto.stderr == (
        "warning: the exported engine cannot place terms, because its model was trained without symbols; "
        "torch translates instead\n"
    )
    assert (named.code, named.stdout) == (2, b"")
    assert "cannot place terms" in named.error


def test_an_engine_is_used_wherever_its_model_is_copied(toy, run, tmp_path):
    copied = shutil.copytree(run / "versions" / "0001", tmp_path / "elsewhere")

    assert run_here("translate", "-m", copied, "--engine", "ctranslate2", stdin=some_lines(toy)).code == 0


def test_a_damaged_engine_leaves_the_work_to_torch(toy, run):
    binary = run / ENGINE / "model.bin"
    binary.write_bytes(binary.read_bytes()[:1000])

    finished = run_here("translate", "-m", run, stdin=some_lines(toy))

    assert finished.code == 0
    assert finished.stdout == run_here("translate", "-m", run, "--engine", "torch", stdin=some_lines(toy)).stdout
    assert len(finished.stderr.splitlines()) == 1
    assert "is damaged" in finished.stderr


def test_a_device_that_is_no_cpu_is_not_the_engine_s(run):
    finished = run_here("translate", "-m", run, "--engine", "ctranslate2", "--device", "cuda", stdin=b"le chat\n")

    assert finished.code == 2
    assert "runs on the CPU, not on cuda" in finished.error


def test_without_the_library_torch_translates_and_an_export_says_what_to_install(toy, run, monkeypatch):
    monkeypatch.setitem(sys.modules, "ctranslate2", None)

    translated, named, exported = (
        run_here(*command.split(), "-m", run, stdin=some_lines(toy))
        for command in ("translate", "translate --engine ctranslate2", "export --to ctranslate2")
    )

    assert (translated.code, translated.stderr) == (0, "")
    assert named.code == exported.code == 1
    assert "pip install 'transformer-cli[fast]'" in named.error
    assert "pip install 'transformer-cli[fast]'" in exported.error


def test_a_model_without_its_run_is_compared_on_words_of_its_vocabulary(run, tmp_path):
    alone = shutil.copytree(run / "versions" / "0001", tmp_path / "alone")
    shutil.rmtree(alone / "ctranslate2")

    finished = run_here(
        "export", "--to", "ctranslate2", "-m", alone, "-o", tmp_path / "out", "--quantization", "float32"
    )

    assert (finished.code, finished.stdout.decode()) == (0, f"{tmp_path / 'out'}\n")
    (lines,) = re.findall(r"of (\d+) lines", finished.stderr)
    assert 100 < int(lines) <= 200  # all but those that come to the longest length
    assert "BLEU" not in finished.stderr
    assert not (alone / "ctranslate2").exists()
    assert {path.name for path in (tmp_path / "out").iterdir()} >= {"model.bin", "engine.json", "tokenizer.model"}


@pytest.mark.parametrize("beside", ["other.txt", "config.json"])
def test_a_folder_with_something_else_in_it_is_not_replaced(beside, run, tmp_path):
    precious = tmp_path / "precious" / "letter.txt"
    precious.parent.mkdir()
    precious.write_text("dear")
    (precious.parent / beside).write_text("{}")

    finished = run_here("export", "--to", "ctranslate2", "-m", run, "-o", precious.parent)

    assert finished.code == 2
    assert "holds something else than an export, such as letter.txt" in finished.error
    assert precious.read_text() == "dear"


@pytest.mark.parametrize("place", [".", "/", "model", "versions/0001"])
def test_no_model_and_no_folder_of_the_user_is_taken_for_an_old_export(place, run, monkeypatch):
    monkeypatch.chdir(run)
    for name in ("README.md", "ctranslate2"):  # what is left could be a folder of either library
        (run / "versions/0001" / name).rename(run / name)
    before = sorted(run.rglob("*"))

    finished = run_here("export", "--to", "ctranslate2", "-o", place, "-m", run)

    assert finished.code == 2
    assert "holds something else" in finished.error
    assert sorted(run.rglob("*")) == before


def test_a_link_to_an_old_export_stays_a_link(run, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(run / ENGINE)

    assert run_here("export", "--to", "ctranslate2", "-m", run, "-o", link).code == 0

    assert link.is_symlink()
    assert (link / "engine.json").stat().st_mtime > (run / "versions/0001/config.json").stat().st_mtime
    assert [path.name for path in tmp_path.rglob("*tfm-tmp*")] == []


def test_a_translation_that_differs_is_refused_and_the_old_export_stays(run, monkeypatch):
    before = {path.name: path.read_bytes() for path in (run / ENGINE).iterdir()}
    monkeypatch.setattr(agreement, "_ROUNDING", -1.0)  # now no two scores are equal

    finished = run_here("export", "--to", "ctranslate2", "-m", run)

    assert (finished.code, finished.stdout) == (1, b"")
    assert "nothing was written" in finished.error
    assert {path.name: path.read_bytes() for path in (run / ENGINE).iterdir()} == before
    assert [path.name for path in (run / ENGINE).parent.glob("*tfm-tmp*")] == []


def test_where_8_bits_lose_too_much_float32_is_taken(run, monkeypatch):
    monkeypatch.setattr(export, "_QUANTIZED_ROUNDING", -1.0)

    run_here("export", "--to", "ctranslate2", "-m", run)

    assert json.loads((run / ENGINE / "engine.json").read_bytes())["quantization"] == "float32"
    assert run_here("translate", "-m", run, "--engine", "ctranslate2", stdin=b"le chat\n").code == 0


def test_a_training_does_not_fail_where_its_export_does(run, messages):
    shutil.rmtree(run / ENGINE)
    (run / ENGINE).write_text("in the way")

    export_after_training(run / "versions" / "0001")

    [warning] = messages.warnings
    assert warning.startswith("the version works, but could not be exported")


def test_threads_of_torch_are_left_alone(run):
    before = torch.get_num_threads()

    run_here("translate", "-m", run, "--threads", before + 3, stdin=b"le chat\n")

    assert torch.get_num_threads() == before


@pytest.fixture(scope="module")
def post_norm_run(tmp_path_factory):
    """A run directory whose model is post-norm and has learned a little."""
    folder = tmp_path_factory.mktemp("post")
    write_toy(folder)
    run = folder / "runs" / "toy"
    trained = run_here("train", folder / "tfm.toml", "-d", run, "--set", "model.norm=post")
    assert trained.code == 0, trained.stderr
    return run


@pytest.mark.parametrize("kind", ["run", "post_norm_run"])
def test_a_model_becomes_one_of_transformers(kind, request):
    run = request.getfixturevalue(kind)

    exported = run_here("export", "--to", "huggingface", "-m", run)

    folder = run.resolve() / "versions/0001/huggingface"
    assert (exported.code, exported.stdout.decode()) == (0, f"{folder}\n")
    assert re.search(r"transformers: 100\.0 % of [1-8] lines have the same translation", exported.stderr)


@pytest.mark.parametrize("kind", ["run", "post_norm_run"])
@pytest.mark.parametrize("beam_size", [1, 4])
def test_transformers_finds_our_translations_with_its_own_tokenizer_and_search(toy, kind, beam_size, tmp_path, request):
    loaded = open_model(request.getfixturevalue(kind) / "versions/0001", torch.device("cpu"))
    decoding = DecodingConfig(beam_size=beam_size, max_length_ratio=2.0, max_length_extra=10)
    lines = some_lines(toy).decode().splitlines()
    write_huggingface_model(
        tmp_path, loaded.model, loaded.tokenizers, languages=loaded.languages, decoding=decoding, num_positions=80
    )

    ours = LineTranslator(TorchEngine(loaded.model, decoding), loaded.tokenizers).translate(lines)
    theirs = translate_with_transformers(tmp_path, lines, decoding)

    ended = [i for i, translation in enumerate(ours) if len(translation.tokens) < 20]
    assert len(ended) > 30
    assert len({ours[i].text for i in ended}) > 5
    assert [theirs[i].text for i in ended] == [ours[i].text for i in ended]
    assert [theirs[i].score for i in ended] == pytest.approx([ours[i].score for i in ended], abs=0.001)


def test_only_ctranslate2_is_quantised(run):
    finished = run_here("export", "--to", "huggingface", "-m", run, "--quantization", "int8")

    assert finished.code == 2
    assert "--quantization int8 is for ctranslate2" in finished.error


def test_a_model_whose_translations_never_end_is_not_exported(run):
    weights = load_file(run / "versions" / "0001" / "model.safetensors")
    # What the decoder comes to is always the first axis, on which eos is the least.
    weights["decoder_norm.weight"].zero_()
    weights["decoder_norm.bias"].zero_()[0] = 1.0
    weights["source_embedding.table.weight"][:, 0] = torch.arange(len(weights["source_embedding.table.weight"])) / 100
    weights["source_embedding.table.weight"][EOS_ID, 0] = -100.0
    save_file(weights, run / "versions" / "0001" / "model.safetensors")

    finished = run_here("export", "--to", "ctranslate2", "-m", run)

    assert finished.code == 1
    assert "ends by itself" in finished.error
