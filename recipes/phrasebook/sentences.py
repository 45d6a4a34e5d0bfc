"""Every person with everything that people are, have and do, in every form that makes sense."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from recipes.phrasebook import english, french
from recipes.phrasebook.grammar import (
    Adverb,
    Form,
    Modal,
    Predicate,
    Question,
    Sentence,
    Subject,
    Tense,
    Trait,
)
from recipes.phrasebook.sampling import Draw
from recipes.phrasebook.subjects import ON, WHO
from recipes.phrasebook.verbs import FRENCH

_FREQUENCIES = (
    Adverb("souvent", "often", middle=True, habitual=True),
    Adverb("toujours", "always", middle=True, habitual=True),
    Adverb("parfois", "sometimes", middle=True, habitual=True),
)
_ROUTINES = (
    Adverb("tous les jours", "every day", habitual=True),
    Adverb("le lundi", "on Mondays", habitual=True),
    Adverb("le samedi", "on Saturdays", habitual=True),
    Adverb("le dimanche", "on Sundays", habitual=True),
)
_NOW = (Adverb("maintenant", "now"),)
_TODAY = (Adverb("aujourd'hui", "today"),)
_VERY = (Adverb("très", "very", middle=True),)
_BEFORE = (
    Adverb("hier", "yesterday"),
    Adverb("ce matin", "this morning"),
    Adverb("hier soir", "last night"),
)
_LATER = (
    Adverb("demain", "tomorrow"),
    Adverb("ce soir", "tonight"),
    Adverb("mardi", "on Tuesday"),
    Adverb("vendredi", "on Friday"),
)
_ALWAYS = _FREQUENCIES[1]
_EVER = tuple(FRENCH[name] for name in ("manger", "boire", "prendre", "lever", "coucher", "préparer"))
"""With these "toujours" means "always"; with most others it would rather mean "still"."""
_AT_NIGHT = (_BEFORE[2], _LATER[1])
_WHY = ("pourquoi", "why")
_WHEN = ("quand", "when")
_ASKING = (Question.EST_CE_QUE, Question.INTONATION, Question.INVERSION)


@dataclass(frozen=True, slots=True)
class Variant:
    """A form, the traits a predicate needs for it, and how many of 1000 such sentences are taken.

    ``prefix`` turns the clause into a part of a longer sentence: "je pense que" and "I think that".
    """

    name: str
    form: Form
    needs: Trait
    share: int
    prefix: tuple[str, str] = ("", "")


def _statements() -> Iterator[Variant]:
    present, past, future = Trait.PRESENT, Trait.PAST, Trait.FUTURE
    in_past, in_future = Form(tense=Tense.PAST), Form(tense=Tense.FUTURE)
    yield Variant("present", Form(), present, 1250)
    yield Variant("present, not", Form(negation="pas"), present, 400)
    yield Variant("no longer", Form(negation="plus"), present | Trait.NO_LONGER, 120)
    yield Variant("no longer, as ever", Form(negation="plus"), present | Trait.HABIT, 90)
    yield Variant("never", Form(negation="jamais"), present | Trait.HABIT, 180)
    yield Variant("past", in_past, past, 420)
    yield Variant("past, not", Form(tense=Tense.PAST, negation="pas"), past, 240)
    yield Variant("future", in_future, future, 350)
    yield Variant("future, not", Form(tense=Tense.FUTURE, negation="pas"), future, 180)
    for adverbs, tense, needs, share in (
        (_FREQUENCIES, Tense.PRESENT, present | Trait.HABIT, 110),
        (_ROUTINES, Tense.PRESENT, present | Trait.HABIT | Trait.DYNAMIC, 70),
        (_NOW, Tense.PRESENT, present | Trait.PROGRESSIVE, 100),
        (_TODAY, Tense.PRESENT, present | Trait.TODAY, 160),
        (_VERY, Tense.PRESENT, present | Trait.DEGREE, 400),
        (_BEFORE, Tense.PAST, past | Trait.DATED, 90),
        (_LATER, Tense.FUTURE, future | Trait.DATED, 90),
    ):
        for adverb in adverbs:
            yield Variant(adverb.english, Form(tense=tense, adverb=adverb), needs, share)


def _modals() -> Iterator[Variant]:
    dynamic = Trait.DYNAMIC
    for modal, needs, share in (
        (Modal.GOING, dynamic, 240),
        (Modal.WANT, dynamic, 130),
        (Modal.CAN, dynamic, 130),
        (Modal.MUST, dynamic, 130),
        (Modal.WANT, Trait.AMBITION, 350),
        (Modal.GOING, Trait.AMBITION, 200),
    ):
        name = modal.name.lower()
        yield Variant(name, Form(modal=modal), needs, share)
        yield Variant(f"{name}, not", Form(modal=modal, negation="pas"), needs, share * 2 // 3)
    for adverb in _LATER:
        form = Form(modal=Modal.GOING, adverb=adverb)
        yield Variant(f"going {adverb.english}", form, dynamic | Trait.DATED, 70)


def _questions() -> Iterator[Variant]:
    for question in _ASKING:
        kind = question.name.lower()
        for tense, needs, share in (
            (Tense.PRESENT, Trait.PRESENT, 230),
            (Tense.PAST, Trait.PAST, 110),
            (Tense.FUTURE, Trait.FUTURE, 80),
        ):
            form = Form(tense=tense, question=question)
            yield Variant(f"{tense.name.lower()}? {kind}", form, needs, share)
        for modal, needs in (
            (Modal.GOING, Trait.DYNAMIC),
            (Modal.WANT, Trait.DYNAMIC),
            (Modal.CAN, Trait.DYNAMIC),
            (Modal.WANT, Trait.AMBITION),
        ):
            form = Form(modal=modal, question=question)
            yield Variant(f"{modal.name.lower()}? {kind}", form, needs, 45)


def _open_questions() -> Iterator[Variant]:
    for question in (Question.EST_CE_QUE, Question.INVERSION):
        kind = question.name.lower()
        why = Form(question=question, opener=_WHY)
        yield Variant(f"why? {kind}", why, Trait.WHY | Trait.PRESENT, 90)
        when = Form(question=question, opener=_WHEN, modal=Modal.GOING)
        yield Variant(f"when going? {kind}", when, Trait.WHEN | Trait.DYNAMIC, 120)
    past = Form(tense=Tense.PAST, question=Question.EST_CE_QUE, opener=_WHEN)
    yield Variant("when past?", past, Trait.WHEN, 140)
    past = Form(tense=Tense.PAST, question=Question.EST_CE_QUE, opener=_WHY)
    yield Variant("why past?", past, Trait.WHY | Trait.PAST, 50)
    future = Form(tense=Tense.FUTURE, question=Question.EST_CE_QUE, opener=_WHEN)
    yield Variant("when future?", future, Trait.WHEN | Trait.FUTURE, 140)


def _embedded() -> Iterator[Variant]:
    present, past = Form(), Form(tense=Tense.PAST)
    think, says, knows = (
        ("je pense que", "I think that"),
        ("elle dit que", "she says that"),
        ("il sait que", "he knows that"),
    )
    rain, fine = ("s'il pleut,", "if it rains,"), ("s'il fait beau,", "if the weather is nice,")
    in_future = Form(tense=Tense.FUTURE)
    for prefix in (think, says, knows):
        yield Variant(prefix[1], present, Trait.PRESENT, 50, prefix)
        yield Variant(f"{prefix[1]} past", past, Trait.PAST, 20, prefix)
    yield Variant("yes", present, Trait.PRESENT, 40, ("oui,", "yes,"))
    yield Variant("no", Form(negation="pas"), Trait.PRESENT, 40, ("non,", "no,"))
    for prefix, sky in ((rain, Trait.RAIN), (fine, Trait.SUN)):
        yield Variant(prefix[1], in_future, Trait.FUTURE | sky, 300, prefix)


VARIANTS = (*_statements(), *_modals(), *_questions(), *_open_questions(), *_embedded())


def suits(subject: Subject, predicate: Predicate) -> bool:
    """Whether the predicate can be said of the subject at all."""
    traits = predicate.traits
    if subject.child and Trait.ADULT in traits:
        return False
    if subject is ON and (predicate.agrees or predicate.is_possessive):
        return False
    if Trait.PERSONAL in traits and subject.agreement >= 2:
        return False
    last_word = predicate.french[0].rpartition(" ")[2]
    return subject.is_pronoun or subject.french.rpartition(" ")[2] != last_word


def _allows(subject: Subject, predicate: Predicate, variant: Variant) -> bool:
    """Whether the variant makes sense for the predicate, and may be said of the subject."""
    traits, form = predicate.traits, variant.form
    if variant.needs not in traits:
        return False
    if form.negation and Trait.AFFIRMATIVE in traits:
        return False
    if form.modal is Modal.CAN and Trait.SEARCH in traits:
        return False
    if form.adverb is _ALWAYS and predicate.french_verb not in _EVER:
        return False
    if form.adverb in _AT_NIGHT and Trait.DAYTIME in traits:
        return False
    if form.question is not None:
        return subject.person != 0 and not (subject is ON and form.question is Question.INVERSION)
    return not (variant.prefix[0] == "je pense que" and subject.person == 0)


def proposition(subject: Subject, predicate: Predicate) -> str:
    """The key of a proposition: who and what, in English words, whatever the form."""
    return f"{subject.english} / {predicate.key}"


def render(subject: Subject, predicate: Predicate, form: Form, prefix: tuple[str, str] = ("", "")) -> tuple[str, str]:
    """The sentence in French and English."""
    is_question = form.question is not None
    source = f"{prefix[0]} {french.clause(subject, predicate, form)}".strip()
    target = f"{prefix[1]} {english.clause(subject, predicate, form)}".strip()
    return (
        french.finish(source, is_question=is_question),
        english.finish(target, is_question=is_question),
    )


def combine(
    family: str,
    subjects: tuple[Subject, ...],
    predicates: tuple[Predicate, ...],
    draw: Draw,
    *,
    variants: tuple[Variant, ...] = VARIANTS,
    scale: float = 1.0,
) -> Iterator[Sentence]:
    """All sentences of subjects with predicates, thinned out by shares of variant and subject."""
    for predicate in predicates:
        fitting = [variant for variant in variants if variant.needs in predicate.traits]
        for subject in subjects:
            if not suits(subject, predicate):
                continue
            key = proposition(subject, predicate)
            weight = subject.weight * scale / 1000
            for variant in fitting:
                mark = f"{subject.french}{subject.agreement}/{predicate.key}/{variant.name}"
                if draw(mark) >= variant.share * weight:
                    continue
                if _allows(subject, predicate, variant):
                    source, target = render(subject, predicate, variant.form, variant.prefix)
                    yield Sentence(source, target, f"{family}: {variant.name}", (key,))


_WHO_VARIANTS = (
    Variant("who?", Form(question=Question.WHO), Trait.PRESENT, 600),
    Variant("who past?", Form(question=Question.WHO, tense=Tense.PAST), Trait.PAST, 350),
    Variant("who wants?", Form(question=Question.WHO, modal=Modal.WANT), Trait.DYNAMIC, 200),
    Variant("who can?", Form(question=Question.WHO, modal=Modal.CAN), Trait.DYNAMIC, 200),
)


def who_questions(predicates: tuple[Predicate, ...], draw: Draw) -> Iterator[Sentence]:
    """Questions for the subject: "Qui mange une pomme ?"."""
    fitting = tuple(predicate for predicate in predicates if not predicate.is_possessive)
    return combine("who", (WHO,), fitting, draw, variants=_WHO_VARIANTS)


def framed(template: str, source: str, target: str, *propositions: str, is_question: bool = False) -> Sentence:
    """A sentence that is not built as subject and predicate, from its words in both languages."""
    return Sentence(
        french.finish(source, is_question=is_question),
        english.finish(target, is_question=is_question),
        template,
        propositions,
    )
