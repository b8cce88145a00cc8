"""What people who know a case would do with it, for random lives of cases."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from lms_internship_credit.case import Case, Certified, Description, Entry, Mentor
from lms_internship_credit.lifecycle import PARTIES, STEPS, Action, Role
from msgspec.structs import replace

TAKEN = sorted({(step.action, role) for step in STEPS for role in step.by})


FORWARD: dict[str, list[tuple[Action, Role]]] = {
    "draft": [("propose", "student")],
    "proposed": [("confirm", "host")],
    "returned": [("revise", "student")],
    "host_confirmed": [("approve", "supervisor"), ("revise", "student")],
    "approved": [("sign", party) for party in PARTIES],
    "agreement_signed": [("clear", "office")],
    "cleared": [("begin", "clock")],
    "running": [("end", "clock")],
    "amendment_pending": [("sign", party) for party in PARTIES],
    "interrupted": [("resume", "student")],
    "host_cancelled": [("revise", "student"), ("end", "student")],
    "ended": [("certify", "office")],
    "certified": [("submit", "student")],
    "report_submitted": [("evaluate", "supervisor")],
    "rework": [("submit", "student")],
    "evaluated": [("recognise", "board"), ("reject", "board")],
    "recognised": [("book", "clock")],
    "partial": [("book", "clock"), ("accept", "student")],
    "appeal": [("recognise", "board"), ("reject", "board")],
}
"""One way on from each state, for people who want to come to an end."""


def described(today: date, ahead: int, length: int) -> Description:
    first = today + timedelta(ahead)
    return Description(
        first_day=first, last_day=first + timedelta(length), weekly_hours=Decimal(35), place="Villingen",
        tasks="Etch", aims="Learn to etch",
    )  # fmt: skip


def entry_of(case: Case, action: Action, today: date, hours: int = 200) -> Entry:
    """What somebody who knows the case would send along."""
    certified = change = None
    if action == "certify" and case.began_on and case.ended_on and case.began_on <= case.ended_on:
        absent = min(case.absent_days, (case.ended_on - case.began_on).days)
        most = 10 * ((case.ended_on - case.began_on).days + 1 - absent)
        certified = Certified(case.began_on, case.ended_on, Decimal(min(hours, most)), absent)
    if action == "amend" and case.description:
        change = replace(case.description, last_day=max(today, case.description.last_day) + timedelta(7))
    return Entry(
        action=action, note="Because.", sha256=case.digest, mentor=Mentor("Mia", "mia@firm.example"), change=change,
        certified=certified, ects=Decimal(2), due=case.due + timedelta(7) if case.due else None,
    )  # fmt: skip
