"""From links between subwords to links between words."""

from __future__ import annotations

from collections.abc import Sequence

from transformer_cli.data.tokens.tokenizer import Tokenizer, TokenizerPair
from transformer_cli.decoding.hypothesis import Hypothesis
from transformer_cli.text.normalization import normalize


def word_alignment(tokenizers: TokenizerPair, source: Sequence[int], hypothesis: Hypothesis) -> list[tuple[int, int]]:
    """Return which words of the source the words of a translation come from.

    Two words are linked if a token of the one looks at a token of the other most.

    Args:
        tokenizers: Of both sides.
        source: Token ids without eos.
        hypothesis: With its alignment; a token aligned to eos has no link.

    Returns:
        Pairs (word of the source, word of the translation), sorted, counted from 0; spaces separate words.
    """
    source_words = _words(tokenizers.source, source)
    target_words = _words(tokenizers.target, hypothesis.tokens)
    links = zip(hypothesis.alignment or (), target_words, strict=True)
    return sorted({(source_words[position], word) for position, word in links if position < len(source)})


def number_of_words(text: str) -> int:
    """Count the words of a normalised text: what spaces separate, a no-break space being part of a word."""
    return text.count(" ") + 1 if text else 0


def _words(tokenizer: Tokenizer, tokens: Sequence[int]) -> list[int]:
    """Return the number of the word that each token is part of: that which the text up to it ends with."""
    texts = (normalize(tokenizer.decode(tokens[: end + 1])) for end in range(len(tokens)))
    return [text.count(" ") for text in texts]
