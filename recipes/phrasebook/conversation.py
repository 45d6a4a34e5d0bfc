"""Talk between people: comparisons, object pronouns, names, open questions, reasons, orders."""

from __future__ import annotations

from collections.abc import Iterator

from recipes.phrasebook import english, french
from recipes.phrasebook.grammar import (
    Form,
    Predicate,
    Question,
    Sentence,
    Subject,
    Tense,
    Trait,
    same,
)
from recipes.phrasebook.people import predicate
from recipes.phrasebook.sampling import Draw
from recipes.phrasebook.sentences import (
    Variant,
    combine,
    framed,
    proposition,
    who_questions,
)
from recipes.phrasebook.subjects import (
    I_SUBJECTS,
    NAMES,
    PEOPLE,
    PRONOUNS,
    RELATIVES,
    TU_SUBJECTS,
    third,
)
from recipes.phrasebook.verbs import BE, ENGLISH, ETRE, FRENCH

_COMPARED = (
    ("grand grande grands grandes", "tall", "taller"),
    ("jeune jeune jeunes jeunes", "young", "younger"),
    ("vieux vieille vieux vieilles", "old", "older"),
    ("riche riche riches riches", "rich", "richer"),
    ("gentil gentille gentils gentilles", "kind", "kinder"),
)
_TONICS = (
    ("moi", "me"),
    ("toi", "you"),
    ("lui", "him"),
    ("elle", "her"),
    ("nous", "us"),
    ("vous", "you"),
)
_OBJECT_PRONOUNS = (("me", "me"), ("te", "you"), ("nous", "us"), ("vous", "you"), ("les", "them"))
_SAME_PERSON = {
    "I": {"me", "us"},
    "we": {"me", "us"},
    "you": {"you"},
    "he": {"him"},
    "she": {"her"},
    "they": {"them"},
}
_COMPARISONS = (
    Variant("is", Form(), Trait.PRESENT, 1000),
    Variant("is it?", Form(question=Question.EST_CE_QUE), Trait.PRESENT, 300),
    Variant("is not", Form(negation="pas"), Trait.PRESENT, 200),
)
_WELL_KNOWN = ("my ", "our ")
_EQUALS = ("brother", "sister", "friend", "neighbour")
_NAMES = (("Paul", 0), ("Thomas", 0), ("Luc", 0), ("Marie", 1), ("Anne", 1), ("Julie", 1))
_NAMING = (
    ("is", Form(), 1000),
    ("is not", Form(negation="pas"), 500),
    ("is?", Form(question=Question.EST_CE_QUE), 500),
    ("is? plain", Form(question=Question.INTONATION), 300),
)
_ORDERS = (
    ("un café", "a coffee"),
    ("un thé", "a tea"),
    ("une bière", "a beer"),
    ("un billet pour Paris", "a ticket to Paris"),
    ("un billet pour Londres", "a ticket to London"),
    ("une chambre", "a room"),
    ("un taxi", "a taxi"),
    ("de l'eau", "water"),
    ("du pain", "bread"),
    ("du fromage", "cheese"),
    ("de la soupe", "soup"),
    ("du vin", "wine"),
)
_NOW = Trait.PRESENT | Trait.PROGRESSIVE
_ACT = _NOW | Trait.PAST
_SIMPLE = Trait.PRESENT | Trait.PAST
# Question word in both languages, verbs, and what the question can be asked about.
_ASKED = (
    ("où", "where", "habiter", "live", Trait.PRESENT),
    ("où", "where", "travailler", "work", _SIMPLE | Trait.ADULT),
    ("où", "where", "aller", "go", _ACT),
    ("où", "where", "manger", "eat", _SIMPLE),
    ("où", "where", "dormir", "sleep", _SIMPLE),
    ("où", "where", "naître", "be", Trait.PAST),
    ("que", "what", "manger", "eat", _ACT),
    ("que", "what", "boire", "drink", _ACT),
    ("que", "what", "lire", "read", _ACT),
    ("que", "what", "écrire", "write", _ACT),
    ("que", "what", "regarder", "watch", _ACT),
    ("que", "what", "écouter", "listen to", _ACT),
    ("que", "what", "chercher", "look for", _ACT),
    ("que", "what", "attendre", "wait for", _NOW),
    ("que", "what", "acheter", "buy", _ACT),
    ("que", "what", "faire", "do", _ACT),
    ("que", "what", "vouloir", "want", Trait.PRESENT),
    ("à quelle heure", "what time", "lever", "get up", _SIMPLE),
    ("à quelle heure", "what time", "partir", "leave", _ACT),
    ("à quelle heure", "what time", "arriver", "arrive", _ACT),
    ("à quelle heure", "what time", "manger", "eat", _SIMPLE),
    ("comment", "how", "aller", "be", Trait.PRESENT),
)
_SINGULAR = tuple(subject for subject in (*PRONOUNS, *RELATIVES) if subject.person == 2 and subject.agreement < 2)


def _comparisons(draw: Draw) -> Iterator[Sentence]:
    named = (*NAMES, *(s for s in RELATIVES[::2] if s.english.endswith(_EQUALS)))
    others = (*_TONICS, *((subject.french, subject.english) for subject in named))
    subjects = (*PRONOUNS, *NAMES, *RELATIVES[1::3])
    for forms, base, comparative in _COMPARED:
        for adverb, words in (
            ("plus", f"{comparative} than"),
            ("moins", f"not as {base} as"),
            ("aussi", f"as {base} as"),
        ):
            for other, other_english in others:
                one, two, three, four = (f"{adverb} {form} que {other}" for form in forms.split())
                said = Predicate(
                    f"compare {base} {other_english}",
                    ETRE,
                    (one, two, three, four),
                    BE,
                    same(f"{words} {other_english}"),
                    Trait.PRESENT,
                )
                fitting = tuple(s for s in subjects if not _is_same(s, other_english))
                variants = _COMPARISONS if adverb == "plus" else _COMPARISONS[:1]
                family = f"comparison {adverb}"
                yield from combine(family, fitting, (said,), draw, variants=variants, scale=0.13)


def _is_same(subject: Subject, other: str) -> bool:
    """Whether subject and object are the same or overlap: "I" and "us", "Paul" and "Paul"."""
    return other in _SAME_PERSON.get(subject.english, {subject.english})


def _object_pronouns(draw: Draw) -> Iterator[Sentence]:
    act = _NOW | Trait.DYNAMIC | Trait.HABIT
    for verb, verb_english, traits in (
        ("connaître", "know", Trait.PRESENT),
        ("comprendre", "understand", Trait.PRESENT),
        ("aimer", "love", Trait.PRESENT),
        ("attendre", "wait for", act),
        ("chercher", "look for", _NOW | Trait.DYNAMIC | Trait.SEARCH),
        ("aider", "help", act),
        ("écouter", "listen to", act),
    ):
        for pronoun, name in _OBJECT_PRONOUNS:
            verbs = FRENCH[verb], ENGLISH[verb_english]
            said = predicate(verbs[0], "", verbs[1], name, traits, clitic=pronoun)
            subjects = tuple(subject for subject in PEOPLE if not _is_same(subject, name))
            yield from combine("object", subjects, (said,), draw, scale=0.4)
            yield from who_questions((said,), draw)


def _names(draw: Draw) -> Iterator[Sentence]:
    subjects = (I_SUBJECTS[0], TU_SUBJECTS[0], *_SINGULAR)
    for name, agreement in _NAMES:
        said = predicate(FRENCH["appeler"], name, BE, name, Trait.PRESENT)
        for subject in subjects:
            if subject.person == 2 and subject.agreement != agreement:
                continue
            for kind, form, share in _NAMING:
                asks = form.question is not None
                if asks and (subject.person == 0 or subject.english.startswith(_WELL_KNOWN)):
                    continue
                if draw(f"{kind}/{subject.french}/{name}") < share:
                    owner = third("", _name_of(subject), 0)
                    yield framed(
                        f"name: {kind}",
                        french.clause(subject, said, form),
                        english.clause(owner, said, form),
                        f"{_name_of(subject)} / {name}",
                        is_question=asks,
                    )


def _name_of(subject: Subject) -> str:
    is_noun = subject.person == 2 and not subject.is_pronoun
    return f"{subject.english}'s name" if is_noun else f"{subject.english_possessive} name"


def _ages_and_names_asked(draw: Draw) -> Iterator[Sentence]:
    for subject in (TU_SUBJECTS[0], *_SINGULAR, *NAMES):
        if subject.english.startswith(_WELL_KNOWN):
            continue
        have, be = ("as-", "are") if subject.person == 1 else ("a-t-", "is")
        inverted = f"{have}{subject.pronoun}" if subject.is_pronoun else f"a {subject.french}"
        key = f"how old / {subject.english}"
        target = f"how old {be} {subject.english}"
        yield framed("how old", f"quel âge {inverted}", target, key, is_question=True)
        if not subject.is_pronoun and subject not in NAMES:
            source, name = f"comment s'appelle {subject.french}", _name_of(subject)
            key = f"what / {name}"
            yield framed("what name", source, f"what is {name}", key, is_question=True)
            verb = f"comment va {subject.french}"
            target, key = f"how is {subject.english}", f"{subject.english} / how be"
            yield framed("how is", verb, target, key, is_question=True)


def _open_questions(draw: Draw) -> Iterator[Sentence]:
    for opener, opener_english, verb, verb_english, traits in _ASKED:
        end = same("born" if verb == "naître" else "")
        key = f"{opener_english} {verb_english}"
        said = Predicate(key, FRENCH[verb], same(""), ENGLISH[verb_english], end, traits)
        variants = tuple(
            Variant(
                f"{opener_english}, {tense.name.lower()}, {question.name.lower()}",
                Form(tense=tense, question=question, opener=(opener, opener_english)),
                needs,
                500,
            )
            for tense, needs in ((Tense.PRESENT, Trait.PRESENT), (Tense.PAST, Trait.PAST))
            for question in (Question.EST_CE_QUE, Question.INVERSION)
        )
        yield from combine("open", PRONOUNS, (said,), draw, variants=variants)
        if verb != "aller" or opener != "comment":
            others = PEOPLE[len(PRONOUNS) :]
            yield from combine("open", others, (said,), draw, variants=variants[::2])


def _reasons() -> Iterator[Sentence]:
    mains = (
        predicate(FRENCH["rester"], "à la maison", ENGLISH["stay"], "at home", _NOW),
        predicate(FRENCH["rester"], "au lit", ENGLISH["stay"], "in bed", _NOW),
        predicate(FRENCH["partir"], "", ENGLISH["leave"], "", _NOW),
        predicate(FRENCH["dormir"], "", ENGLISH["sleep"], "", _NOW),
    )
    tired = ("fatigué", "fatiguée", "fatigués", "fatiguées")
    ill = ("malade", "malade", "malades", "malades")
    reasons = (
        Predicate("be tired", ETRE, tired, BE, same("tired"), Trait.PRESENT),
        Predicate("be ill", ETRE, ill, BE, same("ill"), Trait.PRESENT),
        predicate(FRENCH["avoir"], "froid", BE, "cold", Trait.PRESENT),
    )
    pairs = [(main, reason) for main in mains for reason in reasons]
    pairs.remove((mains[3], reasons[2]))
    for subject in PRONOUNS:
        for main, reason in pairs:
            first = french.clause(subject, main, Form())
            second = french.clause(subject, reason, Form())
            first_english = english.clause(subject, main, Form())
            second_english = english.clause(subject, reason, Form())
            yield framed(
                "because",
                f"{first} parce que {second}",
                f"{first_english} because {second_english}",
                proposition(subject, main),
                proposition(subject, reason),
            )


def _orders() -> Iterator[Sentence]:
    please, please_english = ", s'il vous plaît", ", please"
    for order, order_english in _ORDERS:
        for start, start_english, end, end_english in (
            ("", "", please, please_english),
            ("je voudrais ", "I would like ", "", ""),
            ("je voudrais ", "I would like ", please, please_english),
            ("nous voudrions ", "we would like ", "", ""),
            ("nous voudrions ", "we would like ", please, please_english),
        ):
            source, target = f"{start}{order}{end}", f"{start_english}{order_english}{end_english}"
            yield framed(f"order: {start}..{end}", source, target, f"order / {order_english}")


def conversations(draw: Draw) -> Iterator[Sentence]:
    """Comparisons, object pronouns, names and ages, open questions, reasons and orders."""
    yield from _comparisons(draw)
    yield from _object_pronouns(draw)
    yield from _names(draw)
    yield from _ages_and_names_asked(draw)
    yield from _open_questions(draw)
    yield from _reasons()
    yield from _orders()
