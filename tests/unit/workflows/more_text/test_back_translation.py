from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.small_runs import one_thread, write_small
from tests.support.toy_corpus import pairs
from tests.support.untrained_models import write_untrained
from transformer_cli import Translator, prepare, train, train_tokenizer
from transformer_cli.artifacts.run_directory import RunDirectory
from transformer_cli.config import Recipe
from transformer_cli.data.splits.read import Corpus, read_split, read_texts
from transformer_cli.data.tokens.tokenizer import TokenizerPair
from transformer_cli.errors import DataError, RecipeError
from transformer_cli.text.protected import placeholder_spans
from transformer_cli.workflows.locate.recipe import LocatedRecipe, locate_recipe
from transformer_cli.workflows.more_text.ensure import ensure_more_text
from transformer_cli.workflows.more_text.noise import noised
from transformer_cli.workflows.more_text.reverse_run import ensure_reverse
from transformer_cli.workflows.more_text.training_pairs import read_training_pairs, weights_of_pairs
from transformer_cli.workflows.prepare.more_text.plan import training_data

RUN = RunDirectory(Path("runs/small"))
MADE = RUN.made_pairs("back_translation")
SEED = 4  # none of its translations is empty
TEXT = tuple(
    f"the {animal} sleeps {place}." for animal in ("horse", "cow", "mouse") for place in ("here", "there", "now")
)
# Nonsense breaks these rules.
LENIENT = ("cleaning.length_ratio=false", "cleaning.wrong_script=false", "cleaning.non_text=false")
SETTINGS: tuple[str, ...] = (*LENIENT, "back_translation.text=mono/*.{target}", "back_translation.model=reverse")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder with a recipe, its prepared data and tokenizer, text, and models without a training."""
    folder = tmp_path_factory.mktemp("back-translation")
    write_small(folder)
    (folder / "mono").mkdir()
    write_lines(folder / "mono" / "1.en", *TEXT)
    train_tokenizer(folder / "tfm.toml", run_dir=folder / RUN.path, overrides=SETTINGS[:-1])
    tokenizers = TokenizerPair.load(folder / RUN.path, shared=True)
    write_untrained(folder / "reverse", tokenizers, source="en", target="fr", seed=SEED)
    write_untrained(folder / "better", tokenizers, source="en", target="fr", seed=1)
    write_untrained(folder / "forward", tokenizers, source="fr", target="en")
    return folder


@pytest.fixture(autouse=True)
def folder(home, tmp_path, monkeypatch):
    shutil.copytree(home, tmp_path / "home")
    monkeypatch.chdir(tmp_path / "home")
    monkeypatch.delenv("TFM_RUN_DIR", raising=False)
    with one_thread():
        yield


def write_lines(path: Path, *lines: str) -> None:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def located(*overrides: str) -> LocatedRecipe:
    return locate_recipe(None, overrides=(*SETTINGS, *overrides))


def ensure(*overrides: str) -> str:
    prepare(run_dir=RUN.path, overrides=(*SETTINGS, *overrides))
    return ensure_more_text(located(*overrides), train_reverse=lambda _: pytest.fail("there is a reverse model"))


def made() -> dict[str, Any]:
    counts: dict[str, Any] = json.loads(RUN.prepare_report.read_text())["more_text"]["back_translation"]
    return counts


def rows(corpus: Corpus) -> list[tuple[str, str]]:
    return list(zip(corpus.sources, corpus.targets, strict=True))


def test_text_is_cleaned_compared_with_itself_and_kept_apart_from_held_out_sentences():
    valid, test = read_split(RUN.data, "valid"), read_split(RUN.data, "test")
    twins = [valid.targets[0], test.targets[0].upper(), f"{valid.targets[1][:-1]} !", valid.sources[2]]
    write_lines(Path("mono/2.en"), *twins, TEXT[0], TEXT[1].upper(), "", "12 345", "one more.", "x" * 2000, "one more.")

    report = prepare(run_dir=RUN.path, overrides=SETTINGS[3:])

    assert list(read_texts(RUN.data, "target")) == [*TEXT, "one more."]
    (counts,) = report.texts.values()
    assert (counts.read, counts.kept) == (20, 10)
    dropped = {"held_out": 4, "near_duplicate": 3, "empty": 1, "non_text": 1, "too_long": 1}
    assert counts.dropped == dropped
    again = json.loads(RUN.prepare_report.read_text())["texts"]["mono/*.{target}"]
    assert again == {"read": 20, "kept": 10, "dropped": dropped}


def test_text_in_a_file_with_both_sides_is_its_targets():
    Path("more.tsv").write_text("fr\ten\nun\tone more thing\ndeux\ttwo more things\n", encoding="utf-8")

    prepare(run_dir=RUN.path, overrides=(*SETTINGS, "back_translation.text=more.tsv"))

    assert list(read_texts(RUN.data, "target")) == ["one more thing", "two more things"]


def test_an_inbox_without_text_makes_no_pairs_and_needs_no_reverse_model():
    settings = ("back_translation.text=empty/*.{target}", "back_translation.model=reverse")
    prepare(run_dir=RUN.path, overrides=settings)
    recipe = locate_recipe(None, overrides=settings[:1])

    ensure_more_text(recipe, train_reverse=lambda _: pytest.fail("a reverse model is trained"))

    assert (made()["read"], made()["kept"]) == (0, 0)
    weights = weights_of_pairs(read_training_pairs(RUN, recipe.recipe), recipe.recipe, None)
    assert weights is None


def test_text_that_is_not_there_is_named():
    with pytest.raises(DataError, match=r"back_translation\.text"):
        prepare(run_dir=RUN.path, overrides=(*SETTINGS, "back_translation.text=nowhere.{target}"))


def test_the_reverse_model_makes_the_sources_and_a_tag_is_before_them():
    ensure()

    corpus = read_split(MADE, "train")
    with Translator.load("reverse") as reverse:
        expected = [(f"<BT> {source}", target) for source, target in zip(reverse.translate([*TEXT]), TEXT, strict=True)]
    assert rows(corpus) == expected
    assert corpus.origins is not None
    assert set(corpus.origins.tolist()) == {2}
    tokenizer = TokenizerPair.load(RUN.path, shared=True).source
    assert [tokenizer.piece(token) for token in tokenizer.encode("<BT> un")][:2] == ["▁", "<BT>"]
    ensure("back_translation.tag=<synthetic>")
    assert {source.split()[0] for source in read_split(MADE, "train").sources} == {"<synthetic>"}


def test_drawn_translations_are_others_and_the_same_each_time():
    ensure()
    best = rows(read_split(MADE, "train"))
    ensure("back_translation.method=sampling")
    drawn = rows(read_split(MADE, "train"))
    shutil.rmtree(RUN.translations)
    shutil.rmtree(MADE)
    ensure("back_translation.method=sampling")

    assert drawn != best
    assert rows(read_split(MADE, "train")) == drawn


def test_noise_leaves_out_and_mixes_words_of_the_same_translations():
    ensure()
    best = rows(read_split(MADE, "train"))
    ensure("back_translation.method=beam+noise")
    noised_rows = rows(read_split(MADE, "train"))

    assert made()["translated"] == 0
    assert [target for _, target in noised_rows] == [target for _, target in best]
    assert [source for source, _ in noised_rows] != [source for source, _ in best]
    for (noisy, _), (clean, _) in zip(noised_rows, best, strict=True):
        assert noisy.startswith("<BT> ")
        assert not Counter(noisy.split(" ")) - Counter(clean.split(" "))


@pytest.mark.parametrize("seed", range(20))
def test_noise_tears_no_placeholder_apart(seed):
    text = 'voir <a href="x" class="z">la grande maison</a> et `tfm train x` ou {{ le nom }} ici'

    noisy = noised(text, seed)

    kept = [text[start:end] for start, end, _ in placeholder_spans(text)]
    assert [noisy[start:end] for start, end, _ in placeholder_spans(noisy)] == kept
    assert len(kept) == 4


@given(st.lists(st.sampled_from(["a", "b,", "%s", "{x}", "<b>c</b>", "d"]), min_size=1, max_size=12), st.integers(0, 9))
def test_noise_keeps_placeholders_and_moves_no_word_far(parts, seed):
    words = [f"{part}{place}" if part in ("a", "d") else part for place, part in enumerate(parts)]
    text = " ".join(words)

    noisy = noised(text, seed).split(" ")

    assert noised(text, seed).split(" ") == noisy
    assert not Counter(noisy) - Counter(words)
    assert all(noisy.count(part) == words.count(part) for part in ("%s", "{x}", "<b>c</b>"))
    left = [word for word in words if word in noisy]
    once = [word for word in noisy if words.count(word) == 1]
    assert all(abs(noisy.index(word) - left.index(word)) <= 3 for word in once if len(left) == len(noisy))


@given(st.text("一二三四五六七八九十人口手足日月。，ผมไป", min_size=1, max_size=30), st.integers(0, 9))
def test_in_scripts_without_spaces_noise_takes_characters_for_words(text, seed):
    noisy = noised(text, seed)

    assert not Counter(noisy) - Counter(text)


def test_noise_leaves_out_and_moves_characters_and_puts_no_space_between_them():
    text = "".join(map(chr, range(0x4E00, 0x4E00 + 1000)))
    mixed = f"{text} {text}"

    noisy = noised(text, 1)

    assert len(noisy) == pytest.approx(900, abs=50)  # five standard deviations
    kept = [character for character in text if character in noisy]
    assert kept != list(noisy)
    assert all(abs(kept.index(character) - place) <= 3 for place, character in enumerate(noisy))
    # The space goes with the character after it, which is left out now and then.
    assert {noised(mixed, seed).count(" ") for seed in range(50)} == {0, 1}


def test_a_tenth_of_the_words_is_left_out():
    text = " ".join(f"w{number}" for number in range(2000))

    assert len(noised(text, 1).split(" ")) == pytest.approx(1800, abs=70)  # five standard deviations


def test_a_night_translates_new_text_alone_wherever_its_file_stands():
    ensure()
    write_lines(Path("mono/0.en"), "a new sentence.", TEXT[4], "and another one.")
    report = prepare(run_dir=RUN.path, overrides=SETTINGS)

    assert report.to_translate == {"back_translation": (11, 9)}
    ensure()
    assert (made()["read"], made()["translated"]) == (11, 2)
    assert sorted(read_split(MADE, "train").targets) == sorted([*TEXT, "a new sentence.", "and another one."])


@pytest.mark.parametrize(("before", "after", "translated"), [(20.0, 20.9, 0), (20.0, 21.0, 9), (None, 30.0, 9)])
def test_text_is_translated_again_when_the_reverse_model_is_clearly_better(before, after, translated):
    rate(Path("reverse"), before)
    rate(Path("better"), after)
    first = ensure()
    Path("reverse").rename("old")
    Path("better").rename("reverse")

    second = ensure()

    assert (first != second) == bool(translated)
    assert training_data(located(), json.loads(RUN.prepare_report.read_text())["fingerprint"]) == second
    assert made()["translated"] == 9  # of the time when the pairs were made
    assert made()["translators"][0].endswith("reverse")


@pytest.mark.parametrize(("bleu", "is_weak"), [(4.9, True), (5.0, False), (None, False)])
def test_a_weak_reverse_model_is_warned_of(bleu, is_weak, messages):
    rate(Path("reverse"), bleu)

    ensure()

    assert any("has BLEU 4.9" in warning for warning in messages.warnings) == is_weak


def rate(model: Path, bleu: float | None, train_pairs: int = 1) -> None:
    """Give a model the BLEU of a training."""
    config = json.loads((model / "config.json").read_text())
    score = {"score": bleu, "confidence": [0.0, 1.0], "signature": "", "live": None, "p_value": None}
    if bleu is not None:
        config["candidate"] = {
            "time": "",
            "passed": True,
            "reason": "",
            "replaces": None,
            "steps": 1,
            "seconds": 1.0,
            "train_pairs": train_pairs,
            "new_pairs": None,
            "alignment": None,
            "valid_pairs": 1,
            "valid_bleu": None,
            "tests": {"test": {"pairs": 1, "bleu": score, "chrf": score}},
        }
    (model / "config.json").write_text(json.dumps(config))


def test_the_pairs_that_the_live_version_finds_least_probable_are_dropped():
    RUN.versions.mkdir()
    shutil.copytree("forward", RUN.versions / "0001")
    RUN.live_model.symlink_to("versions/0001")

    ensure("back_translation.drop_worst=0.34")

    assert (made()["kept"], made()["dropped"]) == (6, {"unlikely": 3})


def test_back_translated_pairs_have_at_most_their_share_of_an_epoch():
    ensure()
    few, many = located("back_translation.share=0.5").recipe, located("back_translation.share=0.02").recipe
    corpus = read_training_pairs(RUN, few)
    assert corpus.origins is not None
    is_made = corpus.origins == 2

    weights, limited = weights_of_pairs(corpus, few, None), weights_of_pairs(corpus, many, None)

    assert weights is not None
    assert (weights == 1).all()
    assert limited is not None
    assert limited[is_made].sum() / limited.sum() == pytest.approx(0.02)
    assert (limited[~is_made] == 1).all()
    new = weights_of_pairs(corpus, many, np.ones(len(corpus), np.bool_))
    assert new is not None
    assert new[is_made].sum() / new.sum() == pytest.approx(0.02)


def test_the_reverse_run_has_the_same_pairs_with_their_sides_exchanged_and_no_tags():
    tag = "data.train=[{path='toy.{lang}', tag='<toy>'}]"
    prepare(run_dir=RUN.path, overrides=(*SETTINGS, tag))
    asked: list[LocatedRecipe] = []

    limits = ("training.max_steps=10", "training.max_minutes=5", "decoding.max_length_ratio=0.9")
    ensure_reverse(located(tag, *limits), "data", asked.append)

    (reverse,) = asked
    recipe: Recipe = reverse.recipe
    assert (recipe.languages.source, recipe.languages.target) == ("en", "fr")
    assert (recipe.training.max_steps, recipe.training.max_minutes) == (3, 1.5)
    assert recipe.decoding.max_length_ratio is None
    assert not recipe.back_translation.text
    for name in ("train", "valid", "test"):
        corpus = read_split(RUN.data, name)
        french, english = ((reverse.folder / f"{name}.{code}").read_text().splitlines() for code in ("fr", "en"))
        assert [f"<toy> {text}" for text in french] == list(corpus.sources)
        assert english == list(corpus.targets)


def test_the_reverse_model_is_trained_again_when_the_pairs_have_grown_by_half():
    reverse = RunDirectory(RUN.reverse)
    reverse.versions.mkdir(parents=True)
    shutil.copytree("reverse", reverse.versions / "0001")
    reverse.live_model.symlink_to("versions/0001")
    rate(reverse.versions / "0001", 20.0)
    config = reverse.versions / "0001" / "config.json"
    asked: list[LocatedRecipe] = []
    for earlier_pairs in (130, 110):
        config.write_text(config.read_text().replace('"train_pairs": 1,', f'"train_pairs": {earlier_pairs},'))
        ensure_reverse(located(), "data", asked.append)
        assert len(asked) == (earlier_pairs == 110)
        config.write_text(config.read_text().replace(f'"train_pairs": {earlier_pairs},', '"train_pairs": 1,'))
    assert len(pairs()) == 192


@pytest.mark.parametrize("lost", ["model.safetensors", "config.json", ""])
def test_a_reverse_model_that_is_lost_is_trained_again_when_text_is_to_be_translated(lost):
    own = ("back_translation.text=mono/*.{target}", *LENIENT)
    reverse = RunDirectory(RUN.reverse)
    trained: list[Path] = []

    def train_reverse(_: LocatedRecipe) -> None:
        trained.append(reverse.next_version())
        reverse.versions.mkdir(parents=True, exist_ok=True)
        shutil.copytree("reverse", trained[-1])
        rate(trained[-1], 20.0, train_pairs=len(pairs()))
        reverse.make_live(trained[-1])

    def night() -> str:
        prepare(run_dir=RUN.path, overrides=own)
        return ensure_more_text(locate_recipe(None, overrides=own), train_reverse=train_reverse)

    before = night()
    damaged = trained[0] / lost
    damaged.unlink() if lost else shutil.rmtree(damaged)

    prepared = json.loads(RUN.prepare_report.read_text())["fingerprint"]
    assert training_data(locate_recipe(None, overrides=own), prepared) == before  # no other pairs, for lack of a model

    write_lines(Path("mono/2.en"), "a new sentence.")
    night()
    assert len(trained) == 2
    assert (made()["read"], made()["translated"]) == (10, 1)


def test_a_reverse_model_of_the_same_direction_is_refused():
    with pytest.raises(RecipeError, match=r"back_translation\.model: forward translates fr to en"):
        train(overrides=(*SETTINGS, "back_translation.model=forward"))
