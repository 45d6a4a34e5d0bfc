"""Subword regularisation: a word is split into other subwords each time, so that a model learns from all of them.

A BPE model leaves out merges at random (Provilkov et al. 2020, "BPE-Dropout"). A unigram model draws one of the
likeliest segmentations (Kudo 2018, "Subword Regularization"). SentencePiece offers both, but its draws differ between
processes. Here the draws are repeatable: a resumed training must end with the same bits as an uninterrupted one.
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
"""Number of segmentations for each word, by their probability and with repeats; one is drawn at each occurrence."""

_SEGMENTATIONS = 16
_REMEMBERED = 1 << 17
_SPACE = "\u2581"


class SubwordSampler:
    """Splits sentences into subwords at random.

    Args:
        tokenizer: The tokenizer that defines the subwords.
        strength: For a BPE model, the probability that a merge is left out. For a unigram model, the power alpha to
            which the probability of a segmentation is raised; a lower alpha gives more variety.
    """

    def __init__(self, tokenizer: Tokenizer, strength: float) -> None:
        self._tokenizer = tokenizer
        self._processor = processor = tokenizer.processor
        self._strength = strength
        self._scores = {
            processor.id_to_piece(token): processor.get_score(token)
            for token in range(tokenizer.vocab_size)
            if not (processor.is_control(token) or processor.is_unknown(token) or processor.is_byte(token))
        }
        self._is_unigram = _is_unigram(tokenizer)
        self._way = lru_cache(_REMEMBERED)(self._cut)

    def encode_all(self, texts: Sequence[str], *, seed: Sequence[int]) -> list[list[int]]:
        """Return the token ids of each sentence; only the segmentation differs from `Tokenizer.encode_all`.

        Args:
            texts: The sentences.
            seed: Non-negative numbers. They and the sentences alone decide the draws, in any process.
        """
        draws = np.random.default_rng(seed)
        return [self._encode(normalize(text), draws) for text in texts]

    def _encode(self, sentence: str, draws: np.random.Generator) -> list[int]:
        language, sentence = self._tokenizer.target_language(sentence)
        words = sentence.split(" ") if sentence else []
        numbers = draws.integers(_WAYS, size=len(words)).tolist()
        return language + [
            token for word, number in zip(words, numbers, strict=True) for token in self._way(word, number)
        ]

    def _cut(self, word: str, number: int) -> tuple[int, ...]:
        """Return the token ids of one of a word's segmentations."""
        plain = self._processor.encode(word)
        known = self._tokenizer.known(plain)
        if known != plain:
            return tuple(known)
        if self._is_unigram:
            return self._segmentation(word, plain, (number + 0.5) / _WAYS)
        # Merges alone cannot handle a word with user symbols or with characters spelled in bytes.
        whole = self._merged(word, random.Random(), dropout=0.0)
        if [self._processor.piece_to_id(piece) for piece in whole] != plain:
            return tuple(plain)
        pieces = self._merged(word, random.Random(f"{number} {word}"), dropout=self._strength)
        drawn = [self._processor.piece_to_id(piece) for piece in pieces]
        return tuple(drawn if self._tokenizer.known(drawn) == drawn else plain)

    def _merged(self, word: str, draws: random.Random, *, dropout: float) -> list[str]:
        """Join characters by the best merge, again and again; each merge may be left out at random."""
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
        """Return the segmentation of ``word`` at a ``quantile`` (0 to 1), with the likeliest segmentation first."""
        symbols = list(self._user_symbols(plain))
        found = self._processor.nbest_encode(word, nbest_size=_SEGMENTATIONS)
        known = (ids for ids in found if self._tokenizer.known(ids) == ids)
        ways = [ids for ids in known if list(self._user_symbols(ids)) == symbols]
        if not ways:
            return tuple(plain)
        log_probs = np.array([sum(map(self._processor.get_score, ids)) for ids in ways])
        weights = np.exp(self._strength * (log_probs - log_probs.max()))
        chosen = int(np.searchsorted(weights.cumsum() / weights.sum(), quantile))
        return tuple(ways[min(chosen, len(ways) - 1)])

    def _user_symbols(self, ids: Sequence[int]) -> Iterator[int]:
        """Yield the ids of user symbols, which are never split; only they have probability 1 in a unigram model."""
        return (token for token in ids if self._processor.get_score(token) == 0.0)


def _is_unigram(tokenizer: Tokenizer) -> bool:
    try:
        tokenizer.processor.nbest_encode("a", nbest_size=1)
    except RuntimeError:
        return False
    return True
