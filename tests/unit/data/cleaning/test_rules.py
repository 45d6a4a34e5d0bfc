from __future__ import annotations

import sys
from itertools import count, islice

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from transformer_cli.config import CleaningConfig, LanguagesConfig
from transformer_cli.data.cleaning.rules import LOCAL_RULES, NEIGHBOURS, CleaningReport, PairCleaner
from transformer_cli.data.corpora import SentencePair
from transformer_cli.errors import RecipeError
from transformer_cli.text.normalization import normalize

FR_EN = ("fr", "en")
GOOD = ("Le chien dort.", "The dog sleeps.")


def broken_rule(pair: tuple[str, str], *, languages=FR_EN, is_utf8: bool = True, **config) -> str | None:
    codes = LanguagesConfig(source=languages[0], target=languages[1])
    cleaner = PairCleaner(CleaningConfig.model_validate(config), codes)
    (judgement,) = cleaner.judge([SentencePair(*pair, "t:1", is_utf8)])
    return judgement.rule


@pytest.mark.parametrize(
    ("rule", "config", "broken", "fit"),
    [
        ("empty", {}, ("", "x"), ("x", "y")),
        ("empty", {}, ("x", " \t\0\u2028 "), ("x", "y")),
        ("too_short", {"too_short": 3}, ("abc", "ab"), ("abc", "abc")),
        ("too_long", {}, ("x" * 1001, "y" * 900), ("x" * 1000, "y" * 900)),
        ("too_long", {"too_long": 5}, ("abc", "abcdef"), ("abcde", "abcde")),
        ("non_text", {}, ("2019", "in 2019"), ("L2019", "in 2019")),
        ("non_text", {}, ("Oui", "— ... !"), ("Oui", "Yes")),
        ("non_text", {}, ("http://a.org/b?c=d", "see a.org"), ("voir http://a.org", "see www.a.org")),
        ("non_text", {}, ("me@example.org", "me@example.org"), ("à me@example.org", "to me@example.org")),
        ("identical", {}, ("un deux trois quatre", "Un deux trois Quatre"), ("Rio de Janeiro", "Rio de Janeiro")),
        ("identical", {"identical": 1}, ("Paris", "Paris"), ("Paris", "Pari")),
        ("length_ratio", {}, ("abc", "x" * 25), ("abc", "x" * 24)),
        ("length_ratio", {}, ("x" * 316, "y" * 100), ("x" * 315, "y" * 100)),
        ("wrong_script", {}, ("Привет, мир", "Hello, world"), ("La lettre Ж", "The letter Ж")),
        ("wrong_script", {}, ("Bonjour", "Привет"), ("Bonjour", "Hello Ж")),
    ],
)
def test_a_rule_drops_what_breaks_it_and_not_what_is_just_within_it(rule, config, broken, fit):
    assert broken_rule(broken, **config) == rule
    assert broken_rule(broken[::-1], **config) == rule
    assert broken_rule(fit, **config) is None


@pytest.mark.parametrize(
    ("rule", "pair"),
    [
        ("too_long", ("x" * 1001, "y" * 1001)),
        ("non_text", ("2019", "2019")),
        ("identical", ("un deux trois quatre", "un deux trois quatre")),
        ("length_ratio", ("abc", "x" * 100)),
        ("wrong_script", ("Привет, мир", "Hello, world")),
    ],
)
def test_a_rule_can_be_switched_off(rule, pair):
    assert broken_rule(pair) == rule
    assert broken_rule(pair, **{rule: False}) is None


def test_pairs_that_are_not_utf8_are_dropped_unless_wanted():
    assert broken_rule(("caf\ufffd", "coffee"), is_utf8=False) == "not_utf8"
    assert broken_rule(("caf\ufffd", "coffee"), is_utf8=False, not_utf8=False) is None
    assert broken_rule(("le signe \ufffd", "the sign \ufffd")) is None


def test_a_pair_that_breaks_several_rules_counts_under_the_first():
    assert broken_rule(("", "x" * 2000), is_utf8=False) == "not_utf8"
    assert broken_rule(("1 2 3 4", "1 2 3 4")) == "non_text"


@pytest.mark.parametrize("pair", [("Oui.", "Yes."), ("Non.", "No, not at all."), ("Ça va ?", "OK?"), ("Tom !", "Tom!")])
def test_short_sentences_are_fit(pair):
    assert broken_rule(pair) is None


@pytest.mark.parametrize(
    ("languages", "pair"),
    [
        (
            ("zh", "en"),
            ("他昨天去了北京图书馆看书。", "He went to the library in Beijing yesterday to read some books."),
        ),
        (("en", "ja"), ("I bought a computer at a shop in Tokyo.", "私は東京の店でコンピューターを買いました。")),
        (("ru", "en"), ("Установите LibreOffice Writer", "Install LibreOffice Writer")),
        (("hi", "en"), ("यह एक किताब है।", "This is a book.")),
        (("sr", "en"), ("Добар дан", "Good day")),
        (("sr-Latn", "en"), ("Dobar dan", "Good day")),
        (("xx", "en"), ("ᚠᚢᚦ ᚨᚱᚲ", "whatever this says")),
    ],
)
def test_other_scripts_are_fit_where_they_belong(languages, pair):
    assert broken_rule(pair, languages=languages) is None


def test_the_sides_of_the_wrong_script_are_told_in_every_language():
    assert broken_rule(("Hello there", "Hello there, you"), languages=("ru", "en")) == "wrong_script"
    assert broken_rule(("Hello there", "Hello there, you"), languages=("rus_Cyrl", "eng_Latn")) == "wrong_script"
    assert broken_rule(("你好世界", "Hello world"), languages=("ko-KR", "en")) is None  # Han is a script of Korean
    assert broken_rule(("こんにちは", "Hello"), languages=("zh", "en")) == "wrong_script"


def test_a_long_sentence_in_another_language_is_found_where_that_is_wanted():
    french = "Le petit chat noir dort toute la journée devant la cheminée du salon."
    english = "The little black cat sleeps all day in front of the fireplace in the living room."

    assert broken_rule((french, english), wrong_language=True) is None
    assert broken_rule((english, french), wrong_language=True) == "wrong_language"
    assert broken_rule((french, english), languages=("fra_Latn", "eng"), wrong_language=True) is None
    assert broken_rule((english, french), languages=("fra_Latn", "eng"), wrong_language=True) == "wrong_language"
    assert (
        broken_rule(("Guten Tag, mein Freund.", "Hello, my friend."), wrong_language=True) is None
    )  # too short to tell
    assert broken_rule((english, french)) is None


def test_an_identifier_that_is_not_installed_is_an_error_that_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "py3langid.langid", None)

    with pytest.raises(RecipeError, match=r"pip install 'transformer-cli\[language\]'"):
        broken_rule(GOOD, wrong_language=True)


def test_a_language_that_the_identifier_does_not_know_is_an_error():
    with pytest.raises(RecipeError, match='no text can be told to be in "xx"'):
        broken_rule(GOOD, languages=("xx", "en"), wrong_language=True)


def test_letters_of_other_scripts_are_counted_in_fit_pairs_only():
    cleaner = PairCleaner(CleaningConfig(), LanguagesConfig(source="fr", target="en"))
    pairs = [("La lettre Ж et encore Ж", "The letter ж"), ("Ж", "Ж ж ж"), GOOD]

    list(cleaner.judge(SentencePair(*pair, "t:1") for pair in pairs))

    assert [dict(counter) for counter in cleaner.foreign_letters] == [{"Ж": 2}, {"ж": 1}]


def test_the_rules_for_single_pairs_are_keys_of_the_recipe():
    assert set(LOCAL_RULES) < CleaningConfig.model_fields.keys()


@given(st.lists(st.tuples(st.text(), st.text(), st.booleans())))
@example([("", "&nbsp;", True), ("&#9;x", "y", True)])
def test_every_pair_is_judged_in_its_place_and_normalised(texts):
    pairs = [SentencePair(s, t, f"t:{number}", is_utf8) for number, (s, t, is_utf8) in enumerate(texts)]
    cleaner = PairCleaner(CleaningConfig(too_long=3), LanguagesConfig(source="fr", target="en"))

    judged = list(cleaner.judge(pairs))

    assert [judgement.place for judgement in judged] == [pair.place for pair in pairs]
    for pair, judgement in zip(pairs, judged, strict=True):
        sides = judgement.source, judgement.target
        assert sides == tuple(map(normalize, sides))
        assert judgement.mended or sides == (normalize(pair.source), normalize(pair.target))
        if judgement.rule is None:
            assert judgement.source
            assert max(len(judgement.source), len(judgement.target)) <= 3


def test_pairs_are_taken_as_they_are_needed():
    def endless():
        for number in count():
            assert number <= 2 * NEIGHBOURS
            yield SentencePair(f"une phrase {number}", "a sentence", f"t:{number}")

    judged = PairCleaner(CleaningConfig(), LanguagesConfig(source="fr", target="en")).judge(endless())

    assert [judgement.place for judgement in islice(judged, NEIGHBOURS + 1)][-1] == f"t:{NEIGHBOURS}"


def test_reports_add_up_rule_by_rule():
    one = CleaningReport(5, 2, {"empty": 1, "duplicate": 2})
    other = CleaningReport(4, 2, {"duplicate": 1, "too_long": 1})

    assert one + other == CleaningReport(9, 4, {"empty": 1, "duplicate": 3, "too_long": 1})
    assert one == CleaningReport(5, 2, {"empty": 1, "duplicate": 2})
