"""The rules about organisations, programmes, regulations and terms."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import delete, insert, select, update

from lms_core.db import AsyncConnection, metadata
from lms_core.errors import Conflict, NotFound
from lms_core.http import changed_or_raise
from lms_core.programmes import types as t
from lms_core.programmes.tables import organisation, partner, programme, regulation, term
from lms_core.types import new_id

_organisation = (
    organisation.c.id,
    organisation.c.key,
    organisation.c.name,
    organisation.c.kind,
    organisation.c.country,
)
_programme = (
    programme.c.id,
    programme.c.key,
    programme.c.title,
    programme.c.degree,
    programme.c.language,
    programme.c.approval,
)


async def create_organisation(connection: AsyncConnection, new: t.NewOrganisation) -> t.Organisation:
    """Create an organisation. Raises Conflict when its key is taken."""
    if await connection.scalar(select(organisation.c.id).where(organisation.c.key == new.key)):
        raise Conflict(f"There is an organisation with the key {new.key} already.")
    made = t.Organisation(new_id(), new.key, new.name, new.kind, new.country)
    await connection.execute(insert(organisation), msgspec.structs.asdict(made))
    return made


async def list_organisations(connection: AsyncConnection, cursor: UUID | None, limit: int) -> list[t.Organisation]:
    """Return up to limit + 1 organisations after the cursor."""
    query = select(*_organisation).order_by(organisation.c.id).limit(limit + 1)
    if cursor is not None:
        query = query.where(organisation.c.id > cursor)
    return [t.Organisation(*row) for row in await connection.execute(query)]


async def create_programme(connection: AsyncConnection, new: t.NewProgramme) -> t.Programme:
    """Create a programme. Raises Conflict when its key is taken."""
    if await connection.scalar(select(programme.c.id).where(programme.c.key == new.key)):
        raise Conflict(f"There is a programme with the key {new.key} already.")
    made = t.Programme(new_id(), new.key, new.title, new.degree, new.language)
    await connection.execute(insert(programme), {**msgspec.structs.asdict(made), "revision": 1})
    return made


async def list_programmes(
    connection: AsyncConnection, visible: set[UUID] | None, key: str | None, cursor: UUID | None, limit: int
) -> list[t.Programme]:
    """Return up to limit + 1 programmes after the cursor, of those that are visible (None: all)."""
    query = select(*_programme).order_by(programme.c.id).limit(limit + 1)
    if visible is not None:
        query = query.where(programme.c.id.in_(visible))
    if key is not None:
        query = query.where(programme.c.key == key)
    if cursor is not None:
        query = query.where(programme.c.id > cursor)
    return [t.Programme(*row) for row in await connection.execute(query)]


async def read_programme(connection: AsyncConnection, programme_id: UUID) -> tuple[t.ProgrammeDetail, int]:
    """Return a programme with all that belongs to it, and its revision. Raises NotFound. Five statements."""
    row = (
        await connection.execute(select(*_programme, programme.c.revision).where(programme.c.id == programme_id))
    ).first()
    if row is None:
        raise NotFound("There is no such programme.")
    partners = (
        select(organisation.c.id, organisation.c.name, partner.c.part)
        .join_from(partner, organisation)
        .where(partner.c.programme_id == programme_id)
        .order_by(organisation.c.name)
    )
    regulations = select(regulation).where(regulation.c.programme_id == programme_id).order_by(regulation.c.valid_from)
    terms = select(term).where(term.c.programme_id == programme_id).order_by(term.c.starts_on)
    adoption = metadata.tables["module_adoption"]
    adopted = select(adoption.c.module_id).where(adoption.c.programme_id == programme_id)
    detail = t.ProgrammeDetail(
        id=row.id,
        key=row.key,
        title=row.title,
        degree=row.degree,
        language=row.language,
        approval=row.approval,
        partners=[t.Partner(*found) for found in await connection.execute(partners)],
        regulations=[_without_programme(t.Regulation, found) for found in await connection.execute(regulations)],
        terms=[_without_programme(t.Term, found) for found in await connection.execute(terms)],
        adopted_modules=sorted((await connection.execute(adopted)).scalars()),
    )
    return detail, row.revision


def _without_programme(kind: Any, row: Any) -> Any:
    values = dict(row._mapping)
    del values["programme_id"]
    return kind(**values)


async def change_programme(
    connection: AsyncConnection, programme_id: UUID, change: t.ProgrammeChange, expected: int
) -> None:
    """Change a programme's title, degree or language, or whether it asks for approval.

    Raises NotFound, PreconditionFailed.
    """
    values = {name: value for name, value in msgspec.structs.asdict(change).items() if value is not None}
    same = programme.c.id == programme_id
    done = await connection.execute(
        update(programme).where(same, programme.c.revision == expected).values(**values, revision=expected + 1)
    )
    if not done.rowcount:
        await changed_or_raise(connection, programme, same, expected)


async def _must_exist(connection: AsyncConnection, programme_id: UUID) -> None:
    if await connection.scalar(select(programme.c.id).where(programme.c.id == programme_id)) is None:
        raise NotFound("There is no such programme.")


async def set_partner(connection: AsyncConnection, programme_id: UUID, organisation_id: UUID, part: t.Part) -> None:
    """Give an organisation its part in a programme, or another part. Raises NotFound."""
    await _must_exist(connection, programme_id)
    if await connection.scalar(select(organisation.c.id).where(organisation.c.id == organisation_id)) is None:
        raise NotFound("There is no such organisation.")
    same = (partner.c.programme_id == programme_id) & (partner.c.organisation_id == organisation_id)
    done = await connection.execute(update(partner).where(same).values(part=part))
    if not done.rowcount:
        row = {"programme_id": programme_id, "organisation_id": organisation_id, "part": part}
        await connection.execute(insert(partner), row)


async def remove_partner(connection: AsyncConnection, programme_id: UUID, organisation_id: UUID) -> None:
    """End an organisation's part in a programme. Raises NotFound."""
    same = (partner.c.programme_id == programme_id) & (partner.c.organisation_id == organisation_id)
    if not (await connection.execute(delete(partner).where(same))).rowcount:
        raise NotFound("This organisation has no part in the programme.")


async def add_regulation(connection: AsyncConnection, programme_id: UUID, new: t.NewRegulation) -> t.Regulation:
    """Add a version of the regulation; versions are never changed, only followed. Raises Conflict, NotFound."""
    await _must_exist(connection, programme_id)
    same = (regulation.c.programme_id == programme_id) & (regulation.c.version == new.version)
    if await connection.scalar(select(regulation.c.id).where(same)):
        raise Conflict(f"There is a regulation version {new.version} already.")
    made = t.Regulation(id=new_id(), **msgspec.structs.asdict(new))
    row = {**msgspec.structs.asdict(made), "programme_id": programme_id}
    await connection.execute(insert(regulation), row)
    return made


async def add_term(connection: AsyncConnection, programme_id: UUID, new: t.NewTerm) -> t.Term:
    """Add a term. Raises Conflict when the programme has it already, and NotFound."""
    await _must_exist(connection, programme_id)
    same = (term.c.programme_id == programme_id) & (term.c.season == new.season) & (term.c.year == new.year)
    if await connection.scalar(select(term.c.id).where(same)):
        raise Conflict(f"The programme has a {new.season} term {new.year} already.")
    made = t.Term(id=new_id(), **msgspec.structs.asdict(new))
    await connection.execute(insert(term), {**msgspec.structs.asdict(made), "programme_id": programme_id})
    return made
