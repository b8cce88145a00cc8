"""HTTP for deadlines of units: setting them, extending them for one person, and a person's own."""

from __future__ import annotations

from uuid import UUID

from litestar import Response, Router, delete, get, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from lms_core.assessment import deadlines
from lms_core.assessment import work_types as t
from lms_core.db import Database
from lms_core.http import CursorParam, IfMatch, KeyInPath, LimitParam, LmsRequest, expected_revision, paged, tagged
from lms_core.permissions import SELF


@get("/runs/{run_id:uuid}/units/{unit_key:str}/deadline", permission="runs.study")
async def read_deadline(
    run_id: FromPath[UUID], unit_key: KeyInPath, database: NamedDependency[Database]
) -> Response[t.Deadline]:
    """Show until when a unit is due, for all who have no extension."""
    async with database.read() as connection:
        found = await deadlines.read(connection, run_id, unit_key)
    return tagged(found, found.revision)


@put("/runs/{run_id:uuid}/units/{unit_key:str}/deadline", permission="runs.manage")
async def set_deadline(
    run_id: FromPath[UUID],
    unit_key: KeyInPath,
    data: JSONBody[t.DeadlineContent],
    database: NamedDependency[Database],
    if_match: IfMatch = None,
) -> Response[t.Deadline]:
    """Set the deadline of a unit; where there is none yet, `If-Match: "0"` says so."""
    async with database.write() as connection:
        made = await deadlines.put(connection, run_id, unit_key, data, expected_revision(if_match))
    return tagged(made, made.revision)


@delete("/runs/{run_id:uuid}/units/{unit_key:str}/deadline", permission="runs.manage")
async def remove_deadline(
    run_id: FromPath[UUID], unit_key: KeyInPath, database: NamedDependency[Database], if_match: IfMatch = None
) -> None:
    """Let a unit have no deadline any more."""
    async with database.write() as connection:
        await deadlines.remove(connection, run_id, unit_key, expected_revision(if_match))


@get("/runs/{run_id:uuid}/units/{unit_key:str}/extensions", permission="extensions.decide")
async def list_extensions(
    run_id: FromPath[UUID],
    unit_key: KeyInPath,
    request: LmsRequest,
    database: NamedDependency[Database],
    cursor: CursorParam = None,
    limit: LimitParam = 50,
) -> Response[t.Extensions]:
    """List who has a later deadline for a unit and why, withdrawn ones included."""
    async with database.read() as connection:
        rows = await deadlines.list_extensions(connection, run_id, unit_key, cursor, limit)
    return paged(request, t.Extensions, rows, limit, key="person_id")


@get("/runs/{run_id:uuid}/units/{unit_key:str}/extensions/{person_id:uuid}", permission="extensions.decide")
async def read_extension(
    run_id: FromPath[UUID], unit_key: KeyInPath, person_id: FromPath[UUID], database: NamedDependency[Database]
) -> Response[t.Extension]:
    """Show a person's later deadline and why she has it."""
    async with database.read() as connection:
        found = await deadlines.read_extension(connection, run_id, unit_key, person_id)
    return tagged(found, found.revision)


@put("/runs/{run_id:uuid}/units/{unit_key:str}/extensions/{person_id:uuid}", permission="extensions.decide")
async def extend(
    run_id: FromPath[UUID],
    unit_key: KeyInPath,
    person_id: FromPath[UUID],
    data: JSONBody[t.NewExtension],
    request: LmsRequest,
    database: NamedDependency[Database],
    if_match: IfMatch = None,
) -> Response[t.Extension]:
    """Give a person a later deadline; where she has none of her own yet, `If-Match: "0"` says so."""
    me, expected = request.user.person_id, expected_revision(if_match)
    async with database.write() as connection:
        made = await deadlines.extend(connection, run_id, unit_key, person_id, data, expected, me)
    return tagged(made, made.revision)


@delete("/runs/{run_id:uuid}/units/{unit_key:str}/extensions/{person_id:uuid}", permission="extensions.decide")
async def withdraw_extension(
    run_id: FromPath[UUID],
    unit_key: KeyInPath,
    person_id: FromPath[UUID],
    request: LmsRequest,
    database: NamedDependency[Database],
    if_match: IfMatch = None,
) -> None:
    """Let everybody's deadline hold for a person again."""
    me, expected = request.user.person_id, expected_revision(if_match)
    async with database.write() as connection:
        await deadlines.withdraw_extension(connection, run_id, unit_key, person_id, expected, me)


@get("/me/deadlines", permission=SELF)
async def list_my_deadlines(request: LmsRequest, database: NamedDependency[Database]) -> t.MyDeadlines:
    """List the deadlines of my units, in the order of time."""
    async with database.read() as connection:
        return t.MyDeadlines(await deadlines.mine(connection, request.user.person_id))


router = Router(
    "/",
    tags=["Deadlines"],
    route_handlers=[
        read_deadline, set_deadline, remove_deadline, list_extensions, read_extension, extend, withdraw_extension,
        list_my_deadlines,
    ],
)  # fmt: skip
