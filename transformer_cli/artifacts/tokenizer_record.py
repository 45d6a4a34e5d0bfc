"""``tokenizer.json`` of a run: the data and settings its tokenizer was learned from. No torch here."""

from __future__ import annotations

from transformer_cli.files.record import Record


class TokenizerRecord(Record):
    """The origin of the run's tokenizer.

    Args:
        data: Fingerprint of the prepared data it was learned from.
        settings: Fingerprint of ``[tokenizer]``.
        fingerprint: Fingerprint of the tokenizer.
        vocab_size: The number of token ids of the target.
        source_vocab_size: The number of token ids of the source.
    """

    data: str
    settings: str
    fingerprint: str
    vocab_size: int
    source_vocab_size: int
