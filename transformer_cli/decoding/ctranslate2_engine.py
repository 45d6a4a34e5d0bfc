"""The engine that runs an exported model with CTranslate2. This module does not import torch.

Its search is that of `beam_search`, with one difference: CTranslate2 does not add eos to a hypothesis that reaches the
maximum length. The score of such a hypothesis lacks that of eos, so it may rank differently.
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
from transformer_cli.data.tokens.length_batches import batches_by_length
from transformer_cli.decoding.engine import Prefixes, Sampling, SearchOptions, check_search, longest_translation
from transformer_cli.decoding.hypothesis import Hypothesis
from transformer_cli.errors import DamagedFileError, UsageError
from transformer_cli.special_tokens import EOS_ID, UNK_ID

_BATCH_SENTENCES = 32
"""Sentences in a batch. Larger batches exceed the processor's caches and wait longer for their longest sentence."""

_BATCHES_UNDER_WAY = 3
"""Number of batches queued for each worker, so that none waits. The library finishes all queued batches before the
process can exit, and a whole window may take minutes."""

_SIDES = ("source", "target")

_NO_PENALTY = 1e-30  # n ** 1e-30 is 1; with 0, a search would continue until the best of its beam has also ended


class CTranslate2Engine:
    """Searches with an exported model on the CPU; see `Engine`.

    Args:
        folder: Folder written by `interchange.ctranslate2`.
        config: ``[decoding]``.
        max_length: Number of tokens of the longest source, eos included.
        num_positions: Number of tokens of the longest translation, bos and eos included.
        threads: Number of batches computed in parallel, with one thread each. Two workers with one thread are about 1.5
            times as fast as one worker with two.
        compute_type: CTranslate2's name for the type of the products; "default" is that of the export.

    Raises:
        DamagedFileError: The exported model is damaged.
    """

    def __init__(
        self,
        folder: Path,
        config: DecodingConfig,
        *,
        max_length: int,
        num_positions: int,
        threads: int,
        compute_type: str = "default",
    ) -> None:
        self._config = config
        self._max_length = max_length
        self._num_positions = num_positions
        self._threads = threads
        try:
            self._translator = ctranslate2.Translator(
                str(folder),
                device="cpu",
                compute_type=compute_type,
                inter_threads=threads,
                intra_threads=1,
                max_queued_batches=-1,
            )
            self._source_pieces, target_pieces = _read_vocabularies(folder)
        except (RuntimeError, ValueError, OSError) as error:
            raise DamagedFileError(f"{folder} is damaged: {str(error).splitlines()[0]}") from None
        self._target_ids = {piece: token for token, piece in enumerate(target_pieces)}
        self._eos, self._unknown = target_pieces[EOS_ID], target_pieces[UNK_ID]

    @property
    def limit(self) -> int:
        """See `Engine.limit`."""
        return self._max_length - 1  # eos needs a place

    @property
    def beam_size(self) -> int:
        """See `Engine.beam_size`."""
        return self._config.beam_size

    @property
    def can_align(self) -> bool:
        """See `Engine.can_align`."""
        return False

    def unsupported(self, options: SearchOptions, prefixes: Prefixes = ()) -> str | None:
        """Return the first option that this engine does not support, as `unsupported_option` does."""
        return unsupported_option(
            sampling=options.sampling, with_alignment=options.with_attention, has_prefix=any(prefixes)
        )

    def close(self) -> None:
        """See `Engine.close`."""
        self._translator.unload_model()

    def search(
        self, sources: Sequence[Sequence[int]], options: SearchOptions, prefixes: Prefixes = ()
    ) -> list[list[Hypothesis]]:
        """See `Engine.search`."""
        unsupported = self.unsupported(options, prefixes)
        if unsupported is not None:
            raise UsageError(f"the ctranslate2 engine cannot {unsupported}; the torch engine can")
        width = options.beam_size or self._config.beam_size
        check_search(beam_size=width, length_penalty=self._config.length_penalty, n_best=options.n_best)
        hypotheses: dict[int, list[Hypothesis]] = {}
        cut_short, unknown = [], []
        for i, longest, result in self._search_batches(self._batches(sources), sources, width):
            # CTranslate2 has one maximum length for a batch. The other sources have no effect if it equals this
            # source's own maximum, or if all hypotheses of the beam end before both.
            if longest != self._longest(sources[i]) and not self._all_end_before(self._longest(sources[i]), result):
                cut_short.append(i)
            elif self._has_unknown(result):
                unknown.append(i)
            else:
                hypotheses[i] = self._hypotheses(result, options.n_best)
        for i, _, result in self._search_batches(_of_equal_length(cut_short, sources), sources, width):
            if self._has_unknown(result):
                unknown.append(i)
            else:
                hypotheses[i] = self._hypotheses(result, options.n_best)
        # Told not to predict the unknown token, CTranslate2 gives the others its probability, which other searches do
        # not; so only sources whose beam holds it are searched so.
        for i, _, result in self._search_batches(_of_equal_length(unknown, sources), sources, width, disable_unk=True):
            hypotheses[i] = self._hypotheses(result, options.n_best)
        return [hypotheses[i] for i in range(len(sources))]

    def log_probs(self, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[str]]) -> list[list[float]]:
        """Return the log-probabilities of each target's tokens and of the eos after them, given its source.

        Args:
            sources: As for `search`.
            targets: Subwords as text.
        """
        results = self._translator.score_batch(
            [self._pieces(source) for source in sources],
            [list(target) for target in targets],
            max_input_length=0,
            max_batch_size=_BATCH_SENTENCES,
        )
        return [result.log_probs for result in results]

    def with_unknown(self, sources: Sequence[Sequence[int]]) -> set[int]:
        """Return the indices of the sources that `search`, with its own settings, searches without the unknown token.

        Args:
            sources: As for `search`.
        """
        found = self._search_batches(_of_equal_length(range(len(sources)), sources), sources, self._config.beam_size)
        return {i for i, _, result in found if self._has_unknown(result)}

    def _search_batches(
        self,
        batches: Iterable[list[int]],
        sources: Sequence[Sequence[int]],
        width: int,
        *,
        disable_unk: bool = False,
    ) -> Iterator[tuple[int, int, Any]]:
        """Search batches of indices of ``sources`` with a beam of ``width``, keeping several batches queued.

        Yields:
            Index of a source, maximum length of its batch, CTranslate2's result.
        """
        pending: deque[list[tuple[int, int, Any]]] = deque()
        for indices in batches:
            longest = max(self._longest(sources[i]) for i in indices)
            results = self._translator.translate_batch(
                [self._pieces(sources[i]) for i in indices],
                asynchronous=True,
                beam_size=width,
                num_hypotheses=width,
                length_penalty=self._config.length_penalty or _NO_PENALTY,
                max_input_length=0,
                max_decoding_length=max(1, longest - 1),  # eos needs a place
                min_decoding_length=0,
                return_scores=True,
                return_end_token=True,
                disable_unk=disable_unk,
            )
            pending.append([(i, longest, result) for i, result in zip(indices, results, strict=True)])
            if len(pending) == _BATCHES_UNDER_WAY * self._threads:
                yield from _waited_for(pending.popleft())
        for batch in pending:
            yield from _waited_for(batch)

    def _batches(self, sources: Sequence[Sequence[int]]) -> list[list[int]]:
        """Return batches of indices, longest sources first, enough for every worker, with a short wait at the end."""
        size = min(_BATCH_SENTENCES, -(-len(sources) // self._threads))
        return list(batches_by_length(list(map(len, sources)), max_sentences=size))[::-1]

    def _longest(self, source: Sequence[int]) -> int:
        """Return the largest number of tokens of a translation of ``source``, eos included."""
        return min(longest_translation(self._config, source), self._num_positions)

    def _pieces(self, source: Sequence[int]) -> list[str]:
        return [self._source_pieces[token] for token in source]

    def _all_end_before(self, longest: int, result: Any) -> bool:
        return all(pieces[-1] == self._eos and len(pieces) < longest for pieces in result.hypotheses)

    def _has_unknown(self, result: Any) -> bool:
        return any(self._unknown in pieces for pieces in result.hypotheses)

    def _hypotheses(self, result: Any, n_best: int) -> list[Hypothesis]:
        """Return CTranslate2's ``n_best`` hypotheses, best first; its scores count eos in the length, as ours do."""
        pairs = zip(result.hypotheses[:n_best], result.scores[:n_best], strict=True)
        return [
            Hypothesis(
                tuple(self._target_ids[piece] for piece in pieces if piece != self._eos),
                score,
                score * len(pieces) ** self._config.length_penalty,
            )
            for pieces, score in pairs
        ]


def unsupported_option(*, sampling: Sampling | None, with_alignment: bool, has_prefix: bool) -> str | None:
    """Return the first unsupported option, in words that follow "cannot", or None if all are supported."""
    if sampling is not None:
        return "draw samples"
    if with_alignment:
        return "align words"
    if has_prefix:
        return "begin translations with a prefix"
    return None


def _waited_for(batch: list[tuple[int, int, Any]]) -> Iterator[tuple[int, int, Any]]:
    for i, longest, result in batch:
        yield i, longest, result.result()


def _of_equal_length(indices: Sequence[int], sources: Sequence[Sequence[int]]) -> Iterator[list[int]]:
    by_length = sorted(indices, key=lambda i: len(sources[i]))
    for _, group in groupby(by_length, key=lambda i: len(sources[i])):
        yield list(group)


def _read_vocabularies(folder: Path) -> tuple[list[str], list[str]]:
    """Return the pieces of the source and target vocabularies, indexed by token id."""
    shared = folder / "shared_vocabulary.json"
    paths = [shared, shared] if shared.exists() else [folder / f"{side}_vocabulary.json" for side in _SIDES]
    source, target = (json.loads(path.read_bytes()) for path in paths)
    return source, target
