"""Persons by the thousand: brought in and up to date from the lists of other systems, and handed out again."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

import msgspec
from sqlalchemy import bindparam, case, delete, insert, or_, select, update

from lms_core.bulk import Entry, Import, chunks
from lms_core.db import AsyncConnection, Database
from lms_core.people import types as t
from lms_core.people.tables import person, token
from lms_core.sheets import LineChange, Mode, Report
from lms_core.types import Email, Name, new_id, now


class _Cells(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What the cells of a line can be."""

    external_key: t.ExternalKey | None = None
    email: Email
    name: Name
    language: t.Language | None = None
    state: Literal["active", "inactive"] | None = None


RIGHT = {
    "externalKey": "one line of at most 100 characters",
    "email": "an e-mail address, such as anna@example.org",
    "name": "one line of at most 200 characters",
    "language": "de or en",
    "state": "active or inactive",
}

_WIRE = {"external_key": "externalKey", "email": "email", "name": "name", "language": "language", "active": "state"}
_kept = (person.c.id, *(person.c[name] for name in _WIRE))
EXPORTED = select(
    person.c.id, person.c.external_key, person.c.email, person.c.name, person.c.language,
    case((person.c.active, "active"), else_="inactive").label("state"),
).order_by(person.c.id)  # fmt: skip
"""Persons as lines of an import, in the order in which they were created."""

_update = (
    update(person)
    .where(person.c.id == bindparam("of_id"))
    .values(**{name: bindparam(f"new_{name}") for name in _WIRE}, revision=person.c.revision + 1)
)


async def import_persons(database: Database, given: t.PersonLines, mode: Mode) -> Report:
    """Create the persons that are missing and bring the others up to date; the same lines again change nothing.

    A line is about whoever has its external key, else about whoever has its e-mail address and no other key. Who
    becomes inactive is signed out everywhere. At most four statements for each thousand lines. Raises InvalidInput,
    which names each bad line, unless they are skipped.
    """
    job = Import(given.lines, mode)
    entries = await job.check(_Cells, RIGHT)
    entries = job.once(entries, "externalKey", lambda cells: cells.external_key)
    entries = job.once(entries, "email", lambda cells: cells.email.lower())
    async with job.transaction(database) as connection:
        for chunk in chunks(entries):
            await _carry_out(connection, chunk, job)
    return job.report()


async def _carry_out(connection: AsyncConnection, chunk: list[Entry[_Cells]], job: Import) -> None:
    """Carry out some lines as if one came after the other: an address that an earlier one gave up is free."""
    emails = [entry.cells.email.lower() for entry in chunk]
    keys = [entry.cells.external_key for entry in chunk if entry.cells.external_key]
    query = select(*_kept).where(or_(person.c.email.in_(emails), person.c.external_key.in_(keys)))
    found = [dict(row._mapping) for row in await connection.execute(query.order_by(person.c.id).with_for_update())]
    by_email = {row["email"]: row for row in found}
    by_key = {row["external_key"]: row for row in found if row["external_key"]}
    created, updated, closed = [], [], []
    for entry, email in zip(chunk, emails, strict=True):
        key = entry.cells.external_key
        holder = by_email.get(email)
        known = by_key.get(key) if key else None
        if known is None and holder and (key is None or holder["external_key"] is None):
            known = holder
        if holder and holder is not known:
            whose = "another person" if known else "a person with another external key"
            job.refuse(entry, "email", f"must not be the address of {whose}")
            continue
        values = _values(entry.cells, email, known)
        if known is None:
            created.append({"id": new_id(), **values})
            job.changes.append(LineChange(line=entry.line, change="created"))
        elif columns := [name for name in _WIRE if values[name] != known[name]]:
            closed += [known["id"]] if known["active"] and not values["active"] else []
            del by_email[known["email"]]
            by_email[email] = known
            known.update(values)
            updated.append({"of_id": known["id"], **{f"new_{name}": value for name, value in values.items()}})
            told = [_WIRE[name] for name in columns]
            job.changes.append(LineChange(line=entry.line, change="updated", columns=told))
    await _write(connection, created, updated, closed)


def _values(cells: _Cells, email: str, known: dict[str, Any] | None) -> dict[str, Any]:
    """Return what shall be kept of a person; what a line does not say stays."""
    before = known or {"external_key": None, "language": "en", "active": True}
    return {
        "external_key": cells.external_key or before["external_key"],
        "email": email,
        "name": cells.name,
        "language": cells.language or before["language"],
        "active": cells.state == "active" if cells.state else before["active"],
    }


async def _write(
    connection: AsyncConnection, created: list[dict[str, Any]], updated: list[dict[str, Any]], closed: list[UUID]
) -> None:
    """Write what the lines say; changes first and in their order, for they give up addresses that others take."""
    if updated:
        await connection.execute(_update, updated)
    if created:
        await connection.execute(insert(person), [{**row, "revision": 1, "created_at": now()} for row in created])
    if closed:
        await connection.execute(delete(token).where(token.c.person_id.in_(closed)))
