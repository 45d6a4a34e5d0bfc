"""The engine that computes with CTranslate2, from a model that was exported to it. No torch here.

Its search is that of `beam_search` but for the longest length, which it takes for a whole batch, and where it returns
hypotheses without end while ours lets nothing but eos follow. This module makes up for both. Two differences are left:
of a source whose translations come to the longest length, the best is the same, the next best may be others; and where
there is a least length, eos is left out before probabilities are normalised, not after it, so that scores are higher.
If the least length is the longest as well, another token may end the translation, and is left out here.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
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

_BATCHES_UNDER_WAY = 3
"""For each worker, so that none waits. The library ends all that it was given before the process can end, and a window
may take minutes."""

_SIDES = ("source", "target")

_NO_PENALTY = 1e-30  # n ** this is 1, but with 0 a search goes on until the best of its beam has ended, too


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
        again, open_ended = [], []
        for i, longest, result in self._search_once(self._batches(sources), sources, options.min_length):
            own_longest, hypotheses = self._longest(sources[i]), result.hypotheses
            has_all = longest == own_longest and _is_fixed(longest, options.min_length)
            # All are looked at: the best one may be whole though the search was broken off.
            if has_all or all(pieces[-1] == self._eos and len(pieces) < own_longest for pieces in hypotheses):
                found[i] = self._best(hypotheses, result.scores, options.n_best)
            else:
                again.append(i)
        batches = _of_equal_length(again, sources)
        for i, longest, result in self._search_once(batches, sources, options.min_length, keep_all=True):
            if _is_fixed(longest, options.min_length):
                found[i] = self._best(result.hypotheses, result.scores, options.n_best)
            else:
                open_ended.append((i, result))
        found.update(self._end(open_ended, sources))
        return [found[i][: options.n_best] for i in range(len(sources))]

    def _search_once(
        self,
        batches: Iterable[list[int]],
        sources: Sequence[Sequence[int]],
        min_length: int,
        *,
        keep_all: bool = False,
    ) -> Iterator[tuple[int, int, Any]]:
        """Search up to one token before the longest length; some batches are under way before one is waited for.

        Where translations cannot end sooner, the search goes on to the longest length itself.

        Args:
            batches: Indices of sources.
            sources: All of them.
            min_length: Tokens that a translation has at least, eos included.
            keep_all: Of sources that come to the longest length: return what ended before as well as what did not.
                Else the best of both are returned, as many as the beam is wide.

        Yields:
            Index of a source, longest length of its batch, CTranslate2's result.
        """
        # A patience of 2 lets a search go on until twice as many have ended, which these do not.
        patience = 2 if keep_all and self._config.beam_size > 1 else 1
        pending: deque[list[tuple[int, int, Any]]] = deque()
        for indices in batches:
            longest = max(self._longest(sources[i]) for i in indices)
            max_length = longest if _is_fixed(longest, min_length) else max(1, longest - 1)
            results = self._translator.translate_batch(
                [self._pieces(sources[i]) for i in indices],
                asynchronous=True,
                beam_size=self._config.beam_size,
                num_hypotheses=patience * self._config.beam_size,
                patience=patience,
                length_penalty=self._config.length_penalty or _NO_PENALTY,
                max_input_length=0,
                max_decoding_length=max_length,
                min_decoding_length=min(min_length - 1, max_length),
                return_scores=True,
                return_end_token=True,
            )
            pending.append([(i, longest, result) for i, result in zip(indices, results, strict=True)])
            if len(pending) == _BATCHES_UNDER_WAY * self._threads:
                yield from _waited_for(pending.popleft())
        for batch in pending:
            yield from _waited_for(batch)

    def _batches(self, sources: Sequence[Sequence[int]]) -> Iterator[list[int]]:
        """Yield indices, longest sources first, so that at the end no worker waits long; each gets something to do."""
        order = sorted(range(len(sources)), key=lambda i: -len(sources[i]))
        size = max(1, min(_BATCH_SENTENCES, -(-len(order) // self._threads)))
        for first in range(0, len(order), size):
            yield order[first : first + size]

    def _longest(self, source: Sequence[int]) -> int:
        """Return the most tokens of a translation of ``source``, eos included."""
        return min(longest_translation(self._config, source), self._num_positions)

    def _pieces(self, source: Sequence[int]) -> list[str]:
        return [self._source_pieces[token] for token in source]

    def _best(self, hypotheses: list[list[str]], scores: list[float], count: int) -> list[Hypothesis]:
        """Return the first ones; CTranslate2 gives the best first."""
        return [self._hypothesis(*pair) for pair in zip(hypotheses[:count], scores[:count], strict=True)]

    def _hypothesis(self, pieces: Sequence[str], score: float) -> Hypothesis:
        """Return what CTranslate2 found; its scores are normalised as ours, eos counted."""
        log_prob = score * len(pieces) ** self._config.length_penalty
        return Hypothesis(tuple(self._target_ids[piece] for piece in pieces[:-1]), score, log_prob)

    def _end(
        self, open_ended: list[tuple[int, Any]], sources: Sequence[Sequence[int]]
    ) -> Iterator[tuple[int, list[Hypothesis]]]:
        """Yield (index of a source, its hypotheses), those without end ended by eos with the probability it has there.

        Args:
            open_ended: Indices of sources and what was found up to one token before their longest length.
            sources: All of them.
        """
        targets = {i: [pieces for pieces in result.hypotheses if pieces[-1] != self._eos] for i, result in open_ended}
        targets.update({i: [[]] for i in targets if self._longest(sources[i]) == 1})
        flat = [(i, pieces) for i, found in targets.items() for pieces in found]
        scored = self._translator.score_batch(
            [self._pieces(sources[i]) for i, _ in flat],
            [pieces for _, pieces in flat],
            max_input_length=0,
            max_batch_size=_BATCH_SENTENCES,
        )
        ended: dict[int, list[Hypothesis]] = {i: [] for i in targets}
        for i, result in open_ended:
            pairs = zip(result.hypotheses, result.scores, strict=True)
            whole = [pair for pair in pairs if pair[0][-1] == self._eos and self._longest(sources[i]) > 1]
            ended[i] = [self._hypothesis(*pair) for pair in whole]
        for (i, pieces), result in zip(flat, scored, strict=True):
            log_prob = sum(result.log_probs)
            score = log_prob / (len(pieces) + 1) ** self._config.length_penalty
            ended[i].append(Hypothesis(tuple(self._target_ids[piece] for piece in pieces), score, log_prob))
        for i, hypotheses in ended.items():
            yield i, sorted(hypotheses, key=lambda hypothesis: -hypothesis.score)


def what_is_missing(options: SearchOptions) -> str | None:
    """Return what of ``options`` this engine does not do, as words that follow "cannot"; None if it does it all."""
    if options.sampling is not None:
        return "draw samples"
    if options.with_alignment:
        return "align words"
    if options.prefix:
        return "begin translations with a prefix"
    return None


def _is_fixed(longest: int, min_length: int) -> bool:
    """Say whether translations can have one length only, because a least one was asked for."""
    return 1 < longest <= min_length


def _waited_for(batch: list[tuple[int, int, Any]]) -> Iterator[tuple[int, int, Any]]:
    for i, longest, result in batch:
        yield i, longest, result.result()


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
