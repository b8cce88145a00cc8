"""Booking ECTS: once per person and source, by an authority, on evidence."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

import msgspec
from sqlalchemy import insert, select, update

from lms_core.db import AsyncConnection
from lms_core.errors import Conflict, NotFound
from lms_core.hooks.types import CreditEvent
from lms_core.outbox.events import emit
from lms_core.progress import types as t
from lms_core.progress.tables import credit
from lms_core.types import new_id, now


async def book_credit(
    connection: AsyncConnection,
    person_id: UUID,
    source: str,
    ects: Decimal,
    evidence: str,
    authority: UUID,
    *,
    title: str,
    programme_id: UUID | None,
    recognised: bool = False,
) -> t.Credit:
    """Book ECTS for a person. Raises Conflict when this source has been booked for her already.

    `source` names what the ECTS are for (such as module:UUID; a plugin's begins with its name and a colon), and
    `authority` is the person who decides. ECTS arrive whole, on passing. They are `recognised` if they were earned
    elsewhere: of these a programme takes only so many. Tells `credit_booked`.
    """
    if await booked(connection, person_id, source):
        raise Conflict("These ECTS are booked already; they count once.")
    made = t.Credit(
        id=new_id(),
        person_id=person_id,
        source=source,
        programme_id=programme_id,
        title=title,
        ects=ects,
        evidence=evidence,
        authority=authority,
        booked_at=now(),
        recognised=recognised,
    )
    await connection.execute(insert(credit), msgspec.structs.asdict(made))
    await _tell(connection, "credit_booked", made)
    return made


async def booked(connection: AsyncConnection, person_id: UUID, source: str) -> bool:
    """Tell whether ECTS are booked for a person from a source, and were not taken back."""
    same = (credit.c.person_id == person_id) & (credit.c.source == source) & ~credit.c.reversed
    return await connection.scalar(select(credit.c.id).where(same)) is not None


async def reverse_credit(
    connection: AsyncConnection, person_id: UUID, source: str, evidence: str, authority: UUID
) -> t.Credit:
    """Take booked ECTS back: a second row with their negative, by an authority and on evidence; the first row stays.

    The source can be booked anew afterwards. Raises NotFound when nothing is booked. Tells `credit_reversed`. Three
    statements.
    """
    same = (credit.c.person_id == person_id) & (credit.c.source == source) & ~credit.c.reversed
    done = await connection.execute(update(credit).where(same).values(reversed=True).returning(credit))
    row = done.first()
    if row is None:
        raise NotFound("No ECTS are booked that could be taken back.")
    made = t.Credit(
        id=new_id(),
        person_id=person_id,
        source=f"reversal:{row.id}",
        programme_id=row.programme_id,
        title=row.title,
        ects=-row.ects,
        evidence=evidence,
        authority=authority,
        booked_at=now(),
        recognised=row.recognised,
    )
    await connection.execute(insert(credit), {**msgspec.structs.asdict(made), "reverses": row.id})
    await _tell(connection, "credit_reversed", made)
    return made


async def _tell(connection: AsyncConnection, name: str, made: t.Credit) -> None:
    event = CreditEvent(made.person_id, made.id, made.programme_id)
    await emit(connection, name, f"credits:{made.person_id}", made.programme_id, event)
