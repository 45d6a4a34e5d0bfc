"""How to translate: which engine, which search, which lines, which output."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from transformer_cli.errors import UsageError

if TYPE_CHECKING:
    from transformer_cli.config import SearchOverrides
    from transformer_cli.decoding.engine import Sampling

EngineName = Literal["auto", "torch", "ctranslate2"]
OnOverlong = Literal["split", "cut", "fail"]
OutputFormat = Literal["text", "tsv", "jsonl"]


@dataclass(frozen=True, slots=True)
class TranslationSettings:
    """How to translate.

    Args:
        engine: "auto" takes the exported engine if there is one that supports every option, else torch.
        device: "auto", "cpu", "cuda" ...
        threads: Threads of the arithmetic, and processes for large inputs; None: the number of cores.
        precision: "auto", "float32" or "bfloat16": the type of torch's matrix products. "auto" is bfloat16 where that
            is much faster and the model is not small.
        search: Search settings that replace the model's own; None: no changes.
        on_overlong: A line too long for the model is translated in segments, cut with a warning, or an error.
        strict: Stop at bytes that are not UTF-8 instead of replacing them by U+FFFD.
        output_format: How translations are written; see `format_translation`.
        n_best: The number of translations of each line.
        with_alignment: Whether to link the words of a translation to those of the source.
        prefix: The beginning of every translation.
        sampling: How to draw translations at random; None: search for the best.
        mbr_candidates: The number of candidates to choose from by minimum Bayes risk; None: choose by score.
    """

    engine: EngineName = "auto"
    device: str = "auto"
    threads: int | None = None
    precision: str = "auto"
    search: SearchOverrides | None = None
    on_overlong: OnOverlong = "split"
    strict: bool = False
    output_format: OutputFormat = "text"
    n_best: int = 1
    with_alignment: bool = False
    prefix: str = ""
    sampling: Sampling | None = None
    mbr_candidates: int | None = None


@dataclass(frozen=True, slots=True)
class Shard:
    """One of several equal parts of a file, counted from 1.

    Raises:
        UsageError: ``number`` is not in 1 to ``count``.
    """

    number: int
    count: int

    def __post_init__(self) -> None:
        if not 1 <= self.number <= self.count:
            raise UsageError(
                f"there is no shard {self.number} of {self.count}; give 1/{self.count} to {self.count}/{self.count}"
            )
