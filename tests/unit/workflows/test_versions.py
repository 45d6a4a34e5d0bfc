from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from tests.support.checkpoint_states import state_after
from tests.support.hostile_machine import crash_at_each_moment
from transformer_cli.artifacts.checkpoint.state import StartState, StateFile
from transformer_cli.artifacts.metrics_log import MetricsLog, TestLine
from transformer_cli.artifacts.model_manifest import Candidate, ComparedScore, ModelManifest, ScoredSet, missing_file
from transformer_cli.artifacts.run_directory import RunDirectory
from transformer_cli.artifacts.version_history import Release
from transformer_cli.config import DecodingConfig, LanguagesConfig, ModelConfig
from transformer_cli.errors import DamagedFileError, ModelNotFoundError, TfmError
from transformer_cli.workflows.versions import (
    complete_release,
    list_versions,
    previous_version,
    promote,
    read_events,
    rollback,
)

SCORE = ComparedScore(score=30.0, confidence=None, signature="sig", live=None, p_value=None)


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("run").mkdir()
    return RunDirectory(Path("run"))


def write_version(run: RunDirectory, *, promoted: bool = True) -> str:
    """Write the files of the next version, as a training does before its release is completed."""
    folder = run.next_version()
    folder.mkdir(parents=True)
    save_file({"weights": torch.zeros(1)}, folder / "model.safetensors", {"of": folder.name})
    candidate = Candidate(
        time="2026-01-01T00:00:00+0000",
        passed=promoted,
        reason="because",
        replaces=run.live_version(),
        steps=10,
        seconds=1.0,
        train_pairs=20,
        new_pairs=None,
        alignment=None,
        valid_pairs=5,
        valid_bleu=None,
        tests={"test": ScoredSet(pairs=5, bleu=SCORE, chrf=SCORE)},
    )
    ModelManifest(
        languages=LanguagesConfig(source="fr", target="en"),
        vocab_size=300,
        model=ModelConfig.model_validate({}),
        decoding=DecodingConfig(),
        tokenizer_sha256="",
        candidate=candidate,
        files={"model.safetensors": (folder / "model.safetensors").stat().st_size},
    ).write_to(folder / "config.json")
    run.seen_pairs(folder.name).write_bytes(b"hashes")
    return folder.name


def release(run: RunDirectory, *, promoted: bool = True, keep: int = 5) -> str:
    name = write_version(run, promoted=promoted)
    complete_release(run, keep=keep)
    return name


def names(run: RunDirectory) -> list[str]:
    return [folder.name for folder in run.version_folders()]


# Releases


def test_a_release_logs_its_scores_is_recorded_and_goes_live(run):
    write_version(run)

    record = complete_release(run, keep=5)

    assert record is not None
    assert read_events(run) == [record]
    assert run.live_version() == "0001"
    [line] = run.metrics.read_text().splitlines()
    assert json.loads(line) == {
        "kind": "test",
        "version": "0001",
        "set": "test",
        "bleu": 30.0,
        "chrf": 30.0,
        "signature": "sig",
        "chrf_signature": "sig",
        "elapsed_seconds": 1.0,
    }


def test_scores_that_a_full_disk_has_cut_short_are_logged_again(run):
    write_version(run)
    run.metrics.write_bytes(b'{"kind": "test", "version": "0001", "set": "te')

    complete_release(run, keep=5)

    lines = run.metrics.read_text().splitlines()
    assert json.loads(lines[-1])["version"] == "0001"
    assert len(lines) == 2


@pytest.mark.parametrize("line", [b'{"event": "rel', b"[]", b'{"event": "release"}', b"\xff"])
def test_a_damaged_record_of_events_names_the_line(run, line):
    release(run)
    run.version_events.write_bytes(run.version_events.read_bytes() + line)

    with pytest.raises(DamagedFileError, match=r"versions\.jsonl: line 2 is damaged; mend it, or delete that line$"):
        complete_release(run, keep=5)


def test_a_release_that_is_complete_is_not_completed_again(run):
    release(run)
    before = {path: path.stat().st_mtime_ns for path in Path("run").rglob("*.json*")}

    assert complete_release(run, keep=5) is None
    assert {path: path.stat().st_mtime_ns for path in Path("run").rglob("*.json*")} == before


def test_a_version_that_is_not_promoted_is_kept_and_leaves_the_live_one(run):
    release(run)
    release(run, promoted=False)

    assert (run.live_version(), names(run)) == ("0001", ["0001", "0002"])
    assert [event.promoted for event in read_events(run) if isinstance(event, Release)] == [True, False]


def test_a_version_does_not_take_the_place_of_one_it_was_not_compared_with(run):
    release(run)
    release(run)
    write_version(run)
    rollback(run.path)

    record = complete_release(run, keep=5)

    assert record is not None
    assert (record.promoted, run.live_version()) == (False, "0001")
    assert record.reason == "version 0001 was put into service while it was trained"


def test_a_release_that_is_killed_at_any_moment_is_completed_by_the_next_run(run, tmp_path):
    code = f"""
import shutil, sys
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).parent)!r})
from test_versions import RunDirectory, complete_release, names, read_events, release, write_version
run = RunDirectory(Path("run"))
def begin():
    shutil.rmtree("run", ignore_errors=True)
    Path("run").mkdir()
    for _ in range(3):
        release(run, keep=2)
    write_version(run)
def act():
    complete_release(run, keep=2)
def outcome():
    live = run.live_version()
    assert live in ("0003", "0004")
    complete_release(run, keep=2)
    tests = [line for line in run.metrics.read_text().splitlines() if "0004" in line]
    events = [event.version for event in read_events(run)]
    assert (run.live_version(), names(run), len(tests)) == ("0004", ["0003", "0004"], 1)
    assert events == ["0001", "0002", "0003", "0004"]
    assert sorted(path.name for path in Path("run/versions").iterdir()) == [
        "0003", "0003.pairs.npy", "0004", "0004.pairs.npy"]
    return live
"""
    outcomes = crash_at_each_moment(code, folder=tmp_path)

    assert len(outcomes) > 10
    assert set(outcomes) == {"0003", "0004"}


# Going back and forth


def test_a_rollback_goes_to_the_version_that_was_live_before_and_another_one_further_back(run):
    for _ in range(3):
        release(run)

    assert previous_version(run) == "0002"
    assert rollback(run.path) == "version 0002 is live in place of 0003"
    assert rollback(run.path) == "version 0001 is live in place of 0002"
    with pytest.raises(ModelNotFoundError, match="no other version was live before in run; `tfm versions` lists"):
        rollback(run.path)
    assert run.live_version() == "0001"


def test_versions_that_were_not_promoted_do_not_count_as_earlier_ones(run):
    release(run)
    release(run, promoted=False)
    release(run)

    rollback(run.path)

    assert run.live_version() == "0001"


def test_a_promotion_can_be_rolled_back(run):
    for _ in range(3):
        release(run)

    assert promote(run.path, 1) == "version 0001 is live in place of 0003"
    rollback(run.path)

    assert run.live_version() == "0003"
    assert [event.event for event in read_events(run)][-2:] == ["promote", "rollback"]


def test_a_completed_rollback_is_not_undone_by_the_next_run(run):
    release(run)
    release(run)
    rollback(run.path)

    complete_release(run, keep=5)

    assert run.live_version() == "0001"


def test_a_link_that_somebody_set_by_hand_stays_and_can_be_rolled_back_from(run):
    for _ in range(3):
        release(run)
    run.live_model.unlink()
    run.live_model.symlink_to("versions/0001")

    complete_release(run, keep=5)

    assert run.live_version() == "0001"
    assert previous_version(run) == "0003"


def test_a_live_version_that_was_deleted_is_replaced_by_the_last_one_that_was_live_and_that_is_said(run, messages):
    for promoted in (True, True, False):
        release(run, promoted=promoted)
    shutil.rmtree(run.versions / "0002")

    complete_release(run, keep=5)

    assert run.live_version() == "0001"
    assert messages.warnings == ["version 0001 is live in place of 0002, which has been deleted"]
    complete_release(run, keep=5)
    assert (run.live_version(), len(messages.warnings)) == ("0001", 1)


def test_what_was_live_before_a_deleted_version_is_kept_and_can_be_gone_back_to(run):
    for _ in range(3):
        release(run)
    shutil.rmtree(run.versions / "0003")

    complete_release(run, keep=5)
    assert (run.live_version(), previous_version(run)) == ("0002", "0001")

    assert release(run) == "0004"
    assert release(run, promoted=False, keep=2) == "0005"
    assert names(run) == ["0002", "0004", "0005"]
    assert rollback(run.path) == "version 0002 is live in place of 0004"


def test_a_version_that_was_not_promoted_takes_nobody_s_place(run, messages):
    for promoted in (True, False):
        release(run, promoted=promoted)
    shutil.rmtree(run.versions / "0001")

    complete_release(run, keep=5)

    assert (run.live_version(), messages.warnings) == ("0001", [])


def test_a_live_version_whose_card_was_rewritten_stays(run):
    for _ in range(2):
        release(run)
    card = run.versions / "0002" / "README.md"
    card.write_text("a card")
    manifest = ModelManifest.load(card.parent)
    manifest.model_copy(update={"files": {**manifest.files, card.name: 6}}).write_to(card.with_name("config.json"))
    card.write_text("a card with a note")

    complete_release(run, keep=5)

    assert (run.live_version(), missing_file(card.parent)) == ("0002", None)


def test_a_link_to_a_folder_elsewhere_stays(run, tmp_path):
    for _ in range(2):
        release(run)
    shutil.copytree(run.versions / "0001", tmp_path / "special")
    run.live_model.unlink()
    run.live_model.symlink_to(tmp_path / "special")

    complete_release(run, keep=5)

    assert run.live_model.readlink() == tmp_path / "special"


def test_the_number_of_a_deleted_version_is_not_used_again(run):
    for _ in range(2):
        release(run)
    shutil.rmtree(run.versions / "0002")

    assert release(run) == "0003"
    logged = [line.version for line in MetricsLog(run.metrics).lines() if isinstance(line, TestLine)]
    assert logged == ["0001", "0002", "0003"]


def test_a_link_that_is_the_one_before_the_last_switch_is_moved_on_and_that_is_said(run, messages):
    for _ in range(2):
        release(run)
    run.live_model.unlink()
    run.live_model.symlink_to("versions/0001")

    complete_release(run, keep=5)

    assert run.live_version() == "0002"
    assert [text.partition(", as the")[0] for text in messages.warnings] == ["version 0002 is live in place of 0001"]


def test_a_run_that_was_copied_without_links_can_be_switched(run):
    release(run)
    release(run)
    shutil.copytree(run.path, "copy")  # follows links
    copy = RunDirectory(Path("copy"))
    assert not copy.live_model.is_symlink()

    assert list_versions(copy.path).live == "0002"
    promote(copy.path, 1)

    assert copy.live_model.readlink() == Path("versions/0001")
    assert rollback(copy.path) == "version 0002 is live in place of 0001"


def test_promoting_the_live_version_is_nothing_to_do(run):
    release(run)

    assert promote(run.path, 1) == "nothing to do: version 0001 is live"
    assert len(read_events(run)) == 1


def test_what_is_not_there_or_not_whole_is_not_promoted(run):
    release(run)
    release(run)
    with pytest.raises(ModelNotFoundError, match=r"version 7 is not in run; there are: 1, 2"):
        promote(run.path, 7)
    weights = run.versions / "0001" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])

    with pytest.raises(
        TfmError, match=r"version 0001 cannot be put into service: model\.safetensors is missing or cut"
    ):
        rollback(run.path)
    assert run.live_version() == "0002"


def test_a_promotion_that_is_killed_at_any_moment_is_made_or_not_and_then_made_up_for(run, tmp_path):
    code = f"""
import shutil, sys
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).parent)!r})
from test_versions import RunDirectory, complete_release, promote, read_events, release
run = RunDirectory(Path("run"))
def begin():
    shutil.rmtree("run", ignore_errors=True)
    Path("run").mkdir()
    for _ in range(3):
        release(run)
def act():
    promote(run.path, 1)
def outcome():
    killed = run.live_version()
    recorded = read_events(run)[-1].event == "promote"
    complete_release(run, keep=5)
    assert run.live_version() == ("0001" if recorded else "0003")
    return killed
"""
    assert set(crash_at_each_moment(code, folder=tmp_path)) == {"0001", "0003"}


# Old ones


def test_old_versions_are_deleted_but_never_the_live_one_or_the_one_before(run):
    for _ in range(3):
        release(run)
    promote(run.path, 1)
    for _ in range(3):
        release(run, promoted=False, keep=3)

    assert names(run) == ["0001", "0003", "0006"]
    assert (run.live_version(), previous_version(run)) == ("0001", "0003")
    assert not run.seen_pairs("0002").exists()
    assert run.seen_pairs("0003").exists()


def test_the_version_that_an_interrupted_training_began_with_stays(run):
    for _ in range(2):
        release(run)
    state = state_after(5).model_copy(update={"start": StartState(version="0001", steps=9)})
    checkpoint = run.checkpoints / "step-00000005"
    checkpoint.mkdir(parents=True)
    (checkpoint / "state.json").write_text(StateFile(checksums={}, state=state).model_dump_json())
    for _ in range(3):
        release(run, keep=2)

    assert names(run) == ["0001", "0004", "0005"]
    assert run.seen_pairs("0001").exists()


# Lists


def test_the_list_tells_which_is_live_which_was_before_and_what_is_damaged(run):
    release(run)
    release(run)
    (run.versions / "0001" / "model.safetensors").unlink()

    listed = list_versions(run.path)

    assert (listed.live, listed.previous) == ("0002", "0001")
    assert [version.path.name for version in listed.versions] == ["0001", "0002"]
    assert [version.is_live for version in listed.versions] == [False, True]
    assert [version.missing for version in listed.versions] == ["model.safetensors is missing or cut short", None]
    assert listed.versions[1].release == read_events(run)[1]


def test_the_list_as_json_has_all_that_is_known_of_a_release_in_one_object(run):
    release(run)

    [version] = list_versions(run.path).to_json()["versions"]

    known = version.pop("release")
    assert version == {"version": "0001", "path": "run/versions/0001", "live": True, "missing": None}
    assert known.keys() >= {"time", "promoted", "reason", "start", "steps", "seconds", "train_pairs", "tests"}
    assert known["tests"]["test"]["bleu"]["score"] == 30.0


def test_the_list_says_of_a_version_that_was_not_promoted_after_all_that_it_was_not(run):
    release(run)
    release(run)
    write_version(run)
    rollback(run.path)
    complete_release(run, keep=5)

    listed = list_versions(run.path)

    released = listed.versions[-1].release
    assert released is not None
    assert (released.promoted, released.reason) == (False, "version 0001 was put into service while it was trained")
    assert listed.to_json()["versions"][-1]["release"]["promoted"] is False


def test_a_run_without_versions_has_an_empty_list(run):
    run.log.touch()  # by a training that goes on

    assert list_versions(run.path).to_json() == {"live": None, "previous": None, "versions": []}


def test_a_folder_that_is_no_run_directory_has_no_list(tmp_path):
    (tmp_path / "notes.txt").write_text("nothing to do with it")

    with pytest.raises(ModelNotFoundError, match="is no run directory; name one with -d"):
        list_versions(tmp_path)


@pytest.mark.parametrize("do", [list_versions, rollback, lambda path: promote(path, 1)])
def test_a_run_directory_that_is_not_there_is_named_and_not_made(run, do):
    with pytest.raises(ModelNotFoundError, match=r"^there is no run directory typo; name one with -d"):
        do(Path("typo"))
    assert not Path("typo").exists()


def test_a_version_without_its_configuration_is_not_whole(run):
    release(run)
    (run.versions / "0001" / "config.json").write_text("{")

    assert missing_file(run.versions / "0001") == "config.json is missing or damaged"


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.model"])
def test_a_version_with_other_bytes_in_it_is_damaged_though_its_files_have_their_sizes(run, name):
    write_version(run)
    folder = run.versions / "0001"
    manifest = ModelManifest.load(folder)
    (folder / "tokenizer.model").write_bytes(b"pieces")
    files = {**manifest.files, "tokenizer.model": 6}
    fingerprint = hashlib.sha256(b"pieces").hexdigest()
    manifest.model_copy(update={"files": files, "tokenizer_sha256": fingerprint}).write_to(folder / "config.json")
    assert missing_file(folder) is None

    with (folder / name).open("r+b") as file:
        file.seek(3)
        file.write(b"xxx")

    assert missing_file(folder) == f"{name} is damaged"
