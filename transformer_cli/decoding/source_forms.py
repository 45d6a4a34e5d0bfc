"""The rules of a model for lines of text, and the forms in which it reads them: in the spelling and case it learned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from transformer_cli.artifacts.text_profile import TextProfile
from transformer_cli.config import LanguagesConfig
from transformer_cli.data.tokens.hints import hint_spans, hinted, without_marks
from transformer_cli.data.tokens.tokenizer import Tokenizer, TokenizerPair
from transformer_cli.decoding.placeholders.glossary import Glossary
from transformer_cli.decoding.text_rules import Form, Restore, SplitSentences, TextRules
from transformer_cli.errors import UsageError
from transformer_cli.text.languages import language_name
from transformer_cli.text.placeholders import PERCENT_SIGN_FIRST, Find, counted_from_one, finder, masked
from transformer_cli.text.protected import merged, spans_with_symbols
from transformer_cli.text.spelling.accents import Accents
from transformer_cli.text.spelling.capitals import CaseReader, as_it_is
from transformer_cli.text.spelling.variants import Spelling
from transformer_cli.text.spelling.word_forms import WordForms

if TYPE_CHECKING:
    from transformer_cli.data.splits.read import Corpus


@dataclass(frozen=True, slots=True)
class SpellingForm:
    """Reads variants of characters as the training sources have them; the translation stays as it is."""

    spelling: Spelling

    def read(self, text: str) -> tuple[str, Restore]:
        """Return the text in the spelling of the training sources."""
        return self.spelling.read(text), as_it_is


@dataclass(frozen=True, slots=True)
class SymbolForm:
    """Reads placeholders as the symbols that a model has learned; see `transformer_cli.text.placeholders`."""

    find: Find
    symbols: tuple[str, ...]
    glossary: Glossary | None = None

    def read(self, text: str) -> tuple[str, Restore]:
        """Return the text with symbols, and the function that replaces those of its translation."""
        terms = self.glossary.spans(text, self.find(text)) if self.glossary else ()
        found = masked(text, self.find, self.symbols, terms)
        return found.text, found.restored


@dataclass(frozen=True, slots=True)
class HintForm:
    """Gives the terms of a glossary as hints; see `transformer_cli.data.tokens.hints`."""

    find: Find
    glossary: Glossary

    def read(self, text: str) -> tuple[str, Restore]:
        """Return the text with hints, and a function that takes marks out of its translation, if there are any."""
        terms = self.glossary.spans(text, self.find(text), as_written=True)
        return (hinted(text, terms), without_marks) if terms else (text, as_it_is)


def rules_of(
    profile: TextProfile | None,
    languages: LanguagesConfig,
    tokenizer: Tokenizer,
    *,
    split: SplitSentences = "auto",
    keeps_placeholders: bool = False,
    glossary: Glossary | None = None,
    glossary_hints: bool = False,
) -> TextRules:
    """Return the rules of a model.

    Args:
        profile: Its profile; without one, or without spelling in it, lines are read as they are.
        languages: Its languages.
        tokenizer: That of its sources.
        split: Whether to cut lines at ends of sentences; see `TextRules`.
        keeps_placeholders: Whether a translation must have the placeholders of its line.
        glossary: Terms that it must have as well, or None.
        glossary_hints: Whether they are hints for the model instead.

    Raises:
        UsageError: The model has not learned to follow hints.
    """
    if glossary_hints and (profile is None or not profile.hints):
        raise UsageError("--glossary-hints: the model has not learned to follow hints; train it with [glossary] hints")
    find = _finder(profile)
    if language_name(languages.source) in PERCENT_SIGN_FIRST:
        find = counted_from_one(find)
    forms = _forms(profile, languages, tokenizer)
    has_learned = profile is not None and profile.placeholders is not None and bool(tokenizer.symbols)
    strict = None if glossary_hints else glossary
    symbols = SymbolForm(find, tokenizer.symbols, strict) if has_learned else None
    hints = HintForm(find, glossary) if glossary is not None and glossary_hints else None
    marks = profile.spelling.target_quotes if profile is not None and profile.spelling is not None else None
    return TextRules(profile, languages, split, forms, keeps_placeholders, find, symbols, glossary, hints, marks)


def pairs_as_read(profile: TextProfile | None, tokenizers: TokenizerPair, corpus: Corpus) -> Corpus:
    """Return sentence pairs with symbols for the placeholders of both sides, if a model has learned to read them so."""
    if profile is None or profile.placeholders is None:
        return corpus
    from transformer_cli.data.tokens.masked_corpus import masked_corpus  # here: lines to translate need no pyarrow

    return masked_corpus(corpus, _finder(profile), tokenizers.symbols)


def _finder(profile: TextProfile | None) -> Find:
    if profile is None:
        return finder()
    known = profile.placeholders
    if known is None:
        return finder(tags=profile.spelling.symbols if profile.spelling else ())
    return finder(known.patterns, known.without, known.tags)


def _forms(profile: TextProfile | None, languages: LanguagesConfig, tokenizer: Tokenizer) -> tuple[Form, ...]:
    if profile is None or profile.spelling is None:
        return ()
    spelled = profile.spelling

    def protected(text: str) -> list[tuple[int, int]]:
        return merged([*spans_with_symbols(text, spelled.symbols), *hint_spans(text)])

    case = CaseReader(
        WordForms(spelled.words.split(), languages.source),
        (languages.source, languages.target),
        begins=spelled.begins_with_capital,
        in_capitals=spelled.in_capitals,
        accents=Accents(*spelled.accent_rules(), language=languages.source),
        common_words=frozenset(spelled.common_words.split()),
        count=lambda word: len(tokenizer.encode(word)),
        protected=protected,
    )
    return SpellingForm(Spelling(spelled.variants, protected)), case
