"""Checks that an exported model translates as our own engine does: the lines compared, and the tolerances."""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Protocol

from transformer_cli.artifacts.model_directory import LoadedModel
from transformer_cli.artifacts.run_directory import RunDirectory
from transformer_cli.data.splits.files import SplitFiles
from transformer_cli.data.tokens.tokenizer import Tokenizer
from transformer_cli.decoding.engine import longest_translation
from transformer_cli.decoding.line_translator import Translation
from transformer_cli.metrics import corpus_bleu, default_tokenizer
from transformer_cli.text.lines import read_text_lines

_ROUNDING = 0.01
"""Largest difference of two scores of a line, as means over its tokens, that rounding alone can cause."""

_AGREEING_SHARE = 0.98
"""Share of lines that must have equal scores; in a few lines, rounding makes the search choose another hypothesis."""


@dataclass(frozen=True, slots=True)
class HeldOutLines:
    """Lines to compare translations on.

    Args:
        sources: The source lines.
        references: The reference translations of the lines, if known.
    """

    sources: Sequence[str]
    references: Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class Agreement:
    """Agreement of the translations of an exported model with ours.

    Args:
        lines: Number of compared lines.
        equal: Share of lines with equal translations.
        agreeing: Share of lines with scores that are equal except for rounding.
        mean_difference: Mean absolute difference of the scores, in nats a token.
        bleu: BLEU of our translations and of the exported model's, or None without references.
    """

    lines: int
    equal: float
    agreeing: float
    mean_difference: float
    bleu: tuple[float, float] | None

    @property
    def is_close(self) -> bool:
        """Whether the only difference is rounding."""
        return self.agreeing >= _AGREEING_SHARE

    def __str__(self) -> str:
        """Return a readable summary of one line."""
        parts = [
            f"{100 * self.equal:.1f} % of {self.lines} lines have the same translation",
            f"scores differ by {self.mean_difference:.1g} nats a token",
        ]
        if self.bleu is not None:
            parts.append(f"BLEU {self.bleu[1]:.2f} instead of {self.bleu[0]:.2f}")
        return ", ".join(parts)


def compare(
    ours: Sequence[Translation],
    theirs: Sequence[Translation],
    references: Sequence[str] | None = None,
    *,
    language: str | None = None,
    excused: Collection[int] = (),
) -> Agreement:
    """Compare two translations of the same lines; there must be at least one line.

    Args:
        ours: Our translations.
        theirs: Those of the exported model.
        references: The reference translations, if known.
        language: The language of the translations, which decides how BLEU is computed.
        excused: Indices of lines that count as agreeing in any case; see `searched_otherwise`.
    """
    pairs = list(zip(ours, theirs, strict=True))
    differences = [abs(a.score - b.score) for a, b in pairs]
    bleu = None
    if references is not None:
        tokenizer = default_tokenizer(language, references)
        first, second = (
            corpus_bleu([t.text for t in side], [references], tokenize=tokenizer).value for side in (ours, theirs)
        )
        bleu = (first, second)
    return Agreement(
        lines=len(pairs),
        equal=sum(a.text == b.text for a, b in pairs) / len(pairs),
        agreeing=sum(d <= _ROUNDING or i in excused for i, d in enumerate(differences)) / len(pairs),
        mean_difference=sum(differences) / len(pairs),
        bleu=bleu,
    )


def ending_by_themselves(
    lines: HeldOutLines, ours: Sequence[Translation], loaded: LoadedModel
) -> tuple[HeldOutLines, list[Translation]]:
    """Keep the lines whose translation is one segment and ends before the length limit.

    At the length limit the scores differ: we count the end of sentence, other libraries do not.
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


class Exported(Protocol):
    """What is asked of an exported model besides translations."""

    def log_probs(self, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[str]]) -> list[list[float]]:
        """Return what it gives to each token of targets and their ends, for given sources."""

    def with_unknown(self, sources: Sequence[Sequence[int]]) -> set[int]:
        """Return the indices of the sources that are searched again without the unknown token."""


def searched_otherwise(
    lines: HeldOutLines,
    ours: Sequence[Translation],
    theirs: Sequence[Translation],
    loaded: LoadedModel,
    exported: Exported,
) -> set[int]:
    """Find the lines in which the exported model's search goes another way, though the model is the same.

    A hypothesis that is cut at the length limit lacks the score of an end of sentence, and may so be ranked before
    ours. Where the unknown token is ruled out, other tokens get its probability. Both say nothing about the weights:
    the exported model must give our translation the probability that we give it.

    Args:
        lines: The lines.
        ours: Our translations, which all end by themselves.
        theirs: Those of the exported model.
        loaded: The model.
        exported: The exported model.
    """
    sources = [loaded.tokenizers.source.encode(line) for line in lines.sources]
    others = [i for i, (a, b) in enumerate(zip(ours, theirs, strict=True)) if abs(a.score - b.score) > _ROUNDING]
    cut = {i for i in others if len(theirs[i].tokens) + 1 >= longest_translation(loaded.decoding, sources[i])}
    whole = [i for i in others if i not in cut]
    unknown = {whole[place] for place in exported.with_unknown([sources[i] for i in whole])} if whole else set()
    found = sorted(cut | unknown)
    if not found:
        return set()
    scored = exported.log_probs([sources[i] for i in found], [ours[i].tokens for i in found])
    differences = {i: abs(sum(each) - ours[i].log_prob) / len(each) for i, each in zip(found, scored, strict=True)}
    return {i for i, difference in differences.items() if difference <= _ROUNDING}


def held_out_lines(model: Path, loaded: LoadedModel, *, at_most: int) -> HeldOutLines:
    """Return lines of the test set of the model's run, or random text from its vocabulary for a model without a run."""
    languages, place = loaded.languages, model.resolve()
    if place.parent.name == "versions" or place.name == "model":  # a folder in a copy that was made without links
        run = RunDirectory(place.parents[1] if place.parent.name == "versions" else place.parent)
        files = SplitFiles(run.data, "test", languages).texts
        if all(file.is_file() and file.stat().st_size for file in files):
            sources, references = ([line.text for line in islice(read_text_lines(file), at_most)] for file in files)
            return HeldOutLines(sources, references)
    return HeldOutLines(_nonsense(loaded.tokenizers.source, at_most))


def _nonsense(tokenizer: Tokenizer, count: int) -> list[str]:
    draw = random.Random(0)
    first = min(260, tokenizer.vocab_size - 1)  # the special tokens and the bytes have smaller ids
    lengths = (draw.randint(3, 20) for _ in range(count))
    return [tokenizer.decode([draw.randrange(first, tokenizer.vocab_size) for _ in range(n)]) for n in lengths]
