"""What the plugin answers about exams and deadlines that are later for somebody than for all."""

from __future__ import annotations

from uuid import UUID

from lms_core.api import FromPath, JSONBody, RouteContext, get, post
from lms_family_sessions import consequences
from lms_family_sessions.own_routes import OWN


@get("/me/consequences", permission=OWN)
async def list_my_consequences(context: RouteContext) -> consequences.ConsequenceList:
    """List my exams that were moved, and my deadlines that were extended."""
    async with context.read() as connection:
        return await consequences.mine(context, connection)


@post("/me/consequences/{consequence_id:uuid}/undo", permission=OWN, status_code=200)
async def undo_consequence(context: RouteContext, consequence_id: FromPath[UUID]) -> consequences.Consequence:
    """Take the exam where it was, or have the deadline of all; it is not changed for me again."""
    async with context.write() as connection:
        return await consequences.undo(context, connection, consequence_id)


@post("/deadlines/{run_id:uuid}/{unit_key:str}/compensation", permission="family_sessions.compensate", status_code=204)
async def compensate(
    context: RouteContext, run_id: FromPath[UUID], unit_key: FromPath[str], data: JSONBody[consequences.Compensation]
) -> None:
    """Give who has fewer hours a week more time, in proportion; she is told until when, and nobody why."""
    async with context.write() as connection:
        await consequences.compensate(context, connection, run_id, unit_key, data)


consequence_routes = (list_my_consequences, undo_consequence, compensate)
