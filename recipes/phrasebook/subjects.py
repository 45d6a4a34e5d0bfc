"""Who the sentences are about: pronouns of every person and gender, names, family and others."""

from __future__ import annotations

from recipes.phrasebook.french import possessive
from recipes.phrasebook.grammar import Subject

MASCULINE, FEMININE, MASCULINE_PLURAL, FEMININE_PLURAL = range(4)
_THIRD_PRONOUNS = ("il", "elle", "ils", "elles")
_ENGLISH_POSSESSIVES = ("his", "her", "their", "their")
OWNERS = ((0, "my"), (1, "your"), (3, "our"), (4, "your"), (5, "their"))
"""The owners that a possessive names without doubt: "son" alone would be his or her."""


def third(french: str, english: str, agreement: int, *, weight: int = 1000, child: bool = False) -> Subject:
    """A subject in the third person."""
    return Subject(
        french,
        english,
        person=5 if agreement >= 2 else 2,
        agreement=agreement,
        pronoun=_THIRD_PRONOUNS[agreement],
        english_possessive=_ENGLISH_POSSESSIVES[agreement],
        weight=weight,
        child=child,
    )


I_SUBJECTS = (
    Subject("je", "I", 0, MASCULINE, "je", "my", weight=1200),
    Subject("je", "I", 0, FEMININE, "je", "my", weight=1200),
)
TU_SUBJECTS = (
    Subject("tu", "you", 1, MASCULINE, "tu", "your", weight=1200),
    Subject("tu", "you", 1, FEMININE, "tu", "your", weight=1200),
)
HE = third("il", "he", MASCULINE)
SHE = third("elle", "she", FEMININE)
ON = Subject("on", "we", 2, MASCULINE_PLURAL, "on", "our", weight=300)
NOUS_SUBJECTS = (
    Subject("nous", "we", 3, MASCULINE_PLURAL, "nous", "our", weight=1300),
    Subject("nous", "we", 3, FEMININE_PLURAL, "nous", "our", weight=1000),
)
VOUS_SUBJECTS = (
    Subject("vous", "you", 4, MASCULINE, "vous", "your"),
    Subject("vous", "you", 4, FEMININE, "vous", "your", weight=500),
    Subject("vous", "you", 4, MASCULINE_PLURAL, "vous", "your", weight=500),
    Subject("vous", "you", 4, FEMININE_PLURAL, "vous", "your", weight=500),
)
THEY_SUBJECTS = (
    third("ils", "they", MASCULINE_PLURAL),
    third("elles", "they", FEMININE_PLURAL, weight=1200),
)
PRONOUNS = (
    *I_SUBJECTS,
    *TU_SUBJECTS,
    HE,
    SHE,
    *NOUS_SUBJECTS,
    *VOUS_SUBJECTS,
    *THEY_SUBJECTS,
)
WHO = Subject("qui", "who", 2, MASCULINE, "il", "his", weight=500)

NAMES = tuple(
    third(name, name, agreement, weight=380)
    for name, agreement in (
        ("Paul", MASCULINE),
        ("Marie", FEMININE),
        ("Thomas", MASCULINE),
        ("Anne", FEMININE),
    )
)
COUPLES = (
    third("Paul et Marie", "Paul and Marie", MASCULINE_PLURAL, weight=300),
    third("Anne et Julie", "Anne and Julie", FEMININE_PLURAL, weight=250),
)
_RELATIVES = (
    ("père", "father", MASCULINE),
    ("mère", "mother", FEMININE),
    ("frère", "brother", MASCULINE),
    ("sœur", "sister", FEMININE),
    ("fils", "son", MASCULINE),
    ("fille", "daughter", FEMININE),
    ("oncle", "uncle", MASCULINE),
    ("tante", "aunt", FEMININE),
    ("ami", "friend", MASCULINE),
    ("amie", "friend", FEMININE),
    ("voisin", "neighbour", MASCULINE),
    ("voisine", "neighbour", FEMININE),
    ("parents", "parents", MASCULINE_PLURAL),
    ("amis", "friends", MASCULINE_PLURAL),
    ("voisins", "neighbours", MASCULINE_PLURAL),
)
RELATIVES = tuple(
    third(f"{possessive(owner, noun, agreement)} {noun}", f"{my} {english}", agreement, weight=42)
    for noun, english, agreement in _RELATIVES
    for owner, my in OWNERS
)
OTHERS = (
    third("les enfants", "the children", MASCULINE_PLURAL, weight=200, child=True),
    third("cet enfant", "this child", MASCULINE, weight=120, child=True),
    third("cet homme", "this man", MASCULINE, weight=200),
    third("cette femme", "this woman", FEMININE, weight=200),
    third("l'homme", "the man", MASCULINE, weight=120),
    third("la femme", "the woman", FEMININE, weight=120),
    third("les femmes", "the women", FEMININE_PLURAL, weight=120),
    third("les hommes", "the men", MASCULINE_PLURAL, weight=120),
)
PEOPLE = (*PRONOUNS, ON, *NAMES, *COUPLES, *RELATIVES, *OTHERS)
