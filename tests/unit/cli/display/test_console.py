from __future__ import annotations

import io
import json
import logging
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.support.command_line import environment
from tests.support.hostile_machine import disk_full_after
from transformer_cli.cli.display import console

PACKAGE = logging.getLogger("transformer_cli")
logger = logging.getLogger("transformer_cli.some.module")
DATE = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d "


def test_only_progress_is_dated_and_only_what_is_worse_names_its_level(capsys):
    with console.shown_messages():
        for level in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR):
            logger.log(level, "so it is")

    progress, *others = capsys.readouterr().err.splitlines()
    assert re.fullmatch(f"{DATE}so it is", progress)
    assert others == ["warning: so it is", "error: so it is"]


@pytest.mark.parametrize(
    ("level", "count"), [(logging.DEBUG, 3), (logging.INFO, 2), (logging.WARNING, 1), (logging.ERROR, 0)]
)
def test_a_level_chooses_what_is_shown_and_leaves_the_log_its_progress(level, count, capsys, tmp_path):
    with console.shown_messages():
        console.set_level(level)
        console.open_log(tmp_path / "log")
        for each in (logging.DEBUG, logging.INFO, logging.WARNING):
            logger.log(each, "so it is")

    assert capsys.readouterr().err.count("so it is") == count
    assert (tmp_path / "log").read_text().count("so it is") == (3 if level == logging.DEBUG else 2)


def test_json_has_the_real_level_and_the_fields_beside_the_message(capsys):
    with console.shown_messages():
        console.set_json(True)
        logger.warning("it is\nso", extra={"fields": {"outcome": "kept"}, "more_lines": ["and so"]})

    [line] = capsys.readouterr().err.splitlines()
    record = json.loads(line)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4}", record.pop("time"))
    assert record == {"level": "warning", "message": "it is\nso", "outcome": "kept"}


def test_text_of_data_moves_no_cursor_and_begins_no_line(capsys, tmp_path):
    with console.shown_messages():
        console.open_log(tmp_path / "log")
        logger.warning("a\x1b[2J%s b\nc\u2028d", extra={"more_lines": ["e\rf"]})

    shown = "warning: a\\x1b[2J%s b\\nc\\u2028d\ne\\rf\n"
    assert capsys.readouterr().err == shown
    assert re.sub(DATE, "", (tmp_path / "log").read_text()) == shown


def test_what_is_drawn_goes_to_the_log_alone(capsys, tmp_path):
    with console.shown_messages():
        console.open_log(tmp_path / "log")
        logger.info("a figure", extra={"is_drawn": True})

    assert capsys.readouterr().err == ""
    assert re.fullmatch(f"{DATE}a figure\n", (tmp_path / "log").read_text())


def test_a_command_leaves_the_logger_as_it_was(capsys, tmp_path):
    before = (list(PACKAGE.handlers), PACKAGE.level, PACKAGE.propagate)

    for _ in range(2):
        with console.shown_messages():
            console.set_level(logging.DEBUG)
            console.open_log(tmp_path / "log")
            console.open_log(tmp_path / "another")
            logger.info("once")
    logger.warning("too late")

    assert (list(PACKAGE.handlers), PACKAGE.level, PACKAGE.propagate) == before
    shown = capsys.readouterr().err
    assert (shown.count("once"), shown.count("too late")) == (2, 0)
    assert (tmp_path / "another").read_text().count("once") == 2
    assert not (tmp_path / "log").exists()


def test_handlers_of_other_libraries_do_not_show_a_message_twice(capsys):
    other = logging.StreamHandler(sys.stderr)
    logging.getLogger().addHandler(other)
    try:
        with console.shown_messages():
            logger.warning("once")
    finally:
        logging.getLogger().removeHandler(other)

    assert capsys.readouterr().err == "warning: once\n"


def test_a_log_that_cannot_be_opened_is_given_up_with_one_warning(capsys, tmp_path):
    with console.shown_messages():
        console.open_log(tmp_path)
        logger.warning("first")
        logger.warning("second")

    shown = sorted(capsys.readouterr().err.splitlines())
    assert shown == [
        f"warning: cannot write {tmp_path}: is a directory; going on without it",
        "warning: first",
        "warning: second",
    ]


def test_a_disk_that_fills_up_costs_the_log_and_nothing_else(capsys, tmp_path):
    with console.shown_messages(), disk_full_after(1000):
        console.open_log(tmp_path / "log")
        for number in range(100):
            logger.warning(f"message {number}")

    shown = capsys.readouterr().err
    assert shown.count("warning: message ") == 100
    assert shown.count("going on without it") == 1
    assert f"cannot write {tmp_path / 'log'}: file too large" in shown


def test_messages_of_several_threads_come_whole(monkeypatch):
    class SlowStream(io.StringIO):
        """Lets others run between two characters."""

        def write(self, text: str) -> int:
            for character in text:
                pause.wait(1e-5)
                super().write(character)
            return len(text)

    pause, stream = threading.Event(), SlowStream()
    monkeypatch.setattr(sys, "stderr", stream)

    with console.shown_messages():
        threads = [threading.Thread(target=logger.warning, args=(f"thread {number}",)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert sorted(stream.getvalue().splitlines()) == [f"warning: thread {number}" for number in range(8)]


def test_without_a_command_line_warnings_alone_are_heard(tmp_path):
    (tmp_path / "sums.tsv").write_text("".join(f"{n} 1\t1 {n}\n" for n in range(60)), encoding="utf-8")
    code = "import transformer_cli; transformer_cli.init(['sums.tsv'], source='fr', target='en')"

    finished = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment(), capture_output=True, text=True, check=True
    )

    assert finished.stdout == ""
    [line] = finished.stderr.splitlines()
    assert line.startswith("sums.tsv: no pair has letters on both sides")
    assert Path(tmp_path / "tfm.toml").exists()
