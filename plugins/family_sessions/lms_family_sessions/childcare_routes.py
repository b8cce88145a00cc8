"""What the plugin answers about childcare: to those who offer it, book it, and care for the children."""

from __future__ import annotations

from uuid import UUID

from litestar import Response

from lms_core.api import (
    CreateOnce,
    FromPath,
    FromQuery,
    IfMatch,
    JSONBody,
    RouteContext,
    delete,
    expected_revision,
    get,
    post,
    put,
    tagged,
)
from lms_family_sessions import childcare, childcare_lists, childcare_places
from lms_family_sessions import childcare_terms as t


@post("/childcare", permission="family_sessions.childcare")
async def offer_childcare(context: RouteContext, once: CreateOnce, data: JSONBody[t.NewOffers]) -> t.Offers:
    """Offer childcare on the days of sessions, or on all days between two."""
    return await once(t.Offers, lambda connection: childcare.create(context, connection, data))


@get("/childcare", permission="family_sessions.book")
async def list_childcare(context: RouteContext, cursor: FromQuery[UUID | None] = None) -> t.Offers:
    """List the childcare that is offered and not over yet."""
    async with context.read() as connection:
        return await childcare.read_all(context, connection, cursor)


@get("/childcare/{offer_id:uuid}", permission="family_sessions.book")
async def read_childcare(context: RouteContext, offer_id: FromPath[UUID]) -> Response[t.Offer]:
    """Show an offer of childcare."""
    async with context.read() as connection:
        found = await childcare.read(context, connection, offer_id)
    return tagged(found, found.revision)


@put("/childcare/{offer_id:uuid}", permission="family_sessions.childcare")
async def change_childcare(
    context: RouteContext, offer_id: FromPath[UUID], data: JSONBody[t.OfferContent], if_match: IfMatch = None
) -> Response[t.Offer]:
    """Change an offer; further places go to those who wait, and who booked is told of another time or place."""
    expected = expected_revision(if_match)
    async with context.write() as connection:
        made = await childcare.change(context, connection, offer_id, data, expected)
    return tagged(made, made.revision)


@delete("/childcare/{offer_id:uuid}", permission="family_sessions.childcare")
async def call_childcare_off(context: RouteContext, offer_id: FromPath[UUID], if_match: IfMatch = None) -> None:
    """Call an offer off; nobody has to pay, and all who booked are told."""
    expected = expected_revision(if_match)
    async with context.write() as connection:
        await childcare.call_off(context, connection, offer_id, expected)


@get("/childcare/{offer_id:uuid}/children", permission="family_sessions.children")
async def list_children(context: RouteContext, offer_id: FromPath[UUID]) -> t.CareTime:
    """Tell those who care for the children when they come and how old they are."""
    async with context.read() as connection:
        return await childcare_lists.care_time(context, connection, offer_id)


@get("/childcare/{offer_id:uuid}/families", permission="family_sessions.families")
async def list_families(context: RouteContext, offer_id: FromPath[UUID]) -> t.Families:
    """Tell the family office who booked, and what is to be paid."""
    async with context.read() as connection:
        return await childcare_lists.families(context, connection, offer_id)


@post("/childcare/{offer_id:uuid}/bookings", permission="family_sessions.book")
async def book_childcare(
    context: RouteContext, once: CreateOnce, offer_id: FromPath[UUID], data: JSONBody[t.NewBooking]
) -> t.Booking:
    """Book a place for a child of mine, or wait for one."""
    return await once(t.Booking, lambda connection: childcare_places.book(context, connection, offer_id, data))


@put("/childcare/{offer_id:uuid}/bookings/{booking_id:uuid}/cost", permission="family_sessions.families")
async def decide_cost(
    context: RouteContext, offer_id: FromPath[UUID], booking_id: FromPath[UUID], data: JSONBody[t.CostDecision]
) -> t.Booking:
    """Say that a booking is paid, or need not be."""
    async with context.write() as connection:
        return await childcare_places.decide_cost(context, connection, offer_id, booking_id, data)


@delete("/childcare/{offer_id:uuid}/bookings/{booking_id:uuid}", permission="family_sessions.families")
async def cancel_booking(context: RouteContext, offer_id: FromPath[UUID], booking_id: FromPath[UUID]) -> None:
    """Cancel somebody's booking, which costs nothing; the next who waits moves up."""
    async with context.write() as connection:
        await childcare_places.cancel(context, connection, booking_id, offer_id=offer_id)


@get("/bookings", permission="family_sessions.book")
async def list_my_bookings(context: RouteContext) -> t.Bookings:
    """List my bookings of childcare, with what is to be paid."""
    async with context.read() as connection:
        return await childcare_lists.mine(context, connection)


@post("/bookings/{booking_id:uuid}/cancel", permission="family_sessions.book", status_code=200)
async def cancel_my_booking(context: RouteContext, booking_id: FromPath[UUID]) -> t.Booking:
    """Cancel a booking of mine, and see whether it costs something; the next who waits moves up."""
    async with context.write() as connection:
        return await childcare_places.cancel(context, connection, booking_id)


childcare_routes = (
    offer_childcare, list_childcare, read_childcare, change_childcare, call_childcare_off, list_children,
    list_families, book_childcare, decide_cost, cancel_booking, list_my_bookings, cancel_my_booking,
)  # fmt: skip
