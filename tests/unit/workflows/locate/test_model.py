from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from transformer_cli.artifacts.run_directory import RunDirectory
from transformer_cli.errors import ModelNotFoundError, RecipeError
from transformer_cli.workflows.locate.model import find_model, require_version

RECIPE = '[languages]\nsource = "fr"\ntarget = "en"\n[data]\ntrain = "a.tsv"\n'


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TFM_RUN_DIR", raising=False)
    return tmp_path


def make_model(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "config.json").touch()
    return folder.resolve()


def make_run(path: str, *, versions: int = 1) -> Path:
    """Make a run directory whose newest version is live; return that version."""
    run = RunDirectory(Path(path))
    made = [make_model(run.next_version()) for _ in range(versions)]
    run.make_live(run.version_folders()[-1])
    return made[-1]


# Named


def test_a_run_directory_stands_for_its_live_version_and_not_for_a_link_that_may_move():
    live = make_run("anywhere", versions=2)

    assert find_model(Path("anywhere")) == live
    assert live.name == "0002"


def test_a_model_directory_stands_for_itself_wherever_it_lies():
    model = make_model(Path("copied"))
    version = make_run("run")

    assert find_model(Path("copied")) == model
    assert find_model(Path("run/model")) == find_model(Path("run/versions/0001")) == version


def test_a_model_of_which_a_file_is_missing_is_still_the_one_that_was_named(folder):
    (folder / "half").mkdir()
    (folder / "half" / "model.safetensors").touch()

    assert find_model(Path("half")) == folder / "half"  # loading it says what is missing


def test_a_folder_that_is_not_there_is_an_error():
    with pytest.raises(ModelNotFoundError) as caught:
        find_model(Path("nowhere"))
    assert str(caught.value) == "the model nowhere is not there; give a model directory or a run directory"


def test_a_file_is_no_model():
    Path("file").touch()

    with pytest.raises(ModelNotFoundError, match=r"^the model file is not a folder; give a model directory"):
        find_model(Path("file"))


@pytest.mark.parametrize("name", ["engine.json", "generation_config.json"])
def test_an_export_for_another_library_is_no_model(name):
    (make_model(Path("exported")) / name).touch()

    with pytest.raises(ModelNotFoundError, match=r"^exported holds a model for another library; name the model or run"):
        find_model(Path("exported"))


def test_a_live_version_that_was_deleted_is_named_with_the_way_out():
    shutil.rmtree(make_run("runs/phrasebook", versions=2))
    make_run("runs/another")
    message = r"^runs/phrasebook: version 0002, which is to be live, is not there; .* `tfm versions promote N` puts"

    for argument in (Path("runs/phrasebook"), None):
        with pytest.raises(ModelNotFoundError, match=message):
            find_model(argument)
    with pytest.raises(ModelNotFoundError, match=message):
        require_version(RunDirectory(Path("runs/phrasebook")))
    assert require_version(RunDirectory(Path("runs/another"))) == "0001"


def test_a_folder_without_a_model_is_an_error_that_says_what_was_looked_for():
    Path("empty").mkdir()

    with pytest.raises(ModelNotFoundError) as caught:
        find_model(Path("empty"))
    assert str(caught.value) == (
        "there is no model in empty: neither empty/model/config.json nor empty/config.json is there; "
        "run `tfm train` first, or name another model"
    )


# Not named


def test_the_live_model_of_the_recipe_here_is_meant():
    Path("tfm.toml").write_text(f'name = "mine"\n{RECIPE}')
    mine = make_run("runs/mine")
    make_run("runs/another")

    assert find_model(None) == mine


def test_the_run_directory_of_the_environment_counts(monkeypatch):
    monkeypatch.setenv("TFM_RUN_DIR", "else/where")
    elsewhere = make_run("else/where")
    make_run("runs/phrasebook")

    assert find_model(None) == elsewhere


def test_without_a_recipe_the_phrasebooks_model_is_meant():
    phrasebook = make_run("runs/phrasebook")
    make_run("runs/another")

    assert find_model(None) == phrasebook


def test_failing_that_the_only_model_under_runs_is_meant():
    Path("tfm.toml").write_text(f'name = "mine"\n{RECIPE}')
    Path("runs/mine").mkdir(parents=True)
    only = make_run("runs/another")

    assert find_model(None) == only


def test_of_several_models_none_is_guessed():
    make_run("runs/b")
    make_run("runs/a")

    with pytest.raises(ModelNotFoundError, match=r"^several models are here: runs/a, runs/b; choose one with --model$"):
        find_model(None)


def test_without_any_model_the_error_says_what_was_looked_for_and_what_to_run():
    with pytest.raises(ModelNotFoundError) as caught:
        find_model(None)
    assert str(caught.value) == (
        "no model yet: looked for runs/phrasebook/model and for runs/*/model; run `tfm train` first, or give --model"
    )


def test_a_recipe_that_cannot_be_read_is_an_error_and_not_passed_over():
    Path("tfm.toml").write_text("nonsense")
    make_run("runs/another")

    with pytest.raises(RecipeError, match=r"^tfm\.toml: is not valid TOML"):
        find_model(None)
