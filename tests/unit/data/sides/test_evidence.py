from __future__ import annotations

from pathlib import Path

import pytest

from transformer_cli.config import LanguagesConfig
from transformer_cli.data.corpora import BUILTIN_PHRASEBOOK, read_corpus
from transformer_cli.data.sides.evidence import count_sides, find_crossed, other_language, share_of_equal

RUSSIAN = ["Где вокзал?", "Меня зовут Анна.", "Нажмите OK.", "Я не знаю.", "Спасибо.", "Откройте файл test.txt."]
ENGLISH = ["Where is the station?", "My name is Anna.", "Press OK.", "I do not know.", "Thanks.", "Open test.txt."]
CHINESE = ["车站在哪里?", "我的名字是安娜。", "请按确定。", "我不知道。", "非常感谢你。", "请打开文件。"]
JAPANESE = [
    "駅はどこですか。",
    "私の名前はアンナです。",
    "確定を押して。",
    "分かりません。",
    "ありがとう。",
    "開いて。",
]
CZECH = ["Kde je nádraží, které hledáme?", "Nevím, co bych měl říct.", "Děkuji vám za všechno.", "Můžete mi pomoci?"]
SLOVAK = [
    "Kde je stanica, ktorú hľadáme?",
    "Neviem, čo by som mal povedať.",
    "Ďakujem vám za všetko.",
    "Môžete mi pomôcť?",
]


def languages(source: str, target: str) -> LanguagesConfig:
    return LanguagesConfig(source=source, target=target)


def turned(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(target, source) for source, target in pairs]


@pytest.fixture(scope="module")
def phrasebook():
    pairs = read_corpus(BUILTIN_PHRASEBOOK, languages("fr", "en"), Path(), part="train")
    return [(pair.source, pair.target) for pair in pairs]


def test_a_corpus_the_right_way_round_is_straight_and_turned_it_is_crossed(phrasebook):
    for first in range(0, len(phrasebook) - 300, 3000):
        sample = phrasebook[first : first + 300]
        right, wrong = (count_sides(pairs, languages("fr", "en")) for pairs in (sample, turned(sample)))

        assert (right.is_plainly_straight, right.is_plainly_crossed, right.may_be_crossed) == (True, False, False)
        assert (wrong.is_plainly_straight, wrong.is_plainly_crossed, wrong.may_be_crossed) == (False, True, True)
        assert count_sides(turned(sample), languages("en", "fr")).is_plainly_straight


@pytest.mark.parametrize(
    ("codes", "sources", "targets"),
    [(("ru", "en"), RUSSIAN, ENGLISH), (("zh", "ja"), CHINESE, JAPANESE), (("zh", "en"), CHINESE, ENGLISH)],
)
def test_scripts_decide_where_they_differ(codes, sources, targets):
    pairs = list(zip(sources, targets, strict=True))

    assert count_sides(pairs, languages(*codes)).is_plainly_straight
    assert count_sides(turned(pairs), languages(*codes)).is_plainly_crossed


def test_a_language_identifier_decides_between_near_languages():
    pytest.importorskip("py3langid")
    pairs = list(zip(CZECH, SLOVAK, strict=True)) * 15

    assert count_sides(pairs, languages("cs", "sk")).is_plainly_straight
    assert count_sides(turned(pairs), languages("cs", "sk")).is_plainly_crossed


@pytest.mark.parametrize("codes", [("xx", "yy"), ("en", "en-simple"), ("src", "trg")])
def test_of_unknown_languages_nothing_is_said(phrasebook, codes):
    for pairs in (phrasebook[:300], turned(phrasebook[:300])):
        counts = count_sides(pairs, languages(*codes))
        assert not (counts.is_plainly_crossed)
        assert not (counts.may_be_crossed)
        assert not (counts.alike)


@pytest.mark.parametrize("pairs", [[], [("12", "13")] * 20, [("OK", "OK")] * 20, [("x", "")] * 20])
def test_of_pairs_without_words_nothing_is_said(pairs):
    counts = count_sides(pairs, languages("fr", "en"))

    assert not (counts.is_plainly_straight)
    assert not (counts.is_plainly_crossed)
    assert not (counts.may_be_crossed)
    assert not (counts.alike)


def test_a_part_the_wrong_way_round_is_a_doubt(phrasebook):
    for turned_pairs in (30, 150, 250):
        sample = turned(phrasebook[:turned_pairs]) + phrasebook[turned_pairs:300]
        counts = count_sides(sample, languages("fr", "en"))

        assert (counts.may_be_crossed, counts.is_plainly_crossed, counts.is_plainly_straight) == (
            True,
            False,
            False,
        ) or (turned_pairs == 30 and counts.may_be_crossed)
    assert find_crossed(phrasebook[:50] + turned(phrasebook[50:90]), languages("fr", "en")) in range(50, 90)


def test_two_sides_in_one_language_are_alike(phrasebook):
    english = [(target, target) for _, target in phrasebook[:300]]
    others = [(target, english[-1 - place][0]) for place, (target, _) in enumerate(english)]

    for pairs in (english, others):
        counts = count_sides(pairs, languages("fr", "en"))
        assert counts.alike == counts.like_target > 150
        assert not counts.is_plainly_crossed
    assert count_sides(phrasebook[:300], languages("fr", "en")).alike == 0
    assert share_of_equal(english) == 1.0 > 0.2 > share_of_equal(phrasebook[:300])


def test_a_side_in_a_third_language_is_noticed(phrasebook):
    french = [source for source, _ in phrasebook[:300]]

    assert other_language(french, "de") == "fr"
    assert other_language(french, "fr") is None
    assert other_language(["numéro 1", "numéro 2"] * 100, "de") is None
    assert other_language([], "de") is None
