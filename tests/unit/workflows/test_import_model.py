from __future__ import annotations

from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.support.hostile_machine import crash_at_each_moment
from tests.support.original_models import write_marian_folder
from transformer_cli.artifacts.run_directory import RunDirectory
from transformer_cli.errors import DataError, UsageError
from transformer_cli.workflows.import_model import import_model


@pytest.fixture(autouse=True)
def original(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    folder = Path("opus (2020)")
    folder.mkdir()
    write_marian_folder(folder)
    return folder


@pytest.mark.parametrize("place", ["opus (2020)", "opus (2020)/model.npz"])
def test_the_model_becomes_the_live_version_of_a_run_with_its_name(place: str):
    version = import_model(place, source="fr", target="en")

    run = RunDirectory(Path("runs") / ("model" if place.endswith(".npz") else "opus-2020"))
    assert version == run.versions / "0001"
    assert run.live_version() == version.name


def test_the_command_to_run_next_is_one_that_a_shell_reads(original: Path, messages):
    import_model(original, source="fr", target="en", run_dir=Path("imp é"))

    assert messages.texts[-1].endswith("; next: tfm translate --model 'imp é'")


def test_a_zip_that_was_packed_on_a_mac_is_read(original: Path):
    with ZipFile("model.zip", "w") as archive:
        for path in original.iterdir():
            archive.write(path)
            archive.writestr(f"__MACOSX/{original}/._{path.name}", b"of the Finder")
        archive.writestr(".DS_Store", b"of the Finder")

    assert import_model("model.zip", source="fr", target="en").is_dir()


def test_a_run_with_a_version_is_left_as_it_is(original: Path):
    version = import_model(original, source="fr", target="en", run_dir=Path("run"))
    before = {path: path.stat().st_mtime_ns for path in sorted(Path("run").rglob("*"))}

    with pytest.raises(UsageError, match=r"^run holds versions already; name another run directory with -d$"):
        import_model(original, source="fr", target="en", run_dir=Path("run"))

    assert {path: path.stat().st_mtime_ns for path in sorted(Path("run").rglob("*"))} == before
    assert version.is_dir()


def test_an_import_that_is_killed_at_any_moment_can_be_made_again(original: Path, tmp_path: Path):
    code = """
import shutil
from pathlib import Path
from transformer_cli.artifacts.run_directory import RunDirectory
from transformer_cli.errors import UsageError
from transformer_cli.workflows import import_model as module
run, read = RunDirectory(Path("run")), module._read
imported = read(Path("opus (2020)"), module._languages("fr", "en"), "auto")
module._read = lambda *_: imported
def begin():
    shutil.rmtree("run", ignore_errors=True)
def act():
    module.import_model("opus (2020)", source="fr", target="en", run_dir=run.path)
def outcome():
    try:
        act()
    except UsageError:
        pass
    assert [folder.name for folder in run.version_folders()] == [run.live_version()] == ["0001"]
"""
    assert len(crash_at_each_moment(code, folder=tmp_path)) > 5


@pytest.mark.parametrize(
    ("source", "target", "error", "message"),
    [
        ("fr", None, UsageError, "give both --from and --to, or neither"),
        (None, "en", UsageError, "give both --from and --to, or neither"),
        ("fr", "fr", UsageError, '--from "fr" --to "fr": source and target are both \'fr\'; they must differ'),
        (None, None, DataError, "does not name its languages; give --from and --to"),
    ],
)
def test_languages_that_are_missing_or_equal_are_refused_before_anything_is_written(
    original: Path, source: str | None, target: str | None, error: type[Exception], message: str
):
    with pytest.raises(error, match=message):
        import_model(original, source=source, target=target, run_dir=Path("run"))

    assert not Path("run").exists()


@pytest.mark.parametrize("place", ["nothing", "empty", "file", "file/model.npz"])
def test_a_place_without_a_model_is_refused_before_anything_is_written(place: str):
    Path("empty").mkdir()
    Path("file").write_bytes(b"")

    with pytest.raises(DataError, match=rf"^{place} (is not there|holds neither a \.npz .*); give the folder or \.zip"):
        import_model(place, source="fr", target="en", run_dir=Path("run"))

    assert not Path("run").exists()
