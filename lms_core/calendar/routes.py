"""HTTP for calendar feeds: a person's own, and what calendar programs read."""

from __future__ import annotations

import asyncio
from typing import Annotated
from urllib.parse import urlsplit
from uuid import UUID

from litestar import Response, Router, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, PathParameter

from lms_core.calendar import actions, entries, ics
from lms_core.calendar import types as t
from lms_core.db import Database
from lms_core.hooks.dispatch import Dispatcher
from lms_core.http import UNCHANGED, LmsRequest, unless_known
from lms_core.permissions import PUBLIC, SELF
from lms_core.settings import Settings
from lms_core.types import now

MEDIA_TYPE = "text/calendar"  # the framework adds the charset

# Writing a large calendar takes a tenth of a second of computing: off the event loop, and one at a time.
_writing = asyncio.Semaphore(1)


@post("/me/calendar-feeds", permission=SELF)
async def create_calendar_feed(
    data: JSONBody[t.NewFeed],
    request: LmsRequest,
    database: NamedDependency[Database],
    settings: NamedDependency[Settings],
) -> t.FeedAddress:
    """Make a secret address at which a calendar program reads the own calendar; at most 20 of them."""
    async with database.write() as connection:  # no Idempotency-Key: the address is a secret that nothing may keep
        return await actions.make_feed(connection, request.user.person_id, data.name, settings.public_url)


@get("/me/calendar-feeds", permission=SELF)
async def list_calendar_feeds(request: LmsRequest, database: NamedDependency[Database]) -> t.Feeds:
    """List the own calendar feeds, without their addresses."""
    async with database.read() as connection:
        return t.Feeds(await actions.list_feeds(connection, request.user.person_id))


@delete("/me/calendar-feeds/{feed_id:uuid}", permission=SELF)
async def revoke_calendar_feed(
    feed_id: FromPath[UUID], request: LmsRequest, database: NamedDependency[Database]
) -> None:
    """Revoke an own calendar feed: its address leads nowhere from now on."""
    async with database.write() as connection:
        await actions.revoke_feed(connection, request.user.person_id, feed_id)


@get(
    "/calendar/{file:str}",
    permission=PUBLIC,
    media_type=MEDIA_TYPE,
    responses=UNCHANGED,
)
async def read_calendar(
    file: Annotated[str, PathParameter(max_length=200, description="A secret and `.ics`.")],
    request: LmsRequest,
    database: NamedDependency[Database],
    hooks: NamedDependency[Dispatcher],
    settings: NamedDependency[Settings],
) -> Response[bytes]:
    """Return the calendar behind a secret address, as iCalendar: half a year back and five years ahead.

    The header `X-Degraded` names the plugins whose entries are missing because they do not work at the moment.
    """
    moment, host = now(), urlsplit(settings.public_url).hostname or ""
    async with database.read() as connection:
        feed = await actions.find_feed(connection, file)
        sessions = await entries.sessions_of(connection, feed.person_id, host, feed.language, moment)
        due = await entries.deadlines_of(connection, feed.person_id, host, feed.language, moment)
        exams = await entries.exams_of(connection, feed.person_id, host, feed.language, moment)
        programmes = await entries.programmes_of(connection, feed.person_id)
    added, degraded = await entries.entries_of_plugins(hooks, programmes, feed.person_id, host, moment)
    years = ((moment - entries.BACK).year, (moment + entries.AHEAD).year)
    async with _writing:
        body = await asyncio.to_thread(ics.write, feed.name, sessions + due + exams + added, degraded, years)
    headers = {"X-Degraded": ", ".join(degraded)} if degraded else None
    return unless_known(request, Response(body, media_type=MEDIA_TYPE, headers=headers))


router = Router(
    "/",
    tags=["Calendar"],
    route_handlers=[create_calendar_feed, list_calendar_feeds, revoke_calendar_feed, read_calendar],
)
