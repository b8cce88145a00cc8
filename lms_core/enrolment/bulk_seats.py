"""Seats in a run by the list: taken in the order of its lines, under the run's lock, by the rules of single ones."""

from __future__ import annotations

from itertools import groupby
from typing import Any, get_args
from uuid import UUID

import msgspec
from sqlalchemy import Select, or_, select

from lms_core.bulk import Entry, Import, chunks
from lms_core.db import AsyncConnection, Database
from lms_core.enrolment import seats
from lms_core.enrolment import types as t
from lms_core.enrolment.bulk import RIGHT as RIGHT_OF_STUDENTS
from lms_core.enrolment.bulk import resolve
from lms_core.enrolment.filling import HOOK
from lms_core.enrolment.tables import programme_enrolment, run_enrolment
from lms_core.errors import LmsError, NotFound
from lms_core.hooks.dispatch import Dispatcher
from lms_core.hooks.types import EnrolmentRequest
from lms_core.modules.tables import adoption, module, run
from lms_core.people.tables import person
from lms_core.people.types import ExternalKey
from lms_core.programmes.tables import programme
from lms_core.sheets import LineChange, Mode, Report
from lms_core.types import Email, Key, Name

_OVER = ("withdrawn", "declined", "expired")


class _Cells(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What the cells of a line can be."""

    external_key: ExternalKey | None = None
    email: Email | None = None
    name: Name | None = None
    programme: Key | None = None
    state: t.RunState = "enrolled"


RIGHT = RIGHT_OF_STUDENTS | {
    "programme": "the key of a programme that the person studies and that offers this",
    "state": f"one of {', '.join(get_args(t.RunState))}",
}


class _Place(msgspec.Struct, frozen=True):
    """A run, its module, the programmes under which a seat may count, on behalf of which of them a list is brought in.

    `consent` says who approves by that.
    """

    run_id: UUID
    module_id: UUID
    offering: dict[str, UUID]
    under: UUID | None
    consent: seats.Consent


class _Step(msgspec.Struct, frozen=True):
    """What a line asks for: a seat that counts under a programme or none, or to give one up."""

    entry: Entry[_Cells]
    person_id: UUID
    programme_id: UUID | None
    before: t.RunState | None = None


async def import_seats(
    database: Database,
    hooks: Dispatcher,
    run_id: UUID,
    given: t.SeatLines,
    mode: Mode,
    actor: UUID,
    under: UUID | None = None,
) -> Report:
    """Give persons seats in a run, or places in its waiting list when it is full, in the order of the lines.

    The same list again changes nothing. With `under` all of it is about enrolments that count under that programme, of
    those who study it; where the run is another programme's and asks for approval, seats are requested. Plugins are
    asked before the transaction about each new seat, as for a single one. Some twenty statements for each thousand
    lines that follow each other with the same intent, to take seats or to give them up. Raises NotFound, Unavailable
    (a plugin could not check), Conflict (somebody else changed it meanwhile), and InvalidInput, which names each bad
    line, unless they are skipped.
    """
    job = Import(given.lines, mode)
    entries = await job.check(_Cells, RIGHT)
    seen: dict[UUID, Entry[Any]] = {}
    steps: list[_Step] = []
    async with database.read() as connection:
        place = await _look_up(connection, run_id, under)
        for chunk in chunks(entries):
            steps += await _plan(connection, place, chunk, job, seen)
    allowed = [step for step in steps if await _allows(hooks, place, step, job)]
    deciding = await hooks.deciding(HOOK)
    async with job.transaction(database) as connection:
        for leaving, alike in groupby(allowed, key=lambda step: step.entry.cells.state == "withdrawn"):
            for some in chunks(list(alike)):
                if leaving:
                    ids = [step.person_id for step in some]
                    await seats.withdraw(connection, run_id, ids, deciding=deciding, actor=actor, under=under)
                    job.changes += [LineChange(line=step.entry.line, change="withdrawn") for step in some]
                else:
                    people = [(step.person_id, step.programme_id) for step in some]
                    consent = place.consent
                    taken = await seats.take_seats(connection, run_id, people, consent, deciding=deciding, actor=actor)
                    _tell(some, taken, job)
    return job.report()


def _tell(steps: list[_Step], taken: dict[UUID, t.RunEnrolment | LmsError], job: Import) -> None:
    for step in steps:
        made = taken[step.person_id]
        if isinstance(made, LmsError):
            job.refuse(step.entry, None, made.detail)
        elif made.state in ("enrolled", "waiting", "requested") and made.state != step.before:
            job.changes.append(LineChange(line=step.entry.line, change=made.state))


async def _look_up(connection: AsyncConnection, run_id: UUID, under: UUID | None) -> _Place:
    query = select(run.c.module_id, module.c.programme_id).join_from(run, module, module.c.id == run.c.module_id)
    found = (await connection.execute(query.where(run.c.id == run_id))).first()
    if found is None:
        raise NotFound("There is no such run.")
    adopters = select(adoption.c.programme_id).where(adoption.c.module_id == found.module_id)
    offer = select(programme.c.key, programme.c.id).where(
        or_(programme.c.id == found.programme_id, programme.c.id.in_(adopters))
    )
    offering = {row.key: row.id for row in await connection.execute(offer.order_by(programme.c.key))}
    if under is not None:
        offering = {key: programme_id for key, programme_id in offering.items() if programme_id == under}
        if not offering:
            raise NotFound("There is no such run.")
    consent: seats.Consent = "run" if under in (None, found.programme_id) else "programme"
    return _Place(run_id, found.module_id, offering, under, consent)


async def _plan(
    connection: AsyncConnection, place: _Place, chunk: list[Entry[_Cells]], job: Import, seen: dict[UUID, Entry[Any]]
) -> list[_Step]:
    """Find out what lines ask for; those that say what is so already ask for nothing."""
    offering = list(place.offering.values())
    students = select(programme_enrolment.c.person_id).where(programme_enrolment.c.programme_id.in_(offering))
    named = await resolve(connection, job, chunk, person.c.id.in_(students), seen)
    people = [who for _, who in named]
    query = select(run_enrolment.c.person_id, run_enrolment.c.state, run_enrolment.c.programme_id).where(
        run_enrolment.c.run_id == place.run_id, run_enrolment.c.person_id.in_(people)
    )
    present = {row.person_id: row for row in await connection.execute(query) if row.state not in _OVER}
    studies = select(programme_enrolment.c.person_id, programme_enrolment.c.programme_id).where(
        programme_enrolment.c.person_id.in_(people),
        programme_enrolment.c.programme_id.in_(offering),
        programme_enrolment.c.state == "enrolled",
    )
    possible: dict[UUID, list[UUID]] = {}
    for row in await connection.execute(studies):
        possible.setdefault(row.person_id, []).append(row.programme_id)
    steps = []
    for entry, who in named:
        before, cells = present.get(who), entry.cells
        wanted = place.offering.get(cells.programme) if cells.programme else place.under
        counting = wanted or (possible[who][0] if len(possible.get(who, ())) == 1 else None)
        if cells.programme and wanted is None:
            job.refuse(entry, "programme", _choices(place, possible.get(who, [])))
        elif before and wanted not in (None, before.programme_id):
            job.refuse(entry, "programme", "must be the one under which she is enrolled already; withdraw her first")
        elif cells.state in _OVER and not before:
            continue
        elif cells.state == "withdrawn" and before and before.state == "completed":
            job.refuse(entry, "state", "must be completed, for this person has completed the run")
        elif cells.state == "withdrawn":
            steps.append(_Step(entry, who, None))
        elif cells.state in _OVER:
            job.refuse(entry, "state", "must be withdrawn, for this person is in the run")
        elif before and before.state == "requested" and cells.state != "requested":
            steps.append(_Step(entry, who, before.programme_id, before.state))
        elif before:
            continue
        elif cells.state not in ("enrolled", "waiting"):
            job.refuse(entry, "state", "must be enrolled or waiting, for this person is not in the run")
        elif (wanted or len(possible.get(who, ())) > 1) and counting not in possible.get(who, ()):
            job.refuse(entry, "programme", _choices(place, possible.get(who, [])))
        else:
            steps.append(_Step(entry, who, counting))
    return steps


def _choices(place: _Place, possible: list[UUID]) -> str:
    keys = [key for key, programme_id in place.offering.items() if programme_id in possible]
    return f"must be {RIGHT['programme']}: {', '.join(keys) or 'there is none'}"


async def _allows(hooks: Dispatcher, place: _Place, step: _Step, job: Import) -> bool:
    """Ask the plugins of the programme under which a seat counts. Raises Unavailable."""
    if step.programme_id is None:
        return True
    request = EnrolmentRequest(step.person_id, place.run_id, place.module_id, step.programme_id)
    objections = await hooks.decide(HOOK, step.programme_id, request)
    if objections:
        job.refuse(step.entry, None, " ".join(objection.reason for objection in objections))
    return not objections


def exported(run_id: UUID) -> Select[Any]:
    """Select those who are or were in a run as lines of an import."""
    return (
        select(
            person.c.external_key, person.c.email, person.c.name, programme.c.key.label("programme"),
            run_enrolment.c.state,
        )
        .join_from(run_enrolment, person)
        .outerjoin(programme, programme.c.id == run_enrolment.c.programme_id)
        .where(run_enrolment.c.run_id == run_id)
        .order_by(run_enrolment.c.person_id)
    )  # fmt: skip
