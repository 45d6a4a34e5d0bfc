"""From two text files to a model in service: a task that needs attention is learned to near perfection.

The search is greedy: a wider one is over when as many hypotheses as it is wide have ended, and where a vocabulary has
no more than ten digits the end of the sentence is soon among the few best continuations, however improbable it is. And
it is computed in float32: without VNNI a sum of products of 8-bit numbers may overflow.
"""

from __future__ import annotations

import io
import random

import pytest

from tests.support.small_runs import metrics_of, one_thread
from transformer_cli import TranslationSettings, train, translate
from transformer_cli.data.splits.read import read_split

RECIPE = """\
[languages]
source = "forward"
target = "backward"

[data]
train = "digits.{lang}"
valid = 50
test = 200

[model]
num_encoder_layers = 1
num_decoder_layers = 1
d_model = 64
d_ff = 128
dropout = 0.0
norm = "post"
max_length = 16

[training]
max_steps = 900
batch_tokens = 256
learning_rate = 0.003
warmup_steps = 100
decay = "linear"
clip_norm = 1.0
label_smoothing = 0.0
validate_every = 450
save_every = 50
average_checkpoints = 4
precision = "float32"

[decoding]
beam_size = 1
max_length_ratio = 1.0
max_length_extra = 2
"""


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.slow), pytest.param(3, marks=pytest.mark.slow)])
def test_the_reversal_of_digits_is_learned_to_98_percent_of_sequences_never_seen(tmp_path, seed):
    numbers = random.Random(1)
    sequences = [numbers.choices("0123456789", k=numbers.randint(3, 8)) for _ in range(4000)]
    (tmp_path / "digits.forward").write_text("".join(f"{' '.join(digits)}\n" for digits in sequences))
    (tmp_path / "digits.backward").write_text("".join(f"{' '.join(reversed(digits))}\n" for digits in sequences))
    (tmp_path / "reversal.toml").write_text(RECIPE)

    with one_thread():
        outcome = train(tmp_path / "reversal.toml", run_dir=tmp_path / "run", overrides=[f"training.seed={seed}"])

    learned, unseen = (read_split(tmp_path / "run" / "data", split) for split in ("train", "test"))
    assert len(unseen) == 200
    assert set(unseen.sources).isdisjoint(learned.sources)
    [scores] = metrics_of(tmp_path / "run", kind="test")
    assert scores["bleu"] >= 95

    written: list[bytes] = []
    lines = io.BytesIO("\n".join(unseen.sources).encode())
    translate(lines, written.append, model=outcome.version, settings=TranslationSettings(engine="torch"))
    translations = b"".join(written).decode().splitlines()
    right = [found == expected for found, expected in zip(translations, unseen.targets, strict=True)]
    assert sum(right) >= 0.98 * len(right)
