"""Night after night: what `tfm train` does with new pairs, what it lets into service, and how it is taken back."""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import time
from contextlib import chdir
from pathlib import Path
from typing import Any

import pytest

from tests.support.command_line import environment, finish, run_here, start, wait_for
from tests.support.small_runs import UNTIL_STOPPED
from tests.support.toy_corpus import pairs, write_corpus
from transformer_cli import train
from transformer_cli.artifacts.model_manifest import ModelManifest
from transformer_cli.artifacts.run_directory import RunDirectory
from transformer_cli.training.events import SessionOpened, TrainingEvent
from transformer_cli.workflows.versions import rollback

QUICK = ("--set", "training.max_steps=12", "--set", "training.validate_every=12")
ANY_QUALITY = ("--set", "release.tolerance=100", "--set", "release.significance=1e-9")
"""Whatever a few updates have made of the model, it is promoted: no p-value is so small."""

RUN = RunDirectory(Path("runs/toy"))
NOUNS = (("le chat", "the cat"), ("le chien", "the dog"), ("la fille", "the girl"), ("le garçon", "the boy"))
VERBS = (("voit", "sees"), ("aime", "likes"), ("prend", "takes"), ("trouve", "finds"))
NEW = [
    (f"{subject[0]} {verb[0]} {thing[0]} ici.", f"{subject[1]} {verb[1]} {thing[1]} here.")
    for subject, verb, thing in itertools.product(NOUNS, VERBS, NOUNS)
]


@pytest.fixture
def here(toy: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder with a trained model in it."""
    folder: Path = toy.copy_to(tmp_path)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture(scope="module")
def with_two_versions(toy: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which new pairs have arrived and version 0002 has gone live; not to be changed."""
    folder: Path = toy.copy_to(tmp_path_factory.mktemp("two"))
    arrive(folder, NEW)
    with chdir(folder):
        assert run_here("train", "-d", RUN.path, *QUICK, *ANY_QUALITY).code == 0
    return folder


@pytest.fixture
def a_day_later(with_two_versions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder like that."""
    shutil.copytree(with_two_versions, tmp_path, symlinks=True, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    assert RUN.live_version() == "0002"
    return tmp_path


def arrive(here: Path, new: list[tuple[str, str]]) -> None:
    write_corpus(here, "toy", [*pairs(), *new])


def releases() -> list[dict[str, Any]]:
    return [json.loads(line) for line in RUN.version_events.read_text().splitlines()]


# One night


def test_new_pairs_are_learned_from_the_live_weights_and_the_version_goes_live(here):
    tokenizer = (RUN.path / "tokenizer.model").read_bytes()
    arrive(here, NEW)

    finished = run_here("train", *ANY_QUALITY)

    assert finished.code == 0, finished.stderr
    assert "training a new version: the data has changed since version 0001" in finished.stderr
    assert "starting from version 0001: the weights of version 0001 fit" in finished.stderr
    assert "anew" not in finished.stderr
    assert "validation at step 0: " in finished.stderr
    assert re.search(r"on the validation set: before the first step: BLEU [\d.]+; average", finished.stderr)
    assert RUN.live_version() == "0002"
    assert (RUN.path / "tokenizer.model").read_bytes() == tokenizer
    record = releases()[-1]
    assert (record["version"], record["replaces"], record["promoted"]) == ("0002", "0001", True)
    manifest = ModelManifest.load(RUN.live_model)
    assert manifest.made_from is not None
    assert manifest.made_from.start == "0001"
    assert manifest.candidate is not None
    assert 0 < (manifest.candidate.new_pairs or 0) <= len(NEW)
    assert manifest.candidate.tests["test"].bleu.live is not None
    card = (RUN.live_model / "README.md").read_text()
    assert "begun with the weights of version 0001" in card
    assert "by the live version, p = " in card
    assert "| gate | passed: not worse than the live version" in card
    assert finished.stderr.splitlines()[-1][20:].startswith("version 0002 is live after 60 steps")


def test_poison_is_not_promoted_exits_with_3_and_is_not_tried_again(here):
    known = pairs()
    poison = [(source, known[(n + 7) % len(known)][1]) for n, (source, _) in enumerate(known)]
    arrive(here, [(f"{source} {n}", target) for n, (source, target) in enumerate(poison)])

    finished = run_here("train", "--quiet", "--set", "retraining.new_weight=20")

    assert (finished.code, finished.stdout) == (3, b"")
    assert finished.stderr.startswith("warning: version 0002 is not promoted and 0001 stays live: ")
    assert finished.stderr.count("\n") == 1
    assert RUN.live_version() == "0001"
    assert (RUN.versions / "0002" / "model.safetensors").is_file()
    assert run_here("translate", stdin=b"le chat voit une pomme ici.\n").stdout.count(b"\n") == 1

    again = run_here("train", "--set", "retraining.new_weight=20")
    assert again.code == 0
    assert "nothing to do: " in again.stderr
    assert "`tfm versions promote 2` changes that" in again.stderr


def test_from_scratch_begins_with_random_weights(here):
    arrive(here, NEW)

    finished = run_here("train", "--from-scratch", *QUICK)

    assert "starting from scratch: as asked for" in finished.stderr
    made_from = ModelManifest.load(RUN.versions / "0002").made_from
    assert made_from is not None
    assert made_from.start is None


def test_a_tokenizer_that_is_asked_for_makes_the_weights_useless_and_that_is_said(here):
    arrive(here, NEW)

    finished = run_here("train", "--retrain-tokenizer", *QUICK)

    assert "starting from scratch: not with the weights of version 0001: it has another tokenizer" in finished.stderr
    assert run_here("train", "--retrain-tokenizer", *QUICK).stderr.count("nothing to do") == 1


@pytest.mark.parametrize("lost", [False, True])
def test_the_tokenizer_is_that_of_the_live_version_again_though_the_run_has_had_another_or_lost_it(here, lost):
    tokenizer = (RUN.path / "tokenizer.model").read_bytes()
    if lost:
        (RUN.path / "tokenizer.model").unlink()
    else:
        arrive(here, NEW[:40])
        run_here("train", "--retrain-tokenizer", *QUICK)
        assert (RUN.path / "tokenizer.model").read_bytes() != tokenizer
        run_here("versions", "promote", "1")
    arrive(here, NEW)

    finished = run_here("train", *QUICK)

    assert "the tokenizer is that of version 0001\n" in finished.stderr
    assert "starting from version 0001: the weights of version 0001 fit" in finished.stderr
    assert (RUN.path / "tokenizer.model").read_bytes() == tokenizer


@pytest.mark.slow
def test_another_shape_begins_from_scratch_and_another_dropout_does_not(here):
    assert "from version 0001" in run_here("train", *QUICK, "--set", "model.dropout=0.1").stderr
    finished = run_here("train", *QUICK, "--set", "model.d_ff=48")
    assert re.search(r"from scratch: not with the weights of version 000\d: it has another model.d_ff", finished.stderr)


def test_weights_that_were_cut_short_are_noticed_and_trained_again(here):
    weights = RUN.versions / "0001" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])

    finished = run_here("train")

    assert finished.code == 0, finished.stderr
    assert "version 0001 is damaged: model.safetensors is missing or cut short" in finished.stderr
    assert RUN.live_version() == "0002"
    assert run_here("translate", stdin=b"le chat\n").code == 0


def test_a_version_of_other_languages_does_not_go_live_by_itself(here):
    reverse = ("--set", "languages.source=en", "--set", "languages.target=fr")

    finished = run_here("train", *QUICK, *reverse, *ANY_QUALITY)

    assert finished.code == 3
    assert "stays live: the live version translates fr to en, not en to fr" in finished.stderr
    assert RUN.live_version() == "0001"


def test_a_run_is_not_up_to_date_while_its_live_version_cannot_be_used(here):
    arrive(here, NEW)
    run_here("train", *QUICK)
    assert len(RUN.version_folders()) == 2
    RUN.make_live(RUN.versions / "0001")
    weights = RUN.versions / "0001" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])

    finished = run_here("train", *QUICK)

    assert (finished.code, finished.stdout) == (1, b"")
    assert "version 0001, which is to be live, cannot be used: model.safetensors is missing or" in finished.error
    assert "`tfm versions promote 2` puts runs/toy/versions/0002 into service" in finished.error
    assert run_here("versions", "promote", 2).code == 0
    assert run_here("train", *QUICK).code == 0


# Versions


def test_a_live_version_that_is_not_there_is_missed_in_the_list(here):
    shutil.rmtree(RUN.versions / "0001")

    finished = run_here("versions")

    assert (finished.code, finished.stdout.count(b"\n")) == (0, 1)
    assert "warning: version 0001, which is to be live, is not there; `tfm train` or " in finished.stderr


def test_versions_are_listed_promoted_and_rolled_back(a_day_later):
    table = run_here("versions").stdout.decode().splitlines()
    assert [line.split()[:2] for line in table[1:]] == [["0001", "previous"], ["0002", "live"]]
    assert run_here("versions", "rollback").stderr.endswith("version 0001 is live in place of 0002\n")
    assert run_here("train", *QUICK, *ANY_QUALITY).code == 0  # nothing to do, and the rollback stays
    listed = json.loads(run_here("versions", "list", "--json").stdout)
    assert (listed["live"], [version["live"] for version in listed["versions"]]) == ("0001", [True, False])
    assert run_here("versions", "promote", 2).code == 0
    assert RUN.live_version() == "0002"


@pytest.mark.parametrize(
    ("arguments", "code", "fragment"),
    [
        ("promote", 2, "promote takes the number of a version"),
        ("promote tfm.toml 1", 2, "promote takes the number of a version"),
        ("rollback 3", 2, "rollback takes a recipe at most, not: 3"),
        ("list tfm.toml phrasebook", 2, "list takes a recipe at most, not: tfm.toml phrasebook"),
        ("rolback", 2, '"rolback" is neither list, promote, rollback nor a recipe'),
        ("rollback other.toml", 2, "other.toml"),
        ("promote 9", 1, "version 9 is not in runs/toy; there are: 1"),
        ("rollback", 1, "no other version was live before"),
        ("list -d nowhere promote", 2, ""),
    ],
)
def test_what_versions_cannot_do_is_said_in_one_line(arguments, code, fragment, here):
    finished = run_here("versions", *arguments.split())

    assert (finished.code, finished.stdout) == (code, b"")
    assert fragment in finished.error


def test_the_run_of_versions_is_that_of_a_recipe_as_in_train(a_day_later):
    (a_day_later / "tfm.toml").rename(a_day_later / "nightly.toml")
    (a_day_later / "broken.toml").write_text("=")

    for words in (["nightly.toml"], ["list", "nightly.toml"], ["-d", "runs/toy"]):
        assert json.loads(run_here("versions", "--json", *words).stdout)["live"] == "0002"
    refused = run_here("versions", "broken.toml", "-d", "runs/toy")
    assert (refused.code, refused.stdout) == (2, b"")
    assert run_here("versions", "rollback", "nightly.toml").code == 0
    assert run_here("versions", "promote", 2, "nightly.toml").code == 0
    assert RUN.live_version() == "0002"


@pytest.mark.usefixtures("a_day_later")
def test_a_rollback_need_not_wait_for_a_training():
    with RUN.lock():
        assert run_here("versions", "rollback").code == 0


def test_what_begins_with_a_version_that_is_rolled_back_meanwhile_does_not_take_its_place(a_day_later):
    arrive(a_day_later, NEW[:40])

    def roll_back(event: TrainingEvent) -> None:
        if isinstance(event, SessionOpened):
            rollback(RUN.path)

    train(overrides=[*QUICK[1::2], *ANY_QUALITY[1::2]], on_event=roll_back)

    assert RUN.live_version() == "0001"
    assert releases()[-1]["promoted"] is False
    assert releases()[-1]["reason"] == "version 0001 was put into service during its training"


def test_a_translation_keeps_the_model_it_began_with_although_that_is_deleted(here):
    process = start("translate", "--engine", "torch", cwd=here, bufsize=0)
    process.stdin.write(b"le chat voit une pomme ici.\n")
    first = process.stdout.readline()
    shutil.rmtree(RUN.versions / "0001")

    process.stdin.write(b"le chat voit une pomme ici.\n")

    assert process.stdout.readline() == first
    assert finish(process).code == 0


# Logs and notes


def test_json_logs_are_one_object_a_line_and_the_last_tells_the_outcome(here):
    lines = run_here("train", "--json-logs", *QUICK).stderr.splitlines()

    records = [json.loads(line) for line in lines]
    assert all(record.keys() >= {"time", "level", "message"} for record in records)
    assert {record["event"] for record in records if "event" in record} == {"opened", "valid"}
    assert (records[-1]["outcome"], records[-1]["version"]) in [("promoted", "0002"), ("not-promoted", "0002")]


def test_the_log_of_the_run_has_every_sitting_and_its_end(here):
    run_here("train", "--quiet")
    assert run_here("train", "--quiet", "--device", "toaster", *QUICK).code == 2

    log = RUN.log.read_text().splitlines()
    assert all(re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d ", line) for line in log)
    assert any("version 0001 is live" in line for line in log)
    assert any("nothing to do" in line for line in log)
    assert "error: --device toaster" in log[-1]


def test_a_large_log_is_rotated(here):
    for _ in range(5):
        with RUN.log.open("a") as log:
            log.write("x" * 1_000_001 + "\n")
        run_here("train")

    assert sorted(path.name for path in RUN.path.glob("train.log*")) == [
        "train.log",
        "train.log.1",
        "train.log.2",
        "train.log.3",
    ]
    assert RUN.log.stat().st_size < 1000


def test_a_warning_is_one_in_json_as_well(here):
    lines = run_here("train", "--json-logs", "--set", "tokenizer.vocab_size=4000", *QUICK).stderr.splitlines()

    [warning] = [record for record in map(json.loads, lines) if "too small for tokenizer" in record["message"]]
    assert warning["level"] == "warning"
    assert not warning["message"].startswith("warning")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "nothing-to-do 0 0001 nothing to do"),
        (["--set", "model.d_model=17"], ""),
        (["--device", "toaster", *QUICK], "failed 2  --device toaster"),
        (["--set", "model.d_ff=20000000000000"], "failed 1"),
    ],
)
def test_the_notify_command_is_told_the_outcome(arguments, told, here):
    command = 'echo "$TFM_OUTCOME $TFM_EXIT_CODE $TFM_VERSION $TFM_MESSAGE" > told'
    run_here("train", "--notify-command", command, *arguments)

    if told:
        assert (here / "told").read_text().startswith(told)
    else:
        assert (here / "told").read_text().startswith("failed 2")


@pytest.mark.parametrize(("given", "policy"), [(None, "passive"), ("active", "active")])
def test_threads_of_a_training_wait_without_spinning_unless_told_otherwise(given, policy, here, monkeypatch):
    monkeypatch.setenv("OMP_WAIT_POLICY", given or "")
    if given is None:
        monkeypatch.delenv("OMP_WAIT_POLICY")

    run_here("train", "--notify-command", 'echo "$OMP_WAIT_POLICY" > told')

    assert (here / "told").read_text() == f"{policy}\n"


def test_a_notify_command_that_fails_changes_no_exit_code(here):
    finished = run_here("train", "--notify-command", "exit 9")

    assert finished.code == 0
    assert "warning: --notify-command ended with exit code 9" in finished.stderr


# What happens to machines


def test_a_closed_terminal_saves_and_stops_with_129(here):
    process = start("train", *UNTIL_STOPPED, cwd=here)
    wait_for(process, b"step 20")
    process.send_signal(signal.SIGHUP)

    finished = finish(process)

    assert finished.code == 129
    assert "which is saved" in finished.error


@pytest.mark.slow
def test_of_five_at_once_one_trains_and_the_others_exit_with_75(here):
    arrive(here, NEW)
    processes = [start("train", *UNTIL_STOPPED, cwd=here) for _ in range(5)]
    while len(training := [process for process in processes if process.poll() is None]) > 1:
        time.sleep(0.05)
    codes = [finish(process).code for process in processes if process not in training]
    for process in training:
        wait_for(process, b"step 20")
        process.send_signal(signal.SIGTERM)

    assert (codes, [finish(process).code for process in training]) == ([75] * 4, [143])


def test_a_run_that_was_moved_with_its_corpora_is_up_to_date(here, tmp_path_factory, monkeypatch):
    moved = tmp_path_factory.mktemp("moved") / "elsewhere"
    shutil.move(here, moved)
    monkeypatch.chdir(moved)

    assert "nothing to do" in run_here("train").stderr
    assert run_here("translate", stdin=b"le chat\n").code == 0


def test_a_clock_that_was_set_back_hides_no_change_and_makes_none(here):
    for path in (*here.glob("toy.*"), *RUN.path.rglob("*")):
        if not path.is_symlink():
            os.utime(path, (4e9, 4e9))
    assert "nothing to do" in run_here("train").stderr

    known = (here / "toy.fr").stat()
    content = (here / "toy.fr").read_bytes()
    (here / "toy.fr").write_bytes(content.replace(b"chat", b"chut"))
    os.utime(here / "toy.fr", ns=(known.st_atime_ns, known.st_mtime_ns))
    assert "the data has changed" in run_here("train", *QUICK).stderr


@pytest.mark.slow
def test_a_recipe_that_is_edited_in_the_middle_counts_from_the_next_run(here):
    process = start("train", *UNTIL_STOPPED, cwd=here)
    wait_for(process, b"step 20")
    recipe = here / "tfm.toml"
    recipe.write_text(recipe.read_text().replace("learning_rate = 0.03", "learning_rate = 0.02"))
    process.send_signal(signal.SIGTERM)
    assert finish(process).code == 143

    finished = run_here("train", "--quiet", *QUICK)

    assert "warning: " in finished.stderr
    assert "updates of an interrupted training are discarded, because recipe, data or start have" in finished.stderr
    assert "learning_rate = 0.02" in (RUN.path / "recipe.toml").read_text()
    assert "nothing to do" in run_here("train", *QUICK).stderr


def test_a_file_that_vanishes_exits_with_65_and_leaves_the_run_as_it_was(here):
    (here / "toy.en").unlink()

    assert run_here("train").code == 65
    assert run_here("translate", stdin=b"le chat\n").code == 0


def test_an_empty_name_of_a_run_directory_is_refused(here):
    finished = run_here("train", "-d", "")

    assert finished.code == 2
    assert "an empty name" in finished.error
    assert not (here / "prepare.json").exists()


def test_dropped_files_are_there_whole_once_and_beside_each_other(tmp_path):
    script = Path(__file__).parents[2] / "recipes" / "nightly" / "drop.sh"
    for folder, text in (("a", "one"), ("b", "two")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "new.tmx").write_text(text)

    def drop(*names: str) -> int:
        command = ["sh", str(script), "inbox", *names]
        return subprocess.run(command, cwd=tmp_path, env=environment(), capture_output=True, check=False).returncode

    assert drop("a/new.tmx", "b/new.tmx") == 0
    assert drop("a/new.tmx") == 0
    assert sorted(path.read_text() for path in (tmp_path / "inbox").iterdir()) == ["one", "two"]
    assert drop() == 2
    assert drop("script.sh") == 2
