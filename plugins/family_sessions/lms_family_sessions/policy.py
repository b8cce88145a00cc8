"""What a programme decides about consequences: of protected time for exams and deadlines, of leave for its clocks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

from msgspec import Meta, Struct

Kind = Annotated[str, Meta(max_length=30, pattern=r"^[a-z][a-z_]*(?!\n)$", examples=["parental"])]
Days = Annotated[int, Meta(ge=1, le=730)]


class Policy(Struct, frozen=True, forbid_unknown_fields=True):
    """What follows from protected time: whole days on which somebody cannot come, `least_days` of them in a row.

    `exams` within it are moved to the next date or left where they are, and `deadlines` later by the protected days
    before them, by `most_days` at most. With `proof`, only from what the family office has seen a certificate of.
    `full_hours` a week are what a study is planned for; who has fewer is compensated in proportion. So many terms are
    usually granted as leave (`most_leave_terms`); what is beyond them is shown, and not refused.
    """

    exams: Literal["move", "leave"] = "move"
    deadlines: Literal["extend", "leave"] = "extend"
    proof: bool = True
    least_days: Days = 7
    most_days: Days = 365
    full_hours: Annotated[int, Meta(ge=1, le=60)] = 40
    most_leave_terms: Annotated[int, Meta(ge=0, le=40)] = 2


class Leave(Struct, frozen=True, forbid_unknown_fields=True):
    """What goes on during a kind of leave; what does not stands still.

    Whether its terms count as terms of study, and as terms of leave, whether times for repeating exams run, and
    deadlines of units; and whether she takes `courses` meanwhile (if not, she gets no new seat in runs of a term that
    is wholly within it; one that she has stays hers) and `exams` (if not, exams in it are moved).
    """

    kind: Kind
    counts_as_study: bool = False
    counts_as_leave: bool = True
    repeats_run: bool = False
    deadlines_run: bool = False
    courses: bool = False
    exams: bool = False


LEAVES = (
    Leave("ordinary"),
    Leave("illness", exams=True),
    Leave("care", courses=True, exams=True),
    Leave("maternity", counts_as_leave=False, courses=True, exams=True),
    Leave("parental", counts_as_leave=False, courses=True, exams=True),
)
"""Maternity and parental leave do not count towards the terms of ordinary leave, and allow courses and exams.

(Baden-Württemberg, section 61 of the act on universities.)
"""


def clock(kind: str, leaves: Iterable[Leave]) -> Leave:
    """Return what stands still during a leave; of a kind that the programme does not know, all that can."""
    return next((one for one in leaves if one.kind == kind), Leave(kind))
