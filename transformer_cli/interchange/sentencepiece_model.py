"""The file of a SentencePiece model, as far as an import needs it: its pieces can be replaced, and all else stays.

The format is protocol buffers: https://github.com/google/sentencepiece/blob/master/src/sentencepiece_model.proto
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from transformer_cli.errors import DataError

_PIECES, _TRAINER = 1, 2  # fields of the whole model
_UNK_ID, _BOS_ID, _EOS_ID, _PAD_ID = 40, 41, 42, 43  # fields of the trainer's settings
_UNK_PIECE, _BOS_PIECE, _EOS_PIECE, _PAD_PIECE = 45, 46, 47, 48
_VARINT, _EIGHT_BYTES, _BYTES, _FOUR_BYTES = 0, 1, 2, 5  # kinds of values


class Kind(IntEnum):
    """The use of a piece."""

    NORMAL = 1
    UNKNOWN = 2
    CONTROL = 3
    USER_DEFINED = 4
    UNUSED = 5
    BYTE = 6


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece: its text, its score, and its use."""

    text: str
    score: float
    kind: Kind

    @property
    def is_cut_out(self) -> bool:
        """Whether the model finds this piece in texts."""
        return self.kind in (Kind.NORMAL, Kind.USER_DEFINED, Kind.BYTE)


def read_pieces(model: bytes, path: Path) -> list[Piece]:
    """Return the pieces of a serialised model, in the order of their ids.

    Args:
        model: The content of the file.
        path: The file, for the message.

    Raises:
        DataError: It is no SentencePiece model.
    """
    try:
        pieces = [_piece(value) for number, value in _fields(model) if number == _PIECES and isinstance(value, bytes)]
    except (IndexError, ValueError, struct.error):
        pieces = []
    if not pieces:
        raise DataError(f"{path} is no SentencePiece model, or is cut short; download the model anew")
    return pieces


def with_pieces(model: bytes, pieces: Sequence[Piece]) -> bytes:
    """Return a serialised model, which `read_pieces` has read, with other pieces: pad, unk, bos, eos, and the rest."""
    special = [piece.text.encode() for piece in pieces[:4]]
    # Of a field that occurs twice, the later value holds.
    ids = ((_PAD_ID, 0), (_UNK_ID, 1), (_BOS_ID, 2), (_EOS_ID, 3))
    names = zip((_PAD_PIECE, _UNK_PIECE, _BOS_PIECE, _EOS_PIECE), special, strict=True)
    settings = b"".join([*(_number(*field) for field in ids), *(_bytes(*field) for field in names)])
    parts = [_bytes(_PIECES, _serialised(piece)) for piece in pieces]
    for number, value in _fields(model):
        if number != _PIECES and isinstance(value, bytes):
            parts.append(_bytes(number, value + settings if number == _TRAINER else value))
    return b"".join(parts)


def _piece(content: bytes) -> Piece:
    text, score, kind = "", 0.0, Kind.NORMAL
    for number, value in _fields(content):
        if number == 1 and isinstance(value, bytes):
            text = value.decode("utf-8", "replace")
        elif number == 2 and isinstance(value, bytes):
            (score,) = struct.unpack("<f", value)
        elif number == 3 and isinstance(value, int):
            kind = Kind(value)
    return Piece(text, score, kind)


def _serialised(piece: Piece) -> bytes:
    score = bytes([2 << 3 | _FOUR_BYTES]) + struct.pack("<f", piece.score)
    return _bytes(1, piece.text.encode()) + score + _number(3, piece.kind)


def _fields(content: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield number and value of each field of a message; damage raises an IndexError or a ValueError."""
    place = 0
    while place < len(content):
        tag, place = _read_varint(content, place)
        kind, size = tag & 7, 0
        if kind == _VARINT:
            value, place = _read_varint(content, place)
            yield tag >> 3, value
            continue
        if kind == _BYTES:
            size, place = _read_varint(content, place)
        elif kind in (_EIGHT_BYTES, _FOUR_BYTES):
            size = 8 if kind == _EIGHT_BYTES else 4
        if kind not in (_BYTES, _EIGHT_BYTES, _FOUR_BYTES) or place + size > len(content):
            raise ValueError("a field has an unknown kind, or is cut short")
        yield tag >> 3, content[place : place + size]
        place += size


def _read_varint(content: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = content[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
        shift += 7


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _number(number: int, value: int) -> bytes:
    return _varint(number << 3 | _VARINT) + _varint(value)


def _bytes(number: int, value: bytes) -> bytes:
    return _varint(number << 3 | _BYTES) + _varint(len(value)) + value
