"""Learning tokenizers with SentencePiece."""

from __future__ import annotations

import io
import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import sentencepiece

from transformer_cli.config import TokenizerConfig
from transformer_cli.data.tokens.tokenizer import Tokenizer, TokenizerPair
from transformer_cli.errors import DataError
from transformer_cli.special_tokens import BOS_ID, EOS_ID, PAD_ID, UNK_ID
from transformer_cli.text.normalization import normalize

# SentencePiece silently skips longer sentences. This limit admits every sentence that passes `cleaning.too_long`.
_MAX_SENTENCE_BYTES = 1 << 20

DEFAULT_VOCAB_SIZE = 8000
"""Default number of pieces in a vocabulary, if the corpus is large enough for it."""


def fit_tokenizers(
    sources: Iterable[str],
    targets: Iterable[str],
    config: TokenizerConfig,
    *,
    where: str,
    tags: Sequence[str] = (),
    placeholders: Sequence[str] = (),
) -> TokenizerPair:
    """Learn the tokenizers of both languages.

    Args:
        sources: Normalised sentences; they are read again if the vocabulary turns out too large.
        targets: The same in the other language.
        config: Size, kind, and whether there is one vocabulary or two, each of that size.
        where: The corpus' name, for the error message.
        tags: Tags that may stand before a source, and marks that may stand in it, besides ``config.user_symbols``.
        placeholders: Symbols that stand for placeholders on both sides.

    Raises:
        DataError: Nothing can be learned from the corpus with these settings.
    """
    symbols = [*config.user_symbols, *placeholders]
    if config.shared:
        tokenizer = fit_tokenizer(_Chained(sources, targets), config, where=where, symbols=[*symbols, *tags])
        return TokenizerPair(tokenizer, tokenizer)
    return TokenizerPair(
        fit_tokenizer(sources, config, where=where, symbols=[*symbols, *tags]),
        fit_tokenizer(targets, config, where=where, symbols=symbols),
    )


@dataclass(frozen=True, slots=True)
class _Chained:
    """Sentences of both languages, which can be read several times."""

    sources: Iterable[str]
    targets: Iterable[str]

    def __iter__(self) -> Iterator[str]:
        return itertools.chain(self.sources, self.targets)


def fit_tokenizer(
    sentences: Iterable[str], config: TokenizerConfig, *, where: str, symbols: Sequence[str] = ()
) -> Tokenizer:
    """Learn one tokenizer.

    Encoding and decoding keep the text exactly, except for runs of spaces. Characters are neither folded nor replaced,
    and text without a piece is spelled in UTF-8 bytes. If the corpus is too small for the requested vocabulary, the
    largest possible vocabulary is learned.

    Args:
        sentences: Normalised sentences; they are read again if the vocabulary turns out too large.
        config: Size and kind.
        where: The corpus' name, for the error message.
        symbols: Strings that are always one piece.

    Raises:
        DataError: Nothing can be learned from the corpus with these settings.
    """
    wanted = config.vocab_size or DEFAULT_VOCAB_SIZE
    try:
        return _fit(sentences, config, wanted, symbols)
    except RuntimeError as error:
        highest = re.search(r"value <= (\d+)", str(error))
        if highest is None or int(highest[1]) >= wanted:
            raise DataError(f"{where}: {_explain_failure(str(error), wanted)}") from None
    smaller = config.model_copy(update={"vocab_size": int(highest[1])})
    return fit_tokenizer(sentences, smaller, where=where, symbols=symbols)


def _fit(sentences: Iterable[str], config: TokenizerConfig, vocab_size: int, symbols: Sequence[str]) -> Tokenizer:
    model = io.BytesIO()
    failures: list[BaseException] = []
    try:
        _train(_kept_failures(sentences, failures), model, config, vocab_size, symbols)
    except RuntimeError:
        if failures:
            raise failures[0] from None
        raise
    return Tokenizer(model.getvalue())


def _kept_failures(sentences: Iterable[str], failures: list[BaseException]) -> Iterator[str]:
    """Yield ``sentences`` and keep any exception; SentencePiece turns all of them, even signals, into RuntimeError."""
    try:
        yield from sentences
    except BaseException as error:
        failures.append(error)
        raise


def _train(
    sentences: Iterator[str], model: io.BytesIO, config: TokenizerConfig, vocab_size: int, symbols: Sequence[str]
) -> None:
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=sentences,
        model_writer=model,
        model_type=config.model_type,
        vocab_size=vocab_size,
        character_coverage=config.character_coverage,
        user_defined_symbols=list(dict.fromkeys(map(normalize, symbols))),
        normalization_rule_name="identity",
        byte_fallback=True,
        pad_id=PAD_ID,
        unk_id=UNK_ID,
        bos_id=BOS_ID,
        eos_id=EOS_ID,
        max_sentence_length=_MAX_SENTENCE_BYTES,
        num_threads=2,  # the same on every machine: unigram's sums, and so its pieces, depend on it
        minloglevel=2,
    )


def _explain_failure(message: str, vocab_size: int) -> str:
    if "smaller than" in message:
        return (
            f"more different characters and symbols than a vocabulary of {vocab_size} pieces can hold; "
            "raise tokenizer.vocab_size or lower tokenizer.character_coverage"
        )
    return f"no tokenizer of {vocab_size} pieces can be learned: {message.splitlines()[-1]}"
