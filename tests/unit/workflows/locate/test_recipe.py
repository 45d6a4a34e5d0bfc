from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from transformer_cli.errors import RecipeError
from transformer_cli.workflows.locate.recipe import locate_recipe, locate_recipe_to_run

RECIPE = '[languages]\nsource = "fr"\ntarget = "en"\n[data]\ntrain = "a.tsv"\n'


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TFM_RUN_DIR", raising=False)
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "mine.toml").write_text(RECIPE, encoding="utf-8")


def test_the_run_directory_lies_here_under_the_recipes_name():
    located = locate_recipe("sub/mine.toml")

    assert located.run.path == Path("runs/mine")
    assert located.folder == Path("sub")
    assert located.recipe.data.train_paths == ["a.tsv"]


def test_the_name_may_be_overridden_and_so_is_the_run_directory():
    assert locate_recipe("sub/mine.toml", overrides=["name=other"]).run.path == Path("runs/other")


def test_a_run_directory_that_is_given_wins_over_the_environment_and_that_over_the_name(monkeypatch):
    monkeypatch.setenv("TFM_RUN_DIR", "from/environment")

    assert locate_recipe("sub/mine.toml").run.path == Path("from/environment")
    assert locate_recipe("sub/mine.toml", run_dir=Path("given")).run.path == Path("given")


def test_an_empty_variable_names_no_run_directory(monkeypatch):
    monkeypatch.setenv("TFM_RUN_DIR", "")

    assert locate_recipe("sub/mine.toml").run.path == Path("runs/mine")


def test_one_line_says_that_the_phrasebook_steps_in_and_only_then(messages):
    located = locate_recipe_to_run(None)
    locate_recipe_to_run("phrasebook")
    locate_recipe(None)

    assert located.recipe.name == "phrasebook"
    assert messages.texts == ["no recipe given and no tfm.toml here: using the embedded phrasebook, French to English"]


def test_the_command_is_what_to_type_for_the_same():
    overrides = ["training.max_steps=5", "data.folder=a folder"]

    located = locate_recipe(Path("sub/mine.toml"), overrides=overrides)

    assert shlex.split(located.command) == [
        "tfm",
        "train",
        "sub/mine.toml",
        "--set",
        overrides[0],
        "--set",
        overrides[1],
    ]
    assert locate_recipe(None).command == "tfm train"


def test_what_is_wrong_with_recipe_or_override_is_an_error():
    with pytest.raises(RecipeError, match="there is no recipe"):
        locate_recipe("nowhere")
    with pytest.raises(RecipeError, match="unknown key"):
        locate_recipe("sub/mine.toml", overrides=["model.n_heads=3"])
