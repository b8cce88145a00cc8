"""Kinds of documents of an internship: who brings and sees them, when, and which steps rely on them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Annotated, Literal, get_args

import msgspec

from lms_internship_credit.lifecycle import FINAL, Action, Role, State

Kind = Literal["report", "certificate", "insurance", "contract"]
KINDS: tuple[Kind, ...] = get_args(Kind)

Months = Annotated[int, msgspec.Meta(ge=1, le=600)]

TYPES = ("application/pdf", "image/jpeg", "image/png")
"""What can be brought; everybody's browser shows it."""

MOST_BYTES = 50 * 1024**2
"""How large one document may be."""

BRINGS: Mapping[Role, tuple[Kind, ...]] = {
    "student": KINDS,
    "host": ("certificate", "insurance", "contract"),
    "office": ("certificate", "insurance", "contract"),
}

SEES: Mapping[Role, tuple[Kind, ...]] = {
    "student": KINDS,
    "supervisor": ("report", "certificate"),
    "office": KINDS,
    "board": KINDS,
}
"""Who reads which kinds; whoever comes by a link reads none."""

_DECIDED: tuple[Kind, ...] = ("report", "certificate")

RELIES: Mapping[Action, tuple[Kind, ...]] = {
    "clear": ("insurance", "contract"),
    "certify": ("certificate",),
    "submit": ("report",),
    "recognise": _DECIDED,
    "recognise_partly": _DECIDED,
    "reject": _DECIDED,
}
"""Which kinds a step rests upon: whoever brought one cannot take it away once the step is taken."""

REPORTED: tuple[State, ...] = ("ended", "certified", "rework")
"""In which states a report is awaited."""


class Retention(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many months things are kept: documents of each kind, and `words`, after the end of their case.

    `words` are what people wrote of one another in a case: notes, the mentor's evaluation and name, drafts, how the
    student rates the host. An application goes so long after its offer closed and the firm declined, or after the last
    day of what was offered; what a student worked elsewhere so long after that day.
    """

    report: Months = 60
    certificate: Months = 60
    insurance: Months = 12
    contract: Months = 24
    words: Months = 60
    application: Months = 6
    work_days: Months = 36

    def months(self, kind: Kind) -> int:
        """Return the months of a kind."""
        found: int = getattr(self, kind)
        return found


def obstacle(role: Role, kind: Kind, state: State, *, began: bool) -> str | None:
    """Say why somebody cannot bring a document of a kind now; None if she can."""
    if kind not in BRINGS.get(role, ()):
        return f"The {role} brings no {kind}."
    if state in FINAL:
        return f"What is {state} takes no documents any more."
    if kind == "report" and state not in REPORTED:
        return no_report(state)
    if kind == "certificate" and not began:
        return "Nobody has worked there yet, so there is nothing to certify."
    return None


def no_report(state: State) -> str:
    """Say why no report can be brought in a state."""
    now = state.replace("_", " ")
    return f"No report is awaited of what is {now}: it is written after the end, until it is handed in."


def until(ended: date, months: int) -> date:
    """Return the last day on which a document is kept: the same day so many months later, or the last of its month."""
    number = ended.month - 1 + months
    year, month = ended.year + number // 12, number % 12 + 1
    last = (date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)).day
    return date(year, month, min(ended.day, last))


def ended_before(today: date, months: int) -> date:
    """Return the first day on which a case can have ended for its documents to be kept still."""
    number = today.year * 12 + today.month - 1 - months
    day = date(number // 12, number % 12 + 1, 1)
    while until(day, months) < today:
        day += timedelta(days=1)
    return day
