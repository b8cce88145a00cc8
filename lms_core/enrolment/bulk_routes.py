"""HTTP for enrolling by the list, and for taking the lists away."""

from __future__ import annotations

from uuid import UUID

from litestar import Router, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec
from litestar.params import FromPath, JSONBody
from litestar.response import Stream

from lms_core.db import Database
from lms_core.enrolment import bulk, bulk_seats
from lms_core.enrolment import types as t
from lms_core.exports import exported
from lms_core.hooks.dispatch import Dispatcher
from lms_core.http import FormatParam, LmsRequest, ModeParam, one_of
from lms_core.sheets import Mode, Report


@post(
    "/programmes/{programme_id:uuid}/imports/enrolments",
    permission="enrolments.manage",
    status_code=200,
    csv=t.StudentLine,
)
async def import_students(
    programme_id: FromPath[UUID],
    data: JSONBody[t.StudentLines],
    database: NamedDependency[Database],
    state: State,
    mode: ModeParam = "all",
) -> Report:
    """Enrol persons in the programme, or withdraw them, as a list says; repeating it changes nothing."""
    report = await bulk.import_students(database, programme_id, data, one_of("mode", mode, Mode))
    state.guard.forget_all()
    return report


@get(
    "/programmes/{programme_id:uuid}/exports/enrolments",
    permission="enrolments.manage",
    responses={200: ResponseSpec(t.StudentLines, description="All.")},
)
async def export_students(
    programme_id: FromPath[UUID], database: NamedDependency[Database], form: FormatParam = "csv"
) -> Stream:
    """Hand out the students of the programme, former ones included, as an import takes them."""
    return await exported(database, bulk.exported(programme_id), t.StudentLine, form, "students")


@post("/runs/{run_id:uuid}/imports/enrolments", permission="enrolments.manage", status_code=200, csv=t.SeatLine)
async def import_seats(
    run_id: FromPath[UUID],
    data: JSONBody[t.SeatLines],
    request: LmsRequest,
    database: NamedDependency[Database],
    hooks: NamedDependency[Dispatcher],
    state: State,
    mode: ModeParam = "all",
) -> Report:
    """Give persons seats in the run, or waiting places, in the order of a list; repeating it changes nothing."""
    report = await bulk_seats.import_seats(
        database, hooks, run_id, data, one_of("mode", mode, Mode), request.user.person_id
    )
    state.guard.forget_all()
    return report


@post(
    "/programmes/{programme_id:uuid}/runs/{run_id:uuid}/imports/enrolments",
    permission="enrolments.manage",
    scope="programme_id",
    status_code=200,
    csv=t.SeatLine,
)
async def import_seats_of_programme(
    programme_id: FromPath[UUID],
    run_id: FromPath[UUID],
    data: JSONBody[t.SeatLines],
    request: LmsRequest,
    database: NamedDependency[Database],
    hooks: NamedDependency[Dispatcher],
    state: State,
    mode: ModeParam = "all",
) -> Report:
    """Do the same for students of this programme, under which it counts; the run may be of a module it has adopted."""
    chosen = one_of("mode", mode, Mode)
    report = await bulk_seats.import_seats(
        database, hooks, run_id, data, chosen, request.user.person_id, under=programme_id
    )
    state.guard.forget_all()
    return report


@get(
    "/runs/{run_id:uuid}/exports/enrolments",
    permission="enrolments.manage",
    responses={200: ResponseSpec(t.SeatLines, description="All.")},
)
async def export_seats(
    run_id: FromPath[UUID], database: NamedDependency[Database], form: FormatParam = "csv"
) -> Stream:
    """Hand out who is or was in the run, as an import takes them."""
    return await exported(database, bulk_seats.exported(run_id), t.SeatLine, form, "enrolments")


router = Router(
    "/",
    tags=["Enrolment"],
    route_handlers=[import_students, export_students, import_seats, import_seats_of_programme, export_seats],
)
