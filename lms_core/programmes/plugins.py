"""The rules about plugins of a programme: what they bring along, how they stand, and changing that."""

from __future__ import annotations

import inspect
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import insert, select, update

from lms_core.db import AsyncConnection, Database
from lms_core.errors import Conflict, FieldError, InvalidInput, NotFound, PreconditionFailed, field_error
from lms_core.hooks.dispatch import Dispatcher
from lms_core.hooks.plugin import Plugin
from lms_core.hooks.registry import Registry, fitting
from lms_core.hooks.types import Effect, PluginChanged, PluginProposal
from lms_core.outbox.events import emit
from lms_core.people.actions import seed_plugin
from lms_core.permissions import PERMISSIONS
from lms_core.programmes import plugin_types as t
from lms_core.programmes.enablement import Enablement
from lms_core.programmes.tables import programme, programme_plugin, programme_plugin_change
from lms_core.types import now

_NOTHING = t.Contribution()


def describe(registry: Registry, unready: dict[str, str]) -> list[t.Plugin]:
    """List the installed plugins and those that could not be used; `unready` has reasons of the database."""
    usable = [
        t.Plugin(
            name=name,
            description=(inspect.getdoc(type(plugin)) or "").partition("\n")[0],
            requires=plugin.requires,
            contributes=contribution(registry, name),
            settings_schema=msgspec.json.schema(plugin.settings),
            failed=unready.get(name),
        )
        for name, plugin in sorted(registry.plugins.items())
    ]
    failed = [
        t.Plugin(name=name, description="", requires="", contributes=_NOTHING, settings_schema={}, failed=reason)
        for name, reason in sorted(registry.failed.items())
    ]
    return usable + failed


def contribution(registry: Registry, name: str, *, ends: bool = False) -> t.Contribution:
    """Return what a plugin adds to a programme that enables it; nothing if it is not usable.

    With `ends` without the routes and jobs that finish what was begun: these go on where it is disabled.
    """
    plugin = registry.plugins.get(name)
    if plugin is None:
        return _NOTHING
    return t.Contribution(
        routes=sorted(
            f"{method} /programmes/{{programme_id}}/{name}{path if path != '/' else ''}"
            for handler in plugin.routes
            if not (ends and handler.opt.get("finishes"))
            for path in handler.paths
            for method in handler.http_methods
        ),
        hooks=registry.hooks_of(name),
        permissions=_permissions(plugin),
        roles=[t.RoleOffer(role.name, role.title) for role in plugin.roles],
        jobs=[
            t.JobOffer(job.name, int(job.every.total_seconds()) if job.every else None)
            for job in plugin.jobs
            if not (ends and job.finishes)
        ],
        commands=[str(command.name) for command in plugin.commands],
    )


def _permissions(plugin: Plugin) -> list[t.PermissionOffer]:
    return [
        t.PermissionOffer(
            permission.name,
            permission.meaning,
            plugin.name,
            [*([] if permission.confidential else ["administrator"]), *permission.roles],
            permission.confidential,
        )
        for permission in plugin.permissions
    ]


async def list_permissions(registry: Registry, enablement: Enablement, programme_id: UUID) -> list[t.PermissionOffer]:
    """Return the permissions that mean something in a programme: the core's, and those of its enabled plugins."""
    enabled = await enablement(programme_id)
    own = [t.PermissionOffer(name, meaning) for name, meaning in PERMISSIONS.items()]
    return own + [
        permission
        for name, plugin in sorted(registry.plugins.items())
        if name in enabled
        for permission in _permissions(plugin)
    ]


async def list_states(connection: AsyncConnection, registry: Registry, programme_id: UUID) -> list[t.PluginState]:
    """Return every installed plugin as it stands in a programme."""
    query = select(programme_plugin).where(programme_plugin.c.programme_id == programme_id)
    rows = {row.plugin: row for row in await connection.execute(query)}
    return [_state(name, rows.get(name)) for name in sorted(registry.plugins | rows)]


def _state(name: str, row: Any) -> t.PluginState:
    if row is None:
        return t.PluginState(name=name, enabled=False, settings={}, revision=0, changed_by=None, changed_at=None)
    return t.PluginState(
        name=name,
        enabled=row.enabled,
        settings=row.settings,
        revision=row.revision,
        changed_by=row.changed_by,
        changed_at=row.changed_at,
    )


async def read_state(connection: AsyncConnection, registry: Registry, programme_id: UUID, name: str) -> t.PluginState:
    """Return a plugin as it stands in a programme; revision 0 was never set. Raises NotFound."""
    row = (await connection.execute(select(programme_plugin).where(_same(programme_id, name)))).first()
    if row is None and name not in registry.plugins:
        raise NotFound("There is no such plugin.")
    return _state(name, row)


def _same(programme_id: UUID, name: str) -> Any:
    return (programme_plugin.c.programme_id == programme_id) & (programme_plugin.c.plugin == name)


async def list_changes(
    connection: AsyncConnection, programme_id: UUID, name: str, before: int | None, limit: int
) -> list[t.PluginState]:
    """Return up to limit + 1 states that a plugin ever had in a programme, the newest first, before a revision."""
    c = programme_plugin_change.c
    query = select(programme_plugin_change).where(c.programme_id == programme_id, c.plugin == name)
    if before is not None:
        query = query.where(c.revision < before)
    rows = await connection.execute(query.order_by(c.revision.desc()).limit(limit + 1))
    return [_state(name, row) for row in rows]


def _hindrances(
    registry: Registry, unready: dict[str, str], name: str, enabled: bool, settings: dict[str, Any]
) -> list[FieldError]:
    """Say what stands against enabling; disabling is always possible."""
    if not enabled:
        return []
    if reason := unready.get(name):
        return [FieldError("plugin", reason)]
    try:
        fitting(registry.plugins[name], settings)
    except msgspec.ValidationError as error:
        return [field_error(error, "body.settings")]
    return []


async def preview(
    database: Database,
    registry: Registry,
    enablement: Enablement,
    hooks: Dispatcher,
    programme_id: UUID,
    name: str,
    change: t.PluginChange,
) -> t.PluginPreview:
    """Say what a change would do, and change nothing. Raises NotFound."""
    async with database.read() as connection:
        before = await read_state(connection, registry, programme_id, name)
    if name not in registry.plugins and change.enabled:
        raise NotFound("There is no such plugin in this installation.")
    settings = before.settings if change.settings is None else change.settings
    hindrances = _hindrances(registry, await enablement.unready(), name, change.enabled, settings)
    effects: list[Effect] = []
    degraded = False
    if name in registry.plugins and not hindrances:
        proposed = _as_proposed(registry.plugins[name], settings)
        if proposed is not None:
            proposal = PluginProposal(change.enabled)
            effects, degraded = await hooks.shape_one(name, "preview_change", programme_id, proposed, proposal)
    return t.PluginPreview(
        name=name,
        before=t.Standing(before.enabled, before.settings),
        after=t.Standing(change.enabled, settings),
        hindrances=[t.Hindrance(found.where, found.reason) for found in hindrances],
        appears=contribution(registry, name) if change.enabled and not before.enabled else _NOTHING,
        disappears=contribution(registry, name, ends=True) if before.enabled and not change.enabled else _NOTHING,
        effects=effects,
        degraded=degraded,
    )


def _as_proposed(plugin: Plugin, settings: dict[str, Any]) -> Any:
    """Return the settings as the plugin's Struct; None when it is disabled with settings that no longer fit."""
    try:
        return fitting(plugin, settings)
    except msgspec.ValidationError:
        return None


async def change_state(
    connection: AsyncConnection,
    registry: Registry,
    unready: dict[str, str],
    programme_id: UUID,
    name: str,
    change: t.PluginChange,
    expected: int,
    actor: UUID | None,
) -> t.PluginState:
    """Enable or disable a plugin in a programme and set its settings; one event tells it.

    Settings are checked against the plugin's schema and kept as they were typed in. Disabling is always possible.
    Raises NotFound, InvalidInput, Conflict (its tables are not there) and PreconditionFailed.
    """
    # held until the end, for there may be no row yet that two at once could contend for
    held = select(programme.c.id).where(programme.c.id == programme_id).with_for_update(key_share=True)
    if await connection.scalar(held) is None:
        raise NotFound("There is no such programme.")
    row = (await connection.execute(select(programme_plugin).where(_same(programme_id, name)))).first()
    present = _state(name, row)
    settings = present.settings if change.settings is None else change.settings
    plugin = registry.plugins.get(name)
    if plugin is None and (change.enabled or row is None):
        raise NotFound("There is no such plugin in this installation.")
    for found in _hindrances(registry, unready, name, change.enabled, settings):
        if found.where == "plugin":
            raise Conflict(f"The plugin {name} cannot be enabled: {found.reason}", plugin=name)
        raise InvalidInput("The settings do not fit the plugin.", errors=[found])
    if present.revision != expected:
        raise PreconditionFailed(
            f"You are changing state {expected}, but it is in state {present.revision} now; read it again."
        )
    values: dict[str, Any] = {
        "enabled": change.enabled,
        "settings": settings,
        "revision": expected + 1,
        "changed_by": actor,
        "changed_at": now(),
    }
    whole = {"programme_id": programme_id, "plugin": name, **values}
    if row is None:
        await connection.execute(insert(programme_plugin), whole)
    else:
        await connection.execute(update(programme_plugin).where(_same(programme_id, name)).values(**values))
    await connection.execute(insert(programme_plugin_change), whole)
    if plugin is not None and change.enabled:
        await seed_plugin(connection, plugin)
    event = PluginChanged(name, programme_id, expected + 1)
    told = "plugin_enabled" if change.enabled else "plugin_disabled"
    if change.enabled or present.enabled:
        await emit(connection, told, f"programme:{programme_id}", programme_id, event)
    return t.PluginState(name=name, **values)


async def revert(
    connection: AsyncConnection,
    registry: Registry,
    unready: dict[str, str],
    programme_id: UUID,
    name: str,
    to: int,
    expected: int,
    actor: UUID,
) -> t.PluginState:
    """Let an earlier enablement with its settings hold again, as a new revision.

    Raises what `change_state` raises, and InvalidInput when there was no such revision.
    """
    c = programme_plugin_change.c
    query = select(c.enabled, c.settings).where(c.programme_id == programme_id, c.plugin == name, c.revision == to)
    row = (await connection.execute(query)).first()
    if row is None:
        await read_state(connection, registry, programme_id, name)
        where = FieldError("body.revision", "must be one of those that the history of this plugin lists")
        raise InvalidInput("There was no such revision.", errors=[where])
    change = t.PluginChange(enabled=row.enabled, settings=row.settings)
    return await change_state(connection, registry, unready, programme_id, name, change, expected, actor)


async def hand_out_permissions(database: Database, registry: Registry) -> None:
    """Give what a new release of an enabled plugin brings along to its first roles; part of bringing up to date."""
    async with database.write() as connection:
        enabled = set(
            await connection.scalars(select(programme_plugin.c.plugin).where(programme_plugin.c.enabled).distinct())
        )
        for name in sorted(enabled & registry.plugins.keys()):
            await seed_plugin(connection, registry.plugins[name])
