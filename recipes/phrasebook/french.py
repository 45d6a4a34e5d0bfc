"""French: elision, conjugation, agreement, negation and the three ways to ask."""

from __future__ import annotations

import re

from recipes.phrasebook.grammar import (
    Form,
    FrenchVerb,
    Modal,
    Predicate,
    Question,
    Subject,
    Tense,
)
from recipes.phrasebook.verbs import AVOIR, ETRE, FRENCH

_VOWEL = r"(?=[aàâeéèêëiîïoôuùûh]|y )(?!huit)"
_ELISION = re.compile(rf"(?<!\S)(je|le|la|de|ne|que|me|te|se) {_VOWEL}", re.IGNORECASE)
_CE_EST = re.compile(r"(?<!\S)ce (?=est|était)", re.IGNORECASE)
_INDEFINITE = re.compile(r"^(une |un |du |des |de la |de l')")
_POSSESSIVES = {
    "{mon}": ("mon", "ton", "son", "notre", "votre", "leur"),
    "{ma}": ("ma", "ta", "sa", "notre", "votre", "leur"),
    "{mes}": ("mes", "tes", "ses", "nos", "vos", "leurs"),
}
_REFLEXIVES = ("me", "te", "se", "nous", "vous", "se")
_FUTURE_ENDINGS = ("ai", "as", "a", "ons", "ez", "ont")
_IMPERFECT_ENDINGS = ("ais", "ais", "ait", "ions", "iez", "aient")
_PARTICIPLE_ENDINGS = ("", "e", "s", "es")
_MODALS = {
    Modal.GOING: FRENCH["aller"],
    Modal.WANT: FRENCH["vouloir"],
    Modal.CAN: FRENCH["pouvoir"],
    Modal.MUST: FRENCH["devoir"],
}


def elide(text: str) -> str:
    """Join short words to a vowel that follows: "je ai" becomes "j'ai", "ce est" "c'est"."""
    text = _ELISION.sub(lambda match: match[1][:-1] + "'", text)
    return _CE_EST.sub(lambda match: match[0][0] + "'", text)


def finish(text: str, *, is_question: bool) -> str:
    """A written sentence: elided, capitalised, with French spacing before the question mark."""
    text = elide(text)
    return text[0].upper() + text[1:] + (" ?" if is_question else ".")


def starts_with_vowel(word: str) -> bool:
    """Whether an article before the word is elided."""
    return re.match(_VOWEL, word, re.IGNORECASE) is not None


def possessive(owner: int, noun: str, agreement: int) -> str:
    """The possessive of a person (0-5) before a noun: "mon" also before a feminine vowel."""
    if agreement >= 2:
        return _POSSESSIVES["{mes}"][owner]
    feminine = agreement == 1 and not starts_with_vowel(noun)
    return _POSSESSIVES["{ma}" if feminine else "{mon}"][owner]


def clause(subject: Subject, predicate: Predicate, form: Form) -> str:
    """A clause as plain words, before elision and without capital or full stop."""
    finite, before_rest, rest = _verb_group(subject, predicate, form)
    verb = _with_subject(subject, finite, form, before_rest)
    complement = _complement(subject, predicate, form)
    middle: list[str] = [form.negation]
    end: list[str] = []
    if form.adverb is not None:
        (middle if form.adverb.middle else end).append(form.adverb.french)
    words = [form.opener[0], verb, *middle, rest, complement, *end]
    return " ".join(word for word in words if word)


def _with_subject(subject: Subject, finite: str, form: Form, clitic: str) -> str:
    """Subject, "ne", clitic and finite verb in the order that the kind of question asks for."""
    if form.question is Question.INVERSION:
        noun = "" if subject.is_pronoun else subject.french
        link = "-t-" if subject.person == 2 and finite[-1] in "ae" else "-"
        words = [noun, clitic, finite + link + subject.pronoun]
    else:
        lead = "est-ce que" if form.question is Question.EST_CE_QUE else ""
        words = [lead, subject.french, "ne" if form.negation else "", clitic, finite]
    return " ".join(word for word in words if word)


def _verb_group(subject: Subject, predicate: Predicate, form: Form) -> tuple[str, str, str]:
    """The finite verb, the clitic before it, and what follows it: a participle or an infinitive."""
    verb, person = predicate.french_verb, subject.person
    clitic = _REFLEXIVES[person] if verb.reflexive else predicate.clitic
    if form.modal is not None:
        rest = f"{clitic} {verb.infinitive}" if clitic else verb.infinitive
        return _MODALS[form.modal].present[person], "", rest
    if form.tense is Tense.FUTURE:
        return verb.future_stem + _FUTURE_ENDINGS[person], clitic, ""
    if form.tense is Tense.PAST and verb.imperfect_stem:
        return verb.imperfect_stem + _IMPERFECT_ENDINGS[person], clitic, ""
    if form.tense is Tense.PAST:
        if verb.with_etre or verb.reflexive:
            return ETRE.present[person], clitic, participle(verb, subject.agreement)
        return AVOIR.present[person], clitic, verb.participle
    return verb.present[person], clitic, ""


def participle(verb: FrenchVerb, agreement: int) -> str:
    """The past participle that agrees in gender and number."""
    return verb.participle + _PARTICIPLE_ENDINGS[agreement]


def _complement(subject: Subject, predicate: Predicate, form: Form) -> str:
    """The complement for this subject; a negated indefinite or partitive article becomes "de"."""
    text = predicate.french[subject.agreement]
    if form.negation and predicate.french_verb is not ETRE:
        text = _INDEFINITE.sub("de ", text)
    if "{" in text:
        for placeholder, forms in _POSSESSIVES.items():
            text = text.replace(placeholder, forms[subject.person])
    return text
