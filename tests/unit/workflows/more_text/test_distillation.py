from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from sacrebleu.metrics.chrf import CHRF

from tests.support.command_line import run_here
from tests.support.killed_trainings import copy_anew, is_change, moments
from tests.support.small_runs import one_thread, write_small
from tests.support.toy_corpus import pairs, write_corpus
from tests.support.untrained_models import write_untrained
from transformer_cli import Translator, prepare, train, train_tokenizer
from transformer_cli.artifacts.model_directory import open_model
from transformer_cli.artifacts.run_directory import RunDirectory
from transformer_cli.data.corpora import SentencePair
from transformer_cli.data.splits.read import Corpus, read_split
from transformer_cli.data.tokens.tokenizer import TokenizerPair
from transformer_cli.device import choose_device
from transformer_cli.errors import ModelNotFoundError, RecipeError
from transformer_cli.workflows.locate.recipe import LocatedRecipe, locate_recipe
from transformer_cli.workflows.more_text import translate_texts
from transformer_cli.workflows.more_text.ensure import ensure_more_text
from transformer_cli.workflows.more_text.estimate import seconds_a_text
from transformer_cli.workflows.more_text.make_pairs import write_made_pairs
from transformer_cli.workflows.more_text.training_pairs import read_training_pairs
from transformer_cli.workflows.prepare.more_text.held_out_sentences import HeldOutSentences
from transformer_cli.workflows.score.score_pairs import score_texts

RUN = RunDirectory(Path("runs/small"))
MADE = RUN.made_pairs("distillation")
# Nonsense breaks these rules.
LENIENT = ("cleaning.length_ratio=false", "cleaning.wrong_script=false", "cleaning.non_text=false")
TEACHER = (*LENIENT, "distillation.teacher=teacher")
BOTH = (
    *TEACHER,
    *("distillation.text=mono.fr", "distillation.choose=reference", "distillation.beam_size=2"),
    *("distillation.reverse_model=reverse", "distillation.drop_worst=0.1"),
    *("back_translation.text=mono.en", "back_translation.model=reverse", "back_translation.method=beam+noise"),
)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder with a recipe, its prepared data and tokenizer, and models without a training."""
    folder = tmp_path_factory.mktemp("distillation")
    write_small(folder)
    train_tokenizer(folder / "tfm.toml", run_dir=folder / RUN.path, overrides=LENIENT)
    tokenizers = TokenizerPair.load(folder / RUN.path, shared=True)
    write_untrained(folder / "teacher", tokenizers, source="fr", target="en")
    write_untrained(folder / "second", tokenizers, source="fr", target="en", seed=1)
    write_untrained(folder / "reverse", tokenizers, source="en", target="fr")
    return folder


@pytest.fixture(autouse=True)
def folder(home, tmp_path, monkeypatch):
    shutil.copytree(home, tmp_path / "home")
    monkeypatch.chdir(tmp_path / "home")
    monkeypatch.delenv("TFM_RUN_DIR", raising=False)
    with one_thread():
        yield


def located(*overrides: str) -> LocatedRecipe:
    return locate_recipe(None, overrides=overrides)


def ensure(*overrides: str) -> str:
    return ensure_more_text(located(*overrides), train_reverse=lambda _: pytest.fail("there is no reverse model"))


def made(section: str = "distillation") -> dict[str, Any]:
    counts: dict[str, Any] = json.loads(RUN.prepare_report.read_text())["more_text"][section]
    return counts


def rows(corpus: Corpus) -> list[tuple[str, str]]:
    return list(zip(corpus.sources, corpus.targets, strict=True))


def test_every_training_source_has_the_translation_of_the_teacher():
    ensure(*TEACHER)

    references, distilled = read_split(RUN.data, "train"), read_split(MADE, "train")
    assert sorted(distilled.sources) == sorted(references.sources)
    assert len(set(distilled.targets)) > 10
    with Translator.load("teacher") as teacher:
        assert list(distilled.targets) == teacher.translate(list(distilled.sources))
    assert (made()["read"], made()["translated"], made()["kept"]) == (181, 181, 181)


def test_text_of_the_source_language_is_translated_too_but_for_held_out_sentences():
    valid = read_split(RUN.data, "valid")
    lines = ["le cheval dort.", "un homme dort.", valid.sources[0], valid.targets[1].upper(), "le cheval dort !"]
    Path("more.fr").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    settings = (*TEACHER, "distillation.text=more.{source}")
    report = prepare(run_dir=RUN.path, overrides=settings)
    ensure(*settings)

    assert (report.texts["more.{source}"].kept, report.texts["more.{source}"].dropped["held_out"]) == (2, 2)
    assert report.to_translate == {"distillation": (183, 0)}
    distilled = read_split(MADE, "train")
    assert set(distilled.sources) - set(read_split(RUN.data, "train").sources) == set(lines[:2])
    with Translator.load("teacher") as teacher:
        assert list(distilled.targets) == teacher.translate(list(distilled.sources))
    assert not prepare(run_dir=RUN.path, overrides=settings).is_new


def test_of_the_beam_the_translation_most_like_the_reference_is_learned():
    settings = (*TEACHER, "distillation.choose=reference", "distillation.beam_size=4")
    ensure(*settings)

    references, distilled = dict(rows(read_split(RUN.data, "train"))), rows(read_split(MADE, "train"))
    with Translator.load("teacher", beam_size=4) as teacher:
        beams = teacher.translate_detailed([source for source, _ in distilled], n_best=4)
    chrf = CHRF(word_order=0)
    better = 0
    for (source, target), beam in zip(distilled, beams, strict=True):
        texts = [beam.text, *(each.text for each in beam.alternatives)]
        scores = [chrf.sentence_score(text, [references[source]]).score for text in texts]
        assert chrf.sentence_score(target, [references[source]]).score == pytest.approx(max(scores), abs=1e-6)
        better += target != texts[0]
    assert better > 10


def test_the_translations_that_a_reverse_model_believes_least_are_dropped():
    ensure(*TEACHER, "distillation.reverse_model=reverse", "distillation.drop_worst=0.2")
    few = dict(rows(read_split(MADE, "train")))
    assert (made()["kept"], made()["dropped"]) == (181 - 36, {"unlikely": 36})

    ensure(*TEACHER)
    everything = dict(rows(read_split(MADE, "train")))
    scores = dict(zip(everything, [each.log_prob / each.tokens for each in scored([*everything.items()])], strict=True))
    assert max(scores[source] for source in everything if source not in few) <= min(scores[source] for source in few)


def scored(made_pairs: Sequence[tuple[str, str]]) -> list[Any]:
    reverse = open_model(Path("reverse"), choose_device("cpu"))
    return score_texts(reverse, [target for _, target in made_pairs], [source for source, _ in made_pairs])


def test_text_without_a_teacher_is_refused():
    with pytest.raises(RecipeError, match=r"distillation.*text is translated by the teacher, but there is none"):
        located("distillation.text=more.fr")


def test_several_teachers_are_an_ensemble():
    ensure(*TEACHER)
    one = rows(read_split(MADE, "train"))
    ensure(*LENIENT, "distillation.teacher=['teacher', 'second']")

    assert made()["translated"] == 181
    assert rows(read_split(MADE, "train")) != one


@pytest.mark.parametrize(
    ("overrides", "translated"),
    [
        ((*TEACHER, "distillation.use=instead"), 0),
        ((*LENIENT, "distillation.teacher=second"), 181),
        ((*TEACHER, "distillation.beam_size=2"), 181),
    ],
)
def test_only_what_a_change_concerns_is_done_again(overrides, translated):
    before = ensure(*TEACHER)
    assert ensure(*TEACHER) == before

    (RUN.translations / ".DS_Store").touch()  # as file managers leave it

    assert ensure(*overrides) != before

    assert made()["translated"] == translated
    assert len(list(RUN.translations.iterdir())) == 1


def test_new_pairs_alone_are_translated_when_the_corpus_has_grown():
    write_corpus(Path(), "toy", pairs()[:150])
    prepare(run_dir=RUN.path, overrides=TEACHER)
    ensure(*TEACHER)
    first = made()["translated"]
    write_corpus(Path(), "toy", pairs())
    report = prepare(run_dir=RUN.path, overrides=TEACHER)

    assert report.to_translate == {"distillation": (181, first)}
    ensure(*TEACHER)
    assert (made()["read"], made()["translated"]) == (181, 181 - first)


def test_the_time_to_translate_is_estimated_by_some_of_the_texts_and_nothing_is_kept():
    report = prepare(run_dir=RUN.path, overrides=TEACHER, dry_run=True)
    some = report.to_try["distillation"]

    assert len(some) == len({*some} & {*read_split(RUN.data, "train").sources}) == 181
    seconds = seconds_a_text(located(*TEACHER), report.to_try)
    assert seconds.keys() == {"distillation"}
    assert seconds["distillation"] > 0
    assert not RUN.translations.exists()
    ensure(*TEACHER)
    assert prepare(run_dir=RUN.path, overrides=TEACHER, dry_run=True).to_try == {"distillation": []}
    assert seconds_a_text(located(*TEACHER), {"distillation": []}) == {}


def test_a_dry_run_says_how_long_it_takes_to_translate():
    done = run_here("prepare", "--dry-run", *(word for each in TEACHER for word in ("--set", each)))

    assert done.code == 0
    assert "distillation: 181 texts to translate\n" in done.stderr
    expected = "distillation: translating 181 texts takes less than a minute, estimated from 181 of them\n"
    assert done.stderr.endswith(expected)


def test_the_student_trains_beside_or_instead_of_the_references():
    ensure(*TEACHER)
    references, distilled = (
        rows(read_split(RUN.data, "train")),
        rows(read_split(MADE, "train")),
    )
    beside = read_training_pairs(RUN, located(*TEACHER).recipe)
    instead = read_training_pairs(RUN, located(*TEACHER, "distillation.use=instead").recipe)

    assert rows(beside) == references + distilled
    assert beside.origins is not None
    assert beside.origins.tolist() == [0] * len(references) + [1] * len(distilled)
    assert rows(instead) == distilled


def test_a_training_with_both_sections_trains_the_reverse_model_first_and_then_has_nothing_to_do():
    Path("mono.en").write_text("".join(f"the {animal} sleeps\n" for animal in "abcdefgh"))
    settings = (*TEACHER, "back_translation.text=mono.en", "training.max_steps=2", "training.average_checkpoints=1")

    assert train(overrides=settings).is_new
    assert not train(overrides=settings).is_new

    reverse = RunDirectory(RUN.reverse)
    config = json.loads((reverse.live_model / "config.json").read_text())
    assert (config["languages"], config["candidate"]["steps"]) == ({"source": "en", "target": "fr"}, 1)
    assert made("back_translation")["translators"] == [str(reverse.live_model.resolve())]
    pairs_learned = len(read_training_pairs(RUN, located(*settings).recipe))
    card = (RUN.versions / "0001" / "README.md").read_text()
    assert f"{pairs_learned} pairs of toy.{{lang}}, 181 of them distilled from a teacher" in card
    report = RUN.report.read_text()
    assert all(
        f"<td>{row}</td>" in report for row in ("text mono.en", "pairs by distillation", "pairs by back_translation")
    )
    assert pairs_learned == 2 * 181 + made("back_translation")["kept"]


def test_no_held_out_sentence_nor_its_near_twin_is_in_a_made_pair():
    recipe = located(*LENIENT, "data.train=[{path='toy.{lang}', tag='<toy>'}]").recipe
    valid = read_split(RUN.data, "valid")
    source, target = valid.sources[0], valid.targets[0]
    good = [SentencePair("le chat dort", "the cat sleeps", "x:1"), SentencePair("<toy> il dort", "he sleeps", "x:2")]
    twins = [(source, "so"), (f"<toy> {source.upper()} !", "so"), ("ainsi", target), ("ainsi", f"- {target.title()}")]
    planted = [good[0], *(SentencePair(*twin, "x:3") for twin in twins), good[1]]

    held_out = HeldOutSentences(RUN.data, recipe)
    report = write_made_pairs(Path("made"), [planted], recipe, held_out, origin=1, fingerprint="f" * 64)

    assert rows(read_split(Path("made"), "train")) == [(pair.source, pair.target) for pair in good]
    assert (report.read, report.kept, report.dropped) == (6, 2, {"held_out": 4})


@pytest.mark.parametrize(
    ("teacher", "error", "message"),
    [
        ("nowhere", ModelNotFoundError, r"distillation\.teacher: the model nowhere is not there"),
        ("reverse", RecipeError, r"distillation\.teacher: reverse translates en to fr; name a model for fr to en"),
    ],
)
def test_a_teacher_that_cannot_teach_is_named(teacher, error, message):
    with pytest.raises(error, match=message):
        train(overrides=(f"distillation.teacher={teacher}",))


def test_a_run_cannot_be_its_own_teacher():
    RUN.versions.mkdir()
    shutil.copytree("teacher", RUN.versions / "0001")
    RUN.live_model.symlink_to("versions/0001")

    with pytest.raises(RecipeError, match="this run itself"):
        train(overrides=("distillation.teacher=runs/small",))


def state() -> dict[str, bytes]:
    """Return all that a training takes from the made pairs, and the counts that do not say when they were made."""
    files: dict[str, bytes] = {}
    for section in ("distillation", "back_translation"):
        paths = sorted(path for path in RUN.made_pairs(section).rglob("*") if path.is_file())
        files |= {str(path): path.read_bytes() for path in paths}
        counts = {key: value for key, value in made(section).items() if key != "translated"}
        files[section] = json.dumps(counts).encode()
    assert len(files) == 8
    return files


def changes_until_the_end(killed_before: int | None = None) -> int:
    """Make the pairs in a child process; return the number of changes of the file system, or -1 if it was killed."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        count = 0

        def take(event: str, arguments: Sequence[Any]) -> None:
            nonlocal count
            if is_change(event, arguments):
                count += 1
                if count == killed_before:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(take)
        try:
            with located(*BOTH).run.lock():
                ensure(*BOTH)
            os.write(writing, str(count).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        count = int(pipe.read() or -1)
    os.waitpid(child, 0)
    return count


@pytest.mark.parametrize("points", [4, pytest.param(1000, marks=pytest.mark.slow)])
def test_a_kill_before_any_change_of_the_disk_loses_nothing(points, monkeypatch, tmp_path):
    monkeypatch.setattr(translate_texts, "WINDOW", 60)
    Path("mono.en").write_text("".join(f"the {animal} sleeps\n" for animal in "abcdefgh" * 10))
    Path("mono.fr").write_text("".join(f"le {animal} mange\n" for animal in "abcdefgh"))
    prepare(run_dir=RUN.path, overrides=BOTH)
    template = Path(shutil.copytree(RUN.path, tmp_path / "template"))
    changes = changes_until_the_end()
    expected = state()

    for moment in moments(changes, points)[1:]:
        copy_anew(template, RUN.path)
        assert changes_until_the_end(moment) == -1
        assert changes_until_the_end() > 0
        assert state() == expected, moment
