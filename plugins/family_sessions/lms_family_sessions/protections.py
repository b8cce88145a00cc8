"""When people are protected, as far as it has consequences for exams and deadlines: whole days, many in a row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import select, union

from lms_core.api import AsyncConnection, Context, now
from lms_family_sessions.constraints import EVERY_DAY, WHOLE_DAY, Constraint, intervals
from lms_family_sessions.entries import opened
from lms_family_sessions.leaves import Days, read_days
from lms_family_sessions.maternity import protected
from lms_family_sessions.needs import Maternity, Proof
from lms_family_sessions.policy import clock
from lms_family_sessions.reckoning import Span
from lms_family_sessions.tables_care import constraint, entry
from lms_family_sessions.tables_leaves import leave

_WHOLE = (
    (constraint.c.strength == "cannot")
    & (constraint.c.weekdays == EVERY_DAY)
    & (constraint.c.from_minute == 0)
    & (constraint.c.to_minute == WHOLE_DAY)
)


class Protection(msgspec.Struct, frozen=True):
    """Days on which somebody cannot come, and since when that is declared.

    `exams` are those of them on which exams are not for her; null: all of them. `deadlines` stand still in them or not.
    """

    rule: Constraint
    declared_at: datetime
    exams: Sequence[tuple[date, date]] | None
    deadlines: bool = True

    @property
    def span(self) -> Span:
        """The days, both included."""
        return self.rule.first_day, self.rule.last_day

    def covers(self, starts: datetime, ends: datetime) -> bool:
        """Tell whether an exam between two aware moments falls into it; one that she has waived does not."""
        if self.exams is not None:
            zone = ZoneInfo(self.rule.zone)
            first, last = starts.astimezone(zone).date(), ends.astimezone(zone).date()
            if not any(begins <= last and first <= done for begins, done in self.exams):
                return False
        return any(intervals(self.rule, starts, ends))


async def people(context: Context, connection: AsyncConnection) -> list[UUID]:
    """Return who may be protected in a programme, or on leave. One statement."""
    query = union(
        select(constraint.c.person_id).where(constraint.c.programme_id == context.programme_id, _WHOLE),
        select(leave.c.person_id).where(leave.c.programme_id == context.programme_id),
    )
    return list((await connection.execute(query)).scalars())


async def read_protections(context: Context, connection: AsyncConnection, person_id: UUID) -> list[Protection]:
    """Return the protections of a person that have consequences, and her leaves, held until the transaction ends.

    Nobody reads what is in the entries: only whether there is a proof, and of which exams she has waived the
    protection, is looked up. Three statements. Raises Unavailable if the key of an entry is missing.
    """
    hers = (entry.c.person_id == person_id) & (entry.c.programme_id == context.programme_id)
    held = select(entry).where(hers).order_by(entry.c.id).with_for_update()
    rows = {row.id: row for row in await connection.execute(held)}
    names = Constraint.__struct_fields__
    query = select(*(constraint.c[name] for name in names)).where(constraint.c.entry_id.in_(rows), _WHOLE)
    found = []
    for line in await connection.execute(query.order_by(constraint.c.first_day, constraint.c.id)):
        rule = Constraint(**dict(zip(names, line, strict=True)))
        protection = _protection(context, rows[rule.entry_id], rule)
        found += [protection] if protection else []
    on_leave = await read_days(context, connection, person_id, hold=True)
    return found + [_leave(context, person_id, row, days) for row, days in on_leave]


def _leave(context: Context, person_id: UUID, row: Any, days: Days) -> Protection:
    """Return what a leave stops; the office has seen what it was granted for."""
    stops = clock(days.kind, context.settings.leaves)
    rule = Constraint(
        id=row.id, programme_id=context.programme_id, person_id=person_id, entry_id=row.id, strength="cannot",
        first_day=days.first_day, last_day=days.last_day, weekdays=EVERY_DAY, from_minute=0, to_minute=WHOLE_DAY,
        zone=context.settings.zone,
    )  # fmt: skip
    return Protection(rule, row.made_at, () if stops.exams else None, not stops.deadlines_run)


def _protection(context: Context, row: Any, rule: Constraint) -> Protection | None:
    policy = context.settings.consequences
    if rule.last_day is not None and (rule.last_day - rule.first_day).days + 1 < policy.least_days:
        return None
    document = opened(context, row)
    if policy.proof and not proven(document.proofs, now().date()):
        return None
    needs = document.entered.needs
    exams = protected(needs.pregnancy(), document.waivers, "exams") if isinstance(needs, Maternity) else None
    return Protection(rule, row.made_at, exams)


def proven(proofs: Iterable[Proof], today: date) -> bool:
    """Tell whether one of the certificates that were seen is still good."""
    return any(one.valid_until is None or one.valid_until >= today for one in proofs)
