"""Whether an imported Marian model computes what Marian computes: log-probabilities and translations of both.

    python -m venv marian && marian/bin/pip install pymarian sentencepiece
    python recipes/benchmarks/importing.py train.{lang}.gz valid.{lang}.gz --from fr --to en --marian marian/bin/python

Marian (600 MB, from PyPI) trains small models of several kinds on the first pairs of the corpus and translates lines of
the second one. The models are imported. Each token of Marian's translations gets its log-probability from both, and
both search for translations with the same beam.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer

COMMON = (
    "--type transformer --dim-vocabs 0 0 --dim-emb 64 --enc-depth 2 --dec-depth 2 --transformer-heads 4 "
    "--transformer-dim-ffn 128 --mini-batch 64 --maxi-batch 10 --cpu-threads 1 --learn-rate 0.003 --lr-warmup 50 "
    "--workspace 500 --seed 1 --quiet --disp-freq 1000 --optimizer-params 0.9 0.98 1e-09"
)
KINDS = {
    "as OPUS-MT: joint list, two segmenters, swish, post-norm": (
        "opus",
        "--tied-embeddings-all --transformer-ffn-activation swish --transformer-postprocess dan",
    ),
    "one SentencePiece model, relu, post-norm": (
        "joint",
        "--tied-embeddings-all --transformer-ffn-activation relu --transformer-postprocess dan",
    ),
    "two SentencePiece models, gelu, post-norm": (
        "separate",
        "--tied-embeddings --transformer-ffn-activation gelu --transformer-postprocess dan",
    ),
    "nothing tied, output without bias": ("separate", "--output-omit-bias --transformer-postprocess dan"),
}
"""Name, kind of vocabulary, options of the training."""

IN_MARIAN = {
    "train": """
import sys, pymarian
pymarian.Trainer(sys.argv[1]).train()""",
    "translate": """
import sys, json, pymarian
print(json.dumps(pymarian.Translator(sys.argv[1]).translate(json.load(sys.stdin))))""",
}


def main(
    train: Annotated[str, typer.Argument(help="The corpus to train on, two files with {lang} in their name.")],
    valid: Annotated[str, typer.Argument(help="The lines to translate, likewise.")],
    source: Annotated[str, typer.Option("--from")],
    target: Annotated[str, typer.Option("--to")],
    marian: Annotated[Path, typer.Option(help="A Python that has pymarian.")],
    updates: Annotated[int, typer.Option(help="Of each training.")] = 400,
    pairs: Annotated[int, typer.Option(help="To train on.")] = 20_000,
    lines: Annotated[int, typer.Option(help="To translate.")] = 500,
) -> None:
    """Train, import, compare, and print a table in Markdown."""
    typer.echo("| model | largest difference of a token | equal translations, beam 1 | beam 4 | beam 4, CTranslate2 |")
    typer.echo("| --- | --- | --- | --- | --- |")
    for name, (kind, options) in KINDS.items():
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder)
            texts = {side: list(_texts(train, side, pairs)) for side in (source, target)}
            _write_vocabularies(place, kind, texts, source, target)
            _train(place, kind, texts, f"{COMMON} {options} --after-batches {updates}", marian)
            sentences = list(_texts(valid, source, lines))
            row = _compare(place, kind, sentences, marian, source, target)
            typer.echo(f"| {name} | {' | '.join(row)} |")


def _texts(corpus: str, side: str, count: int) -> Iterator[str]:
    from transformer_cli.text.lines import read_text_lines
    from transformer_cli.text.normalization import normalize

    lines = read_text_lines(Path(corpus.replace("{lang}", side)))
    return (normalize(line.text) for line in islice(lines, count))


def _write_vocabularies(place: Path, kind: str, texts: dict[str, list[str]], source: str, target: str) -> None:
    import sentencepiece

    names = {"joint": {"vocab": [source, target]}}.get(kind) or {"source": [source], "target": [target]}
    if kind == "separate":
        names = {"vocab.src": [source], "vocab.trg": [target]}
    for name, sides in names.items():
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=(text for side in sides for text in texts[side]),
            model_prefix=str(place / name),
            vocab_size=2000,
            bos_id=-1,
            eos_id=0,
            unk_id=1,
            num_threads=1,
            minloglevel=2,
        )
        (place / f"{name}.model").rename(place / f"{name}.spm")
        (place / f"{name}.vocab").unlink()


def _segmenter(path: Path) -> Any:
    import sentencepiece

    return sentencepiece.SentencePieceProcessor(model_file=str(path))


def _train(place: Path, kind: str, texts: dict[str, list[str]], options: str, marian: Path) -> None:
    for side, (name, sentences) in zip(("source", "target"), texts.items(), strict=True):
        if kind == "opus":
            segmenter = _segmenter(place / f"{side}.spm")
            sentences = [" ".join(segmenter.encode(text, out_type=str)) for text in sentences]
        (place / f"train.{name}").write_text("\n".join(sentences) + "\n", encoding="utf-8")
    files = " ".join(str(place / f"train.{name}") for name in texts)
    if kind == "opus":
        words = {word for name in texts for word in (place / f"train.{name}").read_text(encoding="utf-8").split()}
        listed = ["</s>", "<unk>", *sorted(words)]
        text = "".join(f"{json.dumps(word, ensure_ascii=False)}: {i}\n" for i, word in enumerate(listed))
        (place / "opus.vocab.yml").write_text(text, encoding="utf-8")
    _ask(
        marian,
        "train",
        f"--model {place}/model.npz --train-sets {files} --vocabs {_vocabularies(place, kind)} {options}",
    )
    for path in (*place.glob("*.optimizer.npz"), *place.glob("train.*")):
        path.unlink()


def _vocabularies(place: Path, kind: str) -> str:
    names = {"opus": ["opus.vocab.yml"] * 2, "joint": ["vocab.spm"] * 2, "separate": ["vocab.src.spm", "vocab.trg.spm"]}
    return " ".join(str(place / name) for name in names[kind])


def _compare(place: Path, kind: str, sentences: list[str], marian: Path, source: str, target: str) -> list[str]:
    from transformer_cli import Translator, export, import_model

    version = import_model(place, source=source, target=target, run_dir=place / "run")
    export(version, to="ctranslate2", quantization="float32")
    theirs = {beam: _translated(place, kind, sentences, beam, marian) for beam in (1, 4)}
    row = [f"{_largest_difference(version, sentences, theirs[4]):.1e}"]
    for beam, engine in ((1, "torch"), (4, "torch"), (4, "ctranslate2")):
        with Translator.load(version, engine=engine, threads=1, beam_size=beam, length_penalty=0.6) as translator:
            ours = translator.translate_detailed(sentences)
        equal = sum(list(a.tokens) == pieces for a, (pieces, _) in zip(ours, theirs[beam], strict=True))
        row.append(f"{100 * equal / len(sentences):.1f} %")
    shutil.rmtree(place / "run")
    return row


def _translated(
    place: Path, kind: str, sentences: list[str], beam: int, marian: Path
) -> list[tuple[list[str], list[float]]]:
    """Return pieces and their log-probabilities, that of the end of sentence last, of Marian's best translations.

    Each line is a batch of its own, because the longest line of a batch decides how long its translations may be.
    """
    options = (
        f"--models {place}/model.npz --vocabs {_vocabularies(place, kind)} --beam-size {beam} --normalize 0.6 --quiet "
        "--n-best --word-scores --cpu-threads 1 --no-spm-decode --max-length-factor 3 --mini-batch 1"
    )
    given = sentences
    if kind == "opus":
        segmenter = _segmenter(place / "source.spm")
        given = [" ".join(segmenter.encode(text, out_type=str)) for text in sentences]
    best: dict[int, tuple[list[str], list[float]]] = {}
    for answer in _ask(marian, "translate", options, given):
        for line in answer.split("\n"):
            number, pieces, scores, *_ = line.split(" ||| ")
            values = [float(value) for value in scores.removeprefix("WordScores= ").split()]
            best.setdefault(int(number), (pieces.split(), values))
    return [best[i] for i in range(len(sentences))]


def _largest_difference(version: Path, sentences: list[str], theirs: list[tuple[list[str], list[float]]]) -> float:
    """Return the largest difference of the log-probabilities of any token of ``theirs``."""
    import torch

    from transformer_cli.artifacts.model_directory import open_model
    from transformer_cli.decoding.pytorch.force_decoding import force_decode
    from transformer_cli.special_tokens import EOS_ID

    loaded = open_model(version, torch.device("cpu"))
    tokenizers = loaded.tokenizers
    largest = 0.0
    for sentence, (pieces, scores) in zip(sentences, theirs, strict=True):
        source = [*tokenizers.source.encode(sentence), EOS_ID]
        target = [tokenizers.target.processor.piece_to_id(piece) for piece in pieces]
        (forced,) = force_decode(loaded.model, [source], [target])
        if len(scores) == len(pieces) + 1:  # one that was cut short at the length limit has no end
            largest = max(largest, *(abs(a - b) for a, b in zip(forced.log_probs, scores, strict=True)))
    return largest


def _ask(marian: Path, task: str, options: str, lines: list[str] | None = None) -> Any:
    done = subprocess.run(
        [marian, "-c", IN_MARIAN[task], options],
        input=json.dumps(lines),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout.splitlines()[-1]) if lines else None


if __name__ == "__main__":
    typer.run(main)
