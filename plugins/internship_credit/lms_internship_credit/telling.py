"""Who is written to when a case has moved, and when somebody is awaited for long; hosts and mentors get a link."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Literal

from lms_core.api import AsyncConnection, Context, Invitation, Recipient, mail_guest, send_mail
from lms_internship_credit.case import Case
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
DUE: Words = {"en": "The report is due on {day}.\n", "de": "Der Bericht ist bis {day} fällig.\n"}
LINK: Words = {
    "en": "\nThis link is good for one step:\n{link}\n",
    "de": "\nDieser Link gilt für einen Schritt:\n{link}\n",
}


def language_of(country: str) -> Language:
    """Return in which language a firm is written to, by its country (ISO 3166)."""
    return "de" if country in ("DE", "AT", "CH", "LI", "LU") else "en"


class Names:
    """What mails say of a case: the student's name, the firm's, and whom to write to there."""

    def __init__(self, student: str, firm: str, contact_name: str, contact_email: str, country: str) -> None:
        self.student, self.firm = student, firm
        self.contact_name, self.contact_email = contact_name, contact_email
        self.language = language_of(country)


async def tell(context: Context, connection: AsyncConnection, case: Case, names: Names, note: str = "") -> None:
    """Write to those whom the state of a case concerns. Two statements for each."""
    for role in NEXT.get(case.state, ()):
        await write(context, connection, case, names, role, note)


async def write(
    context: Context, connection: AsyncConnection, case: Case, names: Names, role: Role, note: str = ""
) -> None:
    """Write to somebody of a case how it stands; nobody where the role has no address. Two statements."""
    subject = {language: SUBJECT[language].format(firm=names.firm)[:200] for language in LANGUAGES}
    text = {language: _text(case, names, language, note) for language in LANGUAGES}
    if role == "student":
        await send_mail(context, connection, case.person_id, subject=subject, text=text)
    elif role == "supervisor" and case.supervisor_id:
        await send_mail(context, connection, case.supervisor_id, subject=subject, text=text)
    elif role in ("host", "mentor"):
        to = Recipient(names.contact_name, names.contact_email, names.language)
        if role == "mentor" and case.mentor:
            to = Recipient(case.mentor.name, case.mentor.email, names.language)
        linked = {language: text[language] + LINK[language] for language in LANGUAGES}
        opens = invitation(context, case, role, to.name, names.firm)
        await mail_guest(context, connection, to, opens, subject=subject, text=linked)


def _text(case: Case, names: Names, language: Language, note: str) -> str:
    due = case.due if case.state in ("certified", "rework") else None
    told = TEXT[language].format(
        student=names.student, firm=names.firm, state=STATES[case.state][language], note=f"\n{note}\n" if note else "",
        due=DUE[language].format(day=due) if due else "",
    )  # fmt: skip
    return told.replace(PLACE, "(link)")  # what somebody wrote is no place for one


def invitation(context: Context, case: Case, role: Role, name: str, firm: str) -> Invitation:
    """Return what a link for one step of host or mentor opens."""
    return Invitation(
        role=f"internship_credit.{role}", about=str(case.id), title=f"{name}, {firm}"[:200], path=role,
        valid=timedelta(days=context.settings.link_days), once=True,
    )  # fmt: skip
