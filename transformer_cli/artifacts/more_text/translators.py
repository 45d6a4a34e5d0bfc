"""``translators.json``: the models that made the translations beside it. No torch here."""

from __future__ import annotations

from transformer_cli.files.record import Record

TRANSLATORS_FILE = "translators.json"


class Translators(Record):
    """The models of a `TranslationStore`.

    Args:
        models: The model directories.
        weights: The fingerprint of the weights of each.
        bleu: BLEU of a single model on its own test set, or None if it is not known.
    """

    models: list[str]
    weights: list[str]
    bleu: float | None = None
