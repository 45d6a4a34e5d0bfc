"""Makes the segments of lines, and reads hypotheses of them as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import accumulate

from transformer_cli.data.tokens.tokenizer import TokenizerPair
from transformer_cli.decoding.hypothesis import Hypothesis
from transformer_cli.decoding.placeholders.insertion import Inserted, insert
from transformer_cli.decoding.segments.segment import Segment
from transformer_cli.decoding.text_rules import ReadText, TextRules
from transformer_cli.decoding.word_alignment import spaced_links
from transformer_cli.documents.words import is_unspaced
from transformer_cli.text.normalization import normalize
from transformer_cli.text.protected import has_words
from transformer_cli.text.sentences import without_space_behind

_LEAST_LENGTH = 0.75
_MAY_TOUCH = frozenset(["", *" .,;:!?…)»”’\"'"])


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

    def segments(self, texts: Sequence[str], *, is_begun: bool = False) -> list[Segment]:
        """Return the segments of normalised lines; blank and copied ones have none.

        Args:
            texts: The lines.
            is_begun: Whether the beginning of the translations is given; then they are not repaired.
        """
        searched = [(index, text) for index, text in enumerate(texts) if text and not self._rules.is_copied(text)]
        read = [self._rules.read(text, is_begun=is_begun) for _, text in searched]
        tokens = self._tokenizers.source.encode_all([each.form for each in read])
        segments = []
        for (index, text), form, ids in zip(searched, read, tokens, strict=True):
            pieces = self._rules.pieces(text, len(ids), self._limit, self.size)
            if len(pieces) == 1 and ids:
                required = self._rules.required(text)
                places = self._places(text, form)
                segments.append(Segment(index, ids, 0, "", form.restore, form.quotes, places, required, not is_begun))
            elif ids:
                segments += self._cut_segments(index, text, pieces, is_begun)
        return segments

    def _cut_segments(self, index: int, text: str, pieces: list[tuple[int, int]], is_begun: bool) -> Iterator[Segment]:
        words = 0
        for start, end in pieces:
            # White space at the very end is no space between pieces, but part of the last one.
            piece = text[start:end] if end == len(text) else without_space_behind(text[start:end]) or text[start:end]
            space = text[start + len(piece) : end]
            if self._rules.is_copied(piece):
                yield Segment(index, [], words, space, partial(_instead, self._rules.copied(piece)))
            else:
                form = self._rules.read(piece, is_begun=is_begun)
                ids = self._tokenizers.source.encode(form.form)[: self._limit]
                places, required = self._places(piece, form), self._rules.required(piece)
                yield Segment(index, ids, words, space, form.restore, form.quotes, places, required, not is_begun)
            words += text.count(" ", start, end)

    def size(self, text: str) -> int:
        """Return the number of tokens that the model reads for a normalised text."""
        return len(self._tokenizers.source.encode(self._rules.read(text).form))

    def raw_text(self, segment: Segment, hypothesis: Hypothesis) -> str:
        """Return the text of a hypothesis as the model said it."""
        before, behind = segment.quotes
        said = segment.restore(normalize(self._tokenizers.target.decode(hypothesis.tokens)))
        return normalize(f"{before}{said}{behind}")

    def text(self, segment: Segment, hypothesis: Hypothesis) -> str:
        """Return the text of a hypothesis, with all placeholders of the segment."""
        text = self.raw_text(segment, hypothesis)
        inserted = self.repaired(segment, hypothesis, text)
        text = text if inserted is None else inserted.text
        if segment.required is None or not segment.is_repaired or self._rules.glossary is None:
            return text
        return segment.required.with_capitals(text, self._rules.glossary.language)

    def repaired(self, segment: Segment, hypothesis: Hypothesis, text: str) -> Inserted | None:
        """Return the repaired text of a hypothesis, or None if it has all placeholders by itself."""
        required = segment.required
        if required is None or not segment.is_repaired or required.is_met(text):
            return None
        links = None if hypothesis.attention is None else list(self.links(segment, hypothesis))
        return insert(required, text, links)

    def beginning(self, segment: Segment, hypothesis: Hypothesis) -> tuple[int, ...] | None:
        """Return the tokens of a hypothesis, repaired, up to the last placeholder that was inserted into it.

        None if nothing was inserted, if the model has no tokens for it, or if what the model says is not yet the text:
        it says symbols, or its translation is set in capitals or in quotation marks. None as well if there are terms:
        the words whose place a term took might be said again. And None without words before the placeholder: there is
        nothing to be gone on with, and a model that does not know the placeholder would lose its way.
        """
        target, text = self._tokenizers.target, self.raw_text(segment, hypothesis)
        inserted = self.repaired(segment, hypothesis, text)
        if inserted is None or segment.required is None or self._rules.symbols is not None:
            return None
        beginning = inserted.text[: inserted.end]
        tokens = tuple(target.encode(beginning))
        has_terms = any(each.is_term for each in segment.required.placeholders)
        is_said = normalize(target.decode(hypothesis.tokens)) == text and normalize(target.decode(tokens)) == beginning
        return tokens if is_said and has_words(beginning) and not has_terms else None

    def says_as_much(self, segment: Segment, hypothesis: Hypothesis, repaired: Hypothesis) -> bool:
        """Return whether a hypothesis is not much shorter than another one that was repaired.

        After a placeholder that it does not know, a model may end the sentence.
        """
        most = len(self.text(segment, repaired))
        return len(self.raw_text(segment, hypothesis)) >= _LEAST_LENGTH * most

    def is_apart(self, segment: Segment, hypothesis: Hypothesis, given: Sequence[int]) -> bool:
        """Return whether what follows the ``given`` tokens of a hypothesis does not touch the placeholder at their end.

        A bracket or a letter would change what a program reads there.
        """
        beginning, text = normalize(self._tokenizers.target.decode(given)), self.raw_text(segment, hypothesis)
        following = text[len(beginning) : len(beginning) + 1]
        return text.startswith(beginning) and (following in _MAY_TOUCH or is_unspaced(following))

    def links(self, segment: Segment, hypothesis: Hypothesis) -> Iterator[tuple[int, int]]:
        """Yield pairs (word of the segment, word of the hypothesis before repair)."""
        tokenizers, places = (self._tokenizers.source, self._tokenizers.target), segment.places
        words = normalize(self._tokenizers.target.decode(hypothesis.tokens)).split(" ")
        restored = [segment.restore(word) for word in words]
        # A symbol can stand for several words, or for none.
        counts = (word.count(" ") + 1 if word else 0 for word in restored)
        firsts = [*accumulate(counts, initial=segment.quotes[0].count(" "))]
        for i, j in spaced_links(tokenizers, segment.tokens, hypothesis.tokens, hypothesis.attention or ()):
            if restored[j]:
                yield (i if places is None else places[min(i, len(places) - 1)]), firsts[j]

    def _places(self, text: str, read: ReadText) -> list[int] | None:
        """Return `Segment.places` of a text and what the model reads for it; a word may be read as several."""
        opening, closing = read.taken_off
        inside = text[len(opening) : len(text) - len(closing)]
        place = opening.count(" ")
        if not place and read.form.count(" ") == inside.count(" "):
            return None
        places: list[int] = []
        for word in self._words(inside, read.form):
            # As in a text that is begun, no quotation marks are taken off: those of a word are not around the line.
            places += [place] * len(self._rules.read(word, is_begun=True).form.split())
            place += word.count(" ") + 1
        return places or [place]

    def _words(self, text: str, form: str) -> Iterator[str]:
        """Yield the words of a text; a placeholder that the model reads as something else is in one of them."""
        read_as_other = [range(start, end) for start, end in self._rules.read_as_other(text, form)]
        first = 0
        for place, character in enumerate(text):
            if character == " " and not any(place in span for span in read_as_other):
                yield text[first:place]
                first = place + 1
        yield text[first:]


def _instead(text: str, _: str) -> str:
    """Return ``text`` in the place of a translation."""
    return text
