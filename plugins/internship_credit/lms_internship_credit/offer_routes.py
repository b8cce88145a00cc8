"""What the plugin answers about placements: to students who look for one, the office, the firms, and everybody."""

from __future__ import annotations

import csv
import io
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from litestar import MediaType, Request, Response
from litestar.params import QueryParameter

from lms_core.api import (
    AsyncConnection,
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
    guard_cell,
    post,
    put,
    tagged,
)
from lms_internship_credit import applicants_page, applying, offers
from lms_internship_credit.beside import about_guest
from lms_internship_credit.hosts import Kind
from lms_internship_credit.layout import Visit
from lms_internship_credit.letterhead import read_letterhead
from lms_internship_credit.linking import NewFirmLink, contact_of
from lms_internship_credit.routes import OFFICE, OWN, READ
from lms_internship_credit.telling import LANGUAGES, Language
from lms_internship_credit.wire import Link

FIRM = f"guest:{offers.FIRM}"
AnyRequest = Request[Any, Any, Any]
CountryParam = Annotated[
    str | None,
    QueryParameter(
        name="country", pattern=r"^[A-Z]{2}(?!\n)$", description="Of the site or else of the firm (ISO 3166)."
    ),
]
PayParam = Annotated[
    int | None,
    QueryParameter(name="pay_cents", ge=0, le=100_000_000, description="The least pay of a month, in cents."),
]


@get("/offers", permission=READ)
async def search_offers(
    context: RouteContext,
    text: FromQuery[str] = "",
    country: CountryParam = None,
    kind: FromQuery[Kind | None] = None,
    skill: FromQuery[str] = "",
    language: FromQuery[str] = "",
    first_day: FromQuery[date | None] = None,
    last_day: FromQuery[date | None] = None,
    pay_cents: PayParam = None,
    cursor: FromQuery[UUID | None] = None,
) -> offers.Offers:
    """Search the offers for which one can apply now; each that is given must fit.

    Words of `text`, `skill` and `language` are found without regard to case, accents, spaces and hyphens. An offer has
    one day at least from `first_day` to `last_day`, and pays `pay_cents` a month at least.
    """
    wanted = offers.Wanted(
        text=text, country=country, kind=kind, skill=skill, language=language, first_day=first_day, last_day=last_day,
        pay_cents=pay_cents,
    )  # fmt: skip
    async with context.read() as connection:
        return await offers.search(context, connection, wanted, cursor)


@get("/postings", permission=OFFICE)
async def list_postings(
    context: RouteContext,
    organisation_id: FromQuery[UUID | None] = None,
    stage: FromQuery[offers.Stage | None] = None,
    cursor: FromQuery[UUID | None] = None,
) -> offers.Offers:
    """List all offers to the office: drafts of firms that wait for it (`stage=draft`), open ones and closed ones."""
    async with context.read() as connection:
        return await offers.list_all(context, connection, organisation_id=organisation_id, state=stage, cursor=cursor)


@get("/postings/{offer_id:uuid}", permission=OFFICE)
async def read_posting(context: RouteContext, offer_id: FromPath[UUID]) -> Response[offers.Offer]:
    """Show an offer to the office, a draft as well."""
    async with context.read() as connection:
        found = await offers.read(context, connection, offer_id, whole=True)
    return tagged(found, found.revision)


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
            page = await offers.search(context, connection, offers.Wanted(), cursor)
        for one in page.items:
            texts = [guard_cell(text) for text in (one.organisation, one.country, one.title, one.place)]
            pay = "" if one.pay_cents is None else one.pay_cents
            more = [one.first_day, one.last_day, one.weekly_hours, pay, guard_cell(one.language), one.free]
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
        made = await applying.change(context, connection, offer_id, data.organisation_id, data, expected)
    return tagged(made, made.revision)


@put("/offers/{offer_id:uuid}/state", permission=OFFICE)
async def move_offer(
    context: RouteContext, offer_id: FromPath[UUID], data: JSONBody[offers.NewStage], if_match: IfMatch = None
) -> Response[offers.Offer]:
    """Open an offer of a firm to students and the catalogue, close one, or take it back to a draft."""
    expected = expected_revision(if_match)
    async with context.write() as connection:
        made = await offers.move(context, connection, offer_id, data.state, expected)
    return tagged(made, made.revision)


@delete("/offers/{offer_id:uuid}", permission=OFFICE)
async def remove_offer(context: RouteContext, offer_id: FromPath[UUID], if_match: IfMatch = None) -> None:
    """Remove an offer for which nobody has applied; others are closed."""
    expected = expected_revision(if_match)
    async with context.write() as connection:
        await offers.remove(context, connection, offer_id, expected)


@post("/offers/{offer_id:uuid}/links", permission=OFFICE, status_code=201)
async def make_applicants_link(context: RouteContext, offer_id: FromPath[UUID], data: JSONBody[NewFirmLink]) -> Link:
    """Send the firm its link to those who applied once more; links made before are revoked."""
    async with context.write() as connection:
        return await applying.link(context, connection, offer_id, data)


@put("/offers/{offer_id:uuid}/application", permission=OWN)
async def apply_for(
    context: RouteContext, offer_id: FromPath[UUID], data: JSONBody[applying.Apply]
) -> Response[offers.Offer]:
    """Apply for an offer; the firm is told."""
    async with context.write() as connection:
        made = await applying.apply(context, connection, offer_id, data)
    return tagged(made, made.revision)


@delete("/offers/{offer_id:uuid}/application", permission=OWN, status_code=200)
async def withdraw_application(context: RouteContext, offer_id: FromPath[UUID]) -> Response[offers.Offer]:
    """Withdraw one's application; the next who waits gets the place."""
    async with context.write() as connection:
        made = await applying.withdraw(context, connection, offer_id)
    return tagged(made, made.revision)


@get("/offers/{offer_id:uuid}/applicants", permission=OFFICE)
async def list_applicants(context: RouteContext, offer_id: FromPath[UUID]) -> applying.Applicants:
    """Show the office who applied."""
    async with context.read() as connection:
        return await applying.applicants(context, connection, offer_id)


async def visit_of(
    context: RouteContext, connection: AsyncConnection, request: AnyRequest, language: Language
) -> Visit:
    """Read what all pages of a firm show; in the language of its contact, unless the address names another."""
    wanted = request.query_params.get("language")
    chosen = next((one for one in LANGUAGES if one == wanted), language)
    return Visit(await read_letterhead(context, connection), chosen, request.query_params.get("link", ""))


async def _applicants(
    context: RouteContext, connection: AsyncConnection, request: AnyRequest
) -> tuple[applying.Applicants, Visit]:
    found = await applying.applicants(context, connection, about_guest(context))
    contact = await contact_of(connection, found.offer.organisation_id, found.offer.contact_id)
    return found, await visit_of(context, connection, request, contact.language)


@get("/applicants", permission=FIRM, media_type=MediaType.HTML)
async def show_applicants(context: RouteContext, request: AnyRequest) -> Response[Any]:
    """Show a firm who applied: as a page or, for `Accept: application/json`, as data."""
    async with context.read() as connection:
        found, visit = await _applicants(context, connection, request)
    if request.accept.best_match(["text/html", "application/json"]) == "application/json":
        return Response(found, media_type=MediaType.JSON)
    return applicants_page.show(found, visit)


@put("/applicants/{application_id:uuid}", permission=FIRM)
async def decide_on_applicant(
    context: RouteContext, application_id: FromPath[UUID], data: JSONBody[applying.Decide]
) -> applying.Applicants:
    """Agree to an applicant, or decline."""
    async with context.write() as connection:
        return await applying.decide(context, connection, about_guest(context), application_id, data.agreed)


@delete("/applicants/{application_id:uuid}/decision", permission=FIRM, status_code=200)
async def take_decision_back(context: RouteContext, application_id: FromPath[UUID]) -> applying.Applicants:
    """Take the decision on an applicant back, until she begins an internship on her place."""
    async with context.write() as connection:
        return await applying.take_back(context, connection, about_guest(context), application_id)


@post("/applicants", permission=FIRM, status_code=200, media_type=MediaType.HTML)
async def submit_decision(context: RouteContext, request: AnyRequest) -> Response[str]:
    """Take a form of the firm's page."""
    fields = {name: str(value) for name, value in (await request.form()).items()}
    told, status, offer_id = "kept", 200, about_guest(context)
    try:
        application_id = UUID(fields.get("application", ""))
    except ValueError:
        application_id = offer_id  # of which there is none
    try:
        async with context.write() as connection:
            match fields.get("decision"):
                case "back":
                    await applying.take_back(context, connection, offer_id, application_id)
                case "agree" | "decline" as decision:
                    agreed = decision == "agree"
                    await applying.decide(context, connection, offer_id, application_id, agreed)
                case _:
                    told = ""
    except (Conflict, NotFound):
        told, status = "refused", 409
    async with context.read() as connection:
        found, visit = await _applicants(context, connection, request)
    return applicants_page.show(found, visit, told, status)


offer_routes = (
    search_offers, list_postings, read_posting, export_catalogue, add_offer, read_offer, change_offer, move_offer,
    remove_offer, make_applicants_link, apply_for, withdraw_application, list_applicants, show_applicants,
    decide_on_applicant, take_decision_back, submit_decision,
)  # fmt: skip
