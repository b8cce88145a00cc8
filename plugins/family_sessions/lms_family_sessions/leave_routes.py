"""What the office decides about a person, leaves and reserved seats, and what she sees of it."""

from __future__ import annotations

from uuid import UUID

from litestar import Response

from lms_core.api import FromPath, IfMatch, JSONBody, RouteContext, delete, expected_revision, get, put, tagged
from lms_family_sessions import leaves, reserved, sealing
from lms_family_sessions.leaves import Leave, Leaves, NewLeave
from lms_family_sessions.loading import load
from lms_family_sessions.own_routes import OWN
from lms_family_sessions.reserved import Reserved, ReservedSeat, ReservedSeats

LEAVES = "family_sessions.leaves"
SEATS = "family_sessions.seats"


@put("/leaves/{leave_id:uuid}", permission=LEAVES)
async def put_leave(
    context: RouteContext, leave_id: FromPath[UUID], data: JSONBody[NewLeave], if_match: IfMatch = None
) -> Response[Leave]:
    """Enter a leave that was granted (an id of your own, If-Match: "0"), or change it; she sees what follows."""
    expected = expected_revision(if_match)
    sealing.ready()
    await load()
    async with context.write(more=True) as connection:
        made = await leaves.put(context, connection, leave_id, data, expected)
    return tagged(made, made.revision)


@delete("/leaves/{leave_id:uuid}", permission=LEAVES)
async def remove_leave(context: RouteContext, leave_id: FromPath[UUID], if_match: IfMatch = None) -> None:
    """Remove a leave that was entered by mistake: its terms count again; deadlines that were promised stay."""
    expected = expected_revision(if_match)
    await load()
    async with context.write() as connection:
        await leaves.remove(context, connection, leave_id, expected)


@get("/me/leaves", permission=OWN)
async def list_my_leaves(context: RouteContext) -> Leaves:
    """List one's own leaves, what stands still meanwhile, and until which term one has time for the study."""
    assert context.person_id
    await load()
    async with context.read() as connection:
        return await leaves.read_all(context, connection, context.person_id)


@put("/reserved-seats", permission=SEATS)
async def reserve_seats(context: RouteContext, data: JSONBody[ReservedSeat]) -> Reserved:
    """Say until when reserved seats of runs are for a person (null: no more); where she waits, she may move up."""
    async with context.write(more=True) as connection:
        return await reserved.put(context, connection, data)


@get("/reserved-seats", permission=SEATS)
async def list_reserved_seats(context: RouteContext) -> ReservedSeats:
    """List for whom seats are reserved."""
    async with context.read() as connection:
        return await reserved.read_all(context, connection)


@get("/me/reserved-seats", permission=OWN)
async def read_my_reserved_seats(context: RouteContext) -> Reserved:
    """Show until when seats are reserved for oneself."""
    assert context.person_id
    async with context.read() as connection:
        return await reserved.read(context, connection, context.person_id)


leave_routes = (
    put_leave, remove_leave, list_my_leaves, reserve_seats, list_reserved_seats, read_my_reserved_seats,
)  # fmt: skip
