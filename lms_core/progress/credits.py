"""Booking ECTS: once per person and source, by an authority, on evidence."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

import msgspec
from sqlalchemy import insert, select, update

from lms_core.db import AsyncConnection
from lms_core.enrolment.tables import run_enrolment
from lms_core.errors import Conflict, NotFound
from lms_core.modules.tables import run, version
from lms_core.progress import types as t
from lms_core.progress.reads import source_of
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
) -> t.Credit:
    """Book ECTS for a person. Raises Conflict when this source has been booked for her already.

    `source` names what the ECTS are for (such as module:UUID), `authority` is the person who decides. ECTS arrive
    whole, on passing.
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
    )
    await connection.execute(insert(credit), msgspec.structs.asdict(made))
    return made


async def booked(connection: AsyncConnection, person_id: UUID, source: str) -> bool:
    """Tell whether ECTS are booked for a person from a source, and were not taken back."""
    same = (credit.c.person_id == person_id) & (credit.c.source == source) & ~credit.c.reversed
    return await connection.scalar(select(credit.c.id).where(same)) is not None


async def reverse_credit(
    connection: AsyncConnection, person_id: UUID, source: str, evidence: str, authority: UUID
) -> t.Credit:
    """Take booked ECTS back: a second row with their negative, by an authority and on evidence; the first row stays.

    The source can be booked anew afterwards. Raises NotFound when nothing is booked. Two statements.
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
    )
    await connection.execute(insert(credit), {**msgspec.structs.asdict(made), "reverses": row.id})
    return made


async def book_run(
    connection: AsyncConnection, run_id: UUID, person_id: UUID, decision: t.CreditDecision, authority: UUID
) -> t.Credit:
    """Book the ECTS of a run that a participant has completed. Raises NotFound and Conflict (not completed)."""
    row = (
        await connection.execute(
            select(run_enrolment.c.state, run_enrolment.c.programme_id, run.c.module_id, run.c.title, version.c.ects)
            .join_from(run_enrolment, run, run.c.id == run_enrolment.c.run_id)
            .join(version, version.c.id == run.c.version_id)
            .where(run_enrolment.c.run_id == run_id, run_enrolment.c.person_id == person_id)
        )
    ).first()
    if row is None:
        raise NotFound("There is no such participant.")
    if row.state != "completed":
        raise Conflict("The participant has not completed the run; ECTS are booked whole, on completion.")
    return await book_credit(
        connection,
        person_id,
        source_of(row.module_id),
        row.ects,
        decision.evidence,
        authority,
        title=row.title,
        programme_id=row.programme_id,
    )
