"""What the plugin answers to hosts and mentors, who have no account and come by a link."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from litestar import MediaType, Request, Response

from lms_core.api import AsyncConnection, Conflict, InvalidInput, JSONBody, RouteContext, get, post, put, tagged
from lms_internship_credit import beside, documents, guest_page, reading
from lms_internship_credit import wire as w
from lms_internship_credit.case import Entry, Evaluation
from lms_internship_credit.forms import FORMS, Wrong, document_of, entry_of, evaluation_of, field_of
from lms_internship_credit.guest_page import Seen, Typed
from lms_internship_credit.hosts import host_of
from lms_internship_credit.letterhead import read_letterhead
from lms_internship_credit.lifecycle import Role
from lms_internship_credit.page_words import EVALUATE
from lms_internship_credit.routes import take_step, who_asks
from lms_internship_credit.sending import BRING
from lms_internship_credit.telling import LANGUAGES

AnyRequest = Request[Any, Any, Any]
HOST = "guest:internship_credit.host"
MENTOR = "guest:internship_credit.mentor"


@get("/host", permission=HOST, media_type=MediaType.HTML, finishes=True)
async def read_as_host(context: RouteContext, request: AnyRequest) -> Response[Any]:
    """Show a case to the host, who comes by a link: as a page or, for `Accept: application/json`, as data."""
    return await _page(context, request, "host")


@post("/host", permission=HOST, status_code=200, media_type=MediaType.HTML, finishes=True)
async def submit_as_host(context: RouteContext, request: AnyRequest) -> Response[str]:
    """Take a form of the host's page."""
    return await _submit(context, request, "host")


@post("/host/steps", permission=HOST, status_code=200, finishes=True)
async def step_of_host(context: RouteContext, data: JSONBody[Entry]) -> Response[w.CaseView]:
    """Take a step as the host: confirm, return, sign, amend, interrupt, resume, cancel, certify."""
    return await take_step(context, beside.about_guest(context), "host", data, None)


@get("/mentor", permission=MENTOR, media_type=MediaType.HTML, finishes=True)
async def read_as_mentor(context: RouteContext, request: AnyRequest) -> Response[Any]:
    """Show a case to the mentor, who comes by a link: as a page or, for `Accept: application/json`, as data."""
    return await _page(context, request, "mentor")


@post("/mentor", permission=MENTOR, status_code=200, media_type=MediaType.HTML, finishes=True)
async def submit_as_mentor(context: RouteContext, request: AnyRequest) -> Response[str]:
    """Take a form of the mentor's page."""
    return await _submit(context, request, "mentor")


@post("/mentor/steps", permission=MENTOR, status_code=200, finishes=True)
async def step_of_mentor(context: RouteContext, data: JSONBody[Entry]) -> Response[w.CaseView]:
    """Take a step as the mentor: amend, certify."""
    return await take_step(context, beside.about_guest(context), "mentor", data, None)


@put("/mentor/evaluation", permission=MENTOR, finishes=True)
async def evaluate_as_mentor(context: RouteContext, data: JSONBody[Evaluation]) -> Response[w.CaseView]:
    """Judge the internship as the mentor, by points from 1 to 5."""
    case_id = beside.about_guest(context)
    async with context.write() as connection:
        who = await who_asks(context, connection, "mentor")
        await beside.evaluate(context, connection, case_id, who, data)
        found = await reading.show(context, connection, case_id, who)
    return tagged(found, found.revision)


async def _seen(context: RouteContext, connection: AsyncConnection, request: AnyRequest, role: Role) -> Seen:
    """Read what a page shows; in the language in which the firm is written to, unless the address names another."""
    who = await who_asks(context, connection, role)
    case = await reading.show(context, connection, beside.about_guest(context), who)
    wanted = request.query_params.get("language")
    _, contact, _ = await host_of(connection, case.id)
    language = next((one for one in LANGUAGES if one == wanted), contact.language)
    return Seen(
        case=case, role=role, letterhead=await read_letterhead(context, connection),
        internship=context.settings.internship(case.regulation), language=language,
        link=request.query_params.get("link", ""),
    )  # fmt: skip


async def _page(context: RouteContext, request: AnyRequest, role: Role) -> Response[Any]:
    async with context.read() as connection:
        seen = await _seen(context, connection, request, role)
    if request.accept.best_match(["text/html", "application/json"]) == "application/json":
        return Response(seen.case, media_type=MediaType.JSON)
    return guest_page.show(seen)


async def _submit(context: RouteContext, request: AnyRequest, role: Role) -> Response[str]:
    """Take a form; whoever is refused gets the page again with the reason and what she typed."""
    fields = {name: str(value) for name, value in (await request.form()).items()}
    action = fields.get("action", "")
    try:
        async with context.write() as connection:
            await _take(context, connection, role, action, fields)
            seen = await _seen(context, connection, request, role)
    except Wrong as wrong:
        status, problems = 422, wrong.problems
    except InvalidInput as refused:
        status, problems = 422, {field_of(one.where): "rule" for one in refused.errors}
    except Conflict:
        status, problems = 409, {"": "moved"}
    else:
        return guest_page.thank(seen, action)
    async with context.read() as connection:
        seen = await _seen(context, connection, request, role)
    return guest_page.show(seen, Typed(action, fields, problems), status)


async def _take(
    context: RouteContext, connection: AsyncConnection, role: Role, action: str, fields: Mapping[str, str]
) -> None:
    """Do what a form says. Raises Wrong, InvalidInput and Conflict."""
    case_id, who = beside.about_guest(context), await who_asks(context, connection, role)
    if action == EVALUATE and role == "mentor":
        await beside.evaluate(context, connection, case_id, who, evaluation_of(fields))
    elif action in FORMS and action != EVALUATE:
        await documents.take(context, connection, case_id, entry_of(action, fields), who)
    elif action == BRING and role == "host":
        await documents.bring(context, connection, case_id, who, *document_of(fields))
    else:
        raise Wrong({"": "unread"})


guest_routes = (
    read_as_host, submit_as_host, step_of_host, read_as_mentor, submit_as_mentor, step_of_mentor, evaluate_as_mentor,
)  # fmt: skip
