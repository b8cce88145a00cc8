"""The students of a programme by the thousand: enrolled and withdrawn by a list, and handed out as one."""

from __future__ import annotations

from typing import Any, Literal, Protocol, TypeVar
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, Select, bindparam, insert, or_, select, update

from lms_core.bulk import Entry, Import, chunks
from lms_core.db import AsyncConnection, Database
from lms_core.enrolment import types as t
from lms_core.enrolment.tables import programme_enrolment
from lms_core.people.tables import person
from lms_core.people.types import ExternalKey
from lms_core.programmes.tables import regulation
from lms_core.sheets import LineChange, Mode, Report
from lms_core.types import Email, Key, Name, now


class Names(Protocol):
    """Cells that name a person."""

    @property
    def external_key(self) -> str | None:
        """What another system knows her by."""

    @property
    def email(self) -> str | None:
        """Her e-mail address."""


N = TypeVar("N", bound=Names)


class _Cells(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What the cells of a line can be."""

    external_key: ExternalKey | None = None
    email: Email | None = None
    name: Name | None = None
    regulation: Key | None = None
    state: Literal["enrolled", "withdrawn"] = "enrolled"


RIGHT = {
    "externalKey": "one line of at most 100 characters",
    "email": "an e-mail address, such as anna@example.org",
    "name": "one line of at most 200 characters",
    "regulation": "the key of a version of the programme's regulation",
    "state": "enrolled or withdrawn",
}

_update = (
    update(programme_enrolment)
    .where(
        programme_enrolment.c.person_id == bindparam("of_person"),
        programme_enrolment.c.programme_id == bindparam("of_programme"),
    )
    .values(state=bindparam("new_state"), since=bindparam("moment"), regulation_id=bindparam("new_regulation"))
)


async def resolve(
    connection: AsyncConnection,
    job: Import,
    chunk: list[Entry[N]],
    here: ColumnElement[bool],
    seen: dict[UUID, Entry[Any]],
) -> list[tuple[Entry[N], UUID]]:
    """Find out whom lines name; `seen` remembers in which line. One statement.

    An external key works only for people who are `here`, a condition on the table of persons: anybody else's would
    lead from a number that can be guessed to a name and an address.
    """
    emails = [entry.cells.email.lower() for entry in chunk if entry.cells.email]
    keys = [entry.cells.external_key for entry in chunk if entry.cells.external_key]
    query = select(person.c.id, person.c.email, person.c.external_key, here.label("here")).where(
        or_(person.c.email.in_(emails), person.c.external_key.in_(keys) & here)
    )
    rows = (await connection.execute(query)).all()
    by_email = {row.email: row.id for row in rows}
    by_key = {row.external_key: row.id for row in rows if row.here}
    found = []
    for entry in chunk:
        email, key = entry.cells.email, entry.cells.external_key
        by_address = by_email.get(email.lower()) if email else None
        person_id = (by_key.get(key) if key else None) or by_address
        if person_id is None and email:
            job.refuse(entry, "email", "must be the address of a person known here; create her first")
        elif person_id is None and key:
            job.refuse(entry, "externalKey", "must be that of somebody known in this programme; name others by e-mail")
        elif person_id is None:
            job.refuse(entry, "email", f"must be {RIGHT['email']}, where no external key names the person")
        elif by_address not in (None, person_id):
            job.refuse(entry, "email", "must not be the address of another person than the external key names")
        elif seen.setdefault(person_id, entry) is not entry:
            job.refuse(entry, None, f"names the same person as line {seen[person_id].line}")
        else:
            found.append((entry, person_id))
    return found


async def import_students(database: Database, programme_id: UUID, given: t.StudentLines, mode: Mode) -> Report:
    """Enrol persons in a programme, or withdraw them, as a list says; the same list again changes nothing.

    Who is enrolled stays bound to her version of the regulation: to change it, the equivalence of what she has done
    must be decided. Statements: one, and at most four for each thousand lines. Raises InvalidInput, which names each
    bad line, unless they are skipped.
    """
    job = Import(given.lines, mode)
    entries = await job.check(_Cells, RIGHT)
    seen: dict[UUID, Entry[Any]] = {}
    async with job.transaction(database) as connection:
        query = select(regulation.c.id, regulation.c.version, regulation.c.valid_from).order_by(regulation.c.valid_from)
        versions = (await connection.execute(query.where(regulation.c.programme_id == programme_id))).all()
        for chunk in chunks(entries):
            await _carry_out(connection, programme_id, chunk, job, seen, versions)
    return job.report()


async def _carry_out(
    connection: AsyncConnection,
    programme_id: UUID,
    chunk: list[Entry[_Cells]],
    job: Import,
    seen: dict[UUID, Entry[Any]],
    versions: Any,
) -> None:
    ids = {row.version: row.id for row in versions}
    latest = next((row.id for row in reversed(versions) if row.valid_from <= now().date()), None)
    whole = programme_enrolment.c.programme_id == programme_id
    here = person.c.id.in_(select(programme_enrolment.c.person_id).where(whole))
    named = await resolve(connection, job, chunk, here, seen)
    query = select(programme_enrolment).where(whole, programme_enrolment.c.person_id.in_([who for _, who in named]))
    rows = await connection.execute(query.order_by(programme_enrolment.c.person_id).with_for_update())
    present = {row.person_id: row for row in rows}
    created, updated, moment = [], [], now()
    for entry, who in named:
        cells, before = entry.cells, present.get(who)
        wanted = ids.get(cells.regulation) if cells.regulation else None
        if cells.regulation and wanted is None:
            job.refuse(entry, "regulation", f"must be {RIGHT['regulation']}: {', '.join(ids) or 'there is none'}")
        elif before is None and cells.state == "withdrawn":
            job.refuse(entry, "state", "must be enrolled, for this person is no student of the programme")
        elif before and before.state == "enrolled" and wanted not in (None, before.regulation_id):
            job.refuse(entry, "regulation", "must be the version that the student is bound to; leave it empty")
        elif before is None or before.state != cells.state:
            bound = before.regulation_id if before and cells.state == "withdrawn" else wanted or latest
            if bound is None:
                job.refuse(entry, "regulation", "must be given, for no version is in force")
                continue
            if before is None:
                created.append({
                    "person_id": who, "programme_id": programme_id, "regulation_id": bound, "state": "enrolled",
                    "since": moment,
                })  # fmt: skip
            else:
                updated.append({
                    "of_person": who, "of_programme": programme_id, "new_state": cells.state, "moment": moment,
                    "new_regulation": bound,
                })  # fmt: skip
            job.changes.append(LineChange(line=entry.line, change=cells.state))
    if created:
        await connection.execute(insert(programme_enrolment), created)
    if updated:
        await connection.execute(_update, updated)


def exported(programme_id: UUID) -> Select[Any]:
    """Select the students of a programme as lines of an import, former ones included."""
    return (
        select(
            person.c.external_key, person.c.email, person.c.name, regulation.c.version.label("regulation"),
            programme_enrolment.c.state,
        )
        .join_from(programme_enrolment, person)
        .join(regulation, regulation.c.id == programme_enrolment.c.regulation_id)
        .where(programme_enrolment.c.programme_id == programme_id)
        .order_by(programme_enrolment.c.person_id)
    )  # fmt: skip
