"""HTTP for enrolment into programmes and runs."""

from __future__ import annotations

from uuid import UUID

from litestar import Response, Router, delete, get, post, put
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from lms_core.db import Database
from lms_core.enrolment import programme, seats
from lms_core.enrolment import types as t
from lms_core.hooks.dispatch import Dispatcher
from lms_core.http import CursorParam, IfMatch, LimitParam, LmsRequest, Once, expected_revision, paged, tagged
from lms_core.modules import runs
from lms_core.modules.types import Run
from lms_core.permissions import SELF


@post("/programmes/{programme_id:uuid}/enrolments", permission="enrolments.manage")
async def enrol_in_programme(
    programme_id: FromPath[UUID], data: JSONBody[t.NewProgrammeEnrolment], once: NamedDependency[Once], state: State
) -> t.ProgrammeEnrolment:
    """Make a person a student of the programme, bound to a version of its regulation."""
    made = await once(t.ProgrammeEnrolment, lambda connection: programme.enrol(connection, programme_id, data))
    state.guard.forget(made.person_id)
    return made


@get("/programmes/{programme_id:uuid}/enrolments", permission="enrolments.manage")
async def list_students(
    programme_id: FromPath[UUID],
    request: LmsRequest,
    database: NamedDependency[Database],
    cursor: CursorParam = None,
    limit: LimitParam = 50,
) -> Response[t.ProgrammeEnrolments]:
    """List the students of the programme, former ones included."""
    async with database.read() as connection:
        rows = await programme.list_students(connection, programme_id, cursor, limit)
    return paged(request, t.ProgrammeEnrolments, rows, limit, key="person_id")


@delete("/programmes/{programme_id:uuid}/enrolments/{person_id:uuid}", permission="enrolments.manage")
async def withdraw_from_programme(
    programme_id: FromPath[UUID], person_id: FromPath[UUID], database: NamedDependency[Database], state: State
) -> None:
    """End a person's enrolment in the programme; her runs and credits stay."""
    async with database.write() as connection:
        await programme.withdraw(connection, programme_id, person_id)
    state.guard.forget(person_id)


@put("/runs/{run_id:uuid}/enrolment", permission="runs.enrol")
async def enrol_myself(
    run_id: FromPath[UUID],
    data: JSONBody[t.RunEnrolmentChoice],
    request: LmsRequest,
    database: NamedDependency[Database],
    hooks: NamedDependency[Dispatcher],
    state: State,
) -> t.RunEnrolment:
    """Take a seat in the run, or a place in its waiting list when it is full; repeating it changes nothing."""
    me = request.user.person_id
    made = await seats.enrol(database, hooks, run_id, me, data.programme_id, single=False)
    state.guard.forget(me)
    return made


@delete("/runs/{run_id:uuid}/enrolment", permission=SELF)
async def withdraw_myself(
    run_id: FromPath[UUID], request: LmsRequest, database: NamedDependency[Database], state: State
) -> None:
    """Give up my seat or waiting place; a freed seat goes to the first who waits."""
    me = request.user.person_id
    async with database.write() as connection:
        await seats.withdraw(connection, run_id, me)
    state.guard.forget(me)


@put("/runs/{run_id:uuid}/enrolments/{person_id:uuid}", permission="enrolments.manage")
async def enrol_other(
    run_id: FromPath[UUID],
    person_id: FromPath[UUID],
    data: JSONBody[t.RunEnrolmentChoice],
    database: NamedDependency[Database],
    hooks: NamedDependency[Dispatcher],
    state: State,
) -> t.RunEnrolment:
    """Enrol another person; one who studies no programme that offers the module takes it as a single module."""
    made = await seats.enrol(database, hooks, run_id, person_id, data.programme_id, single=True)
    state.guard.forget(person_id)
    return made


@delete("/runs/{run_id:uuid}/enrolments/{person_id:uuid}", permission="enrolments.manage")
async def withdraw_other(
    run_id: FromPath[UUID], person_id: FromPath[UUID], database: NamedDependency[Database], state: State
) -> None:
    """Withdraw another person from the run; a freed seat goes to the first who waits."""
    async with database.write() as connection:
        await seats.withdraw(connection, run_id, person_id)
    state.guard.forget(person_id)


@put("/runs/{run_id:uuid}/capacity", permission="runs.manage")
async def change_capacity(
    run_id: FromPath[UUID],
    data: JSONBody[t.CapacityChange],
    database: NamedDependency[Database],
    if_match: IfMatch = None,
) -> Response[Run]:
    """Set the number of seats; added seats go to those who wait, in the order of arrival."""
    async with database.write() as connection:
        await seats.change_capacity(connection, run_id, data.capacity, expected_revision(if_match))
        return tagged(*await runs.read_run(connection, run_id))


router = Router(
    "/",
    tags=["Enrolment"],
    route_handlers=[
        enrol_in_programme, list_students, withdraw_from_programme, enrol_myself, withdraw_myself, enrol_other,
        withdraw_other, change_capacity,
    ],
)  # fmt: skip
