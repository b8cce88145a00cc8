"""Routes about school calendars."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.openapi.spec import OpenAPIFormat, OpenAPIMediaType, OpenAPIType, Operation, RequestBody, Schema
from litestar.params import QueryParameter

from lms_core.api import FromQuery, JSONBody, RouteContext, get, put
from lms_family_sessions import calendars
from lms_family_sessions.calendars import Calendar, Holidays, MovableList, MyCalendars, School
from lms_family_sessions.day_files import read_days
from lms_family_sessions.holidays_of import DAY, Land

AnyRequest = Request[Any, Any, Any]

From = Annotated[date, QueryParameter(name="from", description="The first day.")]
To = Annotated[date, QueryParameter(name="to", description="The last day.")]
Form = Annotated[Literal["json", "ics"], QueryParameter(name="format", description="`ics` for calendar programs.")]

ICS = "text/calendar"
CSV = "text/csv"


@dataclass
class TakesDays(Operation):
    """Describes a body that the framework cannot tell from the signature."""

    def __post_init__(self) -> None:
        """Say that it is a file."""
        schema = Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY)
        content = {kind: OpenAPIMediaType(schema=schema) for kind in (CSV, ICS)}
        self.request_body = RequestBody(content=content, required=True)


@get("/holidays", permission="family_sessions.read")
async def list_holidays(
    context: RouteContext, land: FromQuery[Land], first: From, last: To, school: FromQuery[School] = "",
    form: Form = "json",
) -> Response[Any]:  # fmt: skip
    """List days without school in a Land, with the movable days that the programme knows of, and what is unknown.

    With `format=ics` as a calendar; of unknown days it holds an entry that says so.
    """
    calendars.check_span(first, last)
    async with context.read() as connection:
        movable = await calendars.read_movable(connection, context.programme_id, first, last)
    one = Calendar(land, school)
    found = await asyncio.to_thread(calendars.shown, one, movable, first, last)
    if form == "json":
        return Response(found)
    body = await asyncio.to_thread(_ics, found)
    return Response(body, media_type=ICS, headers={"Content-Disposition": f'inline; filename="holidays-{land}.ics"'})


@put("/movable-days", permission="family_sessions.plan", operation_class=TakesDays)
async def put_movable_days(
    context: RouteContext, request: AnyRequest, land: FromQuery[Land], school: FromQuery[School] = ""
) -> Holidays:
    """Take the movable days of a school (without `school`: of all of the Land) from a CSV or ICS file.

    They take the place of those from before; all mistakes are named by their lines.
    """
    if request.content_type[0] not in (CSV, ICS):
        raise HTTPException(status_code=415, detail=f"Send the body with `Content-Type: {CSV}` or `{ICS}`.")
    days = await asyncio.to_thread(read_days, await request.body())
    one = Calendar(land, school.strip())
    async with context.write() as connection:
        await calendars.replace_movable(context, connection, one, days)
    items = [calendars.Holiday(day.first, day.last, day.name, "movable") for day in days]
    return Holidays(land, one.school, items, [])


@get("/movable-days", permission="family_sessions.read")
async def list_movable_days(context: RouteContext, cursor: FromQuery[UUID | None] = None) -> MovableList:
    """List the movable days of all schools that the programme knows of."""
    async with context.read() as connection:
        return await calendars.list_movable(context, connection, cursor)


@get("/me/school-calendars", permission="family_sessions.read")
async def read_my_calendars(context: RouteContext) -> MyCalendars:
    """Show which school calendars I chose to matter when sessions are planned; nobody else sees them."""
    assert context.person_id
    async with context.read() as connection:
        return await calendars.read_mine(context, connection)


@put("/me/school-calendars", permission="family_sessions.read")
async def put_my_calendars(context: RouteContext, data: JSONBody[MyCalendars]) -> MyCalendars:
    """Say which school calendars matter to me, in place of what I said before; why is not asked."""
    async with context.write() as connection:
        return await calendars.put_mine(context, connection, data)


holiday_routes = (list_holidays, put_movable_days, list_movable_days, read_my_calendars, put_my_calendars)


def _ics(found: Holidays) -> bytes:
    """Write whole days that take no time of anybody; the same days give the same bytes."""
    from icalendar import Calendar as Written
    from icalendar import Event

    made = Written()
    made.add("PRODID", "-//lms-family-sessions//school holidays//EN")
    made.add("VERSION", "2.0")
    entries: list[tuple[date, date, str, str]] = [(item.first, item.last, item.name, item.kind) for item in found.items]
    entries += [(span.first, span.last, "Schulferien unbekannt", "unknown") for span in found.unknown]
    for first, last, name, kind in entries:
        event = Event()
        event.add("UID", f"{found.land}-{kind}-{first}-{last}@school-holidays")
        event.add("DTSTAMP", datetime.combine(first, datetime.min.time(), UTC))
        event.add("DTSTART", first)
        event.add("DTEND", last + DAY)
        event.add("SUMMARY", f"{name} ({found.land})")
        event.add("TRANSP", "TRANSPARENT")
        made.add_component(event)
    text: bytes = made.to_ical()
    return text
