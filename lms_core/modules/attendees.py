"""Who a session is for: all who have a seat in its run, or those of them who are named; and who teaches it.

A run that divides its participants (parallel tracks, a laboratory in groups) names them, and each sees and has to
attend only what is for her.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, Select, delete, insert, or_, select, update

from lms_core.db import AsyncConnection
from lms_core.errors import NotFound
from lms_core.modules.tables import module, run, session, session_person


class SessionPeople(msgspec.Struct, frozen=True):
    """Who attends a session (None: all who have a seat in its run), and which accounts teach it."""

    attend: frozenset[UUID] | None = None
    teach: frozenset[UUID] = frozenset()


def is_for(person: Any) -> ColumnElement[bool]:
    """Tell in SQL whether a session is for a person who has a seat in its run; `person` is a column or an id."""
    named = select(session_person.c.session_id).where(
        session_person.c.session_id == session.c.id,
        session_person.c.person_id == person,
        session_person.c.teaches.is_(False),
    )
    return or_(session.c.for_named.is_(False), named.correlate_except(session_person).exists())


async def named_for(connection: AsyncConnection, sessions: Collection[UUID]) -> dict[UUID, tuple[UUID, ...]]:
    """Return who is named for sessions; those that are for all in their run are not among them. One statement."""
    named = session_person.c
    query = (
        select(session.c.id, named.person_id)
        .outerjoin(session_person, (named.session_id == session.c.id) & named.teaches.is_(False))
        .where(session.c.id.in_(sessions), session.c.for_named)
        .order_by(session.c.id, named.person_id)
    )
    found: dict[UUID, tuple[UUID, ...]] = {}
    for session_id, person_id in await connection.execute(query):
        found[session_id] = (*found.get(session_id, ()), *([person_id] if person_id else []))
    return found


def taught_by(person_id: UUID) -> Select[tuple[UUID]]:
    """Select the ids of the sessions that name a person as one who teaches them, whatever her role is."""
    return select(session_person.c.session_id).where(
        session_person.c.person_id == person_id, session_person.c.teaches.is_(True)
    )


async def name_people(connection: AsyncConnection, programme_id: UUID, wanted: Mapping[UUID, SessionPeople]) -> None:
    """Say who sessions are for, in place of what was said before. Raises NotFound. Four statements at most.

    Nobody is told: calendars and rules follow by themselves.
    """
    if not wanted:
        return
    own = (
        select(session.c.id)
        .join_from(session, run, run.c.id == session.c.run_id)
        .join(module, module.c.id == run.c.module_id)
        .where(session.c.id.in_(list(wanted)), module.c.programme_id == programme_id)
        .order_by(session.c.id)
        .with_for_update(of=session)
    )
    if strangers := wanted.keys() - set((await connection.execute(own)).scalars()):
        raise NotFound(f"The programme has no session {', '.join(sorted(map(str, strangers)))}.")
    named = [one for one, people in wanted.items() if people.attend is not None]
    await connection.execute(
        update(session).where(session.c.id.in_(list(wanted))).values(for_named=session.c.id.in_(named))
    )
    await connection.execute(delete(session_person).where(session_person.c.session_id.in_(list(wanted))))
    rows = [
        {"session_id": one, "person_id": person_id, "teaches": person_id in people.teach}
        for one, people in wanted.items()
        for person_id in sorted((people.attend or frozenset()) | people.teach)
    ]
    if rows:
        await connection.execute(insert(session_person), rows)
