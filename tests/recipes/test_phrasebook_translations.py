"""What the phrasebook's grammar says, against translations written by hand."""

from recipes.phrasebook.generate import sentences
from recipes.phrasebook.sampling import checksum_draw

SUBJECTS = frozenset(
    {"je", "tu", "il", "elle", "nous", "vous", "ils", "elles", "qui", "ce"}
    | {"Paul", "Marie", "Thomas", "Anne", "ma mère", "mon frère", "mes amis", "mon amie"}
    | {"leur fille", "l'homme", "le train", "la banque", "mes chaussures"}
)

EXPECTED = """
# professions without an article, in both genders and numbers
Je suis étudiant. | I am a student.
Je suis étudiante. | I am a student.
Elle est médecin. | She is a doctor.
Nous sommes étudiants. | We are students.
Elles sont infirmières. | They are nurses.
Paul n'est plus avocat. | Paul is no longer a lawyer.
Marie veut être musicienne. | Marie wants to be a musician.
# agreement of adjectives and participles
Ma mère est fatiguée. | My mother is tired.
Ils sont contents. | They are happy.
Vous êtes très gentille. | You are very kind.
Elle est partie. | She left.
Elles sont parties. | They left.
Mon frère est né à Paris. | My brother was born in Paris.
Nous nous sommes levées tôt. | We got up early.
Mes chaussures sont blanches. | My shoes are white.
# elision and contraction
J'ai faim. | I am hungry.
L'homme n'aime pas le café. | The man does not like coffee.
Est-ce qu'elle habite à Londres ? | Does she live in London?
Je t'attends. | I am waiting for you.
S'il pleut, nous resterons à la maison. | If it rains, we will stay at home.
Elle va au marché. | She is going to the market.
Tu n'as pas d'ordinateur. | You do not have a computer.
Je pense qu'Anne est malade. | I think that Anne is ill.
C'est un bel hôtel. | It is a beautiful hotel.
# articles of food, and "de" after a negation
Je mange du pain. | I eat bread.
Il boit de l'eau. | He drinks water.
Ils ne mangent pas de viande. | They do not eat meat.
Tu manges une pomme. | You are eating an apple.
Elle mange souvent des légumes. | She often eats vegetables.
Thomas ne boit jamais de bière. | Thomas never drinks beer.
Je voudrais un café, s'il vous plaît. | I would like a coffee, please.
# habits in the simple present
Je prends souvent le bus. | I often take the bus.
Ils ne regardent plus la télévision. | They no longer watch television.
# tenses
Il a mangé une orange. | He ate an orange.
Nous n'avons pas acheté de voiture. | We did not buy a car.
J'étais fatiguée hier. | I was tired yesterday.
Vous aviez un chien. | You had a dog.
Je vais prendre le train demain. | I am going to take the train tomorrow.
Elle ira à l'école demain. | She will go to school tomorrow.
Mes amis ne seront pas prêts. | My friends will not be ready.
# questions
Où est la gare ? | Where is the station?
Où habites-tu ? | Where do you live?
Tu parles français ? | Do you speak French?
Parlez-vous anglais ? | Do you speak English?
Mange-t-elle du fromage ? | Does she eat cheese?
Qu'est-ce que tu fais ? | What are you doing?
Quand est-ce que vous allez partir en vacances ? | When are you going to go on holiday?
Pourquoi est-il en retard ? | Why is he late?
Qui veut aller à la plage ? | Who wants to go to the beach?
Comment s'appelle ta sœur ? | What is your sister's name?
Quel âge as-tu ? | How old are you?
Combien coûte cette robe ? | How much does this dress cost?
# verbs before an infinitive
Elle peut fermer la porte. | She can close the door.
Nous ne pouvons pas rester ici. | We cannot stay here.
Je veux dormir dans le train. | I want to sleep on the train.
Tu dois aider tes parents. | You must help your parents.
# possessives, family, numbers, ages
Elle cherche ses clés. | She is looking for her keys.
Paul a perdu son passeport. | Paul lost his passport.
Leur fille a deux frères. | Their daughter has two brothers.
Mon amie a vingt ans. | My friend is twenty years old.
Je m'appelle Paul. | My name is Paul.
# comparison, position of adjectives
Paul est plus grand que Marie. | Paul is taller than Marie.
Elle est moins riche que moi. | She is not as rich as me.
J'ai une voiture rouge. | I have a red car.
Elle a de belles chaussures. | She has beautiful shoes.
C'est une petite maison. | It is a small house.
# clock, weather, days, places
Il est huit heures et demie. | It is half past eight.
Il est dix heures moins le quart. | It is quarter to ten.
Le train part à neuf heures. | The train leaves at nine o'clock.
Il fait froid. | It is cold.
Il va pleuvoir demain. | It is going to rain tomorrow.
La banque est fermée le dimanche. | The bank is closed on Sundays.
Il y a un chat dans le jardin. | There is a cat in the garden.
Il n'y a pas de livre sur la table. | There is no book on the table.
# what one says as a whole
Merci beaucoup. | Thank you very much.
Au revoir, madame. | Goodbye, madam.
Je ne sais pas. | I do not know.
"""


def expected_pairs() -> list[tuple[str, str]]:
    lines = [line for line in EXPECTED.strip().splitlines() if not line.startswith("#")]
    return [(line.split(" | ")[0], line.split(" | ")[1]) for line in lines]


def everything_about(mark: str) -> int:
    """A draw that keeps all that the grammar says of a few subjects, not a sample about all."""
    subject = mark.partition("/")[0]
    return 0 if not subject.endswith(("0", "1", "2", "3")) or subject[:-1] in SUBJECTS else 999


def test_hand_written_translations_are_what_the_grammar_says() -> None:
    said: dict[str, set[str]] = {}
    for sentence in sentences(everything_about, scale=1.0):
        said.setdefault(sentence.source, set()).add(sentence.target)
    wrong = {source: (target, said.get(source)) for source, target in expected_pairs() if said.get(source) != {target}}
    assert not wrong


def test_no_french_sentence_can_be_drawn_with_two_translations() -> None:
    translations: dict[str, set[str]] = {}
    for sentence in sentences(lambda mark: checksum_draw(mark) // 2):
        translations.setdefault(sentence.source, set()).add(sentence.target)
    assert not {source: found for source, found in translations.items() if len(found) > 1}
