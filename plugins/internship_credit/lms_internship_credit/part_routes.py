"""The parts of a student's internship: what the board settles of them without a case."""

from __future__ import annotations

from uuid import UUID

from lms_core.api import FromPath, JSONBody, RouteContext, get, post, put
from lms_internship_credit import settling
from lms_internship_credit import wire as w
from lms_internship_credit.routes import DECIDE, OWN


@get("/me/parts", permission=OWN, finishes=True)
async def read_own_parts(context: RouteContext) -> w.Parts:
    """Show the parts of one's own internship, and what the board has settled of them."""
    assert context.person_id
    async with context.read() as connection:
        return await settling.parts_of(context, connection, context.person_id)


@get("/persons/{person_id:uuid}/parts", permission=DECIDE, finishes=True)
async def read_parts(context: RouteContext, person_id: FromPath[UUID]) -> w.Parts:
    """Show the parts of a student's internship, what is settled of them, and what was taken back."""
    async with context.read() as connection:
        return await settling.parts_of(context, connection, person_id)


@put("/persons/{person_id:uuid}/parts/{part:str}", permission=DECIDE, status_code=204, finishes=True)
async def settle(
    context: RouteContext, person_id: FromPath[UUID], part: FromPath[str], data: JSONBody[w.Settling]
) -> None:
    """Waive a part of the internship for an experienced student, or recognise ECTS for it from elsewhere."""
    async with context.write() as connection:
        await settling.settle(context, connection, person_id, part, data)
    async with context.write() as connection:
        await settling.book_settled(context, connection, person_id)


@post("/persons/{person_id:uuid}/parts/{part:str}/reversal", permission=DECIDE, status_code=204, finishes=True)
async def take_back(
    context: RouteContext, person_id: FromPath[UUID], part: FromPath[str], data: JSONBody[w.TakingBack]
) -> None:
    """Take back what was settled of a part, with a reason; ECTS that were recognised and booked are reversed."""
    async with context.write() as connection:
        await settling.take_back(context, connection, person_id, part, data.note)


part_routes = (read_own_parts, read_parts, settle, take_back)
