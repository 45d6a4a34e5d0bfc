from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import datasets
import huggingface_hub.utils
import pytest

from tests.support.corpora import FR_EN, read, write
from transformer_cli.data.corpora import SentencePair, corpus_files
from transformer_cli.errors import DataError, RecipeError

COLUMNS = {"fr": ["un", "deux"], "en": ["one", "two"]}
TRANSLATIONS = {"translation": [{"fr": "un", "en": "one"}, {"fr": "deux", "en": "two"}]}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """What the environment variable HF_HUB_OFFLINE does; it is read when the modules are loaded."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("datasets.config.HF_HUB_OFFLINE", True)


def write_jsonl(name: str, source: str, target: str) -> None:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    write(name, json.dumps({"source": source, "target": target}) + "\n")


def texts(corpus: str, part: str = "train") -> list[tuple[str, str]]:
    return [(pair.source, pair.target) for pair in read(corpus, part=part)]


@pytest.mark.parametrize(
    "table",
    [
        datasets.Dataset.from_dict(COLUMNS),
        datasets.Dataset.from_dict(
            TRANSLATIONS, datasets.Features({"translation": datasets.Translation(["en", "fr"])})
        ),
        datasets.Dataset.from_dict({"source": COLUMNS["fr"], "id": [1, 2], "target": COLUMNS["en"]}),
    ],
    ids=["columns", "translation", "source"],
)
@pytest.mark.parametrize("layout", ["saved", "saved dictionary", "parquet"])
def test_a_folder_is_read_like_a_data_set_of_the_hub(table, layout):
    match layout:
        case "saved":
            table.save_to_disk("in/set")
        case "saved dictionary":
            datasets.DatasetDict({"train": table}).save_to_disk("in/set")
        case _:
            Path("in/set/data").mkdir(parents=True)
            table.to_parquet("in/set/data/train-00000-of-00001.parquet")

    assert read("hub:in/set") == [
        SentencePair("un", "one", "hub:in/set: row 1"),
        SentencePair("deux", "two", "hub:in/set: row 2"),
    ]


def test_reading_draws_no_progress_bars_and_leaves_the_users_choice_alone(capfd):
    write_jsonl("set/train.jsonl", "un", "one")
    datasets.enable_progress_bars()

    assert texts("hub:set") == [("un", "one")]

    assert capfd.readouterr() == ("", "")
    assert datasets.is_progress_bar_enabled()


@pytest.mark.parametrize("name", ["validation", "valid", "dev"])
def test_each_part_is_read_from_the_split_of_its_name(name):
    for split in ("train", name, "test"):
        write_jsonl(f"set/{split}.jsonl", split, "x")

    assert [texts("hub:set", part) for part in ("train", "valid", "test")] == [
        [("train", "x")],
        [(name, "x")],
        [("test", "x")],
    ]


def test_a_configuration_is_named_behind_a_colon():
    write_jsonl("set/one/train.jsonl", "un", "one")
    write_jsonl("set/two/train.jsonl", "deux", "two")
    write("set/README.md", "---\nconfigs:\n- config_name: a\n  data_dir: one\n- config_name: b\n  data_dir: two\n---\n")

    assert texts("hub:set:b") == [("deux", "two")]
    with pytest.raises(DataError, match=r"^hub:set:c: cannot be read \(builderConfig 'c' not found"):
        read("hub:set:c")


def test_the_files_of_a_folder_stand_for_it_and_a_name_stands_for_itself(folder):
    write_jsonl("set/b/train.jsonl", "un", "one")
    write_jsonl("set/a.jsonl", "un", "one")
    write_jsonl("set/.cache/x.jsonl", "un", "one")

    assert corpus_files("hub:set:c", FR_EN, folder) == (folder / "set/a.jsonl", folder / "set/b/train.jsonl")
    assert corpus_files("hub:owner/name", FR_EN, folder) == ()


@pytest.mark.parametrize("corpus", ["hub:", "hub:/", "hub::config"])
def test_a_name_without_a_data_set_is_an_error_in_the_recipe(corpus):
    with pytest.raises(RecipeError, match=f'^data: "{corpus}" names no data set; write "hub:OWNER/NAME" or '):
        read(corpus)


def test_without_a_network_one_line_says_so():
    with pytest.raises(DataError) as caught:
        read("hub:owner/name:config")

    message = str(caught.value)
    assert message.startswith("hub:owner/name:config: cannot be reached (couldn't reach 'owner/name' on the Hub")
    assert message.endswith('; check the network, or download the data set and name its folder as "hub:FOLDER"')
    assert "\n" not in message


@pytest.mark.parametrize(
    ("corpus", "part", "message"),
    [
        (
            "hub:set",
            "test",
            'hub:set: has no split "test" for data.test, only "train"; name another corpus, or a number',
        ),
        (
            "hub:set",
            "valid",
            'hub:set: has no split "validation" or "valid" or "dev" or "val" for data.valid, only "train"; ',
        ),
        (
            "hub:odd",
            "train",
            'hub:odd: row 1: holds "a", "b"; name the two sides "fr" and "en", or "source" and "target"',
        ),
        ("hub:broken", "train", "hub:broken: cannot be read ("),
        ("hub:empty", "train", "hub:empty: cannot be read ("),
        ("hub:script", "train", "hub:script: cannot be read ("),
        ("hub:no/such/thing", "train", "hub:no/such/thing: cannot be read ("),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_line(folder, corpus, part, message):
    write_jsonl("set/train.jsonl", "un", "one")
    (folder / "odd").mkdir()
    write("odd/train.jsonl", '{"a": "un", "b": "one"}\n')
    (folder / "broken").mkdir()
    write("broken/train.jsonl", '{"source": "un", "target": "one"}\n{"source": \n')
    (folder / "empty").mkdir()
    (folder / "script").mkdir()
    write("script/script.py", "raise SystemExit('this code must not run')\n")

    with pytest.raises(DataError) as caught:
        read(corpus, part=part)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_a_proxy_that_refuses_is_one_line_too(monkeypatch):
    utils: Any = huggingface_hub.utils

    def refuse(*_: object, **__: object) -> None:
        raise utils.httpx.ProxyError("403 Forbidden")

    monkeypatch.setattr(datasets, "load_dataset", refuse)

    with pytest.raises(DataError, match=r"^hub:owner/name: cannot be reached \(403 Forbidden\); check the network"):
        read("hub:owner/name")
