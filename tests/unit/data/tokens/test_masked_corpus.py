from __future__ import annotations

import numpy as np

from transformer_cli.config import TokenizerConfig
from transformer_cli.data.splits.read import Corpus
from transformer_cli.data.tokens.encoded import encode_corpus
from transformer_cli.data.tokens.fit_tokenizer import fit_tokenizers
from transformer_cli.data.tokens.masked_corpus import masked_corpus
from transformer_cli.text.placeholders import SYMBOLS, finder

CORPUS = Corpus(["le %s dort", "un chat", "{x}", "%d"], ["%s sleeps", "a cat", "{y}", "%d"], np.zeros(4, np.int32))


def test_a_masked_corpus_has_symbols_and_the_corpus_stays_as_it_is():
    found = masked_corpus(CORPUS, finder(), SYMBOLS)

    assert [*found.sources] == found.sources[:] == ["le ⟦0⟧ dort", "un chat", "{x}", "⟦0⟧"]
    assert [*found.targets] == [found.targets[i] for i in range(4)] == ["⟦0⟧ sleeps", "a cat", "{y}", "⟦0⟧"]
    assert found.origins is CORPUS.origins
    assert CORPUS.sources[0] == "le %s dort"


def test_without_symbols_it_is_the_same_corpus():
    assert masked_corpus(CORPUS, finder(), ()) is CORPUS


def test_each_symbol_is_one_token_on_both_sides():
    for shared in (True, False):
        found = masked_corpus(CORPUS, finder(), SYMBOLS)
        config = TokenizerConfig(shared=shared)
        pair = fit_tokenizers(found.sources, found.targets, config, where="x", placeholders=SYMBOLS)

        assert pair.symbols == SYMBOLS
        for tokenizer in (pair.source, pair.target):
            for symbol in SYMBOLS:
                assert tokenizer.encode(f"a{symbol}b").count(tokenizer.processor.piece_to_id(symbol)) == 1
                assert tokenizer.decode(tokenizer.encode(f"a {symbol}, b")) == f"a {symbol}, b"
        encoded = encode_corpus(found, pair)
        assert pair.source.processor.piece_to_id("⟦0⟧") in encoded.source[0]


def test_a_tokenizer_without_symbols_has_none():
    pair = fit_tokenizers(CORPUS.sources, CORPUS.targets, TokenizerConfig(), where="x")

    assert pair.symbols == ()
