"""Count the lines whose translations have all placeholders, and score these lines and the others.

    python recipes/benchmarks/placeholders.py SOURCE REFERENCE TRANSLATION...

Each file is plain text, one line for one line. A row is printed for each translation.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from sacrebleu import corpus_bleu

from transformer_cli.decoding.placeholders.required import Required
from transformer_cli.text.normalization import NORMALIZATION_VERSION, normalize


def main(arguments: Sequence[str]) -> None:
    """Print the rows."""
    sources, references, *translations = (Path(name).read_text(encoding="utf-8").split("\n")[:-1] for name in arguments)
    required = [Required.of(normalize(source, NORMALIZATION_VERSION)) for source in sources]
    having = [i for i, each in enumerate(required) if each is not None]
    others = [i for i, each in enumerate(required) if each is None]
    sys.stdout.write(f"{len(having)} of {len(sources)} lines have placeholders\n")
    for name, lines in zip(arguments[2:], translations, strict=True):
        kept = sum(each.is_met(line) for each, line in zip(required, lines, strict=True) if each is not None)
        bleu = [
            corpus_bleu([lines[i] for i in some], [[references[i] for i in some]]).score for some in (having, others)
        ]
        share = f"{kept / len(having):.1%}"
        sys.stdout.write(f"{name}: all kept in {share}; BLEU {bleu[0]:.2f}, of the other lines {bleu[1]:.2f}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
