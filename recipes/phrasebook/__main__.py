"""Writes the phrasebook that the package ships; run ``python -m recipes.phrasebook`` at the top of the repository."""

from __future__ import annotations

import lzma
from pathlib import Path

from recipes.phrasebook.generate import build_phrasebook

FILE = Path(__file__).parents[2] / "transformer_cli" / "data" / "corpora" / "phrasebook.tsv.xz"


def main() -> None:
    """Write a header and a line for each pair: its part, the French sentence and the English one."""
    phrasebook = build_phrasebook()
    lines = ["part\tfr\ten"]
    for part in ("train", "valid", "test"):
        lines += [f"{part}\t{pair.source}\t{pair.target}" for pair in getattr(phrasebook, part)]
    text = "".join(f"{line}\n" for line in lines)
    FILE.write_bytes(lzma.compress(text.encode(), preset=9))


if __name__ == "__main__":
    main()
