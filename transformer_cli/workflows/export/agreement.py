"""Whether an exported model translates as ours does: on which lines that is looked at, and what counts as the same."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from transformer_cli.artifacts.model_directory import LoadedModel
from transformer_cli.artifacts.run_directory import RunDirectory
from transformer_cli.data.splits.files import SplitFiles
from transformer_cli.data.tokens.tokenizer import Tokenizer
from transformer_cli.decoding.engine import longest_translation
from transformer_cli.decoding.line_translator import Translation
from transformer_cli.metrics import corpus_bleu
from transformer_cli.text.lines import read_text_lines

_ROUNDING = 0.01
"""Most that two scores of a line, each a mean over its tokens, differ by where only the order of sums does."""

_AGREEING_SHARE = 0.98
"""Of the lines; in a few, rounding decides between two hypotheses and the search goes another way."""


@dataclass(frozen=True, slots=True)
class HeldOutLines:
    """Lines to compare on.

    Args:
        sources: The lines.
        references: Their translations by people, where they are known.
    """

    sources: Sequence[str]
    references: Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class Agreement:
    """How the translations of an exported model compare to ours.

    Args:
        lines: How many were compared.
        equal: Share of them whose texts are equal.
        agreeing: Share of them whose scores are equal but for rounding.
        mean_difference: Mean absolute difference of the scores, in nats a token.
        bleu: Ours and that of the exported model; None without references.
    """

    lines: int
    equal: float
    agreeing: float
    mean_difference: float
    bleu: tuple[float, float] | None

    @property
    def is_close(self) -> bool:
        """Whether there is no difference but rounding."""
        return self.agreeing >= _AGREEING_SHARE

    def __str__(self) -> str:
        """Return one line for people."""
        parts = [
            f"{100 * self.equal:.1f} % of {self.lines} lines have the same translation",
            f"scores differ by {self.mean_difference:.1g} nats a token",
        ]
        if self.bleu is not None:
            parts.append(f"BLEU {self.bleu[1]:.2f} instead of {self.bleu[0]:.2f}")
        return ", ".join(parts)


def compare(
    ours: Sequence[Translation], theirs: Sequence[Translation], references: Sequence[str] | None = None
) -> Agreement:
    """Compare two translations of the same lines, of which there is at least one."""
    pairs = list(zip(ours, theirs, strict=True))
    differences = [abs(a.score - b.score) for a, b in pairs]
    bleu = None
    if references is not None:
        first, second = (corpus_bleu([t.text for t in side], [list(references)]).value for side in (ours, theirs))
        bleu = (first, second)
    return Agreement(
        lines=len(pairs),
        equal=sum(a.text == b.text for a, b in pairs) / len(pairs),
        agreeing=sum(difference <= _ROUNDING for difference in differences) / len(pairs),
        mean_difference=sum(differences) / len(pairs),
        bleu=bleu,
    )


def ending_by_themselves(
    lines: HeldOutLines, ours: Sequence[Translation], loaded: LoadedModel
) -> tuple[HeldOutLines, list[Translation]]:
    """Keep the lines whose translation is in one segment and ends by itself.

    At the longest length other libraries score differently: we count the end of sentence there, they do not.
    """
    tokenizer = loaded.tokenizers.source
    kept = [
        i
        for i, (line, translation) in enumerate(zip(lines.sources, ours, strict=True))
        if translation.segments == 1
        and len(translation.tokens) + 1 < longest_translation(loaded.decoding, tokenizer.encode(line))
    ]
    references = None if lines.references is None else [lines.references[i] for i in kept]
    return HeldOutLines([lines.sources[i] for i in kept], references), [ours[i] for i in kept]


def held_out_lines(model: Path, loaded: LoadedModel, *, at_most: int) -> HeldOutLines:
    """Return lines of the test set of the run that a model lies in; of a model alone, nonsense of its vocabulary."""
    languages, place = loaded.languages, model.resolve()
    if place.parent.name == "versions":
        files = SplitFiles(RunDirectory(place.parents[1]).data, "test", languages).texts
        if all(file.is_file() and file.stat().st_size for file in files):
            sources, references = ([line.text for line in islice(read_text_lines(file), at_most)] for file in files)
            return HeldOutLines(sources, references)
    return HeldOutLines(_nonsense(loaded.tokenizers.source, at_most))


def _nonsense(tokenizer: Tokenizer, count: int) -> list[str]:
    draw = random.Random(0)
    first = min(260, tokenizer.vocab_size - 1)  # before that stand the special tokens and the bytes
    lengths = (draw.randint(3, 20) for _ in range(count))
    return [tokenizer.decode([draw.randrange(first, tokenizer.vocab_size) for _ in range(n)]) for n in lengths]
