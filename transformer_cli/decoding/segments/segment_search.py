"""Searches the translations of segments, and again where the best one lacks placeholders of its segment."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial

from transformer_cli.decoding.engine import Engine, SearchOptions
from transformer_cli.decoding.hypothesis import Hypothesis
from transformer_cli.decoding.segments.segment import Segment
from transformer_cli.decoding.segments.segment_reader import SegmentReader

_NO_SEARCH = Hypothesis((), 0.0, 0.0)
"""Stands for the translation of a segment that is copied."""


class SegmentSearch:
    """Searches the translations of segments.

    Where the best translation lacks placeholders, or has too many, the best of the beam that has them takes its place.
    If there is none, the best one is repaired up to the last placeholder that is inserted, and what follows is searched
    again. If that does not have all either, the best one stays, and `SegmentReader.text` repairs it.

    Args:
        engine: Engine that searches.
        reader: Reads hypotheses.
    """

    def __init__(self, engine: Engine, reader: SegmentReader) -> None:
        self._engine = engine
        self._reader = reader

    def search(
        self, segments: Sequence[Segment], options: SearchOptions, prefix: tuple[int, ...] = ()
    ) -> list[list[Hypothesis]]:
        """Return the hypotheses of each segment, in order, those with its placeholders first.

        Args:
            segments: Segments, those of a line next to each other.
            options: Options of the search.
            prefix: Token ids at the beginning of the translation of each line.
        """
        searched = [i for i, segment in enumerate(segments) if segment.tokens]
        # Only the first segment of a line begins with the prefix.
        first = {segments[i].line: i for i in reversed(searched)} if prefix else {}
        prefixes = dict.fromkeys(first.values(), prefix)
        hypotheses = {i: [_NO_SEARCH] for i in range(len(segments))}
        hypotheses.update(self._search(segments, searched, options, prefixes))
        failing = [i for i in searched if self._lacks_some(segments[i], hypotheses[i][0])]
        if failing and options.sampling is None:
            hypotheses.update(self._search_again(segments, {i: hypotheses[i] for i in failing}, options, prefixes))
        for i in searched:
            if len(hypotheses[i]) > 1:
                complete_first = sorted(hypotheses[i], key=partial(self._lacks_some, segments[i]))
                hypotheses[i] = complete_first[: options.n_best]
        return list(hypotheses.values())

    def _search(
        self,
        segments: Sequence[Segment],
        which: Collection[int],
        options: SearchOptions,
        prefixes: Mapping[int, tuple[int, ...]],
    ) -> dict[int, list[Hypothesis]]:
        """Return the hypotheses of the segments with some indices."""
        found: dict[int, list[Hypothesis]] = {}
        # Searched apart, because an engine that has to leave given beginnings to another can do the others itself.
        for indices in ([i for i in which if i in prefixes], [i for i in which if i not in prefixes]):
            sources = [[*segments[i].language, *segments[i].tokens] for i in indices]
            given = [prefixes[i] for i in indices if i in prefixes]
            answers = self._engine.search(sources, options, given) if indices else []
            for i, answer in zip(indices, answers, strict=True):
                found[i] = [each.without_beginning(len(segments[i].language)) for each in answer]
        return found

    def _search_again(
        self,
        segments: Sequence[Segment],
        failing: dict[int, list[Hypothesis]],
        options: SearchOptions,
        prefixes: Mapping[int, tuple[int, ...]],
    ) -> dict[int, list[Hypothesis]]:
        """Return more hypotheses of segments whose best one is not complete."""
        hypotheses = dict(failing)
        wider = replace(options, n_best=max(options.n_best, options.beam_size or self._engine.beam_size))
        if wider != options:
            hypotheses.update(self._search(segments, failing, wider, prefixes))
        if not self._engine.can_align:
            return hypotheses
        # Attention is costly, and only what is to be repaired needs it.
        if not options.with_attention:
            hopeless = self._hopeless(segments, hypotheses)
            hypotheses.update(self._search(segments, hopeless, replace(options, with_attention=True), prefixes))
        best = {i: hypotheses[i][0] for i in self._hopeless(segments, hypotheses)}
        for i, continued in self._continued(segments, best, options).items():
            hypotheses[i] = [continued, *hypotheses[i]]
        return hypotheses

    def _hopeless(self, segments: Sequence[Segment], hypotheses: Mapping[int, list[Hypothesis]]) -> list[int]:
        """Return the indices of the segments that have placeholders to insert and no complete hypothesis."""
        return [
            i
            for i, each in hypotheses.items()
            if segments[i].is_repaired and all(self._lacks_some(segments[i], one) for one in each)
            if (required := segments[i].required) is not None and required.placeholders
        ]

    def _continued(
        self, segments: Sequence[Segment], hypotheses: Mapping[int, Hypothesis], options: SearchOptions
    ) -> dict[int, Hypothesis]:
        """Return complete hypotheses that begin as others do that were repaired, as far as there are any."""
        beginnings = {i: self._reader.beginning(segments[i], each) for i, each in hypotheses.items()}
        prefixes = {i: tokens for i, tokens in beginnings.items() if tokens}
        found = self._search(segments, prefixes, replace(options, n_best=1), prefixes)
        return {
            i: best
            for i, (best, *_) in found.items()
            if not self._lacks_some(segments[i], best)
            and self._reader.is_apart(segments[i], best, prefixes[i])
            and self._reader.says_as_much(segments[i], best, hypotheses[i])
        }

    def _lacks_some(self, segment: Segment, hypothesis: Hypothesis) -> bool:
        required = segment.required
        return required is not None and not required.is_met(self._reader.raw_text(segment, hypothesis))
