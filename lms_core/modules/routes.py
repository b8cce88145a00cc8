"""HTTP for modules, their content, runs, sessions, and what a participant reads."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from litestar import Response, Router, delete, get, patch, post, put, route
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec
from litestar.params import FromPath, JSONBody, PathParameter, SkipValidation

from content_store import ContentStore
from lms_core.db import Database
from lms_core.hooks.dispatch import Dispatcher
from lms_core.http import (
    CursorParam,
    IfMatch,
    KeyInPath,
    KeyInQuery,
    LimitParam,
    LmsRequest,
    Once,
    bounds,
    expected_revision,
    paged,
    tagged,
)
from lms_core.media.actions import download_address, poster_address
from lms_core.media.routes import ADDRESS, READ, redirect
from lms_core.media.types import FileAddress
from lms_core.modules import actions, content, runs, streams
from lms_core.modules import types as t
from lms_core.types import FileName


@post("/programmes/{programme_id:uuid}/modules", permission="modules.edit")
async def create_module(
    programme_id: FromPath[UUID], data: JSONBody[t.NewModule], once: NamedDependency[Once]
) -> t.Module:
    """Create a module; its content follows as a draft."""
    return await once(t.Module, lambda connection: actions.create_module(connection, programme_id, data))


@get("/programmes/{programme_id:uuid}/modules", permission="programmes.read")
async def list_modules(
    programme_id: FromPath[UUID],
    request: LmsRequest,
    database: NamedDependency[Database],
    key: KeyInQuery = None,
    cursor: CursorParam = None,
    limit: LimitParam = 50,
) -> Response[t.Modules]:
    """List the modules that the programme owns or has adopted, or find one by its key."""
    async with database.read() as connection:
        rows = await actions.list_modules(connection, programme_id, key, cursor, limit)
    return paged(request, t.Modules, rows, limit)


@put(
    "/programmes/{programme_id:uuid}/adoptions/{module_id:uuid}",
    permission="programmes.manage",
    scope="programme_id",
    status_code=204,
)
async def adopt(
    programme_id: FromPath[UUID], module_id: FromPath[UUID], request: LmsRequest, database: NamedDependency[Database]
) -> None:
    """Offer a module of another programme in this one; needs the permission in both."""
    async with database.write() as connection:
        await actions.adopt(connection, programme_id, module_id, request.user)


@delete(
    "/programmes/{programme_id:uuid}/adoptions/{module_id:uuid}", permission="programmes.manage", scope="programme_id"
)
async def drop_adoption(
    programme_id: FromPath[UUID], module_id: FromPath[UUID], database: NamedDependency[Database]
) -> None:
    """Offer the other programme's module no longer; enrolments under it stay."""
    async with database.write() as connection:
        await actions.drop_adoption(connection, programme_id, module_id)


@get("/modules/{module_id:uuid}", permission="programmes.read")
async def read_module(module_id: FromPath[UUID], database: NamedDependency[Database]) -> Response[t.Module]:
    """Show a module; its ETag is the one that changes of its content need."""
    async with database.read() as connection:
        return tagged(*await actions.read_module(connection, module_id))


@get("/modules/{module_id:uuid}/content", permission="modules.edit")
async def read_content(module_id: FromPath[UUID], database: NamedDependency[Database]) -> Response[t.ModuleContent]:
    """Return the content of the draft, or else of the latest published version."""
    async with database.read() as connection:
        return tagged(*await content.read_latest_content(connection, module_id))


@put("/modules/{module_id:uuid}/draft", permission="modules.edit")
async def put_draft(
    module_id: FromPath[UUID],
    data: JSONBody[t.ModuleContent],
    database: NamedDependency[Database],
    if_match: IfMatch = None,
) -> Response[t.DraftChange]:
    """Make the draft say exactly this and tell what that changed; nothing is made when nothing changed."""
    expected = expected_revision(if_match)
    async with database.write() as connection:
        module, _ = await actions.read_module(connection, module_id)
        change = await content.put_draft(connection, module.programme_id, module_id, data, expected)
    return tagged(change, change.revision)


@post("/modules/{module_id:uuid}/publish", permission="modules.edit")
async def publish(
    module_id: FromPath[UUID], request: LmsRequest, database: NamedDependency[Database], if_match: IfMatch = None
) -> Response[t.Version]:
    """Freeze the draft as the next version; runs can then be opened from it."""
    expected = expected_revision(if_match)
    async with database.write() as connection:
        version = await content.publish(connection, module_id, expected, request.user.person_id)
    return tagged(version, expected + 1, 201)


@get("/modules/{module_id:uuid}/versions/{number:int}", permission="modules.edit")
async def read_version(
    module_id: FromPath[UUID],
    number: Annotated[int, PathParameter(**bounds(t.VersionNumber))],
    database: NamedDependency[Database],
) -> t.ModuleContent:
    """Return the content of a published version."""
    async with database.read() as connection:
        return await content.read_version(connection, module_id, number)


@post("/modules/{module_id:uuid}/runs", permission="runs.manage")
async def open_run(module_id: FromPath[UUID], data: JSONBody[t.NewRun], once: NamedDependency[Once]) -> t.Run:
    """Open a run of the module in a term, pinned to a published version."""
    return await once(t.Run, lambda connection: runs.open_run(connection, module_id, data))


@get("/programmes/{programme_id:uuid}/runs", permission="programmes.read")
async def list_runs(
    programme_id: FromPath[UUID],
    request: LmsRequest,
    database: NamedDependency[Database],
    cursor: CursorParam = None,
    limit: LimitParam = 50,
) -> Response[t.Runs]:
    """List the runs of modules that the programme owns or has adopted."""
    async with database.read() as connection:
        rows = await runs.list_runs(connection, programme_id, cursor, limit)
    return paged(request, t.Runs, rows, limit)


@get("/runs/{run_id:uuid}", permission="runs.read")
async def read_run(run_id: FromPath[UUID], database: NamedDependency[Database]) -> Response[t.Run]:
    """Show a run and how many of its seats are taken."""
    async with database.read() as connection:
        return tagged(*await runs.read_run(connection, run_id))


@patch("/runs/{run_id:uuid}", permission="runs.manage")
async def change_run(
    run_id: FromPath[UUID], data: JSONBody[t.RunChange], database: NamedDependency[Database], if_match: IfMatch = None
) -> Response[t.Run]:
    """Rename a run, open or close it for enrolment."""
    async with database.write() as connection:
        await runs.change_run(connection, run_id, data, expected_revision(if_match))
        return tagged(*await runs.read_run(connection, run_id))


@post("/runs/{run_id:uuid}/sessions", permission="runs.manage")
async def add_session(
    run_id: FromPath[UUID],
    data: JSONBody[t.SessionContent],
    once: NamedDependency[Once],
    database: NamedDependency[Database],
    hooks: NamedDependency[Dispatcher],
) -> t.Session:
    """Plan a session of the run, on site, online or hybrid; the owning programme's plugins may object or warn.

    A warning says, too, how many participants have a session elsewhere at the same time.
    """
    warnings = await runs.judge_session(database, hooks, run_id, data)
    return await once(t.Session, lambda connection: runs.add_session(connection, run_id, data, warnings))


@get("/runs/{run_id:uuid}/sessions", permission="runs.read")
async def list_sessions(run_id: FromPath[UUID], database: NamedDependency[Database]) -> t.Sessions:
    """List the sessions of the run in the order of time; cancelled ones have `cancelledAt`."""
    async with database.read() as connection:
        return t.Sessions(await runs.list_sessions(connection, run_id))


@get("/runs/{run_id:uuid}/sessions/{session_id:uuid}", permission="runs.read")
async def read_session(
    run_id: FromPath[UUID], session_id: FromPath[UUID], database: NamedDependency[Database]
) -> Response[t.Session]:
    """Show a session of the run."""
    async with database.read() as connection:
        session = await runs.read_session(connection, run_id, session_id)
    return tagged(session, session.revision)


@put("/runs/{run_id:uuid}/sessions/{session_id:uuid}", permission="runs.manage")
async def change_session(
    run_id: FromPath[UUID],
    session_id: FromPath[UUID],
    data: JSONBody[t.SessionContent],
    database: NamedDependency[Database],
    hooks: NamedDependency[Dispatcher],
    if_match: IfMatch = None,
) -> Response[t.Session]:
    """Replan a session that is not cancelled; the owning programme's plugins may object or warn."""
    expected = expected_revision(if_match)
    warnings = await runs.judge_session(database, hooks, run_id, data, session_id)
    async with database.write() as connection:
        session = await runs.change_session(connection, run_id, session_id, data, expected, warnings)
    return tagged(session, session.revision)


@delete("/runs/{run_id:uuid}/sessions/{session_id:uuid}", permission="runs.manage")
async def cancel_session(
    run_id: FromPath[UUID], session_id: FromPath[UUID], database: NamedDependency[Database], if_match: IfMatch = None
) -> None:
    """Cancel a session for good; it stays in the list, with `cancelledAt`. Cancelling it again changes nothing."""
    async with database.write() as connection:
        await runs.cancel_session(connection, run_id, session_id, expected_revision(if_match))


@get("/runs/{run_id:uuid}/units/{unit_key:str}", permission="runs.study")
async def read_unit(run_id: FromPath[UUID], unit_key: KeyInPath, database: NamedDependency[Database]) -> t.UnitContent:
    """Read a unit: its text, whose links lead to other units and files, and its files."""
    async with database.read() as connection:
        return await actions.read_unit(connection, run_id, unit_key)


@route(
    "/runs/{run_id:uuid}/units/{unit_key:str}/files/{file_key:str}",
    http_method=READ,
    permission="runs.study",
    status_code=307,
    responses=ADDRESS,
)
async def read_file(
    run_id: FromPath[UUID],
    unit_key: KeyInPath,
    file_key: KeyInPath,
    request: LmsRequest,
    database: NamedDependency[Database],
    store: NamedDependency[SkipValidation[ContentStore]],
) -> Response[FileAddress | None]:
    """Lead to the bytes of a unit's file: a redirect to the content store that holds for some minutes."""
    async with database.read() as connection:
        file = await actions.find_file(connection, run_id, unit_key, file_key)
    return redirect(request, download_address(store, file, request.method))


@route(
    "/runs/{run_id:uuid}/units/{unit_key:str}/files/{file_key:str}/poster",
    http_method=READ,
    permission="runs.study",
    status_code=307,
    responses=ADDRESS,
)
async def read_poster(
    run_id: FromPath[UUID],
    unit_key: KeyInPath,
    file_key: KeyInPath,
    request: LmsRequest,
    database: NamedDependency[Database],
    store: NamedDependency[SkipValidation[ContentStore]],
) -> Response[FileAddress | None]:
    """Lead to the still image of a film in a unit, a JPEG: a redirect that holds for some minutes."""
    async with database.read() as connection:
        file = await actions.find_poster(connection, run_id, unit_key, file_key)
    return redirect(request, poster_address(store, file, request.method))


@route(
    "/runs/{run_id:uuid}/units/{unit_key:str}/stream/{path:path}",
    http_method=READ,
    permission="runs.study",
    status_code=307,
    responses={
        200: ResponseSpec(str, generate_examples=False, media_type=streams.MEDIA_TYPE, description="A playlist.")
    },
)
async def read_stream(
    run_id: FromPath[UUID],
    unit_key: KeyInPath,
    path: Annotated[str, PathParameter(description="As in the stream's folder.", **bounds(FileName))],
    request: LmsRequest,
    database: NamedDependency[Database],
    store: NamedDependency[SkipValidation[ContentStore]],
) -> Response[str] | Response[FileAddress | None]:
    """Read a playlist of a film in segments (HLS), or lead to another file of its folder.

    In a playlist, segments, keys and subtitles have addresses of the content store, which want no token and hold as
    long as the film and an hour more. Other playlists in it are addresses in this API.
    """
    path = path.removeprefix("/")
    async with database.read() as connection:
        files = await streams.find(connection, run_id, unit_key, path)
    if not path.endswith(streams.PLAYLIST):
        return redirect(request, download_address(store, files[path], request.method))
    playlist = await streams.playlist(store, files, path)
    return Response(playlist, status_code=200, media_type=streams.MEDIA_TYPE, headers={"Cache-Control": "no-store"})


router = Router(
    "/",
    tags=["Modules and runs"],
    route_handlers=[
        create_module, list_modules, adopt, drop_adoption, read_module, read_content, put_draft, publish,
        read_version, open_run, list_runs, read_run, change_run, add_session, list_sessions, read_session,
        change_session, cancel_session, read_unit, read_file, read_poster, read_stream,
    ],
)  # fmt: skip
