"""The language that a line is translated into, for a model that knows several: ``>>fra<<`` at its beginning."""

from __future__ import annotations

import re
from dataclasses import dataclass

from transformer_cli.data.tokens.tokenizer import Tokenizer
from transformer_cli.errors import UsageError

_TOKEN = re.compile(r"\s*>>([^<>]+)<<")


@dataclass(frozen=True, slots=True)
class NamedText:
    """A line without the name of its target language.

    Args:
        text: The text to translate.
        language: Token ids of the language; none if the model knows only one, or the line names none.
        words: The number of words of the line before ``text``.
    """

    text: str
    language: tuple[int, ...] = ()
    words: int = 0


class TargetLanguages:
    """Finds the language that each line is to be translated into.

    Args:
        tokenizer: The model's tokenizer of sources.
        default: The language of lines that name none, as the model writes it, or None.

    Raises:
        UsageError: The model has no token for ``default``; the message lists those it has.
    """

    def __init__(self, tokenizer: Tokenizer, default: str | None = None) -> None:
        self._tokenizer = tokenizer
        self._default: tuple[int, ...] = ()
        if default is not None:
            name = default.removeprefix(">>").removesuffix("<<")
            if name not in tokenizer.target_languages:
                raise UsageError(f"--target-language {default}: {self._offer()}")
            self._default = (tokenizer.target_languages[name],)

    @property
    def are_known(self) -> bool:
        """Whether the model has tokens for target languages."""
        return bool(self._tokenizer.target_languages)

    def split(self, text: str) -> NamedText:
        """Divide a normalised line into its language and its text."""
        language, rest = self._tokenizer.target_language(text)
        if not language:
            return NamedText(text, self._default)
        return NamedText(rest, tuple(language), text[: len(text) - len(rest)].count(" "))

    def unknown(self, line: str) -> str | None:
        """Return a phrase about the language that a line names and the model does not have, or None."""
        named = _TOKEN.match(line)
        if named is None or not self.are_known or named[1] in self._tokenizer.target_languages:
            return None
        return f"begins with >>{named[1]}<<, which is translated as text: {self._offer()}"

    def _offer(self) -> str:
        known = ", ".join(self._tokenizer.target_languages)
        if not known:
            return "the model translates into one language only; leave the option out"
        return f"the model has no such language; it has {known}"
