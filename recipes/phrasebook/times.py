"""Clock times, timetables, opening hours, days and the weather."""

from __future__ import annotations

from collections.abc import Iterator

from recipes.phrasebook import english, french
from recipes.phrasebook.grammar import (
    Adverb,
    Form,
    Modal,
    Predicate,
    Question,
    Sentence,
    Tense,
    Trait,
)
from recipes.phrasebook.people import predicate
from recipes.phrasebook.sampling import Draw
from recipes.phrasebook.sentences import Variant, combine
from recipes.phrasebook.subjects import FEMININE, MASCULINE, PEOPLE, third
from recipes.phrasebook.verbs import BE, ENGLISH, ETRE, FRENCH

_HOURS = (
    ("une heure", "one"),
    ("deux heures", "two"),
    ("trois heures", "three"),
    ("quatre heures", "four"),
    ("cinq heures", "five"),
    ("six heures", "six"),
    ("sept heures", "seven"),
    ("huit heures", "eight"),
    ("neuf heures", "nine"),
    ("dix heures", "ten"),
    ("onze heures", "eleven"),
    ("midi", "noon"),
    ("minuit", "midnight"),
)
_MINUTES = (
    ("et quart", "quarter past"),
    ("et demie", "half past"),
    ("moins le quart", "quarter to"),
    ("cinq", "five past"),
    ("dix", "ten past"),
    ("vingt", "twenty past"),
    ("moins cinq", "five to"),
    ("moins dix", "ten to"),
    ("moins vingt", "twenty to"),
)
_DAYS = (
    ("lundi", "Monday"),
    ("mardi", "Tuesday"),
    ("mercredi", "Wednesday"),
    ("jeudi", "Thursday"),
    ("vendredi", "Friday"),
    ("samedi", "Saturday"),
    ("dimanche", "Sunday"),
)
_SEASONS = (
    ("en été", "in summer", "hot nice rain"),
    ("en hiver", "in winter", "cold bad snow rain"),
    ("en automne", "in autumn", "cold bad nice rain"),
    ("au printemps", "in spring", "hot nice cold rain"),
)
_PLACES = (
    ("ici", "here"),
    ("à Paris", "in Paris"),
    ("à Londres", "in London"),
    ("en France", "in France"),
    ("en Italie", "in Italy"),
    ("en Espagne", "in Spain"),
)
_FREQUENCIES = (Adverb("souvent", "often", middle=True, habitual=True),)
_IT = third("il", "it", MASCULINE)
_WEATHER = third("il", "the weather", MASCULINE)
_TIMETABLE = (
    Variant("present", Form(), Trait.PRESENT, 600),
    Variant("present, not", Form(negation="pas"), Trait.PRESENT, 200),
    Variant("present?", Form(question=Question.EST_CE_QUE), Trait.PRESENT, 200),
    Variant("past", Form(tense=Tense.PAST), Trait.PAST, 200),
    Variant("going", Form(modal=Modal.GOING), Trait.DYNAMIC, 150),
)
_SKY = (
    Variant("present", Form(), Trait.PRESENT, 1000),
    Variant("present, not", Form(negation="pas"), Trait.PRESENT, 600),
    Variant("present?", Form(question=Question.EST_CE_QUE), Trait.PRESENT, 600),
    Variant("inverted?", Form(question=Question.INVERSION), Trait.PRESENT, 400),
    Variant("past", Form(tense=Tense.PAST), Trait.PAST, 900),
    Variant("past, not", Form(tense=Tense.PAST, negation="pas"), Trait.PAST, 400),
    Variant("going", Form(modal=Modal.GOING), Trait.DYNAMIC, 700),
    Variant("going?", Form(modal=Modal.GOING, question=Question.EST_CE_QUE), Trait.DYNAMIC, 400),
    Variant("often", Form(adverb=_FREQUENCIES[0]), Trait.PRESENT | Trait.HABIT, 800),
    Variant("often?", Form(adverb=_FREQUENCIES[0], question=Question.EST_CE_QUE), Trait.HABIT, 400),
)


def clock_times() -> Iterator[tuple[str, str]]:
    """Every time that the phrasebook names: ("huit heures et demie", "half past eight")."""
    for hour, name in _HOURS:
        is_twelve = name in {"noon", "midnight"}
        yield hour, name if is_twelve else f"{name} o'clock"
        if is_twelve:
            continue
        for minutes, relation in _MINUTES:
            yield f"{hour} {minutes}", f"{relation} {name}"


_CLOCK = tuple(clock_times())
_ROUND = tuple(time for time in _CLOCK if "et demie" in time[0] or time[0] in dict(_HOURS))


def _clock(draw: Draw) -> Iterator[Sentence]:
    frames = (
        ("il est {}", "it is {}", False, 1000),
        ("il est déjà {}", "it is already {}", False, 500),
        ("il était {}", "it was {}", False, 400),
        ("il est presque {}", "it is almost {}", False, 500),
        ("est-ce qu'il est {}", "is it {}", True, 400),
    )
    for time, time_english in _CLOCK:
        for frame, frame_english, is_question, share in frames:
            if draw(f"{frame}/{time}") < share:
                yield Sentence(
                    french.finish(frame.format(time), is_question=is_question),
                    english.finish(frame_english.format(time_english), is_question=is_question),
                    f"clock: {frame}",
                    (f"clock / {time_english}",),
                )


def _timetables(draw: Draw) -> Iterator[Sentence]:
    travel = Trait.PRESENT | Trait.PAST | Trait.DYNAMIC
    vehicles = (
        third("le train", "the train", MASCULINE),
        third("le train pour Paris", "the train to Paris", MASCULINE),
        third("le bus", "the bus", MASCULINE),
        third("l'avion", "the plane", MASCULINE),
    )
    shows = (third("le film", "the film", MASCULINE), third("le match", "the match", MASCULINE))
    shops = (
        third("le magasin", "the shop", MASCULINE),
        third("la banque", "the bank", FEMININE),
        third("le musée", "the museum", MASCULINE),
    )
    for subjects, verbs, traits, scale in (
        (vehicles, (("partir", "leave"), ("arriver", "arrive")), travel, 0.5),
        (shows, (("commencer", "begin"),), Trait.PRESENT | Trait.PAST | Trait.DYNAMIC, 0.6),
        (shops, (("ouvrir", "open"), ("fermer", "close")), Trait.PRESENT, 0.5),
    ):
        for verb, verb_english in verbs:
            for clock, share in ((_ROUND, scale), (_CLOCK, scale * 0.4)):
                said = _at(clock, verb, verb_english, traits)
                yield from combine("timetable", subjects, said, draw, variants=_TIMETABLE, scale=share)


def _at(
    times: tuple[tuple[str, str], ...],
    verb: str,
    verb_english: str,
    traits: Trait,
    extra: tuple[str, str] = ("", ""),
) -> tuple[Predicate, ...]:
    return tuple(
        predicate(
            FRENCH[verb],
            f"{extra[0]}à {time}",
            ENGLISH[verb_english],
            f"{extra[1]}at {time_english}",
            traits,
        )
        for time, time_english in times
    )


def _routines(draw: Draw) -> Iterator[Sentence]:
    habit = Trait.PRESENT | Trait.PAST | Trait.DYNAMIC
    move = habit | Trait.PROGRESSIVE
    morning, evening = "five six seven eight nine ten", "eight nine ten eleven midnight"
    for verb, verb_english, extra, traits, hours in (
        ("lever", "get up", ("", ""), habit, morning),
        ("coucher", "go", ("", "to bed "), habit, evening),
        ("manger", "eat", ("", ""), habit, "noon one seven eight"),
        ("partir", "leave", ("", ""), move, f"{morning} noon two four"),
        ("arriver", "arrive", ("", ""), move, f"{evening} noon three five"),
    ):
        times = tuple(time for time in _ROUND if time[1].removeprefix("half past ").split()[0] in hours.split())
        said = _at(times, verb, verb_english, traits, extra)
        yield from combine("routine", PEOPLE, said, draw, variants=_TIMETABLE, scale=0.11)


def _opening_days(draw: Draw) -> Iterator[Sentence]:
    shops = (
        third("le magasin", "the shop", MASCULINE),
        third("la banque", "the bank", FEMININE),
        third("le musée", "the museum", MASCULINE),
        third("la pharmacie", "the pharmacy", FEMININE),
        third("le restaurant", "the restaurant", MASCULINE),
        third("l'école", "the school", FEMININE),
    )
    for state, feminine, state_english in (
        ("ouvert", "ouverte", "open"),
        ("fermé", "fermée", "closed"),
    ):
        for day, day_english in (*_DAYS, ("", "")):
            when = f" le {day}" if day else ""
            words = f"{state_english} on {day_english}s" if day else state_english
            forms = (state + when, feminine + when, state, feminine)
            said = Predicate(f"be {words}", ETRE, forms, BE, (words,) * 4, Trait.PRESENT)
            yield from combine("opening", shops, (said,), draw, variants=_SKY)


def _days() -> Iterator[Sentence]:
    for day, day_english in _DAYS:
        for frame, frame_english, is_question in (
            ("aujourd'hui, c'est {}", "today is {}", False),
            ("demain, c'est {}", "tomorrow is {}", False),
            ("hier, c'était {}", "yesterday was {}", False),
            ("est-ce que c'est {} aujourd'hui", "is it {} today", True),
        ):
            yield Sentence(
                french.finish(frame.format(day), is_question=is_question),
                english.finish(frame_english.format(day_english), is_question=is_question),
                f"day: {frame}",
                (f"{frame_english} / {day}",),
            )


def _weather(draw: Draw) -> Iterator[Sentence]:
    dated = Trait.PRESENT | Trait.PAST | Trait.DYNAMIC
    times: tuple[tuple[str, str, Trait], ...] = (
        ("", "", dated),
        ("aujourd'hui", "today", Trait.PRESENT),
        ("hier", "yesterday", Trait.PAST),
        ("demain", "tomorrow", Trait.DYNAMIC),
        ("ce soir", "tonight", Trait.DYNAMIC),
        ("ce matin", "this morning", Trait.PAST),
        *((place, there, dated | Trait.HABIT) for place, there in _PLACES),
    )
    for when, when_english, traits in times:
        for verb, sky, verb_english, sky_english in (
            ("faire", "froid", "be", "cold"),
            ("faire", "chaud", "be", "hot"),
            ("pleuvoir", "", "rain", ""),
            ("neiger", "", "snow", ""),
            ("faire", "beau", "be", "nice"),
            ("faire", "mauvais", "be", "bad"),
        ):
            subject = _WEATHER if sky in {"beau", "mauvais"} else _IT
            aspect = Trait.NONE if sky else Trait.PROGRESSIVE
            said = predicate(
                FRENCH[verb],
                f"{sky} {when}".strip(),
                ENGLISH[verb_english],
                f"{sky_english} {when_english}".strip(),
                traits | aspect,
            )
            yield from combine("weather", (subject,), (said,), draw, variants=_SKY)
            if when == "ici":
                yield from _seasons(draw, verb, sky, verb_english, sky_english)


def _seasons(draw: Draw, verb: str, sky: str, verb_english: str, sky_english: str) -> Iterator[Sentence]:
    subject = _WEATHER if sky in {"beau", "mauvais"} else _IT
    for season, season_english, skies in _SEASONS:
        if (sky_english or verb_english) not in skies.split():
            continue
        said = predicate(
            FRENCH[verb],
            f"{sky} {season}".strip(),
            ENGLISH[verb_english],
            f"{sky_english} {season_english}".strip(),
            Trait.PRESENT | Trait.HABIT,
        )
        variants = tuple(variant for variant in _SKY if not variant.form.negation)
        yield from combine("season", (subject,), (said,), draw, variants=variants, scale=1.5)


def sentences_about_times(draw: Draw) -> Iterator[Sentence]:
    """The clock, timetables, routines, opening days, days of the week and the weather."""
    yield from _clock(draw)
    yield from _timetables(draw)
    yield from _routines(draw)
    yield from _opening_days(draw)
    yield from _days()
    yield from _weather(draw)
