"""Plural forms: how many a language has, and which of them the singular and the plural of a source stand for."""

from __future__ import annotations

import gettext
import re
from collections.abc import Callable
from dataclasses import dataclass

from transformer_cli.text.languages import parse_language

_ONE_OTHER = "nplurals=2; plural=(n != 1);"
_SLAVIC = "n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2"
# The rules of gettext's own table (msginit).
_RULES = {
    "nplurals=1; plural=0;": "ja ko vi zh th lo my id ms km bo dz jv su tt ug",
    "nplurals=2; plural=(n > 1);": "fr pt-br oc wa tr fil mg ak ln ti ha",
    f"nplurals=3; plural=({_SLAVIC});": "ru uk be sr hr bs",
    "nplurals=3; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2);": "pl",
    "nplurals=3; plural=(n==1) ? 0 : (n>=2 && n<=4) ? 1 : 2;": "cs sk",
    "nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : n%10>=2 && (n%100<10 || n%100>=20) ? 1 : 2);": "lt",
    "nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : n != 0 ? 1 : 2);": "lv",
    "nplurals=3; plural=n==1 ? 0 : (n==0 || ((n%100 > 0) && (n%100 < 20))) ? 1 : 2;": "ro",
    "nplurals=4; plural=(n%100==1 ? 0 : n%100==2 ? 1 : n%100==3 || n%100==4 ? 2 : 3);": "sl",
    "nplurals=5; plural=n==1 ? 0 : n==2 ? 1 : n<7 ? 2 : n<11 ? 3 : 4;": "ga",
    "nplurals=6; plural=n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5;": "ar",
    "nplurals=4; plural=(n==1) ? 0 : (n==2) ? 1 : (n != 8 && n != 11) ? 2 : 3;": "cy",
    "nplurals=2; plural=(n%10!=1 || n%100==11);": "is mk",
}
_BY_LANGUAGE = {language: rule for rule, languages in _RULES.items() for language in languages.split()}
_HEADER = re.compile(r"\s*nplurals\s*=\s*(\d+)\s*;\s*plural\s*=\s*([^;]+);?\s*")
_MOST_FORMS = 10
_NUMBERS = range(1, 1000)


@dataclass(frozen=True, slots=True)
class PluralRule:
    """The plural forms of a language.

    Args:
        count: Number of forms.
        form: Function that returns the form for a number.
    """

    count: int
    form: Callable[[int], int]

    def is_singular(self, form: int) -> bool:
        """Return whether a form stands for one thing; in a language of one form, that form stands for several."""
        return self.count > 1 and self.form(1) == form

    def is_only_for_one(self, form: int) -> bool:
        """Return whether a form is used for a single number, so that its text need not have the number."""
        return sum(self.form(number) == form for number in _NUMBERS) == 1


def rule_of_language(language: str) -> str:
    """Return the value of ``Plural-Forms`` for a language; where none is known, that of English."""
    name, _, region = parse_language(language)
    return _BY_LANGUAGE.get(f"{name}-{region}") or _BY_LANGUAGE.get(name, _ONE_OTHER)


def parse_rule(text: str) -> PluralRule | None:
    """Return the rule in a value of ``Plural-Forms``, or None if it is none."""
    match = _HEADER.fullmatch(text)
    if not match or not 1 <= int(match[1]) <= _MOST_FORMS:
        return None
    try:
        form = gettext.c2py(match[2])
        if all(0 <= form(number) < int(match[1]) for number in range(200)):
            return PluralRule(int(match[1]), form)
    except (ValueError, ZeroDivisionError, RecursionError):
        return None
    return None
