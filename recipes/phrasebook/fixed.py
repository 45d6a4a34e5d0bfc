"""What one says as a whole: greetings and wishes, requests, and fixed expressions."""

from __future__ import annotations

from collections.abc import Iterator

from recipes.phrasebook.grammar import Sentence
from recipes.phrasebook.sentences import framed

_EXPRESSIONS = """
Oui. | Yes.
Non. | No.
Oui, merci. | Yes, thank you.
Non, merci. | No, thank you.
S'il vous plaît. | Please.
C'est à gauche. | It is on the left.
C'est à droite. | It is on the right.
C'est tout droit. | It is straight on.
C'est loin ? | Is it far?
C'est près d'ici ? | Is it near here?
C'est tout. | That is all.
C'est pour moi. | It is for me.
C'est pour vous. | It is for you.
Qui es-tu ? | Who are you?
Comment t'appelles-tu ? | What is your name?
Ça va bien. | I am fine.
Ça va très bien, merci. | I am very well, thank you.
Je vais très bien, merci. | I am very well, thank you.
Et vous ? | And you?
Et toi ? | And you?
Je pense que oui. | I think so.
Pourquoi ? | Why?
Pourquoi pas ? | Why not?
Comment ? | How?
Quand ? | When?
Où ? | Where?
Qui ? | Who?
Combien ? | How much?
Tout va bien. | Everything is fine.
Peut-être. | Maybe.
Pas encore. | Not yet.
Pas aujourd'hui. | Not today.
Pas maintenant. | Not now.
Moi aussi. | Me too.
À gauche. | On the left.
À droite. | On the right.
"""


_GREETINGS = """
Bonjour | Hello
Bonsoir | Good evening
Bonne nuit | Good night
Salut | Hi
Au revoir | Goodbye
Merci | Thank you
Merci beaucoup | Thank you very much
Non, merci | No, thank you
À demain | See you tomorrow
À bientôt | See you soon
À ce soir | See you tonight
À lundi | See you on Monday
À mardi | See you on Tuesday
À mercredi | See you on Wednesday
À jeudi | See you on Thursday
À vendredi | See you on Friday
À samedi | See you on Saturday
À dimanche | See you on Sunday
Bonne chance | Good luck
Bon voyage | Have a good trip
Bonne journée | Have a nice day
Bonne soirée | Have a nice evening
Bon anniversaire | Happy birthday
Bon appétit | Enjoy your meal
Félicitations | Congratulations
De rien | You are welcome
D'accord | All right
Je suis désolé | I am sorry
Je suis désolée | I am sorry
Bienvenue à Paris | Welcome to Paris
Bienvenue en France | Welcome to France
C'est vrai | It is true
Ce n'est pas vrai | It is not true
Je ne sais pas | I do not know
Excusez-moi | Excuse me
Pardon | Sorry
Bienvenue | Welcome
Bien sûr | Of course
Enchanté | Nice to meet you
Enchantée | Nice to meet you
"""
_ADDRESSED = (
    ("", ""),
    (", monsieur", ", sir"),
    (", madame", ", madam"),
    *((f", {name}", f", {name}") for name in ("Paul", "Marie", "Thomas", "Anne", "Luc", "Julie")),
    (", mon ami", ", my friend"),
    (", mon amie", ", my friend"),
    (", mes amis", ", my friends"),
)
_FORMAL = (", monsieur", ", madame")
_REQUESTS = """
Entrez | Come in
Asseyez-vous | Sit down
Attendez | Wait
Attendez ici | Wait here
Écoutez | Listen
Regardez | Look
Venez ici | Come here
Venez avec moi | Come with me
Tournez à gauche | Turn left
Tournez à droite | Turn right
Allez tout droit | Go straight on
Répétez | Repeat
Parlez plus lentement | Speak more slowly
Fermez la porte | Close the door
Fermez la fenêtre | Close the window
Ouvrez la porte | Open the door
Ouvrez la fenêtre | Open the window
"""
_QUESTIONS = """
Quelle heure est-il | What time is it
Quel jour sommes-nous | What day is it
Qui êtes-vous | Who are you
Comment vous appelez-vous | What is your name
Pouvez-vous répéter | Can you repeat that
Puis-je entrer | May I come in
Puis-je vous aider | May I help you
Où sommes-nous | Where are we
Où allons-nous | Where are we going
Qu'est-ce que c'est | What is it
"""
_FAMILIAR_QUESTIONS = """
Ça va | How are you
Quelle heure est-il | What time is it
Quel jour sommes-nous | What day is it
Où sommes-nous | Where are we
Où allons-nous | Where are we going
Qu'est-ce que c'est | What is it
"""
_PLEASE = (", s'il vous plaît", ", please")
_ASKED_NICELY = (*_ADDRESSED, _PLEASE)


def _lines(table: str) -> Iterator[tuple[str, str]]:
    for line in table.strip().splitlines():
        source, target = line.split(" | ")
        yield source, target


def fixed_expressions() -> Iterator[Sentence]:
    """Expressions that nothing is put into; they state no proposition."""
    for source, target in _lines(_EXPRESSIONS):
        yield Sentence(source, target, "fixed", ())


def greetings_and_requests() -> Iterator[Sentence]:
    """Greetings, wishes, requests and short questions to everyone whom they can be said to."""
    for table, endings, kind in (
        (_GREETINGS, _ADDRESSED, "greeting"),
        (_REQUESTS, _ASKED_NICELY, "request"),
        (_QUESTIONS, (*_ADDRESSED[:3], _PLEASE), "polite question"),
        (_FAMILIAR_QUESTIONS, _ADDRESSED, "familiar question"),
    ):
        for source, target in _lines(table):
            for end, end_english in endings:
                if source == "Salut" and end in _FORMAL:
                    continue
                keys = (f"{target} / {end_english}",) if end else ()
                asks = kind.endswith("question")
                yield framed(kind, source + end, target + end_english, *keys, is_question=asks)
