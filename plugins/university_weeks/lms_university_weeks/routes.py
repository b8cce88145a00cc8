"""What the plugin answers at /programmes/{programme_id}/university_weeks."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, get_args
from uuid import UUID

import msgspec
from litestar import MediaType, Request, Response
from litestar.params import QueryParameter

from lms_core.api import (
    CreateOnce,
    EventStream,
    FromPath,
    FromQuery,
    IfMatch,
    JSONBody,
    LastEventId,
    Payload,
    RouteContext,
    delete,
    expected_revision,
    follow,
    get,
    post,
    put,
    tagged,
)
from lms_university_weeks import (
    announcing,
    answers,
    members,
    pages,
    plans,
    presences,
    publishing,
    rosters,
    showing,
    teaching,
    weeks,
)
from lms_university_weeks.tasks import Plan, Task
from lms_university_weeks.week import WeekContent

AnyRequest = Request[Any, Any, Any]

FormParam = Annotated[
    str, QueryParameter(name="format", description="A page, a picture or a print.", enum=get_args(showing.Format))
]
ViewParam = Annotated[
    str, QueryParameter(name="view", description="`all`, `me`, `track:KEY`, `room:KEY` or `lecturer:KEY`.")
]


class Choice(Payload, frozen=True, kw_only=True):
    """Which proposal of which plan is to be published, counted from 1."""

    plan_id: UUID
    proposal: Annotated[int, msgspec.Meta(ge=1, le=10)] = 1


@post("/weeks", permission="university_weeks.plan")
async def create_week(context: RouteContext, once: CreateOnce, data: JSONBody[WeekContent]) -> weeks.Week:
    """Enter a week."""
    await weeks.check(context, data)
    return await once(weeks.Week, lambda connection: weeks.create(context, connection, data))


@get("/weeks", permission="university_weeks.plan")
async def list_weeks(context: RouteContext, cursor: FromQuery[UUID | None] = None) -> weeks.Weeks:
    """List the weeks of the programme."""
    async with context.read() as connection:
        return await weeks.read_all(context, connection, cursor)


@get("/weeks/{week_id:uuid}", permission="university_weeks.plan")
async def read_week(context: RouteContext, week_id: FromPath[UUID]) -> Response[weeks.Week]:
    """Show a week as it is entered."""
    async with context.read() as connection:
        found = await weeks.read(context, connection, week_id)
    return tagged(found, found.revision)


@put("/weeks/{week_id:uuid}", permission="university_weeks.plan")
async def change_week(
    context: RouteContext, week_id: FromPath[UUID], data: JSONBody[WeekContent], if_match: IfMatch = None
) -> Response[weeks.Week]:
    """Change a week; what is published stays as it is until a plan of the new state is."""
    expected = expected_revision(if_match)
    await weeks.check(context, data)
    async with context.write() as connection:
        made = await weeks.change(context, connection, week_id, data, expected)
    return tagged(made, made.revision)


@delete("/weeks/{week_id:uuid}", permission="university_weeks.plan")
async def remove_week(context: RouteContext, week_id: FromPath[UUID], if_match: IfMatch = None) -> None:
    """Remove a week with its plans; sessions that were published stay in their runs."""
    expected = expected_revision(if_match)
    async with context.write() as connection:
        await weeks.remove(context, connection, week_id, expected)


@post("/weeks/{week_id:uuid}/plans", permission="university_weeks.plan")
async def begin_plan(context: RouteContext, once: CreateOnce, week_id: FromPath[UUID], data: JSONBody[Task]) -> Plan:
    """Have a plan computed, a published one changed as little as possible, or told why there is none."""
    return await once(Plan, lambda connection: plans.begin(context, connection, week_id, data))


@get("/weeks/{week_id:uuid}/plans", permission="university_weeks.plan")
async def list_plans(
    context: RouteContext, week_id: FromPath[UUID], cursor: FromQuery[UUID | None] = None
) -> plans.Plans:
    """List the plans of a week."""
    async with context.read() as connection:
        return await plans.read_all(context, connection, week_id, cursor)


@get("/plans/{plan_id:uuid}", permission="university_weeks.plan")
async def read_plan(context: RouteContext, plan_id: FromPath[UUID]) -> Plan:
    """Show a plan, and what has come of it so far."""
    async with context.read() as connection:
        return await plans.read(context, connection, plan_id)


@post("/plans/{plan_id:uuid}/stop", permission="university_weeks.plan", status_code=200)
async def stop_plan(context: RouteContext, plan_id: FromPath[UUID]) -> Plan:
    """End a search with the best that it has found; again changes nothing."""
    async with context.write() as connection:
        return await plans.stop(context, connection, plan_id)


@get("/plans/{plan_id:uuid}/events", permission="university_weeks.plan")
async def follow_plan(context: RouteContext, plan_id: FromPath[UUID], last_event_id: LastEventId = None) -> EventStream:
    """Follow a search: `progress` with the best cost, what no plan can be below, and seconds; at last `end`."""
    async with context.read() as connection:
        await plans.read(context, connection, plan_id)
    return follow(context, lambda fresh, after: plans.look(fresh, plan_id, after), last_event_id)


@post("/publications", permission="university_weeks.plan")
async def publish_week(context: RouteContext, once: CreateOnce, data: JSONBody[Choice]) -> publishing.Publication:
    """Publish a plan: its sessions become those of the runs, all or none, and everybody is told what has changed."""
    draft = await publishing.prepare(context, data.plan_id, data.proposal)
    warnings = await publishing.judge(context, draft, await rosters.coming(context, draft))
    return await once(
        publishing.Publication, lambda connection: announcing.publish(context, connection, draft, warnings)
    )


@get("/weeks/{week_id:uuid}/publication", permission="university_weeks.read")
async def read_publication(
    context: RouteContext, week_id: FromPath[UUID], version: FromQuery[int | None] = None
) -> publishing.Publication:
    """Show the week as it is published, or an earlier version of that."""
    async with context.read() as connection:
        return await publishing.read(context, connection, week_id, version)


@get("/weeks/{week_id:uuid}/publication/picture", permission="university_weeks.read", media_type=MediaType.HTML)
async def show_publication(
    context: RouteContext, week_id: FromPath[UUID], view: ViewParam = "all", form: FormParam = "html"
) -> Response[bytes]:
    """Show the published week, or a part of it, as a page with a table, as SVG, or as PDF to print."""
    return await showing.published(context, week_id, view, form)


@get("/plans/{plan_id:uuid}/picture", permission="university_weeks.plan", media_type=MediaType.HTML)
async def show_plan(
    context: RouteContext,
    plan_id: FromPath[UUID],
    proposal: FromQuery[int] = 1,
    view: ViewParam = "all",
    form: FormParam = "html",
) -> Response[bytes]:
    """Show a proposal of a plan in the same ways, before anything is published."""
    return await showing.proposed(context, plan_id, proposal, view, form)


@get("/plans/{plan_id:uuid}/comparison", permission="university_weeks.plan", media_type=MediaType.HTML)
async def compare_proposals(context: RouteContext, plan_id: FromPath[UUID]) -> Response[bytes]:
    """Show the proposals of a plan side by side with what is published: what they cost whom, and what they move."""
    return await showing.compared(context, plan_id)


@post("/weeks/{week_id:uuid}/invitations", permission="university_weeks.plan")
async def invite_lecturers(
    context: RouteContext, week_id: FromPath[UUID], data: JSONBody[answers.Asked]
) -> answers.InvitedLecturers:
    """Make links by which lecturers say when they can come, without an account; send each to whom it is for.

    Each time makes new ones: a link is a secret, of which nothing is kept that could answer the same again.
    """
    async with context.write() as connection:
        return await answers.invite(context, connection, week_id, data)


@get("/weeks/{week_id:uuid}/availability", permission="university_weeks.plan")
async def list_answers(context: RouteContext, week_id: FromPath[UUID]) -> answers.Answers:
    """List when the lecturers of a week have said that they can come, and who has not."""
    async with context.read() as connection:
        return await answers.answers(context, connection, week_id)


@get("/availability", permission="guest:university_weeks.lecturer", media_type=MediaType.HTML)
async def ask_lecturer(context: RouteContext, request: AnyRequest) -> Response[Any]:
    """Show a lecturer what she is asked, as a page or, for `Accept: application/json`, as data."""
    async with context.read() as connection:
        found = await teaching.asked(context, connection)
    if request.accept.best_match(["text/html", "application/json"]) == "application/json":
        return Response(found, media_type=MediaType.JSON)
    return pages.form(found, request.query_params.get("link", ""))


@put("/availability", permission="guest:university_weeks.lecturer")
async def tell_availability(context: RouteContext, data: JSONBody[answers.Times]) -> None:
    """Take a lecturer's times, in place of those from before."""
    async with context.write() as connection:
        await answers.answer(context, connection, data)


@post("/availability", permission="guest:university_weeks.lecturer", status_code=200, media_type=MediaType.HTML)
async def submit_availability(context: RouteContext, request: AnyRequest) -> Response[str]:
    """Take the form of the page."""
    form = await request.form()
    async with context.write() as connection:
        asked = await teaching.asked(context, connection)
        times = pages.times_of({name: str(value) for name, value in form.items()}, asked.days)
        await answers.answer(context, connection, times)
        found = await teaching.asked(context, connection)
    return pages.form(found, request.query_params.get("link", ""), done=True)


@put("/weeks/{week_id:uuid}/members", permission="university_weeks.plan")
async def put_members(
    context: RouteContext, week_id: FromPath[UUID], data: JSONBody[members.Members]
) -> members.MemberList:
    """Say who is in which track, in place of what was said before."""
    async with context.write() as connection:
        made = await members.put(context, connection, week_id, data)
        await rosters.renew(context, connection, week_id)
        return made


@get("/weeks/{week_id:uuid}/members", permission="university_weeks.plan")
async def read_members(context: RouteContext, week_id: FromPath[UUID]) -> members.MemberList:
    """Show who is in which track."""
    async with context.read() as connection:
        return await members.read_all(context, connection, week_id)


@get("/weeks/{week_id:uuid}/door", permission="university_weeks.attendance")
async def read_door(context: RouteContext, week_id: FromPath[UUID], key: FromQuery[str]) -> presences.Door:
    """Show the code that hangs at the door of a session."""
    async with context.read() as connection:
        return await presences.show_door(context, connection, week_id, key)


@get("/weeks/{week_id:uuid}/door/qr", permission="university_weeks.attendance", media_type="image/svg+xml")
async def read_qr(context: RouteContext, week_id: FromPath[UUID], key: FromQuery[str]) -> Response[bytes]:
    """Show the code of a session as a picture to be printed; apps read from it what they send to `check-in`."""
    async with context.read() as connection:
        found = await presences.show_door(context, connection, week_id, key)
    picture = await asyncio.to_thread(pages.qr, context, week_id, found)
    return Response(picture, media_type="image/svg+xml", headers={"Cache-Control": "no-store"})


@post("/check-in", permission="university_weeks.read", status_code=200)
async def check_in(context: RouteContext, data: JSONBody[presences.Scan]) -> presences.Presence:
    """Say that I am there or, leaving, that I go, by the code that hangs at the door; again changes little."""
    async with context.write() as connection:
        return await presences.scan(context, connection, data)


@put("/weeks/{week_id:uuid}/presences", permission="university_weeks.attendance")
async def note_presences(
    context: RouteContext, week_id: FromPath[UUID], key: FromQuery[str], data: JSONBody[presences.AttendanceList]
) -> presences.Attenders:
    """Note who was at a session for how long; that counts before the codes at the door."""
    async with context.write() as connection:
        return await presences.note(context, connection, week_id, key, data)


@get("/weeks/{week_id:uuid}/presences", permission="university_weeks.attendance")
async def read_presences(context: RouteContext, week_id: FromPath[UUID]) -> presences.Attenders:
    """Show for each participant how long she was there, and whether that is enough."""
    async with context.read() as connection:
        return await presences.attenders(context, connection, week_id)


@post("/weeks/{week_id:uuid}/credits", permission="university_weeks.credit", status_code=200)
async def book_credits(context: RouteContext, week_id: FromPath[UUID]) -> presences.Booked:
    """Book the ECTS of a week that is over, for all who were there for long enough; again books nothing twice."""
    async with context.write() as connection:
        return await presences.book(context, connection, week_id)


routes = (
    put_members, read_members, read_door, read_qr, check_in, note_presences, read_presences, book_credits,
    invite_lecturers, list_answers, ask_lecturer, tell_availability, submit_availability,
    create_week, list_weeks, read_week, change_week, remove_week, begin_plan, list_plans, read_plan, stop_plan,
    follow_plan, publish_week, read_publication, show_publication, show_plan, compare_proposals,
)  # fmt: skip
