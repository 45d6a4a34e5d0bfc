"""The engine that computes with CTranslate2, from a model that was exported to it. No torch here.

Its search is that of `beam_search` but for the longest length, which it takes for a whole batch, and where it returns
hypotheses without end while ours lets nothing but eos follow. This module makes up for both, with one difference left:
of a source whose translations come to the longest length, the best is the same, the next best may be others.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import ctranslate2

from transformer_cli.config import DecodingConfig
from transformer_cli.decoding.engine import SearchOptions, check_search, longest_translation
from transformer_cli.decoding.hypothesis import Hypothesis
from transformer_cli.errors import DamagedFileError, UsageError
from transformer_cli.special_tokens import EOS_ID

_BATCH_SENTENCES = 32
"""Larger batches fall out of the processor's caches, and more of their sentences wait for the longest."""

_SIDES = ("source", "target")

_NO_PENALTY = 1e-30  # n ** this is 1, but unlike 0 it lets the search go on until it has seen every candidate


class CTranslate2Engine:
    """Searches with an exported model on the CPU; see `Engine`.

    Args:
        folder: What `exporting.ctranslate2` wrote.
        config: ``[decoding]``.
        max_length: Tokens of the longest source, eos included.
        num_positions: Tokens of the longest translation, bos and eos included.
        threads: How many batches are computed side by side, with one thread each: two workers with one thread search
            half as fast again as one with two.

    Raises:
        DamagedFileError: The exported model is not whole.
    """

    def __init__(
        self, folder: Path, config: DecodingConfig, *, max_length: int, num_positions: int, threads: int
    ) -> None:
        self._config = config
        self._max_length = max_length
        self._num_positions = num_positions
        self._threads = threads
        try:
            self._translator = ctranslate2.Translator(
                str(folder), device="cpu", inter_threads=threads, intra_threads=1, max_queued_batches=-1
            )
            self._source_pieces, target_pieces = _read_vocabularies(folder)
        except (RuntimeError, ValueError, OSError) as error:
            raise DamagedFileError(f"{folder} is damaged: {str(error).splitlines()[0]}") from None
        self._target_ids = {piece: token for token, piece in enumerate(target_pieces)}
        self._eos = target_pieces[EOS_ID]

    @property
    def limit(self) -> int:
        """See `Engine.limit`."""
        return self._max_length - 1  # eos needs a place

    def search(self, sources: Sequence[Sequence[int]], options: SearchOptions) -> list[list[Hypothesis]]:
        """See `Engine.search`."""
        missing = what_is_missing(options)
        if missing is not None:
            raise UsageError(f"the ctranslate2 engine cannot {missing}; --engine torch can")
        check_search(
            beam_size=self._config.beam_size, length_penalty=self._config.length_penalty, n_best=options.n_best
        )
        found: dict[int, list[Hypothesis]] = {}
        at_bound = []
        for i, result in self._first_search(sources):
            # All are looked at, the best one may be whole though the search was broken off.
            if all(self._is_whole(pieces, sources[i]) for pieces in result.hypotheses):
                pairs = list(zip(result.hypotheses, result.scores, strict=True))[: options.n_best]
                found[i] = [self._hypothesis(*pair) for pair in pairs]
            else:
                at_bound.append(i)
        for indices in _of_equal_length(at_bound, sources):
            again = self._search_to_the_bound([sources[i] for i in indices])
            found.update(zip(indices, (hypotheses[: options.n_best] for hypotheses in again), strict=True))
        return [found[i] for i in range(len(sources))]

    def _first_search(self, sources: Sequence[Sequence[int]]) -> list[tuple[int, Any]]:
        """Return (index of a source, CTranslate2's result); all batches are under way before one is waited for."""
        pending: list[tuple[int, Any]] = []
        for indices in self._batches(sources):
            longest = self._longest(sources[indices[-1]])
            pending.extend(zip(indices, self._start([sources[i] for i in indices], longest - 1), strict=True))
        return [(i, result.result()) for i, result in pending]

    def _batches(self, sources: Sequence[Sequence[int]]) -> Iterator[list[int]]:
        """Yield indices, shortest sources first; each worker gets something to do."""
        order = sorted(range(len(sources)), key=lambda i: len(sources[i]))
        size = max(1, min(_BATCH_SENTENCES, -(-len(order) // self._threads)))
        for first in range(0, len(order), size):
            yield order[first : first + size]

    def _longest(self, source: Sequence[int]) -> int:
        """Return the most tokens of a translation of ``source``, eos included."""
        return min(longest_translation(self._config, source), self._num_positions)

    def _is_whole(self, pieces: Sequence[str], source: Sequence[int]) -> bool:
        return pieces[-1] == self._eos and len(pieces) < self._longest(source)

    def _start(self, sources: Sequence[Sequence[int]], max_length: int) -> list[Any]:
        results: list[Any] = self._translator.translate_batch(
            self._pieces(sources),
            asynchronous=True,
            beam_size=self._config.beam_size,
            num_hypotheses=self._config.beam_size,
            length_penalty=self._config.length_penalty or _NO_PENALTY,
            max_input_length=0,
            max_decoding_length=max(1, max_length),
            min_decoding_length=0,
            return_scores=True,
            return_end_token=True,
        )
        return results

    def _pieces(self, sources: Sequence[Sequence[int]]) -> list[list[str]]:
        return [[self._source_pieces[token] for token in source] for source in sources]

    def _hypothesis(self, pieces: Sequence[str], score: float) -> Hypothesis:
        """Return what CTranslate2 found; its scores are normalised as ours, eos counted."""
        log_prob = score * len(pieces) ** self._config.length_penalty
        return Hypothesis(tuple(self._target_ids[piece] for piece in pieces[:-1]), score, log_prob)

    def _search_to_the_bound(self, sources: Sequence[Sequence[int]]) -> list[list[Hypothesis]]:
        """Search sources of equal length whose translations come to the longest length: there eos has to follow.

        What CTranslate2 finds without end one step before gets its eos here, with the probability that it has there.
        """
        longest = self._longest(sources[0])
        answers = []
        for source, pending in zip(sources, self._start(sources, longest - 1), strict=True):
            result = pending.result()
            found = list(zip(result.hypotheses, result.scores, strict=True))
            ended = [self._hypothesis(pieces, score) for pieces, score in found if pieces[-1] == self._eos]
            open_ended = [pieces for pieces, _ in found if pieces[-1] != self._eos] if longest > 1 else [[]]
            ended += self._end(source, open_ended)
            answers.append(sorted(ended, key=lambda hypothesis: -hypothesis.score))
        return answers

    def _end(self, source: Sequence[int], targets: list[list[str]]) -> Iterator[Hypothesis]:
        """Let eos follow each of ``targets``."""
        scored = self._translator.score_batch(self._pieces([source]) * len(targets), targets, max_input_length=0)
        for pieces, result in zip(targets, scored, strict=True):
            log_prob = sum(result.log_probs)
            score = log_prob / (len(pieces) + 1) ** self._config.length_penalty
            yield Hypothesis(tuple(self._target_ids[piece] for piece in pieces), score, log_prob)


def what_is_missing(options: SearchOptions) -> str | None:
    """Return what of ``options`` this engine does not do, as words that follow "cannot"; None if it does it all."""
    if options.sampling is not None:
        return "draw samples"
    if options.with_alignment:
        return "align words"
    if options.prefix:
        return "begin translations with a prefix"
    return None


def _of_equal_length(indices: Sequence[int], sources: Sequence[Sequence[int]]) -> Iterator[list[int]]:
    by_length = sorted(indices, key=lambda i: len(sources[i]))
    for _, group in groupby(by_length, key=lambda i: len(sources[i])):
        yield list(group)


def _read_vocabularies(folder: Path) -> tuple[list[str], list[str]]:
    """Return the pieces of the source and of the target, by token id."""
    shared = folder / "shared_vocabulary.json"
    paths = [shared, shared] if shared.exists() else [folder / f"{side}_vocabulary.json" for side in _SIDES]
    source, target = (json.loads(path.read_bytes()) for path in paths)
    return source, target
