"""What people do: verbs with the complements that go with them."""

from __future__ import annotations

from collections.abc import Iterator

from recipes.phrasebook.grammar import Predicate, Trait
from recipes.phrasebook.people import predicate
from recipes.phrasebook.verbs import ENGLISH, FRENCH

_BASIC = Trait.PRESENT | Trait.PAST
_EVENT = _BASIC | Trait.PROGRESSIVE | Trait.DYNAMIC | Trait.DATED | Trait.WHY
_KINDS = {
    "basic": _BASIC,
    "event": _EVENT,
    "move": _EVENT | Trait.WHEN,
    "both": _EVENT | Trait.HABIT,
    "habit": _BASIC | Trait.HABIT | Trait.DYNAMIC | Trait.DATED,
    "state": Trait.PRESENT | Trait.NO_LONGER,
    "done": Trait.PAST | Trait.DATED,
}

# A verb, then its complements: French | English | what it can do; "-" is no complement.
_TABLE = """
manger = eat
    une pomme | an apple | event
    une orange | an orange | event
    un gâteau | a cake | event
    le gâteau | the cake | event
    du pain | bread | habit
    de la viande | meat | habit
    du poisson | fish | habit
    des légumes | vegetables | habit
    du fromage | cheese | habit
    de la soupe | soup | habit
    du riz | rice | habit
    au restaurant | at the restaurant | both
    avec {mes} amis | with {my} friends | both
boire = drink
    de l'eau | water | habit
    du café | coffee | habit
    du thé | tea | habit
    du lait | milk | habit
    du vin | wine | habit adult
    de la bière | beer | habit adult
acheter = buy
    une voiture | a car | move adult
    une maison | a house | move adult
    un livre | a book | event
    des fleurs | flowers | both
    un billet | a ticket | move
    un cadeau | a present | event
    une robe | a dress | event
    un vélo | a bike | move
    du pain | bread | both
préparer = make
    le dîner | dinner | both adult
    le petit déjeuner | breakfast | both daytime
    un gâteau | a cake | event
lire = read
    le journal | the newspaper | both adult
    un livre | a book | event
    une lettre | a letter | event
    ce livre | this book | event
écrire = write
    une lettre | a letter | event
    des lettres | letters | both
    un livre | a book | event adult
regarder = watch
    la télévision | television | both
    un film | a film | event
    le match | the match | event
écouter = listen to
    la radio | the radio | both
    de la musique | music | both
    une chanson | a song | event
    le professeur | the teacher | event
parler = speak
    français | French | state habit
    anglais | English | state habit
    allemand | German | state habit
    italien | Italian | state habit
    espagnol | Spanish | state habit
parler = talk
    à {mes} amis | to {my} friends | both
apprendre = learn
    le français | French | basic progressive dynamic why
    l'anglais | English | basic progressive dynamic why
    l'italien | Italian | basic progressive dynamic why
    l'allemand | German | basic progressive dynamic why
    l'espagnol | Spanish | basic progressive dynamic why
comprendre = understand
    la question | the question | basic
    la réponse | the answer | basic
    le français | French | present
    l'anglais | English | present
prendre = take
    le train | the train | both when
    le bus | the bus | both
    le métro | the metro | both
    un taxi | a taxi | event adult
    une photo | a photo | event
    une douche | a shower | event
aimer = like
    le café | coffee | state
    le thé | tea | state
    le chocolat | chocolate | state
    la musique | music | state
    les chats | cats | state
    les chiens | dogs | state
    les fleurs | flowers | state
    le fromage | cheese | state
    la mer | the sea | state
    cette ville | this city | state
    {mon} travail | {my} work | state adult
    ce livre | this book | state
    lire | to read | state
    nager | to swim | state
    chanter | to sing | state
    danser | to dance | state
    voyager | to travel | state
vouloir = want
    du café | coffee | state
    du thé | tea | state
    de l'eau | water | state
    du pain | bread | state
    une pomme | an apple | state
    un chien | a dog | state
    un vélo | a bike | state
    une nouvelle voiture | a new car | state adult
aider = help
    {mes} parents | {my} parents | both
    {ma} mère | {my} mother | both
    les enfants | the children | both adult
chercher = look for
    {mes} clés | {my} keys | event search
    {mon} téléphone | {my} phone | event search personal
    {mon} sac | {my} bag | event search personal
    {mon} chat | {my} cat | event search
    un hôtel | a hotel | event search adult
    un taxi | a taxi | event search adult
    la gare | the station | event search
attendre = wait for
    le bus | the bus | both
    le train | the train | event
    un taxi | a taxi | event adult
    {mes} amis | {my} friends | event
    une lettre | a letter | event
connaître = know
    Paris | Paris | present
    Londres | London | present
    la réponse | the answer | present
    {mes} voisins | {my} neighbours | present
    cette ville | this city | present
    cette chanson | this song | present
faire = do
    les courses | the shopping | both adult daytime
    {mes} devoirs | {my} homework | both
fermer = close
    la porte | the door | event
    la fenêtre | the window | event
habiter = live
    à Paris | in Paris | state
    à Londres | in London | state
    en France | in France | state
    en Italie | in Italy | state
    en Espagne | in Spain | state
    ici | here | state
    dans une petite maison | in a small house | state
    près de la gare | near the station | state
    près de la mer | near the sea | state
travailler = work
    à l'hôpital | at the hospital | habit adult
    dans un bureau | in an office | habit adult
    dans un restaurant | in a restaurant | habit adult
    à la banque | at the bank | habit adult
    à Paris | in Paris | habit adult
    avec {mes} amis | with {my} friends | habit
dormir = sleep
    dans le train | on the train | both
    dans le jardin | in the garden | both
    à l'hôtel | at the hotel | basic progressive dynamic
chanter = sing
    - | - | both
    une chanson | a song | event
jouer = play
    au football | football | both
    au tennis | tennis | both
    dans le jardin | in the garden | both
    avec les enfants | with the children | both
    avec {mon} chien | with {my} dog | both
aller = go
    à la gare | to the station | move future
    à l'école | to school | both future when daytime
    au marché | to the market | both future when sun
    au cinéma | to the cinema | both future when rain
    au restaurant | to the restaurant | both future when rain sun
    à la plage | to the beach | both future when sun
    à Paris | to Paris | both future when
    en France | to France | move future
    en Espagne | to Spain | move future
    chez le médecin | to the doctor | move future
    à l'aéroport | to the airport | move future
aller = be
    bien | well | present
venir = come
    de Paris | from Paris | present
    de France | from France | present
    d'Italie | from Italy | present
    d'Espagne | from Spain | present
    de Londres | from London | present
partir = leave
    - | - | move future sun
partir = go
    en vacances | on holiday | move future sun
arriver = arrive
    à la gare | at the station | basic progressive when
    à Paris | in Paris | basic progressive when
    en retard | late | done
rester = stay
    à la maison | at home | event future rain
    à l'hôtel | at the hotel | event future rain
    au lit | in bed | event future rain
    ici | here | event future rain
    à Paris | in Paris | event future
lever = get up
    tôt | early | habit daytime
    tard | late | habit daytime
coucher = go
    tôt | to bed early | habit
    tard | to bed late | habit
naître = be
    à Paris | born in Paris | past
    à Londres | born in London | past
    en France | born in France | past
    en Italie | born in Italy | past
perdre = lose
    {mes} clés | {my} keys | done
    {mon} sac | {my} bag | done personal
    {mon} téléphone | {my} phone | done personal
    {mon} passeport | {my} passport | done personal
    {mon} billet | {my} ticket | done personal
    le match | the match | done
trouver = find
    {mes} clés | {my} keys | done
    {mon} passeport | {my} passport | done personal
    un hôtel | a hotel | done adult
    la réponse | the answer | done
oublier = forget
    {mes} clés | {my} keys | done
    {mon} sac | {my} bag | done personal
    {mon} parapluie | {my} umbrella | done personal
    la question | the question | done
voir = see
    un film | a film | done dynamic
    la mer | the sea | done dynamic
    {mes} amis | {my} friends | done dynamic
    le médecin | the doctor | done dynamic
visiter = visit
    le musée | the museum | done dynamic when
    le château | the castle | done dynamic when
    Londres | London | done dynamic when
nager = swim
    dans la mer | in the sea | done dynamic
"""


def _traits(names: str) -> Trait:
    traits = Trait.NONE
    for name in names.split():
        traits |= _KINDS[name] if name in _KINDS else Trait[name.upper()]
    return traits


def _predicates() -> Iterator[Predicate]:
    french_verb, english_verb = FRENCH["être"], ENGLISH["be"]
    for line in _TABLE.strip().splitlines():
        if " = " in line:
            french, english = line.split(" = ")
            french_verb, english_verb = FRENCH[french], ENGLISH[english]
        else:
            french, english, names = (part.strip().removeprefix("-") for part in line.split("|"))
            yield predicate(french_verb, french, english_verb, english, _traits(names))


ACTIONS = tuple(_predicates())
"""Every predicate with a verb of doing, liking, knowing, living or moving."""
