from __future__ import annotations

import io
import random

import pytest
import sentencepiece
from hypothesis import example, given, settings
from hypothesis import strategies as st

from transformer_cli.config import TokenizerConfig
from transformer_cli.data.normalization import normalize
from transformer_cli.data.tokenizer import Tokenizer
from transformer_cli.data.tokenizer_fitting import DEFAULT_VOCAB_SIZE, fit_tokenizer
from transformer_cli.errors import DamagedFileError, DataError
from transformer_cli.special_tokens import BOS_ID, EOS_ID, PAD_ID, UNK_ID

SENTENCES = [
    "Je suis étudiant, et toi ?",
    "Où est la gare ? Là-bas, à gauche.",
    "I am a student, and you?",
    "Where is the station? Over there, on the left.",
    "Preis: 3,50 € <b>netto</b> &amp; mehr",
]
SPECIAL_IDS = {PAD_ID, UNK_ID, BOS_ID, EOS_ID}

# All planes of Unicode. U+2581 is left out: it is SentencePiece's own sign for a space and comes back as one.
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\u2581"))


@pytest.fixture(scope="module", params=["bpe", "unigram"])
def tokenizer(request) -> Tokenizer:
    return fit_tokenizer(SENTENCES, TokenizerConfig(model_type=request.param), where="five sentences")


@settings(deadline=None)
@given(text=TEXTS)
@example("Je suis  étudiant.")
@example("<s> a </s> <unk> <pad> <0x41> \u2047")
@example(
    "e\u0301 \ufb01 Å \uff46\uff55\uff4c\uff4c \u00a0\u202f\u3000\u200b\ufeff"
)  # folding would change most of them
@example("👩‍👩‍👧 🇫🇷 漢字 \U0010ffff \u2585")
@example("a\0b\x1b[31m\rc\u2028d")
@example(" ")
def test_what_is_encoded_comes_back_as_normalised_text(tokenizer, text):
    assert tokenizer.decode(tokenizer.encode(text)) == normalize(text)


@settings(deadline=None)
@given(text=TEXTS)
@example("<s> a </s> <unk> <pad>")
def test_no_text_is_encoded_as_a_special_token(tokenizer, text):
    assert SPECIAL_IDS.isdisjoint(tokenizer.encode(text))


@settings(deadline=None)
@given(data=st.data())
def test_any_ids_decode_to_a_text_that_can_be_written(tokenizer, data):
    ids = data.draw(st.lists(st.integers(0, tokenizer.vocab_size - 1)))

    assert isinstance(tokenizer.decode(ids).encode("utf-8"), bytes)


def test_padding_and_the_ends_of_a_sentence_decode_to_nothing(tokenizer):
    ids = tokenizer.encode(SENTENCES[0])

    assert tokenizer.decode([BOS_ID, *ids, EOS_ID, PAD_ID, PAD_ID]) == SENTENCES[0]


def test_many_sentences_are_encoded_as_each_by_itself(tokenizer):
    texts = ["", " a\u00a0b ", "e\u0301", *SENTENCES * 20]

    assert tokenizer.encode_all(texts) == [tokenizer.encode(text) for text in texts]


def test_pieces_spell_the_text(tokenizer):
    text = SENTENCES[2]

    assert "".join(tokenizer.pieces(text)).replace("\u2581", " ").strip() == text
    assert len(tokenizer.pieces(text)) == len(tokenizer.encode(text))


def test_a_word_seen_often_takes_fewer_tokens_than_it_has_letters(tokenizer):
    assert len(tokenizer.encode("student")) < len("student")


def test_the_two_kinds_of_model_are_not_the_same():
    bpe, unigram = (
        fit_tokenizer(SENTENCES, TokenizerConfig(vocab_size=305, model_type=kind), where="x")
        for kind in ("bpe", "unigram")
    )

    assert bpe.encode_all(SENTENCES) != unigram.encode_all(SENTENCES)


# The size of the vocabulary


@pytest.mark.parametrize("model_type", ["bpe", "unigram"])
@pytest.mark.parametrize("vocab_size", [305, 320])
def test_the_vocabulary_has_the_size_that_was_asked_for(model_type, vocab_size):
    config = TokenizerConfig(vocab_size=vocab_size, model_type=model_type)

    assert fit_tokenizer(SENTENCES, config, where="x").vocab_size == vocab_size


@pytest.mark.parametrize("model_type", ["bpe", "unigram"])
def test_too_large_a_vocabulary_is_lowered_to_the_largest_that_the_corpus_carries(model_type):
    def fit(vocab_size: int) -> Tokenizer:
        return fit_tokenizer(SENTENCES, TokenizerConfig(vocab_size=vocab_size, model_type=model_type), where="x")

    largest = fit(9000).vocab_size

    assert 300 < largest < 9000
    assert fit(largest + 1).vocab_size == largest
    assert fit(largest - 1).vocab_size == largest - 1


@pytest.mark.parametrize("model_type", ["bpe", "unigram"])
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
        "zh.tsv: more different characters than a vocabulary of 300 pieces can hold; "
        "raise tokenizer.vocab_size or lower tokenizer.character_coverage"
    )
    assert len(raised.encode(rare[0])) < len(covering_less.encode(rare[0]))  # there it is spelled in bytes
    assert covering_less.decode(covering_less.encode(rare[0])) == rare[0]


# The file


def test_a_model_file_reads_back_as_the_same_tokenizer(tmp_path, tokenizer):
    (tmp_path / "tokenizer.model").write_bytes(tokenizer.model)
    loaded = Tokenizer.load(tmp_path / "tokenizer.model")

    assert (loaded.fingerprint, loaded.vocab_size) == (tokenizer.fingerprint, tokenizer.vocab_size)
    assert loaded.encode_all(SENTENCES) == tokenizer.encode_all(SENTENCES)


def test_the_same_corpus_and_settings_give_the_same_fingerprint_and_others_another(tokenizer):
    again, other = (fit_tokenizer(SENTENCES, TokenizerConfig(vocab_size=size), where="x") for size in (320, 321))

    assert again.fingerprint == fit_tokenizer(SENTENCES, TokenizerConfig(vocab_size=320), where="y").fingerprint
    assert len({again.fingerprint, other.fingerprint, tokenizer.fingerprint}) == 3


def test_a_missing_model_file_is_named(tmp_path):
    with pytest.raises(DamagedFileError, match=r"tokenizer\.model is missing$"):
        Tokenizer.load(tmp_path / "tokenizer.model")


@pytest.mark.parametrize(
    "damage", [lambda model: b"", lambda model: model[: len(model) // 2], lambda model: b"<html>" * 99]
)
def test_a_damaged_model_file_is_named(tmp_path, tokenizer, damage):
    (tmp_path / "tokenizer.model").write_bytes(damage(tokenizer.model))

    with pytest.raises(DamagedFileError, match=r"tokenizer\.model: .* is not a SentencePiece model, or is cut short$"):
        Tokenizer.load(tmp_path / "tokenizer.model")


def test_a_model_with_other_special_tokens_is_refused():
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(SENTENCES), model_writer=model, model_type="char", vocab_size=30, minloglevel=2
    )

    with pytest.raises(DamagedFileError, match=r"special tokens have ids \(-1, 0, 1, 2\) instead of \(0, 1, 2, 3\)$"):
        Tokenizer(model.getvalue())
