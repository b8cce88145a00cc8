"""HTTP for organisations, programmes, regulations, terms and the plugins of a programme."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from litestar import Response, Router, delete, get, patch, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, PathParameter

from lms_core.db import Database
from lms_core.hooks.registry import Registry
from lms_core.http import (
    CursorParam,
    IfMatch,
    KeyInQuery,
    LimitParam,
    LmsRequest,
    Once,
    bounds,
    expected_revision,
    paged,
    tagged,
)
from lms_core.permissions import SELF
from lms_core.programmes import actions, plugins
from lms_core.programmes import types as t
from lms_core.programmes.plugins import Enablement

PluginInPath = Annotated[str, PathParameter(**bounds(t.PluginName))]


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


@get("/plugins", permission=SELF)
async def list_plugins(registry: NamedDependency[Registry]) -> t.Plugins:
    """List the installed plugins with the schema of their settings, and those left out with the reason."""
    return t.Plugins(plugins.describe(registry))


@get("/programmes/{programme_id:uuid}/plugins", permission="programmes.manage")
async def list_states(
    programme_id: FromPath[UUID], database: NamedDependency[Database], registry: NamedDependency[Registry]
) -> t.PluginStates:
    """Show each installed plugin as it stands in the programme."""
    async with database.read() as connection:
        return t.PluginStates(await plugins.list_states(connection, registry, programme_id))


@get("/programmes/{programme_id:uuid}/plugins/{name:str}", permission="programmes.manage")
async def read_state(
    programme_id: FromPath[UUID],
    name: PluginInPath,
    database: NamedDependency[Database],
    registry: NamedDependency[Registry],
) -> Response[t.PluginState]:
    """Show a plugin as it stands in the programme."""
    async with database.read() as connection:
        state = await plugins.read_state(connection, registry, programme_id, name)
    return tagged(state, state.revision)


@put("/programmes/{programme_id:uuid}/plugins/{name:str}", permission="programmes.manage")
async def change_state(
    programme_id: FromPath[UUID],
    name: PluginInPath,
    data: JSONBody[t.PluginChange],
    request: LmsRequest,
    database: NamedDependency[Database],
    registry: NamedDependency[Registry],
    enablement: NamedDependency[Enablement],
    if_match: IfMatch = None,
) -> Response[t.PluginState]:
    """Enable or disable a plugin in the programme and set its settings.

    Effective at once on the worker that answers and within two seconds on all others.
    """
    expected = expected_revision(if_match)
    async with database.write() as connection:
        state = await plugins.change_state(
            connection, registry, programme_id, name, data, expected, request.user.person_id
        )
    enablement.forget(programme_id)
    return tagged(state, state.revision)


router = Router(
    "/",
    tags=["Programmes"],
    route_handlers=[
        create_organisation, list_organisations, create_programme, list_programmes, read_programme,
        change_programme, set_partner, remove_partner, add_regulation, add_term, list_plugins, list_states,
        read_state, change_state,
    ],
)  # fmt: skip
