"""Identification of the language of a text, for ``cleaning.wrong_language`` and for doubts about a corpus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from transformer_cli.errors import RecipeError
from transformer_cli.text.languages import language_name

_MIN_CHARACTERS = 40
_MIN_PROBABILITY = 0.5
_LINES_AT_ONCE = 10
_FEWEST = 5
_FEWEST_WORDS = 200
_MOSTLY = 0.9
_LABELS = {"nb": "no"}


def _load_identifier() -> Any:
    """Return the identifier, or None if it is not installed."""
    try:
        from py3langid.langid import MODEL_FILE, LanguageIdentifier
    except ImportError:
        return None
    return _read_identifier(LanguageIdentifier, MODEL_FILE)


@cache
def _read_identifier(kind: Any, file: Any) -> Any:
    return kind.from_model_file(file, norm_probs=True)


def _label(language: str) -> str:
    code = language_name(language)
    return _LABELS.get(code, code)


def other_language_detector(language: str) -> Callable[[str], bool]:
    """Return a function that returns whether a text is in another language than ``language``.

    It returns False if it is unsure: for texts under 40 characters, and if its best guess has a probability below 0.5.

    Raises:
        RecipeError: The identifier is not installed, or does not know the language.
    """
    identifier = _load_identifier()
    if identifier is None:
        raise RecipeError(
            "cleaning.wrong_language needs an identifier of languages; "
            "run `pip install 'transformer-cli[language]'`, or set it to false"
        )
    code = language_name(language)
    if code not in identifier.labels:
        raise RecipeError(f'cleaning.wrong_language: no text can be told to be in "{language}"; set it to false')

    def is_other(text: str) -> bool:
        if len(text) < _MIN_CHARACTERS:
            return False
        guess, probability = identifier.classify(text)
        return bool(guess != code and probability >= _MIN_PROBABILITY)

    return is_other


def identified_leaning(language: str, other: str) -> Callable[[str], int] | None:
    """Return a function that tells two languages apart, or None if the identifier is not installed or lacks one.

    The function returns 1 for a text in the first language, -1 for one in the other, and 0 if it is unsure.
    """
    identifier, labels = _load_identifier(), (_label(language), _label(other))
    if identifier is None or labels[0] == labels[1] or any(label not in identifier.labels for label in labels):
        return None

    def lean(text: str) -> int:
        probabilities = dict(identifier.rank(text))
        first, second = (float(probabilities[label]) for label in labels)
        return (first > second) - (first < second) if max(first, second) >= _MIN_PROBABILITY else 0

    return lean


def find_language(texts: Sequence[str], expected: str) -> str | None:
    """Return the language of a side of a corpus if it is another than expected, by the identifier if it is installed.

    Ten texts are looked at together; nine in ten of these pieces have to be in one and the same other language.
    """
    if len(set(" ".join(texts).split())) < _FEWEST_WORDS:
        return None  # before the identifier is loaded, which takes a second
    identifier, label = _load_identifier(), _label(expected)
    if identifier is None or label not in identifier.labels:
        return None
    pieces = [" ".join(texts[first : first + _LINES_AT_ONCE]) for first in range(0, len(texts), _LINES_AT_ONCE)]
    guesses = Counter(identifier.classify(piece)[0] for piece in pieces)
    ((guess, times),) = guesses.most_common(1) or [("", 0)]
    return guess if guess != label and times >= max(_FEWEST, _MOSTLY * len(pieces)) else None
