"""What a model knows of text: a record that `tfm prepare` takes from the training sources and a version keeps."""

from __future__ import annotations

from transformer_cli.files.record import Record


class TextProfile(Record):
    """The text that a model was trained on, as far as reading a line depends on it.

    It stands in ``text.json`` of the prepared data and under ``"text"`` in ``config.json`` of a model.

    Args:
        max_sentences: The largest number of sentences that many sources had; a line with more is cut.
        max_tokens: The number of tokens that nearly all sources had at most, or None if unknown.
        abbreviations: Words of the source language that a full stop follows inside sentences, without it.
    """

    max_sentences: int
    max_tokens: int | None = None
    abbreviations: tuple[str, ...] = ()
