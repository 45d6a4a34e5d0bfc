"""Makes the segments of lines, and reads hypotheses of them as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from transformer_cli.data.tokens.tokenizer import TokenizerPair
from transformer_cli.decoding.hypothesis import Hypothesis
from transformer_cli.decoding.placeholders.insertion import Inserted, insert
from transformer_cli.decoding.segments.segment import Segment
from transformer_cli.decoding.text_rules import TextRules
from transformer_cli.decoding.word_alignment import spaced_links
from transformer_cli.text.normalization import normalize


class SegmentReader:
    """Makes the segments of lines, and reads hypotheses of them.

    Args:
        tokenizers: The tokenizers of the model.
        rules: How lines are cut and read.
        limit: The largest number of tokens that the model translates at once.
    """

    def __init__(self, tokenizers: TokenizerPair, rules: TextRules, limit: int) -> None:
        self._tokenizers = tokenizers
        self._rules = rules
        self._limit = limit

    def segments(self, texts: Sequence[str]) -> list[Segment]:
        """Return the segments of normalised lines; blank and copied ones have none."""
        searched = [(index, text) for index, text in enumerate(texts) if text and not self._rules.is_copied(text)]
        read = [self._rules.read(text) for _, text in searched]
        tokens = self._tokenizers.source.encode_all([form for form, _ in read])
        segments = []
        for (index, text), (form, restore), ids in zip(searched, read, tokens, strict=True):
            pieces = self._rules.pieces(text, len(ids), self._limit, self._size)
            if len(pieces) == 1 and ids:
                required = self._rules.required(text)
                segments.append(Segment(index, ids, 0, "", restore, self._places(text, form), required))
            elif ids:
                segments += self._cut_segments(index, text, pieces)
        return segments

    def _cut_segments(self, index: int, text: str, pieces: list[tuple[int, int]]) -> Iterator[Segment]:
        words = 0
        for start, end in pieces:
            # White space at the very end is no space between pieces, but part of the last one.
            piece = text[start:end] if end == len(text) else text[start:end].rstrip() or text[start:end]
            space = text[start + len(piece) : end]
            if self._rules.is_copied(piece):
                yield Segment(index, [], words, space, partial(_instead, piece))
            else:
                form, restore = self._rules.read(piece)
                ids = self._tokenizers.source.encode(form)[: self._limit]
                yield Segment(index, ids, words, space, restore, self._places(piece, form), self._rules.required(piece))
            words += text.count(" ", start, end)

    def _size(self, text: str) -> int:
        return len(self._tokenizers.source.encode(self._rules.read(text)[0]))

    def raw_text(self, segment: Segment, hypothesis: Hypothesis) -> str:
        """Return the text of a hypothesis as the model said it."""
        return normalize(segment.restore(normalize(self._tokenizers.target.decode(hypothesis.tokens))))

    def text(self, segment: Segment, hypothesis: Hypothesis) -> str:
        """Return the text of a hypothesis, with all placeholders of the segment."""
        text = self.raw_text(segment, hypothesis)
        inserted = self.repaired(segment, hypothesis, text)
        return text if inserted is None else inserted.text

    def repaired(self, segment: Segment, hypothesis: Hypothesis, text: str) -> Inserted | None:
        """Return the repaired text of a hypothesis, or None if it has all placeholders by itself."""
        required = segment.required
        if required is None or not segment.is_repaired or required.is_met(text):
            return None
        links = None if hypothesis.attention is None else list(self.links(segment, hypothesis))
        return insert(required, text, links)

    def links(self, segment: Segment, hypothesis: Hypothesis) -> Iterator[tuple[int, int]]:
        """Yield pairs (word of the segment, word of the hypothesis before repair)."""
        tokenizers, places = (self._tokenizers.source, self._tokenizers.target), segment.places
        for i, j in spaced_links(tokenizers, segment.tokens, hypothesis.tokens, hypothesis.attention or ()):
            yield (i if places is None else places[min(i, len(places) - 1)]), j

    def _places(self, text: str, form: str) -> list[int] | None:
        """Return `Segment.places` of a text and what the model reads for it; a word may be read as several."""
        if form.count(" ") == text.count(" "):
            return None
        words = text.split(" ")
        return [place for place, word in enumerate(words) for _ in self._rules.read(word)[0].split()] or [0]


def _instead(text: str, _: str) -> str:
    """Return ``text`` in the place of a translation."""
    return text
