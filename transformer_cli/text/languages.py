"""Language codes: ISO 639 in two or three letters, with or without a script and a region, as BCP 47 spells them."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

# The code of ISO 639-1, then the other codes of the same language: those of ISO 639-2 and 639-3, withdrawn ones, and
# the main language of a group where data sets name the group by it, as FLORES has "arb" for Arabic.
_CODES = """
aa aar, ab abk, ae ave, af afr, ak aka, am amh, an arg, ar ara arb, as asm, av ava, ay aym, az aze azj, ba bak, be bel,
bg bul, bi bis, bm bam, bn ben, bo bod tib, br bre, bs bos, ca cat, ce che, ch cha, co cos, cr cre, cs ces cze, cu chu,
cv chv, cy cym wel, da dan, de deu ger, dv div, dz dzo, ee ewe, el ell gre, en eng, eo epo, es spa, et est ekk,
eu eus baq, fa fas per pes, ff ful, fi fin, fj fij, fo fao, fr fra fre, fy fry, ga gle, gd gla, gl glg, gn grn, gu guj,
gv glv, ha hau, he heb iw, hi hin, ho hmo, hr hrv scr, ht hat, hu hun, hy hye arm, hz her, ia ina, id ind in, ie ile,
ig ibo, ii iii, ik ipk, io ido, is isl ice, it ita, iu iku, ja jpn, jv jav jw, ka kat geo, kg kon, ki kik, kj kua,
kk kaz, kl kal, km khm, kn kan, ko kor, kr kau, ks kas, ku kur kmr, kv kom, kw cor, ky kir, la lat, lb ltz, lg lug,
li lim, ln lin, lo lao, lt lit, lu lub, lv lav lvs, mg mlg plt, mh mah, mi mri mao, mk mkd mac, ml mal, mn mon khk,
mr mar, ms msa may zsm, mt mlt, my mya bur, na nau, nb nob, nd nde, ne nep npi, ng ndo, nl nld dut, nn nno, no nor,
nr nbl, nv nav, ny nya, oc oci, oj oji, om orm gaz, or ori ory, os oss, pa pan, pi pli, pl pol, ps pus pbt pbu, pt por,
qu que, rm roh, rn run, ro ron rum mo mol, ru rus, rw kin, sa san, sc srd, sd snd, se sme, sg sag, si sin, sk slk slo,
sl slv, sm smo, sn sna, so som, sq sqi alb als, sr srp scc, ss ssw, st sot, su sun, sv swe, sw swa swh, ta tam, te tel,
tg tgk, th tha, ti tir, tk tuk, tl tgl fil, tn tsn, to ton, tr tur, ts tso, tt tat, tw twi, ty tah, ug uig, uk ukr,
ur urd, uz uzb uzn, ve ven, vi vie, vo vol, wa wln, wo wol, xh xho, yi yid ji ydd, yo yor, za zha, zh zho chi cmn,
zu zul
"""
_SHORT = {code: group.split()[0] for group in _CODES.split(",") for code in group.split()}
_SCRIPT = re.compile("[a-z]{4}")
_REGION = re.compile("[a-z]{2}|[0-9]{3}")
_TAG = re.compile(rf"[a-z]{{2,3}}(?:-{_SCRIPT.pattern})?(?:-(?:{_REGION.pattern}))?")
# For Chinese, people often write the region instead of the script.
_CHINESE_SCRIPTS = {"cn": "hans", "sg": "hans", "hk": "hant", "mo": "hant", "tw": "hant"}


class Language(NamedTuple):
    """The parts of a language code, in lower case; an empty part is unspecified.

    Attributes:
        name: The two-letter code if the language has one, else the original code.
        script: Four letters.
        region: Two letters or three digits.
    """

    name: str
    script: str = ""
    region: str = ""


def plain_code(code: str) -> str:
    """Return a code in lower case, with ``-`` for ``_``."""
    return code.strip().lower().replace("_", "-")


@lru_cache(maxsize=1024)
def parse_language(code: str) -> Language:
    """Split a language code: ``fra_Latn`` and ``fr-Latn`` give the same parts. Any other text is its own name."""
    name, *subtags = plain_code(code).split("-")
    script = next((subtag for subtag in subtags if _SCRIPT.fullmatch(subtag)), "")
    region = next((subtag for subtag in subtags if _REGION.fullmatch(subtag)), "")
    name = _SHORT.get(name, name)
    if name == "zh" and not script:
        script = _CHINESE_SCRIPTS.get(region, "")
    return Language(name, script, region)


def language_name(code: str) -> str:
    """Return the two-letter code of a language (the longer one if it has none): ``fr`` for ``fra``, ``fr-CA`` ..."""
    return parse_language(code).name


def short_code(code: str) -> str:
    """Return a code with the two-letter name of its language, as BCP 47 writes it: ``fr``, ``zh-Hans``, ``pt-BR``."""
    name, script, region = parse_language(code)
    return "-".join(part for part in (name, script.title(), region.upper()) if part)


def same_language(one: str, other: str) -> bool:
    """Return whether two codes are equal, except for a script or a region that one of them leaves out."""
    pairs = zip(parse_language(one), parse_language(other), strict=True)
    return all(part == other_part or not part or not other_part for part, other_part in pairs)


def is_one_language(one: str, other: str) -> bool:
    """Return whether two codes name the same language in the same script and region: ``fr`` and ``fra``."""
    return is_known_language(one) and is_language_code(other) and parse_language(one) == parse_language(other)


def is_language_code(text: str) -> bool:
    """Return whether a text has the form of a language code: ``fr``, ``fra_Latn``, ``pt-BR``; but not ``en-tête``."""
    return _TAG.fullmatch(plain_code(text)) is not None


def is_known_language(text: str) -> bool:
    """Return whether a text is the code of a language that this module lists, with or without a script and a region."""
    return is_language_code(text) and plain_code(text).split("-")[0] in _SHORT
