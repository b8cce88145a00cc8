"""Routes: what a student says of her time, plans of her study, and what all plans together say to the programme."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Annotated
from uuid import UUID

from litestar import MediaType, Response
from litestar.params import QueryParameter

from lms_core.api import (
    CreateOnce,
    FromPath,
    FromQuery,
    IfMatch,
    JSONBody,
    RouteContext,
    expected_revision,
    get,
    post,
    put,
    tagged,
)
from lms_part_time_tracks import boxes, comparing, dates, forecast, pace, pictures, plans, tracks
from lms_part_time_tracks.asking import Asked
from lms_part_time_tracks.calendar import monday_of
from lms_part_time_tracks.comparing import Comparison
from lms_part_time_tracks.forecast import Forecast
from lms_part_time_tracks.knowing import read_own, today
from lms_part_time_tracks.milestones import Standings, standing_of
from lms_part_time_tracks.pace import Pace
from lms_part_time_tracks.plans import Plans
from lms_part_time_tracks.results import Plan, Result
from lms_part_time_tracks.tracks import KeptTrack, Track
from lms_part_time_tracks.week import Week, read_monday, read_week

OWN = "part_time_tracks.own"
EXPECT = "part_time_tracks.expect"
# text, for what the framework says of a wrong date would name an argument of ours instead of `from`
Monday = Annotated[
    str | None,
    QueryParameter(
        name="from", description="The Monday of a week (null: of this one).", schema_extra={"format": "date"}
    ),
]
_HEADERS = {"Cache-Control": "no-store", "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}


@get("/me/track", permission=OWN)
async def read_track(context: RouteContext) -> Response[KeptTrack]:
    """Show what one has said of one's hours, absences and wishes."""
    async with context.read() as connection:
        found = await tracks.read(context, connection)
    return tagged(found, found.revision)


@put("/me/track", permission=OWN)
async def put_track(context: RouteContext, data: JSONBody[Track], if_match: IfMatch = None) -> Response[KeptTrack]:
    """Say how many hours a week one has, when work leaves none, and one's wishes; at first with If-Match: "0"."""
    expected = expected_revision(if_match)
    tracks.check_end(data, today(context))
    async with context.write() as connection:
        kept = await tracks.put(context, connection, data, expected)
    return tagged(kept, kept.revision)


@get("/me/standing", permission=OWN)
async def read_standing(context: RouteContext) -> Standings:
    """Show how far one is, how many attempts are left, and what is due when: milestones, the last term, repeats."""
    async with context.read() as connection:
        facts = await read_own(context, connection)
    return await asyncio.to_thread(standing_of, facts)


@get("/me/pace", permission=OWN)
async def read_my_pace(context: RouteContext) -> Pace:
    """Show by when one should have done which unit of one's runs, what is behind, and what would help."""
    async with context.read() as connection:
        return await pace.read_pace(context, connection, await read_own(context, connection))


@get("/me/week", permission=OWN)
async def read_my_week(context: RouteContext, monday: Monday = None) -> Week:
    """Show a week: what was done in the one before, what is to be done, when to be where, and what is coming."""
    first = None if monday is None else read_monday(monday)
    async with context.read() as connection:
        facts = await read_own(context, connection)
        return await read_week(context, connection, facts, first or monday_of(facts.today))


@post("/me/plans", permission=OWN)
async def begin_plan(context: RouteContext, once: CreateOnce, data: JSONBody[Asked]) -> Plan:
    """Have a plan made of one's study, from all that is known now, or if something were so."""
    return await once(Plan, lambda connection: plans.begin(context, connection, data))


@get("/me/plans", permission=OWN)
async def list_plans(context: RouteContext, cursor: FromQuery[UUID | None] = None) -> Plans:
    """List one's plans, the newest first."""
    async with context.read() as connection:
        return await plans.read_all(context, connection, cursor)


@get("/me/plans/{plan_id:uuid}", permission=OWN)
async def read_plan(context: RouteContext, plan_id: FromPath[UUID]) -> Plan:
    """Show a plan of one's own, and how good it is proven to be."""
    async with context.read() as connection:
        return await plans.read(context, connection, plan_id)


@get("/me/comparison", permission=OWN)
async def compare_plans(context: RouteContext, before: FromQuery[UUID], after: FromQuery[UUID]) -> Comparison:
    """Show two plans of one's own side by side: when they end, what they take, and what moved."""
    async with context.read() as connection:
        return await comparing.compare(context, connection, before, after)


@get("/me/plans/{plan_id:uuid}/plan.svg", permission=OWN, media_type="image/svg+xml")
async def draw_plan(context: RouteContext, plan_id: FromPath[UUID]) -> Response[bytes]:
    """Draw the terms of a plan with their modules, and which of them are done, certain and critical."""
    return await _drawn(context, plan_id, boxes.draw, "image/svg+xml")


@get("/me/plans/{plan_id:uuid}/load.svg", permission=OWN, media_type="image/svg+xml")
async def draw_load(context: RouteContext, plan_id: FromPath[UUID]) -> Response[bytes]:
    """Draw the hours that each week of a plan takes, and those that one has."""
    return await _drawn(context, plan_id, pictures.load, "image/svg+xml")


@get("/me/plans/{plan_id:uuid}/page", permission=OWN, media_type=MediaType.HTML)
async def show_page(context: RouteContext, plan_id: FromPath[UUID]) -> Response[bytes]:
    """Show a plan on a page: pictures of its terms and weeks, and the same in tables."""
    return await _drawn(context, plan_id, pictures.page, MediaType.HTML)


@get("/me/plans/{plan_id:uuid}/modules.csv", permission=OWN, media_type="text/csv")
async def export_plan(context: RouteContext, plan_id: FromPath[UUID]) -> Response[bytes]:
    """Give a plan out as a table, a line for each module."""
    return await _drawn(context, plan_id, pictures.table, "text/csv")


@get("/me/plans/{plan_id:uuid}/plan.ics", permission=OWN, media_type="text/calendar")
async def export_calendar(context: RouteContext, plan_id: FromPath[UUID]) -> Response[bytes]:
    """Give a plan out as a calendar: sessions of its runs, and the dates that nobody can move."""
    body = await dates.write_plan(context, plan_id)
    headers = {"Cache-Control": "no-store", "Content-Disposition": 'attachment; filename="plan.ics"'}
    return Response(body, media_type="text/calendar", headers=headers)


async def _drawn(context: RouteContext, plan_id: UUID, draw: Callable[[Result], str], kind: str) -> Response[bytes]:
    async with context.read() as connection:
        result = await plans.read_result(context, connection, plan_id)
    body = await asyncio.to_thread(draw, result)
    return Response(body.encode(), media_type=kind, headers=_HEADERS)


@post("/me/plans/{plan_id:uuid}/acceptance", permission=OWN, status_code=200)
async def accept_plan(context: RouteContext, plan_id: FromPath[UUID]) -> Plan:
    """Let a plan be the one that holds; later plans keep to it as far as they can. Again changes nothing."""
    return await plans.accept(context, plan_id)


@get("/forecast", permission=EXPECT)
async def read_forecast(context: RouteContext) -> Forecast:
    """Show how many plan which module in the next two years, and which runs that many want together clash."""
    async with context.read() as connection:
        return await forecast.forecast(context, connection)


routes = (
    read_track, put_track, begin_plan, list_plans, read_plan, compare_plans, draw_plan, draw_load, show_page,
    export_plan, export_calendar, accept_plan, read_standing, read_my_pace, read_my_week, read_forecast,
)  # fmt: skip
