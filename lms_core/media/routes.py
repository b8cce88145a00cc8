"""HTTP for bringing files in."""

from __future__ import annotations

from uuid import UUID

from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, SkipValidation

from content_store import ContentStore
from lms_core.db import Database
from lms_core.http import LmsRequest
from lms_core.media import actions
from lms_core.media import types as t


def redirect(address: str) -> Response[None]:
    """Lead to the content store; what happens there, ranges and conditional requests, is its own business."""
    return Response(None, status_code=307, headers={"Location": address, "Cache-Control": "no-store"})


@post("/programmes/{programme_id:uuid}/media", permission="modules.edit")
async def begin(
    programme_id: FromPath[UUID],
    data: JSONBody[t.NewMedia],
    request: LmsRequest,
    database: NamedDependency[Database],
    store: NamedDependency[SkipValidation[ContentStore]],
) -> t.Media:
    """Announce a file by name, size, type and SHA-256; if the programme has these bytes already, it is ready at once.

    Announcing the same bytes again goes on with the earlier upload, so no Idempotency-Key is needed.
    """
    return await actions.begin(database, store, programme_id, data, request.user.person_id)


@get("/media/{media_id:uuid}", permission="modules.edit")
async def read(media_id: FromPath[UUID], database: NamedDependency[Database]) -> t.Media:
    """Show the description and state of a file."""
    return await actions.read(database, media_id)


@get("/media/{media_id:uuid}/parts", permission="modules.edit")
async def arrived_parts(
    media_id: FromPath[UUID], database: NamedDependency[Database], store: NamedDependency[SkipValidation[ContentStore]]
) -> t.ArrivedParts:
    """List the parts that have arrived, to go on after an interruption."""
    return await actions.arrived_parts(database, store, media_id)


@post("/media/{media_id:uuid}/parts", permission="modules.edit", status_code=200)
async def part_addresses(
    media_id: FromPath[UUID],
    data: JSONBody[t.PartsRequest],
    database: NamedDependency[Database],
    store: NamedDependency[SkipValidation[ContentStore]],
) -> t.PartAddresses:
    """Get addresses of the content store to PUT parts to, each bound to the part's SHA-256."""
    return await actions.part_addresses(database, store, media_id, data)


@post("/media/{media_id:uuid}/complete", permission="modules.edit", status_code=200)
async def complete(
    media_id: FromPath[UUID],
    data: JSONBody[t.SentParts],
    database: NamedDependency[Database],
    store: NamedDependency[SkipValidation[ContentStore]],
) -> t.Media:
    """Say that all parts were sent, and which; the file can then be used in units."""
    return await actions.complete(database, store, media_id, data)


@get("/media/{media_id:uuid}/file", permission="modules.edit", status_code=307)
async def read_file(
    media_id: FromPath[UUID], database: NamedDependency[Database], store: NamedDependency[SkipValidation[ContentStore]]
) -> Response[None]:
    """Lead to the bytes of a file, for its editors: a redirect that holds for some minutes."""
    file = await actions.read(database, media_id)
    return redirect(actions.download_address(store, file.programme_id, file.id, file.name, file.content_type))


router = Router(
    "/",
    tags=["Media"],
    route_handlers=[begin, read, arrived_parts, part_addresses, complete, read_file],
)
