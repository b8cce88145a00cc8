"""What plugins may read of the core: facts about a run, a person, and her seats."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from typing import Literal
from uuid import UUID

import msgspec
from sqlalchemy import select

from lms_core.db import AsyncConnection
from lms_core.enrolment.tables import programme_enrolment, run_enrolment, seat_rules
from lms_core.errors import NotFound
from lms_core.modules.tables import module, run
from lms_core.people.tables import person
from lms_core.programmes.tables import organisation, partner, programme, term


class RunFacts(msgspec.Struct, frozen=True):
    """A run: of which module, owned by which programme, in which term, from which day of that to which."""

    id: UUID
    module_id: UUID
    programme_id: UUID
    term_id: UUID
    title: str
    term_starts: date
    term_ends: date


class RunMinimum(msgspec.Struct, frozen=True):
    """How many must have a seat in a run, by when, for it to take place; null where nothing is said.

    `decision` is null until it is decided, by the number of seats taken then or by somebody.
    """

    minimum: int | None
    decide_at: datetime | None
    decision: Literal["go", "no_go"] | None


class ProgrammeFacts(msgspec.Struct, frozen=True):
    """A programme: its title, and the names of the organisations that lead it, such as universities."""

    title: str
    led_by: tuple[str, ...]


class PersonFacts(msgspec.Struct, frozen=True):
    """A person as others see her; `language` (en or de) is that of mail to her."""

    id: UUID
    name: str
    email: str
    language: str


class Seat(msgspec.Struct, frozen=True):
    """A person's place in a run: hers (enrolled), one she waits for, or that of a run she has completed.

    Where runs ask for approval or offer seats, also one she asked for (requested) or that is held for her (offered).
    """

    run_id: UUID
    state: Literal["enrolled", "waiting", "completed", "requested", "offered"]


class SeatFacts(msgspec.Struct, frozen=True):
    """Whether a person studies a programme now, and her places in runs that count under it, by the id of the run."""

    student: bool
    seats: tuple[Seat, ...]


async def read_run(connection: AsyncConnection, run_id: UUID) -> RunFacts:
    """Return the facts about a run. Raises NotFound. One statement."""
    columns = (run.c.id, run.c.module_id, module.c.programme_id, run.c.term_id, run.c.title)
    query = (
        select(*columns, term.c.starts_on, term.c.ends_on)
        .join(module, module.c.id == run.c.module_id)
        .join(term, term.c.id == run.c.term_id)
        .where(run.c.id == run_id)
    )
    row = (await connection.execute(query)).first()
    if row is None:
        raise NotFound("There is no such run.")
    return RunFacts(*row)


async def read_minimum(connection: AsyncConnection, run_id: UUID) -> RunMinimum:
    """Return the minimum of a run, and what is decided of it; of a run that nobody knows, nothing. One statement."""
    query = select(seat_rules.c.minimum, seat_rules.c.decide_at, seat_rules.c.decision)
    row = (await connection.execute(query.where(seat_rules.c.run_id == run_id))).first()
    return RunMinimum(*row) if row else RunMinimum(None, None, None)


async def read_programme(connection: AsyncConnection, programme_id: UUID) -> ProgrammeFacts:
    """Return the facts about a programme, who leads it in the order of names. Raises NotFound. One statement."""
    leads = (partner.c.programme_id == programme.c.id) & (partner.c.part == "leads")
    query = (
        select(programme.c.title, organisation.c.name)
        .outerjoin(partner, leads)
        .outerjoin(organisation, organisation.c.id == partner.c.organisation_id)
        .where(programme.c.id == programme_id)
        .order_by(organisation.c.name)
    )
    rows = (await connection.execute(query)).all()
    if not rows:
        raise NotFound("There is no such programme.")
    return ProgrammeFacts(rows[0].title, tuple(row.name for row in rows if row.name))


async def read_person(connection: AsyncConnection, person_id: UUID) -> PersonFacts:
    """Return the facts about a person; show them only to those who may know her. Raises NotFound. One statement."""
    query = select(person.c.id, person.c.name, person.c.email, person.c.language).where(person.c.id == person_id)
    row = (await connection.execute(query)).first()
    if row is None:
        raise NotFound("There is no such person.")
    return PersonFacts(*row)


async def read_persons(connection: AsyncConnection, persons: Collection[UUID]) -> list[PersonFacts]:
    """Return the facts about persons, in the order of their names; whom nobody knows is left out. One statement."""
    query = select(person.c.id, person.c.name, person.c.email, person.c.language).where(person.c.id.in_(persons))
    return [PersonFacts(*row) for row in await connection.execute(query.order_by(person.c.name, person.c.id))]


async def read_seats(connection: AsyncConnection, person_id: UUID, programme_id: UUID) -> SeatFacts:
    """Return whether a person studies a programme, and her seats under it; whom nobody knows has none. Two statements.

    Seats stay when a student leaves the programme; those she withdrew from are not among them.
    """
    studies = select(programme_enrolment.c.person_id).where(
        programme_enrolment.c.person_id == person_id,
        programme_enrolment.c.programme_id == programme_id,
        programme_enrolment.c.state == "enrolled",
    )
    seats = select(run_enrolment.c.run_id, run_enrolment.c.state).where(
        run_enrolment.c.person_id == person_id,
        run_enrolment.c.programme_id == programme_id,
        run_enrolment.c.state.not_in(["withdrawn", "declined", "expired"]),
    )
    student = (await connection.execute(studies)).first() is not None
    rows = await connection.execute(seats.order_by(run_enrolment.c.run_id))
    return SeatFacts(student, tuple(Seat(*row) for row in rows))
