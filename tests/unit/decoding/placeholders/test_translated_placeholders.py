"""Lines with placeholders, through `LineTranslator`, with an engine that says what it is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.support.speaking_engine import SpeakingEngine
from tests.support.tiny_models import tiny_tokenizers
from transformer_cli.decoding.engine import Prefixes, Sampling, SearchOptions
from transformer_cli.decoding.hypothesis import Hypothesis
from transformer_cli.decoding.line_translator import LineTranslator
from transformer_cli.decoding.placeholders.glossary import Glossary
from transformer_cli.decoding.text_rules import Restore, TextRules
from transformer_cli.text.protected import placeholder_spans

SOURCE = "le chat %s dort"


class Beam(SpeakingEngine):
    """Says several things of each source, from a beam of three."""

    beam_size = 3

    def __init__(self, *texts: str, can_align: bool = True) -> None:
        super().__init__()
        self.can_align = can_align
        self.texts = texts
        self.asked: list[tuple[int, SearchOptions]] = []

    def search(
        self, sources: Sequence[Sequence[int]], options: SearchOptions, prefixes: Prefixes = ()
    ) -> list[list[Hypothesis]]:
        """Answer each source with as many texts as wanted."""
        assert self.can_align or not (options.with_attention or prefixes)
        self.asked.append((len(sources), options))
        given: list[Prefixes] = [[prefix] * len(self.texts) for prefix in prefixes] or [()] * len(sources)
        beams = [
            super(Beam, self).search([source] * len(self.texts), options, prefix)
            for source, prefix in zip(sources, given, strict=True)
        ]
        return [[replace(each, score=-float(i)) for i, (each,) in enumerate(beam)][: options.n_best] for beam in beams]

    def _answer(self, source: list[int], options: SearchOptions, prefix: Sequence[int]) -> Hypothesis:
        self._say = lambda _: self.texts[len(self.heard) % len(self.texts) - 1]
        return super()._answer(source, options, prefix)


def translator(engine: SpeakingEngine) -> LineTranslator:
    return LineTranslator(engine, tiny_tokenizers(), TextRules(keeps_placeholders=True))


def test_a_line_without_placeholders_is_searched_once_and_is_what_the_model_says():
    engine = Beam("https://a.b :smile: x/y.py 😀 5 % `a`", "autre")

    (translation,) = translator(engine).translate(["le chat"])

    assert (translation.text, translation.missing) == ("https://a.b :smile: x/y.py 😀 5 % `a`", ())
    assert engine.asked == [(1, SearchOptions())]


@pytest.mark.parametrize(
    ("says", "other", "text"),
    [("a %s", "b", "b"), ("a %s", "<b>", "a"), ("{x}a {y}", "&nbsp;", "a"), ("5%s a", "%d", "5 a")],
)
def test_a_line_without_placeholders_gets_none_that_a_program_would_read(says, other, text):
    (translation,) = translator(Beam(says, other)).translate(["le chat"])

    assert (translation.text, translation.missing) == (text, ())


def test_the_best_of_the_beam_that_has_all_placeholders_is_taken():
    engine = Beam("CHAT DORT", "CHAT %s DORT", "%s")

    translation, other = translator(engine).translate([SOURCE, "le chat"])

    assert (translation.text, translation.score, translation.alternatives) == ("CHAT %s DORT", -1.0, ())
    assert (other.text, other.score) == ("CHAT DORT", 0.0)
    assert [(number, options.n_best) for number, options in engine.asked] == [(2, 1), (1, 3)]
    assert translation.alignment is None


@pytest.mark.parametrize("can_align", [True, False])
def test_where_no_hypothesis_has_them_the_best_is_repaired(can_align):
    (translation,) = translator(Beam("LE CHAT DORT", "DORT", can_align=can_align)).translate([SOURCE])

    assert (translation.text, translation.score, translation.missing) == ("LE CHAT %s DORT", 0.0, ())


class Finishing(Beam):
    """Says other things where a beginning is given."""

    def __init__(self, *texts: str, then: str) -> None:
        super().__init__(*texts)
        self.then = then

    def search(
        self, sources: Sequence[Sequence[int]], options: SearchOptions, prefixes: Prefixes = ()
    ) -> list[list[Hypothesis]]:
        """Answer each source, in other words where prefixes are given."""
        if prefixes:
            self.texts = (self.then,)
        return super().search(sources, options, prefixes)


@pytest.mark.parametrize(
    ("says", "then", "text"),
    [
        ("LE CHAT DORT", "LE CHAT %s DORMAIT", "LE CHAT %s DORMAIT"),
        ("LE CHAT DORT", "LE CHAT %s DORT %s", "LE CHAT %s DORT"),
        ("LE CHAT %d DORT", "LE CHAT %s {x}", "LE CHAT %s DORT"),
        ("LE CHAT DORT", "LE CHAT %s}} DORT", "LE CHAT %s DORT"),
        ("LE CHAT DORT", "LE CHAT %s, DORMAIT", "LE CHAT %s, DORMAIT"),
        ("LE CHAT DORT", "LE CHIEN %s DORMAIT", "LE CHAT %s DORT"),
        ("LE CHAT DORT ENCORE ET ENCORE", "LE CHAT %s DORT.", "LE CHAT %s DORT ENCORE ET ENCORE"),
    ],
)
def test_what_follows_an_inserted_placeholder_is_searched_again_and_taken_if_it_has_all(says, then, text):
    engine = Finishing(says, then=then)

    (translation, other) = translator(engine).translate([SOURCE, "le chat"])

    assert (translation.text, translation.missing, other.text) == (text, (), says.replace(" %d", ""))
    assert [prefix for _, prefix in engine.prefixes if prefix] == ["LE CHAT %s"]


@pytest.mark.parametrize("placeholders", ["✅ ", "{name} ", "`x = 1` https://a.b/c "])
def test_a_line_that_begins_with_placeholders_is_not_searched_again_after_them(placeholders):
    engine = Finishing("LE CHAT DORT", then=f"{placeholders}DORT")

    (translation,) = translator(engine).translate([f"{placeholders}le chat dort"])

    assert translation.text == f"{placeholders}LE CHAT DORT"
    assert not any(prefix for _, prefix in engine.prefixes)


def test_of_several_translations_the_one_that_was_searched_again_comes_first():
    engine = Finishing("LE CHAT DORT", "CHAT", then="LE CHAT %s DORMAIT")

    (translation,) = translator(engine).translate([SOURCE], n_best=3)

    texts = [each.text for each in (translation, *translation.alternatives)]
    assert texts == ["LE CHAT %s DORMAIT", "LE CHAT %s DORT", "CHAT %s"]
    assert all(each.missing == () for each in (translation, *translation.alternatives))


def test_the_alignment_of_what_was_searched_again_counts_its_own_words():
    engine = Finishing("LE CHAT DORT", then="LE CHAT %s DORMAIT ICI")

    (translation,) = translator(engine).translate([SOURCE], with_alignment=True)

    assert translation.text == "LE CHAT %s DORMAIT ICI"
    assert translation.alignment is not None
    assert {j for _, j in translation.alignment} <= set(range(5))
    assert {(0, 0), (1, 1), (2, 2), (3, 3)} <= set(translation.alignment)


class Whispering:
    """Reads a text in lower case, and sets its translation in capitals."""

    def read(self, text: str) -> tuple[str, Restore]:
        return text.lower(), str.upper


@pytest.mark.parametrize(
    ("line", "rules"),
    [
        ("LE CHAT %s DORT", TextRules(keeps_placeholders=True, forms=(Whispering(),))),
        ("le chat %s dort", TextRules(keeps_placeholders=True, glossary=Glossary({"dort": "sleeps"}, "en"))),
    ],
)
def test_nothing_is_continued_that_the_model_does_not_say_itself_or_that_has_terms(line, rules):
    engine = Beam("le chat")

    (translation,) = LineTranslator(engine, tiny_tokenizers(), rules).translate([line])

    assert "%s" in translation.text
    assert not any(prefix for _, prefix in engine.prefixes)


class Rethinking(Beam):
    """Says more where attention is asked for, as another engine would."""

    def search(
        self, sources: Sequence[Sequence[int]], options: SearchOptions, prefixes: Prefixes = ()
    ) -> list[list[Hypothesis]]:
        """Answer each source."""
        if options.with_attention:
            self.texts = ("%s LE CHAT",)
        return super().search(sources, options, prefixes)


def test_a_later_search_that_finds_all_is_the_last_one():
    engine = Rethinking("LE CHAT DORT", "DORT")

    (translation,) = translator(engine).translate([SOURCE])

    assert translation.text == "%s LE CHAT"
    assert not any(prefix for _, prefix in engine.prefixes)


def test_each_of_the_best_translations_has_them_first_those_that_had_them_by_themselves():
    engine = Beam("LE CHAT DORT", "LE CHAT %s", "%s {x} %s LE CHAT")

    (translation,) = translator(engine).translate([SOURCE], n_best=3)

    texts = [each.text for each in (translation, *translation.alternatives)]
    assert texts == ["LE CHAT %s", "LE CHAT %s DORT", "%s LE CHAT"]


@pytest.mark.parametrize("number", [2, 3])
def test_those_that_have_them_come_before_all_others_also_where_the_best_one_has_them(number):
    engine = Beam("LE %s CHAT", "LE CHAT DORT", "CHAT %s")

    (translation,) = translator(engine).translate([SOURCE], n_best=number)

    texts = [each.text for each in (translation, *translation.alternatives)]
    assert texts == ["LE %s CHAT", "CHAT %s", "LE CHAT %s DORT"][:number]
    assert len(engine.asked) == 1


def test_an_alignment_counts_the_words_of_the_repaired_translation():
    (translation,) = translator(Beam("LE CHAT DORT")).translate([SOURCE], with_alignment=True)

    assert translation.text == "LE CHAT %s DORT"
    # The model looks at the source word at the place of its own, so its third word is linked with the placeholder.
    assert translation.alignment == ((0, 0), (1, 1), (2, 2), (2, 3))


def test_drawn_translations_are_repaired_without_another_search():
    engine = Beam("LE CHAT DORT")

    (translation,) = translator(engine).translate([SOURCE], sampling=Sampling())

    assert translation.text == "LE CHAT %s DORT"
    assert len(engine.asked) == 1


def test_a_given_beginning_stays_and_what_is_missing_is_named():
    (translation,) = translator(Beam("LE CHAT DORT")).translate([SOURCE], prefix="LE CHAT")

    assert (translation.text, translation.missing) == ("LE CHAT DORT", ("%s",))


def test_each_part_of_a_long_line_keeps_its_own():
    engine = Beam("CHAT")
    rules = TextRules(split="always", keeps_placeholders=True)

    (translation,) = LineTranslator(engine, tiny_tokenizers(), rules).translate(["Le chat %s. Le chien {x}."])

    assert translation.segments == 2
    assert translation.text.count("%s") == translation.text.count("{x}") == 1
    assert translation.text.index("%s") < translation.text.index("{x}")


@pytest.mark.parametrize("says", ["CHAT", "CHAT<br/>", "<b>", ""])
def test_tags_behind_the_sentences_of_a_line_stay_there(says):
    rules = TextRules(split="always", keeps_placeholders=True)
    line = "<b>Le chat.</b> Le chien.<br/>Un %s. <br> Fin.<br>"

    (translation,) = LineTranslator(Beam(says), tiny_tokenizers(), rules).translate([line])

    assert (translation.segments, translation.missing) == (4, ())
    tags = [translation.text[start:end] for start, end, _ in placeholder_spans(translation.text)]
    assert tags == ["<b>", "</b>", "<br/>", "%s", "<br>", "<br>"]


def test_a_line_break_between_sentences_is_kept_from_the_model():
    engine = SpeakingEngine()
    rules = TextRules(split="always", keeps_placeholders=True)
    line = "The cat sat.<br/>The dog ran! <br> We go."

    (translation,) = LineTranslator(engine, tiny_tokenizers(), rules).translate([line], with_alignment=True)

    assert engine.heard == ["The cat sat.", "The dog ran!", "We go."]
    assert translation.text == line
    assert translation.alignment == tuple((i, i) for i in (0, 1, 2, 2, 3, 4, 6, 7))
