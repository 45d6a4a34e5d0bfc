from __future__ import annotations

import importlib
import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.support.command_line import ROOT, run_here
from tests.support.original_models import write_marian_folder
from transformer_cli import import_model
from transformer_cli.artifacts.run_directory import RunDirectory
from transformer_cli.data.splits.read import read_split
from transformer_cli.workflows.report import report_after_training, write_report


class Reader(HTMLParser):
    """Collects the page's text and its elements."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text = ""
        self.elements: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.elements.append(tag)

    def handle_data(self, data):
        self.text += data


@pytest.fixture
def run(toy, tmp_path):
    """A copy of the run directory, to be changed."""
    return RunDirectory(toy.copy_to(tmp_path) / "runs" / "toy")


def written(run: RunDirectory) -> tuple[str, str]:
    """Write the report; return the page and what was said."""
    finished = run_here("report", run.path)
    assert finished.code == 0, finished.stderr
    assert finished.stdout.decode() == f"{run.report}\n"
    return run.report.read_text(encoding="utf-8"), finished.stderr


def test_training_writes_the_report_at_its_end(toy):
    page = (toy.run / "report.html").read_text(encoding="utf-8")

    assert "report of a run" in page
    assert "the report of this run lies in" in toy.trained.stderr


def test_a_run_that_was_copied_without_links_has_a_report(run):
    run.live_model.unlink()
    shutil.copytree(run.versions / "0001", run.live_model)

    page, _ = written(run)

    assert "report of a run" in page


def test_the_translations_of_the_release_are_not_made_again(run):
    _, said = written(run)

    assert "translating" not in said


def test_the_page_tells_scores_curves_data_and_recipe(run):
    page, _ = written(run)
    text = Reader(page).text

    test = [json.loads(line) for line in run.metrics.read_text().splitlines() if '"kind": "test"' in line][-1]
    assert f"{test['bleu']:.2f}" in text
    assert f"{test['chrf']:.2f}" in text
    assert test["signature"] in text
    assert page.count('<figure class="chart">') == 6
    train = [json.loads(line) for line in run.metrics.read_text().splitlines() if '"kind": "train"' in line]
    assert all(f"{record['loss']:.4g}" in text for record in train)
    assert run.recipe.read_text() in text
    prepared = json.loads(run.prepare_report.read_text())
    assert f"{prepared['total']['read']:,}" in text


def test_a_sample_of_the_sentences_is_shown_with_the_scores_of_all(run):
    [test] = [json.loads(line) for line in run.metrics.read_text().splitlines() if '"kind": "test"' in line]

    write_report(run, at_most=3)

    page = run.report.read_text(encoding="utf-8")
    assert f"on {len(read_split(run.data, 'test'))} sentences of the test set" in Reader(page).text
    facts = re.findall(r"<dt>(BLEU|chrF)</dt><dd>([\d.]+)</dd>", page)
    assert facts == [("BLEU", f"{test['bleu']:.2f}"), ("chrF", f"{test['chrf']:.2f}")]
    [nearest] = re.findall(r"<h3>Nearest to it</h3>.*?</ol>", page, flags=re.DOTALL)
    assert nearest.count("<li>") == 3


def test_every_word_of_a_translation_names_a_word_of_its_source(run):
    page, _ = written(run)

    items = re.findall(r"<li>\n<p class=\"source\".*?</li>", page, flags=re.DOTALL)
    assert items
    for item in items:
        places = {int(place) for place in re.findall(r'data-word="(\d+)"', item)}
        assert {int(place) for place in re.findall(r'data-tied="(\d+)"', item)} <= places


def test_the_version_before_is_compared_with(run):
    shutil.copytree(run.versions / "0001", run.versions / "0002")
    run.make_live(run.versions / "0002")
    sources = json.loads(run.test_translations("0001").read_text())
    run.test_translations("0001").write_text(json.dumps(dict.fromkeys(sources, "nothing like it")))

    page, said = written(run)

    assert "with version 0002" in said
    assert "Most changed since version 0001" in page
    assert "nothing like it" in page


def test_what_is_kept_of_versions_that_are_no_more_is_removed(run):
    run.test_translations("0009").write_text("{}")

    written(run)

    assert [path.name for path in run.test_translations("0001").parent.iterdir()] == ["0001.json"]


def test_what_the_benchmark_of_robustness_found_is_shown_in_short(run, monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "recipes" / "benchmarks")
    benchmark = importlib.import_module("robustness")
    sources, references = (run.data / f"test.{language}" for language in ("fr", "en"))

    benchmark.main(run.path, sources, references, lines=4, only=None, engine="torch", examples=0, json=None)

    [kept] = (run.path / "report").glob("0001.*.json")
    ways = {way["name"]: way for way in json.loads(kept.read_text("utf-8"))["ways"]}
    assert ways["decomposed Unicode"]["unchanged"] == ways["doubled spaces"]["unchanged"] == 1
    assert ways["nothing to translate"]["bleu"] is None
    section = Reader(written(run)[0]).text.partition("Text as people write it")[2].partition("Learning curves")[0]
    assert {name for name in ways if name in section} == set(ways)
    harmful = [way for way in ways.values() if way["unchanged"] < 0.99]
    assert all(f"{100 * way['unchanged']:.1f} %" in section for way in harmful)


def test_text_of_the_data_is_text(run):
    hostile = '<script>alert(1)</script> & "q" אב 👍 {{ x }}'
    plain = Reader(written(run)[0]).elements
    kept = run.test_translations("0001")
    kept.write_text(json.dumps(dict.fromkeys(json.loads(kept.read_text()), hostile)))

    page, _ = written(run)

    assert "<script>alert" not in page
    assert hostile.split()[0].removesuffix("alert(1)</script>") in Reader(page).text
    assert Reader(page).elements.count("script") <= plain.count("script")


def test_files_that_are_missing_or_damaged_leave_their_part_out(run):
    run.metrics.write_text('{"kind": "train"\nnot json\n[1]\n')
    run.prepare_report.unlink()
    run.version_events.unlink(missing_ok=True)
    run.recipe.unlink()

    page, _ = written(run)

    assert page.count('<figure class="chart">') == 1


def test_without_a_version_it_says_what_to_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert "run `tfm train` first" in run_here("report").error
    assert "run `tfm train` first" in run_here("report", "nowhere").error


def test_without_its_live_version_it_says_how_to_put_another_into_service(run):
    shutil.rmtree(run.versions / "0001")

    finished = run_here("report", run.path)

    assert (finished.code, finished.stdout) == (1, b"")
    assert "version 0001, which is to be live, is not there; `tfm train` or `tfm versions promote N`" in finished.error


def test_an_imported_model_has_no_test_set_to_report_on(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_marian_folder(tmp_path)
    import_model(tmp_path, source="fr", target="en", run_dir=Path("run"))

    finished = run_here("report", "run")

    assert (finished.code, finished.stdout) == (1, b"")
    assert "run has no test set to report on, for version 0001 was imported" in finished.error


def test_a_fault_in_the_report_does_not_spoil_a_training(run, messages):
    (run.versions / "0001" / "model.safetensors").write_bytes(b"short")

    report_after_training(run)

    [message] = messages.texts
    assert message.startswith("the report could not be written: ")


def test_the_run_is_named_by_its_recipe_or_its_directory(toy, tmp_path, monkeypatch):
    monkeypatch.chdir(toy.copy_to(tmp_path))
    Path("tfm.toml").rename("toy.toml")

    pages = [run_here("report", name, "-o", tmp_path / f"{i}.html") for i, name in enumerate(("toy.toml", "runs/toy"))]

    assert [page.code for page in pages] == [0, 0], pages
    assert run_here("report", "other.toml").error.startswith("other.toml has no finished version to report on")
    exported = run_here("export", "toy.toml", "--to", "huggingface", "-o", tmp_path / "hf")
    assert exported.code == 0, exported.stderr
