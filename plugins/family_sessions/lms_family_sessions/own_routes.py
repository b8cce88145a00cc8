"""What a person enters about herself, at /programmes/{programme_id}/family_sessions/me."""

from __future__ import annotations

from uuid import UUID

from litestar import Response

from lms_core.api import (
    FromPath,
    IfMatch,
    JSONBody,
    RouteContext,
    delete,
    expected_revision,
    get,
    post,
    put,
    tagged,
)
from lms_family_sessions import entries, sealing
from lms_family_sessions.entries import Declaration, Entries, Entry, Preview
from lms_family_sessions.loading import load
from lms_family_sessions.needs import Entered

OWN = "family_sessions.own"


@get("/me/entries", permission=OWN)
async def list_own(context: RouteContext) -> Entries:
    """List one's own entries."""
    assert context.person_id
    await load()
    async with context.read() as connection:
        return await entries.read_all(context, connection, context.person_id)


@get("/me/entries/{entry_id:uuid}", permission=OWN)
async def read_own(context: RouteContext, entry_id: FromPath[UUID]) -> Response[Entry]:
    """Show an entry of one's own, and what planners see of it."""
    await load()
    async with context.read() as connection:
        found = await entries.read(context, connection, entry_id)
    return tagged(found, found.revision)


@put("/me/entries/{entry_id:uuid}", permission=OWN)
async def put_own(
    context: RouteContext, entry_id: FromPath[UUID], data: JSONBody[Entered], if_match: IfMatch = None
) -> Response[Entry]:
    """Make an entry with an id of one's own (If-Match: "0"), or change it; constraints follow at once."""
    expected = expected_revision(if_match)
    sealing.ready()
    await load()
    async with context.write() as connection:
        made = await entries.put(context, connection, entry_id, data, expected)
    return tagged(made, made.revision)


@post("/me/entries/{entry_id:uuid}/declarations", permission=OWN, status_code=200)
async def declare(
    context: RouteContext, entry_id: FromPath[UUID], data: JSONBody[Declaration], if_match: IfMatch = None
) -> Response[Entry]:
    """Waive a protection, or agree to evenings or Sundays, from today on; or take that back from today on."""
    expected = expected_revision(if_match)
    await load()
    async with context.write() as connection:
        made = await entries.declare(context, connection, entry_id, data.declared, expected)
    return tagged(made, made.revision)


@delete("/me/entries/{entry_id:uuid}", permission=OWN)
async def remove_own(context: RouteContext, entry_id: FromPath[UUID], if_match: IfMatch = None) -> None:
    """Remove an entry for good, and all that followed from it."""
    expected = expected_revision(if_match)
    async with context.write() as connection:
        await entries.remove(context, connection, entry_id, expected)


@post("/me/preview", permission=OWN, status_code=200)
async def preview(context: RouteContext, data: JSONBody[Entered]) -> Preview:
    """Show what planners would see of an entry; nothing is kept."""
    await load()
    return entries.preview(context, data)


own_routes = (list_own, read_own, put_own, declare, remove_own, preview)
