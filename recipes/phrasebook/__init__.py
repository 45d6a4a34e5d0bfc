"""A phrasebook that is generated: French sentences and their English translations, from a grammar.

The grammar combines a subject with a predicate ("I" with "be a student") and says the result in
many forms: present, past or future, negated, asked, with an adverb, inside a longer sentence.
Subject and predicate, in English words, are the *proposition*; the form, the gender of the speaker
and "tu" or "vous" make no difference to it.

Whole propositions are held out, never single sentences: a checksum of the proposition puts all of
its sentences into the training, the validation or the test part. So each word and each form of a
test sentence is seen in training, with other subjects and other predicates, but its subject is
never seen with its predicate, in no form at all. "Je suis étudiant." is always in the test part,
and with it every other sentence that says of the speaker that he or she is, was or wants to be a
student. Fixed expressions ("De rien.") have no such structure and are for training only.
"""

from recipes.phrasebook.generate import Phrasebook, PhrasebookPair, build_phrasebook

__all__ = ["Phrasebook", "PhrasebookPair", "build_phrasebook"]
