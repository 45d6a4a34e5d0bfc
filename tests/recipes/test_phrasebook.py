"""The phrasebook: its languages, its size, and that its test part was never seen in training."""

import hashlib
import os
import re
import subprocess
import sys
from collections import Counter

import pytest

from recipes.phrasebook import Phrasebook, PhrasebookPair, build_phrasebook
from recipes.phrasebook.generate import part_of, sentences, split
from recipes.phrasebook.grammar import Sentence

SIDES = ("source", "target")


@pytest.fixture(scope="module")
def phrasebook() -> Phrasebook:
    return build_phrasebook()


@pytest.fixture(scope="module")
def parts() -> dict[str, tuple[Sentence, ...]]:
    return split(sentences())


@pytest.fixture(scope="module")
def pairs(phrasebook: Phrasebook) -> tuple[PhrasebookPair, ...]:
    return phrasebook.train + phrasebook.valid + phrasebook.test


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def test_the_phrasebook_has_the_promised_size(phrasebook: Phrasebook, pairs: tuple[PhrasebookPair, ...]) -> None:
    assert 20_000 <= len(pairs) <= 30_000
    assert 400 <= len(phrasebook.test) <= 600
    assert 300 <= len(phrasebook.valid) <= 500


def test_every_french_sentence_stands_once_and_has_one_translation(
    pairs: tuple[PhrasebookPair, ...],
) -> None:
    assert len({pair.source for pair in pairs}) == len(pairs)


def test_each_side_has_hundreds_of_words(pairs: tuple[PhrasebookPair, ...]) -> None:
    for side in SIDES:
        assert len({word for pair in pairs for word in words(getattr(pair, side))}) >= 350


def test_parts_share_no_proposition(parts: dict[str, tuple[Sentence, ...]]) -> None:
    stated = {
        name: {proposition for sentence in part for proposition in sentence.propositions}
        for name, part in parts.items()
    }
    assert all(stated.values())
    assert not stated["train"] & stated["test"]
    assert not stated["train"] & stated["valid"]
    assert not stated["valid"] & stated["test"]


def test_no_english_sentence_of_the_test_part_was_seen_in_training(phrasebook: Phrasebook) -> None:
    seen = {pair.target for pair in phrasebook.train}
    assert not [pair for pair in phrasebook.valid + phrasebook.test if pair.target in seen]


def test_every_held_out_word_occurs_in_training(phrasebook: Phrasebook) -> None:
    for side in SIDES:
        known = {word for pair in phrasebook.train for word in words(getattr(pair, side))}
        held_out = phrasebook.valid + phrasebook.test
        assert {word for pair in held_out for word in words(getattr(pair, side))} <= known


def test_every_held_out_template_occurs_in_training_with_other_words(
    parts: dict[str, tuple[Sentence, ...]],
) -> None:
    seen = Counter(sentence.template for sentence in parts["train"])
    assert min(seen[sentence.template] for sentence in parts["valid"] + parts["test"]) >= 5


def test_i_am_a_student_is_held_out_in_every_form_and_student_is_not(
    phrasebook: Phrasebook,
) -> None:
    assert PhrasebookPair("Je suis étudiant.", "I am a student.") in phrasebook.test
    for pair in phrasebook.train:
        assert not re.search(r"\bI (?!think).*\ba student", pair.target)
    for source in ("Il est étudiant.", "Elle est étudiante.", "Nous sommes étudiants."):
        assert source in {pair.source for pair in phrasebook.train}


def test_fixed_expressions_are_for_training_only(parts: dict[str, tuple[Sentence, ...]]) -> None:
    assert "fixed" in {sentence.template for sentence in parts["train"]}
    for name in ("valid", "test"):
        assert "fixed" not in {sentence.template for sentence in parts[name]}


def test_a_proposition_of_one_part_takes_all_of_its_sentences_along(
    parts: dict[str, tuple[Sentence, ...]],
) -> None:
    for name, part in parts.items():
        for sentence in part:
            assert {part_of(proposition) for proposition in sentence.propositions} <= {name}


def test_a_sentence_of_two_parts_is_left_out_and_one_without_proposition_is_for_training() -> None:
    def sentence(*propositions: str) -> Sentence:
        return Sentence(f"Oui {propositions}.", "Yes.", "any", propositions)

    of_part = {part_of(name): name for name in (f"he / do {number}" for number in range(300))}
    plain, mixed = sentence(), sentence(of_part["train"], of_part["test"])
    known, unseen = sentence(of_part["train"]), sentence(of_part["test"])
    assert split([plain, mixed, known, unseen]) == {
        "train": (plain, known),
        "valid": (),
        "test": (unseen,),
    }


@pytest.mark.parametrize(
    "fault",
    [
        r"(?<!-)\b(je|le|la|de|ne|que|me|te|se) (?!huit|oui)[aàâeéèêiîoôuûh]",
        r"\bne y\b",
        r"\bce (est|était)\b",
        r"\bsi ils?\b",
        r"\b(de|à) les?\b",
        r"\b(ma|ta|sa) [aàâeéèêiîoôuûh]",
        r"\bce (hôtel|homme|ordinateur|enfant)\b",
        r"\b(beau|nouveau|vieux) (hôtel|ordinateur)\b",
        r"[aeé]-(il|elle|on)\b",
        r"\w'(?!aujourd)[^aàâeéèêiîoôuûhyAEÉ]",
        r"[^ ]\?",
        r"  |\{|\}|^ | $|-\.| \.",
    ],
)
def test_french_has_no_such_fault(pairs: tuple[PhrasebookPair, ...], fault: str) -> None:
    assert not [pair.source for pair in pairs if re.search(fault, pair.source, re.IGNORECASE)]


def test_a_negation_turns_indefinite_articles_into_de_but_not_after_being(pairs: tuple[PhrasebookPair, ...]) -> None:
    being = re.compile(r"\b(est|suis|es|sommes|êtes|sont|ét\w+) (pas|plus) (des|une?) ")
    negated = re.compile(
        r"\b(pas|plus|jamais) (manger |boire |acheter |lire )?(des|une?|du pain|du café|de la viande|de l'eau)\b"
    )
    found = [pair.source for pair in pairs if negated.search(pair.source)]
    assert found
    assert not [source for source in found if not being.search(source)]


@pytest.mark.parametrize(
    "fault",
    [
        r"\ba [aeiou]",
        r"\ban [^aeiou]",
        r"^(He|She|It|Paul|Marie) (are|am|have|do|go|want|eat|like)\b",
        r"\b(I|you|we|they) (is|has|does|goes|wants|eats|likes)\b",
        r"\bI are\b",
        r"\b(does|did|do|can|must|will|cannot) (not )?(wanted|looked|went|ate|bought|has|is|was)\b",
        r"n't|\bcan not\b",
        r" [.?,]",
        r"  |\{|\}|^ | $",
    ],
)
def test_english_has_no_such_fault(pairs: tuple[PhrasebookPair, ...], fault: str) -> None:
    assert not [pair.target for pair in pairs if re.search(fault, pair.target)]


def test_sentences_are_written_as_sentences(pairs: tuple[PhrasebookPair, ...]) -> None:
    for pair in pairs:
        for text in (pair.source, pair.target):
            assert text[0].isupper()
            assert text[-1] in ".?"
            assert text.count(".") + text.count("?") == 1
        assert pair.source.endswith(" ?") == pair.target.endswith("?")
        assert len(pair.source.split()) <= 14


def test_every_word_of_a_template_is_seen_several_times(
    parts: dict[str, tuple[Sentence, ...]],
) -> None:
    for side in SIDES:
        built = [sentence for sentence in parts["train"] if sentence.template != "fixed"]
        seen = Counter(word for sentence in built for word in set(words(getattr(sentence, side))))
        assert {word: count for word, count in seen.items() if count < 4} == {}


def test_two_builds_are_equal(phrasebook: Phrasebook, parts: dict[str, tuple[Sentence, ...]]) -> None:
    for name, part in parts.items():
        assert [(pair.source, pair.target) for pair in getattr(phrasebook, name)] == [
            (sentence.source, sentence.target) for sentence in part
        ]


def test_another_process_builds_the_same(phrasebook: Phrasebook) -> None:
    program = (
        "import hashlib; from recipes.phrasebook import build_phrasebook; "
        "print(hashlib.sha256(repr(build_phrasebook()).encode()).hexdigest())"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    answer = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == hashlib.sha256(repr(phrasebook).encode()).hexdigest()
