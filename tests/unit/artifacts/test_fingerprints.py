from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from transformer_cli.artifacts import fingerprints
from transformer_cli.config import Recipe
from transformer_cli.errors import TfmError

SECTIONS = ("tokenizer", "glossary", "model", "training", "decoding")
LIMITS = {"max_steps", "max_minutes", "patience", "average_checkpoints"}
OUTPUTS = {"tensorboard", "log_every"}
BEGINNINGS = {"start_from"}


def recipe(**sections) -> Recipe:
    minimal = {"name": "x", "languages": {"source": "fr", "target": "en"}, "data": {"train": "a.tsv"}}
    return Recipe.model_validate({**minimal, **sections})


FIELDS = [(section, name) for section in SECTIONS for name in getattr(recipe(), section).model_dump()]


def changed(section: str, name: str) -> Recipe:
    """Return a recipe in which one value is another than in `recipe`."""
    plain = recipe()
    before: Any = getattr(getattr(plain, section), name)
    after: Any
    match before:
        case None if name == "start_from":
            after = "other"
        case str():
            after = "other"
        case bool():
            after = not before
        case list():
            after = [*before, "other"]
        case _:
            after = (before or 400) + 1
    part = getattr(plain, section).model_copy(update={name: after})
    return plain.model_copy(update={section: part})


def test_a_fingerprint_is_64_digits_that_depend_on_values_and_not_on_their_order():
    one = fingerprints.of_values({"a": 1, "b": ["é", None, 0.5]})

    assert len(one) == 64
    assert set(one) <= set("0123456789abcdef")
    assert fingerprints.of_values({"b": ["é", None, 0.5], "a": 1}) == one
    assert fingerprints.of_values({"a": 1, "b": ["é", 0.5, None]}) != one


@pytest.mark.parametrize(("section", "name"), FIELDS)
def test_every_setting_but_a_limit_a_display_or_a_beginning_makes_another_training(section, name):
    is_same = fingerprints.of_training(changed(section, name), "data") == fingerprints.of_training(recipe(), "data")

    assert is_same == (section == "training" and name in LIMITS | OUTPUTS | BEGINNINGS)


@pytest.mark.parametrize(("section", "name"), FIELDS)
def test_every_setting_but_a_display_or_a_beginning_makes_another_version(section, name):
    is_same = fingerprints.of_version(changed(section, name), "data") == fingerprints.of_version(recipe(), "data")

    assert is_same == (section == "training" and name in OUTPUTS | BEGINNINGS)


def test_other_data_makes_another_training_and_another_version():
    assert fingerprints.of_training(recipe(), "one") != fingerprints.of_training(recipe(), "two")
    assert fingerprints.of_version(recipe(), "one") != fingerprints.of_version(recipe(), "two")


def test_another_weight_of_a_corpus_makes_another_training():
    def weighed(weight: float) -> str:
        corpora = [{"path": "a.tsv"}, {"path": "b.tsv", "weight": weight}]
        data = recipe().data.model_validate({"train": corpora})
        return fingerprints.of_training(recipe().model_copy(update={"data": data}), "data")

    assert weighed(2.0) != weighed(1.0)
    assert weighed(2.0) == weighed(2.0)


def test_another_name_makes_neither():
    renamed = recipe(name="y")

    assert fingerprints.of_training(renamed, "data") == fingerprints.of_training(recipe(), "data")
    assert fingerprints.of_version(renamed, "data") == fingerprints.of_version(recipe(), "data")


# Files


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_bytes(b"un\tone\n")
    return path


def test_a_file_is_described_by_its_place_size_time_and_content(path):
    [entry] = fingerprints.of_files([path])

    status = path.stat()
    assert entry == fingerprints.FileFingerprint(
        path=str(path),
        size=7,
        mtime_ns=status.st_mtime_ns,
        ctime_ns=status.st_ctime_ns,
        sha256=hashlib.sha256(b"un\tone\n").hexdigest(),
    )


def test_a_file_that_looks_unchanged_is_not_read_again(path):
    [entry] = fingerprints.of_files([path])
    remembered = entry.model_copy(update={"sha256": "as remembered"})

    assert fingerprints.of_files([path], [remembered]) == [remembered]


@pytest.mark.parametrize("change", ["time", "size", "place"])
def test_a_file_that_looks_changed_is_read_again(path, change):
    [entry] = fingerprints.of_files([path])
    if change == "time":
        os.utime(path, ns=(0, entry.mtime_ns + 1))
    elif change == "size":
        path.write_bytes(b"un\tone\ndeux\ttwo\n")
        os.utime(path, ns=(0, entry.mtime_ns))
    else:
        path = path.rename(path.with_name("b.tsv"))

    [again] = fingerprints.of_files([path], [entry.model_copy(update={"sha256": "as remembered"})])

    assert again.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_each_of_several_files_is_remembered_by_its_place(path):
    other = path.with_name("b.tsv")
    other.write_bytes(b"x\ty\n")
    first, second = (
        entry.model_copy(update={"sha256": "as remembered"}) for entry in fingerprints.of_files([path, other])
    )

    assert fingerprints.of_files([other, path], [first, second]) == [second, first]


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(TfmError, match=r"^cannot read .*gone\.tsv: no such file or directory; check the path"):
        fingerprints.of_files([Path(tmp_path / "gone.tsv")])


def test_a_name_that_is_not_utf_8_outlives_the_file_it_is_written_to(tmp_path):
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xe9.tsv"))
    path.write_bytes(b"un\tone\n")
    [entry] = fingerprints.of_files([path])

    entry.write_to(tmp_path / "entry.json")

    read = fingerprints.FileFingerprint.read_from(tmp_path / "entry.json")
    assert read == entry
    assert Path(read.path) == path
