"""The Python interface to a model: it is loaded once and translates many times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, overload

from transformer_cli.errors import UsageError
from transformer_cli.text.normalization import without_surrogates
from transformer_cli.workflows.locate.model import find_model
from transformer_cli.workflows.translate.settings import EngineName, SplitSentences, TranslationSettings

if TYPE_CHECKING:
    from transformer_cli.decoding.engine import Sampling
    from transformer_cli.decoding.line_translator import LineTranslator, Translation

ModelPath = str | PathLike[str]
"""A run directory or a model directory."""


class Translator:
    """A loaded model that translates many times; several threads may use it at the same time.

    Large inputs are translated by worker processes. `close` and the end of a ``with`` block stop them.
    """

    def __init__(self, lines: LineTranslator) -> None:
        self._lines = lines
        self._is_closed = False

    @classmethod
    def load(
        cls,
        model: ModelPath | Sequence[ModelPath],
        *,
        engine: EngineName = "auto",
        device: str = "auto",
        threads: int | None = None,
        precision: str = "auto",
        beam_size: int | None = None,
        length_penalty: float | None = None,
        batch_tokens: int | None = None,
        split_sentences: SplitSentences = "auto",
        target_language: str | None = None,
        glossary: str | PathLike[str] | None = None,
        glossary_hints: bool = False,
    ) -> Self:
        """Load a model.

        Args:
            model: A run directory or a model directory, or several for an ensemble.
            engine: "torch", "ctranslate2", or "auto": an exported engine if one supports the options, else torch.
            device: "auto", "cpu", "cuda" ...
            threads: Number of compute threads, and of processes for large inputs; None: the number of cores.
            precision: "auto", "float32" or "bfloat16": the data type of torch's matrix products.
            beam_size: The beam size; None: the model's own.
            length_penalty: Scores are ``log_prob / length ** length_penalty``; None: the model's own.
            batch_tokens: The maximum number of source tokens in a batch; None: the model's own.
            split_sentences: Whether to cut a line at ends of sentences: "always", "never", or "auto" if it has more of
                them than the sources of the training.
            target_language: The language of lines that do not begin with one as ``>>fra<<``, for a model with several.
            glossary: A file of terms that translations must have (.tsv, .csv, .tbx).
            glossary_hints: Whether the model is told these terms instead, and may inflect them; for models trained with
                ``[glossary] hints``.

        Raises:
            ModelNotFoundError: There is no model.
            DamagedFileError: The model is incomplete or damaged.
            TfmError: The engine requested by name is not available.
            UsageError: There is no such device or target language, or a search setting is out of its range.
        """
        from transformer_cli.config import SearchOverrides

        settings = TranslationSettings(
            engine=engine,
            device=device,
            threads=threads,
            precision=precision,
            search=SearchOverrides(beam_size, length_penalty, batch_tokens),
            split_sentences=split_sentences,
            target_language=target_language,
            glossary=None if glossary is None else Path(glossary),
            glossary_hints=glossary_hints,
        )
        return cls.from_settings(model, settings)

    @classmethod
    def from_settings(cls, model: ModelPath | Sequence[ModelPath], settings: TranslationSettings) -> Self:
        """Load a model with ``settings``, as ``tfm translate`` does; see `load`."""
        # Imported here so that errors that do not involve the engine are reported sooner.
        from transformer_cli.workflows.translate.load_translator import load_translator

        models = [model] if isinstance(model, str | PathLike) else model
        return cls(load_translator([find_model(Path(folder)) for folder in models], settings))

    @overload
    def translate(self, text: str) -> str: ...  # type: ignore[overload-overlap]  # a str is a sequence of str

    @overload
    def translate(self, text: Sequence[str]) -> list[str]: ...

    def translate(self, text: str | Sequence[str]) -> str | list[str]:
        r"""Translate one text or several texts.

        Each line is translated by itself, as ``tfm translate`` does: the translation of a text has the same number of
        lines, and a blank line stays blank. Only ``\n`` ends a line; other breaks and controls are read as spaces.

        Returns:
            The translation of a text, or for a sequence a list with the translation of each text, in order.
        """
        texts = [text] if isinstance(text, str) else text
        lines = [each.split("\n") for each in texts]
        details = iter(self.translate_detailed([line for several in lines for line in several]))
        translations = ["\n".join(next(details).text for _ in several) for several in lines]
        return translations[0] if isinstance(text, str) else translations

    def translate_detailed(
        self,
        lines: Sequence[str],
        *,
        n_best: int = 1,
        with_alignment: bool = False,
        prefix: str = "",
        sampling: Sampling | None = None,
        mbr_candidates: int | None = None,
    ) -> list[Translation]:
        """Translate lines, with scores, tokens, alternatives and alignments.

        Args:
            lines: Texts of one line each; a line break in a text is read as a space.
            n_best: The number of translations of each line; all but the best are the ``alternatives`` of the best. They
                are different texts, or fewer if the beam holds no more; drawn ones may be equal.
            with_alignment: Whether to align the words of a translation with the words of the line.
            prefix: Text that every translation begins with, except that of a blank line.
            sampling: Settings of random sampling; None: beam search.
            mbr_candidates: The number of candidates for minimum Bayes risk decoding, which widen the beam if it is
                narrower; None: choose by score.

        Returns:
            One translation for each line, in order.

        Raises:
            UsageError: The engine does not support an option, or the translator is closed.
        """
        if self._is_closed:
            raise UsageError("the translator is closed; load it again")
        candidates = mbr_candidates or n_best
        if candidates < n_best:
            raise UsageError(
                f"{candidates} candidates cannot give {n_best} best translations; raise --mbr (mbr_candidates)"
            )
        translations = self._lines.translate(
            list(map(without_surrogates, lines)),
            n_best=candidates,
            beam_size=max(self._lines.engine.beam_size, candidates) if mbr_candidates else None,
            with_alignment=with_alignment,
            prefix=prefix,
            sampling=sampling,
        )
        if mbr_candidates is None:
            return translations
        from transformer_cli.decoding.minimum_bayes_risk import by_agreement

        chosen = map(by_agreement, translations)
        return [replace(best, alternatives=best.alternatives[: n_best - 1]) for best in chosen]

    @property
    def beam_size(self) -> int:
        """The number of hypotheses of a search: those that ``n_best`` may ask for without widening it."""
        return self._lines.engine.beam_size

    @property
    def limit(self) -> int:
        """The maximum number of tokens in one input of the model; a longer line is translated in segments."""
        return self._lines.limit

    def unknown_language(self, line: str) -> str | None:
        """Return a phrase about the target language that ``line`` names and the model does not have, or None."""
        return self._lines.languages.unknown(line)

    def is_overlong(self, line: str) -> bool:
        """Return whether the model would read more than `limit` tokens for ``line``."""
        return self._lines.is_overlong(line)

    def cut(self, line: str) -> str:
        """Return a beginning of ``line`` that fits into `limit` tokens, as long as can be."""
        return self._lines.cut(line)

    def close(self) -> None:
        """Stop the worker processes and free the model; a second call has no effect."""
        if not self._is_closed:
            self._is_closed = True
            self._lines.engine.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
