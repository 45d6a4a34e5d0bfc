"""The language of a text to score, which decides what BLEU takes for a word."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from transformer_cli.errors import UsageError
from transformer_cli.metrics import default_tokenizer
from transformer_cli.metrics.tokenizers import USUAL
from transformer_cli.text.language_names import language_of_heading
from transformer_cli.text.languages import is_known_language, is_language_code, parse_language
from transformer_cli.text.writing_systems import Alphabet, prevailing_language
from transformer_cli.workflows.score.doubts import Text

_SAMPLED_LINES = 200
_MOSTLY = 0.5
_SUBTAGS = re.compile("[-_@.]")  # ca-valencia, sr@latin, pt_BR.UTF-8


def fitting_tokenizer(language: str | None, sources: Sequence[object], reference: Text, warnings: list[str]) -> str:
    """Return sacreBLEU's tokenizer for the language of a reference.

    Args:
        language: The language if the user named it.
        sources: Where the references come from; of paths, the names are looked at.
        reference: The first reference; its script decides if nothing else does.
        warnings: Gets a warning if the script decides for a tokenizer other than the usual one or the language's, or if
            most letters are in no script of a language that the user named.

    Raises:
        UsageError: ``language`` is neither a code nor a name.
    """
    sample = reference.lines[:_SAMPLED_LINES]
    is_named = language is not None
    if language is None:
        language = _language_of_names(sources, "\n".join(sample))
    elif not is_language_code(_SUBTAGS.split(language)[0]):
        named, language = language, language_of_heading(language)
        if language is None:
            raise UsageError(f'the language "{named}" is not known; give its code, as in: de, pt-BR, zho_Hans')
    tokenizer = default_tokenizer(language, sample)
    if tokenizer != (USUAL if language is None else default_tokenizer(language)):
        named = "" if language is None else f'is to be in "{language}", and '
        keys = "language, or tokenize," if language is None else "tokenize"
        warnings.append(
            f'{reference.name} {named}looks like a text in "{prevailing_language(" ".join(sample))}", so BLEU takes '
            f'the tokenizer "{tokenizer}"; set {keys} to say otherwise'
        )
    elif is_named and language is not None and not _may_be_in(language, "\n".join(sample)):
        warnings.append(
            f'{reference.name} is to be in "{language}", but most of its letters are in another script; BLEU takes the '
            f'tokenizer "{tokenizer}" all the same'
        )
    return tokenizer


def _may_be_in(language: str, text: str) -> bool:
    is_romanised = parse_language(language).script == "latn"  # as any language may be
    return is_romanised or Alphabet(language).share(text) >= _MOSTLY


def _language_of_names(sources: Iterable[object], text: str) -> str | None:
    """Return the language in the name of a file, as in ``test.zh.gz``, if the text is in a script of that language.

    Otherwise ``my.txt`` would be Burmese.
    """
    names = [Path(source).name for source in sources if isinstance(source, str | Path)]
    parts = (part for name in names for part in reversed(name.split(".")))
    codes = (part for part in parts if is_known_language(part))
    return next((code for code in codes if Alphabet(code).share(text) >= _MOSTLY), None)
