"""What plugins may read of the core: facts about a run and a person."""

from __future__ import annotations

from uuid import UUID

import msgspec
from sqlalchemy import select

from lms_core.db import AsyncConnection
from lms_core.errors import NotFound
from lms_core.modules.tables import module, run
from lms_core.people.tables import person


class RunFacts(msgspec.Struct, frozen=True):
    """A run: of which module, owned by which programme, in which term."""

    id: UUID
    module_id: UUID
    programme_id: UUID
    term_id: UUID
    title: str


class PersonFacts(msgspec.Struct, frozen=True):
    """A person as others see her; `language` (en or de) is that of mail to her."""

    id: UUID
    name: str
    email: str
    language: str


async def read_run(connection: AsyncConnection, run_id: UUID) -> RunFacts:
    """Return the facts about a run. Raises NotFound. One statement."""
    query = select(run.c.id, run.c.module_id, module.c.programme_id, run.c.term_id, run.c.title)
    row = (
        await connection.execute(query.join(module, module.c.id == run.c.module_id).where(run.c.id == run_id))
    ).first()
    if row is None:
        raise NotFound("There is no such run.")
    return RunFacts(*row)


async def read_person(connection: AsyncConnection, person_id: UUID) -> PersonFacts:
    """Return the facts about a person; show them only to those who may know her. Raises NotFound. One statement."""
    query = select(person.c.id, person.c.name, person.c.email, person.c.language).where(person.c.id == person_id)
    row = (await connection.execute(query)).first()
    if row is None:
        raise NotFound("There is no such person.")
    return PersonFacts(*row)
