"""HTTP for enrolment into programmes and runs."""

from __future__ import annotations

from typing import Annotated, get_args
from uuid import UUID

from litestar import Response, Router, delete, get, post, put
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from lms_core.db import Database
from lms_core.enrolment import offers, programme, record, run_rules, seats
from lms_core.enrolment import types as t
from lms_core.enrolment.filling import HOOK
from lms_core.hooks.dispatch import Dispatcher
from lms_core.http import CursorParam, IfMatch, LimitParam, LmsRequest, Once, expected_revision, one_of, paged, tagged
from lms_core.modules import runs
from lms_core.modules.types import Run
from lms_core.permissions import SELF

RunStateParam = Annotated[
    str | None, QueryParameter(name="state", description="Only those in this state.", enum=get_args(t.RunState))
]


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
    """Take a seat in the run, or a place in its waiting list when it is full; repeating it changes nothing.

    Where the run or the programme asks for approval this is a request. A 409 names the rules that stand against it.
    """
    me = request.user.person_id
    made = await seats.enrol(database, hooks, run_id, me, data.programme_id, single=False, actor=me)
    state.guard.forget(me)
    return made


@get("/runs/{run_id:uuid}/enrolment", permission=SELF)
async def read_my_enrolment(
    run_id: FromPath[UUID], request: LmsRequest, database: NamedDependency[Database]
) -> t.MyRunEnrolment:
    """Show my enrolment in the run: how many wait before me, until when a seat is held for me, and what happened."""
    async with database.read() as connection:
        return await record.my_enrolment(connection, run_id, request.user.person_id)


@delete("/runs/{run_id:uuid}/enrolment", permission=SELF)
async def withdraw_myself(
    run_id: FromPath[UUID],
    request: LmsRequest,
    database: NamedDependency[Database],
    hooks: NamedDependency[Dispatcher],
    state: State,
) -> None:
    """Give up my seat, offer, request or waiting place; a freed seat goes to the first who waits."""
    me = request.user.person_id
    deciding = await hooks.deciding(HOOK)
    async with database.write() as connection:
        await seats.withdraw(connection, run_id, [me], deciding=deciding, actor=me)
    state.guard.forget(me)


@put("/runs/{run_id:uuid}/enrolment/acceptance", permission=SELF)
async def accept_offer(
    run_id: FromPath[UUID], request: LmsRequest, database: NamedDependency[Database], state: State
) -> t.RunEnrolment:
    """Accept the seat that is offered to me; repeating it changes nothing."""
    me = request.user.person_id
    async with database.write() as connection:
        made = await offers.accept(connection, run_id, me)
    state.guard.forget(me)
    return made


@put("/runs/{run_id:uuid}/enrolments/{person_id:uuid}", permission="enrolments.manage")
async def enrol_other(
    run_id: FromPath[UUID],
    person_id: FromPath[UUID],
    data: JSONBody[t.RunEnrolmentChoice],
    request: LmsRequest,
    database: NamedDependency[Database],
    hooks: NamedDependency[Dispatcher],
    state: State,
) -> t.RunEnrolment:
    """Enrol another person; one who studies no programme that offers the module takes it as a single module."""
    me = request.user.person_id
    made = await seats.enrol(database, hooks, run_id, person_id, data.programme_id, single=True, actor=me)
    state.guard.forget(person_id)
    return made


@delete("/runs/{run_id:uuid}/enrolments/{person_id:uuid}", permission="enrolments.manage")
async def withdraw_other(
    run_id: FromPath[UUID],
    person_id: FromPath[UUID],
    request: LmsRequest,
    database: NamedDependency[Database],
    hooks: NamedDependency[Dispatcher],
    state: State,
) -> None:
    """Withdraw another person from the run; a freed seat goes to the first who waits."""
    deciding = await hooks.deciding(HOOK)
    async with database.write() as connection:
        await seats.withdraw(connection, run_id, [person_id], deciding=deciding, actor=request.user.person_id)
    state.guard.forget(person_id)


@put("/runs/{run_id:uuid}/enrolments/{person_id:uuid}/approval", permission="enrolments.manage")
async def answer_request(
    run_id: FromPath[UUID],
    person_id: FromPath[UUID],
    data: JSONBody[t.Approval],
    request: LmsRequest,
    database: NamedDependency[Database],
    hooks: NamedDependency[Dispatcher],
    state: State,
) -> t.RunEnrolment:
    """Approve of a person's request, which then gets a seat or waits, or decline it with a reason."""
    made = await offers.approve(database, hooks, run_id, person_id, data, request.user.person_id)
    state.guard.forget(person_id)
    return made


@put(
    "/runs/{run_id:uuid}/enrolments/{person_id:uuid}/waivers/{rule:str}",
    permission="enrolments.manage",
)
async def waive_rule(
    run_id: FromPath[UUID],
    person_id: FromPath[UUID],
    rule: FromPath[str],
    data: JSONBody[t.NewWaiver],
    request: LmsRequest,
    database: NamedDependency[Database],
) -> t.Waiver:
    """Waive a rule (prerequisites, limits or clashes) for a person in this run, by name and with a reason."""
    waived = one_of("rule", rule, t.Rule, place="path")
    async with database.write() as connection:
        return await record.waive(connection, run_id, person_id, waived, data, request.user.person_id)


@get("/runs/{run_id:uuid}/enrolment-changes", permission="enrolments.manage")
async def list_enrolment_changes(
    run_id: FromPath[UUID],
    request: LmsRequest,
    database: NamedDependency[Database],
    cursor: CursorParam = None,
    limit: LimitParam = 50,
) -> Response[t.EnrolmentChanges]:
    """List every change of the run's enrolments: who, from which state to which, by whom and why."""
    async with database.read() as connection:
        rows = await record.list_changes(connection, run_id, cursor, limit)
    return paged(request, t.EnrolmentChanges, rows, limit)


@get(
    "/programmes/{programme_id:uuid}/runs/{run_id:uuid}/enrolments",
    permission="enrolments.manage",
    scope="programme_id",
)
async def list_enrolments_of_programme(
    programme_id: FromPath[UUID],
    run_id: FromPath[UUID],
    request: LmsRequest,
    database: NamedDependency[Database],
    chosen: RunStateParam = None,
    cursor: CursorParam = None,
    limit: LimitParam = 50,
) -> Response[t.StudentEnrolments]:
    """List how students of this programme stand in a run of its own, or of a module it has adopted.

    Those who enrol under other programmes are not told. Requests are answered by the programme that gives the run.
    """
    state = one_of("state", chosen, t.RunState)
    async with database.read() as connection:
        rows = await record.list_under(connection, programme_id, run_id, state, cursor, limit)
    return paged(request, t.StudentEnrolments, rows, limit, key="person_id")


@put("/runs/{run_id:uuid}/capacity", permission="runs.manage")
async def change_capacity(
    run_id: FromPath[UUID],
    data: JSONBody[t.CapacityChange],
    database: NamedDependency[Database],
    hooks: NamedDependency[Dispatcher],
    if_match: IfMatch = None,
) -> Response[Run]:
    """Set the number of seats; added seats go to those who wait, in the order of arrival."""
    deciding = await hooks.deciding(HOOK)
    async with database.write() as connection:
        await run_rules.change_capacity(connection, run_id, data.capacity, expected_revision(if_match), deciding)
        return tagged(*await runs.read_run(connection, run_id))


@get("/runs/{run_id:uuid}/seat-rules", permission="runs.read")
async def read_seat_rules(run_id: FromPath[UUID], database: NamedDependency[Database]) -> Response[t.SeatsOfRun]:
    """Show how the run's seats are given, with what came of it: lots and decision."""
    async with database.read() as connection:
        return tagged(*await run_rules.read_rules(connection, run_id))


@put("/runs/{run_id:uuid}/seat-rules", permission="runs.manage")
async def change_seat_rules(
    run_id: FromPath[UUID],
    data: JSONBody[t.SeatRules],
    database: NamedDependency[Database],
    hooks: NamedDependency[Dispatcher],
    if_match: IfMatch = None,
) -> Response[t.SeatsOfRun]:
    """Set how the run's seats are given: approval, offers, minimum number, lots, reserved seats.

    Nobody loses what she has by it. The ETag is that of the run.
    """
    deciding = await hooks.deciding(HOOK)
    async with database.write() as connection:
        await run_rules.write_rules(connection, run_id, data, expected_revision(if_match), deciding)
        return tagged(*await run_rules.read_rules(connection, run_id))


@put("/runs/{run_id:uuid}/decision", permission="runs.manage")
async def decide_run(
    run_id: FromPath[UUID],
    data: JSONBody[t.RunDecision],
    request: LmsRequest,
    database: NamedDependency[Database],
    state: State,
) -> Response[t.SeatsOfRun]:
    """Decide whether the run takes place; if not, everybody is withdrawn from it and told, and it closes for good."""
    async with database.write() as connection:
        await run_rules.decide(connection, run_id, data, request.user.person_id)
        answer = tagged(*await run_rules.read_rules(connection, run_id))
    state.guard.forget_all()
    return answer


router = Router(
    "/",
    tags=["Enrolment"],
    route_handlers=[
        enrol_in_programme, list_students, withdraw_from_programme, enrol_myself, read_my_enrolment, withdraw_myself,
        accept_offer, enrol_other, withdraw_other, answer_request, waive_rule, list_enrolment_changes,
        list_enrolments_of_programme, change_capacity, read_seat_rules, change_seat_rules, decide_run,
    ],
)  # fmt: skip
