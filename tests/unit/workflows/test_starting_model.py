from __future__ import annotations

import itertools
import shutil
from pathlib import Path

import pytest

from tests.support.hostile_machine import crash_at_each_moment
from tests.support.original_models import write_marian_folder
from tests.support.toy_corpus import pairs, write_corpus
from transformer_cli import import_model, init, train, train_tokenizer
from transformer_cli.artifacts.model_manifest import ModelManifest
from transformer_cli.artifacts.run_directory import RunDirectory
from transformer_cli.artifacts.tokenizer_record import TokenizerRecord
from transformer_cli.artifacts.version_history import VersionHistory
from transformer_cli.config import LanguagesConfig
from transformer_cli.data.corpora import read_corpus
from transformer_cli.errors import DamagedFileError, ModelNotFoundError, RecipeError, UsageError
from transformer_cli.workflows.init.machine import Machine
from transformer_cli.workflows.locate.recipe import LocatedRecipe, locate_recipe
from transformer_cli.workflows.starting_model import ensure_starting_model

RUN = RunDirectory(Path("run"))
QUICK = ("training.max_steps=1", "decoding.max_length_ratio=0.1", "decoding.max_length_extra=1", "decoding.beam_size=1")


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with an imported model, two corpora and the recipe that adapts the model to the first."""
    folder = tmp_path_factory.mktemp("adapting")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        Path("opus").mkdir()
        write_marian_folder(Path("opus"))
        import_model("opus", source="fr", target="en", run_dir=Path("base"))
        write_corpus(folder, "memory", pairs()[:150])
        write_corpus(folder, "world", pairs()[150:])
        begin()
    return folder


@pytest.fixture(autouse=True)
def folder(workplace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "place"
    shutil.copytree(workplace, place, symlinks=True)
    monkeypatch.chdir(place)
    monkeypatch.delenv("TFM_RUN_DIR", raising=False)
    return place


def begin(*, general: str | None = "world.fr", output: str = "tfm.toml", source: str = "fr", target: str = "en"):
    return init(
        ["memory.fr"],
        source=source,
        target=target,
        start_from=Path("base"),
        general=general,
        output=Path(output),
        machine=Machine(cores=2, memory_gib=8.0),
    )


def located(*overrides: str) -> LocatedRecipe:
    return locate_recipe("tfm.toml", run_dir=RUN.path, overrides=overrides)


def ensure(*overrides: str) -> bool:
    with RUN.lock():
        return ensure_starting_model(located(*overrides))


def test_a_run_without_versions_begins_with_a_copy_of_the_model_and_its_tokenizer():
    assert ensure()

    base, copy = Path("base/versions/0001"), RUN.versions / "0001"
    assert {path.name for path in copy.iterdir()} == {path.name for path in base.iterdir()}
    for name in ("model.safetensors", "tokenizer.source.model", "tokenizer.target.model"):
        assert (copy / name).read_bytes() == (base / name).read_bytes()
    assert RUN.live_version() == "0001"
    assert [(event.version, event.event) for event in VersionHistory(RUN.version_events).events()] == [
        ("0001", "release")
    ]


def test_a_copy_that_is_killed_at_any_moment_is_made_by_the_next_run():
    code = """
import shutil
from pathlib import Path
from transformer_cli.artifacts.run_directory import RunDirectory
from transformer_cli.artifacts.version_history import VersionHistory
from transformer_cli.workflows.locate.recipe import locate_recipe
from transformer_cli.workflows.starting_model import ensure_starting_model
from transformer_cli.workflows.versions import complete_release
run = RunDirectory(Path("run"))
located = locate_recipe("tfm.toml", run_dir=run.path)
def begin():
    shutil.rmtree("run", ignore_errors=True)
def act():
    with run.lock():
        complete_release(run, keep=5)
        ensure_starting_model(located)
def outcome():
    act()
    assert [folder.name for folder in run.version_folders()] == [run.live_version()] == ["0001"]
    assert [event.version for event in VersionHistory(run.version_events).events()] == ["0001"]
"""
    assert len(crash_at_each_moment(code, folder=Path())) > 5


def test_the_copy_of_a_model_that_nobody_may_write_may_be_written():
    engine = Path("base/versions/0001/ctranslate2")
    engine.mkdir()
    (engine / "model.bin").write_bytes(b"weights")
    for path in (*Path("base/versions/0001").rglob("*"), engine.parent):
        path.chmod(0o555 if path.is_dir() else 0o444)

    ensure()

    copied = [path for path in (RUN.versions / "0001").rglob("*") if path.name != "config.json"]
    assert {path.name for path in copied} >= {"ctranslate2", "model.bin", "model.safetensors"}
    assert all(path.stat().st_mode & 0o200 for path in copied)


def test_trainings_begin_with_its_weights_and_keep_its_tokenizer():
    def night() -> ModelManifest:
        return ModelManifest.load(train("tfm.toml", run_dir=RUN.path, overrides=QUICK).version)

    first = night()
    shutil.rmtree("base")
    write_corpus(Path(), "memory", pairs()[:120])
    second = night()

    model = ModelManifest.load(RUN.versions / "0001")
    assert model.tokenizer_sha256 == first.tokenizer_sha256 == second.tokenizer_sha256
    assert first.made_from is not None
    assert first.made_from.start == "0001"
    assert first.candidate is not None
    assert first.candidate.tests.keys() == {"test", "test-general"}
    copied = begun_with("run/versions/0003", other=RunDirectory(Path("other")))
    assert (copied.made_from, copied.candidate) == (None, None)  # they are about another run's data
    assert copied.tokenizer_sha256 == second.tokenizer_sha256


def begun_with(model: str, *, other: RunDirectory) -> ModelManifest:
    place = locate_recipe("tfm.toml", run_dir=other.path, overrides=[f"training.start_from={model}"])
    with other.lock():
        ensure_starting_model(place)
    return ModelManifest.load(other.versions / "0001")


def test_symbols_that_the_model_does_not_have_are_missed_aloud(messages):
    train("tfm.toml", run_dir=RUN.path, overrides=[*QUICK, "placeholders.symbols=true"])

    said = "placeholders.symbols: the model that this run began with has none; it reads them as text"
    assert messages.warnings.count(said) == 1


def test_the_tokenizer_is_not_trained():
    assert not train_tokenizer("tfm.toml", run_dir=RUN.path)

    copied = RUN.versions / "0001"
    for name in ("tokenizer.source.model", "tokenizer.target.model"):
        assert (RUN.path / name).read_bytes() == (copied / name).read_bytes()


def test_a_run_that_was_imported_itself_is_adapted_in_place():
    shutil.copytree("base", RUN.path, symlinks=True)

    assert ensure("training.start_from=run")

    assert [folder.name for folder in RUN.version_folders()] == ["0001"]
    assert (RUN.path / "tokenizer.source.model").is_file()


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (
            ["model.d_model=32", "model.num_heads=4", "model.dropout=0.4"],
            'training.start_from = "base" has another shape than the recipe; set model.d_model = 16, '
            "model.num_heads = 2$",
        ),
        (["tokenizer.shared=false"], "set tokenizer.shared = true$"),
        (["tokenizer.vocab_size=400"], "which stays as it is; take tokenizer.vocab_size out of the recipe$"),
        (["languages.source=de"], "translates fr to en, and the recipe de to en; change \\[languages\\], or name"),
    ],
)
@pytest.mark.parametrize("has_begun", [False, True])
def test_a_recipe_that_contradicts_the_model_is_refused_with_the_names_of_the_keys(
    overrides: list[str], message: str, has_begun: bool
):
    if has_begun:
        ensure()

    with pytest.raises(RecipeError, match=message):
        ensure(*overrides)

    assert len(RUN.version_folders()) == has_begun


@pytest.mark.parametrize(
    ("place", "error", "message"),
    [
        ("nothing", ModelNotFoundError, "the model nothing is not there"),
        ("opus", ModelNotFoundError, "a model of another program becomes a run by `tfm import`$"),
        ("hub", DamagedFileError, "or make a run of it with `tfm import` if it is a model of another program$"),
        ("cut", DamagedFileError, "the model cut cannot be used: model.safetensors is missing or cut short; copy it"),
    ],
)
def test_a_place_without_a_whole_model_of_ours_is_refused(place: str, error: type[Exception], message: str):
    Path("hub").mkdir()
    Path("hub/config.json").write_text('{"model_type": "marian"}')
    shutil.copytree("base/versions/0001", "cut")
    Path("cut/model.safetensors").write_bytes(b"")

    with pytest.raises(error, match=message):
        ensure(f"training.start_from={place}")

    assert not RUN.version_folders()


def test_a_run_that_has_learned_its_tokenizer_is_left_as_it_is():
    ensure()
    record = TokenizerRecord.read_from(RUN.tokenizer_report)
    assert record is not None
    record.model_copy(update={"data": "some"}).write_to(RUN.tokenizer_report)

    with pytest.raises(UsageError, match=r'^the versions in run did not begin with training.start_from = "base"; name'):
        ensure()


@pytest.mark.parametrize("option", ["--from-scratch", "--retrain-tokenizer"])
def test_options_that_begin_without_the_model_contradict_it(option: str):
    scratch = option == "--from-scratch"

    with pytest.raises(UsageError, match=f"^{option} contradicts training.start_from; take"):
        train("tfm.toml", run_dir=RUN.path, from_scratch=scratch, retrain_tokenizer=not scratch)


def test_the_recipe_that_init_writes_has_the_shape_of_the_model_and_a_test_set_of_general_pairs():
    recipe = located().recipe

    manifest = ModelManifest.load(Path("base/model"))
    assert recipe.model == manifest.model
    assert recipe.decoding == manifest.decoding
    assert recipe.data.tests == {"general": "tfm-general.jsonl"}
    assert sorted(read_pairs("tfm-general.jsonl")) == sorted(pairs()[150:])


def test_general_pairs_beyond_the_test_set_are_trained_on_and_the_test_set_is_of_the_new_ones():
    words = ["".join(letters) for letters in itertools.product("bdfgklmnprstv", "aeiou", "bdfgklmnprstv")]
    write_corpus(Path(), "large", [(f"le {word} dort ici", f"the {word} sleeps here") for word in words])

    begin(general="large.fr", output="large.toml")

    data = locate_recipe("large.toml").recipe.data
    read = {name: read_pairs(f"large-{name}.jsonl") for name in ("general", "replay", "test")}
    assert data.train_paths == ["memory.{lang}", "large-replay.jsonl"]
    assert (data.test, data.tests) == ("large-test.jsonl", {"general": "large-general.jsonl"})
    assert {name: len(found) for name, found in read.items()} == {"general": 200, "replay": 150, "test": 7}
    assert not set(read["general"]) & set(read["replay"])
    assert set(read["test"]) <= set(pairs()[:150])


def read_pairs(name: str) -> list[tuple[str, str]]:
    languages = LanguagesConfig(source="fr", target="en")
    return [(pair.source, pair.target) for pair in read_corpus(name, languages, Path(), part="")]


def test_init_writes_paths_that_are_relative_to_the_recipe():
    Path("recipes").mkdir()

    begin(output="recipes/it.toml")

    assert 'start_from = "../base"' in Path("recipes/it.toml").read_text(encoding="utf-8")
    assert Path("recipes/it-general.jsonl").is_file()


def test_init_writes_over_no_test_set():
    Path("tfm.toml").unlink()

    with pytest.raises(UsageError, match=r"^tfm-general.jsonl is there already; --force writes over it"):
        begin()


def test_init_without_general_pairs_says_that_forgetting_stays_unseen(messages):
    begin(general=None, output="alone.toml")

    assert "no test set shows what the model forgets; --general CORPUS makes one" in messages.texts
    assert not locate_recipe("alone.toml").recipe.data.tests


def test_init_refuses_a_model_of_other_languages():
    with pytest.raises(UsageError, match=r"^base translates fr to en; give --from fr --to en, or another model$"):
        begin(source="en", target="fr", output="new.toml")

    assert not Path("new.toml").exists()


def test_general_pairs_need_a_model_to_start_from():
    with pytest.raises(UsageError, match=r"^--general world.fr goes together with --start-from MODEL$"):
        init(["memory.fr"], source="fr", target="en", general="world.fr", output=Path("new.toml"))
