"""The tokenizer of sacreBLEU that fits a language: BLEU compares words, and many scripts put no spaces between them.

By default sacreBLEU splits at spaces and punctuation. A Chinese or Thai sentence is then one word, and BLEU is 0 for
every translation that is not perfect.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from sacrebleu.metrics.bleu import BLEU

from transformer_cli.text.languages import language_name
from transformer_cli.text.writing_systems import WITHOUT_SPACES, prevailing_language

USUAL = "13a"
"""SacreBLEU's default: spaces and punctuation."""

_TOKENIZERS = {
    **dict.fromkeys(("zh", "yue", "wuu", "lzh", "nan", "hak", "gan"), ("zh",)),
    "ja": ("ja-mecab", "char"),
    "ko": ("ko-mecab", USUAL),
}
FOR_TEXT_WITHOUT_SPACES = ("zh", "ja-mecab", "char")
"""Tokenizers that do not need spaces between words."""

_SAMPLED_CHARACTERS = 20_000


def default_tokenizer(language: str | None, sample: Iterable[str] = ()) -> str:
    """Return the tokenizer of sacreBLEU for translations into a language; none of them needs a download.

    Chinese has ``zh``; Japanese and Korean have MeCab's words if its libraries are installed. Without them Japanese is
    compared by characters, as are the other languages without spaces.

    Args:
        language: The target language, in any form that `parse_language` takes, or None if it is not known.
        sample: Text of that language; it decides where the language is None, or not known to be written without spaces.
            Only the beginning is looked at.
    """
    name = None if language is None else language_name(language)
    if name not in _TOKENIZERS and name not in WITHOUT_SPACES:
        name = prevailing_language(_beginning(sample)) or name
    choices = _TOKENIZERS.get(name or "", ("char",) if name in WITHOUT_SPACES else (USUAL,))
    return next(choice for choice in choices if is_usable(choice))


@cache
def is_usable(tokenizer: str) -> bool:
    """Return whether sacreBLEU knows a tokenizer and its libraries are installed."""
    if tokenizer not in BLEU.TOKENIZERS or tokenizer in ("zh", "char", "13a", "intl", "none"):
        return tokenizer in BLEU.TOKENIZERS
    try:
        BLEU(tokenize=tokenizer)
    except (ImportError, RuntimeError, OSError, AssertionError):  # missing, or with another dictionary than it expects
        return False
    return True


def _beginning(sample: Iterable[str]) -> str:
    lines, length = [], 0
    for line in sample:
        lines.append(line)
        length += len(line)
        if length >= _SAMPLED_CHARACTERS:
            break
    return "\n".join(lines)
