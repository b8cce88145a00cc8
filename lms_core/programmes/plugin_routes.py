"""HTTP for the plugins of a programme: what there is, what a change would do, and changing it."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from litestar import Response, Router, get, post, put
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, PathParameter, QueryParameter

from lms_core.db import Database
from lms_core.hooks.dispatch import Dispatcher
from lms_core.hooks.registry import Registry
from lms_core.http import IfMatch, LimitParam, LmsRequest, bounds, expected_revision, paged, tagged
from lms_core.permissions import SELF
from lms_core.programmes import plugin_types as t
from lms_core.programmes import plugins
from lms_core.programmes.enablement import Enablement

PluginInPath = Annotated[str, PathParameter(**bounds(t.PluginName))]
RevisionCursor = Annotated[
    int | None, QueryParameter(name="cursor", description="Where the next page begins.", ge=1, le=2_000_000_000)
]


@get("/plugins", permission=SELF)
async def list_plugins(registry: NamedDependency[Registry], enablement: NamedDependency[Enablement]) -> t.Plugins:
    """List the installed plugins with the schema of their settings, and those left out with the reason."""
    return t.Plugins(plugins.describe(registry, await enablement.unready()))


@get("/programmes/{programme_id:uuid}/permissions", permission="programmes.manage")
async def list_permissions(
    programme_id: FromPath[UUID], registry: NamedDependency[Registry], enablement: NamedDependency[Enablement]
) -> t.Permissions:
    """List the permissions that mean something in the programme, those of its enabled plugins among them."""
    return t.Permissions(await plugins.list_permissions(registry, enablement, programme_id))


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


@get("/programmes/{programme_id:uuid}/plugins/{name:str}/history", permission="programmes.manage")
async def list_changes(
    programme_id: FromPath[UUID],
    name: PluginInPath,
    request: LmsRequest,
    database: NamedDependency[Database],
    cursor: RevisionCursor = None,
    limit: LimitParam = 50,
) -> Response[t.PluginStates]:
    """List what the plugin's enablement and settings were, the newest first, with who changed them and when."""
    async with database.read() as connection:
        rows = await plugins.list_changes(connection, programme_id, name, cursor, limit)
    return paged(request, t.PluginStates, rows, limit, key="revision")


@post("/programmes/{programme_id:uuid}/plugins/{name:str}/preview", permission="programmes.manage", status_code=200)
async def preview(
    programme_id: FromPath[UUID],
    name: PluginInPath,
    data: JSONBody[t.PluginChange],
    database: NamedDependency[Database],
    registry: NamedDependency[Registry],
    enablement: NamedDependency[Enablement],
    hooks: NamedDependency[Dispatcher],
) -> t.PluginPreview:
    """Say what enabling, disabling or other settings would do: what appears and disappears, and what stands against it.

    Nothing is changed.
    """
    return await plugins.preview(database, registry, enablement, hooks, programme_id, name, data)


@put("/programmes/{programme_id:uuid}/plugins/{name:str}", permission="programmes.manage")
async def change_state(
    programme_id: FromPath[UUID],
    name: PluginInPath,
    data: JSONBody[t.PluginChange],
    request: LmsRequest,
    database: NamedDependency[Database],
    registry: NamedDependency[Registry],
    enablement: NamedDependency[Enablement],
    state: State,
    if_match: IfMatch = None,
) -> Response[t.PluginState]:
    """Enable or disable a plugin in the programme and set its settings.

    Effective at once on the worker that answers and within two seconds on all others.
    """
    expected, actor = expected_revision(if_match), request.user.person_id
    unready = await enablement.unready()
    async with database.write() as connection:
        changed = await plugins.change_state(connection, registry, unready, programme_id, name, data, expected, actor)
    _take_effect(enablement, state)
    return tagged(changed, changed.revision)


@post("/programmes/{programme_id:uuid}/plugins/{name:str}/revert", permission="programmes.manage", status_code=200)
async def revert(
    programme_id: FromPath[UUID],
    name: PluginInPath,
    data: JSONBody[t.Reversal],
    request: LmsRequest,
    database: NamedDependency[Database],
    registry: NamedDependency[Registry],
    enablement: NamedDependency[Enablement],
    state: State,
    if_match: IfMatch = None,
) -> Response[t.PluginState]:
    """Let an earlier enablement of the plugin with its settings hold again, as a new revision."""
    expected, actor = expected_revision(if_match), request.user.person_id
    unready = await enablement.unready()
    async with database.write() as connection:
        changed = await plugins.revert(
            connection, registry, unready, programme_id, name, data.revision, expected, actor
        )
    _take_effect(enablement, state)
    return tagged(changed, changed.revision)


def _take_effect(enablement: Enablement, state: State) -> None:
    enablement.forget()
    state.guard.forget_all()  # roles may have gained the plugin's permissions


router = Router(
    "/",
    tags=["Plugins"],
    route_handlers=[
        list_plugins, list_permissions, list_states, read_state, list_changes, preview, change_state, revert,
    ],
)  # fmt: skip
