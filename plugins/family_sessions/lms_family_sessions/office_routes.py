"""What the family office and the examination board read and note, and what a person learns of that."""

from __future__ import annotations

from uuid import UUID

from litestar import Response

from lms_core.api import (
    FromPath,
    FromQuery,
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
from lms_family_sessions import calendar, checking, readings, sealing
from lms_family_sessions.calendar import InCalendar
from lms_family_sessions.checking import Refusals
from lms_family_sessions.loading import load
from lms_family_sessions.needs import Proof
from lms_family_sessions.own_routes import OWN
from lms_family_sessions.readings import People, Purpose, Readings, Reasons, Shown

REASONS = "family_sessions.reasons"


@get("/people", permission=REASONS)
async def list_people(context: RouteContext, cursor: FromQuery[UUID | None] = None) -> People:
    """List who has entered something or was granted a leave; what, only a reading tells."""
    async with context.read() as connection:
        return await readings.list_people(context, connection, cursor)


@post("/readings", permission=REASONS, status_code=200)
async def read_reasons(context: RouteContext, data: JSONBody[Purpose]) -> Reasons:
    """Read what a person has entered, for a purpose that you state; she sees who did, when, and what for."""
    sealing.ready()
    await load()
    async with context.write() as connection:
        return await readings.read(context, connection, data)


@post("/proofs/{entry_id:uuid}", permission=REASONS, status_code=200)
async def verify(
    context: RouteContext, entry_id: FromPath[UUID], data: JSONBody[Shown], if_match: IfMatch = None
) -> Response[Proof]:
    """Note that a certificate was shown for an entry; give it back, no copy is kept anywhere."""
    expected = expected_revision(if_match)
    await load()
    async with context.write() as connection:
        made, revision = await readings.verify(context, connection, entry_id, data, expected)
    return tagged(made, revision)


@get("/refusals", permission=REASONS)
async def list_refusals(context: RouteContext, cursor: FromQuery[UUID | None] = None) -> Refusals:
    """List plans that were refused for a protection, the newest first; many of one run look like probing."""
    async with context.read() as connection:
        return await checking.list_refusals(context, connection, cursor)


@get("/me/readings", permission=OWN)
async def list_readings(context: RouteContext, cursor: FromQuery[UUID | None] = None) -> Readings:
    """List who has read one's own entries, when, and for what purpose; the newest first."""
    await load()
    async with context.read() as connection:
        return await readings.list_own(context, connection, cursor)


@get("/me/calendar", permission=OWN)
async def read_in_calendar(context: RouteContext) -> InCalendar:
    """Tell whether one's own calendar shows when one is not available."""
    async with context.read() as connection:
        return InCalendar(await calendar.wanted(context, connection, context.person_id))


@put("/me/calendar", permission=OWN)
async def show_in_calendar(context: RouteContext) -> InCalendar:
    """Let one's own calendar show when one is not available, without a reason."""
    async with context.write() as connection:
        await calendar.choose(context, connection, shown=True)
    return InCalendar(True)


@delete("/me/calendar", permission=OWN)
async def hide_from_calendar(context: RouteContext) -> None:
    """Let one's own calendar say nothing of it."""
    async with context.write() as connection:
        await calendar.choose(context, connection, shown=False)


office_routes = (
    list_people, read_reasons, verify, list_refusals,
    list_readings, read_in_calendar, show_in_calendar, hide_from_calendar,
)  # fmt: skip
