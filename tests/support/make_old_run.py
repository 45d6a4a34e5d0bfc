"""Makes ``tests/data/old_run``: what the program left of a training at the commit that the tests name.

Run it with that commit's package, in an empty folder, and move what it leaves:

    git worktree add /tmp/old 4eaf7e0
    cd $(mktemp -d) && PYTHONPATH=/tmp/old python .../tests/support/make_old_run.py
    mv old_run .../tests/data/

The model is as small as it can be; what today's program makes anew is left out: prepared data, caches, logs, pages.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

RECIPE = """\
name = "old"

[languages]
source = "fr"
target = "en"

[data]
train = "toy.{lang}"
valid = 6
test = 5

[tokenizer]
vocab_size = 300

[model]
num_encoder_layers = 1
num_decoder_layers = 1
d_model = 4
d_ff = 4
num_heads = 2
max_length = 32

[training]
max_steps = 40
batch_tokens = 256
learning_rate = 0.05
warmup_steps = 8
validate_every = 10
save_every = 10
log_every = 10
average_checkpoints = 1
precision = "float32"

[decoding]
beam_size = 4
max_length_ratio = 1.0
max_length_extra = 2
"""
TFM = [sys.executable, "-m", "transformer_cli"]
LINES = ["le chien trouve un livre ici.", "la fille aime une pomme demain."]
KEPT = [
    "recipe.toml", "prepare.json", "tokenizer.json", "tokenizer.model", "metrics.jsonl", "versions.jsonl",
    "report/0001.json", "versions/0001.pairs.npy", "versions/0001/config.json", "versions/0001/README.md",
    "versions/0001/model.safetensors", "versions/0001/ctranslate2/engine.json", "checkpoints/best/state.json",
]  # fmt: skip


def main() -> None:
    """Train a version, break the next training off after its first checkpoint, and copy what is worth keeping."""
    from tests.support.toy_corpus import pairs, write_corpus

    Path("tfm.toml").write_text(RECIPE, encoding="utf-8")
    write_corpus(Path(), "toy", pairs()[:120])
    subprocess.run([*TFM, "train", "-d", "run"], check=True)
    write_corpus(Path(), "toy", pairs())
    training = subprocess.Popen([*TFM, "train", "-d", "run", "--set", "training.max_steps=100000"])
    checkpoints = Path("run/checkpoints")
    while (checkpoints / "step-00000040").is_dir() or not (checkpoints / "best").is_dir():
        time.sleep(0.01)
    training.send_signal(signal.SIGTERM)
    training.wait()
    [newest] = checkpoints.glob("step-*")
    kept = [*KEPT, *(f"checkpoints/{newest.name}/{path.name}" for path in newest.iterdir())]
    arguments = ["translate", "-m", "run", "--engine", "torch", "--format", "jsonl", "--n-best", "3"]
    translated = subprocess.run([*TFM, *arguments], input="\n".join(LINES), check=True, capture_output=True, text=True)
    out = Path("old_run")
    for name in ("tfm.toml", "toy.fr", "toy.en", *(f"run/{name}" for name in kept)):
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(name, out / name)
    (out / "translations.jsonl").write_text(translated.stdout, encoding="utf-8")


if __name__ == "__main__":
    main()
