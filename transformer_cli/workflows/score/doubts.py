"""Texts that cannot be scored, or whose scores would mean something other than they seem to."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from transformer_cli.errors import DataError
from transformer_cli.metrics import corpus_bleu
from transformer_cli.text.tokenized import looks_tokenized

# The tags of the test sets of WMT and of the program mteval, in SGML or XML.
_MARKUP = re.compile(
    r"\s*<(?:\?xml|!DOCTYPE|(?:ref|src|tst)set\b|mteval\b|dataset\b|doc\b[^>]*\bdocid|seg\b[^>]*\bid)", re.I
)
_BEGINNING = 5


@dataclass(frozen=True, slots=True)
class Text:
    """The lines of a file, or of another source.

    Args:
        name: Name in messages.
        lines: One segment each.
    """

    name: str
    lines: tuple[str, ...]


def check_texts(references: Sequence[Text], hypotheses: Sequence[Text]) -> None:
    """Refuse texts that cannot be scored.

    Args:
        references: At least one.
        hypotheses: Texts to score against all of them.

    Raises:
        DataError: The first reference is empty, another text has another number of lines, or one is no plain text.
    """
    first, *others = [*references, *hypotheses]
    for text in (first, *others):
        if any(_MARKUP.match(line) for line in text.lines[:_BEGINNING]):
            raise DataError(f"{text.name} is SGML or XML; score plain text: what stands in <seg>, one segment a line")
        if _is_own_jsonl(text):
            raise DataError(
                f"{text.name} is of `tfm translate --format jsonl`; score its translations alone: "
                f"jq -r .translation {text.name}"
            )
    if not first.lines:
        raise DataError(f"{first.name} has no lines; there is nothing to score against")
    for text in others:
        if len(text.lines) != len(first.lines):
            raise DataError(
                f"{text.name} has {len(text.lines)} lines but {first.name} has {len(first.lines)}; the two must align"
            )


def doubts(
    references: Sequence[Text], hypotheses: Sequence[Text], *, is_tokenized: bool, is_lowercased: bool
) -> list[str]:
    """Return warnings about texts whose scores are doubtful.

    Args:
        references: At least one.
        hypotheses: Texts to score against all of them.
        is_tokenized: Whether the texts are said to be tokenized.
        is_lowercased: Whether case is ignored.
    """
    warnings = [_tabs(text) for text in hypotheses if _has_tabs(text) and not _has_tabs(references[0])]
    if not is_tokenized:
        warnings += [_tokenized(text) for text in [*references, *hypotheses] if looks_tokenized(text.lines)]
    if not is_lowercased:
        warnings += _case_warnings(references[0], hypotheses)
    return warnings


def blindness(reference: Text, tokenizer: str) -> list[str]:
    """Return a warning if BLEU is 0 for any translation, because no line of a reference has four words.

    Args:
        reference: The reference.
        tokenizer: The tokenizer that tells the words.
    """
    if corpus_bleu(reference.lines, [reference.lines], tokenize=tokenizer).matches:
        return []
    return [
        f'no line of {reference.name} has four words as the tokenizer "{tokenizer}" sees them, so BLEU is 0 for any '
        'translation; look at chrF, or set tokenize to "char"'
    ]


def _is_own_jsonl(text: Text) -> bool:
    beginning = [line for line in text.lines[:_BEGINNING] if line.strip()]
    return bool(beginning) and all(map(_is_own_object, beginning))


def _is_own_object(line: str) -> bool:
    if not line.startswith("{"):
        return False
    try:
        return {"source", "translation", "score"} <= set(json.loads(line))
    except ValueError:
        return False


def _has_tabs(text: Text) -> bool:
    filled = [line for line in text.lines if line]
    return bool(filled) and all("\t" in line for line in filled)


def _tabs(text: Text) -> str:
    return (
        f"{text.name} has tabs in every line but the reference has not; if `tfm translate --format tsv` wrote it, "
        f"score its second column: cut -f 2 {text.name}"
    )


def _tokenized(text: Text) -> str:
    return (
        f"{text.name} looks tokenised, and BLEU tokenises it once more; score plain text, or, to "
        'compare with published scores of tokenised text, set tokenize to "none"'
    )


def _case_warnings(reference: Text, hypotheses: Sequence[Text]) -> list[str]:
    warnings = []
    for text in hypotheses:
        for lower, other in ((reference, text), (text, reference)):
            if _has_capitals(lower.lines) is False and _has_capitals(other.lines):
                warnings.append(
                    f"{lower.name} is in lower case but {other.name} is not; set lowercase to ignore case in both"
                )
    return warnings


def _has_capitals(lines: Sequence[str]) -> bool | None:
    """Return whether most lines have capitals, or ``None`` for a script without capitals or a mixture.

    A single capital, or a few sentences that begin with a number, do not change the result.
    """
    cased = sum(line.lower() != line.upper() for line in lines)
    share = sum(line != line.lower() for line in lines) / max(cased, 1)
    if not cased or 0.01 <= share <= 0.5:
        return None
    return share > 0.5
