"""Reasons are read by the family office and the examination board only, each time for a purpose that is kept."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec.structs import replace
from sqlalchemy import func, insert, literal, select, union_all

from lms_core.api import AsyncConnection, Context, NotFound, Payload, View, new_id, now, read_person, read_persons
from lms_family_sessions import leaves, sealing
from lms_family_sessions.entries import Entry, opened, read_all, write
from lms_family_sessions.leaves import Leave
from lms_family_sessions.needs import Proof
from lms_family_sessions.tables_care import entry, reading
from lms_family_sessions.tables_leaves import leave

PAGE = 100


class Purpose(Payload, frozen=True):
    """Whose entries are to be read, and for what."""

    person_id: UUID
    purpose: Annotated[str, msgspec.Meta(min_length=3, max_length=500, pattern=r"^[^\x00]*$")]


class Reasons(View, frozen=True):
    """All that a person has entered, her leaves, and the number of the reading, which she sees."""

    reading_id: UUID
    person_id: UUID
    name: str
    entries: list[Entry]
    leaves: list[Leave]


class Reading(View, frozen=True):
    """Who has read one's entries when, and for what purpose; nobody's name if she is gone."""

    id: UUID
    at: datetime
    reader: str | None
    purpose: str


class Readings(View, frozen=True):
    """A page of readings, the newest first; `next`, unless it is the last one, is the `cursor` of the next."""

    items: list[Reading]
    next: UUID | None


class Someone(View, frozen=True):
    """A person of whom a reading would show something: how many entries of hers, and how many leaves."""

    id: UUID
    name: str
    entries: int
    leaves: int


class People(View, frozen=True):
    """A page of persons who have entered something, or were granted a leave; `next` as with readings."""

    items: list[Someone]
    next: UUID | None


class Shown(Payload, frozen=True, kw_only=True):
    """A certificate was shown for an entry of a person, and given back; it is good until a day, if it says so."""

    person_id: UUID
    valid_until: date | None = None


async def read(context: Context, connection: AsyncConnection, asked: Purpose) -> Reasons:
    """Note who reads and what for, then return what a person has entered, and her leaves. Six statements.

    Call it in a transaction: nothing is answered that is not noted. Raises NotFound if she has entered nothing here,
    and Unavailable if a key is missing.
    """
    person = await read_person(connection, asked.person_id)
    made = new_id()
    sealed = sealing.seal(asked.purpose.encode(), context.programme_id, asked.person_id, made)
    await connection.execute(
        insert(reading),
        {
            "id": made, "programme_id": context.programme_id, "person_id": asked.person_id,
            "reader_id": context.person_id, "at": now(), **sealed.values(),
        },
    )  # fmt: skip
    found = await read_all(context, connection, asked.person_id)
    on_leave = (await leaves.read_all(context, connection, asked.person_id)).items
    if not found.items and not on_leave:
        raise NotFound("There are no entries of this person.")
    return Reasons(made, person.id, person.name, found.items, on_leave)


async def list_own(context: Context, connection: AsyncConnection, cursor: UUID | None) -> Readings:
    """Return who has read the entries of her who asks. Two statements."""
    query = select(reading).where(
        reading.c.programme_id == context.programme_id, reading.c.person_id == context.person_id
    )
    if cursor:
        query = query.where(reading.c.id < cursor)
    rows = (await connection.execute(query.order_by(reading.c.id.desc()).limit(PAGE))).all()
    readers = await read_persons(connection, {row.reader_id for row in rows if row.reader_id})
    names = {one.id: one.name for one in readers}
    items = [Reading(row.id, row.at, names.get(row.reader_id), _purpose(context, row)) for row in rows]
    return Readings(items, items[-1].id if len(items) == PAGE else None)


async def list_people(context: Context, connection: AsyncConnection, cursor: UUID | None) -> People:
    """Return who has entered something or was granted a leave, in the order of ids. Two statements."""
    kept = union_all(
        *(
            select(table.c.person_id, literal(table is entry).label("entered")).where(
                table.c.programme_id == context.programme_id
            )
            for table in (entry, leave)
        )
    ).subquery()
    entries = func.count().filter(kept.c.entered)
    query = select(kept.c.person_id, entries, func.count()).group_by(kept.c.person_id)
    if cursor:
        query = query.where(kept.c.person_id > cursor)
    rows: list[Any] = list((await connection.execute(query.order_by(kept.c.person_id).limit(PAGE))).all())
    names = {one.id: one.name for one in await read_persons(connection, [row[0] for row in rows])}
    items = [Someone(person_id, names[person_id], own, every - own) for person_id, own, every in rows]
    return People(items, items[-1].id if len(items) == PAGE else None)


async def verify(
    context: Context, connection: AsyncConnection, entry_id: UUID, shown: Shown, expected: int
) -> tuple[Proof, int]:
    """Keep that a certificate was shown, sealed within the entry; return that, and the revision.

    Nothing of the certificate itself is kept. At most four statements. Raises NotFound, PreconditionFailed, and
    Unavailable without the key.
    """
    assert context.person_id
    query = select(entry).where(
        entry.c.id == entry_id, entry.c.person_id == shown.person_id, entry.c.programme_id == context.programme_id
    )
    row = (await connection.execute(query)).first()
    if row is None:
        raise NotFound("This person has no such entry.")
    document = opened(context, row)
    verifier = await read_person(connection, context.person_id)
    made = Proof(verifier=verifier.name, on=now().date(), valid_until=shown.valid_until)
    document = replace(document, proofs=(*document.proofs, made)[-20:])
    values = await write(context, connection, shown.person_id, entry_id, document, expected)
    return made, values["revision"]


def _purpose(context: Context, row: Any) -> str:
    sealed = sealing.Sealed(row.key_id, row.wrapped, row.sealed)
    return sealing.unseal(sealed, context.programme_id, row.person_id, row.id).decode()
