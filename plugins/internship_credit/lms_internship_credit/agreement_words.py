"""What the print of an agreement says, in each language; words of its own for what such agreements commonly hold."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from lms_internship_credit.agreements import Agreement, Written
from lms_internship_credit.case import Description, Mentor
from lms_internship_credit.lifecycle import Role
from lms_internship_credit.policy import Part
from lms_internship_credit.telling import LANGUAGES, Language, Words, day

W: Mapping[str, Words] = {
    "title": {"en": "Learning agreement for an internship", "de": "Lernvereinbarung für ein Praktikum"},
    "short": {
        "en": "Learning agreement {version}: {student} at {host}",
        "de": "Lernvereinbarung {version}: {student} bei {host}",
    },
    "page": {
        "en": "Version {version} of the agreement of case {case} \u00b7 page {page} of {all}",
        "de": "Fassung {version} der Vereinbarung zum Fall {case} \u00b7 Seite {page} von {all}",
    },
    "unknown": {
        "en": "\u25af stands for a letter that the font of this print does not have; the attached file has it.",
        "de": "\u25af steht für ein Zeichen, das der Schrift dieses Drucks fehlt; die angehängte Datei enthält es.",
    },
    "cut": {
        "en": "[\u2026] stands for the rest of a text of very many lines; the attached file has it.",
        "de": "[\u2026] steht für den Rest eines Textes mit sehr vielen Zeilen; die angehängte Datei enthält ihn.",
    },
    "version": {"en": "Version {version}. ", "de": "Fassung {version}. "},
    "open": {"en": "It is yet to be signed by all three.", "de": "Noch haben nicht alle drei unterschrieben."},
    "due": {"en": " Please sign it by {day}.", "de": " Bitte unterschreiben Sie bis {day}."},
    "questions": {"en": "Questions: {all}", "de": "Fragen: {all}"},
    "holds": {"en": "All three have signed it.", "de": "Alle drei haben unterschrieben."},
    "given_up": {
        "en": "All three had signed it; it does not hold any more.",
        "de": "Alle drei hatten unterschrieben; sie gilt nicht mehr.",
    },
    "replaced": {
        "en": "All three had signed it; a later version replaces it.",
        "de": "Alle drei hatten unterschrieben; eine spätere Fassung ersetzt sie.",
    },
    "void": {
        "en": "It was never signed by all three and does not hold.",
        "de": "Nie haben alle drei unterschrieben; sie gilt nicht.",
    },
    "parties": {"en": "Who agrees", "de": "Wer vereinbart"},
    "a": {"en": "A. The internship at the host", "de": "A. Das Praktikum im Betrieb"},
    "b": {"en": "B. What the university recognises", "de": "B. Was die Hochschule anerkennt"},
    "c": {"en": "C. Pay and insurance", "de": "C. Vergütung und Versicherung"},
    "a2": {"en": "A2. What this version changes", "de": "A2. Was diese Fassung ändert"},
    "signatures": {"en": "Signatures", "de": "Unterschriften"},
    "d": {"en": "D. After the internship", "de": "D. Nach dem Praktikum"},
    "student": {"en": "Student", "de": "Studierende Person"},
    "host": {"en": "Host", "de": "Betrieb"},
    "supervisor": {"en": "Academic supervisor", "de": "Betreuung an der Hochschule"},
    "mentor": {"en": "Mentor at the host", "de": "Betreuung im Betrieb"},
    "office": {"en": "Internship office", "de": "Praktikumsamt"},
    "regulation": {"en": "Regulation, part", "de": "Ordnung, Teil"},
    "period": {"en": "From, to", "de": "Von, bis"},
    "weekly_hours": {"en": "Hours a week", "de": "Stunden je Woche"},
    "place": {"en": "Place", "de": "Ort"},
    "language": {"en": "Language", "de": "Sprache"},
    "tasks": {"en": "Tasks", "de": "Aufgaben"},
    "aims": {"en": "Aims: what is learnt", "de": "Ziele: was gelernt wird"},
    "monitoring": {"en": "How it is looked after", "de": "Wie begleitet wird"},
    "pay": {"en": "Allowance or pay", "de": "Zuschuss oder Vergütung"},
    "a_month": {"en": "{amount} EUR a month", "de": "{amount} EUR im Monat"},
    "insurance": {"en": "Liability and accidents", "de": "Haftpflicht und Unfälle"},
    "none": {"en": "none", "de": "keine"},
    "unsaid": {"en": "Nothing is said.", "de": "Keine Angabe."},
    "demanded": {
        "en": "The regulation {regulation} demands it. Once it is recognised, it brings {award}.",
        "de": "Die Ordnung {regulation} verlangt es. Ist es anerkannt, bringt es {award}.",
    },
    "demands": {
        "en": "The regulation demands it; it brings ECTS.",
        "de": "Die Ordnung verlangt es; es bringt ECTS.",
    },
    "voluntary": {
        "en": "It is voluntary during the study; the regulation does not demand it.",
        "de": "Es ist freiwillig während des Studiums; die Ordnung verlangt es nicht.",
    },
    "graduate": {"en": "It follows after graduation.", "de": "Es folgt nach dem Abschluss."},
    "by_hours": {
        "en": "1 ECTS for {hours} hours, in steps of {step}, {ects} ECTS at most",
        "de": "1 ECTS für {hours} Stunden, in Schritten von {step}, höchstens {ects} ECTS",
    },
    "least": {"en": "At least: {all}.", "de": "Mindestens: {all}."},
    "hours": {"en": "{n} hours", "de": "{n} Stunden"},
    "weeks": {"en": "{n} weeks", "de": "{n} Wochen"},
    "months": {"en": "{n} months", "de": "{n} Monate"},
    "beyond": {
        "en": "What goes beyond {n} weeks is voluntary.",
        "de": "Was über {n} Wochen hinausgeht, ist freiwillig.",
    },
    "not_signed": {
        "en": "Table B says what the regulation says today; it is no part of what is signed.",
        "de": "Tabelle B gibt die Ordnung von heute wieder; sie wird nicht mit unterschrieben.",
    },
    "before": {"en": "Version {version}, signed by all three", "de": "Fassung {version}, von allen unterschrieben"},
    "now": {"en": "This version, {version}", "de": "Diese Fassung, {version}"},
    "nothing_changed": {"en": "It changes nothing.", "de": "Sie ändert nichts."},
    "name": {"en": "Name", "de": "Name"},
    "as": {"en": "As", "de": "Als"},
    "when": {"en": "When (UTC)", "de": "Wann (UTC)"},
    "not_yet": {"en": "has not signed", "de": "hat nicht unterschrieben"},
    "digest": {"en": "SHA-256 of what is signed", "de": "SHA-256 des Unterschriebenen"},
    "check": {
        "en": "What is signed is the file {file}, which is attached to this print byte for byte. The command sha256sum "
        "says the same digest for it.",
        "de": "Unterschrieben wird die Datei {file}, die diesem Druck Byte für Byte angehängt ist. Der Befehl "
        "sha256sum nennt für sie dieselbe Prüfsumme.",
    },
    "first_day": {"en": "First day", "de": "Erster Tag"},
    "last_day": {"en": "Last day", "de": "Letzter Tag"},
    "worked": {"en": "Hours worked", "de": "Geleistete Stunden"},
    "absent_days": {"en": "Days of absence", "de": "Fehltage"},
    "certified_by": {"en": "Certified by", "de": "Bescheinigt von"},
    "knowledge": {"en": "Knowledge", "de": "Kenntnisse"},
    "quality": {"en": "Quality of work", "de": "Güte der Arbeit"},
    "initiative": {"en": "Initiative", "de": "Eigeninitiative"},
    "teamwork": {"en": "Teamwork", "de": "Zusammenarbeit"},
    "reliability": {"en": "Reliability", "de": "Zuverlässigkeit"},
    "points": {"en": "{n} of 5", "de": "{n} von 5"},
    "in_words": {"en": "In words", "de": "In Worten"},
    "evaluated_by": {"en": "Evaluated by", "de": "Beurteilt von"},
    "evaluation": {"en": "Evaluation by the mentor", "de": "Beurteilung durch den Betrieb"},
    "awaited": {"en": "It is awaited.", "de": "Sie steht noch aus."},
}  # fmt: skip

ROLES: tuple[Role, ...] = ("student", "host", "mentor", "supervisor", "office")
"""Who may stand in an agreement, as signing, certifying or judging; each is a word of `W`."""

POINTS = ("knowledge", "quality", "initiative", "teamwork", "reliability")

Rows = list[tuple[str, str]]
"""Lines of a table: what it is about, and what is said of it."""

_MOMENT: Words = {"en": "%Y-%m-%d %H:%M:%S", "de": "%d.%m.%Y %H:%M:%S"}


def language_of(header: str) -> Language:
    """Return which language a reader likes best by her Accept-Language; English if none of ours."""
    liked: dict[Language, float] = {}
    for one in header.lower().replace(" ", "").split(","):
        tag, _, weight = one.partition(";q=")
        for language in LANGUAGES:
            if tag.partition("-")[0] == language:
                liked[language] = max(_weight(weight), liked.get(language, 0))
    return max((one for one in liked if liked[one] > 0), key=lambda one: liked[one], default="en")


def _weight(text: str) -> float:
    try:
        return float(text or 1)
    except ValueError:
        return 0


def moment(value: datetime, language: Language) -> str:
    """Write a moment, to the second, as it is kept: in UTC."""
    return value.strftime(_MOMENT[language])


def number(value: Decimal | int, language: Language, places: int | None = None) -> str:
    """Write a number; without zeros at its end unless the places are given."""
    text = f"{value:,.{places}f}" if places is not None else f"{Decimal(value).normalize():,f}"
    return text if language == "en" else text.translate(str.maketrans(",.", ".,"))


def parties(one: Written, language: Language) -> Rows:
    """Say who agrees, under which regulation."""
    host, supervisor, site = one.host, one.supervisor, one.host.site
    firm = f"{host.name}, {host.place}, {host.country}"
    at = ", ".join(filter(None, (site.name, site.street, site.place, site.country))) if site else ""
    return [
        (W["student"][language], f"{one.student.name}, {one.student.email}"),
        (W["host"][language], f"{firm}; {at}" if at else firm),
        (W["supervisor"][language], f"{supervisor.name}, {supervisor.email}" if supervisor else "\u2013"),
        (W["regulation"][language], f"{one.regulation}, {one.part}"),
    ]


def programme(what: Description, mentor: Mentor | None, language: Language) -> Rows:
    """Say what is done at the host."""
    unsaid = W["unsaid"][language]
    return [
        (W["period"][language], f"{day(what.first_day, language)} \u2013 {day(what.last_day, language)}"),
        (W["weekly_hours"][language], number(what.weekly_hours, language)),
        (W["place"][language], what.place),
        (W["language"][language], what.language or unsaid),
        (W["tasks"][language], what.tasks),
        (W["aims"][language], what.aims),
        (W["monitoring"][language], what.monitoring or unsaid),
        (W["mentor"][language], f"{mentor.name}, {mentor.position}, {mentor.email}" if mentor else unsaid),
    ]


def means(what: Description, language: Language) -> Rows:
    """Say what the host pays, and what insures whom."""
    pay = W["none"][language]
    if what.pay_cents:
        amount = number(Decimal(what.pay_cents) / 100, language, 2)
        pay = W["a_month"][language].format(amount=amount)
    return [
        (W["pay"][language], pay),
        (W["insurance"][language], what.insurance or W["unsaid"][language]),
    ]


def boxes(part: Part | None, regulation: str, language: Language) -> Rows:
    """Say how it is recognised: of three boxes the one that follows from the regulation, ticked.

    Whoever has graduated has no case here, so the last box is never that one.
    """
    demanded = _demanded(part, regulation, language) if part else W["demands"][language]
    texts = (demanded, W["voluntary"][language], W["graduate"][language])
    ticked = 0 if part else 1
    return [("[X]" if place == ticked else "[  ]", text) for place, text in enumerate(texts)]


def _demanded(part: Part, regulation: str, language: Language) -> str:
    ects = number(part.ects, language)
    award = f"{ects} ECTS"
    if part.hours_per_ects:
        hours, step = number(part.hours_per_ects, language), number(part.step, language)
        award = W["by_hours"][language].format(hours=hours, step=step, ects=ects)
    told = [f"{part.title}: {W['demanded'][language].format(regulation=regulation, award=award)}"]
    least = (("hours", part.hours), ("weeks", part.weeks), ("months", part.months))
    if known := [W[name][language].format(n=number(n, language)) for name, n in least if n]:
        told.append(W["least"][language].format(all=", ".join(known)))
    if part.most_weeks:
        told.append(W["beyond"][language].format(n=part.most_weeks))
    return " ".join(told)


def changes(before: Written, after: Written, language: Language) -> list[tuple[str, str, str]]:
    """Say what is another than before, side by side."""
    old, new = (
        [*parties(one, language), *programme(one.agreed, one.mentor, language), *means(one.agreed, language)]
        for one in (before, after)
    )
    return differences(old, new)


def differences(old: Rows, new: Rows) -> list[tuple[str, str, str]]:
    """Return the lines that say something else than before: what each is about, what was said, what is said now."""
    return [(label, was, now) for (label, was), (_, now) in zip(old, new, strict=True) if was != now]


def afterwards(found: Agreement, language: Language) -> Rows:
    """Say what was certified after the end and how it was judged; nothing before that."""
    if not found.certified:
        return []
    served, by, judged = found.certified, found.certified_by, found.evaluation
    rows = [
        (W["first_day"][language], day(served.first_day, language)),
        (W["last_day"][language], day(served.last_day, language)),
        (W["worked"][language], number(served.hours, language)),
        (W["absent_days"][language], str(served.absent_days)),
    ]
    if by:
        rows.append((W["certified_by"][language], who(by.name, by.role, by.at, language)))
    if not judged:
        return [*rows, (W["evaluation"][language], W["awaited"][language])]
    rows += [(W[name][language], W["points"][language].format(n=getattr(judged, name))) for name in POINTS]
    if judged.words:
        rows.append((W["in_words"][language], judged.words))
    if by := found.evaluated_by:
        rows.append((W["evaluated_by"][language], who(by.name, by.role, by.at, language)))
    return rows


def who(name: str, role: Role, at: datetime, language: Language) -> str:
    """Say who did something, as what, when."""
    return f"{name} ({W[role][language]}), {moment(at, language)} UTC"
