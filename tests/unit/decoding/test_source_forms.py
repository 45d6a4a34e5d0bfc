from __future__ import annotations

import pytest

from tests.support.speaking_engine import SpeakingEngine
from tests.support.tiny_models import tiny_tokenizers
from transformer_cli.artifacts.text_profile import PlaceholderProfile, SpellingProfile, TextProfile
from transformer_cli.config import LanguagesConfig, TokenizerConfig
from transformer_cli.data.splits.read import Corpus
from transformer_cli.data.tokens.fit_tokenizer import fit_tokenizer
from transformer_cli.data.tokens.hints import HINT_MARKS
from transformer_cli.data.tokens.tokenizer import TokenizerPair
from transformer_cli.decoding.line_translator import LineTranslator, Translation
from transformer_cli.decoding.placeholders.glossary import Glossary
from transformer_cli.decoding.source_forms import pairs_as_read, rules_of
from transformer_cli.errors import UsageError
from transformer_cli.text.placeholders import SYMBOLS

SPELLING = SpellingProfile(
    normalization=2, variants={" ": 900, "'": 500, ".": 500}, words="Paris", begins_with_capital=1.0
)
FRENCH = LanguagesConfig(source="fr", target="en")


def translator(engine, spelling=SPELLING):
    tokenizers = tiny_tokenizers()
    profile = TextProfile(max_sentences=1, spelling=spelling)
    return LineTranslator(engine, tokenizers, rules_of(profile, FRENCH, tokenizers.source))


@pytest.mark.parametrize(
    ("line", "heard", "said"),
    [
        ("L’homme a\u00a0dit", "L'homme a dit", "L'homme a dit"),
        ("L'hom\u00adme", "L'homme", "L'homme"),
        ("JE SUIS À PARIS", "Je suis à Paris", "JE SUIS À PARIS"),
        ("L’<b title=’x’>homme</b>", "L'<b title=’x’>homme</b>", "L'<b title=’x’>homme</b>"),
    ],
)
def test_a_line_is_read_as_it_was_learned(line, heard, said):
    engine = SpeakingEngine()

    (found,) = translator(engine).translate([line])

    assert engine.heard == [heard]
    assert found.text == said


@pytest.mark.parametrize(
    ("rules", "heard"),
    [
        ({"words": "Paris étudiant Dés"}, "Je suis etudiante a Paris, étudiant des langues"),  # of an earlier release
        (
            {"words": "Paris", "sure_accents": "étudiante", "likely_accents": "à<paris"},
            "Je suis étudiante à Paris, etudiant des langues",
        ),
        (
            {"words": "Paris", "sure_accents": "", "likely_accents": "à<paris"},
            "Je suis etudiante a Paris, etudiant des langues",
        ),
    ],
)
def test_accents_that_a_line_lacks_are_those_that_the_model_has_learned(rules, heard):
    engine = SpeakingEngine()

    translator(engine, SPELLING.model_copy(update=rules)).translate(["Je suis etudiante a Paris, etudiant des langues"])

    assert engine.heard == [heard]


@pytest.mark.parametrize(
    ("quotes", "line", "heard", "said"),
    [
        (("«\u00a0", "\u00a0»"), '"L\'homme dit"', "L'homme dit", "«\u00a0L'homme dit\u00a0»"),
        (("“", "”"), "« JE SUIS À PARIS »", "Je suis à Paris", "“JE SUIS À PARIS”"),
        ((), "«\u00a0L'homme dit\u00a0»", "L'homme dit", "«\u00a0L'homme dit\u00a0»"),
        (("“", "”"), '"12"', None, '"12"'),
    ],
)
def test_a_line_in_quotation_marks_is_translated_without_them(quotes, line, heard, said):
    engine = SpeakingEngine()

    (found,) = translator(engine, SPELLING.model_copy(update={"target_quotes": quotes})).translate([line])

    assert engine.heard == ([] if heard is None else [heard])
    assert found.text == said


@pytest.mark.parametrize(
    ("quotes", "line", "said", "links"),
    [
        ((), "« Je suis grand »", "« Je suis grand »", ((1, 1), (2, 2), (3, 3))),
        (("« ", " »"), '"Je suis grand"', "« Je suis grand »", ((0, 1), (1, 2), (2, 3))),
        (("“", "”"), "« JE L’AI\u00a0DIT »", "“JE L'AI DIT”", ((1, 0), (2, 1), (2, 2))),
    ],
)
def test_quotation_marks_around_a_line_are_words_of_it_that_are_linked_to_none(quotes, line, said, links):
    spelling = SPELLING.model_copy(update={"target_quotes": quotes})

    (found,) = translator(SpeakingEngine(), spelling).translate([line], with_alignment=True)

    assert (found.text, found.alignment) == (said, links)


def test_a_given_beginning_is_that_of_a_line_with_its_quotation_marks():
    engine = SpeakingEngine()

    translator(engine, SPELLING.model_copy(update={"target_quotes": ("“", "”")})).translate(['"Un chat"'], prefix="Le")

    assert engine.heard == ['"Un chat"']


def test_a_sentence_without_words_is_copied_among_others():
    engine = SpeakingEngine(lambda text: text.replace("chat", "cat"))

    (found,) = translator(engine).translate(["Le chat. 12345. Un chat. 😀"], with_alignment=True, n_best=1)

    assert engine.heard == ["Le chat.", "Un chat. 😀"]
    assert found.text == "Le cat. 12345. Un cat. 😀"
    assert (found.segments, found.score) == (3, -1.0)
    assert found.alignment == tuple((word, word) for word in range(6))


def test_a_prefix_begins_the_first_sentence_that_has_words():
    engine = SpeakingEngine()

    (found,) = translator(engine).translate(["12345. Un chat. Un chien."], prefix="Le")

    assert engine.prefixes == [("Un chat.", "Le"), ("Un chien.", "")]
    assert found.text.startswith("12345. ")


@pytest.mark.parametrize("line", ["12345", "https://example.org/a", "😀 {name}"])
def test_a_line_without_words_is_copied(line):
    engine = SpeakingEngine(lambda text: "wrong")

    (found,) = translator(engine).translate([line], n_best=3, with_alignment=True)

    words = range(len(line.split()))
    assert found == Translation(line, 0.0, 0, alignment=tuple((word, word) for word in words))
    assert engine.heard == []


@pytest.mark.parametrize("line", ["JE SUIS À PARIS " * 4, "Je s\u00adu\u00ad\u00adis à Paris " * 4, "12345 " * 40])
def test_a_line_is_as_long_as_what_the_model_reads_for_it(line):
    engine, tokenizer = SpeakingEngine(), tiny_tokenizers().source
    engine.limit = len(tokenizer.encode("Je suis à Paris " + "je suis à Paris " * 3))
    lines = translator(engine)

    assert len(tokenizer.encode(line)) > engine.limit
    assert (lines.is_overlong(line), lines.cut(line)) == (False, lines.rules.normalize(line))
    if "1" not in line:
        longer = f"{line} {line}"
        cut = lines.cut(longer)
        assert (lines.is_overlong(longer), lines.is_overlong(cut)) == (True, False)
        assert lines.rules.normalize(longer).startswith(cut)
        assert len(cut) >= len(lines.rules.normalize(line))


def test_a_model_that_learned_from_figures_translates_them():
    engine = SpeakingEngine()

    translator(engine, SPELLING.model_copy(update={"without_words": 0.5})).translate(["12345"])

    assert engine.heard == ["12345"]


@pytest.mark.parametrize("line", ["12345", "JE SUIS À PARIS", "L’homme a\u00a0dit", "hom\u00adme"])
def test_a_model_without_the_record_reads_lines_as_they_are(line):
    engine = SpeakingEngine()

    translator(engine, None).translate([line])

    assert engine.heard == [line]


def test_links_are_those_of_the_words_of_the_line():
    (found,) = translator(SpeakingEngine()).translate(["il\u00a0a dit"], with_alignment=True)

    assert found.alignment == ((0, 0), (0, 1), (1, 2))


def test_a_prefix_stays_as_it_was_given():
    (found,) = translator(SpeakingEngine(lambda text: "we are")).translate(["JE SUIS À PARIS"], prefix="we")

    assert found.text == "we are"


def test_placeholders_are_read_as_symbols_by_a_model_that_has_learned_them():
    tokenizer = fit_tokenizer(["le chat dort", "⟦0⟧"], TokenizerConfig(), where="x", symbols=SYMBOLS)
    own = PlaceholderProfile(patterns=("@[a-z]+",), without=("code",), tags=("<med>",))
    profile = TextProfile(max_sentences=1, placeholders=own)
    rules = rules_of(profile, FRENCH, tokenizer, keeps_placeholders=True)

    text, restore, *_ = rules.read("<med> %s @foo `a` %s")

    assert text == "<med> ⟦0⟧ ⟦1⟧ `a` ⟦0⟧"
    assert restore("⟦1⟧ A ⟦0⟧ ⟦5⟧") == "@foo A %s"
    required = rules.required("<med> %s @foo `a`")
    assert required is not None
    assert [placeholder.text for placeholder in required.placeholders] == ["%s", "@foo"]


@pytest.mark.parametrize(
    ("source", "placeholders"), [("tr", []), ("tr_TR", []), ("aze", []), ("eu", []), ("en", ["%5"])]
)
def test_a_percentage_is_no_placeholder_in_a_language_that_writes_the_sign_before_it(source, placeholders):
    tokenizer = fit_tokenizer(["faiz"], TokenizerConfig(), where="x")
    rules = rules_of(None, LanguagesConfig(source=source, target="fr"), tokenizer, keeps_placeholders=True)

    required = rules.required("Faiz %5 artar.")

    assert required is not None
    assert [placeholder.text for placeholder in required.placeholders] == placeholders


def test_an_alignment_counts_the_words_of_a_line_with_a_placeholder_of_several():
    sentences = ["le chat dort", "⟦0⟧", "Je suis là-bas."]
    tokenizer = fit_tokenizer(sentences, TokenizerConfig(), where="x", symbols=SYMBOLS)
    profile = TextProfile(max_sentences=1, placeholders=PlaceholderProfile())
    engine = SpeakingEngine()
    engine._tokenizers = TokenizerPair(tokenizer, tokenizer)
    rules = rules_of(profile, FRENCH, tokenizer, keeps_placeholders=True)

    (found,) = LineTranslator(engine, engine._tokenizers, rules).translate(["le {{ x }} chat"], with_alignment=True)

    assert (engine.heard, found.text) == (["le ⟦0⟧ chat"], "le {{ x }} chat")
    assert found.alignment == ((0, 0), (1, 1), (4, 4))


@pytest.mark.parametrize(
    ("line", "expected", "links"),
    [
        ("le chat dort", "le dort", ((0, 0), (2, 1))),
        ("le %s dort", "le %s dort", ((0, 0), (1, 1), (2, 2))),
    ],
)
def test_a_symbol_that_the_line_does_not_hold_never_comes_out(line, expected, links):
    tokenizer = fit_tokenizer(["le chat dort", "⟦0⟧"], TokenizerConfig(), where="x", symbols=SYMBOLS)
    engine = SpeakingEngine(lambda _: "le ⟦7⟧ dort")
    engine._tokenizers = TokenizerPair(tokenizer, tokenizer)
    profile = TextProfile(max_sentences=1, placeholders=PlaceholderProfile())
    rules = rules_of(profile, FRENCH, tokenizer, keeps_placeholders=True)

    (found,) = LineTranslator(engine, engine._tokenizers, rules).translate([line], with_alignment=True)

    assert (found.text, found.alignment, found.missing) == (expected, links, ())


def test_symbols_are_replaced_also_in_a_translation_whose_beginning_is_given():
    tokenizer = fit_tokenizer(["le chat dort", "⟦0⟧"], TokenizerConfig(), where="x", symbols=SYMBOLS)
    rules = rules_of(TextProfile(max_sentences=1, placeholders=PlaceholderProfile()), FRENCH, tokenizer)

    text, restore, *_ = rules.read("le %s", is_begun=True)

    assert (text, restore("A ⟦0⟧")) == ("le ⟦0⟧", "A %s")


def test_pairs_are_read_as_in_the_training():
    tokenizer = fit_tokenizer(["le chat dort", "⟦0⟧"], TokenizerConfig(), where="x", symbols=SYMBOLS)
    corpus, tokenizers = Corpus(["le %s", "{x}"], ["%s le", "{y}"]), TokenizerPair(tokenizer, tokenizer)
    profile = TextProfile(max_sentences=1, placeholders=PlaceholderProfile())

    found = pairs_as_read(profile, tokenizers, corpus)

    assert ([*found.sources], [*found.targets]) == (["le ⟦0⟧", "{x}"], ["⟦0⟧ le", "{y}"])
    assert pairs_as_read(TextProfile(max_sentences=1), tokenizers, corpus) is corpus


def test_a_model_of_an_earlier_release_reads_placeholders_as_text_and_keeps_them_but_for_its_tags():
    spelling = SPELLING.model_copy(update={"symbols": ("<med>",)})
    tokenizer = tiny_tokenizers().source
    rules = rules_of(TextProfile(max_sentences=1, spelling=spelling), FRENCH, tokenizer, keeps_placeholders=True)

    assert rules.read("<med> %s")[0] == "<med> %s"
    required = rules.required("<med> %s")
    assert required is not None
    assert [placeholder.text for placeholder in required.placeholders] == ["%s"]


def hinting(terms: dict[str, str], engine: SpeakingEngine, spelling: SpellingProfile | None = None) -> LineTranslator:
    tokenizer = fit_tokenizer(["le chat dort", "⟦0⟧"], TokenizerConfig(), where="x", symbols=[*SYMBOLS, *HINT_MARKS])
    profile = TextProfile(max_sentences=1, placeholders=PlaceholderProfile(), spelling=spelling, hints=True)
    engine._tokenizers = TokenizerPair(tokenizer, tokenizer)
    glossary = Glossary(terms, "en")
    rules = rules_of(profile, FRENCH, tokenizer, keeps_placeholders=True, glossary=glossary, glossary_hints=True)
    return LineTranslator(engine, engine._tokenizers, rules)


def test_the_terms_of_a_glossary_are_given_as_hints_and_need_not_be_followed_to_the_letter():
    engine = SpeakingEngine(lambda _: "the big cats⟦>⟧ of ⟦0⟧")

    (found,) = hinting({"chat": "Cat", "gros": "Huge"}, engine).translate(["le gros chat de %s"])

    assert engine.heard == ["le gros⟦=⟧ Huge⟦>⟧ chat⟦=⟧ Cat⟦>⟧ de ⟦0⟧"]
    assert (found.text, found.missing) == ("the big cats of %s", ("Huge",))


def test_hints_stay_as_they_are_in_a_line_in_capitals():
    engine = SpeakingEngine(lambda _: "my Cat")

    (found,) = hinting({"chat": "Cat", "le gros": "McFat"}, engine, SPELLING).translate(["« LE GROS CHAT DIT »"])

    assert engine.heard == ["« Le gros⟦=⟧ McFat⟦>⟧ chat⟦=⟧ Cat⟦>⟧ dit »"]
    assert (found.text, found.missing) == ("MY CAT", ("MCFAT",))


@pytest.mark.parametrize("term", ["Cat™", "lib/Cat.py", "`Cat`", "www.cat.org"])
@pytest.mark.parametrize(
    ("line", "heard"),
    [("le chat est à paris", "Le chat⟦=⟧ {}⟦>⟧ est à Paris"), ("LE CHAT EST LÀ", "Le chat⟦=⟧ {}⟦>⟧ est là")],
)
def test_a_hint_may_hold_what_is_no_word(line, heard, term):
    engine = SpeakingEngine()

    hinting({"chat": term}, engine, SPELLING).translate([line])

    assert engine.heard == [heard.format(term)]


def test_links_lead_to_the_words_of_the_line_without_hints():
    engine = SpeakingEngine(lambda text: text.replace("⟦=⟧", "").replace("⟦>⟧", ""))

    (found,) = hinting({"chat dort": "cat sleeps"}, engine).translate(["le chat dort ici"], with_alignment=True)

    assert found.text == "le chat dort cat sleeps ici"
    assert found.alignment == ((0, 0), (1, 1), (1, 2), (1, 3), (1, 4), (3, 5))


def test_a_model_that_has_not_learned_hints_is_not_given_any():
    tokenizers = tiny_tokenizers()
    for profile in (None, TextProfile(max_sentences=1)):
        with pytest.raises(UsageError, match=r"^--glossary-hints: the model has not learned to follow hints"):
            rules_of(profile, FRENCH, tokenizers.source, glossary=Glossary({"a": "b"}, "en"), glossary_hints=True)


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("1\t2\t3", "1\t2\t3"),
        ("  12   34 ", "  12   34 "),
        ("1\r2\x1b[1\u20283\n", "1 2 [1 3 "),
        ("1\u00ad2", "1\u00ad2"),
        (" \t ", ""),
    ],
)
def test_a_line_that_is_copied_keeps_its_spaces_and_tabs(line, text):
    (found,) = translator(SpeakingEngine(lambda text: "wrong")).translate([line], with_alignment=True)

    assert found.text == text
    assert found.alignment == tuple((word, word) for word in range(len(text.split())))
