"""Settings of a translation: engine, search, shard of the input, and output format."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from transformer_cli.errors import UsageError, require_one_of
from transformer_cli.text.languages import parse_language, short_code

if TYPE_CHECKING:
    from transformer_cli.config import LanguagesConfig, SearchOverrides
    from transformer_cli.decoding.engine import Sampling

EngineName = Literal["auto", "torch", "ctranslate2"]
PrecisionName = Literal["auto", "float32", "bfloat16"]
OnOverlong = Literal["split", "cut", "fail"]
SplitSentences = Literal["auto", "always", "never"]
OutputFormat = Literal["text", "tsv", "jsonl"]


@dataclass(frozen=True, slots=True)
class TranslationSettings:
    """Settings of a translation.

    Args:
        engine: "auto" uses an exported engine if one supports every option, else torch.
        device: "auto", "cpu", "cuda" ...
        threads: Number of compute threads, and of processes for large inputs; None: the number of cores.
        precision: "auto", "float32" or "bfloat16": the data type of torch's matrix products. "auto" is bfloat16 if
            it is much faster on the device and the model is not small.
        search: Search settings that replace the model's own; None: no changes.
        on_overlong: Treatment of lines too long for the model: translate in segments, cut with a warning, or fail.
        split_sentences: Whether to cut lines at ends of sentences; see `TextRules`.
        strict: Whether to stop at bytes that are not UTF-8 instead of replacing them by U+FFFD.
        output_format: The format of the output; see `format_translation`.
        n_best: The number of translations of each line.
        with_alignment: Whether to align the words of a translation with the source words.
        prefix: Text that every translation begins with.
        sampling: Settings of random sampling; None: beam search.
        mbr_candidates: The number of candidates for minimum Bayes risk decoding; None: choose by score.
        target_language: The target language of lines that name none, for a model with several.
        glossary: A file of terms that translations must have; see `read_glossary`.
        glossary_hints: Whether the model is told these terms instead, and may inflect them.
        owns_process: Whether nothing else computes in this process; see `ParallelEngine`.

    Raises:
        UsageError: A setting has a value that it does not know, or needs another one.
    """

    engine: EngineName = "auto"
    device: str = "auto"
    threads: int | None = None
    precision: str = "auto"
    search: SearchOverrides | None = None
    on_overlong: OnOverlong = "split"
    split_sentences: SplitSentences = "auto"
    strict: bool = False
    output_format: OutputFormat = "text"
    n_best: int = 1
    with_alignment: bool = False
    prefix: str = ""
    sampling: Sampling | None = None
    mbr_candidates: int | None = None
    target_language: str | None = None
    glossary: Path | None = None
    glossary_hints: bool = False
    owns_process: bool = False

    def __post_init__(self) -> None:
        chosen = {
            "engine": (self.engine, EngineName),
            "precision": (self.precision, PrecisionName),
            "on_overlong": (self.on_overlong, OnOverlong),
            "split_sentences": (self.split_sentences, SplitSentences),
            "output_format": (self.output_format, OutputFormat),
        }
        for name, (value, names) in chosen.items():
            require_one_of(name, value, names)
        if self.glossary_hints and self.glossary is None:
            raise UsageError("--glossary-hints (glossary_hints): there is no glossary; name one with --glossary FILE")
        if self.threads is not None and self.threads < 1:
            raise UsageError(f"threads = {self.threads}: give 1 or more, or None for all cores")

    def languages(self, own: LanguagesConfig) -> LanguagesConfig:
        """Return the languages of a translation; the record of a model names one target, if it has several.

        Args:
            own: The languages of the model.
        """
        if self.target_language is None:
            return own
        named = self.target_language.removeprefix(">>").removesuffix("<<")
        parts = zip(parse_language(named), parse_language(own.target), strict=True)
        says_no_more = all(part in ("", known) for part, known in parts)
        return own if says_no_more else own.model_copy(update={"target": short_code(named)})


@dataclass(frozen=True, slots=True)
class DocumentSettings:
    """What is translated in a document, and how it is marked.

    Args:
        replace_all: Whether texts that have a translation are translated again.
        is_final: Whether translations are written without the format's mark for a machine's work.
        memories: Translation memories (.tmx) whose exact matches are taken.
    """

    replace_all: bool = False
    is_final: bool = False
    memories: tuple[Path, ...] = ()

    def check(self, is_document: bool, settings: TranslationSettings, shard: Shard | None) -> None:
        """Refuse options that make no sense together.

        Args:
            is_document: Whether the input is a document, not lines of text.
            settings: Settings of the translation.
            shard: The part of the input that is wanted.

        Raises:
            UsageError: An option is for lines and the input is a document, or the other way round.
        """
        if not is_document:
            own = {"--all": self.replace_all, "--final": self.is_final, "--memory": bool(self.memories)}
            if option := next((option for option, is_set in own.items() if is_set), None):
                raise UsageError(f"{option} is for documents, and the input is lines; name its kind with --file-format")
            return
        of_lines = {
            "--format": settings.output_format != "text",
            "--n-best": settings.n_best > 1,
            "--alignments": settings.with_alignment,
            "--on-overlong": settings.on_overlong != "split",
            "--shard": shard is not None,
        }
        if option := next((option for option, is_set in of_lines.items() if is_set), None):
            raise UsageError(f"{option} is for lines, and the input a document; --file-format lines reads it as lines")


@dataclass(frozen=True, slots=True)
class Shard:
    """One of several equal parts of a file, counted from 1.

    Raises:
        UsageError: ``number`` is not between 1 and ``count``.
    """

    number: int
    count: int

    def __post_init__(self) -> None:
        if not 1 <= self.number <= self.count:
            raise UsageError(
                f"there is no shard {self.number} of {self.count}; give 1/{self.count} to {self.count}/{self.count}"
            )
