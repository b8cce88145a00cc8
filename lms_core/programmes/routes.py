"""HTTP for organisations, programmes, regulations and terms."""

from __future__ import annotations

from uuid import UUID

from litestar import Response, Router, delete, get, patch, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from lms_core.db import Database
from lms_core.http import (
    CursorParam,
    IfMatch,
    KeyInQuery,
    LimitParam,
    LmsRequest,
    Once,
    expected_revision,
    paged,
    tagged,
)
from lms_core.permissions import SELF
from lms_core.programmes import actions
from lms_core.programmes import types as t


@post("/organisations", permission="organisations.manage")
async def create_organisation(data: JSONBody[t.NewOrganisation], once: NamedDependency[Once]) -> t.Organisation:
    """Create a university, a firm or another body that takes part in programmes."""
    return await once(t.Organisation, lambda connection: actions.create_organisation(connection, data))


@get("/organisations", permission=SELF)
async def list_organisations(
    request: LmsRequest, database: NamedDependency[Database], cursor: CursorParam = None, limit: LimitParam = 50
) -> Response[t.Organisations]:
    """List the organisations that take part in programmes."""
    async with database.read() as connection:
        rows = await actions.list_organisations(connection, cursor, limit)
    return paged(request, t.Organisations, rows, limit)


@post("/programmes", permission="programmes.create")
async def create_programme(data: JSONBody[t.NewProgramme], once: NamedDependency[Once]) -> t.Programme:
    """Create a programme of study."""
    return await once(t.Programme, lambda connection: actions.create_programme(connection, data))


@get("/programmes", permission=SELF)
async def list_programmes(
    request: LmsRequest,
    database: NamedDependency[Database],
    key: KeyInQuery = None,
    cursor: CursorParam = None,
    limit: LimitParam = 50,
) -> Response[t.Programmes]:
    """List the programmes that I may see, or find one by its key."""
    visible = request.user.programmes("programmes.read")
    async with database.read() as connection:
        rows = await actions.list_programmes(connection, visible, key, cursor, limit)
    return paged(request, t.Programmes, rows, limit)


@get("/programmes/{programme_id:uuid}", permission="programmes.read")
async def read_programme(
    programme_id: FromPath[UUID], database: NamedDependency[Database]
) -> Response[t.ProgrammeDetail]:
    """Show a programme with its partners, regulations, terms and adopted modules."""
    async with database.read() as connection:
        return tagged(*await actions.read_programme(connection, programme_id))


@patch("/programmes/{programme_id:uuid}", permission="programmes.manage")
async def change_programme(
    programme_id: FromPath[UUID],
    data: JSONBody[t.ProgrammeChange],
    database: NamedDependency[Database],
    if_match: IfMatch = None,
) -> Response[t.ProgrammeDetail]:
    """Change title, degree or language of a programme."""
    async with database.write() as connection:
        await actions.change_programme(connection, programme_id, data, expected_revision(if_match))
        return tagged(*await actions.read_programme(connection, programme_id))


@put("/programmes/{programme_id:uuid}/partners/{organisation_id:uuid}", permission="programmes.manage", status_code=204)
async def set_partner(
    programme_id: FromPath[UUID],
    organisation_id: FromPath[UUID],
    data: JSONBody[t.PartnerPart],
    database: NamedDependency[Database],
) -> None:
    """Say which part an organisation has in the programme."""
    async with database.write() as connection:
        await actions.set_partner(connection, programme_id, organisation_id, data.part)


@delete("/programmes/{programme_id:uuid}/partners/{organisation_id:uuid}", permission="programmes.manage")
async def remove_partner(
    programme_id: FromPath[UUID], organisation_id: FromPath[UUID], database: NamedDependency[Database]
) -> None:
    """End an organisation's part in the programme."""
    async with database.write() as connection:
        await actions.remove_partner(connection, programme_id, organisation_id)


@post("/programmes/{programme_id:uuid}/regulations", permission="programmes.manage")
async def add_regulation(
    programme_id: FromPath[UUID], data: JSONBody[t.NewRegulation], once: NamedDependency[Once]
) -> t.Regulation:
    """Add a version of the examination regulation; earlier versions go on for the students bound to them."""
    return await once(t.Regulation, lambda connection: actions.add_regulation(connection, programme_id, data))


@post("/programmes/{programme_id:uuid}/terms", permission="programmes.manage")
async def add_term(programme_id: FromPath[UUID], data: JSONBody[t.NewTerm], once: NamedDependency[Once]) -> t.Term:
    """Add a winter or summer term with its lecture and exam periods."""
    return await once(t.Term, lambda connection: actions.add_term(connection, programme_id, data))


router = Router(
    "/",
    tags=["Programmes"],
    route_handlers=[
        create_organisation, list_organisations, create_programme, list_programmes, read_programme,
        change_programme, set_partner, remove_partner, add_regulation, add_term,
    ],
)  # fmt: skip
