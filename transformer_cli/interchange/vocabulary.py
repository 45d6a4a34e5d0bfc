"""The vocabulary of an imported model in our order: pad, unk, bos, eos, then all other pieces in their old order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from transformer_cli.data.tokens.tokenizer import END_OF_VOCABULARY, Tokenizer, TokenizerPair
from transformer_cli.errors import DamagedFileError, DataError
from transformer_cli.files.os_errors import explain_os_errors
from transformer_cli.interchange.sentencepiece_model import Kind, Piece, read_pieces, with_pieces

NEVER = -100.0
"""Bias of pad and bos, which makes their probability 0 and which label smoothing can still work with."""

_SPECIAL = ("<pad>", "<unk>", "<s>", "</s>")
_PENALTY = 10.0  # of an unknown character in SentencePiece, below the least score of a piece
_LEAST = -1e9  # a score that makes SentencePiece join an unused piece after all others


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The token ids of one side.

    Args:
        pieces: The pieces by our ids.
        rows: For each of our ids, the id in the original model, or None for a token that it does not have.
    """

    pieces: Sequence[str]
    rows: Sequence[int | None]

    @property
    def original_size(self) -> int:
        """Number of token ids of the original model."""
        return max(row for row in self.rows if row is not None) + 1

    def rearranged(self, matrix: Tensor, *, missing: float = 0.0) -> Tensor:
        """Return a matrix or vector of the original with its rows in our order; a row without original is constant."""
        extended = torch.cat((matrix, matrix.new_full((1, *matrix.shape[1:]), missing)))
        return extended[[len(matrix) if row is None else row for row in self.rows]]


def our_vocabulary(
    pieces: Sequence[str], *, unk: int, eos: int, pad: int | None = None, start: int | None = None
) -> Vocabulary:
    """Put the pieces of a model into our order.

    Args:
        pieces: The pieces by their original ids.
        unk: Original id of the unknown piece.
        eos: Original id of the end of sentence.
        pad: Original id of padding, or None.
        start: Original id of the decoder's first input, or None.
    """
    special = (pad, unk, start, eos)
    others = [token for token in range(len(pieces)) if token not in special]
    taken = {pieces[token] for token in others}
    names = [_free(name, taken) for name in _SPECIAL]
    rest = [pieces[token] or f"<no piece {token}>" for token in others]
    return Vocabulary([*names, *rest], [*special, *others])


def our_tokenizers(source: Path, target: Path, vocabularies: Sequence[Vocabulary]) -> TokenizerPair:
    """Return SentencePiece models whose ids are ours.

    Args:
        source: The SentencePiece model of the source.
        target: That of the target.
        vocabularies: The vocabulary of both sides, or those of source and target.

    Raises:
        DataError: A file cannot be read, or is no SentencePiece model.
    """
    models = [read_whole(path) for path in (source, target)]
    of_source = _tokenizer(models[0], source, vocabularies[0].pieces)
    is_one = len(vocabularies) == 1
    if is_one and models[0] == models[1]:
        return TokenizerPair(of_source, of_source)
    return TokenizerPair(of_source, _tokenizer(models[1], target, vocabularies[-1].pieces), same_ids=is_one)


def read_whole(path: Path) -> bytes:
    """Return the content of a file of the original model.

    Raises:
        DataError: It cannot be read.
    """
    with explain_os_errors(path, "read", DataError):
        return path.read_bytes()


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name = f"{name}_"
    return name


def _tokenizer(model: bytes, path: Path, pieces: Sequence[str]) -> Tokenizer:
    own = read_pieces(model, path)
    try:
        return Tokenizer(_with_ids(model, own, pieces))
    except DamagedFileError as error:
        raise DataError(f"{path} cannot be used: {error}; download the model anew") from None


def _with_ids(model: bytes, own: Sequence[Piece], pieces: Sequence[str]) -> bytes:
    if [piece.text for piece in own] == list(pieces):
        return model  # it has been ours before
    known = {piece.text: piece for piece in own if piece.is_cut_out}
    kinds = (Kind.CONTROL, Kind.UNKNOWN, Kind.CONTROL, Kind.CONTROL)
    special = [Piece(text, 0.0, kind) for text, kind in zip(pieces[:4], kinds, strict=True)]
    # A character that the model does not know is a piece by itself, and may be in the list for the other language's
    # sake. It gets the score that SentencePiece gives to unknown characters. Several such characters in a row are one
    # unknown piece for the original, and pieces of their own here.
    unknown = min((piece.score for piece in known.values()), default=0.0) - _PENALTY
    listed = [known[text] if text in known else _of_the_other_side(text, unknown) for text in pieces[4:]]
    names = set(pieces)
    outsiders = [piece for piece in known.values() if piece.text not in names]
    if outsiders:
        outsiders = [Piece(END_OF_VOCABULARY, 0.0, Kind.CONTROL), *outsiders]
    return with_pieces(model, [*special, *listed, *outsiders])


def _of_the_other_side(text: str, unknown: float) -> Piece:
    return Piece(text, unknown, Kind.NORMAL) if len(text) == 1 else Piece(text, _LEAST, Kind.UNUSED)
