"""What the plugin answers about what falls due: lists for companies, and all dates of a week."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Literal
from urllib.parse import quote
from uuid import UUID

from litestar import MediaType, Request, Response
from litestar.params import QueryParameter

from lms_core.api import FromPath, RouteContext, get
from lms_university_weeks import companies, deadlines
from lms_university_weeks.files import CSV, to_csv

AnyRequest = Request[Any, Any, Any]
FormParam = Annotated[
    Literal["json", "csv"] | None,
    QueryParameter(name="format", description="Data or a table; if left out, what the header Accept asks for."),
]


@get("/weeks/{week_id:uuid}/companies/{key:str}/participants", permission="university_weeks.plan")
async def list_visitors(
    context: RouteContext, request: AnyRequest, week_id: FromPath[UUID], key: FromPath[str], form: FormParam = None
) -> Response[Any]:
    """List who comes to the visits of a company, by name, and when it wants to know; as data or as CSV."""
    async with context.read() as connection:
        found = await companies.read_visitors(context, connection, week_id, key)
    accepted = request.accept.best_match([MediaType.JSON, CSV], default=MediaType.JSON)
    headers = {"Cache-Control": "no-store"}
    if (form or ("csv" if accepted == CSV else "json")) == "json":
        return Response(found, media_type=MediaType.JSON, headers=headers)
    data = await asyncio.to_thread(lambda: to_csv(companies.rows_of(found)))
    name = quote(f"{found.name}.csv", safe="")
    headers |= {"Content-Disposition": f"attachment; filename*=UTF-8''{name}", "X-Content-Type-Options": "nosniff"}
    return Response(data, media_type=CSV, headers=headers)


@get("/weeks/{week_id:uuid}/deadlines", permission="university_weeks.plan")
async def list_deadlines(context: RouteContext, week_id: FromPath[UUID]) -> deadlines.WeekDeadlines:
    """List what falls due for a week: choices, lists for companies, the decision on its run, answers of lecturers."""
    async with context.read() as connection:
        return await deadlines.read_deadlines(context, connection, week_id)


due_routes = (list_visitors, list_deadlines)
