"""Identification of the language of a text, for ``cleaning.wrong_language``."""

from __future__ import annotations

from collections.abc import Callable

from transformer_cli.errors import RecipeError
from transformer_cli.text.languages import language_name

_MIN_CHARACTERS = 40
_MIN_PROBABILITY = 0.5


def other_language_detector(language: str) -> Callable[[str], bool]:
    """Return a function that returns whether a text is in another language than ``language``.

    It returns False if it is unsure: for texts under 40 characters, and if its best guess has a probability below 0.5.

    Raises:
        RecipeError: The identifier is not installed, or does not know the language.
    """
    try:
        from py3langid.langid import MODEL_FILE, LanguageIdentifier
    except ImportError:
        raise RecipeError(
            "cleaning.wrong_language needs an identifier of languages; "
            "run `pip install 'transformer-cli[language]'`, or set it to false"
        ) from None
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    code = language_name(language)
    if code not in identifier.labels:
        raise RecipeError(f'cleaning.wrong_language: no text can be told to be in "{language}"; set it to false')

    def is_other(text: str) -> bool:
        if len(text) < _MIN_CHARACTERS:
            return False
        guess, probability = identifier.classify(text)
        return bool(guess != code and probability >= _MIN_PROBABILITY)

    return is_other
