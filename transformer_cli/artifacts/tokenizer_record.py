"""``tokenizer.json`` of a run: the data and settings its tokenizer was learned from. No torch here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transformer_cli.artifacts.run_directory import RunDirectory
from transformer_cli.files.atomic import write_atomically
from transformer_cli.files.record import Record

if TYPE_CHECKING:
    from transformer_cli.data.tokens.tokenizer import TokenizerPair

NOT_LEARNED = ""
"""Fingerprint of the data of a tokenizer that came with its model."""


class TokenizerRecord(Record):
    """The origin of the run's tokenizer.

    Args:
        data: Fingerprint of the prepared data it was learned from; `NOT_LEARNED` if it came with a model.
        settings: Fingerprint of ``[tokenizer]`` and ``[placeholders]``.
        fingerprint: Fingerprint of the tokenizer.
        vocab_size: The number of token ids of the target.
        source_vocab_size: The number of token ids of the source.
        symbols: The number of symbols for placeholders.
    """

    data: str
    settings: str
    fingerprint: str
    vocab_size: int
    source_vocab_size: int
    symbols: int = 0


def keep_tokenizers(run: RunDirectory, tokenizers: TokenizerPair, *, data: str, settings: str) -> None:
    """Make ``tokenizers`` those of a run, in place of any others; the arguments are those of `TokenizerRecord`.

    Raises:
        TfmError: A file cannot be written.
    """
    from transformer_cli.data.tokens.tokenizer import TOKENIZER_FILES

    run.tokenizer_report.unlink(missing_ok=True)
    for name in TOKENIZER_FILES:
        (run.path / name).unlink(missing_ok=True)
    for name, model in tokenizers.files().items():
        write_atomically(run.path / name, model)
    TokenizerRecord(
        data=data,
        settings=settings,
        fingerprint=tokenizers.fingerprint,
        vocab_size=tokenizers.target.vocab_size,
        source_vocab_size=tokenizers.source.vocab_size,
        symbols=len(tokenizers.symbols),
    ).write_to(run.tokenizer_report)
