"""The verbs of the phrasebook in both languages."""

from __future__ import annotations

from recipes.phrasebook.grammar import EnglishVerb, FrenchVerb


def _verb(
    infinitive: str,
    present: str,
    participle: str,
    *,
    future_stem: str = "",
    imperfect_stem: str = "",
    with_etre: bool = False,
    reflexive: bool = False,
) -> FrenchVerb:
    """A verb whose six present forms are written out."""
    forms = tuple(present.split())
    return FrenchVerb(infinitive, forms, participle, future_stem, imperfect_stem, with_etre, reflexive)


def _er(
    infinitive: str,
    *,
    strong_stem: str = "",
    future_stem: str = "",
    with_etre: bool = False,
    reflexive: bool = False,
) -> FrenchVerb:
    """A regular verb in -er; ``strong_stem`` is the stem before a silent ending ("achète")."""
    stem = infinitive[:-2]
    strong = strong_stem or stem
    soft = stem + "e" if stem.endswith("g") else stem
    present = (f"{strong}e", f"{strong}es", f"{strong}e", f"{soft}ons", f"{stem}ez", f"{strong}ent")
    return FrenchVerb(infinitive, present, f"{stem}é", future_stem, "", with_etre, reflexive)


FRENCH = {
    verb.infinitive: verb
    for verb in (
        _verb(
            "être",
            "suis es est sommes êtes sont",
            "été",
            future_stem="ser",
            imperfect_stem="ét",
        ),
        _verb("avoir", "ai as a avons avez ont", "eu", imperfect_stem="av"),
        _verb("aller", "vais vas va allons allez vont", "allé", future_stem="ir", with_etre=True),
        _verb("vouloir", "veux veux veut voulons voulez veulent", "voulu"),
        _verb("pouvoir", "peux peux peut pouvons pouvez peuvent", "pu"),
        _verb("devoir", "dois dois doit devons devez doivent", "dû"),
        _er("manger"),
        _verb("boire", "bois bois boit buvons buvez boivent", "bu"),
        _er("acheter", strong_stem="achèt"),
        _er("préparer"),
        _verb("lire", "lis lis lit lisons lisez lisent", "lu"),
        _verb("écrire", "écris écris écrit écrivons écrivez écrivent", "écrit"),
        _er("regarder"),
        _er("écouter"),
        _er("parler"),
        _verb("apprendre", "apprends apprends apprend apprenons apprenez apprennent", "appris"),
        _verb("comprendre", "comprends comprends comprend comprenons comprenez comprennent", "compris"),
        _verb("prendre", "prends prends prend prenons prenez prennent", "pris"),
        _er("aimer"),
        _er("aider"),
        _er("chercher"),
        _verb("attendre", "attends attends attend attendons attendez attendent", "attendu"),
        _verb("connaître", "connais connais connaît connaissons connaissez connaissent", "connu"),
        _verb("faire", "fais fais fait faisons faites font", "fait"),
        _er("fermer"),
        _er("habiter"),
        _er("travailler"),
        _verb("dormir", "dors dors dort dormons dormez dorment", "dormi"),
        _er("chanter"),
        _er("jouer"),
        _verb("venir", "viens viens vient venons venez viennent", "venu", with_etre=True),
        _verb(
            "partir",
            "pars pars part partons partez partent",
            "parti",
            future_stem="partir",
            with_etre=True,
        ),
        _er("arriver", with_etre=True),
        _er("rester", future_stem="rester", with_etre=True),
        _er("lever", strong_stem="lèv", with_etre=True, reflexive=True),
        _er("coucher", with_etre=True, reflexive=True),
        _er("appeler", strong_stem="appell", reflexive=True),
        _verb("savoir", "sais sais sait savons savez savent", "su"),
        # Used in the third person only.
        _verb("coûter", "- - coûte - - coûtent", "coûté"),
        _verb("commencer", "- - commence - - commencent", "commencé"),
        _verb("ouvrir", "- - ouvre - - ouvrent", "ouvert"),
        _verb("pleuvoir", "- - pleut - - -", "plu"),
        _verb("neiger", "- - neige - - -", "neigé"),
        # Used in the past only, or in the past and as an infinitive.
        FrenchVerb("naître", (), "né", with_etre=True),
        FrenchVerb("perdre", (), "perdu"),
        FrenchVerb("trouver", (), "trouvé"),
        FrenchVerb("oublier", (), "oublié"),
        FrenchVerb("voir", (), "vu"),
        FrenchVerb("visiter", (), "visité"),
        FrenchVerb("nager", (), "nagé"),
    )
}
ENGLISH = {
    f"{verb.base} {verb.particle}".strip(): verb
    for verb in (
        EnglishVerb("be", "was", "being"),
        EnglishVerb("have", "had", "having"),
        EnglishVerb("go", "went", "going"),
        EnglishVerb("want", "wanted", "wanting"),
        EnglishVerb("need", "needed", "needing"),
        EnglishVerb("eat", "ate", "eating"),
        EnglishVerb("drink", "drank", "drinking"),
        EnglishVerb("buy", "bought", "buying"),
        EnglishVerb("make", "made", "making"),
        EnglishVerb("read", "read", "reading"),
        EnglishVerb("write", "wrote", "writing"),
        EnglishVerb("watch", "watched", "watching"),
        EnglishVerb("listen", "listened", "listening", "to"),
        EnglishVerb("speak", "spoke", "speaking"),
        EnglishVerb("talk", "talked", "talking"),
        EnglishVerb("learn", "learned", "learning"),
        EnglishVerb("understand", "understood", "understanding"),
        EnglishVerb("take", "took", "taking"),
        EnglishVerb("like", "liked", "liking"),
        EnglishVerb("love", "loved", "loving"),
        EnglishVerb("help", "helped", "helping"),
        EnglishVerb("look", "looked", "looking", "for"),
        EnglishVerb("wait", "waited", "waiting", "for"),
        EnglishVerb("know", "knew", "knowing"),
        EnglishVerb("do", "did", "doing"),
        EnglishVerb("open", "opened", "opening"),
        EnglishVerb("close", "closed", "closing"),
        EnglishVerb("live", "lived", "living"),
        EnglishVerb("work", "worked", "working"),
        EnglishVerb("sleep", "slept", "sleeping"),
        EnglishVerb("sing", "sang", "singing"),
        EnglishVerb("play", "played", "playing"),
        EnglishVerb("come", "came", "coming"),
        EnglishVerb("leave", "left", "leaving"),
        EnglishVerb("arrive", "arrived", "arriving"),
        EnglishVerb("stay", "stayed", "staying"),
        EnglishVerb("get", "got", "getting", "up"),
        EnglishVerb("cost", "cost", "costing"),
        EnglishVerb("begin", "began", "beginning"),
        EnglishVerb("rain", "rained", "raining"),
        EnglishVerb("snow", "snowed", "snowing"),
        EnglishVerb("lose", "lost", "losing"),
        EnglishVerb("find", "found", "finding"),
        EnglishVerb("forget", "forgot", "forgetting"),
        EnglishVerb("see", "saw", "seeing"),
        EnglishVerb("visit", "visited", "visiting"),
        EnglishVerb("swim", "swam", "swimming"),
    )
}

ETRE, AVOIR = FRENCH["être"], FRENCH["avoir"]
BE, HAVE, NEED, WANT = (ENGLISH[name] for name in ("be", "have", "need", "want"))
