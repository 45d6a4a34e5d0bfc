from __future__ import annotations

import itertools

import numpy as np
import pytest

from tests.support.hostile_machine import disk_full_after
from transformer_cli.artifacts.more_text.translation_store import TranslationStore
from transformer_cli.errors import TfmError
from transformer_cli.workflows.more_text import translate_texts
from transformer_cli.workflows.more_text.translate_texts import translate_new
from transformer_cli.workflows.more_text.window_translator import window_translator
from transformer_cli.workflows.prepare.more_text.work import Work

TEXTS = [f"phrase {number % 25}" for number in range(30)]  # five of them twice


@pytest.fixture(autouse=True)
def small_windows(monkeypatch):
    monkeypatch.setattr(translate_texts, "WINDOW", 10)


class Shouting:
    """Translates into capitals, and remembers the windows; it fails before the last of so many windows."""

    def __init__(self, *, lives: int = 1000) -> None:
        self.windows: list[list[str]] = []
        self._lives = lives

    def __call__(self, texts):
        self._lives -= 1
        if not self._lives:
            raise TfmError("the power is cut")
        self.windows.append(list(texts))
        return [[text.upper(), text] for text in texts]


def run(store, texts, models, references=()):
    translate = window_translator(models, None)

    def in_this_process(windows):
        return ((window, translate(window)) for window in windows)

    return translate_new(store, Work(texts, references), lambda: in_this_process, what="texts")


def content(store):
    columns = ["key", "text", "translation"]
    return [row for batch in store.batches() for row in batch.select(columns).to_pylist()]


def test_each_text_is_translated_once_in_the_order_of_the_texts(tmp_path):
    store, models = TranslationStore(tmp_path / "store"), Shouting()

    wanted, translated = run(store, TEXTS, models)

    assert models.windows == [TEXTS[:10], TEXTS[10:20], TEXTS[20:25]]
    assert translated == 25
    assert wanted.tolist() == sorted(set(Work(TEXTS).keys().tolist())) == store.keys().tolist()
    assert [row["translation"] for row in content(store)] == [text.upper() for text in TEXTS[:25]]


def test_only_texts_without_a_translation_are_translated_the_next_time(tmp_path):
    store, more = TranslationStore(tmp_path / "store"), Shouting()
    run(store, TEXTS, Shouting())

    wanted, translated = run(store, ["new", *TEXTS[3:6], "other"], more)

    assert more.windows == [["new", "other"]]
    assert (len(wanted), translated) == (5, 2)
    translate_new(store, Work(TEXTS), lambda: pytest.fail("models are loaded"), what="texts")


def test_where_there_is_a_reference_the_translation_most_like_it_is_taken(tmp_path):
    store, texts = TranslationStore(tmp_path / "store"), ["eins", "zwei", "drei", "drei"]

    run(store, texts, Shouting(), references=["einst", "ZWEITE", "", "drei!"])

    assert [row["translation"] for row in content(store)] == ["eins", "ZWEI", "DREI", "drei"]
    _, translated = run(store, texts[:3], Shouting(), references=["einst", "ZWEIMAL", ""])
    assert translated == 1  # whose reference has changed


@pytest.mark.parametrize("lives", [1, 2, 3])
def test_an_interruption_at_any_window_changes_nothing_of_the_result(tmp_path, lives):
    whole, broken = TranslationStore(tmp_path / "whole"), TranslationStore(tmp_path / "broken")
    run(whole, TEXTS, Shouting())
    first, second = Shouting(lives=lives), Shouting()

    with pytest.raises(TfmError, match="the power is cut"):
        run(broken, TEXTS, first)
    run(broken, TEXTS, second)

    assert content(broken) == content(whole)
    assert len(first.windows) == lives - 1
    assert list(itertools.chain(*first.windows, *second.windows)) == TEXTS[:25]


def test_a_damaged_window_is_translated_again(tmp_path, messages):
    store, again = TranslationStore(tmp_path / "store"), Shouting()
    run(store, TEXTS, Shouting())
    second = tmp_path / "store" / "000001.arrow"
    second.write_bytes(second.read_bytes()[:-20])

    run(store, TEXTS, again)

    assert again.windows == [TEXTS[10:20]]
    assert len(content(store)) == 25
    (warning,) = messages.warnings
    assert str(second) in warning


def test_a_window_that_cannot_be_read_for_a_while_is_kept(tmp_path):
    store = TranslationStore(tmp_path / "store")
    run(store, TEXTS, Shouting())
    window = tmp_path / "store" / "000001.arrow"
    window.rename(tmp_path / "aside")
    window.mkdir()  # reading it is an error of the system

    with pytest.raises(TfmError, match=r"cannot read .*000001\.arrow"):
        run(store, TEXTS, Shouting())

    window.rmdir()
    (tmp_path / "aside").rename(window)
    assert len(content(store)) == 25


def test_a_full_disk_is_one_line_and_keeps_the_windows_before(tmp_path):
    store, again = TranslationStore(tmp_path / "store"), Shouting()
    run(store, TEXTS[:10], Shouting())
    long = [f"{text} {'très ' * 500}{np.random.default_rng(1).bytes(900).hex()}" for text in TEXTS[10:20]]

    with disk_full_after(4000), pytest.raises(TfmError, match=r"000001\.arrow"):
        run(store, [*TEXTS[:10], *long], Shouting())
    assert len(content(store)) == 10
    run(store, [*TEXTS[:10], *long], again)

    assert again.windows == [long]
