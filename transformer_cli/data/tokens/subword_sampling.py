"""Subword regularisation: a word is cut into other subwords each time, so that a model learns from all of them.

Of a BPE model merges are left out at random (Provilkov et al. 2020, "BPE-Dropout"); of a unigram model one of the
likeliest segmentations is drawn (Kudo 2018, "Subword Regularization"). SentencePiece has both, but what it draws
differs from process to process, and a training that is taken up again is to end in the same bits as one never stopped.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np

from transformer_cli.data.tokens.tokenizer import Tokenizer
from transformer_cli.text.normalization import normalize

_WAYS = 64
"""Ways to cut one word, as likely as they are and some the same; which one is drawn anew each time."""

_SEGMENTATIONS = 16
_REMEMBERED = 1 << 17
_SPACE = "\u2581"


class SubwordSampler:
    """Cuts sentences into subwords at random.

    Args:
        tokenizer: Knows the subwords.
        strength: Of a BPE model the probability that a merge is left out; of a unigram model the power alpha to which
            the probability of a segmentation is raised: the lower, the more variety.
    """

    def __init__(self, tokenizer: Tokenizer, strength: float) -> None:
        self._processor = processor = tokenizer.processor
        self._strength = strength
        self._scores = {
            processor.id_to_piece(token): processor.get_score(token)
            for token in range(processor.get_piece_size())
            if not (processor.is_control(token) or processor.is_unknown(token) or processor.is_byte(token))
        }
        self._is_unigram = _is_unigram(tokenizer)
        self._way = lru_cache(_REMEMBERED)(self._cut)

    def encode_all(self, texts: Sequence[str], *, seed: Sequence[int]) -> list[list[int]]:
        """Return token ids of each sentence, as `Tokenizer.encode_all` does but for the cuts.

        Args:
            texts: The sentences.
            seed: Numbers of zero or more. They and the sentences decide what is drawn, in any process.
        """
        draws = np.random.default_rng(seed)
        return [self._encode(normalize(text), draws) for text in texts]

    def _encode(self, sentence: str, draws: np.random.Generator) -> list[int]:
        words = sentence.split(" ") if sentence else []
        numbers = draws.integers(_WAYS, size=len(words)).tolist()
        return [token for word, number in zip(words, numbers, strict=True) for token in self._way(word, number)]

    def _cut(self, word: str, number: int) -> tuple[int, ...]:
        """Cut a word in one of its ways."""
        plain = self._processor.encode(word)
        if self._is_unigram:
            return self._segmentation(word, plain, (number + 0.5) / _WAYS)
        # A word with user symbols or characters spelled in bytes is no matter of merges alone.
        whole = self._merged(word, random.Random(), dropout=0.0)
        if [self._processor.piece_to_id(piece) for piece in whole] != plain:
            return tuple(plain)
        pieces = self._merged(word, random.Random(f"{number} {word}"), dropout=self._strength)
        return tuple(self._processor.piece_to_id(piece) for piece in pieces)

    def _merged(self, word: str, draws: random.Random, *, dropout: float) -> list[str]:
        """Join characters by the best merge there is, again and again; each time a merge may be overlooked."""
        pieces = list(_SPACE + word)
        while True:
            best, place = -math.inf, -1
            for i in range(len(pieces) - 1):
                score = self._scores.get(pieces[i] + pieces[i + 1], -math.inf)
                if score > best and (not dropout or draws.random() >= dropout):
                    best, place = score, i
            if place < 0:
                return pieces
            pieces[place : place + 2] = [pieces[place] + pieces[place + 1]]

    def _segmentation(self, word: str, plain: list[int], quantile: float) -> tuple[int, ...]:
        """Return the segmentation at a ``quantile`` (0 to 1) of those of ``word``, the likeliest first."""
        symbols = list(self._user_symbols(plain))
        found = self._processor.nbest_encode(word, nbest_size=_SEGMENTATIONS)
        ways = [ids for ids in found if list(self._user_symbols(ids)) == symbols]
        if not ways:
            return tuple(plain)
        log_probs = np.array([sum(map(self._processor.get_score, ids)) for ids in ways])
        weights = np.exp(self._strength * (log_probs - log_probs.max()))
        chosen = int(np.searchsorted(weights.cumsum() / weights.sum(), quantile))
        return tuple(ways[min(chosen, len(ways) - 1)])

    def _user_symbols(self, ids: Sequence[int]) -> Iterator[int]:
        """Yield those that are never cut: unlike all other pieces of a unigram model they have the probability 1."""
        return (token for token in ids if self._processor.get_score(token) == 0.0)


def _is_unigram(tokenizer: Tokenizer) -> bool:
    try:
        tokenizer.processor.nbest_encode("a", nbest_size=1)
    except RuntimeError:
        return False
    return True
