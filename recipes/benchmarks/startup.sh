#!/bin/sh
# How long it takes from the start of a process to its first translated line and its end, by engine, and what of that is
# the import of the libraries alone. The median of some rounds, all contenders in turn within a round:
#     sh recipes/benchmarks/startup.sh MODEL LINE [ROUNDS]
# MODEL is a model directory with an exported engine; python is taken from PATH.
set -eu
model=${1:?usage: startup.sh MODEL LINE [ROUNDS]}
line=${2:?usage: startup.sh MODEL LINE [ROUNDS]}

exec python - "$model" "$line" "${3:-5}" <<'END'
import statistics
import subprocess
import sys
import time

model, line, rounds = sys.argv[1:]
translate = [sys.executable, "-m", "transformer_cli", "translate", "--device", "cpu", "--model", model, "--engine"]
contenders = {
    "python": [sys.executable, "-c", ""],
    "import ctranslate2, sentencepiece": [sys.executable, "-c", "import ctranslate2, sentencepiece"],
    "tfm translate --engine ctranslate2": [*translate, "ctranslate2"],
    "import torch": [sys.executable, "-c", "import torch"],
    "tfm translate --engine torch": [*translate, "torch"],
}
seconds = {name: [] for name in contenders}
for _ in range(int(rounds) + 1):
    for name, command in contenders.items():
        began = time.perf_counter()
        subprocess.run(command, input=f"{line}\n".encode(), stdout=subprocess.DEVNULL, check=True)
        seconds[name].append(time.perf_counter() - began)
for name, measured in seconds.items():
    print(f"{name:<36} {statistics.median(measured[1:]):6.2f} s")  # the first round fills the file cache
END
