"""Noise in made sources: words that are missing, and neighbours that have changed places."""

from __future__ import annotations

import random
from collections.abc import Iterator

from transformer_cli.data.cleaning.match_keys import hash_text
from transformer_cli.documents.words import words_of
from transformer_cli.text.protected import placeholder_spans

_MISSING = 0.1
_FARTHEST = 3


def noised(text: str, seed: int) -> str:
    """Return a text without a tenth of its words, and with the others up to three places from theirs.

    It is the noise of Edunov et al. 2018, "Understanding Back-Translation at Scale", without their filler in the place
    of further words. Placeholders stay as they are, and no word moves across one, for they stand in the target. In
    scripts without spaces each character is a word. A text and a seed always give the same.

    Args:
        text: Words with single spaces between.
        seed: Seed of the draws.
    """
    draw = random.Random(hash_text(f"{seed}\t{text}"))
    noisy: list[str] = []
    run: list[str] = []
    for number, (word, is_kept) in enumerate(_words(text)):
        if is_kept:
            noisy += [*_mixed(run, draw), f" {word}"]
            run = []
        else:
            run += [part for part in _parts(word, is_first=not number) if draw.random() >= _MISSING]
    return "".join([*noisy, *_mixed(run, draw)]).strip(" ") or text


def _words(text: str) -> Iterator[tuple[str, bool]]:
    """Yield each word, and whether it is kept; what touches a placeholder is one word with it."""
    spans = placeholder_spans(text)
    start = 0
    for place in [place for place, character in enumerate(text) if character == " "] + [len(text)]:
        if not any(a < place < b for a, b, _ in spans):
            yield text[start:place], any(a < place and start < b for a, b, _ in spans)
            start = place + 1


def _parts(word: str, *, is_first: bool) -> list[str]:
    """Return the characters of a word in a script without spaces, with their punctuation, or the word.

    The space before a word goes with its first part wherever that goes; the first of a text needs one if it is whole.
    """
    parts = [word[part.start : part.end] for part in words_of(word)] or [word]
    return parts if is_first and len(parts) > 1 else [f" {parts[0]}", *parts[1:]]


def _mixed(words: list[str], draw: random.Random) -> list[str]:
    """Return words in another order, each up to three places from its own."""
    places = [place + draw.uniform(0, _FARTHEST + 1) for place in range(len(words))]
    return [words[place] for place in sorted(range(len(words)), key=places.__getitem__)]
