"""Sessions at the same time: how many of a run's participants sit elsewhere then, which its planner is warned of."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import String, Uuid, column, func, select, table

from lms_core.db import AsyncConnection
from lms_core.hooks.types import SessionRemark
from lms_core.modules import types as t
from lms_core.modules.attendees import is_for
from lms_core.modules.tables import module, run, session
from lms_core.types import instant_of

A_DAY = timedelta(days=1, hours=2)
"""Clocks of the world differ by 26 hours at most: wall times further apart are never the same moment."""

# the planner's own view of a table of the layer above: who sits where
_seat = table("run_enrolment", column("person_id", Uuid), column("run_id", Uuid), column("state", String))
_SEATED = ("enrolled", "offered")


def moments(planned: Any) -> tuple[datetime, datetime]:
    """Return when a session begins and ends, from its wall times and its zone."""
    return instant_of(planned.starts, planned.zone), instant_of(planned.ends, planned.zone)


async def clashes(
    connection: AsyncConnection, run_id: UUID, programme_id: UUID, new: t.SessionContent
) -> list[SessionRemark]:
    """Return a warning for each session, of another run, at which participants of this one are at the same time.

    It says how many they are, never who; a session of another programme is not named either. One statement.
    """
    mine, theirs = _seat.alias("mine"), _seat.alias("theirs")
    query = (
        select(
            session.c.id, session.c.title, session.c.starts, session.c.ends, session.c.zone, run.c.title.label("run"),
            module.c.programme_id, func.count().label("people"),
        )
        .join_from(session, theirs, theirs.c.run_id == session.c.run_id)
        .join(mine, mine.c.person_id == theirs.c.person_id)
        .join(run, run.c.id == session.c.run_id)
        .join(module, module.c.id == run.c.module_id)
        .where(
            mine.c.run_id == run_id,
            mine.c.state.in_(_SEATED),
            theirs.c.run_id != run_id,
            theirs.c.state.in_(_SEATED),
            session.c.cancelled_at.is_(None),
            is_for(theirs.c.person_id),
            session.c.starts < new.ends + A_DAY,
            session.c.ends > new.starts - A_DAY,
        )
        .group_by(session.c.id, run.c.id, module.c.id)
        .order_by(session.c.starts, session.c.id)
    )  # fmt: skip
    starts, ends = moments(new)
    remarks = []
    for row in await connection.execute(query):
        its_start, its_end = moments(row)
        if starts < its_end and its_start < ends:
            what = f'"{row.title}" of {row.run}' if row.programme_id == programme_id else "a day of another programme"
            remarks.append(SessionRemark("clashes", f"Participants elsewhere then: {row.people}, at {what}.", "warn"))
    return remarks
