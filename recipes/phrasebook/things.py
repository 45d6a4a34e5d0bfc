"""Things and their qualities: "La voiture est rouge.", "C'est un bel hôtel."."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from recipes.phrasebook.english import a
from recipes.phrasebook.french import possessive, starts_with_vowel
from recipes.phrasebook.grammar import (
    Form,
    Predicate,
    Question,
    Sentence,
    Subject,
    Tense,
    Trait,
)
from recipes.phrasebook.people import predicate
from recipes.phrasebook.sampling import Draw
from recipes.phrasebook.sentences import Variant, combine, framed
from recipes.phrasebook.subjects import MASCULINE, OWNERS, PEOPLE, third
from recipes.phrasebook.verbs import BE, ENGLISH, ETRE, FRENCH


@dataclass(frozen=True, slots=True)
class Noun:
    """A thing in both languages; ``kinds`` names the adjectives that suit it."""

    french: str
    english: str
    agreement: int
    kinds: str


@dataclass(frozen=True, slots=True)
class Adjective:
    """An adjective; one that stands before its noun has a masculine form before a vowel as well."""

    forms: tuple[str, str, str, str]
    english: str
    kind: str
    before_vowel: str = ""

    @property
    def precedes(self) -> bool:
        """Whether it stands before its noun in French."""
        return bool(self.before_vowel)


def _noun(french: str, english: str, gender: str, kinds: str) -> Noun:
    return Noun(french, english, ("m", "f", "mp", "fp").index(gender), kinds)


def _adjective(forms: str, english: str, kind: str, before_vowel: str = "") -> Adjective:
    one, two, three, four = forms.split()
    return Adjective((one, two, three, four), english, kind, before_vowel)


NOUNS = (
    _noun("voiture", "car", "f", "colour size age price"),
    _noun("maison", "house", "f", "colour size age price"),
    _noun("vélo", "bike", "m", "colour size age price"),
    _noun("jardin", "garden", "m", "size age"),
    _noun("chambre", "room", "f", "size price"),
    _noun("chat", "cat", "m", "fur size age"),
    _noun("chien", "dog", "m", "fur size age"),
    _noun("robe", "dress", "f", "colour age price"),
    _noun("chemise", "shirt", "f", "colour age price"),
    _noun("manteau", "coat", "m", "colour age price"),
    _noun("sac", "bag", "m", "colour size age price"),
    _noun("ordinateur", "computer", "m", "fur age price"),
    _noun("hôtel", "hotel", "m", "size age price"),
    _noun("fleurs", "flowers", "fp", "colour price"),
    _noun("chaussures", "shoes", "fp", "colour age price"),
)
ADJECTIVES = (
    _adjective("rouge rouge rouges rouges", "red", "colour"),
    _adjective("bleu bleue bleus bleues", "blue", "colour"),
    _adjective("vert verte verts vertes", "green", "colour"),
    _adjective("noir noire noirs noires", "black", "fur"),
    _adjective("blanc blanche blancs blanches", "white", "fur"),
    _adjective("grand grande grands grandes", "big", "size", "grand"),
    _adjective("petit petite petits petites", "small", "size", "petit"),
    _adjective("vieux vieille vieux vieilles", "old", "age", "vieil"),
    _adjective("beau belle beaux belles", "beautiful", "age", "bel"),
    _adjective("cher chère chers chères", "expensive", "price"),
)
_NEW = _adjective("nouveau nouvelle nouveaux nouvelles", "new", "age", "nouvel")
_GOOD = _adjective("bon bonne bons bonnes", "good", "price", "bon")
_ARTICLES = ("le", "la", "les", "les")
_DEMONSTRATIVES = ("ce", "cette", "ces", "ces")
_INDEFINITES = ("un", "une", "des", "des")

_ASK = Form(question=Question.EST_CE_QUE)
DESCRIPTIONS = (
    Variant("is", Form(), Trait.PRESENT, 700),
    Variant("is not", Form(negation="pas"), Trait.PRESENT, 450),
    Variant("was", Form(tense=Tense.PAST), Trait.PAST, 350),
    Variant("was not", Form(tense=Tense.PAST, negation="pas"), Trait.PAST, 150),
    Variant("is it?", _ASK, Trait.PRESENT, 350),
    Variant("is it? inverted", Form(question=Question.INVERSION), Trait.PRESENT, 150),
    Variant("I think", Form(), Trait.PRESENT, 120, ("je pense que", "I think that")),
)
_OWNING = (
    Variant("has", Form(), Trait.PRESENT, 500),
    Variant("has not", Form(negation="pas"), Trait.PRESENT, 200),
    Variant("has?", _ASK, Trait.PRESENT, 200),
    Variant("had", Form(tense=Tense.PAST), Trait.PAST, 250),
    Variant("had?", Form(tense=Tense.PAST, question=Question.EST_CE_QUE), Trait.PAST, 150),
)


def suits(noun: Noun, adjective: Adjective) -> bool:
    """Whether a thing has such a quality; what has a colour can also be black or white."""
    kinds = noun.kinds.split()
    return adjective.kind in kinds or (adjective.kind == "fur" and "colour" in kinds)


def determined(noun: Noun, *, weight: int = 1000) -> Iterator[Subject]:
    """The noun with "the", "this" and the possessives of every owner."""
    agreement = noun.agreement
    these = "these" if agreement >= 2 else "this"
    this = _DEMONSTRATIVES[agreement]
    if this == "ce" and starts_with_vowel(noun.french):
        this = "cet"
    the_french = f"{_ARTICLES[agreement]} {noun.french}"
    yield third(the_french, f"the {noun.english}", agreement, weight=weight)
    yield third(f"{this} {noun.french}", f"{these} {noun.english}", agreement, weight=weight)
    for owner, my in OWNERS:
        my_french = f"{possessive(owner, noun.french, agreement)} {noun.french}"
        yield third(my_french, f"{my} {noun.english}", agreement, weight=weight)


def described(noun: Noun, adjective: Adjective) -> tuple[str, str]:
    """The noun with adjective and indefinite article: ("un vieil hôtel", "an old hotel")."""
    form = adjective.forms[noun.agreement]
    if not adjective.precedes:
        phrase = f"{noun.french} {form}"
    elif noun.agreement == 0 and starts_with_vowel(noun.french):
        phrase = f"{adjective.before_vowel} {noun.french}"
    else:
        phrase = f"{form} {noun.french}"
    english = f"{adjective.english} {noun.english}"
    is_plural = noun.agreement >= 2
    article = "de" if is_plural and adjective.precedes else _INDEFINITES[noun.agreement]
    return f"{article} {phrase}", english if is_plural else a(english)


def _qualities(draw: Draw) -> Iterator[Sentence]:
    traits = Trait.PRESENT | Trait.PAST
    for adjective in ADJECTIVES:
        english = adjective.english
        quality = Predicate(f"be {english}", ETRE, adjective.forms, BE, (english,) * 4, traits)
        subjects = tuple(
            subject for noun in NOUNS if suits(noun, adjective) for subject in determined(noun, weight=420)
        )
        yield from combine("thing", subjects, (quality,), draw, variants=DESCRIPTIONS)


def _presented(draw: Draw) -> Iterator[Sentence]:
    it = third("ce", "it", MASCULINE)
    variants = tuple(variant for variant in DESCRIPTIONS if "inverted" not in variant.name)
    for noun in NOUNS:
        if noun.agreement >= 2:
            continue
        for adjective in (*ADJECTIVES, _NEW, _GOOD):
            if suits(noun, adjective):
                french, english = described(noun, adjective)
                traits = Trait.PRESENT | Trait.PAST
                said = predicate(ETRE, french, BE, english, traits)
                yield from combine("it", (it,), (said,), draw, variants=variants, scale=1.4)


def _owned(draw: Draw) -> Iterator[Sentence]:
    verbs: tuple[tuple[str, str, Trait], ...] = (
        ("avoir", "have", Trait.PRESENT | Trait.PAST),
        ("acheter", "buy", Trait.PRESENT | Trait.PAST | Trait.PROGRESSIVE | Trait.ADULT),
        ("chercher", "look for", Trait.PRESENT | Trait.PAST | Trait.PROGRESSIVE | Trait.ADULT),
        ("vouloir", "want", Trait.PRESENT | Trait.ADULT),
    )
    for noun in NOUNS:
        for adjective in (*ADJECTIVES, _NEW):
            if not suits(noun, adjective) or adjective.kind == "price" or noun.english in {"hotel", "garden"}:
                continue
            french, english = described(noun, adjective)
            is_old = adjective.english == "old"
            worn = noun.english in {"dress", "shirt", "coat"}
            personal = Trait.PERSONAL if worn else Trait.NONE
            for verb, verb_english, traits in verbs[: 1 if is_old else None]:
                if noun.english == "dress" and verb in {"avoir", "vouloir"}:
                    continue
                said = predicate(FRENCH[verb], french, ENGLISH[verb_english], english, traits | personal)
                yield from combine("owner", PEOPLE, (said,), draw, variants=_OWNING, scale=0.07)


_PRICES = (
    ("cinq", "five"),
    ("dix", "ten"),
    ("vingt", "twenty"),
    ("trente", "thirty"),
    ("cinquante", "fifty"),
    ("cent", "a hundred"),
)
_COSTING = (
    Variant("costs", Form(), Trait.PRESENT, 400),
    Variant("does not cost", Form(negation="pas"), Trait.PRESENT, 100),
    Variant("costs?", _ASK, Trait.PRESENT, 150),
)


def _prices(draw: Draw) -> Iterator[Sentence]:
    wares = tuple(
        ware
        for noun in (
            *NOUNS,
            Noun("livre", "book", 0, "price"),
            Noun("billet", "ticket", 0, "price"),
        )
        if "price" in noun.kinds and noun.english not in {"car", "house", "room", "hotel"}
        for ware in tuple(determined(noun))[:2]
    )
    costs = FRENCH["coûter"], ENGLISH["cost"]
    for price, price_english in _PRICES:
        said = predicate(costs[0], f"{price} euros", costs[1], f"{price_english} euros", Trait.PRESENT)
        yield from combine("price", wares, (said,), draw, variants=_COSTING)
    for ware in wares:
        do = "do" if ware.agreement >= 2 else "does"
        yield framed(
            "how much",
            f"combien {costs[0].present[ware.person]} {ware.french}",
            f"how much {do} {ware.english} cost",
            f"how much / {ware.english}",
            is_question=True,
        )


_OPINIONS = (
    ("facile", "easy"),
    ("difficile", "difficult"),
    ("possible", "possible"),
    ("important", "important"),
    ("loin", "far"),
    ("cher", "expensive"),
    ("bon", "good"),
)
_FOR_WHOM = (
    ("", ""),
    ("pour moi", "for me"),
    ("pour vous", "for you"),
    ("pour nous", "for us"),
    ("pour mes parents", "for my parents"),
)


def _opinions(draw: Draw) -> Iterator[Sentence]:
    it = third("ce", "it", MASCULINE)
    variants = tuple(variant for variant in DESCRIPTIONS if "inverted" not in variant.name)
    for word, word_english in _OPINIONS:
        for adverb, adverb_english in (("", ""), ("très ", "very "), ("trop ", "too ")):
            if adverb and word == "possible":
                continue
            for whom, whom_english in _FOR_WHOM:
                opinion = f"{adverb}{word} {whom}".strip()
                english = f"{adverb_english}{word_english} {whom_english}".strip()
                said = predicate(ETRE, opinion, BE, english, Trait.PRESENT | Trait.PAST)
                scale = 0.4 if adverb else 1.5
                yield from combine("opinion", (it,), (said,), draw, variants=variants, scale=scale)


def sentences_about_things(draw: Draw) -> Iterator[Sentence]:
    """Qualities of things, "c'est" with things and opinions, owners and prices."""
    yield from _qualities(draw)
    yield from _presented(draw)
    yield from _owned(draw)
    yield from _prices(draw)
    yield from _opinions(draw)
