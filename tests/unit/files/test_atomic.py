import errno
import inspect
import os
import re
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.command_line import environment
from tests.support.hostile_machine import crash_at_each_moment, disk_full_after
from transformer_cli.errors import DataError, RunDirectoryBusyError, TfmError
from transformer_cli.files.atomic import atomic_folder, atomic_write, fsync_folder, restore_folders, write_atomically
from transformer_cli.files.os_errors import explain_os_errors
from transformer_cli.files.temporary import TEMPORARY_SUFFIX


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_written_file_appears_with_its_content_and_nothing_beside_it(tmp_path):
    path = tmp_path / "out.bin"
    write_atomically(path, b"\0\r\n")
    assert path.read_bytes() == b"\0\r\n"
    assert names(tmp_path) == ["out.bin"]


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt(), OSError("no")])
def test_an_exception_leaves_the_old_file_and_nothing_beside_it(tmp_path, error):
    path = tmp_path / "out.txt"
    path.write_bytes(b"old")

    def interrupted() -> None:
        with atomic_write(path) as out:
            out.write(b"new" * 100_000)
            raise error

    with pytest.raises(TfmError if isinstance(error, OSError) else type(error)):
        interrupted()
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["out.txt"]


class Signalled(BaseException):
    pass


def write_with_a_signal(path: Path, *, moment: int) -> bool:
    """Replace ``path`` while `Signalled` is raised at one moment; return whether the writing has that many moments."""
    remaining = moment

    def trace(frame, event, _):
        nonlocal remaining
        if not frame.f_code.co_filename.endswith(("/atomic.py", "/pathlib.py", "/contextlib.py")):
            return None
        if event == "return" and frame.f_code.co_flags & inspect.CO_GENERATOR:
            return trace  # an exception from here would skip the generator's "finally", which no signal can
        remaining -= 1
        if remaining == 0:
            raise Signalled
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        write_atomically(path, b"new")
    except Signalled:
        return True
    finally:
        sys.settrace(before)
    return False


@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
def test_a_signal_at_any_moment_leaves_the_old_or_the_new_file_and_nothing_beside_it(tmp_path):
    path = tmp_path / "out.txt"
    moment = 1
    path.write_bytes(b"old")
    while write_with_a_signal(path, moment=moment):
        assert path.read_bytes() in (b"old", b"new")
        assert names(tmp_path) == ["out.txt"], f"after a signal at moment {moment}"
        path.write_bytes(b"old")
        moment += 1
    assert path.read_bytes() == b"new"
    assert moment > 20


def test_a_reader_sees_the_old_file_until_the_new_one_is_whole(tmp_path):
    path = tmp_path / "out.txt"
    path.write_bytes(b"old")
    with atomic_write(path) as out:
        out.write(b"new")
        out.flush()
        assert path.read_bytes() == b"old"
        (temporary,) = set(names(tmp_path)) - {"out.txt"}
        assert temporary.startswith(".out.txt.")
        assert temporary.endswith(TEMPORARY_SUFFIX)
    assert path.read_bytes() == b"new"


@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002], ids=oct)
def test_a_written_file_has_the_permissions_that_the_umask_leaves(tmp_path, mask):
    before = os.umask(mask)
    try:
        write_atomically(tmp_path / "out", b"")
    finally:
        os.umask(before)
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o666 & ~mask


def test_a_symbolic_link_stays_and_its_target_is_replaced(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "link"
    link.symlink_to(Path("elsewhere") / "file")
    for content in (b"first", b"second"):
        write_atomically(link, content)
        assert link.is_symlink()
        assert (tmp_path / "elsewhere" / "file").read_bytes() == content
    assert names(tmp_path / "elsewhere") == ["file"]


def test_a_named_pipe_is_written_to_and_not_replaced(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with subprocess.Popen(["cat", path], stdout=subprocess.PIPE) as reader:
        write_atomically(path, b"through")
        assert reader.communicate(timeout=20)[0] == b"through"
    assert path.is_fifo()
    assert names(tmp_path) == ["pipe"]


@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
def test_an_open_stream_is_written_to_although_it_is_a_file(name, tmp_path):
    code = f"""
from pathlib import Path
from transformer_cli.files.atomic import write_atomically
write_atomically(Path("{name}"), b"new")
"""
    log = tmp_path / "log"
    log.write_bytes(b"old ")
    with log.open("ab") as stdout:
        subprocess.run([sys.executable, "-c", code], stdout=stdout, env=environment(), check=True)
        stdout.write(b" after")

    assert log.read_bytes() == b"old new after"


def test_a_name_as_long_as_the_file_system_allows_is_written(tmp_path):
    path = tmp_path / ("é" * 127)
    write_atomically(path, b"x")
    assert path.read_bytes() == b"x"


def test_a_full_disk_is_one_line_with_the_path_and_the_way_out():
    with pytest.raises(TfmError) as caught:
        write_atomically(Path("/dev/full"), b"x")
    assert str(caught.value) == (
        "cannot write /dev/full: no space left on device; free some space there and run the command again"
    )
    assert caught.value.exit_code == 1


def test_a_write_that_fails_halfway_leaves_the_old_file_and_nothing_beside_it(tmp_path):
    path = tmp_path / "out.txt"
    path.write_bytes(b"old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))  # stands for a disk that is full
    try:
        with pytest.raises(TfmError, match=re.escape(f"cannot write {path}: file too large; ")):
            write_atomically(path, b"new" * 100_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["out.txt"]


def test_a_folder_that_is_missing_is_named_with_the_file(tmp_path):
    path = tmp_path / "none" / "out.txt"
    with pytest.raises(TfmError, match=re.escape(f"cannot write {path}: no such file or dir")):
        write_atomically(path, b"x")


def test_a_folder_is_not_overwritten(tmp_path):
    with pytest.raises(TfmError, match="is a directory; name a file, not a folder"):
        write_atomically(tmp_path, b"x")


def test_a_failure_with_another_file_names_that_one(tmp_path):
    with (
        pytest.raises(TfmError, match=re.escape(f"{tmp_path / 'missing'}: no such file")),
        atomic_write(tmp_path / "out"),
    ):
        (tmp_path / "missing").read_bytes()


def test_a_folder_can_be_flushed(tmp_path):
    fsync_folder(tmp_path)
    with pytest.raises(FileNotFoundError):
        fsync_folder(tmp_path / "missing")


# Errors of the operating system


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "no space left on device; free some space"),
        (errno.EROFS, "read-only file system; choose a folder that can be written to"),
        (errno.EACCES, "permission denied; change its permissions"),
        (errno.EIO, "input/output error; check the disk"),
    ],
)
def test_an_error_of_the_operating_system_says_what_why_and_the_way_out(number, words):
    with pytest.raises(TfmError) as caught, explain_os_errors(Path("a/b")):
        raise OSError(number, os.strerror(number))
    assert type(caught.value) is TfmError
    assert str(caught.value).startswith(f"cannot write a/b: {words}")


def test_an_error_without_a_number_or_a_reason_is_explained_too():
    with (
        pytest.raises(DataError, match="cannot read a: the system gives no reason; ") as caught,
        explain_os_errors(Path("a"), "read", DataError),
    ):
        raise OSError
    assert isinstance(caught.value.__cause__, OSError)


def test_a_broken_pipe_and_errors_of_other_kinds_pass():
    for error in (BrokenPipeError(), DataError("as it was"), ValueError()):
        with pytest.raises(type(error)) as caught, explain_os_errors(Path("a")):
            raise error
        assert caught.value is error


# Folders


def fill(folder: Path, content: str) -> None:
    (folder / "part").mkdir()
    for name in ("a", "part/b"):
        (folder / name).write_text(content)


def content_of(folder: Path) -> set[str]:
    return {(folder / name).read_text() for name in ("a", "part/b")}


def test_a_written_folder_appears_with_its_files_and_nothing_beside_it(tmp_path):
    with atomic_folder(tmp_path / "new" / "out") as beside:
        fill(beside, "new")
        assert not (tmp_path / "new" / "out").exists()

    assert content_of(tmp_path / "new" / "out") == {"new"}
    assert names(tmp_path / "new") == ["out"]


def test_a_folder_replaces_the_one_that_was_there_with_all_its_files(tmp_path):
    for content in ("old", "new"):
        with atomic_folder(tmp_path / "out") as beside:
            fill(beside, content)
            (beside / content).touch()

    assert content_of(tmp_path / "out") == {"new"}
    assert names(tmp_path / "out") == ["a", "new", "part"]
    assert names(tmp_path) == ["out"]


def test_a_symbolic_link_to_a_folder_stays_and_its_target_is_replaced(tmp_path):
    (tmp_path / "large disk" / "out").mkdir(parents=True)
    (tmp_path / "out").symlink_to(tmp_path / "large disk" / "out")

    for content in ("old", "new", "newest"):
        with atomic_folder(tmp_path / "out") as beside:
            fill(beside, content)

    assert (tmp_path / "out").is_symlink()
    assert content_of(tmp_path / "large disk" / "out") == {"newest"}
    assert names(tmp_path / "large disk") == ["out"]
    assert names(tmp_path) == ["large disk", "out"]


@pytest.mark.parametrize("target", ["disk that is not there/out", "out"])
def test_a_symbolic_link_that_leads_nowhere_is_an_error_and_stays(target, tmp_path):
    (tmp_path / "out").symlink_to(tmp_path / target)

    with pytest.raises(TfmError, match=r"^cannot (write|read) .*out: "), atomic_folder(tmp_path / "out") as beside:
        fill(beside, "new")

    assert (tmp_path / "out").is_symlink()
    assert names(tmp_path) == ["out"]


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt(), OSError("no")])
def test_an_exception_leaves_the_old_folder_and_nothing_beside_it(tmp_path, error):
    (tmp_path / "out").mkdir()
    fill(tmp_path / "out", "old")

    def interrupted() -> None:
        with atomic_folder(tmp_path / "out") as beside:
            fill(beside, "new")
            raise error

    with pytest.raises(TfmError if isinstance(error, OSError) else type(error)):
        interrupted()
    assert content_of(tmp_path / "out") == {"old"}
    assert names(tmp_path) == ["out"]


@pytest.mark.parametrize("is_folder", [True, False])
def test_what_may_not_be_replaced_stays(tmp_path, is_folder):
    if is_folder:
        (tmp_path / "out").mkdir()
        fill(tmp_path / "out", "old")
    else:
        (tmp_path / "out").write_text("old")

    def write() -> None:
        with atomic_folder(tmp_path / "out", replace=not is_folder) as beside:
            fill(beside, "new")

    with pytest.raises(TfmError, match=r"^cannot write .*out: file exists"):
        write()
    assert content_of(tmp_path / "out") == {"old"} if is_folder else (tmp_path / "out").read_text() == "old"
    assert names(tmp_path) == ["out"]


def test_who_comes_while_a_folder_is_written_is_told_so_and_disturbs_nothing(tmp_path):
    with atomic_folder(tmp_path / "out") as beside:
        fill(beside, "first")
        busy = pytest.raises(RunDirectoryBusyError, match=r"^another process is writing .*out; ")
        with busy, atomic_folder(tmp_path / "out"):
            pytest.fail("two write the same folder")

    assert content_of(tmp_path / "out") == {"first"}
    assert names(tmp_path) == ["out"]


def test_a_folder_can_be_written_although_a_child_of_the_one_who_was_killed_lives_on(tmp_path):
    code = """
import os, signal, time
from pathlib import Path
from transformer_cli.files.atomic import atomic_folder
with atomic_folder(Path("out")):
    if os.fork() == 0:
        os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(600)
"""
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment(),
        start_new_session=True,
    )
    try:
        assert process.wait() == -signal.SIGKILL
        with atomic_folder(tmp_path / "out") as beside:
            fill(beside, "new")
    finally:
        os.killpg(process.pid, signal.SIGKILL)

    assert content_of(tmp_path / "out") == {"new"}


def test_a_link_with_the_name_of_an_unfinished_folder_is_not_followed(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").touch()
    (tmp_path / "out.tfm-tmp").symlink_to("mine")

    with pytest.raises(TfmError, match=r"^cannot write .*out"), atomic_folder(tmp_path / "out"):
        pytest.fail("a link was followed")

    assert names(tmp_path / "mine") == ["file"]


def test_what_a_killed_process_has_left_is_no_part_of_a_folder(tmp_path):
    left = tmp_path / "out.tfm-tmp"
    (left / "part").mkdir(parents=True)
    (left / "part" / "old").touch()
    (left / "link").symlink_to(tmp_path / "out.tfm-tmp" / "part")

    with atomic_folder(tmp_path / "out") as beside:
        fill(beside, "new")

    assert names(tmp_path / "out") == ["a", "part"]
    assert names(tmp_path / "out" / "part") == ["b"]
    assert names(tmp_path) == ["out"]


def test_a_full_disk_leaves_no_folder(tmp_path):
    def write() -> None:
        with atomic_folder(tmp_path / "out") as beside:
            fill(beside, "x" * 20_000)

    with disk_full_after(10_000), pytest.raises(TfmError, match=r"^cannot write "):
        write()
    assert names(tmp_path) == []


CRASH = """
import pathlib, shutil
from tests.unit.files.test_atomic import content_of, fill
from transformer_cli.files.atomic import atomic_folder, restore_folders

place = pathlib.Path("place")

def begin():
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    {before}

def act():
    with atomic_folder(place / "out") as beside:
        fill(beside, "new")

def outcome():
    {mend}
    [content] = content_of(place / "out") if (place / "out").exists() else ["nothing"]
    if content == "new":
        act()
    assert {leftovers}
    return content
"""
WRITE_OLD = "(place / 'out').mkdir(); fill(place / 'out', 'old')"
RESTORE = "restore_folders(place); assert not (place / 'out.old.tfm-tmp').exists()"
NOTHING_LEFT = "content != 'new' or [path.name for path in place.iterdir()] == ['out']"


def test_a_folder_whose_writing_is_killed_at_any_moment_is_there_whole_or_not_at_all(tmp_path):
    outcomes = crash_at_each_moment(CRASH.format(before="pass", mend=RESTORE, leftovers=NOTHING_LEFT), folder=tmp_path)

    assert set(outcomes) == {"nothing", "new"}
    assert outcomes == sorted(outcomes, key=["nothing", "new"].index)


def test_a_folder_whose_replacing_is_killed_at_any_moment_is_the_old_or_the_new_one(tmp_path):
    outcomes = crash_at_each_moment(
        CRASH.format(before=WRITE_OLD, mend=RESTORE, leftovers=NOTHING_LEFT), folder=tmp_path
    )

    assert set(outcomes) == {"old", "new"}
    assert outcomes == sorted(outcomes, key=["old", "new"].index)


def test_only_folders_are_restored_and_only_where_none_has_their_name(tmp_path):
    for name in ("a.old.tfm-tmp", "b.old.tfm-tmp", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "from").write_text(name)
    (tmp_path / "c.old.tfm-tmp").write_text("a file")

    restore_folders(tmp_path)

    assert names(tmp_path) == ["a", "b", "c.old.tfm-tmp"]
    assert [(tmp_path / name / "from").read_text() for name in ("a", "b")] == ["a.old.tfm-tmp", "b"]
