"""Firms that take students, and who supervises them for the university."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from sqlalchemy import Table, delete, func, insert, select, update

from lms_core.api import (
    AsyncConnection,
    Conflict,
    Context,
    FieldError,
    InvalidInput,
    changed_or_raise,
    insert_into,
    new_id,
    revoke_guests,
)
from lms_internship_credit import hosts as h
from lms_internship_credit import tables as t
from lms_internship_credit import wire as w
from lms_internship_credit.cases import find_organisation
from lms_internship_credit.folding import kept
from lms_internship_credit.lifecycle import FINAL
from lms_internship_credit.reading import PAGE
from lms_internship_credit.telling import language_of

T = TypeVar("T", h.Contact, h.Site)

EMPLOYER = "internship_credit.employer"
"""As what a firm comes by a link to what it offers."""


async def add(context: Context, connection: AsyncConnection, data: h.NewOrganisation) -> h.Organisation:
    """Add a firm. Raises Conflict if there is one of this name at this place, and InvalidInput. Eleven statements."""
    await _check_free(context, connection, data, None)
    made_id = new_id()
    values = {"id": made_id, "programme_id": context.programme_id, **_firm(data), "revision": 1}
    await connection.execute(insert(t.organisation), values)
    return await _with_lists(context, connection, made_id, data)


async def change(
    context: Context, connection: AsyncConnection, organisation_id: UUID, data: h.NewOrganisation, expected: int
) -> h.Organisation:
    """Change a firm with its contacts and sites; those that are left out are gone.

    What is over and names one of these falls back to the first contact, and to no site. Raises NotFound, Conflict (one
    is named by what is under way), InvalidInput (an id of none of its own) and PreconditionFailed. Eleven statements,
    two more for contacts that are left out, and for sites.
    """
    await _check_free(context, connection, data, organisation_id)
    c = t.organisation.c
    same = (c.id == organisation_id) & (c.programme_id == context.programme_id)
    values = {**_firm(data), "revision": expected + 1}
    done = await connection.execute(update(t.organisation).where(same, c.revision == expected).values(**values))
    if not done.rowcount:
        await changed_or_raise(connection, t.organisation, same, expected)
    return await _with_lists(context, connection, organisation_id, data)


def _firm(data: h.NewOrganisation) -> dict[str, str]:
    return {"name": data.name, "place": data.place, "country": data.country, "words": kept(data.name)}


async def _with_lists(
    context: Context, connection: AsyncConnection, organisation_id: UUID, data: h.NewOrganisation
) -> h.Organisation:
    contacts = [
        {**msgspec.structs.asdict(one), "language": one.language or language_of(data.country)} for one in data.contacts
    ]
    sites = [msgspec.structs.asdict(one) for one in data.sites]
    for table, name, rows in ((t.contact, "contacts", contacts), (t.site, "sites", sites)):
        await _put(context, connection, table, organisation_id, name, rows)
    row = await find_organisation(context, connection, organisation_id)
    return (await _shown(connection, [row], whole=True))[0]


async def _put(
    context: Context, connection: AsyncConnection, table: Table, organisation_id: UUID, name: str, rows: list[Any]
) -> None:
    """Let these be the contacts or sites of a firm, in this order. Raises InvalidInput and Conflict."""
    of = table.c.organisation_id == organisation_id
    known = set(await connection.scalars(select(table.c.id).where(of)))
    wrong, used = [], set()
    for place, row in enumerate(rows):
        if row["id"] in used or row["id"] not in {None, *known}:
            wrong.append(FieldError(f"body.{name}[{place}].id", "must be null or the id of one of this firm, once"))
        used.add(row["id"] or place)
    if wrong:
        raise InvalidInput("This is none of the firm's own.", errors=wrong)
    if gone := known - used:
        await _check_unused(connection, table, f"{name[:-1]}_id", gone)
        await connection.execute(delete(table).where(of, table.c.id.in_(gone)))
    if rows:
        named = {"programme_id": context.programme_id, "organisation_id": organisation_id}
        values = [{**row, **named, "id": row["id"] or new_id(), "number": n} for n, row in enumerate(rows, 1)]
        wanted = insert_into(connection, table)
        fields = {key: wanted.excluded[key] for key in values[0] if key != "id"}
        await connection.execute(wanted.on_conflict_do_update(index_elements=["id"], set_=fields), values)


async def _check_unused(connection: AsyncConnection, table: Table, column: str, gone: Collection[UUID]) -> None:
    """Raise Conflict where a case that is under way, or an offer that is not closed, names one. Two statements."""
    found = []
    for of, one, many, under_way in (
        (t.case, "internship", "internships", t.case.c.state.not_in(FINAL)),
        (t.offer, "offer", "offers", t.offer.c.state != "closed"),
    ):
        query = select(table.c.name, func.count().label("number")).join_from(table, of, of.c[column] == table.c.id)
        query = query.where(table.c.id.in_(gone), under_way).group_by(table.c.id, table.c.name).order_by(table.c.id)
        rows = await connection.execute(query)
        found += [f"{row.name} by {row.number} {one if row.number == 1 else many}" for row in rows]
    if found:
        raise Conflict(
            f"What would go is still named: {'; '.join(found)}. Name another there first (PUT /cases/{{id}}/host, PUT "
            "/offers/{id}), or send it with its id: what comes without one is new."
        )


async def remove(context: Context, connection: AsyncConnection, organisation_id: UUID, expected: int) -> None:
    """Remove a firm of which there are neither cases nor offers, with its links.

    Raises NotFound, PreconditionFailed, and Conflict that says how many there are. Five statements.
    """
    c = t.organisation.c
    same = (c.id == organisation_id) & (c.programme_id == context.programme_id)
    held = select(c.id).where(same, c.revision == expected).with_for_update()
    if await connection.scalar(held) is None:
        await changed_or_raise(connection, t.organisation, same, expected)
    found = []
    for table, one, many in ((t.case, "internship", "internships"), (t.offer, "offer", "offers")):
        query = select(func.count()).select_from(table).where(table.c.organisation_id == organisation_id)
        number = await connection.scalar(query) or 0
        found += [f"{number} {one if number == 1 else many}"] if number else []
    if found:
        raise Conflict(f"There are {' and '.join(found)} of this firm; it stays as long as there are.")
    await connection.execute(delete(t.organisation).where(same))
    await revoke_guests(context, connection, EMPLOYER, str(organisation_id))


async def _check_free(context: Context, connection: AsyncConnection, data: h.NewOrganisation, own: UUID | None) -> None:
    c = t.organisation.c
    query = select(c.id).where(c.programme_id == context.programme_id, c.name == data.name, c.place == data.place)
    taken = await connection.scalar(query)
    if taken and taken != own:
        raise Conflict(f"There is {data.name} in {data.place} already.")


async def check_own(
    connection: AsyncConnection, organisation_id: UUID, site_id: UUID | None, contact_id: UUID | None
) -> None:
    """Raise InvalidInput where a site or a contact is not this firm's. A statement for each that is given."""
    for table, name, given in ((t.site, "siteId", site_id), (t.contact, "contactId", contact_id)):
        if given is None:
            continue
        of = (table.c.id == given) & (table.c.organisation_id == organisation_id)
        if await connection.scalar(select(table.c.id).where(of).with_for_update(read=True)) is None:
            wrong = [FieldError(f"body.{name}", "must be one of this firm's")]
            raise InvalidInput("This is none of the firm's own.", errors=wrong)


async def list_all(
    context: Context, connection: AsyncConnection, cursor: UUID | None, *, whole: bool
) -> h.Organisations:
    """Return a page of firms, the oldest first, with their contacts if `whole`. Two statements, three if `whole`."""
    c = t.organisation.c
    query = select(t.organisation).where(c.programme_id == context.programme_id)
    if cursor:
        query = query.where(c.id > cursor)
    rows = (await connection.execute(query.order_by(c.id).limit(PAGE))).all()
    items = await _shown(connection, rows, whole=whole)
    return h.Organisations(items, items[-1].id if len(items) == PAGE else None)


async def read(context: Context, connection: AsyncConnection, organisation_id: UUID) -> h.Organisation:
    """Return a firm with its contacts and sites. Raises NotFound. Three statements."""
    row = await find_organisation(context, connection, organisation_id)
    return (await _shown(connection, [row], whole=True))[0]


async def _shown(connection: AsyncConnection, rows: Sequence[Any], *, whole: bool) -> list[h.Organisation]:
    ids = [row.id for row in rows]
    sites = await _lists(connection, t.site, h.Site, ids)
    contacts = await _lists(connection, t.contact, h.Contact, ids) if whole else {}
    return [
        h.Organisation(
            id=row.id, name=row.name, place=row.place, country=row.country,
            contacts=contacts.get(row.id, []) if whole else None, sites=sites.get(row.id, []), revision=row.revision,
        )
        for row in rows
    ]  # fmt: skip


async def _lists(connection: AsyncConnection, table: Table, kind: type[T], firms: list[UUID]) -> dict[UUID, list[T]]:
    columns = [table.c[name] for name in kind.__struct_fields__]
    query = select(table.c.organisation_id, *columns).where(table.c.organisation_id.in_(firms))
    found: dict[UUID, list[T]] = {}
    for firm, *values in await connection.execute(query.order_by(table.c.number)):
        found.setdefault(firm, []).append(kind(**dict(zip(kind.__struct_fields__, values, strict=True))))
    return found


async def supervise(context: Context, connection: AsyncConnection, data: w.Supervising) -> None:
    """Let the person who asks be chosen as a supervisor. One statement."""
    key = {"programme_id": context.programme_id, "person_id": context.person_id}
    wanted = insert_into(connection, t.supervisor).values(**key, subjects=data.subjects)
    await connection.execute(wanted.on_conflict_do_update(index_elements=list(key), set_={"subjects": data.subjects}))


async def supervise_no_more(context: Context, connection: AsyncConnection) -> None:
    """Let the person who asks not be chosen any more; cases that she supervises stay hers. One statement."""
    c = t.supervisor.c
    same = (c.programme_id == context.programme_id) & (c.person_id == context.person_id)
    await connection.execute(delete(t.supervisor).where(same))
