"""Text to text: lines into segments of token ids, an engine's hypotheses back into lines, without torch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby

from transformer_cli.data.tokens.tokenizer import TokenizerPair
from transformer_cli.decoding.engine import Engine, Sampling, SearchOptions
from transformer_cli.decoding.hypothesis import Hypothesis, different_texts
from transformer_cli.decoding.text_rules import Restore, TextRules
from transformer_cli.decoding.word_alignment import spaced_links
from transformer_cli.text.normalization import normalize


@dataclass(frozen=True, slots=True)
class Translation:
    """A translation of one line.

    Args:
        text: One line of text without control characters (a model may spell them in bytes); empty for a blank line.
        score: Mean of the hypotheses' scores (`Hypothesis.score`) over the segments that were searched; 0 for a blank
            line, and for one that was copied.
        segments: Number of segments of the line: 1 unless it was cut at ends of sentences, 0 if it is blank or copied.
        log_prob: Natural logarithm of the translation's probability, summed over the segments.
        tokens: Subwords that the model generated, for all segments in order.
        alignment: Pairs (word of the line, word of ``text``), counted from 0, or None if not requested. Words are
            separated by spaces.
        alternatives: The next best translations. For a line in several segments, the k-th joins the k-th best of each.
    """

    text: str
    score: float
    segments: int
    log_prob: float = 0.0
    tokens: tuple[str, ...] = ()
    alignment: tuple[tuple[int, int], ...] | None = None
    alternatives: tuple[Translation, ...] = ()


_NO_SEARCH = Hypothesis((), 0.0, 0.0)
"""Stands for the translation of a segment that is copied."""


@dataclass(frozen=True, slots=True)
class _Segment:
    """Part of a line, usually all of it.

    Args:
        line: The index of the line.
        tokens: Token ids of the text for the model; none if it is copied.
        words: The number of words of the line before the segment.
        space: The white space behind it in the line.
        restore: Turns the translation into one of the text as it stands in the line.
        places: For each word of the text for the model, the place of its word in the segment; None: the same places.
    """

    line: int
    tokens: list[int]
    words: int
    space: str
    restore: Restore
    places: list[int] | None = None


class LineTranslator:
    """Translates lines with an engine.

    Args:
        engine: Engine that searches.
        tokenizers: Tokenizers of the engine's model.
        rules: How lines are cut and read; None: a line is cut only if it is too long for the model.
    """

    def __init__(self, engine: Engine, tokenizers: TokenizerPair, rules: TextRules | None = None) -> None:
        self.engine = engine
        self.tokenizers = tokenizers
        self.rules = rules or TextRules()

    @property
    def limit(self) -> int:
        """Largest number of tokens that the model translates at once."""
        return self.engine.limit

    def count(self, line: str) -> int:
        """Return the number of tokens of ``line``."""
        return len(self.tokenizers.source.encode(line))

    def is_overlong(self, line: str) -> bool:
        """Return whether ``line`` has more tokens than the model translates at once."""
        return self.count(line) > self.limit

    def cut(self, line: str) -> str:
        """Return the longest beginning of ``line`` that the model can translate at once."""
        tokenizer = self.tokenizers.source
        tokens = tokenizer.encode(line)[: self.limit]
        # The last tokens may be part of a character spelled in bytes: up to four bytes and the space before them.
        beginnings = [tokens[: len(tokens) - left_out] for left_out in range(5)]
        whole = (ids for ids in beginnings if tokenizer.encode(tokenizer.decode(ids)) == ids)
        return tokenizer.decode(next(whole, beginnings[0]))

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
        texts = [self.rules.normalize(line) for line in lines]
        translations = [self._without_search(text, with_alignment=with_alignment) for text in texts]
        segments = self._segments(texts)
        if prefix:  # it stays as it was given, so a translation that begins with it is not set in capitals
            segments = [replace(each, restore=str) if each.tokens else each for each in segments]
        is_list = n_best > 1 and sampling is None
        wanted = max(n_best, beam_size or self.engine.beam_size) if is_list else n_best
        options = SearchOptions(wanted, beam_size, with_attention=with_alignment, sampling=sampling)
        prefix_ids = tuple(self.tokenizers.target.encode(prefix))
        hypotheses = self._search(segments, options, prefix_ids)
        if is_list:
            hypotheses = [
                different_texts(each, partial(self._text, segment), at_most=n_best)
                for segment, each in zip(segments, hypotheses, strict=True)
            ]
        pairs = zip(segments, hypotheses, strict=True)
        for line, group in groupby(pairs, key=lambda pair: pair[0].line):
            translations[line] = self._join(list(group))
        return translations

    def _search(
        self, segments: list[_Segment], options: SearchOptions, prefix: tuple[int, ...]
    ) -> list[list[Hypothesis]]:
        hypotheses = [[_NO_SEARCH] for _ in segments]
        searched = [i for i, segment in enumerate(segments) if segment.tokens]
        # Only the first segment of a line begins with the prefix.
        first = {segments[i].line: i for i in reversed(searched)} if prefix else {}
        for has_prefix, own_options in ((True, replace(options, prefix=prefix)), (False, options)):
            indices = [i for i in searched if (first.get(segments[i].line) == i) == has_prefix]
            answers = self.engine.search([segments[i].tokens for i in indices], own_options) if indices else []
            for i, answer in zip(indices, answers, strict=True):
                hypotheses[i] = answer
        return hypotheses

    def _without_search(self, text: str, *, with_alignment: bool) -> Translation:
        """Return the translation of a normalised line that is blank or copied; others get theirs later."""
        if not self.rules.is_copied(text):
            return Translation("", 0.0, 0, alignment=() if with_alignment else None)
        links = tuple((place, place) for place in range(text.count(" ") + 1))
        return Translation(text, 0.0, 0, alignment=links if with_alignment else None)

    def _segments(self, texts: Sequence[str]) -> list[_Segment]:
        """Return the segments of normalised lines; blank and copied ones have none."""
        searched = [(index, text) for index, text in enumerate(texts) if text and not self.rules.is_copied(text)]
        read = [self.rules.read(text) for _, text in searched]
        tokens = self.tokenizers.source.encode_all([form for form, _ in read])
        segments = []
        for (index, text), (form, restore), ids in zip(searched, read, tokens, strict=True):
            pieces = self.rules.pieces(text, len(ids), self.limit, self._size)
            if len(pieces) == 1 and ids:
                segments.append(_Segment(index, ids, 0, "", restore, self._places(text, form)))
            elif ids:
                segments += self._cut_segments(index, text, pieces)
        return segments

    def _cut_segments(self, index: int, text: str, pieces: list[tuple[int, int]]) -> Iterator[_Segment]:
        words = 0
        for start, end in pieces:
            # White space at the very end is no space between pieces, but part of the last one.
            piece = text[start:end] if end == len(text) else text[start:end].rstrip() or text[start:end]
            space = text[start + len(piece) : end]
            if self.rules.is_copied(piece):
                yield _Segment(index, [], words, space, partial(_instead, piece))
            else:
                form, restore = self.rules.read(piece)
                ids = self.tokenizers.source.encode(form)[: self.limit]
                yield _Segment(index, ids, words, space, restore, self._places(piece, form))
            words += text.count(" ", start, end)

    def _size(self, text: str) -> int:
        return self.count(self.rules.read(text)[0])

    def _text(self, segment: _Segment, tokens: Sequence[int]) -> str:
        return normalize(segment.restore(normalize(self.tokenizers.target.decode(tokens))))

    def _places(self, text: str, form: str) -> list[int] | None:
        """Return `_Segment.places` of a text and what the model reads for it; a word may be read as several."""
        if form.count(" ") == text.count(" "):
            return None
        words = text.split(" ")
        return [place for place, word in enumerate(words) for _ in self.rules.read(word)[0].split()] or [0]

    def _join(self, segments: list[tuple[_Segment, list[Hypothesis]]]) -> Translation:
        """Join the hypotheses of a line's segments, each sorted best first, into its translation."""
        ranks = max(len(hypotheses) for _, hypotheses in segments)
        best, *others = (
            self._join_rank([(segment, hypotheses[min(rank, len(hypotheses) - 1)]) for segment, hypotheses in segments])
            for rank in range(ranks)
        )
        return replace(best, alternatives=tuple(others))

    def _join_rank(self, segments: list[tuple[_Segment, Hypothesis]]) -> Translation:
        target = self.tokenizers.target
        texts = [self._text(segment, hypothesis.tokens) for segment, hypothesis in segments]
        between = [
            self.rules.joint(before, segment.space, after)
            for (segment, _), before, after in zip(segments, texts, texts[1:], strict=False)
        ]
        searched = sum(bool(segment.tokens) for segment, _ in segments)
        parts = [text + space for text, space in zip(texts, [*between, ""], strict=True)]
        return Translation(
            text=normalize("".join(parts)),
            score=sum(hypothesis.score for _, hypothesis in segments) / max(1, searched),
            segments=len(segments),
            log_prob=sum(hypothesis.log_prob for _, hypothesis in segments),
            tokens=tuple(target.piece(token) for _, hypothesis in segments for token in hypothesis.tokens),
            alignment=tuple(self._align(segments, parts)) if any(each.attention for _, each in segments) else None,
        )

    def _align(self, segments: list[tuple[_Segment, Hypothesis]], parts: list[str]) -> Iterator[tuple[int, int]]:
        tokenizers = (self.tokenizers.source, self.tokenizers.target)
        words = 0
        for (segment, hypothesis), part in zip(segments, parts, strict=True):
            if not segment.tokens:
                yield from ((segment.words + i, words + i) for i in range(part.strip().count(" ") + 1))
            for i, j in spaced_links(tokenizers, segment.tokens, hypothesis.tokens, hypothesis.attention or ()):
                places = segment.places
                yield segment.words + (i if places is None else places[min(i, len(places) - 1)]), words + j
            words += part.count(" ")


def _instead(text: str, _: str) -> str:
    """Return ``text`` in the place of a translation."""
    return text
