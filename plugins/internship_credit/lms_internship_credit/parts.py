"""How the parts of a student's internship depend on one another: which are done, and for which others wait. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal
from uuid import UUID

import msgspec

from lms_core.api import Conflict
from lms_internship_credit.case import Around, Case
from lms_internship_credit.lifecycle import State
from lms_internship_credit.policy import Internship, Part

OVER: frozenset[State] = frozenset({"withdrawn", "rejected", "lapsed"})
"""States after which a part may be begun anew with another case."""


GRANTED: frozenset[State] = frozenset({"recognised", "partial", "booked"})
"""States in which a case brings ECTS."""


class Settled(msgspec.Struct, frozen=True):
    """What the board has settled of a part without a case: waived, or so many ECTS recognised from elsewhere.

    `by_id` decided it, on `evidence`; `booked` tells whether these ECTS are.
    """

    kind: Literal["waived", "recognised"]
    ects: Decimal
    by_id: UUID | None = None
    evidence: str = ""
    booked: bool = False


def settles(part: Part, settled: Mapping[str, Settled]) -> bool:
    """Tell whether a part needs no case: it is waived, or all that it brings is recognised from elsewhere."""
    one = settled.get(part.key)
    return one is not None and (one.kind == "waived" or one.ects >= part.ects)


def done(internship: Internship, cases: Iterable[Case], settled: Mapping[str, Settled], today: date) -> set[str]:
    """Return the parts for which no other has to wait.

    These are settled, recognised or booked; what is recognised partly counts once nobody can appeal any more.
    """
    last = today - timedelta(internship.appeal_days)
    return {part.key for part in internship.parts if settles(part, settled)} | {
        one.part
        for one in cases
        if one.state in ("recognised", "booked")
        or (one.state == "partial" and (one.accepted or one.appealed or (one.decided_on or today) < last))
    }


def around(
    internship: Internship, case: Case, others: Sequence[Case], settled: Mapping[str, Settled], today: date
) -> Around:
    """Return what a case depends on besides itself. Raises Conflict where the policy has its part no more."""
    part = internship.part(case.part)
    if part is None:
        raise lacking(case)
    busy = {one.part for one in others if one.state not in OVER and one.state not in ("draft", "returned")}
    same = [one for one in others if one.part == case.part and one.state in GRANTED]
    brought = sum((one.granted or Decimal(0) for one in same), Decimal(0))
    if one := settled.get(case.part):
        brought += part.ects if one.kind == "waived" else one.ects
    return Around(
        internship=internship,
        part=part,
        elsewhere=case.part in busy or settles(part, settled),
        others_done={one.key for one in internship.parts} - {case.part} <= done(internship, others, settled, today),
        brought=brought,
    )


def lacking(case: Case) -> Conflict:
    """Say that the policy has the part of a case no more, and who can mend that."""
    return Conflict(
        f"The settings have no part {case.part} of the regulation {case.regulation} any more. An administrator of the "
        "programme can enter it again; then this goes on."
    )


def awaited(
    internship: Internship, case: Case, others: Sequence[Case], settled: Mapping[str, Settled], today: date
) -> list[tuple[Part, State | None]]:
    """Return the parts for which a case waits to be booked, and the state of the latest case of each."""
    if case.state not in ("recognised", "partial"):
        return []
    there = done(internship, others, settled, today) | {case.part}
    latest = {one.part: one.state for one in sorted(others, key=lambda one: one.id)}
    return [(part, latest.get(part.key)) for part in internship.parts if part.key not in there]
