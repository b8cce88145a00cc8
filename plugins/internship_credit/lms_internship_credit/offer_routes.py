"""What the plugin answers about placements: to students who look for one, the office, the firms, and everybody."""

from __future__ import annotations

import csv
import io
from typing import Any
from uuid import UUID

from litestar import MediaType, Request, Response

from lms_core.api import (
    Conflict,
    CreateOnce,
    FromPath,
    FromQuery,
    IfMatch,
    JSONBody,
    NotFound,
    RouteContext,
    delete,
    expected_revision,
    get,
    post,
    put,
    tagged,
)
from lms_internship_credit import offers, pages
from lms_internship_credit.beside import about_guest
from lms_internship_credit.routes import OFFICE, OWN, READ

FIRM = "guest:internship_credit.firm"
AnyRequest = Request[Any, Any, Any]


@get("/offers", permission=READ)
async def search_offers(
    context: RouteContext,
    text: FromQuery[str] = "",
    country: FromQuery[str] = "",
    kind: FromQuery[str] = "",
    cursor: FromQuery[UUID | None] = None,
) -> offers.Offers:
    """Search the offers for which one can still apply: by words, country of the firm, and kind of internship."""
    async with context.read() as connection:
        return await offers.search(context, connection, text, country, kind, cursor)


@get("/catalogue", permission="public", media_type="text/csv")
async def export_catalogue(context: RouteContext) -> Response[str]:
    """Give out all offers that are open, for everybody, as CSV: no contacts, and nobody who applied."""
    out = io.StringIO()
    writer = csv.writer(out)
    days = ["first_day", "last_day", "weekly_hours", "pay_cents"]
    writer.writerow(["firm", "country", "title", "place", *days, "language", "places"])
    cursor = None
    while True:
        async with context.read() as connection:
            page = await offers.search(context, connection, cursor=cursor)
        for one in page.items:
            texts = [pages.plain(text) for text in (one.organisation, one.country, one.title, one.place)]
            pay = "" if one.pay_cents is None else one.pay_cents
            more = [one.first_day, one.last_day, one.weekly_hours, pay, pages.plain(one.language), one.free]
            writer.writerow([*texts, *more])
        if page.next is None:
            return Response(out.getvalue(), media_type="text/csv")
        cursor = page.next


@post("/offers", permission=OFFICE)
async def add_offer(context: RouteContext, once: CreateOnce, data: JSONBody[offers.NewOffer]) -> offers.Offer:
    """Add an offer of a firm."""
    return await once(offers.Offer, lambda connection: offers.add(context, connection, data))


@get("/offers/{offer_id:uuid}", permission=READ)
async def read_offer(context: RouteContext, offer_id: FromPath[UUID]) -> Response[offers.Offer]:
    """Show an offer, and how one's own application stands."""
    async with context.read() as connection:
        found = await offers.read(context, connection, offer_id)
    return tagged(found, found.revision)


@put("/offers/{offer_id:uuid}", permission=OFFICE)
async def change_offer(
    context: RouteContext, offer_id: FromPath[UUID], data: JSONBody[offers.NewOffer], if_match: IfMatch = None
) -> Response[offers.Offer]:
    """Change an offer; further places go to those who wait."""
    expected = expected_revision(if_match)
    async with context.write() as connection:
        made = await offers.change(context, connection, offer_id, data, expected)
    return tagged(made, made.revision)


@put("/offers/{offer_id:uuid}/application", permission=OWN)
async def apply_for(
    context: RouteContext, offer_id: FromPath[UUID], data: JSONBody[offers.Apply]
) -> Response[offers.Offer]:
    """Apply for an offer; the firm is told."""
    async with context.write() as connection:
        made = await offers.apply(context, connection, offer_id, data)
    return tagged(made, made.revision)


@delete("/offers/{offer_id:uuid}/application", permission=OWN, status_code=200)
async def withdraw_application(context: RouteContext, offer_id: FromPath[UUID]) -> Response[offers.Offer]:
    """Withdraw one's application; the next who waits gets the place."""
    async with context.write() as connection:
        made = await offers.withdraw(context, connection, offer_id)
    return tagged(made, made.revision)


@get("/offers/{offer_id:uuid}/applicants", permission=OFFICE)
async def list_applicants(context: RouteContext, offer_id: FromPath[UUID]) -> offers.Applicants:
    """Show the office who applied."""
    async with context.read() as connection:
        return await offers.applicants(context, connection, offer_id)


@get("/applicants", permission=FIRM, media_type=MediaType.HTML)
async def show_applicants(context: RouteContext, request: AnyRequest) -> Response[Any]:
    """Show a firm who applied: as a page or, for `Accept: application/json`, as data."""
    async with context.read() as connection:
        found = await offers.applicants(context, connection, about_guest(context))
    if request.accept.best_match(["text/html", "application/json"]) == "application/json":
        return Response(found, media_type=MediaType.JSON)
    return pages.show_applicants(found, request.query_params.get("link", ""))


@put("/applicants/{application_id:uuid}", permission=FIRM)
async def decide_on_applicant(
    context: RouteContext, application_id: FromPath[UUID], data: JSONBody[offers.Decide]
) -> offers.Applicants:
    """Agree to an applicant, or decline."""
    async with context.write() as connection:
        return await offers.decide(context, connection, about_guest(context), application_id, data.agreed)


@post("/applicants", permission=FIRM, status_code=200, media_type=MediaType.HTML)
async def submit_decision(context: RouteContext, request: AnyRequest) -> Response[str]:
    """Take a form of the firm's page."""
    fields = {name: str(value) for name, value in (await request.form()).items()}
    told, offer_id = "", about_guest(context)
    try:
        application_id = UUID(fields.get("application", ""))
    except ValueError:
        application_id = offer_id
    try:
        async with context.write() as connection:
            agreed = fields.get("decision") == "agree"
            found = await offers.decide(context, connection, offer_id, application_id, agreed)
    except (Conflict, NotFound) as error:
        told = str(error)
        async with context.read() as connection:
            found = await offers.applicants(context, connection, offer_id)
    return pages.show_applicants(found, request.query_params.get("link", ""), told or "Thank you; this is kept.")


offer_routes = (
    search_offers, export_catalogue, add_offer, read_offer, change_offer, apply_for, withdraw_application,
    list_applicants, show_applicants, decide_on_applicant, submit_decision,
)  # fmt: skip
