"""A view of a week in the form that somebody asks for."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Literal, get_args
from uuid import UUID

from litestar import MediaType, Response

from lms_core.api import AsyncConnection, Context, FieldError, InvalidInput, NotFound, read_participants
from lms_university_weeks import comparing, pictures, plans, publishing, rosters
from lms_university_weeks.attendance import read_attendance
from lms_university_weeks.layout import sheet
from lms_university_weeks.translate import Where
from lms_university_weeks.views import Own, shown, title_of, view_of
from lms_university_weeks.week import WeekContent

Format = Literal["html", "svg", "pdf"]

_HEADERS = {"Cache-Control": "no-store", "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
_TYPES = {"html": MediaType.HTML, "svg": "image/svg+xml", "pdf": "application/pdf"}


async def published(context: Context, week_id: UUID, view: str, form: str) -> Response[bytes]:
    """Show a week as it is published. Raises NotFound, and InvalidInput for a view or form that there is not.

    One statement, and three more for one's own sessions.
    """
    async with context.read() as connection:
        found = await publishing.read(context, connection, week_id, None)
        wheres = [one.where for one in found.sessions]
        own = await _own(context, connection, week_id, found.content, wheres) if view == "me" else Own()
    return await _shown(found.content, wheres, own, view, form, found.made_at)


async def proposed(context: Context, plan_id: UUID, number: int, view: str, form: str) -> Response[bytes]:
    """Show a proposal of a plan, which need not be published. Raises as `published` does."""
    async with context.read() as connection:
        found = await plans.read(context, connection, plan_id)
        proposals = found.result.proposals if found.result else ()
        if not 1 <= number <= len(proposals):
            raise NotFound(f"The plan has {len(proposals)} proposals, none with the number {number}.")
        wheres = proposals[number - 1].sessions
        own = await _own(context, connection, found.week_id, found.content, wheres) if view == "me" else Own()
    return await _shown(found.content, wheres, own, view, form, found.made_at)


async def compared(context: Context, plan_id: UUID) -> Response[bytes]:
    """Show the proposals of a plan side by side, as a page. Raises NotFound."""
    body = (await comparing.compared(context, plan_id)).encode()
    return Response(body, media_type=MediaType.HTML, headers=_HEADERS)


async def _own(
    context: Context, connection: AsyncConnection, week_id: UUID, content: WeekContent, wheres: Sequence[Where]
) -> Own:
    """Return which sessions of a plan are those of the person who asks. Three statements."""
    me = context.person_id
    runs = {content.run_id, *(one.run_id for one in content.sessions if one.run_id)}
    seats = await read_participants(connection, runs)  # those that count under another programme as well
    mine = {one.run_id for one in seats if one.person.id == me}
    of_session = {one.key: one.run_id or content.run_id for one in content.sessions}
    attendance = await read_attendance(connection, week_id, content)
    people = rosters.people_of(attendance, wheres, [one.person.id for one in seats if one.run_id == content.run_id])
    return Own(
        attends=frozenset(
            key
            for key, who in people.items()
            if of_session[key.partition("/")[0]] in mine and (who.attend is None or me in who.attend)
        ),
        teaches=frozenset(key for key, who in people.items() if me in who.teach),
    )


async def _shown(
    content: WeekContent, wheres: Sequence[Where], own: Own, view: str, form: str, moment: datetime
) -> Response[bytes]:
    if form not in get_args(Format):
        reason = f"must be one of {', '.join(get_args(Format))}"
        raise InvalidInput("There is no such form.", errors=[FieldError("query.format", reason)])
    chosen = view_of(content, view)

    def drawn() -> bytes:
        title, entries = title_of(content, chosen), shown(content, wheres, chosen, own)
        if form == "pdf":
            from lms_university_weeks import prints  # what it needs takes long to import, and is seldom needed

            return prints.pdf(content, title, entries, moment)
        drawing = sheet(content, title, content.days, entries)
        return (pictures.page(drawing, entries) if form == "html" else pictures.svg(drawing)).encode()

    name = f'inline; filename="week-{view.replace(":", "-")}.{form}"'
    body = await asyncio.to_thread(drawn)
    return Response(body, media_type=_TYPES[form], headers={**_HEADERS, "Content-Disposition": name})
