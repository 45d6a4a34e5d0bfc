"""Text to text: lines into segments of token ids, an engine's hypotheses back into lines, without torch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby

from transformer_cli.data.tokens.tokenizer import TokenizerPair
from transformer_cli.decoding.engine import Engine, Sampling, SearchOptions
from transformer_cli.decoding.hypothesis import Hypothesis, different_texts
from transformer_cli.decoding.placeholders.required import Required
from transformer_cli.decoding.segments.segment import Segment
from transformer_cli.decoding.segments.segment_reader import SegmentReader
from transformer_cli.decoding.segments.segment_search import SegmentSearch
from transformer_cli.decoding.segments.target_language import TargetLanguages
from transformer_cli.decoding.text_rules import TextRules
from transformer_cli.text.normalization import normalize, without_controls


@dataclass(frozen=True, slots=True)
class Translation:
    """A translation of one line.

    Args:
        text: One line of text without control characters (a model may spell them in bytes), but for tabs of a line that
            was copied; empty for a blank line.
        score: Mean of the hypotheses' scores (`Hypothesis.score`) over the segments that were searched; 0 for a blank
            line, and for one that was copied.
        segments: Number of segments of the line: 1 unless it was cut at ends of sentences, 0 if it is blank or copied.
        log_prob: Natural logarithm of the translation's probability, summed over the segments.
        tokens: Subwords that the model generated, for all segments in order.
        alignment: Pairs (word of the line, word of ``text``), counted from 0, or None if not requested. Words are
            separated by spaces.
        alternatives: The next best translations. For a line in several segments, the k-th joins the k-th best of each.
        missing: Placeholders of the line that ``text`` lacks, or has too often (see `Required`), and hints of which it
            has no form.
    """

    text: str
    score: float
    segments: int
    log_prob: float = 0.0
    tokens: tuple[str, ...] = ()
    alignment: tuple[tuple[int, int], ...] | None = None
    alternatives: tuple[Translation, ...] = ()
    missing: tuple[str, ...] = ()


class LineTranslator:
    """Translates lines with an engine.

    Args:
        engine: Engine that searches.
        tokenizers: Tokenizers of the engine's model.
        rules: How lines are cut and read; None: a line is cut only if it is too long for the model.
        language: The target language of lines that name none, for a model with several; see `TargetLanguages`.

    Raises:
        UsageError: The model has no such target language.
    """

    def __init__(
        self, engine: Engine, tokenizers: TokenizerPair, rules: TextRules | None = None, language: str | None = None
    ) -> None:
        self.engine = engine
        self.tokenizers = tokenizers
        self.rules = rules or TextRules()
        self.languages = TargetLanguages(tokenizers.source, language)
        self._reader = SegmentReader(tokenizers, self.rules, self.limit)

    @property
    def limit(self) -> int:
        """Largest number of tokens of a text that the model translates at once."""
        return self.engine.limit - self.languages.are_known  # the language takes the place of one token

    def count(self, line: str) -> int:
        """Return the number of tokens that the model reads for ``line``, without that of its target language."""
        return self._size(self.languages.split(self.rules.normalize(line)).text)

    def _size(self, text: str) -> int:
        return 0 if self.rules.is_copied(text) else self._reader.size(text)

    def is_overlong(self, line: str) -> bool:
        """Return whether the model would read more tokens for ``line`` than it translates at once."""
        return self.count(line) > self.limit

    def cut(self, line: str) -> str:
        """Return a beginning of ``line`` that the model can translate at once, and with a character more could not."""
        whole = self.rules.normalize(line)
        text = self.languages.split(whole).text
        fitting, end = 0, len(text) + 1
        middle = len(text)
        while middle > fitting:
            if self._size(text[:middle]) <= self.limit:
                fitting = middle
            else:
                end = middle
            middle = (fitting + end) // 2
        return whole.removesuffix(text) + text[:fitting].rstrip(" ")

    def translate(
        self,
        lines: Sequence[str],
        *,
        n_best: int = 1,
        beam_size: int | None = None,
        with_alignment: bool = False,
        prefix: str = "",
        sampling: Sampling | None = None,
    ) -> list[Translation]:
        """Translate each line separately; return one result per line, in order.

        Blank lines skip the model, and lines without words (`TextRules.is_copied`) are copied. A line with more
        sentences than `TextRules` allow is split at their ends, a text too long for the model at ends of clauses too.
        The translations of the segments are joined by the white space that stood between them.

        A translation has the placeholders of its line (`Required`), by further searches if need be (`SegmentSearch`).
        Where no search finds one that has them, the missing ones are inserted.

        Args:
            lines: The lines.
            n_best: Number of translations of each line; all are different texts, except drawn ones. They are fewer if
                the beam holds no more.
            beam_size: Beam size in place of the engine's, or None.
            with_alignment: Whether to link the words of a translation to those of the line.
            prefix: Text at the beginning of every translation, except that of a blank line.
            sampling: Settings for drawing at random, or None to search for the best.

        Raises:
            UsageError: The engine does not support an option.
        """
        named = [self.languages.split(self.rules.normalize(line)) for line in lines]
        texts = [each.text for each in named]
        # A given beginning stays as it is, so a translation that begins with it is not set in capitals.
        segments = self._reader.segments(texts, is_begun=bool(prefix))
        if self.languages.are_known:
            segments = [
                replace(each, language=named[each.line].language, words=each.words + named[each.line].words)
                for each in segments
            ]
        with_segments = {segment.line for segment in segments}
        translations = {
            line: self._without_search(lines[line], each.text, each.words, with_alignment=with_alignment)
            for line, each in enumerate(named)
            if line not in with_segments
        }
        is_list = n_best > 1 and sampling is None
        wanted = max(n_best, beam_size or self.engine.beam_size) if is_list else n_best
        options = SearchOptions(wanted, beam_size, with_attention=with_alignment, sampling=sampling)
        prefix_ids = tuple(self.tokenizers.target.encode(prefix))
        hypotheses = SegmentSearch(self.engine, self._reader).search(segments, options, prefix_ids)
        if is_list:
            hypotheses = [
                different_texts(each, partial(self._reader.text, segment), at_most=n_best)
                for segment, each in zip(segments, hypotheses, strict=True)
            ]
        pairs = zip(segments, hypotheses, strict=True)
        for line, group in groupby(pairs, key=lambda pair: pair[0].line):
            parts = list(group)
            required = parts[0][0].required if len(parts) == 1 else self.rules.required(texts[line])
            joined = self._join(parts, with_alignment=with_alignment)
            translations[line] = self._checked(required, texts[line], joined)
        return [translations[line] for line in range(len(lines))]

    def _without_search(self, line: str, text: str, words: int, *, with_alignment: bool) -> Translation:
        """Return the translation of a line that is blank or copied, with its normalised text."""
        if not self.rules.is_copied(text):
            return Translation("", 0.0, 0, alignment=() if with_alignment else None)
        links = tuple((words + place, place) for place in range(text.count(" ") + 1))
        copied = self.rules.copied(text)
        if copied == self.rules.normalize(line):  # no terms, and no name of a language before it
            copied = without_controls(line)
        return Translation(copied, 0.0, 0, alignment=links if with_alignment else None)

    def _join(self, segments: list[tuple[Segment, list[Hypothesis]]], *, with_alignment: bool) -> Translation:
        """Join the hypotheses of a line's segments, each sorted best first, into its translation."""
        ranks = max(len(hypotheses) for _, hypotheses in segments)
        of_ranks = ([(segment, each[min(rank, len(each) - 1)]) for segment, each in segments] for rank in range(ranks))
        best, *others = (self._join_rank(pairs, with_alignment=with_alignment) for pairs in of_ranks)
        return replace(best, alternatives=tuple(others)) if others else best

    def _join_rank(self, segments: list[tuple[Segment, Hypothesis]], *, with_alignment: bool) -> Translation:
        target = self.tokenizers.target
        is_aligned = with_alignment and any(each.attention for _, each in segments)
        texts = [self._reader.text(segment, hypothesis) for segment, hypothesis in segments]
        between, said = [], ""
        for (segment, _), text, after in zip(segments, texts, texts[1:], strict=False):
            said = said or text  # the model may say nothing for a piece; its neighbours do not touch
            between.append(self.rules.joint(said, segment.space, after))
        searched = sum(bool(segment.tokens) for segment, _ in segments)
        parts = [text + space for text, space in zip(texts, [*between, ""], strict=True)]
        return Translation(
            text=normalize("".join(parts)),
            score=sum(hypothesis.score for _, hypothesis in segments) / max(1, searched),
            segments=len(segments),
            log_prob=sum(hypothesis.log_prob for _, hypothesis in segments),
            tokens=tuple(target.piece(token) for _, hypothesis in segments for token in hypothesis.tokens),
            alignment=tuple(self._align(segments, parts)) if is_aligned else None,
        )

    def _align(self, segments: list[tuple[Segment, Hypothesis]], parts: list[str]) -> Iterator[tuple[int, int]]:
        words = 0
        for (segment, hypothesis), part in zip(segments, parts, strict=True):
            if not segment.tokens:
                yield from ((segment.words + i, words + i) for i in range(part.strip().count(" ") + 1))
            links = list(self._reader.links(segment, hypothesis))
            inserted = self._reader.repaired(segment, hypothesis, self._reader.raw_text(segment, hypothesis))
            for i, j in sorted(links if inserted is None else inserted.moved(links)):
                yield segment.words + i, words + j
            words += part.count(" ")

    def _checked(self, required: Required | None, text: str, translation: Translation) -> Translation:
        """Return the translation of a normalised line with `Translation.missing`."""

        def missing(found: str) -> tuple[str, ...]:
            lacking = () if required is None else required.missing(found)
            return (*lacking, *self.rules.ignored_hints(text, found))

        others = [replace(each, missing=missing(each.text)) for each in translation.alternatives]
        return replace(translation, missing=missing(translation.text), alternatives=tuple(others))
