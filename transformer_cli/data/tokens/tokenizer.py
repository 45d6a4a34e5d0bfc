"""Text to token ids and back: SentencePiece models, one for both languages or one for each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile
from pathlib import Path

import sentencepiece

from transformer_cli.cores import available_cores
from transformer_cli.data.tokens.hints import HINT_MARKS
from transformer_cli.errors import DamagedFileError
from transformer_cli.files.checksum import checksum
from transformer_cli.special_tokens import BOS_ID, EOS_ID, PAD_ID, UNK_ID
from transformer_cli.text.normalization import normalize
from transformer_cli.text.placeholders import SYMBOLS

TOKENIZER_FILES = ("tokenizer.model", "tokenizer.source.model", "tokenizer.target.model")
"""The file of a joint vocabulary, then the files of separate ones."""

END_OF_VOCABULARY = "<end of vocabulary>"
"""In an imported SentencePiece model, the piece after the last token id. The pieces after it are cut out of a text as
the original model does, and then are unknown, because the network has no embedding for them."""

_TARGET_LANGUAGE = re.compile(r"(>>[^<>]+<<) *")  # the token of a multilingual Marian model, before the text

_MOST_THREADS = 8
"""Largest number of threads; starting more for each call costs more time than it saves."""


class Tokenizer:
    """A trained SentencePiece model.

    Args:
        model: The serialised model, as in a ``tokenizer.model`` file.

    Raises:
        DamagedFileError: ``model`` is not a SentencePiece model with this program's special tokens.
    """

    def __init__(self, model: bytes) -> None:
        self.model = model
        self.processor = sentencepiece.SentencePieceProcessor()
        """SentencePiece's processor; it does not normalise text."""

        try:
            self.processor.LoadFromSerializedProto(model)
        except RuntimeError:
            raise DamagedFileError("the tokenizer is not a SentencePiece model, or is cut short") from None
        processor = self.processor
        special = (processor.pad_id(), processor.unk_id(), processor.bos_id(), processor.eos_id())
        if special != (PAD_ID, UNK_ID, BOS_ID, EOS_ID):
            raise DamagedFileError(f"the tokenizer's special tokens have ids {special} instead of (0, 1, 2, 3)")
        end = processor.piece_to_id(END_OF_VOCABULARY)
        self._has_outsiders = bool(processor.is_control(end))
        self.symbols = tuple(takewhile(lambda symbol: processor.piece_to_id(symbol) != UNK_ID, SYMBOLS))
        """Symbols for placeholders that it has, each as one token."""

        self.has_hint_marks = all(processor.piece_to_id(mark) != UNK_ID for mark in HINT_MARKS)
        """Whether it has the marks of hints, each as one token."""

        self._vocab_size = int(end) if self._has_outsiders else int(processor.get_piece_size())

    @classmethod
    def load(cls, path: Path) -> Tokenizer:
        """Read a ``tokenizer.model`` file.

        Raises:
            DamagedFileError: It is missing or not a SentencePiece model.
        """
        try:
            model = path.read_bytes()
        except FileNotFoundError:
            raise DamagedFileError(f"{path} is missing") from None
        try:
            return cls(model)
        except DamagedFileError as error:
            raise DamagedFileError(f"{path}: {error}") from None

    @property
    def vocab_size(self) -> int:
        """Number of token ids."""
        return self._vocab_size

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the model, in hexadecimal."""
        return checksum(self.model)

    def encode(self, text: str) -> list[int]:
        """Return the token ids of one sentence, without bos and eos; the text is normalised first."""
        text = normalize(text)
        before, text = self.target_language(text)
        return before + self.known(self.processor.encode(text))

    def encode_all(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the token ids of many sentences; this is faster than one call per sentence."""
        parts = [self.target_language(normalize(text)) for text in texts]
        encoded = self.processor.encode([text for _, text in parts], num_threads=min(_MOST_THREADS, available_cores()))
        return [before + self.known(ids) for (before, _), ids in zip(parts, encoded, strict=True)]

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of ``ids``; it never fails, even if byte pieces are in a wrong order."""
        return str(self.processor.decode(list(ids)))

    def piece(self, token: int) -> str:
        """Return the piece of a token id as text; a space is written as U+2581."""
        return str(self.processor.id_to_piece(token))

    @cached_property
    def target_languages(self) -> dict[str, int]:
        """The tokens that a multilingual Marian model has for target languages: for ``>>fra<<`` the id of ``fra``."""
        pieces = self.processor.id_to_piece(list(range(self._vocab_size)))
        named = {piece[2:-2]: token for token, piece in enumerate(pieces) if piece.startswith(">>")}
        return {name: named[name] for name in named if self.target_language(f">>{name}<<")[0]}

    def target_language(self, text: str) -> tuple[list[int], str]:
        """Return the token of the target language that ``text`` begins with, if any, and the text without it."""
        named = _TARGET_LANGUAGE.match(text) if text.startswith(">>") else None
        token = self.processor.piece_to_id(named[1]) if named else None
        if named is None or token is None or not self.processor.is_unused(token):
            return [], text
        return [int(token)], text[named.end() :]

    def known(self, ids: list[int]) -> list[int]:
        """Return ids of SentencePiece with unk for those that an imported network has no embedding for."""
        return [token if token < self._vocab_size else UNK_ID for token in ids] if self._has_outsiders else ids


@dataclass(frozen=True, slots=True)
class TokenizerPair:
    """The tokenizers of a model's two sides; with a joint vocabulary both are the same one.

    Args:
        source: Encodes sources.
        target: Encodes and decodes targets.
        same_ids: Whether two different tokenizers have one list of token ids, as those of Marian have.
    """

    source: Tokenizer
    target: Tokenizer
    same_ids: bool = False

    @classmethod
    def load(cls, folder: Path, *, shared: bool) -> TokenizerPair:
        """Read the tokenizers of a run or model directory.

        Args:
            folder: The directory.
            shared: Whether both languages have one list of token ids.

        Raises:
            DamagedFileError: One is missing or not a SentencePiece model.
        """
        if shared and not (folder / TOKENIZER_FILES[1]).exists():
            tokenizer = Tokenizer.load(folder / TOKENIZER_FILES[0])
            return cls(tokenizer, tokenizer)
        source, target = (Tokenizer.load(folder / name) for name in TOKENIZER_FILES[1:])
        return cls(source, target, same_ids=shared)

    @property
    def is_shared(self) -> bool:
        """Whether both languages have one vocabulary."""
        return self._is_one or self.same_ids

    @property
    def _is_one(self) -> bool:
        return self.source is self.target

    @property
    def source_vocab_size(self) -> int | None:
        """Number of token ids of the source, or None if both languages share a vocabulary."""
        return None if self.is_shared else self.source.vocab_size

    @property
    def symbols(self) -> tuple[str, ...]:
        """Symbols for placeholders that both tokenizers have."""
        return min(self.source.symbols, self.target.symbols, key=len)

    @property
    def fingerprint(self) -> str:
        """The fingerprint of both models: 64 hexadecimal digits."""
        if self._is_one:
            return self.source.fingerprint
        return checksum(self.source.model, self.target.model)

    def files(self) -> dict[str, bytes]:
        """Return the files that `load` reads, by name."""
        if self._is_one:
            return {TOKENIZER_FILES[0]: self.source.model}
        return dict(zip(TOKENIZER_FILES[1:], (self.source.model, self.target.model), strict=True))
