"""Text to token ids and back: one SentencePiece model for both languages."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Sequence
from pathlib import Path

import sentencepiece

from transformer_cli.config import TokenizerConfig
from transformer_cli.data.normalization import normalize
from transformer_cli.errors import DamagedFileError, DataError
from transformer_cli.special_tokens import BOS_ID, EOS_ID, PAD_ID, UNK_ID

# SentencePiece skips longer sentences in silence; this admits whatever `cleaning.too_long` lets through.
_MAX_SENTENCE_BYTES = 1 << 20

DEFAULT_VOCAB_SIZE = 8000
"""Pieces that a vocabulary has when the recipe does not say, if the corpus can carry so many."""


class Tokenizer:
    """A trained SentencePiece model.

    Args:
        model: The serialised model, as in a ``tokenizer.model`` file.

    Raises:
        DamagedFileError: ``model`` is not a SentencePiece model with this program's special tokens.
    """

    def __init__(self, model: bytes) -> None:
        self.model = model
        self._processor = sentencepiece.SentencePieceProcessor()
        try:
            self._processor.LoadFromSerializedProto(model)
        except RuntimeError:
            raise DamagedFileError("the tokenizer is not a SentencePiece model, or is cut short") from None
        processor = self._processor
        special = (processor.pad_id(), processor.unk_id(), processor.bos_id(), processor.eos_id())
        if special != (PAD_ID, UNK_ID, BOS_ID, EOS_ID):
            raise DamagedFileError(f"the tokenizer's special tokens have ids {special} instead of (0, 1, 2, 3)")

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
        return int(self._processor.get_piece_size())

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the model, in hexadecimal."""
        return hashlib.sha256(self.model).hexdigest()

    def encode(self, text: str) -> list[int]:
        """Return the token ids of one sentence, without bos and eos; the text is normalised first."""
        return list(self._processor.encode(normalize(text)))

    def encode_all(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the token ids of many sentences; faster than one by one."""
        return list(self._processor.encode([normalize(text) for text in texts], num_threads=2))

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of ``ids``; never fails, whatever the order of byte pieces."""
        return str(self._processor.decode(list(ids)))

    def piece(self, token: int) -> str:
        """Return the piece of a token id as text; a space is written as U+2581."""
        return str(self._processor.id_to_piece(token))

    def pieces(self, text: str) -> list[str]:
        """Return the pieces of one sentence as text."""
        return list(self._processor.encode(normalize(text), out_type=str))


def fit_tokenizer(sentences: Sequence[str], config: TokenizerConfig, *, where: str) -> Tokenizer:
    """Learn a tokenizer from the sentences of both languages.

    Text comes back exactly as it went in, but for runs of spaces: characters are neither folded nor replaced, and
    what has no piece is spelled in UTF-8 bytes.

    Args:
        sentences: Normalised sentences.
        config: Size and kind.
        where: The corpus' name, for the error message.

    Raises:
        DataError: The corpus is too small for the vocabulary.
    """
    wanted = config.vocab_size or DEFAULT_VOCAB_SIZE
    try:
        return _fit(sentences, config, wanted)
    except RuntimeError as error:
        highest = re.search(r"value <= (\d+)", str(error))
        if highest and config.vocab_size is None:
            return fit_tokenizer(sentences, config.model_copy(update={"vocab_size": int(highest[1])}), where=where)
        if highest:
            advice = f"set tokenizer.vocab_size to {highest[1]} or less, or leave it out"
            raise DataError(f"{where} is too small for a vocabulary of {wanted} pieces; {advice}") from None
        raise DataError(f"{where}: {_explain_failure(str(error), wanted)}") from None


def _fit(sentences: Sequence[str], config: TokenizerConfig, vocab_size: int) -> Tokenizer:
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(sentences),
        model_writer=model,
        model_type=config.model_type,
        vocab_size=vocab_size,
        character_coverage=config.character_coverage,
        normalization_rule_name="identity",
        byte_fallback=True,
        pad_id=PAD_ID,
        unk_id=UNK_ID,
        bos_id=BOS_ID,
        eos_id=EOS_ID,
        max_sentence_length=_MAX_SENTENCE_BYTES,
        num_threads=2,
        minloglevel=2,
    )
    return Tokenizer(model.getvalue())


def _explain_failure(message: str, vocab_size: int) -> str:
    if "smaller than" in message:
        return (
            f"more different characters than a vocabulary of {vocab_size} pieces can hold; "
            "raise tokenizer.vocab_size or lower tokenizer.character_coverage"
        )
    return f"no tokenizer of {vocab_size} pieces can be learned: {message.splitlines()[-1]}"
