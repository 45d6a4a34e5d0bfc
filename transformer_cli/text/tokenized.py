"""Whether text has been tokenised or cut into subwords, which makes its scores incomparable."""

from __future__ import annotations

import re
from collections.abc import Sequence

# Marks of a tokeniser or a subword splitter: escaped characters, split hyphens, joining marks.
_TOKENIZER_MARK = re.compile(r"&(?:apos|quot|#91|#93|#124);|(?<=\s)@-@(?=\s)|@@(?=\s)|\u2581")
# French puts spaces before "?", "!", ":" and ";", but no language does before "." and ",".
_STOP = re.compile(r"(?<!\.)[.,](?=\s|$)")
_SPACED_STOP = re.compile(r"(?<=\s)[.,](?=\s|$)")


def looks_tokenized(lines: Sequence[str]) -> bool:
    """Return whether a text was probably tokenised, or even split into subwords, and not joined again.

    Args:
        lines: The text.

    Returns:
        Whether most full stops and commas stand apart from the word before them, or a tenth of the
        lines hold a mark such as ``@-@``, ``&apos;``, ``@@`` or U+2581.
    """
    marked = sum(_TOKENIZER_MARK.search(line) is not None for line in lines)
    return has_spaced_stops(lines) or (marked > 0 and 10 * marked >= len(lines))


def has_spaced_stops(lines: Sequence[str]) -> bool:
    """Return whether most full stops and commas stand apart from the word before them."""
    stops = sum(len(_STOP.findall(line)) for line in lines)
    spaced = sum(len(_SPACED_STOP.findall(line)) for line in lines)
    return 2 * spaced > stops
