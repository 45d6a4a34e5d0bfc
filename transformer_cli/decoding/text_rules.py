"""How a line of text becomes texts for the model, and how its translations become one line again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal, NamedTuple, Protocol

from transformer_cli.artifacts.text_profile import SpellingProfile, TextProfile
from transformer_cli.config import LanguagesConfig
from transformer_cli.decoding.placeholders.glossary import Glossary, TermSpan, has_form
from transformer_cli.decoding.placeholders.required import Required
from transformer_cli.decoding.splitting import overlong_spans
from transformer_cli.text.languages import language_name
from transformer_cli.text.normalization import normalize
from transformer_cli.text.placeholders import Find
from transformer_cli.text.protected import has_words, placeholder_spans
from transformer_cli.text.sentences import sentence_spans
from transformer_cli.text.spelling.capitals import begins_with_capital
from transformer_cli.text.spelling.letter_case import with_capital
from transformer_cli.text.spelling.quotes import without_quotes

SplitSentences = Literal["auto", "always", "never"]

_UNSPACED = frozenset(["zh", "yue", "wuu", "lzh", "nan", "hak", "gan", "ja"])
"""Languages without spaces between sentences. Thai and its neighbours have them there, though not between words."""

_MANY_WITHOUT_WORDS = 0.1
"""Share of sources without words from which on a model has learned to translate them: figures, for example."""

_AS_BEFORE = SpellingProfile(without_words=1.0)
"""For models that have no record of spelling: nothing is dropped and nothing copied."""

Restore = Callable[[str], str]
"""Turns a translation of a changed text into one of the original text."""


class Form(Protocol):
    """A change of a text that makes it easier for the model, and that is undone in the translation."""

    def read(self, text: str) -> tuple[str, Restore]:
        """Return the text for the model, and the function that is applied to its translation."""
        ...


class ReadText(NamedTuple):
    """What a model reads for a text.

    Attributes:
        form: The text for the model.
        restore: Turns its translation, or a word of it, into one of the text without the quotation marks around it.
        taken_off: The opening and the closing quotation mark of the text that ``form`` lacks, with spaces beside them.
        quotes: Those around its translation.
    """

    form: str
    restore: Restore
    taken_off: tuple[str, str] = ("", "")
    quotes: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True)
class TextRules:
    """The rules of one model.

    Args:
        profile: What the model knows of text, or None for a model that has no record of it.
        languages: The languages of the model, or None if they do not matter.
        split: Whether to cut a line at ends of sentences: "auto" if it has more of them, or more tokens, than the
            sources of the training; "always" at each; "never".
        forms: Changes of each text, in the order in which they are made; they are undone in the reverse order.
        keeps_placeholders: Whether a translation must have the placeholders of its line.
        find_placeholders: Finds them.
        symbols: The form that reads them as symbols, before all others, or None.
        glossary: Terms that a translation must have if its line has theirs, or None.
        hints: The form that gives these terms to the model as hints, or None; with it, none must be there.
        quotes: The opening and the closing mark around the translation of a text in quotation marks, which is read
            without them; empty: the text's own stay. None: they are not taken off, nor are they where the beginning of
            the translation is given.
    """

    profile: TextProfile | None = None
    languages: LanguagesConfig | None = None
    split: SplitSentences = "auto"
    forms: tuple[Form, ...] = field(default=())
    keeps_placeholders: bool = False
    find_placeholders: Find = placeholder_spans
    symbols: Form | None = None
    glossary: Glossary | None = None
    hints: Form | None = None
    quotes: tuple[str, ...] | None = None

    @property
    def _spelling(self) -> SpellingProfile:
        return (self.profile and self.profile.spelling) or _AS_BEFORE

    def normalize(self, line: str) -> str:
        """Return the line as the training sources of the model were normalised."""
        return normalize(line, self._spelling.normalization)

    def is_copied(self, text: str) -> bool:
        """Return whether nothing in a normalised line is to be translated."""
        is_allowed = bool(text) and self._spelling.without_words < _MANY_WITHOUT_WORDS
        return is_allowed and not has_words(_with_strings(text, self.terms(text), " "))

    def copied(self, text: str) -> str:
        """Return what a normalised line becomes that is copied: itself, with the translations of its terms."""
        terms = self.terms(text)
        line = _with_strings(text, terms)
        if self.glossary is None or not terms or not begins_with_capital(text):
            return line
        return with_capital(line, self.glossary.language)

    def terms(self, text: str) -> list[TermSpan]:
        """Return the terms of the glossary in a normalised text."""
        return self.glossary.spans(text, self.find_placeholders(text)) if self.glossary else []

    def read_as_other(self, text: str, form: str) -> list[tuple[int, int]]:
        """Return the spans of a normalised text that the model reads as something else: as symbols, or with hints.

        Args:
            text: The text.
            form: What the model reads for it.
        """
        terms = [(start, end) for start, end, _ in self.terms(text)]
        placeholders = [(start, end) for start, end, _ in self.find_placeholders(text)]
        hinted = () if self.hints is None else terms
        return [*hinted, *((start, end) for start, end in (*placeholders, *terms) if text[start:end] not in form)]

    def required(self, text: str) -> Required | None:
        """Return the placeholders that a translation of a normalised text must have, or None if they do not matter."""
        if not self.keeps_placeholders:
            return None
        find = self.find_placeholders
        terms = self.terms(text) if self.hints is None else ()
        return Required.of(text, find, terms) or Required.of_none(text, find)

    def ignored_hints(self, text: str, translation: str) -> tuple[str, ...]:
        """Return the hints for a normalised text of which its translation has no form."""
        if self.hints is None:
            return ()
        wanted = dict.fromkeys(term.text for term in self.terms(text))
        return tuple(term for term in wanted if not has_form(translation, term))

    def pieces(self, text: str, tokens: int, limit: int, count: Callable[[str], int]) -> list[tuple[int, int]]:
        """Return the places of the pieces of a line that are translated by themselves.

        Args:
            text: A normalised line.
            tokens: Its number of tokens as the model reads it.
            limit: The largest number of tokens that the model takes.
            count: Returns the number of tokens of a part of it, as the model reads that.

        Returns:
            (start, end) of each piece, with the white space behind it; together they are the text.
        """
        sentences = self._sentences(text, tokens, count)
        if len(sentences) == 1 and tokens <= limit:
            return sentences
        return [
            (start + first, start + end)
            for start, stop in sentences
            for first, end in overlong_spans(text[start:stop], limit=limit, count=count)
        ]

    def joint(self, before: str, space: str, after: str) -> str:
        """Return what stands before the translation of a piece.

        Args:
            before: What stands before it in the translation of the line, or a part of that.
            space: The white space before the piece in the line, and line breaks of HTML, which stay in any case.
            after: The translation of the piece.
        """
        if not before or not after:
            return space.strip()
        if self.languages is not None and language_name(self.languages.target) in _UNSPACED:
            return "" if space == " " else space
        return space or " "

    def read(self, text: str, *, is_begun: bool = False) -> ReadText:
        """Return the text for the model, and how its translation becomes one of ``text``.

        Args:
            text: A normalised text.
            is_begun: Whether the beginning of the translation is given; then only symbols are replaced in it.
        """
        restores: list[Restore] = []
        if self.symbols is not None:
            text, restore = self.symbols.read(text)
            restores.append(restore)
        if self.hints is not None:
            text, restore = self.hints.read(text)
            restores.append(restore)
        opening = closing = ""
        if self.quotes is not None and not is_begun and (found := without_quotes(text)) is not None:
            opening, text, closing = found
        for form in self.forms:
            text, restore = form.read(text)
            restores += [] if is_begun else [restore]

        def restore_all(translation: str) -> str:
            for each in reversed(restores):
                translation = each(translation)
            return translation

        before, behind = (self.quotes if opening else None) or (opening, closing)
        return ReadText(text, restore_all, (opening, closing), (before, behind))

    def _sentences(self, text: str, tokens: int, count: Callable[[str], int]) -> list[tuple[int, int]]:
        profile = self.profile
        if self.split == "never" or (self.split == "auto" and profile is None):
            return [(0, len(text))]
        language = self.languages.source if self.languages else None
        spans = sentence_spans(text, profile.abbreviations if profile else (), language)
        if self.split == "always" or profile is None:
            return spans
        most_tokens = profile.max_tokens or tokens
        if len(spans) < 2 or (len(spans) <= profile.max_sentences and tokens <= most_tokens):
            return [(0, len(text))]
        return list(_groups(text, spans, profile.max_sentences, most_tokens, count))


def _with_strings(text: str, terms: Sequence[TermSpan], string: str | None = None) -> str:
    """Return a text with other strings in the places of terms: their translations, or always the same."""
    parts, at = [], 0
    for start, end, translation in terms:
        parts += [text[at:start], translation if string is None else string]
        at = end
    return "".join([*parts, text[at:]])


def _groups(
    text: str, spans: list[tuple[int, int]], sentences: int, tokens: int, count: Callable[[str], int]
) -> Iterator[tuple[int, int]]:
    """Join neighbouring sentences as far as their numbers allow, in groups of nearly equal size."""
    number = -(-len(spans) // sentences)
    borders = [round(i * len(spans) / number) for i in range(number + 1)]
    for first, end in pairwise(borders):
        group = spans[first:end]
        if len(group) > 1 and count(text[group[0][0] : group[-1][1]]) > tokens:
            yield from group
        else:
            yield group[0][0], group[-1][1]
