"""French and English sentences of six words, and a recipe that learns something from them within seconds."""

from __future__ import annotations

import itertools
import random
from pathlib import Path

RECIPE = """\
name = "toy"

[languages]
source = "fr"
target = "en"

[data]
train = "toy.{lang}"
valid = 8
test = 8

[tokenizer]
vocab_size = 400

[model]
num_encoder_layers = 1
num_decoder_layers = 1
d_model = 16
d_ff = 32
num_heads = 2
dropout = 0.0
norm = "pre"
max_length = 32

[training]
max_steps = 60
batch_tokens = 512
learning_rate = 0.03
warmup_steps = 20
label_smoothing = 0.0
validate_every = 60
save_every = 60
log_every = 20

[decoding]
beam_size = 2
max_length_ratio = 1.0
max_length_extra = 4
"""

_SUBJECTS = (("le chat", "the cat"), ("le chien", "the dog"), ("la fille", "the girl"), ("le garçon", "the boy"))
_VERBS = (("voit", "sees"), ("aime", "likes"), ("prend", "takes"), ("trouve", "finds"))
_OBJECTS = (("une pomme", "an apple"), ("un livre", "a book"), ("la maison", "the house"), ("le pain", "the bread"))
_TIMES = (("ici", "here"), ("demain", "tomorrow"), ("souvent", "often"))


def pairs() -> list[tuple[str, str]]:
    """Return 192 different pairs in an order of no meaning, the same one each time."""
    parts = itertools.product(_SUBJECTS, _VERBS, _OBJECTS, _TIMES)
    found = [(f"{' '.join(p[0] for p in words)}.", f"{' '.join(p[1] for p in words)}.") for words in parts]
    random.Random(1).shuffle(found)
    return found


def write_toy(folder: Path, *, recipe: str = RECIPE) -> None:
    """Write ``tfm.toml``, ``toy.fr`` and ``toy.en``."""
    (folder / "tfm.toml").write_text(recipe)
    write_corpus(folder, "toy", pairs())


def write_corpus(folder: Path, name: str, lines: list[tuple[str, str]]) -> None:
    """Write two aligned files."""
    for side, language in enumerate(("fr", "en")):
        (folder / f"{name}.{language}").write_text("".join(f"{pair[side]}\n" for pair in lines), encoding="utf-8")
