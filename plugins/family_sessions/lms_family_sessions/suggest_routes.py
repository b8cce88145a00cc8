"""Routes about proposals of dates."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from litestar import MediaType, Response
from litestar.params import QueryParameter

from lms_core.api import (
    CreateOnce,
    EventStream,
    FromPath,
    FromQuery,
    JSONBody,
    LastEventId,
    RouteContext,
    follow,
    get,
    post,
)
from lms_family_sessions import accepting, comparing, suggestions
from lms_family_sessions.accepting import Acceptance
from lms_family_sessions.holidays_of import Land
from lms_family_sessions.loading import load
from lms_family_sessions.suggestions import SuggestionList
from lms_family_sessions.tasks import Suggestion, Task

Ids = Annotated[list[UUID], QueryParameter(name="suggestion", min_items=1, max_items=4, description="One to four.")]
Lands = Annotated[list[Land] | None, QueryParameter(name="land", max_items=16, description="Whose holidays to mark.")]

_HEADERS = {"Cache-Control": "no-store", "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}


@post("/suggestions", permission="family_sessions.plan")
async def begin_suggestion(context: RouteContext, once: CreateOnce, data: JSONBody[Task]) -> Suggestion:
    """Have dates of sessions found that are fairest to whoever has it hardest."""
    await load()
    return await once(Suggestion, lambda connection: suggestions.begin(context, connection, data))


@get("/suggestions", permission="family_sessions.plan")
async def list_suggestions(context: RouteContext, cursor: FromQuery[UUID | None] = None) -> SuggestionList:
    """List who asked for which proposals, and when."""
    async with context.read() as connection:
        return await suggestions.read_all(context, connection, cursor)


@get("/suggestions/{suggestion_id:uuid}", permission="family_sessions.plan")
async def read_suggestion(context: RouteContext, suggestion_id: FromPath[UUID]) -> Suggestion:
    """Show a proposal, and what has come of it so far."""
    async with context.read() as connection:
        return await suggestions.read(context, connection, suggestion_id)


@post("/suggestions/{suggestion_id:uuid}/stop", permission="family_sessions.plan", status_code=200)
async def stop_suggestion(context: RouteContext, suggestion_id: FromPath[UUID]) -> Suggestion:
    """End a search with the fairest dates that it has found; again changes nothing."""
    async with context.write() as connection:
        return await suggestions.stop(context, connection, suggestion_id)


@post("/suggestions/{suggestion_id:uuid}/acceptance", permission="family_sessions.plan", status_code=200)
async def accept_suggestion(
    context: RouteContext, suggestion_id: FromPath[UUID], data: JSONBody[Acceptance]
) -> Suggestion:
    """Make or move the sessions of a proposal, all or none; again changes nothing. One that is stale is refused."""
    await load()
    return await accepting.accept(context, suggestion_id, data)


@get("/suggestions/{suggestion_id:uuid}/events", permission="family_sessions.plan")
async def follow_suggestion(
    context: RouteContext, suggestion_id: FromPath[UUID], last_event_id: LastEventId = None
) -> EventStream:
    """Follow a search: `progress` with its stage, how many levels of burden are settled, and seconds; at last `end`."""
    async with context.read() as connection:
        await suggestions.read(context, connection, suggestion_id)
    return follow(context, lambda fresh, after: suggestions.look(fresh, suggestion_id, after), last_event_id)


@get("/comparison", permission="family_sessions.plan", media_type=MediaType.HTML)
async def compare_suggestions(context: RouteContext, ids: Ids, laender: Lands = None) -> Response[Any]:
    """Show proposals side by side, as a page: their dates, what they are like, and the weekends of the term."""
    body = await comparing.compared(context, ids, laender or [])
    return Response(body.encode(), media_type=MediaType.HTML, headers=_HEADERS)


suggest_routes = (
    begin_suggestion, list_suggestions, read_suggestion, stop_suggestion, accept_suggestion, follow_suggestion,
    compare_suggestions,
)  # fmt: skip
