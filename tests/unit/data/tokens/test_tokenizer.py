from __future__ import annotations

import io

import pytest
import sentencepiece
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.support.tiny_models import subwords
from transformer_cli.config import TokenizerConfig
from transformer_cli.data.tokens.fit_tokenizer import fit_tokenizer
from transformer_cli.data.tokens.tokenizer import Tokenizer, TokenizerPair
from transformer_cli.errors import DamagedFileError
from transformer_cli.special_tokens import BOS_ID, EOS_ID, PAD_ID, UNK_ID
from transformer_cli.text.normalization import normalize

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

    assert "".join(subwords(tokenizer, text)).replace("\u2581", " ").strip() == text
    assert len(subwords(tokenizer, text)) == len(tokenizer.encode(text))


def test_a_word_seen_often_takes_fewer_tokens_than_it_has_letters(tokenizer):
    assert len(tokenizer.encode("student")) < len("student")


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


# Two sides


def test_a_joint_vocabulary_is_one_file_and_separate_ones_are_two(tmp_path, tokenizer):
    other = fit_tokenizer(SENTENCES, TokenizerConfig(vocab_size=305), where="x")
    for shared, pair in ((True, TokenizerPair(tokenizer, tokenizer)), (False, TokenizerPair(tokenizer, other))):
        folder = tmp_path / str(shared)
        folder.mkdir()
        for name, content in pair.files().items():
            (folder / name).write_bytes(content)

        loaded = TokenizerPair.load(folder, shared=shared)

        assert (loaded.is_shared, loaded.fingerprint) == (shared, pair.fingerprint)
        assert (loaded.source.model, loaded.target.model) == (pair.source.model, pair.target.model)
        assert loaded.source_vocab_size == (None if shared else tokenizer.vocab_size)
    assert [path.name for path in sorted(tmp_path.glob("*/*"))] == [
        "tokenizer.source.model",
        "tokenizer.target.model",
        "tokenizer.model",
    ]


def test_the_fingerprint_tells_the_sides_apart(tokenizer):
    other = fit_tokenizer(SENTENCES, TokenizerConfig(vocab_size=305), where="x")
    pairs = [(tokenizer, tokenizer), (other, other), (tokenizer, other), (other, tokenizer)]

    assert len({TokenizerPair(*pair).fingerprint for pair in pairs}) == 4


@pytest.mark.parametrize("name", ["tokenizer.source.model", "tokenizer.target.model"])
def test_the_missing_file_of_one_side_is_named(tmp_path, tokenizer, name):
    for side in ("source", "target"):
        (tmp_path / f"tokenizer.{side}.model").write_bytes(tokenizer.model)
    (tmp_path / name).unlink()

    with pytest.raises(DamagedFileError, match=f"{name} is missing$"):
        TokenizerPair.load(tmp_path, shared=False)
