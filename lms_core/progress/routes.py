"""HTTP for progress: recording it, seeing it, and booking what it earned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, get_args
from uuid import UUID

from litestar import Response, Router, get, post, put
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.response import Stream

from lms_core.db import Database
from lms_core.enrolment.routes import RunStateParam
from lms_core.enrolment.types import ProgrammeState, RunState
from lms_core.exports import exported
from lms_core.hooks.dispatch import Dispatcher
from lms_core.http import (
    UNCHANGED,
    CursorParam,
    FormatParam,
    IfMatch,
    KeyInPath,
    LimitParam,
    LmsRequest,
    expected_revision,
    one_of,
    paged,
    tagged,
    unless_known,
)
from lms_core.permissions import SELF
from lms_core.progress import cohort as cohorts
from lms_core.progress import ledger, reads, versions
from lms_core.progress import types as t
from lms_core.progress.correction_types import Corrections
from lms_core.progress.corrections import read_corrections
from lms_core.progress.pending import add_pending
from lms_core.types import END

ProgrammeStateParam = Annotated[
    str | None, QueryParameter(name="state", description="Only those in this state.", enum=get_args(ProgrammeState))
]
NameParam = Annotated[
    str | None,
    QueryParameter(
        description="Only those of whose name a word, or whose e-mail address, begins so.",
        min_length=1,
        max_length=200,
        pattern=rf"^[^\x00\s][^\x00]*{END}",
    ),
]

ChangesCursor = Annotated[
    str,
    QueryParameter(name="cursor", pattern=rf"^[0-9]{{1,18}}{END}", description="The `cursor` of an earlier answer."),
]


@get("/runs/{run_id:uuid}/outline", permission="runs.study", responses=UNCHANGED)
async def outline(
    run_id: FromPath[UUID], request: LmsRequest, database: NamedDependency[Database]
) -> Response[t.Outline]:
    """Show the units of the run in the order of study, with my state in each."""
    async with database.read() as connection:
        found = await reads.outline(connection, run_id, request.user.person_id)
    return unless_known(request, Response(found))


@get("/me/dashboard", permission=SELF, responses=UNCHANGED)
async def dashboard(
    request: LmsRequest, database: NamedDependency[Database], hooks: NamedDependency[Dispatcher]
) -> Response[t.Dashboard]:
    """Show all my runs with percent, and my ECTS earned, in progress and open, and what plugins say is on its way."""
    async with database.read() as connection:
        found = await reads.dashboard(connection, request.user.person_id)
    return unless_known(request, Response(await add_pending(hooks, request.user.person_id, found)))


@get("/me/progress", permission=SELF)
async def changes(
    request: LmsRequest, database: NamedDependency[Database], cursor: ChangesCursor = "0", limit: LimitParam = 50
) -> Response[t.Changes]:
    """Show what changed in my units since a cursor, for a second device; without one, everything.

    Ask again with the answer's `cursor`, whether there is more or not: nothing is left out.
    """
    async with database.read() as connection:
        rows = await reads.changes(connection, request.user.person_id, int(cursor), limit)

    def page(shown: Sequence[Any]) -> t.Changes:
        return t.Changes(
            items=[reads.changed(row) for row in shown], cursor=str(shown[-1].changed) if shown else cursor
        )

    return paged(request, page, rows, limit, key="changed")


@post("/me/progress", permission=SELF, status_code=200)
async def record_batch(data: JSONBody[t.Batch], request: LmsRequest, database: NamedDependency[Database]) -> t.Outcomes:
    """Record what a device that was offline tells of my runs; each event is answered, and an impossible one refused.

    Whatever is answered as recorded or known is kept for good. As a participant I need `progress.record`.
    """
    async with database.write() as connection:
        return await ledger.record_batch(connection, request.user.person_id, data)


@post("/runs/{run_id:uuid}/units/{unit_key:str}/progress", permission="progress.record", status_code=200)
async def record(
    run_id: FromPath[UUID],
    unit_key: KeyInPath,
    data: JSONBody[t.ProgressEvent],
    request: LmsRequest,
    database: NamedDependency[Database],
) -> t.Recorded:
    """Record my progress on a reading, a video or a file; the same event again counts once."""
    me = request.user.person_id
    async with database.write() as connection:
        return await ledger.record(connection, run_id, unit_key, me, data, me, ledger.OWN)


@post(
    "/runs/{run_id:uuid}/participants/{person_id:uuid}/units/{unit_key:str}/progress",
    permission="progress.assess",
    status_code=200,
)
async def assess(
    run_id: FromPath[UUID],
    person_id: FromPath[UUID],
    unit_key: KeyInPath,
    data: JSONBody[t.Assessment],
    request: LmsRequest,
    database: NamedDependency[Database],
) -> t.Recorded:
    """Record a participant's quiz result, attendance or hand-in (or anything else that she could not)."""
    async with database.write() as connection:
        return await ledger.record(
            connection, run_id, unit_key, person_id, data, request.user.person_id, ledger.ASSESSED
        )


@put("/runs/{run_id:uuid}/version", permission="runs.manage")
async def change_version(
    run_id: FromPath[UUID],
    data: JSONBody[t.VersionChoice],
    request: LmsRequest,
    database: NamedDependency[Database],
    if_match: IfMatch = None,
) -> Response[t.VersionChanged]:
    """Move the run to another published version; what participants have completed stays completed."""
    expected = expected_revision(if_match)
    async with database.write() as connection:
        changed = await versions.change_version(connection, run_id, data.version, expected, request.user.person_id)
    return tagged(changed, expected + 1)


@get("/runs/{run_id:uuid}/corrections", permission="runs.study")
async def corrections(run_id: FromPath[UUID], database: NamedDependency[Database]) -> Corrections:
    """Show what changed in the run since it began: units added, removed, corrected, the last change first."""
    async with database.read() as connection:
        return await read_corrections(connection, run_id)


@get("/runs/{run_id:uuid}/participants", permission="participants.read", responses=UNCHANGED)
async def participants(
    run_id: FromPath[UUID],
    request: LmsRequest,
    database: NamedDependency[Database],
    chosen: RunStateParam = None,
    q: NameParam = None,
    cursor: CursorParam = None,
    limit: LimitParam = 50,
) -> Response[t.Participants]:
    """List the participants of the run with their state and percent."""
    query = reads.selected_participants(run_id, one_of("state", chosen, RunState), q)
    async with database.read() as connection:
        rows = await reads.participants(connection, query, cursor, limit)
    return unless_known(request, paged(request, t.Participants, rows, limit, key="person_id"))


@get("/programmes/{programme_id:uuid}/overview", permission="programmes.overview", responses=UNCHANGED)
async def overview(
    programme_id: FromPath[UUID], request: LmsRequest, database: NamedDependency[Database]
) -> Response[t.Overview]:
    """Show the figures of the programme: students, modules, runs, seats, booked ECTS."""
    async with database.read() as connection:
        found = await reads.overview(connection, programme_id)
    return unless_known(request, Response(found))


@get("/programmes/{programme_id:uuid}/cohort", permission="enrolments.manage", responses=UNCHANGED)
async def cohort(
    programme_id: FromPath[UUID],
    request: LmsRequest,
    database: NamedDependency[Database],
    chosen: ProgrammeStateParam = None,
    q: NameParam = None,
    cursor: CursorParam = None,
    limit: LimitParam = 50,
) -> Response[t.Cohort]:
    """List the students of the programme with their regulation, ECTS, runs and last activity."""
    query = cohorts.selected(programme_id, one_of("state", chosen, ProgrammeState), q)
    async with database.read() as connection:
        rows = await cohorts.cohort(connection, query, cursor, limit)
    return unless_known(request, paged(request, t.Cohort, rows, limit, key="person_id"))


@get(
    "/runs/{run_id:uuid}/exports/participants",
    permission="participants.read",
    responses={200: ResponseSpec(t.ParticipantLines, description="All.")},
)
async def export_participants(
    run_id: FromPath[UUID],
    database: NamedDependency[Database],
    chosen: RunStateParam = None,
    q: NameParam = None,
    form: FormatParam = "csv",
) -> Stream:
    """Hand out the participants of the run with their state and percent."""
    query = reads.selected_participants(run_id, one_of("state", chosen, RunState), q)
    return await exported(database, query, t.Participant, form, "participants", shape=reads.participant)


@get(
    "/programmes/{programme_id:uuid}/exports/cohort",
    permission="enrolments.manage",
    responses={200: ResponseSpec(t.CohortLines, description="All.")},
)
async def export_cohort(
    programme_id: FromPath[UUID],
    database: NamedDependency[Database],
    chosen: ProgrammeStateParam = None,
    q: NameParam = None,
    form: FormatParam = "csv",
) -> Stream:
    """Hand out the students of the programme with their regulation, ECTS, runs and last activity."""
    query = cohorts.selected(programme_id, one_of("state", chosen, ProgrammeState), q)
    return await exported(database, query, t.CohortMember, form, "cohort", shape=cohorts.member)


router = Router(
    "/",
    tags=["Progress"],
    route_handlers=[
        outline, dashboard, changes, record_batch, record, assess, change_version, corrections, participants,
        overview, cohort, export_participants, export_cohort,
    ],
)  # fmt: skip
