"""What the plugin answers to a firm that comes by its link to what it offers, and how the office makes that link."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from litestar import MediaType, Request, Response

from lms_core.api import (
    Conflict,
    FromPath,
    FromQuery,
    IfMatch,
    InvalidInput,
    JSONBody,
    RouteContext,
    expected_revision,
    get,
    post,
    put,
    tagged,
)
from lms_internship_credit import employer, employer_page
from lms_internship_credit.beside import about_guest
from lms_internship_credit.cases import today_in
from lms_internship_credit.firms import EMPLOYER
from lms_internship_credit.forms import field_of
from lms_internship_credit.linking import NewFirmLink
from lms_internship_credit.offer_routes import visit_of
from lms_internship_credit.offers import Offer, Posting
from lms_internship_credit.routes import OFFICE
from lms_internship_credit.wire import Link

FIRM = f"guest:{EMPLOYER}"
AnyRequest = Request[Any, Any, Any]


@post("/organisations/{organisation_id:uuid}/links", permission=OFFICE, status_code=201)
async def make_employer_link(
    context: RouteContext, organisation_id: FromPath[UUID], data: JSONBody[NewFirmLink]
) -> Link:
    """Send a firm the link by which it enters what it offers; links made before are revoked."""
    async with context.write() as connection:
        return await employer.link(context, connection, organisation_id, data)


@get("/employer", permission=FIRM, media_type=MediaType.HTML)
async def show_board(
    context: RouteContext, request: AnyRequest, cursor: FromQuery[UUID | None] = None
) -> Response[Any]:
    """Show a firm what it offers: as a page or, for `Accept: application/json`, as data."""
    async with context.read() as connection:
        found = await employer.show(context, connection, about_guest(context), cursor)
        visit = await visit_of(context, connection, request, found.language)
    if request.accept.best_match(["text/html", "application/json"]) == "application/json":
        return Response(found, media_type=MediaType.JSON)
    return employer_page.show(found, visit)


@put("/employer/offers/{offer_id:uuid}", permission=FIRM)
async def put_own_offer(
    context: RouteContext, offer_id: FromPath[UUID], data: JSONBody[Posting], if_match: IfMatch = None
) -> Response[Offer]:
    """Add an offer of the firm under an id that the client has made or, with If-Match, change one."""
    async with context.write() as connection:
        made = await employer.put(context, connection, about_guest(context), offer_id, data, if_match)
    return tagged(made, made.revision)


@put("/employer/offers/{offer_id:uuid}/state", permission=FIRM)
async def move_own_offer(
    context: RouteContext, offer_id: FromPath[UUID], data: JSONBody[employer.OwnStage], if_match: IfMatch = None
) -> Response[Offer]:
    """Close an offer of the firm, or hand it to the office anew."""
    expected = expected_revision(if_match)
    async with context.write() as connection:
        made = await employer.move(context, connection, about_guest(context), offer_id, data, expected)
    return tagged(made, made.revision)


@post("/employer", permission=FIRM, status_code=200, media_type=MediaType.HTML)
async def submit_offer(context: RouteContext, request: AnyRequest) -> Response[str]:
    """Take a form of the firm's page; what cannot be kept is shown once more, with what is wrong."""
    form = employer_page.typed({name: str(value) for name, value in (await request.form()).items()})
    firm_id, told, wrong = about_guest(context), "kept", list[str]()
    try:
        async with context.write() as connection:
            if not await employer.stands(context, connection, firm_id, form.offer_id, form.revision):
                told = "moved"
            elif form.revision and (to := _MOVES.get(form.fields.get("action", ""))):
                await employer.move(context, connection, firm_id, form.offer_id, to, form.revision)
            else:
                tag = f'"{form.revision}"' if form.revision else None
                data = employer_page.posting(form, today_in(context))
                await employer.put(context, connection, firm_id, form.offer_id, data, tag)
    except InvalidInput as error:
        wrong = [field_of(one.where) for one in error.errors]
    except Conflict:
        wrong = ["places"]
    async with context.read() as connection:
        found = await employer.show(context, connection, firm_id)
        visit = await visit_of(context, connection, request, found.language)
    if wrong:
        return employer_page.show(found, visit, form=form, wrong=wrong)
    return employer_page.show(found, visit, told=told)


_MOVES = {"close": employer.OwnStage("closed"), "hand_in": employer.OwnStage("draft")}
"""What the buttons of an offer do, beside that of its form."""


employer_routes = (make_employer_link, show_board, put_own_offer, move_own_offer, submit_offer)
