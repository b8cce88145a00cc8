"""Who is written to when a case has moved, and when somebody is awaited for long; hosts and mentors get a link."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Literal

from lms_core.api import AsyncConnection, Context, Invitation, Recipient, mail_guest, send_mail
from lms_internship_credit.case import Case
from lms_internship_credit.hosts import Contact
from lms_internship_credit.letterhead import Letterhead, deadline
from lms_internship_credit.lifecycle import PARTIES, Role, State

Language = Literal["de", "en"]
Words = Mapping[Language, str]

LANGUAGES: tuple[Language, ...] = ("de", "en")
PLACE = "{link}"

NEXT: dict[State, tuple[Role, ...]] = {
    "proposed": ("host",),
    "returned": ("student",),
    "host_confirmed": ("supervisor",),
    "approved": PARTIES,
    "cleared": ("student",),
    "running": ("student",),
    "amendment_pending": PARTIES,
    "host_cancelled": ("student", "supervisor"),
    "ended": ("student", "host"),
    "certified": ("student", "mentor"),
    "rework": ("student",),
    "report_submitted": ("supervisor",),
    "lapsed": ("student", "supervisor"),
    "recognised": ("student",),
    "partial": ("student",),
    "rejected": ("student",),
    "booked": ("student",),
}
"""Who is told that a case has come to a state: those who can go on, and the student of what was decided."""

STATES: dict[State, Words] = {
    "proposed": {
        "en": "is proposed: please confirm it and name a mentor",
        "de": "ist vorgeschlagen: bitte bestätigen Sie es und nennen Sie eine Betreuung",
    },
    "returned": {
        "en": "came back to you",
        "de": "kam an Sie zurück",
    },
    "host_confirmed": {
        "en": "is confirmed by the host and waits for your approval",
        "de": "ist vom Betrieb bestätigt und wartet auf Ihre Zustimmung",
    },
    "approved": {
        "en": "is approved: please sign the agreement",
        "de": "ist genehmigt: bitte unterschreiben Sie die Vereinbarung",
    },
    "cleared": {
        "en": "can begin on its first day",
        "de": "kann am ersten Tag beginnen",
    },
    "running": {
        "en": "is under way",
        "de": "läuft",
    },
    "amendment_pending": {
        "en": "shall be changed: please sign the change or refuse it",
        "de": "soll geändert werden: bitte unterschreiben Sie die Änderung oder lehnen Sie sie ab",
    },
    "host_cancelled": {
        "en": "was cancelled by the host",
        "de": "wurde vom Betrieb abgesagt",
    },
    "ended": {
        "en": "has ended: days and hours are to be certified by the host",
        "de": "ist zu Ende: der Betrieb bescheinigt nun Tage und Stunden",
    },
    "certified": {
        "en": "is certified: the report and the mentor's evaluation are awaited",
        "de": "ist bescheinigt: Bericht und Beurteilung werden erwartet",
    },
    "rework": {
        "en": "needs a better report",
        "de": "braucht einen besseren Bericht",
    },
    "report_submitted": {
        "en": "has its report: please evaluate it",
        "de": "hat einen Bericht: bitte bewerten Sie ihn",
    },
    "lapsed": {
        "en": "has lapsed, for no report came in time",
        "de": "ist verfallen, weil kein Bericht rechtzeitig kam",
    },
    "recognised": {
        "en": "is recognised",
        "de": "ist anerkannt",
    },
    "partial": {
        "en": "is recognised in part; accept that, or appeal",
        "de": "ist teilweise anerkannt; nehmen Sie das an oder legen Sie Widerspruch ein",
    },
    "rejected": {
        "en": "is not recognised; you can appeal once",
        "de": "ist nicht anerkannt; Sie können einmal Widerspruch einlegen",
    },
    "booked": {
        "en": "has brought its ECTS",
        "de": "hat seine ECTS gebracht",
    },
}  # fmt: skip

SUBJECT: Words = {"en": "Internship at {firm}", "de": "Praktikum bei {firm}"}
TEXT: Words = {
    "en": "The internship of {student} at {firm} {state}.\n{note}{due}",
    "de": "Das Praktikum von {student} bei {firm} {state}.\n{note}{due}",
}
REPORT_DUE: Words = {"en": "The report is due on {day}.\n", "de": "Der Bericht ist bis {day} fällig.\n"}
DUE: Words = {"en": "This is awaited by {day}.\n", "de": "Das wird bis {day} erwartet.\n"}
LINK: Words = {
    "en": "\nThis link is good for one step, for {days} days:\n{link}\n",
    "de": "\nDieser Link gilt für einen Schritt, {days} Tage lang:\n{link}\n",
}
ASKED: Words = {
    "en": "You get a link to the internship of {student} at {firm}: it shows how that stands and what you can do.\n",
    "de": "Sie erhalten einen Link zum Praktikum von {student} bei {firm}: er zeigt, wie es steht und was Sie tun "
    "können.\n",
}
SIGNED: Words = {
    "en": "All three have signed the agreement on the internship of {student} at {firm} (version {version}).\n\n"
    "With this link you can read and keep it for {days} days; nothing can be changed by it:\n{link}\n",
    "de": "Alle drei haben die Vereinbarung zum Praktikum von {student} bei {firm} unterschrieben (Fassung "
    "{version}).\n\nMit diesem Link können Sie sie {days} Tage lang lesen und sichern; ändern kann er nichts:\n"
    "{link}\n",
}
QUESTIONS: Words = {"en": "Questions: {questions}\n", "de": "Fragen: {questions}\n"}

READ_DAYS = 60
"""For how many days a host can read what all three have signed."""

_DAY: Words = {"en": "%Y-%m-%d", "de": "%d.%m.%Y"}


def day(value: date, language: Language) -> str:
    """Write a day."""
    return value.strftime(_DAY[language])


def language_of(country: str) -> Language:
    """Return in which language a firm is written to, by its country (ISO 3166)."""
    return "de" if country in ("DE", "AT", "CH", "LI", "LU") else "en"


class Names:
    """What mails say of a case: who writes, the student's name, the firm's, and whom to write to there."""

    def __init__(self, letterhead: Letterhead, student: str, firm: str, contact: Contact) -> None:
        self.letterhead, self.student, self.firm, self.contact = letterhead, student, firm, contact


async def tell(context: Context, connection: AsyncConnection, case: Case, names: Names, note: str = "") -> None:
    """Write to those whom the state of a case concerns. Two statements for each."""
    for role in NEXT.get(case.state, ()):
        await write(context, connection, case, names, role, note)


async def write(
    context: Context, connection: AsyncConnection, case: Case, names: Names, role: Role, note: str = ""
) -> None:
    """Write to somebody of a case how it stands; nobody where the role has no address. Two statements."""
    text = {language: _text(context, case, names, language, note) for language in LANGUAGES}
    if role in ("host", "mentor"):
        await _with_link(context, connection, case, names, role, text)
        return
    person_id = {"student": case.person_id, "supervisor": case.supervisor_id}.get(role)
    if person_id:
        signed = {language: text[language] + signature(names.letterhead, language) for language in LANGUAGES}
        await send_mail(context, connection, person_id, subject=_subject(names), text=signed)


async def write_link(context: Context, connection: AsyncConnection, case: Case, names: Names, role: Role) -> None:
    """Send host or mentor a link that the office was asked for. Two statements."""
    student, firm = _plain(names.student), _plain(names.firm)
    text = {language: ASKED[language].format(student=student, firm=firm) for language in LANGUAGES}
    await _with_link(context, connection, case, names, role, text)


async def hand_out(context: Context, connection: AsyncConnection, case: Case, names: Names) -> None:
    """Send the host a link by which it reads what all three have signed, and nothing else. Two statements."""
    student, firm = _plain(names.student), _plain(names.firm)
    text = {
        language: SIGNED[language].format(
            student=student, firm=firm, version=case.in_force, days=READ_DAYS, link=PLACE
        ) + signature(names.letterhead, language)
        for language in LANGUAGES
    }  # fmt: skip
    to, opens = recipient(case, names, "host"), reader(case, names)
    await mail_guest(context, connection, to, opens, subject=_subject(names), text=text)


def reader(case: Case, names: Names) -> Invitation:
    """Return what the link opens by which the host reads what all three have signed."""
    return Invitation(
        role="internship_credit.reader", about=str(case.id), title=f"{names.contact.name}, {names.firm}"[:200],
        path=f"signed/{case.in_force}/agreement.pdf", valid=timedelta(days=READ_DAYS),
    )  # fmt: skip


def recipient(case: Case, names: Names, role: Role) -> Recipient:
    """Return whom to write to at the host: the mentor, or else the firm's contact."""
    if role == "mentor" and case.mentor:
        return Recipient(case.mentor.name, case.mentor.email, names.contact.language)
    return Recipient(names.contact.name, names.contact.email, names.contact.language)


def invitation(context: Context, case: Case, role: Role, name: str, firm: str) -> Invitation:
    """Return what a link for one step of host or mentor opens."""
    return Invitation(
        role=f"internship_credit.{role}", about=str(case.id), title=f"{name}, {firm}"[:200], path=role,
        valid=timedelta(days=context.settings.link_days), once=True,
    )  # fmt: skip


async def _with_link(
    context: Context, connection: AsyncConnection, case: Case, names: Names, role: Role, text: Words
) -> None:
    to, days = recipient(case, names, role), context.settings.link_days
    whole = {
        language: text[language] + LINK[language].format(days=days, link=PLACE) + signature(names.letterhead, language)
        for language in LANGUAGES
    }
    opens = invitation(context, case, role, to.name, names.firm)
    await mail_guest(context, connection, to, opens, subject=_subject(names), text=whole)


def _subject(names: Names) -> Words:
    return {language: SUBJECT[language].format(firm=names.firm)[:200] for language in LANGUAGES}


def _text(context: Context, case: Case, names: Names, language: Language, note: str) -> str:
    until = deadline(case.state, case.description, case.due, context.settings.internship(case.regulation))
    due = (REPORT_DUE if case.state in ("certified", "rework") else DUE)[language]
    told = TEXT[language].format(
        student=names.student, firm=names.firm, state=STATES[case.state][language], note=f"\n{note}\n" if note else "",
        due=due.format(day=day(until, language)) if until else "",
    )  # fmt: skip
    return _plain(told)


def signature(letterhead: Letterhead, language: Language) -> str:
    """Say who writes, and whom to ask."""
    questions = _plain(letterhead.questions)
    asked = QUESTIONS[language].format(questions=questions) if questions else ""
    return f"\n{_plain(letterhead.sender)}\n{asked}"


def _plain(text: str) -> str:
    """Return what somebody wrote without anything that would be taken for the place of a link."""
    return text.replace(PLACE, "(link)")
