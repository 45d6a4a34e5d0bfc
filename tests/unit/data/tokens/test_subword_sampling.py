from __future__ import annotations

import math
from collections import Counter
from string import ascii_lowercase

import pytest

from tests.support.hostile_machine import output_of
from tests.support.tiny_models import SENTENCES
from transformer_cli.config import TokenizerConfig
from transformer_cli.data.tokens.fit_tokenizer import fit_tokenizer
from transformer_cli.data.tokens.subword_sampling import SubwordSampler
from transformer_cli.data.tokens.tokenizer import Tokenizer
from transformer_cli.interchange.vocabulary import our_tokenizers, our_vocabulary
from transformer_cli.special_tokens import UNK_ID

KINDS = ("bpe", "unigram")
TEXTS = [*SENTENCES, "", "x", "Ça n'est pas <law> une gare<law>!", "日本 étudiant \u00a0 à"]


@pytest.fixture(scope="module", params=KINDS)
def tokenizer(request: pytest.FixtureRequest) -> Tokenizer:
    config = TokenizerConfig(model_type=request.param, vocab_size=390)
    return fit_tokenizer(list(SENTENCES) * 5, config, where="x", symbols=["<law>"])


def drawn(tokenizer: Tokenizer, strength: float, texts: list[str] = TEXTS, times: int = 60) -> list[list[list[int]]]:
    sampler = SubwordSampler(tokenizer, strength)
    return [sampler.encode_all(texts, seed=[number]) for number in range(times)]


@pytest.mark.parametrize("strength", [0.1, 0.6])
def test_drawn_subwords_spell_the_same_text_in_many_ways(tokenizer, strength):
    found = drawn(tokenizer, strength)

    expected = [tokenizer.decode(ids) for ids in tokenizer.encode_all(TEXTS)]
    assert all([tokenizer.decode(ids) for ids in rows] == expected for rows in found)
    assert len({tuple(rows[1]) for rows in found}) > 20


def test_without_dropout_the_cuts_are_those_of_sentencepiece():
    tokenizer = fit_tokenizer(list(SENTENCES) * 5, TokenizerConfig(vocab_size=390), where="x", symbols=["<law>"])

    assert drawn(tokenizer, 1e-9, times=1) == [tokenizer.encode_all(TEXTS)]


@pytest.mark.parametrize("dropout", [0.1, 0.5])
def test_merges_are_left_out_as_often_as_asked(dropout):
    letters = " ".join(ascii_lowercase)  # one merge each, with the space before
    tokenizer = fit_tokenizer([letters] * 50, TokenizerConfig(vocab_size=313), where="x")
    assert len(tokenizer.encode(letters)) == 26

    [ids] = SubwordSampler(tokenizer, dropout).encode_all([" ".join([letters] * 400)], seed=[1])

    left_out = sum(tokenizer.piece(token) == "\u2581" for token in ids) / (26 * 400)
    assert left_out == pytest.approx(dropout, abs=0.05)


def test_segmentations_come_as_often_as_their_probability_to_the_power_of_alpha_says():
    config = TokenizerConfig(model_type="unigram", vocab_size=390)
    tokenizer = fit_tokenizer(list(SENTENCES) * 5, config, where="x")
    word, alpha = "student", 0.3
    score = tokenizer.processor.get_score
    ways = [tuple(ids) for ids in tokenizer.processor.nbest_encode(word, nbest_size=16)]
    weights = [math.exp(alpha * sum(map(score, way))) for way in ways]

    [ids] = SubwordSampler(tokenizer, alpha).encode_all([" ".join([word] * 20_000)], seed=[1])

    found = Counter(cut_into_words(tokenizer, ids))
    for way, weight in zip(ways, weights, strict=True):
        assert found[way] / 20_000 == pytest.approx(weight / sum(weights), abs=0.02)


def cut_into_words(tokenizer: Tokenizer, ids: list[int]) -> list[tuple[int, ...]]:
    words: list[list[int]] = []
    for token in ids:
        if tokenizer.piece(token).startswith("\u2581"):
            words.append([])
        words[-1].append(token)
    return [tuple(word) for word in words]


def test_what_is_never_to_be_cut_is_not(tokenizer):
    symbol = tokenizer.processor.piece_to_id("<law>")

    for rows in drawn(tokenizer, 0.6):
        assert [ids.count(symbol) for ids in rows] == [text.count("<law>") for text in TEXTS]


def test_the_seed_decides_what_is_drawn_in_any_process(tokenizer, tmp_path):
    (tmp_path / "tokenizer.model").write_bytes(tokenizer.model)
    code = (
        "from pathlib import Path; from transformer_cli.data.tokens.tokenizer import Tokenizer; "
        "from transformer_cli.data.tokens.subword_sampling import SubwordSampler; "
        f"print(SubwordSampler(Tokenizer.load(Path('tokenizer.model')), 0.3).encode_all({TEXTS!r}, seed=[7, 1]))"
    )
    sampler = SubwordSampler(tokenizer, 0.3)
    here = sampler.encode_all(TEXTS, seed=[7, 1])

    assert output_of(code, folder=tmp_path).strip() == str(here)
    assert sampler.encode_all(TEXTS, seed=[7, 1]) == here
    assert sampler.encode_all(TEXTS, seed=[7, 2]) != here


@pytest.mark.parametrize("kind", KINDS)
def test_of_an_imported_tokenizer_no_token_is_drawn_that_its_network_lacks(kind, tmp_path):
    """Every second piece of SentencePiece is not in the list of the network, which has a target language instead."""
    config = TokenizerConfig(model_type=kind, vocab_size=390)
    model = fit_tokenizer(list(SENTENCES) * 5, config, where="x").model
    (tmp_path / "source.spm").write_bytes(model)
    own = Tokenizer(model)
    pieces = ["</s>", "<unk>", ">>fra<<", *(own.piece(token) for token in range(4, own.vocab_size, 2))]
    file = tmp_path / "source.spm"
    imported = our_tokenizers(file, file, [our_vocabulary(pieces, unk=1, eos=0)]).source
    texts = [*TEXTS, ">>fra<< Je suis étudiant.", ">>deu<< Je suis"]

    plain = imported.encode_all(texts)
    assert any(UNK_ID in ids for ids in plain)
    for rows in drawn(imported, 0.6, texts, times=20):
        assert max(token for ids in rows for token in ids) < imported.vocab_size
        assert rows[-2][0] == plain[-2][0] == imported.target_languages["fra"]
    assert SubwordSampler(imported, 0.0).encode_all(texts, seed=[1]) == plain or kind == "unigram"
