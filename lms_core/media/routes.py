"""HTTP for bringing files in, finding them, and letting them go."""

from __future__ import annotations

from typing import Annotated, get_args
from uuid import UUID

from litestar import Response, Router, delete, get, post, put, route
from litestar.di import NamedDependency
from litestar.enums import HttpMethod
from litestar.openapi import ResponseSpec
from litestar.params import FromPath, JSONBody, QueryParameter, SkipValidation

from content_store import ContentStore
from lms_core.db import Database
from lms_core.http import CursorParam, IfMatch, LimitParam, LmsRequest, bounds, expected_revision, one_of, paged, tagged
from lms_core.media import actions, fixing, prepared, quotas, uploads
from lms_core.media import types as t
from lms_core.types import Sha256

READ = (HttpMethod.GET, HttpMethod.HEAD)


# A page of another origin than the API's cannot follow a redirect that needs a token: browsers hide its Location, and
# follow it to a third origin as nobody (`Origin: null`), whom the store refuses.
ADDRESS = {
    200: ResponseSpec(
        t.FileAddress, generate_examples=False, description="For `Accept: application/json`: the address."
    )
}


def redirect(request: LmsRequest, address: str) -> Response[t.FileAddress | None]:
    """Lead to an address of the content store, or tell it to who accepts JSON.

    What happens there, ranges and conditional requests, is the store's own business.
    """
    if "application/json" in request.headers.get("Accept", ""):
        return Response(t.FileAddress(address), status_code=200, headers={"Cache-Control": "no-store"})
    return Response(None, status_code=307, headers={"Location": address, "Cache-Control": "no-store"})


@post("/programmes/{programme_id:uuid}/media", permission="modules.edit")
async def begin(
    programme_id: FromPath[UUID],
    data: JSONBody[t.NewMedia],
    request: LmsRequest,
    database: NamedDependency[Database],
    store: NamedDependency[SkipValidation[ContentStore]],
) -> t.Announced:
    """Announce a file by name, size, type and SHA-256; if the programme has these bytes already, it is ready at once.

    Announcing the same bytes again goes on with the earlier upload, so no Idempotency-Key is needed. A quarantined file
    of these bytes keeps its id and is sent anew.
    """
    return await uploads.begin(database, store, programme_id, data, request.user.person_id)


@get("/media/{media_id:uuid}", permission="modules.edit")
async def read(media_id: FromPath[UUID], database: NamedDependency[Database]) -> t.Media:
    """Show the description and state of a file."""
    return await actions.read(database, media_id)


@get("/media/{media_id:uuid}/parts", permission="modules.edit")
async def arrived_parts(
    media_id: FromPath[UUID], database: NamedDependency[Database], store: NamedDependency[SkipValidation[ContentStore]]
) -> t.ArrivedParts:
    """List the parts that have arrived, to go on after an interruption."""
    return await uploads.arrived_parts(database, store, media_id)


@post("/media/{media_id:uuid}/parts", permission="modules.edit", status_code=200)
async def part_addresses(
    media_id: FromPath[UUID],
    data: JSONBody[t.PartsRequest],
    database: NamedDependency[Database],
    store: NamedDependency[SkipValidation[ContentStore]],
) -> t.PartAddresses:
    """Get addresses of the content store to PUT parts to, each bound to the part's SHA-256."""
    return await uploads.part_addresses(database, store, media_id, data)


@post("/media/{media_id:uuid}/complete", permission="modules.edit", status_code=200)
async def complete(
    media_id: FromPath[UUID],
    data: JSONBody[t.SentParts],
    database: NamedDependency[Database],
    store: NamedDependency[SkipValidation[ContentStore]],
) -> t.Media:
    """Say that all parts were sent, and which; the file can then be used in units."""
    return await uploads.complete(database, store, media_id, data)


@route("/media/{media_id:uuid}/file", http_method=READ, permission="modules.edit", status_code=307, responses=ADDRESS)
async def read_file(
    media_id: FromPath[UUID],
    request: LmsRequest,
    database: NamedDependency[Database],
    store: NamedDependency[SkipValidation[ContentStore]],
) -> Response[t.FileAddress | None]:
    """Lead to the bytes of a file, for its editors: a redirect that holds for some minutes."""
    return redirect(request, actions.download_address(store, await actions.find(database, media_id), request.method))


@get("/media/{media_id:uuid}/preparation", permission="modules.edit")
async def preparation(media_id: FromPath[UUID], database: NamedDependency[Database]) -> t.Preparation:
    """Show what was found out about a file: length and size of a film, pages of a PDF, whether players can jump."""
    return await prepared.read(database, media_id)


@route("/media/{media_id:uuid}/poster", http_method=READ, permission="modules.edit", status_code=307, responses=ADDRESS)
async def poster(
    media_id: FromPath[UUID],
    request: LmsRequest,
    database: NamedDependency[Database],
    store: NamedDependency[SkipValidation[ContentStore]],
) -> Response[t.FileAddress | None]:
    """Lead to a picture of a film, a JPEG: a redirect that holds for some minutes."""
    return redirect(request, await prepared.poster_address(database, store, media_id, request.method))


@post("/media/{media_id:uuid}/fix", permission="modules.edit", status_code=202)
async def fix(media_id: FromPath[UUID], request: LmsRequest, database: NamedDependency[Database]) -> t.Preparation:
    """Have a film that players cannot jump in copied into one where they can.

    The copy is a new file of the programme, named in `fixedBy`; the film itself stays, and where units use it they go
    on to do so.
    """
    async with database.write() as connection:
        return await fixing.ask(connection, media_id, request.user.person_id)


@get("/programmes/{programme_id:uuid}/media-search", permission="modules.edit")
async def search(
    programme_id: FromPath[UUID],
    q: Annotated[
        str, QueryParameter(description="Words, all on one page.", min_length=1, max_length=200, pattern=r"^[^\x00]*$")
    ],
    database: NamedDependency[Database],
) -> t.FoundPages:
    """Find the pages of a programme's PDFs on which all words stand, in upper or lower case."""
    async with database.read() as connection:
        return await prepared.search(connection, programme_id, q)


@get("/programmes/{programme_id:uuid}/media", permission="modules.edit")
async def list_media(
    programme_id: FromPath[UUID],
    request: LmsRequest,
    database: NamedDependency[Database],
    wanted: Annotated[
        str | None,
        QueryParameter(name="state", description="Only files in this state.", enum=get_args(t.MediaState)),
    ] = None,
    sha256: Annotated[str | None, QueryParameter(description="Only files of these bytes.", **bounds(Sha256))] = None,
    cursor: CursorParam = None,
    limit: LimitParam = 50,
) -> Response[t.MediaPage]:
    """List the files of a programme, and how many places need each."""
    state = one_of("state", wanted, t.MediaState)
    async with database.read() as connection:
        rows = await actions.list_media(connection, programme_id, state, sha256, cursor, limit)
    return paged(request, t.MediaPage, rows, limit)


@delete("/media/{media_id:uuid}", permission="modules.edit")
async def remove(media_id: FromPath[UUID], database: NamedDependency[Database]) -> None:
    """Let a file go that no unit needs: neither a draft nor any version of a module."""
    async with database.write() as connection:
        await actions.remove(connection, media_id)


@get("/programmes/{programme_id:uuid}/media-usage", permission="programmes.overview")
async def usage(programme_id: FromPath[UUID], database: NamedDependency[Database]) -> t.Usage:
    """Show what a programme holds in the content store, in which states, and who brought it."""
    async with database.read() as connection:
        return await quotas.usage(connection, programme_id)


@get("/programmes/{programme_id:uuid}/media-quota", permission="programmes.overview")
async def read_quota(programme_id: FromPath[UUID], database: NamedDependency[Database]) -> Response[t.Quota]:
    """Show how many bytes a programme may hold."""
    async with database.read() as connection:
        return tagged(*await quotas.read_quota(connection, programme_id))


@put("/programmes/{programme_id:uuid}/media-quota", permission="programmes.manage")
async def set_quota(
    programme_id: FromPath[UUID],
    data: JSONBody[t.Quota],
    database: NamedDependency[Database],
    if_match: IfMatch = None,
) -> Response[t.Quota]:
    """Set how many bytes a programme may hold, and one person of them; what is there already stays."""
    async with database.write() as connection:
        return tagged(data, await quotas.set_quota(connection, programme_id, data, expected_revision(if_match)))


router = Router(
    "/",
    tags=["Media"],
    route_handlers=[
        begin, list_media, read, remove, arrived_parts, part_addresses, complete, read_file, usage, read_quota,
        set_quota,
        preparation, poster, fix, search,
    ],
)  # fmt: skip
