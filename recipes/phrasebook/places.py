"""Where things are and what there is: "Il y a un chat dans le jardin.", "Où est mon livre ?"."""

from __future__ import annotations

from collections.abc import Iterator

from recipes.phrasebook.grammar import Sentence, Subject, Trait
from recipes.phrasebook.people import predicate
from recipes.phrasebook.sampling import Draw
from recipes.phrasebook.sentences import combine, framed
from recipes.phrasebook.subjects import PEOPLE, PRONOUNS, third
from recipes.phrasebook.things import DESCRIPTIONS, Noun, determined
from recipes.phrasebook.verbs import BE, ENGLISH, ETRE, FRENCH

_ANIMALS = (
    ("un chat", "a cat"),
    ("un chien", "a dog"),
    ("deux chats", "two cats"),
    ("un homme", "a man"),
    ("une femme", "a woman"),
    ("des enfants", "children"),
)
_OUTSIDE = (
    ("dans le jardin", "in the garden"),
    ("dans la rue", "in the street"),
    ("devant la maison", "in front of the house"),
    ("derrière la maison", "behind the house"),
    ("dans la voiture", "in the car"),
    ("dans la cuisine", "in the kitchen"),
    ("à la gare", "at the station"),
)
_OBJECTS = (
    ("un livre", "a book"),
    ("une clé", "a key"),
    ("une lettre", "a letter"),
    ("un journal", "a newspaper"),
    ("des fleurs", "flowers"),
    ("une pomme", "an apple"),
    ("du pain", "bread"),
    ("trois livres", "three books"),
    ("un sac", "a bag"),
)
_SPOTS = (
    ("sur la table", "on the table"),
    ("sous la table", "under the table"),
    ("sur la chaise", "on the chair"),
    ("sur le lit", "on the bed"),
    ("dans la cuisine", "in the kitchen"),
    ("dans la chambre", "in the room"),
    ("dans la voiture", "in the car"),
)
_FOOD = ("an apple", "bread")
_FOOD_PLACES = ("sur la table", "dans la cuisine", "dans la voiture")
_BUILDINGS = (
    ("un hôtel", "a hotel"),
    ("une banque", "a bank"),
    ("un restaurant", "a restaurant"),
    ("une pharmacie", "a pharmacy"),
    ("un magasin", "a shop"),
    ("un musée", "a museum"),
    ("une école", "a school"),
    ("un marché", "a market"),
)
_NEAR = (
    ("près d'ici", "near here"),
    ("près de la gare", "near the station"),
    ("dans cette rue", "in this street"),
    ("dans cette ville", "in this city"),
    ("devant la gare", "in front of the station"),
    ("à côté de la gare", "next to the station"),
    ("à côté de l'hôpital", "next to the hospital"),
)
_MISLAID = (
    Noun("livre", "book", 0, ""),
    Noun("téléphone", "phone", 0, ""),
    Noun("sac", "bag", 0, ""),
    Noun("parapluie", "umbrella", 0, ""),
    Noun("chat", "cat", 0, ""),
    Noun("clés", "keys", 3, ""),
    Noun("lettres", "letters", 3, ""),
    Noun("chaussures", "shoes", 3, ""),
    Noun("billets", "tickets", 2, ""),
)
_STREETS = (
    ("la gare", "the station", 1),
    ("la banque", "the bank", 1),
    ("la plage", "the beach", 1),
    ("la pharmacie", "the pharmacy", 1),
    ("l'hôtel", "the hotel", 0),
    ("l'hôpital", "the hospital", 0),
    ("l'aéroport", "the airport", 0),
    ("le musée", "the museum", 0),
    ("le marché", "the market", 0),
    ("le château", "the castle", 0),
    ("le restaurant", "the restaurant", 0),
    ("les toilettes", "the toilets", 3),
)


# French and English frame, whether it is a question, how many of 1000 are taken.
_THERE_IS = (
    ("il y a {} {}", "there {be} {} {}", False, 1000),
    ("est-ce qu'il y a {} {}", "{be} there {} {}", True, 800),
    ("y a-t-il {} {}", "{be} there {} {}", True, 400),
    ("il y avait {} {}", "there {was} {} {}", False, 600),
)
_THERE_IS_NOT = (("il n'y a pas {} {}", "there {be} no {} {}", False, 700),)


def _there_is(draw: Draw) -> Iterator[Sentence]:
    for entities, places in ((_ANIMALS, _OUTSIDE), (_OBJECTS, _SPOTS), (_BUILDINGS, _NEAR)):
        for entity, name in entities:
            is_plural = name.startswith(("two", "three")) or name in {"children", "flowers"}
            be, was = ("are", "were") if is_plural else ("is", "was")
            none, no = _without_article(entity, name)
            for place, there in places:
                if name in _FOOD and place not in _FOOD_PLACES:
                    continue
                key = f"there is / {name} {there}"
                for frames, noun, noun_english in (
                    (_THERE_IS, entity, name),
                    (_THERE_IS_NOT if none else (), none, no),
                ):
                    for frame, frame_english, is_question, share in frames:
                        if draw(f"{frame}/{entity}/{place}") < share:
                            source = frame.format(noun, place)
                            target = frame_english.format(noun_english, there, be=be, was=was)
                            yield framed(frame, source, target, key, is_question=is_question)


def _without_article(entity: str, name: str) -> tuple[str, str]:
    """What follows "il n'y a pas" and "there is no"; empty for a number of things."""
    article, noun = entity.split(maxsplit=1)
    if article in {"deux", "trois"}:
        return "", ""
    return f"de {noun}", name.removeprefix("an ").removeprefix("a ")


def _places_of_things(draw: Draw) -> Iterator[Sentence]:
    for noun in _MISLAID:
        subjects = tuple(determined(noun, weight=450))
        for spot, there in _SPOTS:
            said = predicate(ETRE, spot, BE, there, Trait.PRESENT | Trait.PAST)
            yield from combine("spot", subjects, (said,), draw, variants=DESCRIPTIONS)
        for subject in subjects:
            yield from _where(subject)


def _directions(draw: Draw) -> Iterator[Sentence]:
    buildings = tuple(third(place, name, agreement) for place, name, agreement in _STREETS)
    directions = tuple(
        predicate(ETRE, place, BE, there, Trait.PRESENT)
        for place, there in (
            ("à gauche", "on the left"),
            ("à droite", "on the right"),
            ("près d'ici", "near here"),
            ("loin d'ici", "far from here"),
        )
    )
    yield from combine("direction", buildings, directions, draw, variants=DESCRIPTIONS)
    known = [("quelle heure il est", "what time it is")]
    for building in buildings:
        yield from _where(building, please=True)
        french, english = _where_clause(building)
        known.append((french, f"where {english}"))
    for french, english in known:
        said = predicate(FRENCH["savoir"], french, ENGLISH["know"], english, Trait.PRESENT)
        yield from combine("know where", PEOPLE, (said,), draw, scale=0.25)


def _where_clause(subject: Subject) -> tuple[str, str]:
    be, be_english = ("sont", "are") if subject.agreement >= 2 else ("est", "is")
    return f"où {be} {subject.french}", f"{subject.english} {be_english}"


def _where(subject: Subject, *, please: bool = False) -> Iterator[Sentence]:
    source, clause = _where_clause(subject)
    be = clause.rpartition(" ")[2]
    target, key = f"where {be} {subject.english}", f"where / {subject.english}"
    yield framed("where", source, target, key, is_question=True)
    if please:
        yield framed(
            "where please",
            f"{source}, s'il vous plaît",
            f"{target}, please",
            key,
            is_question=True,
        )
        yield framed(
            "excuse me, where",
            f"excusez-moi, {source}",
            f"excuse me, {target}",
            key,
            is_question=True,
        )


def _whereabouts(draw: Draw) -> Iterator[Sentence]:
    for subject in PEOPLE[len(PRONOUNS) + 1 :]:
        if draw(f"where/{subject.french}") < 700:
            yield from _where(subject)


def sentences_about_places(draw: Draw) -> Iterator[Sentence]:
    """What there is at a place, and where things, buildings and people are."""
    yield from _there_is(draw)
    yield from _places_of_things(draw)
    yield from _directions(draw)
    yield from _whereabouts(draw)
