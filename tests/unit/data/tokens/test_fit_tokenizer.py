from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from tests.support.tiny_models import subwords
from transformer_cli.config import TokenizerConfig
from transformer_cli.data.tokens.fit_tokenizer import DEFAULT_VOCAB_SIZE, fit_tokenizer, fit_tokenizers
from transformer_cli.data.tokens.tokenizer import Tokenizer
from transformer_cli.errors import DataError
from transformer_cli.special_tokens import BOS_ID, EOS_ID, PAD_ID, UNK_ID

SENTENCES = [
    "Je suis étudiant, et toi ?",
    "Où est la gare ? Là-bas, à gauche.",
    "I am a student, and you?",
    "Where is the station? Over there, on the left.",
    "Preis: 3,50 € <b>netto</b> &amp; mehr",
]
SPECIAL_IDS = {PAD_ID, UNK_ID, BOS_ID, EOS_ID}

kinds = pytest.mark.parametrize("model_type", ["bpe", "unigram"])


def test_the_two_kinds_of_model_are_not_the_same():
    bpe, unigram = (
        fit_tokenizer(SENTENCES, TokenizerConfig(vocab_size=305, model_type=kind), where="x")
        for kind in ("bpe", "unigram")
    )

    assert bpe.encode_all(SENTENCES) != unigram.encode_all(SENTENCES)


# The size of the vocabulary


@kinds
@pytest.mark.parametrize("vocab_size", [305, 320])
def test_the_vocabulary_has_the_size_that_was_asked_for(model_type, vocab_size):
    config = TokenizerConfig(vocab_size=vocab_size, model_type=model_type)

    assert fit_tokenizer(SENTENCES, config, where="x").vocab_size == vocab_size


@kinds
def test_too_large_a_vocabulary_is_lowered_to_the_largest_that_the_corpus_carries(model_type):
    def fit(vocab_size: int) -> Tokenizer:
        return fit_tokenizer(SENTENCES, TokenizerConfig(vocab_size=vocab_size, model_type=model_type), where="x")

    largest = fit(9000).vocab_size

    assert 300 < largest < 9000
    assert fit(largest + 1).vocab_size == largest
    assert fit(largest - 1).vocab_size == largest - 1


@kinds
def test_left_out_the_size_is_what_a_small_corpus_can_carry(model_type):
    tokenizer = fit_tokenizer(["3 1 4", "4 1 3"], TokenizerConfig(model_type=model_type), where="x")

    assert 256 + len(SPECIAL_IDS) < tokenizer.vocab_size < 300
    assert tokenizer.decode(tokenizer.encode("1 3 4 4")) == "1 3 4 4"


def test_left_out_the_size_is_the_default_where_the_corpus_can_carry_it():
    letters = random.Random(1)
    words = ["".join(letters.choices("abcdefghij", k=6)) for _ in range(9000)]

    assert fit_tokenizer(words, TokenizerConfig(), where="x").vocab_size == DEFAULT_VOCAB_SIZE


def test_more_characters_than_the_vocabulary_can_hold_are_an_error_with_both_ways_out():
    rare = [chr(0x4E00 + number) for number in range(60)]
    corpus = [*rare, *["a b c d"] * 1000]

    with pytest.raises(DataError) as caught:
        fit_tokenizer(corpus, TokenizerConfig(vocab_size=300), where="zh.tsv")
    raised = fit_tokenizer(corpus, TokenizerConfig(vocab_size=330), where="zh.tsv")
    covering_less = fit_tokenizer(corpus, TokenizerConfig(character_coverage=0.98), where="zh.tsv")

    assert str(caught.value) == (
        "zh.tsv: more different characters and symbols than a vocabulary of 300 pieces can hold; "
        "raise tokenizer.vocab_size or lower tokenizer.character_coverage"
    )
    assert len(raised.encode(rare[0])) < len(covering_less.encode(rare[0]))  # there it is spelled in bytes
    assert covering_less.decode(covering_less.encode(rare[0])) == rare[0]


# Symbols that are never cut

SYMBOLS = ["<med>", "@@1@@", "a,b", 'q"x', "e\u0301e"]


@kinds
@pytest.mark.parametrize("symbol", SYMBOLS)
def test_a_user_symbol_is_one_piece_wherever_it_stands(model_type, symbol):
    config = TokenizerConfig(user_symbols=SYMBOLS, model_type=model_type)
    tokenizer = fit_tokenizer(SENTENCES, config, where="x", symbols=SYMBOLS)
    piece = symbol.replace("e\u0301", "é")  # as it stands in normalised text

    for text in (f"{symbol} Je suis", f"Je{symbol}suis", f"{symbol}{symbol}"):
        assert subwords(tokenizer, text).count(piece) == text.count(symbol)
        assert tokenizer.decode(tokenizer.encode(text)) == text.replace(symbol, piece)


@kinds
def test_a_tag_before_a_sentence_leaves_the_sentence_s_pieces_as_they_are(model_type):
    tokenizer = fit_tokenizer(SENTENCES, TokenizerConfig(model_type=model_type), where="x", symbols=["<med>"])

    assert subwords(tokenizer, "<med> Je suis là") == ["\u2581", "<med>", *subwords(tokenizer, "Je suis là")]


def test_the_same_symbol_twice_is_one():
    tokenizer = fit_tokenizer(SENTENCES, TokenizerConfig(), where="x", symbols=["<a>", "<a>"])

    assert subwords(tokenizer, "<a>")[-1:] == ["<a>"]


def test_tags_are_the_source_s_and_user_symbols_are_both_sides():
    config = TokenizerConfig(shared=False, user_symbols=["@1@"])

    pair = fit_tokenizers(SENTENCES[:2], SENTENCES[2:4], config, where="x", tags=["<med>"])

    assert "<med>" in subwords(pair.source, "<med> a")
    assert "<med>" not in subwords(pair.target, "<med> a")
    assert "@1@" in subwords(pair.source, "@1@")
    assert "@1@" in subwords(pair.target, "@1@")


# One vocabulary or two


def test_a_joint_vocabulary_knows_the_words_of_both_sides_and_a_separate_one_those_of_its_own():
    sources, targets = ["gare gare gare"] * 9, ["left left left"] * 9

    joint = fit_tokenizers(sources, targets, TokenizerConfig(), where="x")
    separate = fit_tokenizers(sources, targets, TokenizerConfig(shared=False), where="x")

    assert joint.source is joint.target
    assert [len(joint.source.encode(word)) for word in ("gare", "left")] == [1, 1]
    assert [len(separate.source.encode(word)) for word in ("gare", "left")] == [1, 5]
    assert [len(separate.target.encode(word)) for word in ("gare", "left")] == [5, 1]


@pytest.mark.parametrize("failure", [DataError("the disk is gone"), KeyboardInterrupt()])
def test_what_goes_wrong_in_reading_sentences_is_raised_as_it_is(failure):
    def broken_off() -> Iterator[str]:
        yield SENTENCES[0]
        raise failure

    with pytest.raises(type(failure)) as caught:
        fit_tokenizer(broken_off(), TokenizerConfig(), where="x")
    assert caught.value is failure


def test_sentences_are_streamed_and_gone_through_again_where_the_vocabulary_must_be_smaller():
    class Streamed:
        passes = 0

        def __iter__(self) -> Iterator[str]:
            self.passes += 1
            return iter(SENTENCES)

    streamed = Streamed()
    tokenizer = fit_tokenizer(streamed, TokenizerConfig(vocab_size=9000), where="x")

    assert tokenizer.model == fit_tokenizer(SENTENCES, TokenizerConfig(vocab_size=9000), where="x").model
    assert streamed.passes == 2
