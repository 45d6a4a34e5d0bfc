"""Which word of the source each word of a translation looks at: an alignment read off encoder-decoder attention."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from transformer_cli.data.tokens.tokenizer import Tokenizer

_SPACE = "\u2581"  # what SentencePiece writes for a space
_BYTE = re.compile(r"<0x[0-9A-F]{2}>")
# Chinese and Japanese characters, and Thai, Lao, Burmese and Khmer ones
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]")


@dataclass(frozen=True, slots=True)
class Word:
    """Neighbouring pieces that spell one word.

    Args:
        text: Without the mark of the space before it.
        first: Place of its first piece in the sentence.
        last: Place of its last piece.
    """

    text: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class WordLinks:
    """An alignment of words.

    Args:
        layer: The decoder layer that it was read off, from 0: the one with the highest sharpness.
        sharpness: Of each decoder layer, 0 to 1 (see `word_links`).
        weights: (words of the target, words of the source) in that layer, averaged over its heads.
        links: (word of the source, word of the target), one for each word of the target, by the largest weight.
    """

    layer: int
    sharpness: tuple[float, ...]
    weights: Tensor
    links: tuple[tuple[int, int], ...]


def words_of(tokenizer: Tokenizer, tokens: Sequence[int]) -> tuple[Word, ...]:
    """Group the tokens of a sentence, eos not among them, into words.

    A word begins where a space is written; punctuation is a word of its own, and so is each piece of a script that
    writes no spaces.
    """
    if not tokens:
        return ()
    pieces = [tokenizer.piece(token) for token in tokens]
    starts = [i for i, piece in enumerate(pieces) if i == 0 or _begins_word(pieces[i - 1], piece)]
    ends = [*starts[1:], len(pieces)]
    spans = [(start, end) for start, end in zip(starts, ends, strict=True) if pieces[start:end] != [_SPACE]]
    return tuple(Word(tokenizer.decode(tokens[start:end]).strip(), start, end - 1) for start, end in spans)


def _begins_word(before: str, piece: str) -> bool:
    if piece.startswith(_SPACE):
        return True
    if _BYTE.fullmatch(piece) or _BYTE.fullmatch(before) or before == _SPACE:
        return False
    return _is_punctuation(before) or _is_punctuation(piece) or bool(_UNSPACED.match(piece))


def _is_punctuation(piece: str) -> bool:
    return not any(character.isalnum() for character in piece)


def word_links(cross: Tensor, source: Sequence[Word], target: Sequence[Word]) -> WordLinks | None:
    """Read the alignment off the layer in which words find each other best.

    A word's attention to a word is the sum over the pieces looked at, and the mean over the pieces that look and over
    the heads. The sharpness of a layer is half the mean of the largest weight of each target word, plus half the mean
    of the largest weight that each source word is given: 1 if both sides see each other one to one, low if attention is
    spread, or if all words look at one.

    Args:
        cross: (L, H, T, S) encoder-decoder attention.
        source: Its words.
        target: Its words.

    Returns:
        None if one side has no words.
    """
    if not source or not target:
        return None
    averaged = cross.mean(dim=1)  # (L, T, S)
    columns = torch.stack([averaged[:, :, word.first : word.last + 1].sum(dim=2) for word in source], dim=2)
    weights = torch.stack([columns[:, word.first : word.last + 1].mean(dim=1) for word in target], dim=1)
    sharpness = (weights.amax(dim=2).mean(dim=1) + weights.amax(dim=1).mean(dim=1)) / 2
    layer = int(sharpness.argmax())
    links = [(int(row.argmax()), place) for place, row in enumerate(weights[layer])]
    return WordLinks(layer, tuple(sharpness.tolist()), weights[layer], tuple(links))
