"""HTTP for hand-ins: bringing own files and handing them in; seeing and assessing those of others."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from litestar import Response, Router, get, post, route
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, PathParameter, SkipValidation

from content_store import ContentStore
from lms_core.assessment import handing_in, uploads
from lms_core.assessment import work_types as t
from lms_core.db import Database
from lms_core.http import CursorParam, KeyInPath, LimitParam, LmsRequest, Once, bounds, paged
from lms_core.media import actions as media_actions
from lms_core.media import types as media_types
from lms_core.media import uploads as media_uploads
from lms_core.media.routes import ADDRESS, READ, redirect


@get("/runs/{run_id:uuid}/units/{unit_key:str}/hand-in", permission="work.hand_in")
async def read_my_hand_in(
    run_id: FromPath[UUID], unit_key: KeyInPath, request: LmsRequest, database: NamedDependency[Database]
) -> t.HandIns:
    """Show what I handed in for an assignment, which version counts, and what was said of it."""
    async with database.read() as connection:
        return await handing_in.read(connection, run_id, unit_key, request.user.person_id, own=True)


@post("/runs/{run_id:uuid}/units/{unit_key:str}/hand-in", permission="work.hand_in")
async def hand_in(
    run_id: FromPath[UUID],
    unit_key: KeyInPath,
    data: JSONBody[t.NewHandIn],
    request: LmsRequest,
    once: NamedDependency[Once],
) -> t.HandIns:
    """Hand in a version of my work; the last one before the deadline counts, later ones are marked late."""
    me = request.user.person_id
    return await once(t.HandIns, lambda connection: handing_in.submit(connection, run_id, unit_key, me, data))


@post("/runs/{run_id:uuid}/units/{unit_key:str}/hand-in/files", permission="work.hand_in")
async def begin_file(
    run_id: FromPath[UUID],
    unit_key: KeyInPath,
    data: JSONBody[media_types.NewMedia],
    request: LmsRequest,
    database: NamedDependency[Database],
    store: NamedDependency[SkipValidation[ContentStore]],
) -> media_types.Announced:
    """Announce a file that I am going to hand in; announcing the same bytes again goes on with the earlier upload."""
    return await uploads.begin(database, store, run_id, unit_key, request.user.person_id, data)


@get("/runs/{run_id:uuid}/units/{unit_key:str}/hand-in/files/{file_id:uuid}/parts", permission="work.hand_in")
async def arrived_parts_of_file(
    run_id: FromPath[UUID],
    unit_key: KeyInPath,
    file_id: FromPath[UUID],
    request: LmsRequest,
    database: NamedDependency[Database],
    store: NamedDependency[SkipValidation[ContentStore]],
) -> media_types.ArrivedParts:
    """List the parts of my file that have arrived, to go on after an interruption."""
    await _own(database, run_id, unit_key, request, file_id)
    return await media_uploads.arrived_parts(database, store, file_id)


@post(
    "/runs/{run_id:uuid}/units/{unit_key:str}/hand-in/files/{file_id:uuid}/parts",
    permission="work.hand_in",
    status_code=200,
)
async def part_addresses_of_file(
    run_id: FromPath[UUID],
    unit_key: KeyInPath,
    file_id: FromPath[UUID],
    data: JSONBody[media_types.PartsRequest],
    request: LmsRequest,
    database: NamedDependency[Database],
    store: NamedDependency[SkipValidation[ContentStore]],
) -> media_types.PartAddresses:
    """Get addresses of the content store to PUT parts of my file to, each bound to the part's SHA-256."""
    await _own(database, run_id, unit_key, request, file_id)
    return await media_uploads.part_addresses(database, store, file_id, data)


@post(
    "/runs/{run_id:uuid}/units/{unit_key:str}/hand-in/files/{file_id:uuid}/complete",
    permission="work.hand_in",
    status_code=200,
)
async def complete_file(
    run_id: FromPath[UUID],
    unit_key: KeyInPath,
    file_id: FromPath[UUID],
    data: JSONBody[media_types.SentParts],
    request: LmsRequest,
    database: NamedDependency[Database],
    store: NamedDependency[SkipValidation[ContentStore]],
) -> media_types.Media:
    """Say that all parts of my file were sent, and which; it can then be handed in. Repeating it shows its state."""
    await _own(database, run_id, unit_key, request, file_id)
    return await media_uploads.complete(database, store, file_id, data)


@route(
    "/runs/{run_id:uuid}/units/{unit_key:str}/hand-in/files/{file_id:uuid}",
    http_method=READ,
    permission="work.hand_in",
    status_code=307,
    responses=ADDRESS,
)
async def read_my_file(
    run_id: FromPath[UUID],
    unit_key: KeyInPath,
    file_id: FromPath[UUID],
    request: LmsRequest,
    database: NamedDependency[Database],
    store: NamedDependency[SkipValidation[ContentStore]],
) -> Response[media_types.FileAddress | None]:
    """Lead to the bytes of my file: a redirect that holds for some minutes."""
    await _own(database, run_id, unit_key, request, file_id)
    row = await media_actions.find(database, file_id)
    return redirect(request, media_actions.download_address(store, row, request.method))


async def _own(database: Database, run_id: UUID, unit_key: str, request: LmsRequest, file_id: UUID) -> None:
    async with database.read() as connection:
        await uploads.check_own(connection, run_id, unit_key, request.user.person_id, file_id)


@get("/runs/{run_id:uuid}/units/{unit_key:str}/hand-ins", permission="progress.assess")
async def list_hand_ins(
    run_id: FromPath[UUID],
    unit_key: KeyInPath,
    request: LmsRequest,
    database: NamedDependency[Database],
    cursor: CursorParam = None,
    limit: LimitParam = 50,
) -> Response[t.HandInSummaries]:
    """List who handed something in for an assignment, and how much of it was assessed."""
    async with database.read() as connection:
        rows = await handing_in.summaries(connection, run_id, unit_key, cursor, limit)
    return paged(request, t.HandInSummaries, rows, limit, key="person_id")


@get("/runs/{run_id:uuid}/units/{unit_key:str}/hand-ins/{person_id:uuid}", permission="progress.assess")
async def read_hand_ins(
    run_id: FromPath[UUID], unit_key: KeyInPath, person_id: FromPath[UUID], database: NamedDependency[Database]
) -> t.HandIns:
    """Show all versions that a participant handed in for an assignment."""
    async with database.read() as connection:
        return await handing_in.read(connection, run_id, unit_key, person_id)


@route(
    "/runs/{run_id:uuid}/units/{unit_key:str}/hand-ins/{person_id:uuid}/files/{file_id:uuid}",
    http_method=READ,
    permission="progress.assess",
    status_code=307,
    responses=ADDRESS,
)
async def read_file_handed_in(
    run_id: FromPath[UUID],
    unit_key: KeyInPath,
    person_id: FromPath[UUID],
    file_id: FromPath[UUID],
    request: LmsRequest,
    database: NamedDependency[Database],
    store: NamedDependency[SkipValidation[ContentStore]],
) -> Response[media_types.FileAddress | None]:
    """Lead to the bytes of a file that a participant handed in: a redirect that holds for some minutes."""
    async with database.read() as connection:
        await handing_in.check_handed_in(connection, run_id, unit_key, person_id, file_id)
    row = await media_actions.find(database, file_id)
    return redirect(request, media_actions.download_address(store, row, request.method))


@post(
    "/runs/{run_id:uuid}/units/{unit_key:str}/hand-ins/{person_id:uuid}/{number:int}/verdict",
    permission="progress.assess",
)
async def assess_hand_in(
    run_id: FromPath[UUID],
    unit_key: KeyInPath,
    person_id: FromPath[UUID],
    number: Annotated[int, PathParameter(**bounds(t.VersionNumber))],
    data: JSONBody[t.NewVerdict],
    request: LmsRequest,
    once: NamedDependency[Once],
) -> t.HandIns:
    """Accept a version, with a score if the unit has one, or return it with remarks; accepting completes the unit."""
    me = request.user.person_id
    return await once(
        t.HandIns, lambda connection: handing_in.assess(connection, run_id, unit_key, person_id, number, data, me)
    )


router = Router(
    "/",
    tags=["Hand-ins"],
    route_handlers=[
        read_my_hand_in, hand_in, begin_file, arrived_parts_of_file, part_addresses_of_file, complete_file,
        read_my_file, list_hand_ins, read_hand_ins, read_file_handed_in, assess_hand_in,
    ],
)  # fmt: skip
