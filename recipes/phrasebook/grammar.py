"""The parts of a sentence: verbs, subjects, predicates, adverbs, and the form of a clause."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, Flag, auto


class Tense(Enum):
    """When something happens; whether it "is ...ing" follows from predicate and adverb."""

    PRESENT = auto()
    PAST = auto()
    FUTURE = auto()


class Modal(Enum):
    """A verb in the present that takes an infinitive: going to, want to, can, must."""

    GOING = auto()
    WANT = auto()
    CAN = auto()
    MUST = auto()


class Question(Enum):
    """The French ways to ask; all but ``WHO`` give the same English question."""

    EST_CE_QUE = auto()
    INTONATION = auto()
    INVERSION = auto()
    WHO = auto()


class Trait(Flag):
    """What a predicate can do; it decides in which forms a sentence with it makes sense.

    ``PROGRESSIVE`` is translated with "is ...ing" in the plain present; ``HABIT`` takes "often" and
    "never"; ``DYNAMIC`` takes "going to", "want to", "can" and "must"; ``DATED`` takes "yesterday"
    and "tomorrow"; ``AMBITION`` is something to become; ``PERSONAL`` is one thing of one person;
    ``DAYTIME`` is not done at night; ``SEARCH`` is not a matter of "can"; ``RAIN`` and ``SUN`` are
    for such weather.
    """

    NONE = 0
    PRESENT = auto()
    PAST = auto()
    FUTURE = auto()
    PROGRESSIVE = auto()
    HABIT = auto()
    DYNAMIC = auto()
    NO_LONGER = auto()
    DEGREE = auto()
    TODAY = auto()
    DATED = auto()
    WHEN = auto()
    WHY = auto()
    AMBITION = auto()
    ADULT = auto()
    PERSONAL = auto()
    AFFIRMATIVE = auto()
    DAYTIME = auto()
    SEARCH = auto()
    RAIN = auto()
    SUN = auto()


@dataclass(frozen=True, slots=True)
class FrenchVerb:
    """A French verb: six present forms, past participle, and the stems of the tenses in use.

    One with an ``imperfect_stem`` is a state: its past is the imperfect, not the passé composé.
    """

    infinitive: str
    present: tuple[str, ...]
    participle: str
    future_stem: str = ""
    imperfect_stem: str = ""
    with_etre: bool = False
    reflexive: bool = False


@dataclass(frozen=True, slots=True)
class EnglishVerb:
    """An English verb by its principal parts; ``particle`` follows every form ("look for")."""

    base: str
    past: str
    ing: str
    particle: str = ""


@dataclass(frozen=True, slots=True)
class Subject:
    """Who a sentence is about.

    ``person`` is the index (0-5: je, tu, il, nous, vous, ils) of the French verb form,
    ``agreement`` that (0-3: masculine, feminine, masculine plural, feminine plural) of the
    adjective, and ``weight`` out of 1000 how often the subject is used.
    """

    french: str
    english: str
    person: int
    agreement: int
    pronoun: str
    english_possessive: str
    weight: int = 1000
    child: bool = False

    @property
    def is_pronoun(self) -> bool:
        """Whether the subject is the pronoun that an inverted question puts after the verb."""
        return self.french == self.pronoun

    @property
    def english_person(self) -> int:
        """0 for "I", 2 for the third person singular, 1 for all that take the plain verb form."""
        if self.english == "I":
            return 0
        return 2 if self.person == 2 and self.english != "we" else 1


@dataclass(frozen=True, slots=True)
class Predicate:
    """What is said about a subject; the complements have one form for each agreement."""

    key: str
    french_verb: FrenchVerb
    french: tuple[str, str, str, str]
    english_verb: EnglishVerb
    english: tuple[str, str, str, str]
    traits: Trait
    clitic: str = ""

    @property
    def agrees(self) -> bool:
        """Whether a French form of it depends on the gender and number of the subject."""
        return self.french_verb.with_etre or len(set(self.french)) > 1

    @property
    def is_possessive(self) -> bool:
        """Whether it names a thing as the subject's own."""
        return any("{" in text for text in self.french)


@dataclass(frozen=True, slots=True)
class Adverb:
    """An adverb; in the ``middle`` it follows the finite verb in French, precedes it in English."""

    french: str
    english: str
    middle: bool = False
    habitual: bool = False


@dataclass(frozen=True, slots=True)
class Form:
    """The form of a clause; ``negation`` is "", "pas", "jamais" or "plus"."""

    tense: Tense = Tense.PRESENT
    modal: Modal | None = None
    negation: str = ""
    question: Question | None = None
    opener: tuple[str, str] = ("", "")
    adverb: Adverb | None = None

    @property
    def is_habitual(self) -> bool:
        """Whether the clause speaks of a habit, which English puts in the simple present."""
        return self.negation in {"jamais", "plus"} or (self.adverb is not None and self.adverb.habitual)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence in both languages, the template it was made from, the propositions it states."""

    source: str
    target: str
    template: str
    propositions: tuple[str, ...]


def same(text: str) -> tuple[str, str, str, str]:
    """A complement that does not agree with the subject."""
    return (text, text, text, text)
