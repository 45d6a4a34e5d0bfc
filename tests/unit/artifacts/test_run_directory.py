from __future__ import annotations

import json
import os
import shutil
import threading
from pathlib import Path

import pytest

from tests.support.hostile_machine import crash_at_each_moment, kill, python
from transformer_cli.artifacts.run_directory import RunDirectory
from transformer_cli.errors import RunDirectoryBusyError, TfmError

HOLD = """
import sys
from pathlib import Path
from transformer_cli.artifacts.run_directory import RunDirectory
with RunDirectory(Path("run")).lock():
    print("held", flush=True)
    sys.stdin.readline()
print("released", flush=True)
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run():
    return RunDirectory(Path("run"))


@pytest.fixture
def holder(folder):
    """A process that holds the run directory until a line comes on its stdin."""
    process = python("-c", HOLD, folder=folder)
    assert process.stdout
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


# Names


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("recipe", "recipe.toml"),
        ("prepare_report", "prepare.json"),
        ("data", "data"),
        ("metrics", "metrics.jsonl"),
        ("best_checkpoint", "checkpoints/best"),
        ("versions", "versions"),
        ("live_model", "model"),
    ],
)
def test_each_file_has_its_promised_place(run, name, path):
    assert getattr(run, name) == Path("run") / path


def test_checkpoints_are_listed_from_the_oldest_and_nothing_else_is(run):
    for step in (500, 1000, 90):
        run.checkpoint(step).mkdir(parents=True)
    run.best_checkpoint.mkdir()
    for other in ("step-00000700.tfm-tmp", "step-5", "step-00000001.old"):
        (run.checkpoints / other).mkdir()

    assert run.checkpoints_by_step() == [run.checkpoint(90), run.checkpoint(500), run.checkpoint(1000)]


def test_without_a_folder_there_are_no_checkpoints_and_the_first_version_is_1(run):
    assert run.checkpoints_by_step() == run.version_folders() == []
    assert run.next_version() == Path("run/versions/0001")


def test_versions_are_counted_on_from_the_highest_and_debris_is_not_counted(run):
    for name in ("0001", "0003", "0009.tfm-tmp", "notes", "7"):
        (run.versions / name).mkdir(parents=True)

    assert run.version_folders() == [run.versions / "0001", run.versions / "0003"]
    assert run.next_version() == run.versions / "0004"


def test_versions_are_counted_as_numbers_beyond_four_digits(run):
    for name in ("9999", "10000"):
        (run.versions / name).mkdir(parents=True)

    assert run.version_folders() == [run.versions / "9999", run.versions / "10000"]
    assert run.next_version() == run.versions / "10001"


# The live model


def make_versions(run: RunDirectory) -> list[Path]:
    folders = [run.versions / name for name in ("0001", "0002")]
    for folder in folders:
        folder.mkdir(parents=True)
        (folder / "config.json").write_text(folder.name)
    return folders


def test_the_live_link_leads_to_the_version_and_still_does_when_the_run_is_moved(run):
    first, second = make_versions(run)

    run.make_live(first)
    run.make_live(second)
    Path("run").rename("moved")

    assert Path("moved/model").readlink() == Path("versions/0002")
    assert Path("moved/model/config.json").read_text() == "0002"


def test_a_folder_in_place_of_the_link_is_the_version_that_it_is_a_copy_of(run, messages):
    _, second = make_versions(run)
    shutil.copytree(second, run.live_model)

    assert run.live_version() == "0002"
    run.restore_link()

    assert run.live_model.readlink() == Path("versions/0002")
    assert messages.texts == ["run/model was a folder, a copy of version 0002; it is a link again"]
    assert sorted(path.name for path in Path("run").iterdir()) == ["model", "versions"]


@pytest.mark.parametrize("content", ["0003", None])
def test_a_folder_that_is_no_copy_of_a_version_is_left_alone_and_explained(run, content):
    make_versions(run)
    run.live_model.mkdir()
    if content:
        (run.live_model / "config.json").write_text(content)

    assert run.live_version() is None
    with pytest.raises(TfmError, match=r"^run/model is a folder, not a link .*: mv run/model run/model\.old$"):
        run.restore_link()
    assert run.live_model.is_dir()


def test_what_a_killed_switch_left_is_in_nobodys_way(run):
    first, _ = make_versions(run)
    Path("run/model.tfm-tmp").symlink_to("nowhere")

    run.make_live(first)

    assert sorted(path.name for path in Path("run").iterdir()) == ["model", "versions"]


def test_readers_find_a_live_model_at_every_moment_of_200_switches(run):
    versions = make_versions(run)
    run.make_live(versions[0])
    stop, seen, missed = threading.Event(), set(), []

    def read() -> None:
        while not stop.is_set():
            try:
                seen.add((run.live_model / "config.json").read_text())
            except OSError as error:
                missed.append(error)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for number in range(200):
        run.make_live(versions[number % 2])
    stop.set()
    for reader in readers:
        reader.join()

    assert missed == []
    assert seen == {"0001", "0002"}


def test_a_switch_that_is_killed_at_any_moment_leaves_the_old_model_live_or_the_new_one(run, folder):
    make_versions(run)
    code = """
from pathlib import Path
from transformer_cli.artifacts.run_directory import RunDirectory

run = RunDirectory(Path("run"))

def begin():
    run.make_live(run.versions / "0001")

def act():
    run.make_live(run.versions / "0002")

def outcome():
    return (run.live_model / "config.json").read_text()
"""

    outcomes = crash_at_each_moment(code, folder=folder)

    assert len(outcomes) > 3
    assert outcomes == sorted(outcomes)
    assert set(outcomes) == {"0001", "0002"}


# One writer


def test_a_second_process_is_refused_at_once_and_told_who_holds_the_directory(run, holder):
    with pytest.raises(RunDirectoryBusyError) as caught, run.lock():
        pass

    assert str(caught.value).startswith(f"run is in use by process {holder.pid} on {os.uname().nodename} since 20")
    assert str(caught.value).endswith("; try later, or --wait")


def test_a_second_writer_in_the_same_process_is_refused_as_well(run):
    with run.lock(), pytest.raises(RunDirectoryBusyError, match=f"in use by process {os.getpid()} "), run.lock():
        pass


@pytest.mark.parametrize("content", [None, b"", b"{", b"[]", b'{"pid": 1}'])
def test_where_the_holder_has_not_signed_it_is_another_process(run, content):
    with run.lock():
        signature = Path("run/.lock.json")
        signature.unlink()
        if content is not None:
            signature.write_bytes(content)

        with pytest.raises(RunDirectoryBusyError, match=r"^run is in use by another process; try later, or --wait$"):
            run.lock().__enter__()


def test_the_lock_of_a_killed_process_is_no_lock(run, holder):
    kill(holder)
    assert Path("run/.lock.json").exists()

    with run.lock():
        assert json.loads(Path("run/.lock.json").read_text())["pid"] == os.getpid()


def test_waiting_ends_when_the_holder_lets_go(run, holder):
    threading.Timer(0.2, lambda: holder.stdin.write("\n") and holder.stdin.flush()).start()

    with run.lock(wait=True):
        assert holder.stdout.readline() == "released\n"


def test_who_takes_the_lock_removes_what_killed_writers_left_and_nothing_else(run):
    left = [".prepare.json.0a1b.tfm-tmp", ".tokenizer.model.0a1b.tfm-tmp", "..lock.json.0a1b.tfm-tmp"]
    left += ["encoded/.1f.source.ids.0a1b.tfm-tmp", "data/.test.en.0a1b.tfm-tmp"]
    left += ["versions/.0001.pairs.npy.0a1b.tfm-tmp", "report/.0001.json.0a1b.tfm-tmp"]
    others = [".out.txt.0a1b.tfm-tmp", ".report.html.0a1b.tfm-tmp", "data.old.tfm-tmp", "encoded/1f.source.ids"]
    others += [".versions.jsonl.0a1b.tfm-tmp", "versions/0001/ctranslate2.tfm-tmp/model.bin"]
    for name in left + others:
        path = Path("run") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")

    with run.lock():
        pass

    assert [name for name in left + others if (Path("run") / name).exists()] == others


def test_the_directory_is_free_again_after_the_block_and_after_an_error_in_it(run):
    with run.lock():
        pass
    with pytest.raises(ZeroDivisionError), run.lock():
        raise ZeroDivisionError

    with run.lock():
        assert Path("run").is_dir()
    assert not Path("run/.lock.json").exists()


def test_where_no_directory_can_be_made_the_error_names_the_place(run):
    Path("run").touch()

    with pytest.raises(TfmError, match=r"^cannot write run"), run.lock():
        pass
