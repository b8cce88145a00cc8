"""What the plugin answers to hosts and mentors, who have no account and come by a link."""

from __future__ import annotations

from typing import Any

from litestar import MediaType, Request, Response

from lms_core.api import BadValue, Conflict, InvalidInput, JSONBody, RouteContext, get, post, put, tagged
from lms_internship_credit import beside, cases, pages, reading
from lms_internship_credit import wire as w
from lms_internship_credit.case import Entry, Evaluation
from lms_internship_credit.lifecycle import Role
from lms_internship_credit.routes import take_step, who_asks

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


async def _page(context: RouteContext, request: AnyRequest, role: Role, told: str = "") -> Response[Any]:
    async with context.read() as connection:
        who = await who_asks(context, connection, role)
        found = await reading.show(context, connection, beside.about_guest(context), who)
    if request.accept.best_match(["text/html", "application/json"]) == "application/json":
        return Response(found, media_type=MediaType.JSON)
    return pages.show(found, role, request.query_params.get("link", ""), told)


async def _submit(context: RouteContext, request: AnyRequest, role: Role) -> Response[str]:
    """Take a form; whoever is refused gets the page again with the reason, for she has no other way to read it."""
    fields = {name: str(value) for name, value in (await request.form()).items()}
    case_id = beside.about_guest(context)
    try:
        async with context.write() as connection:
            who = await who_asks(context, connection, role)
            if role == "mentor" and fields.get("action") == "evaluate":
                await beside.evaluate(context, connection, case_id, who, pages.evaluation_of(fields))
            else:
                await cases.take(context, connection, case_id, pages.entry_of(fields), who)
            found = await reading.show(context, connection, case_id, who)
    except (InvalidInput, Conflict, BadValue) as error:
        reasons = "; ".join(f"{one.where.removeprefix('body.')} {one.reason}" for one in getattr(error, "errors", []))
        return await _page(context, request, role, f"{error} {reasons}".strip())
    return pages.show(found, role, "", "Thank you; this is kept, and all concerned are told.")


guest_routes = (
    read_as_host, submit_as_host, step_of_host, read_as_mentor, submit_as_mentor, step_of_mentor, evaluate_as_mentor,
)  # fmt: skip
