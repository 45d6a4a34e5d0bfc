"""What can be asked of ``tfm translate`` beside one translation a line."""

from __future__ import annotations

import gzip
import json
import shutil
import sys

import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.support.command_line import run_here
from tests.support.hostile_lines import LINES as HOSTILE_LINES
from tests.support.hostile_lines import TEXT
from tests.support.toy_corpus import pairs

SENTENCES = [source for source, _ in pairs()[:6]]
LONG = " ".join(source.removesuffix(".") for source, _ in pairs()[:40])
LINES = [*SENTENCES, "", LONG]
INPUT = "".join(f"{line}\n" for line in LINES).encode()


@pytest.fixture(scope="module")
def ask(toy):
    def translate(*options: object, stdin: bytes = INPUT) -> list[str]:
        finished = run_here("translate", "--engine", "torch", "-m", toy.run, "--beam-size", 4, *options, stdin=stdin)
        assert (finished.code, finished.stderr) == (0, "")
        return finished.stdout.decode().split("\n")[:-1]

    return translate


@pytest.fixture(scope="module")
def plain(ask):
    return ask()


def test_mbr_widens_the_beam_by_itself(ask):
    """The beam has four hypotheses; eight are asked for, and chosen from."""
    source = SENTENCES[0].encode()
    [wide] = ask("--beam-size", 8, "--n-best", 8, "--format", "jsonl", stdin=source)
    entry = json.loads(wide)

    assert ask("--mbr", 8, "--n-best", 8, stdin=source)[0] in {
        each["translation"] for each in [entry, *entry["alternatives"]]
    }


def test_n_best_gives_as_many_lines_for_each_line_the_plain_translation_first(ask, plain):
    found = ask("--n-best", 3)

    assert found[::3] == plain
    blank = 3 * LINES.index("")
    assert found[blank : blank + 3] == ["", "", ""]
    assert all(len({*found[first : first + 3]}) == 3 for first in range(0, blank, 3))


def test_tsv_gives_source_translation_and_score_and_a_line_for_each_translation(ask, plain):
    rows = [line.split("\t") for line in ask("--format", "tsv", stdin=INPUT.replace(b"le ", b"le\t"))]

    assert [row[:2] for row in rows] == [list(pair) for pair in zip(LINES, plain, strict=True)]
    assert all(float(row[2]) < 0 for row in rows if row[0])
    several = [line.split("\t") for line in ask("--format", "tsv", "--n-best", 2)]
    assert len(several) == 2 * len(LINES) - 1  # a blank line has one translation
    assert several[0][2:] == rows[0][2:]
    assert float(several[1][2]) < float(several[0][2])


def test_jsonl_gives_one_object_a_line_whose_scores_fit_its_tokens(ask, plain):
    entries = [json.loads(line) for line in ask("--format", "jsonl", "--n-best", 2)]

    assert [entry["translation"] for entry in entries] == plain
    assert [entry["source"] for entry in entries] == LINES
    for entry in entries[: len(SENTENCES)]:
        (other,) = entry["alternatives"]
        assert other["score"] <= entry["score"]
        for each in (entry, other):
            assert "".join(each["tokens"]).replace("▁", " ").strip() == each["translation"]
            assert each["log_prob"] == pytest.approx(each["score"] * (len(each["tokens"]) + 1), rel=1e-3)
    assert entries[LINES.index("")] == {
        "source": "",
        "translation": "",
        "score": 0.0,
        "log_prob": 0.0,
        "tokens": [],
        "alternatives": [],
    }


def test_no_character_of_a_source_ends_a_line_of_json(ask):
    source = "le\u2028chat\u0085\x0b\x7f"

    (line,) = ask("--format", "jsonl", stdin=f"{source}\n".encode())
    assert line.splitlines() == [line]
    assert json.loads(line)["source"] == source


@pytest.mark.parametrize("form", ["text", "tsv", "jsonl"])
def test_hostile_lines_give_as_many_lines_in_every_format(form, toy):
    finished = run_here("translate", "--engine", "torch", "-m", toy.run, "--format", form, "--alignments", stdin=TEXT)

    assert finished.code == 0
    text = finished.stdout.decode()
    assert text.count("\n") == len(text.splitlines()) == len(HOSTILE_LINES)


def test_alignments_are_pairs_of_words_of_the_source_and_of_the_translation(ask, plain):
    arrays = [json.loads(line)["alignment"] for line in ask("--alignments", "--format", "jsonl")]
    text, tsv = ask("--alignments"), ask("--alignments", "--format", "tsv")

    for source, translation, alignment, shown, row in zip(LINES, plain, arrays, text, tsv, strict=True):
        assert alignment == sorted(alignment)
        assert all(i < len(source.split()) and j < len(translation.split()) for i, j in alignment)
        pharaoh = " ".join(f"{i}-{j}" for i, j in alignment)
        assert row.split("\t")[3] == pharaoh
        assert shown == (f"{translation} ||| {pharaoh}" if pharaoh else translation)
    # A line in pieces goes on counting.
    assert arrays[-1][-1][0] > 100


def test_every_line_but_a_blank_one_begins_with_the_prefix(ask):
    found = ask("--prefix", "the girl")

    assert [line.startswith("the girl") for line in found] == [bool(line) for line in LINES]
    assert found[-1].count("the girl") < 10  # not each of the pieces


def test_samples_hang_on_the_seed_and_on_nothing_beside_them(ask, plain):
    options = ("--sample", "--temperature", 2)
    first, again, other = ask(*options, "--seed", 1), ask(*options, "--seed", 1), ask(*options, "--seed", 2)

    assert first == again
    assert len({*map(tuple, (first, other, plain))}) == 3
    alone = [line for sentence in SENTENCES for line in ask(*options, "--seed", 1, stdin=f"{sentence}\n".encode())]
    assert alone == first[: len(SENTENCES)]
    assert ask("--sample", "--top-k", 1, "--batch-tokens", 16) == ask("--sample", "--top-p", 0.01)


def test_minimum_bayes_risk_chooses_the_candidate_that_agrees_best_with_the_others(ask):
    from sacrebleu.metrics.chrf import CHRF

    candidates = ask("--sample", "--temperature", 1.5, "--n-best", 6, stdin=INPUT.split(b"\n")[0])
    chosen = ask("--sample", "--temperature", 1.5, "--mbr", 6, stdin=INPUT.split(b"\n")[0])

    chrf = CHRF()
    agreement = {a: sum(chrf.sentence_score(a, [b]).score for b in candidates) for a in candidates}
    assert len(agreement) > 2
    assert chosen == [max(agreement, key=agreement.__getitem__)]


def test_several_models_translate_together_if_they_share_a_vocabulary(toy, ask, plain, tmp_path):
    assert ask("-m", toy.run) == plain

    other = shutil.copytree(toy.model, tmp_path / "other")
    weights = load_file(other / "model.safetensors")
    save_file({name: torch.zeros_like(weight) for name, weight in weights.items()}, other / "model.safetensors")
    found = [json.loads(line) for line in ask("-m", other, "--format", "jsonl")]
    # The other model holds every token equally possible, which halves what the first one says and adds nothing.
    assert [entry["translation"] for entry in found[:3]] == plain[:3]
    alone = [json.loads(line) for line in ask("--format", "jsonl")]
    for together, entry in zip(found[:3], alone[:3], strict=True):
        assert together["log_prob"] < entry["log_prob"] - 1


def test_models_of_different_vocabularies_do_not_translate_together(toy, tmp_path):
    other = toy.copy_to(tmp_path / "other")
    finished = run_here(
        "train",
        other / "tfm.toml",
        "--run-dir",
        tmp_path / "run",
        "-s",
        "tokenizer.vocab_size=380",
        "-s",
        "training.max_steps=1",
        "-q",
    )
    assert finished.code == 0, finished.stderr

    finished = run_here("translate", "-m", toy.run, "-m", tmp_path / "run", stdin=b"le chat\n")
    assert finished.code == 2
    assert "has another vocabulary than" in finished.error


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--top-p 0.5", "--top-p is for sampling; give --sample as well"),
        ("--n-best 9", "a beam of 2 cannot give 9 best translations"),
        ("--beam-size 100000", "--beam-size"),
        ("--mbr 2 --n-best 3", "2 candidates cannot give 3"),
        ("--shard 0/2 -o out toy.fr", "there is no shard 0 of 2"),
        ("--shard 1 -o out toy.fr", "give K/N"),
        ("--shard 1/2 -o out", "name both"),
        ("--shard 1/2 toy.fr", "name both"),
        ("--shard 1/2 -o . toy.fr", "give a file's name"),
        ("--shard 1/2 -o / toy.fr", "give a file's name"),
        ("--shard 1/2 -o - toy.fr", "give a file's name"),
    ],
)
def test_options_that_make_no_sense_together_are_refused(options, message, toy, monkeypatch):
    monkeypatch.chdir(toy.folder)
    finished = run_here("translate", *options.split(), stdin=b"le chat\n")
    assert finished.code == 2
    assert message in finished.error


def test_variables_that_ask_for_a_shard_are_named_where_there_is_none(toy, monkeypatch):
    monkeypatch.setenv("RANK", "0")
    monkeypatch.setenv("WORLD_SIZE", "2")
    finished = run_here("translate", "-m", toy.run, stdin=b"le chat\n")
    assert finished.code == 2
    assert "unset RANK and WORLD_SIZE" in finished.error


@pytest.mark.parametrize(("name", "unpack"), [("out", bytes), ("out.gz", gzip.decompress)])
def test_the_parts_of_all_shards_in_the_order_of_their_names_are_the_whole(toy, tmp_path, monkeypatch, name, unpack):
    source = tmp_path / "long.fr"
    source.write_bytes(b"".join(b"\n" * 2999 + f"{sentence}\n".encode() for sentence in SENTENCES))
    whole = run_here("translate", source, "-m", toy.run).stdout
    output = tmp_path / name

    assert run_here("translate", source, "-m", toy.run, "-o", output, "--shard", "2/3").code == 0
    first = sorted(path.name for path in tmp_path.glob("out*"))
    assert run_here("translate", source, "-m", toy.run, "-o", output, "--shard", "3/3").code == 0
    monkeypatch.setenv("RANK", "0")
    monkeypatch.setenv("WORLD_SIZE", "3")
    assert run_here("translate", source, "-m", toy.run, "-o", output).code == 0

    parts = sorted(tmp_path.glob("out*"))
    assert first == [f"{name}.part-00000002", f"{name}.part-00000005"]
    assert [part.name for part in parts] == [f"{name}.part-{number:08d}" for number in range(1, 6)]
    assert unpack(b"".join(part.read_bytes() for part in parts)) == whole

    other = tmp_path / f"{name}.part-x"
    other.touch()
    source.write_bytes(b"le chat\n")
    monkeypatch.delenv("RANK")
    monkeypatch.delenv("WORLD_SIZE")
    assert run_here("translate", source, "-m", toy.run, "-o", output, "--shard", "2/2").code == 0
    assert [path.name for path in sorted(tmp_path.glob("out*"))] == [f"{name}.part-00000001", other.name]


@pytest.mark.parametrize("first", [1, 2])
def test_of_an_empty_file_there_is_an_empty_part_to_join(first, toy, tmp_path):
    source, output = tmp_path / "empty", tmp_path / "out.gz"
    source.touch()
    (tmp_path / "out.gz.part-00000002").touch()  # of another night

    for number in (first, 3 - first):
        done = run_here("translate", source, "-m", toy.run, "-o", output, "--shard", f"{number}/2")
        assert done.code == 0, done.stderr

    (part,) = tmp_path.glob("out*")
    assert (part.name, gzip.decompress(part.read_bytes())) == ("out.gz.part-00000001", b"")


def test_a_term_of_a_glossary_stands_in_the_translation(toy, tmp_path):
    (tmp_path / "terms.tsv").write_text("fr\ten\nchien\twolfhound\n", encoding="utf-8")
    line = next(line for line in (toy.folder / "toy.fr").read_text().splitlines() if "chien" in line)

    found = run_here("translate", "-m", toy.model, "--glossary", tmp_path / "terms.tsv", stdin=f"{line}\n".encode())

    assert (found.code, found.stdout.decode().count("wolfhound")) == (0, 1)


def test_where_ctranslate2_cannot_be_loaded_torch_translates_and_a_warning_says_so(toy, tmp_path, monkeypatch):
    broken = tmp_path / "ctranslate2" / "__init__.py"
    broken.parent.mkdir()
    broken.write_text("raise ImportError('libgomp.so.1: cannot open shared object file')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "ctranslate2")

    done = run_here("translate", "-m", toy.run, stdin=INPUT)

    assert done.code == 0
    assert len(done.stdout.splitlines()) == len(LINES)
    assert done.stderr.count("cannot be loaded: libgomp.so.1") == done.stderr.count("\n") == 1
