"""Reminding those who are awaited: a week and two after a case came to its state, and before a report is due."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import msgspec
from sqlalchemy import or_, select

from lms_core.api import AsyncConnection, Context, insert_into, now
from lms_internship_credit import tables as t
from lms_internship_credit.case import Case
from lms_internship_credit.cases import names_of, today_in
from lms_internship_credit.lifecycle import Role, State
from lms_internship_credit.telling import write

WAITED = (7, 14)
"""Days for which somebody was awaited when she is reminded."""

BEFORE = (14, 3)
"""Days before a report is due at which the student is reminded: of the first she can still ask for an extension."""

AWAITED: dict[State, tuple[Role, ...]] = {
    "proposed": ("host",),
    "host_confirmed": ("supervisor",),
    "approved": ("student", "host", "supervisor"),
    "amendment_pending": ("student", "host", "supervisor"),
    "ended": ("host",),
    "report_submitted": ("supervisor",),
}

MOST = 200


async def remind(context: Context) -> None:
    """Remind who is awaited, each once of each thing. One statement, and four and those of the mails for each case."""
    c, moment, today = t.case.c, now(), today_in(context)
    waits = c.state.in_(list(AWAITED)) & (c.moved_at <= moment - timedelta(days=min(WAITED)))
    due = c.state.in_(("certified", "rework")) & c.due.between(today, today + timedelta(days=max(BEFORE)))
    query = select(c.id, c.moved_at, c.details).where(c.programme_id == context.programme_id, or_(waits, due))
    async with context.read() as connection:
        rows = (await connection.execute(query.order_by(c.moved_at).limit(MOST))).all()
    for row in rows:
        case = msgspec.convert(row.details, Case)
        if case.state in AWAITED:
            reached = [days for days in WAITED if row.moved_at <= moment - timedelta(days=days)]
            what = f"{case.state}:{row.moved_at:%Y-%m-%dT%H:%M:%SZ}:{max(reached)}"
            done = case.signed if case.state in ("approved", "amendment_pending") else frozenset()
            who = tuple(role for role in AWAITED[case.state] if role not in done)
        else:
            assert case.due
            what = f"due:{case.due}:{min(days for days in BEFORE if (case.due - today).days <= days)}"
            who = ("student",)
        async with context.write(more=True) as connection:
            if await _first(context, connection, case.id, what):
                names = await names_of(context, connection, case)
                for role in who:
                    await write(context, connection, case, names, role)


async def _first(context: Context, connection: AsyncConnection, case_id: UUID, what: str) -> bool:
    """Note that somebody is reminded; tell whether nobody was before. One statement."""
    values = {"case_id": case_id, "what": what, "programme_id": context.programme_id, "at": now()}
    done = await connection.execute(insert_into(connection, t.reminder).values(**values).on_conflict_do_nothing())
    return bool(done.rowcount)
