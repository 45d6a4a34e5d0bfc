"""English: articles, conjugation, do-support, negation and questions."""

from __future__ import annotations

from recipes.phrasebook.grammar import (
    EnglishVerb,
    Form,
    Modal,
    Predicate,
    Question,
    Subject,
    Tense,
    Trait,
)
from recipes.phrasebook.verbs import BE, WANT

_BE_PRESENT = ("am", "are", "is")
_BE_PAST = ("was", "were", "was")
_NEGATIONS = {"": "", "pas": "not", "jamais": "never", "plus": "no longer"}


def finish(text: str, *, is_question: bool) -> str:
    """A written sentence: capitalised, with its end mark."""
    return text[0].upper() + text[1:] + ("?" if is_question else ".")


def a(noun_phrase: str) -> str:
    """The noun phrase with its indefinite article, by its first letter: "a dog", "an old dog"."""
    return ("an " if noun_phrase[0] in "aeiouAEIOU" else "a ") + noun_phrase


def third_person(verb: EnglishVerb) -> str:
    """The third person singular of the present."""
    base = verb.base
    if base == "have":
        return "has"
    if base.endswith(("o", "s", "x", "ch", "sh")):
        return base + "es"
    return base + "s"


def clause(subject: Subject, predicate: Predicate, form: Form) -> str:
    """A clause as plain words, without capital or end mark."""
    auxiliary, main = _verb_words(subject, predicate, form)
    negation = _NEGATIONS[form.negation]
    if negation == "not" and auxiliary == "can":
        auxiliary, negation = "cannot", ""
    complement = predicate.english[subject.agreement].replace("{my}", subject.english_possessive)
    middle: list[str] = [negation]
    end: list[str] = []
    if form.adverb is not None:
        (middle if form.adverb.middle else end).append(form.adverb.english)
    is_inverted = form.question is not None and form.question is not Question.WHO
    lead = [auxiliary, subject.english] if is_inverted else [subject.english, auxiliary]
    words = [form.opener[1], *lead, *middle, main, complement, *end]
    return " ".join(word for word in words if word)


def _verb_words(subject: Subject, predicate: Predicate, form: Form) -> tuple[str, str]:
    """The auxiliary or form of "be", empty where none is needed, and the rest of the verb."""
    verb, person = predicate.english_verb, subject.english_person
    infinitive = _join(verb.base, verb)
    if form.modal is Modal.GOING:
        return _BE_PRESENT[person], f"going to {infinitive}"
    if form.modal is Modal.WANT:
        auxiliary, main = _simple(WANT, person, form)
        return auxiliary, f"{main} to {infinitive}"
    if form.modal is not None:
        return ("can" if form.modal is Modal.CAN else "must"), infinitive
    if form.tense is Tense.FUTURE:
        return "will", infinitive
    if verb is BE:
        return (_BE_PAST if form.tense is Tense.PAST else _BE_PRESENT)[person], ""
    is_present = form.tense is Tense.PRESENT
    if is_present and Trait.PROGRESSIVE in predicate.traits and not form.is_habitual:
        return _BE_PRESENT[person], _join(verb.ing, verb)
    return _simple(verb, person, form)


def _simple(verb: EnglishVerb, person: int, form: Form) -> tuple[str, str]:
    """Simple present or past, with "do" in questions and before "not"."""
    asks = form.question is not None and form.question is not Question.WHO
    if asks or form.negation == "pas":
        if form.tense is Tense.PAST:
            return "did", _join(verb.base, verb)
        return ("does" if person == 2 else "do"), _join(verb.base, verb)
    if form.tense is Tense.PAST:
        return "", _join(verb.past, verb)
    return "", _join(third_person(verb) if person == 2 else verb.base, verb)


def _join(word: str, verb: EnglishVerb) -> str:
    return f"{word} {verb.particle}" if verb.particle else word
