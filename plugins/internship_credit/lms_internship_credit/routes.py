"""What the plugin answers at /programmes/{programme_id}/internship_credit: each role at an address of its own."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from litestar import MediaType, Request, Response

from lms_core.api import (
    AsyncConnection,
    BadValue,
    Conflict,
    CreateOnce,
    FromPath,
    FromQuery,
    IfMatch,
    InvalidInput,
    JSONBody,
    RouteContext,
    delete,
    expected_revision,
    get,
    post,
    put,
    read_person,
    tagged,
)
from lms_internship_credit import beside, cases, firms, pages, reading
from lms_internship_credit import wire as w
from lms_internship_credit.case import Entry, Evaluation
from lms_internship_credit.cases import Who
from lms_internship_credit.lifecycle import Role

OWN = "internship_credit.own"
SUPERVISE = "internship_credit.supervise"
OFFICE = "internship_credit.office"
DECIDE = "internship_credit.decide"
READ = "internship_credit.read"
HOST = "guest:internship_credit.host"
AnyRequest = Request[Any, Any, Any]
MENTOR = "guest:internship_credit.mentor"


async def _who(context: RouteContext, connection: AsyncConnection, role: Role) -> Who:
    """Name who asks, in a role that the permission of the route says."""
    if context.guest:
        return Who(role, None, context.guest.title)
    assert context.person_id
    return Who(role, context.person_id, (await read_person(connection, context.person_id)).name)


async def _show(context: RouteContext, case_id: UUID, role: Role) -> Response[w.CaseView]:
    async with context.read() as connection:
        found = await reading.show(context, connection, case_id, await _who(context, connection, role))
    return tagged(found, found.revision)


async def _take(
    context: RouteContext, case_id: UUID, role: Role, entry: Entry, expected: int | None
) -> Response[w.CaseView]:
    async with context.write() as connection:
        who = await _who(context, connection, role)
        await cases.take(context, connection, case_id, entry, who, expected)
        found = await reading.show(context, connection, case_id, who)
    return tagged(found, found.revision)


@get("/organisations", permission=READ)
async def list_organisations(context: RouteContext, cursor: FromQuery[UUID | None] = None) -> w.Organisations:
    """List the firms that take students."""
    async with context.read() as connection:
        return await firms.list_all(context, connection, cursor, whole=False)


@get("/contacts", permission=OFFICE)
async def list_contacts(context: RouteContext, cursor: FromQuery[UUID | None] = None) -> w.Organisations:
    """List the firms with whom to write to there."""
    async with context.read() as connection:
        return await firms.list_all(context, connection, cursor, whole=True)


@post("/organisations", permission=OFFICE)
async def add_organisation(
    context: RouteContext, once: CreateOnce, data: JSONBody[w.NewOrganisation]
) -> w.Organisation:
    """Add a firm that takes students."""
    return await once(w.Organisation, lambda connection: firms.add(context, connection, data))


@put("/organisations/{organisation_id:uuid}", permission=OFFICE)
async def change_organisation(
    context: RouteContext, organisation_id: FromPath[UUID], data: JSONBody[w.NewOrganisation], if_match: IfMatch = None
) -> Response[w.Organisation]:
    """Change a firm, or whom to write to there."""
    expected = expected_revision(if_match)
    async with context.write() as connection:
        made = await firms.change(context, connection, organisation_id, data, expected)
    return tagged(made, made.revision)


@get("/supervisors", permission=READ)
async def list_supervisors(context: RouteContext) -> w.Supervisors:
    """List who supervises internships."""
    async with context.read() as connection:
        return await reading.list_supervisors(context, connection)


@put("/me/supervising", permission=SUPERVISE, status_code=204)
async def supervise(context: RouteContext, data: JSONBody[w.Supervising]) -> None:
    """Let students choose oneself as the supervisor of their internships."""
    async with context.write() as connection:
        await firms.supervise(context, connection, data)


@delete("/me/supervising", permission=SUPERVISE)
async def supervise_no_more(context: RouteContext) -> None:
    """Let nobody choose oneself any more; the cases that one supervises stay."""
    async with context.write() as connection:
        await firms.supervise_no_more(context, connection)


@post("/me/cases", permission=OWN)
async def begin_case(context: RouteContext, once: CreateOnce, data: JSONBody[w.NewCase]) -> w.CaseView:
    """Begin a case of one's own, as a draft."""

    async def make(connection: AsyncConnection) -> w.CaseView:
        made = await cases.begin(context, connection, data.part, data.organisation_id)
        return await reading.show(context, connection, made.id, await _who(context, connection, "student"))

    return await once(w.CaseView, make)


@get("/me/cases", permission=OWN)
async def list_own(context: RouteContext, cursor: FromQuery[UUID | None] = None) -> w.Cases:
    """List one's own cases."""
    async with context.read() as connection:
        return await reading.list_cases(context, connection, Who("student", context.person_id, ""), cursor)


@get("/me/cases/{case_id:uuid}", permission=OWN)
async def read_own(context: RouteContext, case_id: FromPath[UUID]) -> Response[w.CaseView]:
    """Show a case of one's own, what can be done next and by whom, and all that was done."""
    return await _show(context, case_id, "student")


@put("/me/cases/{case_id:uuid}", permission=OWN)
async def describe_own(
    context: RouteContext, case_id: FromPath[UUID], data: JSONBody[w.Draft], if_match: IfMatch = None
) -> Response[w.CaseView]:
    """Describe what is to be done in an internship, and name its supervisor; while it is a draft."""
    expected = expected_revision(if_match)
    async with context.write() as connection:
        who = await _who(context, connection, "student")
        await beside.edit(context, connection, case_id, who, expected, data)
        found = await reading.show(context, connection, case_id, who)
    return tagged(found, found.revision)


@put("/me/cases/{case_id:uuid}/report", permission=OWN)
async def write_report(
    context: RouteContext, case_id: FromPath[UUID], data: JSONBody[w.Report]
) -> Response[w.CaseView]:
    """Keep the report; the step `submit` hands it in."""
    async with context.write() as connection:
        who = await _who(context, connection, "student")
        await beside.hand_in(context, connection, case_id, who, data)
        found = await reading.show(context, connection, case_id, who)
    return tagged(found, found.revision)


@post("/me/cases/{case_id:uuid}/steps", permission=OWN, status_code=200)
async def step_of_student(
    context: RouteContext, case_id: FromPath[UUID], data: JSONBody[Entry], if_match: IfMatch = None
) -> Response[w.CaseView]:
    """Take a step as the student: propose, revise, withdraw, sign, amend, interrupt, resume, submit, appeal, ..."""
    return await _take(context, case_id, "student", data, expected_revision(if_match))


@get("/supervised", permission=SUPERVISE)
async def list_supervised(context: RouteContext, cursor: FromQuery[UUID | None] = None) -> w.Cases:
    """List the cases that one supervises."""
    async with context.read() as connection:
        return await reading.list_cases(context, connection, Who("supervisor", context.person_id, ""), cursor)


@get("/supervised/{case_id:uuid}", permission=SUPERVISE)
async def read_supervised(context: RouteContext, case_id: FromPath[UUID]) -> Response[w.CaseView]:
    """Show a case that one supervises."""
    return await _show(context, case_id, "supervisor")


@post("/supervised/{case_id:uuid}/steps", permission=SUPERVISE, status_code=200)
async def step_of_supervisor(
    context: RouteContext, case_id: FromPath[UUID], data: JSONBody[Entry], if_match: IfMatch = None
) -> Response[w.CaseView]:
    """Take a step as the supervisor: approve, return, sign, extend, demand_rework, evaluate."""
    return await _take(context, case_id, "supervisor", data, expected_revision(if_match))


@get("/cases", permission=OFFICE)
async def list_cases(context: RouteContext, cursor: FromQuery[UUID | None] = None) -> w.Cases:
    """List all cases of the programme."""
    async with context.read() as connection:
        return await reading.list_cases(context, connection, Who("office", context.person_id, ""), cursor)


@get("/cases/{case_id:uuid}", permission=OFFICE)
async def read_case(context: RouteContext, case_id: FromPath[UUID]) -> Response[w.CaseView]:
    """Show a case to the office."""
    return await _show(context, case_id, "office")


@put("/cases/{case_id:uuid}/clearances/{kind:str}", permission=OFFICE)
async def clear(
    context: RouteContext, case_id: FromPath[UUID], kind: FromPath[str], data: JSONBody[w.Clearing]
) -> Response[w.CaseView]:
    """Say whether insurance, residence or wage is cleared, and on what grounds."""
    async with context.write() as connection:
        who = await _who(context, connection, "office")
        await beside.clear(context, connection, case_id, who, kind, data)
        found = await reading.show(context, connection, case_id, who)
    return tagged(found, found.revision)


@post("/cases/{case_id:uuid}/links", permission=OFFICE, status_code=201)
async def make_link(context: RouteContext, case_id: FromPath[UUID], data: JSONBody[w.NewLink]) -> w.Link:
    """Make a link by which the host or the mentor takes one step; links made before for this role are revoked."""
    async with context.write() as connection:
        return await beside.link(context, connection, case_id, data.role)


@post("/cases/{case_id:uuid}/steps", permission=OFFICE, status_code=200)
async def step_of_office(
    context: RouteContext, case_id: FromPath[UUID], data: JSONBody[Entry], if_match: IfMatch = None
) -> Response[w.CaseView]:
    """Take a step as the office: clear, begin, interrupt, resume, end, certify on other evidence."""
    return await _take(context, case_id, "office", data, expected_revision(if_match))


@get("/decisions", permission=DECIDE)
async def list_to_decide(context: RouteContext, cursor: FromQuery[UUID | None] = None) -> w.Cases:
    """List all cases to the examination board."""
    async with context.read() as connection:
        return await reading.list_cases(context, connection, Who("board", context.person_id, ""), cursor)


@get("/decisions/{case_id:uuid}", permission=DECIDE)
async def read_to_decide(context: RouteContext, case_id: FromPath[UUID]) -> Response[w.CaseView]:
    """Show a case to the examination board."""
    return await _show(context, case_id, "board")


@post("/decisions/{case_id:uuid}/steps", permission=DECIDE, status_code=200)
async def step_of_board(
    context: RouteContext, case_id: FromPath[UUID], data: JSONBody[Entry], if_match: IfMatch = None
) -> Response[w.CaseView]:
    """Take a step as the examination board: recognise, recognise_partly, reject, reverse."""
    return await _take(context, case_id, "board", data, expected_revision(if_match))


@put("/persons/{person_id:uuid}/parts/{part:str}", permission=DECIDE, status_code=204)
async def settle(
    context: RouteContext, person_id: FromPath[UUID], part: FromPath[str], data: JSONBody[w.Settling]
) -> None:
    """Waive a part of the internship for an experienced student, or recognise ECTS for it from elsewhere."""
    async with context.write() as connection:
        await beside.settle(context, connection, person_id, part, data)


@get("/host", permission=HOST, media_type=MediaType.HTML)
async def read_as_host(context: RouteContext, request: AnyRequest) -> Response[Any]:
    """Show a case to the host, who comes by a link: as a page or, for `Accept: application/json`, as data."""
    return await _page(context, request, "host")


@post("/host", permission=HOST, status_code=200, media_type=MediaType.HTML)
async def submit_as_host(context: RouteContext, request: AnyRequest) -> Response[str]:
    """Take a form of the host's page."""
    return await _submit(context, request, "host")


@post("/host/steps", permission=HOST, status_code=200)
async def step_of_host(context: RouteContext, data: JSONBody[Entry]) -> Response[w.CaseView]:
    """Take a step as the host: confirm, return, sign, amend, interrupt, resume, cancel, certify."""
    return await _take(context, beside.case_of_guest(context), "host", data, None)


@get("/mentor", permission=MENTOR, media_type=MediaType.HTML)
async def read_as_mentor(context: RouteContext, request: AnyRequest) -> Response[Any]:
    """Show a case to the mentor, who comes by a link: as a page or, for `Accept: application/json`, as data."""
    return await _page(context, request, "mentor")


@post("/mentor", permission=MENTOR, status_code=200, media_type=MediaType.HTML)
async def submit_as_mentor(context: RouteContext, request: AnyRequest) -> Response[str]:
    """Take a form of the mentor's page."""
    return await _submit(context, request, "mentor")


@post("/mentor/steps", permission=MENTOR, status_code=200)
async def step_of_mentor(context: RouteContext, data: JSONBody[Entry]) -> Response[w.CaseView]:
    """Take a step as the mentor: amend, certify."""
    return await _take(context, beside.case_of_guest(context), "mentor", data, None)


@put("/mentor/evaluation", permission=MENTOR)
async def evaluate_as_mentor(context: RouteContext, data: JSONBody[Evaluation]) -> Response[w.CaseView]:
    """Judge the internship as the mentor, by points from 1 to 5."""
    case_id = beside.case_of_guest(context)
    async with context.write() as connection:
        who = await _who(context, connection, "mentor")
        await beside.evaluate(context, connection, case_id, who, data)
        found = await reading.show(context, connection, case_id, who)
    return tagged(found, found.revision)


async def _page(context: RouteContext, request: AnyRequest, role: Role, told: str = "") -> Response[Any]:
    async with context.read() as connection:
        who = await _who(context, connection, role)
        found = await reading.show(context, connection, beside.case_of_guest(context), who)
    if request.accept.best_match(["text/html", "application/json"]) == "application/json":
        return Response(found, media_type=MediaType.JSON)
    return pages.show(found, role, request.query_params.get("link", ""), told)


async def _submit(context: RouteContext, request: AnyRequest, role: Role) -> Response[str]:
    """Take a form; whoever is refused gets the page again with the reason, for she has no other way to read it."""
    fields = {name: str(value) for name, value in (await request.form()).items()}
    case_id = beside.case_of_guest(context)
    try:
        async with context.write() as connection:
            who = await _who(context, connection, role)
            if role == "mentor" and fields.get("action") == "evaluate":
                await beside.evaluate(context, connection, case_id, who, pages.evaluation_of(fields))
            else:
                await cases.take(context, connection, case_id, pages.entry_of(fields), who)
            found = await reading.show(context, connection, case_id, who)
    except (InvalidInput, Conflict, BadValue) as error:
        reasons = "; ".join(f"{one.where.removeprefix('body.')} {one.reason}" for one in getattr(error, "errors", []))
        return await _page(context, request, role, f"{error} {reasons}".strip())
    return pages.show(found, role, "", "Thank you; this is kept, and all concerned are told.")


routes = (
    list_organisations, list_contacts, add_organisation, change_organisation, list_supervisors, supervise,
    supervise_no_more, begin_case, list_own, read_own, describe_own, write_report, step_of_student, list_supervised,
    read_supervised, step_of_supervisor, list_cases, read_case, clear, make_link, step_of_office, list_to_decide,
    read_to_decide, step_of_board, settle, read_as_host, submit_as_host, step_of_host, read_as_mentor, submit_as_mentor,
    step_of_mentor, evaluate_as_mentor,
)  # fmt: skip
