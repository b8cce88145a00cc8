"""What the plugin answers at /programmes/{programme_id}/internship_credit: each role at an address of its own."""

from __future__ import annotations

from uuid import UUID

from litestar import Response

from lms_core.api import (
    AsyncConnection,
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
    read_person,
    tagged,
)
from lms_internship_credit import beginning, beside, checking, documents, figures, firms, hosts, reading
from lms_internship_credit import wire as w
from lms_internship_credit.case import Entry
from lms_internship_credit.cases import Who
from lms_internship_credit.lifecycle import Role

OWN = "internship_credit.own"
SUPERVISE = "internship_credit.supervise"
OFFICE = "internship_credit.office"
DECIDE = "internship_credit.decide"
READ = "internship_credit.read"


async def who_asks(context: RouteContext, connection: AsyncConnection, role: Role) -> Who:
    """Name who asks, in a role that the permission of the route says."""
    if context.guest:
        return Who(role, None, context.guest.title)
    assert context.person_id
    return Who(role, context.person_id, (await read_person(connection, context.person_id)).name)


async def _show(context: RouteContext, case_id: UUID, role: Role) -> Response[w.CaseView]:
    async with context.read() as connection:
        found = await reading.show(context, connection, case_id, await who_asks(context, connection, role))
    return tagged(found, found.revision)


async def take_step(
    context: RouteContext, case_id: UUID, role: Role, entry: Entry, expected: int | None
) -> Response[w.CaseView]:
    """Take a step, and show the case after it."""
    async with context.write() as connection:
        who = await who_asks(context, connection, role)
        await documents.take(context, connection, case_id, entry, who, expected)
        found = await reading.show(context, connection, case_id, who)
    return tagged(found, found.revision)


@get("/organisations", permission=READ, finishes=True)
async def list_organisations(context: RouteContext, cursor: FromQuery[UUID | None] = None) -> hosts.Organisations:
    """List the firms that take students."""
    async with context.read() as connection:
        return await firms.list_all(context, connection, cursor, whole=False)


@get("/contacts", permission=OFFICE, finishes=True)
async def list_contacts(context: RouteContext, cursor: FromQuery[UUID | None] = None) -> hosts.Organisations:
    """List the firms with whom to write to there."""
    async with context.read() as connection:
        return await firms.list_all(context, connection, cursor, whole=True)


@post("/organisations", permission=OFFICE)
async def add_organisation(
    context: RouteContext, once: CreateOnce, data: JSONBody[hosts.NewOrganisation]
) -> hosts.Organisation:
    """Add a firm that takes students."""
    return await once(hosts.Organisation, lambda connection: firms.add(context, connection, data))


@put("/organisations/{organisation_id:uuid}", permission=OFFICE, finishes=True)
async def change_organisation(
    context: RouteContext,
    organisation_id: FromPath[UUID],
    data: JSONBody[hosts.NewOrganisation],
    if_match: IfMatch = None,
) -> Response[hosts.Organisation]:
    """Change a firm with all its contacts and sites; those that are left out are gone."""
    expected = expected_revision(if_match)
    async with context.write() as connection:
        made = await firms.change(context, connection, organisation_id, data, expected)
    return tagged(made, made.revision)


@delete("/organisations/{organisation_id:uuid}", permission=OFFICE, finishes=True)
async def remove_organisation(context: RouteContext, organisation_id: FromPath[UUID], if_match: IfMatch = None) -> None:
    """Remove a firm of which there are neither internships nor offers."""
    expected = expected_revision(if_match)
    async with context.write() as connection:
        await firms.remove(context, connection, organisation_id, expected)


@get("/contacts/{organisation_id:uuid}", permission=OFFICE, finishes=True)
async def read_contacts(context: RouteContext, organisation_id: FromPath[UUID]) -> Response[hosts.Organisation]:
    """Show a firm with whom to write to there."""
    async with context.read() as connection:
        found = await firms.read(context, connection, organisation_id)
    return tagged(found, found.revision)


@get("/supervisors", permission=READ, finishes=True)
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
    """Begin a case of one's own, as a draft: at a firm, or on a place that one has got by an offer."""

    async def make(connection: AsyncConnection) -> w.CaseView:
        made = await beginning.begin(context, connection, data)
        return await reading.show(context, connection, made.id, await who_asks(context, connection, "student"))

    return await once(w.CaseView, make)


@get("/me/cases", permission=OWN, finishes=True)
async def list_own(context: RouteContext, cursor: FromQuery[UUID | None] = None) -> w.Cases:
    """List one's own cases."""
    async with context.read() as connection:
        return await reading.list_cases(context, connection, Who("student", context.person_id, ""), cursor)


@get("/me/cases/{case_id:uuid}", permission=OWN, finishes=True)
async def read_own(context: RouteContext, case_id: FromPath[UUID]) -> Response[w.CaseView]:
    """Show a case of one's own, what can be done next and by whom, and all that was done."""
    return await _show(context, case_id, "student")


@put("/me/cases/{case_id:uuid}", permission=OWN, finishes=True)
async def describe_own(
    context: RouteContext, case_id: FromPath[UUID], data: JSONBody[w.Draft], if_match: IfMatch = None
) -> Response[w.CaseView]:
    """Describe what is to be done in an internship, and name its supervisor; while it is a draft."""
    expected = expected_revision(if_match)
    async with context.write() as connection:
        who = await who_asks(context, connection, "student")
        await beside.edit(context, connection, case_id, who, expected, data)
        found = await reading.show(context, connection, case_id, who)
    return tagged(found, found.revision)


@put("/me/cases/{case_id:uuid}/report", permission=OWN, finishes=True)
async def write_report(
    context: RouteContext, case_id: FromPath[UUID], data: JSONBody[w.Report]
) -> Response[w.CaseView]:
    """Keep the report; the step `submit` hands it in."""
    async with context.write() as connection:
        who = await who_asks(context, connection, "student")
        await beside.hand_in(context, connection, case_id, who, data)
        found = await reading.show(context, connection, case_id, who)
    return tagged(found, found.revision)


@put("/me/cases/{case_id:uuid}/rating", permission=OWN, status_code=204, finishes=True)
async def rate_host(context: RouteContext, case_id: FromPath[UUID], data: JSONBody[w.Rating]) -> None:
    """Rate the host; others learn only what five at least say together."""
    async with context.write() as connection:
        await beside.rate(context, connection, case_id, Who("student", context.person_id, ""), data.points)


@post("/me/cases/{case_id:uuid}/steps", permission=OWN, status_code=200, finishes=True)
async def step_of_student(
    context: RouteContext, case_id: FromPath[UUID], data: JSONBody[Entry], if_match: IfMatch = None
) -> Response[w.CaseView]:
    """Take a step as the student: propose, revise, withdraw, sign, amend, interrupt, resume, submit, appeal, ..."""
    return await take_step(context, case_id, "student", data, expected_revision(if_match))


@get("/me/cases/{case_id:uuid}/checks", permission=OWN, finishes=True)
async def check_own(context: RouteContext, case_id: FromPath[UUID]) -> checking.Checks:
    """Say what regulation and laws say to a case of one's own: length, wage, working time, residence, protection."""
    return await checking.check(context, case_id, Who("student", context.person_id, ""))


@get("/me/work-days", permission=OWN)
async def read_work_days(context: RouteContext) -> checking.Account:
    """Show how many days one worked beside one's study in each year, and how many a residence title leaves."""
    assert context.person_id
    async with context.read() as connection:
        return await checking.read_account(context, connection, context.person_id)


@get("/me/work-days/{year:int}", permission=OWN)
async def read_work_days_of(context: RouteContext, year: FromPath[int]) -> checking.Worked:
    """Show on which days of a year one worked beside one's study; `PUT` puts others in their place."""
    async with context.read() as connection:
        return await checking.read_days(context, connection, year)


@put("/me/work-days/{year:int}", permission=OWN)
async def put_work_days(
    context: RouteContext, year: FromPath[int], data: JSONBody[checking.WorkDays]
) -> checking.Account:
    """Say on which days of a year one worked beside one's study."""
    async with context.write() as connection:
        return await checking.put_days(context, connection, year, data)


@get("/supervised", permission=SUPERVISE, finishes=True)
async def list_supervised(context: RouteContext, cursor: FromQuery[UUID | None] = None) -> w.Cases:
    """List the cases that one supervises."""
    async with context.read() as connection:
        return await reading.list_cases(context, connection, Who("supervisor", context.person_id, ""), cursor)


@get("/supervised/{case_id:uuid}", permission=SUPERVISE, finishes=True)
async def read_supervised(context: RouteContext, case_id: FromPath[UUID]) -> Response[w.CaseView]:
    """Show a case that one supervises."""
    return await _show(context, case_id, "supervisor")


@get("/supervised/{case_id:uuid}/checks", permission=SUPERVISE, finishes=True)
async def check_supervised(context: RouteContext, case_id: FromPath[UUID]) -> checking.Checks:
    """Say what regulation and laws say to a case that one supervises: length, wage, working time and insurance."""
    return await checking.check(context, case_id, Who("supervisor", context.person_id, ""))


@post("/supervised/{case_id:uuid}/steps", permission=SUPERVISE, status_code=200, finishes=True)
async def step_of_supervisor(
    context: RouteContext, case_id: FromPath[UUID], data: JSONBody[Entry], if_match: IfMatch = None
) -> Response[w.CaseView]:
    """Take a step as the supervisor: approve, return, sign, extend, demand_rework, evaluate."""
    return await take_step(context, case_id, "supervisor", data, expected_revision(if_match))


@get("/cases", permission=OFFICE, finishes=True)
async def list_cases(context: RouteContext, cursor: FromQuery[UUID | None] = None) -> w.Cases:
    """List all cases of the programme."""
    async with context.read() as connection:
        return await reading.list_cases(context, connection, Who("office", context.person_id, ""), cursor)


@get("/cases/{case_id:uuid}", permission=OFFICE, finishes=True)
async def read_case(context: RouteContext, case_id: FromPath[UUID]) -> Response[w.CaseView]:
    """Show a case to the office."""
    return await _show(context, case_id, "office")


@get("/cases/{case_id:uuid}/checks", permission=OFFICE, finishes=True)
async def check_case(context: RouteContext, case_id: FromPath[UUID]) -> checking.Checks:
    """Say what regulation and laws say to a case: length, wage, working time, residence, insurance, protection."""
    return await checking.check(context, case_id, Who("office", context.person_id, ""))


@get("/figures", permission=OFFICE, finishes=True)
async def read_figures(context: RouteContext) -> figures.Figures:
    """Show what waits where and for how long, what is due, how long decisions take, and how hosts are rated."""
    async with context.read() as connection:
        return await figures.figures(context, connection)


@put("/cases/{case_id:uuid}/clearances/{kind:str}", permission=OFFICE, finishes=True)
async def clear(
    context: RouteContext, case_id: FromPath[UUID], kind: FromPath[str], data: JSONBody[w.Clearing]
) -> Response[w.CaseView]:
    """Say whether insurance, residence or wage is cleared, and on what grounds."""
    async with context.write() as connection:
        who = await who_asks(context, connection, "office")
        await beside.clear(context, connection, case_id, who, kind, data)
        found = await reading.show(context, connection, case_id, who)
    return tagged(found, found.revision)


@put("/cases/{case_id:uuid}/host", permission=OFFICE, finishes=True)
async def locate(context: RouteContext, case_id: FromPath[UUID], data: JSONBody[w.Whereabouts]) -> Response[w.CaseView]:
    """Say at which site of its firm a case is, and whom to write to there."""
    async with context.write() as connection:
        who = await who_asks(context, connection, "office")
        await beginning.locate(context, connection, case_id, who, data)
        found = await reading.show(context, connection, case_id, who)
    return tagged(found, found.revision)


@post("/cases/{case_id:uuid}/links", permission=OFFICE, status_code=201, finishes=True)
async def make_link(context: RouteContext, case_id: FromPath[UUID], data: JSONBody[w.NewLink]) -> w.Link:
    """Send the host or the mentor a link for one step; where there is no mail, show it. Those before are revoked."""
    async with context.write() as connection:
        return await beside.link(context, connection, case_id, data.role)


@post("/cases/{case_id:uuid}/steps", permission=OFFICE, status_code=200, finishes=True)
async def step_of_office(
    context: RouteContext, case_id: FromPath[UUID], data: JSONBody[Entry], if_match: IfMatch = None
) -> Response[w.CaseView]:
    """Take a step as the office: clear, begin, interrupt, resume, end, certify on other evidence."""
    return await take_step(context, case_id, "office", data, expected_revision(if_match))


@get("/decisions", permission=DECIDE, finishes=True)
async def list_to_decide(context: RouteContext, cursor: FromQuery[UUID | None] = None) -> w.Cases:
    """List all cases to the examination board."""
    async with context.read() as connection:
        return await reading.list_cases(context, connection, Who("board", context.person_id, ""), cursor)


@get("/decisions/{case_id:uuid}", permission=DECIDE, finishes=True)
async def read_to_decide(context: RouteContext, case_id: FromPath[UUID]) -> Response[w.CaseView]:
    """Show a case to the examination board."""
    return await _show(context, case_id, "board")


@post("/decisions/{case_id:uuid}/steps", permission=DECIDE, status_code=200, finishes=True)
async def step_of_board(
    context: RouteContext, case_id: FromPath[UUID], data: JSONBody[Entry], if_match: IfMatch = None
) -> Response[w.CaseView]:
    """Take a step as the examination board: recognise, recognise_partly, reject, reverse."""
    return await take_step(context, case_id, "board", data, expected_revision(if_match))


routes = (
    list_organisations, list_contacts, read_contacts, add_organisation, change_organisation, remove_organisation,
    locate, list_supervisors, supervise, supervise_no_more, begin_case, list_own, read_own, describe_own, write_report,
    check_own, read_work_days, read_work_days_of, put_work_days, rate_host, step_of_student, list_supervised,
    read_supervised, check_supervised, step_of_supervisor, list_cases, read_case, check_case, read_figures, clear,
    make_link, step_of_office, list_to_decide, read_to_decide, step_of_board,
)  # fmt: skip
