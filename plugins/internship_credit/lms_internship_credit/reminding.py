"""Reminding those who are awaited: a week and two after a case came to its state, and before a report is due."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Uuid, literal, or_, select, tuple_

from lms_core.api import AsyncConnection, Context, Instant, insert_into, now
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
"""Cases that are read at once."""


async def remind(context: Context) -> None:
    """Remind who is awaited, each once of each thing. Two statements for each 200 cases, and those of the mails."""
    after: tuple[datetime, UUID] | None = None
    while rows := await _page(context, after):
        after = (rows[-1].moved_at, rows[-1].id)
        async with context.read() as connection:
            r = t.reminder.c
            known = select(r.case_id, r.what).where(r.case_id.in_([row.id for row in rows]))
            told = {(row.case_id, row.what) for row in await connection.execute(known)}
        for row in rows:
            what, who, case = _of(context, row)
            if (row.id, what) not in told:
                async with context.write(more=True) as connection:
                    if await _first(context, connection, case.id, what):
                        names = await names_of(context, connection, case)
                        for role in who:
                            await write(context, connection, case, names, role)


async def _page(context: Context, after: tuple[datetime, UUID] | None) -> Sequence[Any]:
    """Read the cases in which somebody is awaited or a report is due soon, those that moved longest ago first."""
    c, today = t.case.c, today_in(context)
    waits = c.state.in_(list(AWAITED)) & (c.moved_at <= now() - timedelta(days=min(WAITED)))
    due = c.state.in_(("certified", "rework")) & c.due.between(today, today + timedelta(days=max(BEFORE)))
    query = select(c.id, c.moved_at, c.details).where(c.programme_id == context.programme_id, or_(waits, due))
    if after:
        query = query.where(tuple_(c.moved_at, c.id) > tuple_(literal(after[0], Instant), literal(after[1], Uuid)))
    async with context.read() as connection:
        return (await connection.execute(query.order_by(c.moved_at, c.id).limit(MOST))).all()


def _of(context: Context, row: Any) -> tuple[str, tuple[Role, ...], Case]:
    """Return of what somebody is to be reminded, under a name that no other thing has; and who, in which case."""
    case, today = msgspec.convert(row.details, Case), today_in(context)
    if case.state in AWAITED:
        reached = max(days for days in WAITED if row.moved_at <= now() - timedelta(days=days))
        done = case.signed if case.state in ("approved", "amendment_pending") else frozenset()
        who = tuple(role for role in AWAITED[case.state] if role not in done)
        return f"{case.state}:{row.moved_at:%Y-%m-%dT%H:%M:%SZ}:{reached}", who, case
    assert case.due
    return f"due:{case.due}:{min(days for days in BEFORE if (case.due - today).days <= days)}", ("student",), case


async def _first(context: Context, connection: AsyncConnection, case_id: UUID, what: str) -> bool:
    """Note that somebody is reminded; tell whether nobody was before. One statement."""
    values = {"case_id": case_id, "what": what, "programme_id": context.programme_id, "at": now()}
    done = await connection.execute(insert_into(connection, t.reminder).values(**values).on_conflict_do_nothing())
    return bool(done.rowcount)
