"""What people are, have and do: the predicates that are combined with every person."""

from __future__ import annotations

from recipes.phrasebook.english import a
from recipes.phrasebook.grammar import (
    EnglishVerb,
    FrenchVerb,
    Predicate,
    Trait,
    same,
)
from recipes.phrasebook.verbs import AVOIR, BE, ETRE, HAVE, NEED

_BASIC = Trait.PRESENT | Trait.PAST
_PROFESSION = _BASIC | Trait.FUTURE | Trait.NO_LONGER | Trait.AMBITION | Trait.ADULT
_MOOD = _BASIC | Trait.DEGREE | Trait.WHY
_PLACE = _BASIC | Trait.FUTURE | Trait.HABIT | Trait.TODAY | Trait.DATED

_PROFESSIONS = (
    ("étudiant étudiante étudiants étudiantes", "student"),
    ("médecin médecin médecins médecins", "doctor"),
    ("professeur professeur professeurs professeurs", "teacher"),
    ("avocat avocate avocats avocates", "lawyer"),
    ("infirmier infirmière infirmiers infirmières", "nurse"),
    ("musicien musicienne musiciens musiciennes", "musician"),
    ("journaliste journaliste journalistes journalistes", "journalist"),
    ("dentiste dentiste dentistes dentistes", "dentist"),
    ("pilote pilote pilotes pilotes", "pilot"),
)
_ADJECTIVES = (
    (
        "fatigué fatiguée fatigués fatiguées",
        "tired",
        _MOOD | Trait.HABIT | Trait.TODAY | Trait.DATED,
    ),
    ("malade malade malades malades", "ill", _MOOD | Trait.HABIT | Trait.TODAY | Trait.DATED),
    (
        "content contente contents contentes",
        "happy",
        _MOOD | Trait.TODAY | Trait.DATED | Trait.FUTURE,
    ),
    ("triste triste tristes tristes", "sad", _MOOD | Trait.HABIT | Trait.TODAY | Trait.DATED),
    (
        "occupé occupée occupés occupées",
        "busy",
        _MOOD | Trait.HABIT | Trait.TODAY | Trait.DATED | Trait.FUTURE,
    ),
    ("prêt prête prêts prêtes", "ready", _BASIC | Trait.TODAY | Trait.DATED | Trait.FUTURE),
    ("grand grande grands grandes", "tall", Trait.PRESENT | Trait.DEGREE),
    ("jeune jeune jeunes jeunes", "young", _BASIC | Trait.DEGREE),
    ("riche riche riches riches", "rich", _BASIC | Trait.DEGREE | Trait.FUTURE),
    ("gentil gentille gentils gentilles", "kind", _BASIC | Trait.DEGREE),
    ("français française français françaises", "French", _BASIC | Trait.ADULT),
    ("anglais anglaise anglais anglaises", "English", _BASIC | Trait.ADULT),
    ("italien italienne italiens italiennes", "Italian", _BASIC | Trait.ADULT),
    ("perdu perdue perdus perdues", "lost", _BASIC),
)
_STATES = (
    (
        "en retard",
        "late",
        _BASIC | Trait.FUTURE | Trait.HABIT | Trait.WHY | Trait.TODAY | Trait.DATED,
    ),
    ("en colère", "angry", _BASIC | Trait.HABIT | Trait.WHY),
    ("en vacances", "on holiday", _BASIC | Trait.FUTURE | Trait.TODAY | Trait.DATED),
    ("à la maison", "at home", _PLACE),
    ("au bureau", "at the office", _PLACE | Trait.ADULT),
    ("à l'école", "at school", _PLACE),
    ("à l'hôtel", "at the hotel", _PLACE),
    ("à la gare", "at the station", _BASIC | Trait.FUTURE | Trait.DATED),
    ("à l'hôpital", "in hospital", _BASIC),
    ("dans la cuisine", "in the kitchen", _PLACE),
    ("dans le jardin", "in the garden", _PLACE),
    ("dans le train", "on the train", _BASIC),
    ("à Paris", "in Paris", _PLACE),
    ("à Londres", "in London", _PLACE),
    ("en Italie", "in Italy", _PLACE),
)
_FEELINGS = (
    ("faim", "hungry", _BASIC | Trait.HABIT),
    ("soif", "thirsty", _BASIC | Trait.HABIT),
    ("froid", "cold", _BASIC | Trait.HABIT),
    ("chaud", "hot", _BASIC | Trait.HABIT),
    ("peur", "afraid", _BASIC | Trait.HABIT | Trait.WHY),
    ("raison", "right", _BASIC | Trait.HABIT),
    ("tort", "wrong", _BASIC | Trait.HABIT),
    ("sommeil", "sleepy", _BASIC),
)
_POSSESSIONS = (
    ("un chien", "a dog", Trait.NONE),
    ("un chat", "a cat", Trait.NONE),
    ("une voiture", "a car", Trait.ADULT),
    ("une maison", "a house", Trait.ADULT),
    ("un jardin", "a garden", Trait.NONE),
    ("un vélo", "a bike", Trait.NONE),
    ("un ordinateur", "a computer", Trait.NONE),
    ("un rendez-vous", "an appointment", Trait.NONE),
    ("une idée", "an idea", Trait.NONE),
    ("une question", "a question", Trait.NONE),
    ("le temps", "time", Trait.NONE),
    ("mal à la tête", "a headache", Trait.NONE),
)
_AGES = (
    ("cinq", "five", False),
    ("dix", "ten", False),
    ("douze", "twelve", False),
    ("quinze", "fifteen", False),
    ("vingt", "twenty", True),
    ("trente", "thirty", True),
    ("quarante", "forty", True),
    ("cinquante", "fifty", True),
    ("soixante", "sixty", True),
)
_RELATIVES_IN_NUMBERS = (("frères", "brothers"), ("sœurs", "sisters"), ("enfants", "children"))
_PETS_IN_NUMBERS = (("chats", "cats"), ("chiens", "dogs"))
_NUMBERS = (("deux", "two"), ("trois", "three"), ("quatre", "four"))


def predicate(
    french_verb: FrenchVerb,
    french: str,
    english_verb: EnglishVerb,
    english: str,
    traits: Trait,
    *,
    clitic: str = "",
) -> Predicate:
    """A predicate whose complement does not agree with the subject."""
    key = f"{english_verb.base} {english}".strip()
    return Predicate(key, french_verb, same(french), english_verb, same(english), traits, clitic)


def _agreeing(forms: str, english: tuple[str, str, str, str], traits: Trait) -> Predicate:
    masculine, feminine, masculine_plural, feminine_plural = forms.split()
    french = (masculine, feminine, masculine_plural, feminine_plural)
    return Predicate(f"be {english[0]}", ETRE, french, BE, english, traits)


def _profession(forms: str, noun: str) -> Predicate:
    one = a(noun)
    return _agreeing(forms, (one, one, f"{noun}s", f"{noun}s"), _PROFESSION)


PROFESSIONS = tuple(_profession(forms, noun) for forms, noun in _PROFESSIONS)
ADJECTIVES = tuple(_agreeing(forms, same(word), traits) for forms, word, traits in _ADJECTIVES)
STATES = tuple(predicate(ETRE, french, BE, english, traits) for french, english, traits in _STATES)
FEELINGS = tuple(predicate(AVOIR, french, BE, english, traits) for french, english, traits in _FEELINGS)
AGES = tuple(
    predicate(
        AVOIR,
        f"{number} ans",
        BE,
        f"{english} years old",
        _BASIC | (Trait.ADULT if is_adult else Trait.NONE),
    )
    for number, english, is_adult in _AGES
)
POSSESSIONS = tuple(
    predicate(AVOIR, french, HAVE, english, _BASIC | Trait.NO_LONGER | traits)
    for french, english, traits in _POSSESSIONS
)
NUMBERS = tuple(
    predicate(AVOIR, f"{number} {french}", HAVE, f"{count} {english}", traits)
    for things, traits in (
        (_RELATIVES_IN_NUMBERS, Trait.PRESENT | Trait.AFFIRMATIVE | Trait.ADULT),
        (_PETS_IN_NUMBERS, _BASIC | Trait.AFFIRMATIVE),
    )
    for french, english in things
    for number, count in _NUMBERS
)
NEEDS = tuple(
    predicate(AVOIR, f"besoin {french}", NEED, english, _BASIC | Trait.NO_LONGER | Trait.WHY)
    for french, english in (
        ("d'aide", "help"),
        ("d'argent", "money"),
        ("d'un médecin", "a doctor"),
        ("d'un taxi", "a taxi"),
        ("d'un ordinateur", "a computer"),
    )
)
KIN = (
    predicate(AVOIR, "un frère", HAVE, "a brother", Trait.PRESENT),
    predicate(AVOIR, "une sœur", HAVE, "a sister", Trait.PRESENT),
    predicate(AVOIR, "des enfants", HAVE, "children", Trait.PRESENT | Trait.ADULT),
)
BEING_AND_HAVING = (
    *PROFESSIONS,
    *ADJECTIVES,
    *STATES,
    *FEELINGS,
    *AGES,
    *POSSESSIONS,
    *NUMBERS,
    *NEEDS,
    *KIN,
)
