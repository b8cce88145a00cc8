"""Which plugins a programme has enabled, and with which settings."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import insert, select, update

from lms_core.db import AsyncConnection, Database
from lms_core.errors import InvalidInput, NotFound, PreconditionFailed, field_error
from lms_core.hooks.plugin import Plugin
from lms_core.hooks.registry import Registry
from lms_core.programmes import types as t
from lms_core.programmes.tables import programme, programme_plugin
from lms_core.types import now

FRESH_SECONDS = 1.0
"""How long a worker may go on with what it knows: a plugin switched off elsewhere is off here after this."""


class Enablement:
    """The enabled plugins of each programme with their settings, remembered for a second."""

    def __init__(self, database: Database, registry: Registry) -> None:
        self._database = database
        self._registry = registry
        self._known: dict[UUID, tuple[float, Mapping[str, Any]]] = {}

    async def __call__(self, programme_id: UUID) -> Mapping[str, Any]:
        """Return the settings of the programme's enabled plugins by name.

        Kept settings that no longer fit are a msgspec.ValidationError in their place, so that they stop nobody else;
        of a plugin that is not installed (any more) they are returned as they were kept.
        """
        known = self._known.get(programme_id)
        if known and known[0] > time.monotonic():
            return known[1]
        until = time.monotonic() + FRESH_SECONDS
        query = select(programme_plugin.c.plugin, programme_plugin.c.settings).where(
            programme_plugin.c.programme_id == programme_id, programme_plugin.c.enabled
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        enabled = {row.plugin: _fitting(row.settings, self._registry.plugins.get(row.plugin)) for row in rows}
        self._known[programme_id] = (until, enabled)
        return enabled

    def forget(self, programme_id: UUID) -> None:
        """Read anew at the next question."""
        self._known.pop(programme_id, None)


def _fitting(settings: Any, plugin: Plugin | None) -> Any:
    if plugin is None:
        return settings
    try:
        return msgspec.convert(settings, plugin.settings)
    except msgspec.ValidationError as error:
        return error


def describe(registry: Registry) -> list[t.Plugin]:
    """List the installed plugins and those that could not be used."""
    hooks = {
        name: sorted(hook for hook, found in registry.implementations.items() if any(p == name for p, _ in found))
        for name in registry.plugins
    }
    usable = [
        t.Plugin(name=p.name, requires=p.requires, hooks=hooks[p.name], settings_schema=_schema(p))
        for p in registry.plugins.values()
    ]
    failed = [
        t.Plugin(name=name, requires="", hooks=[], settings_schema={}, failed=reason)
        for name, reason in registry.failed.items()
    ]
    return usable + failed


def _schema(plugin: Plugin) -> dict[str, Any]:
    return msgspec.json.schema(plugin.settings)


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
    same = (programme_plugin.c.programme_id == programme_id) & (programme_plugin.c.plugin == name)
    row = (await connection.execute(select(programme_plugin).where(same))).first()
    if row is None and name not in registry.plugins:
        raise NotFound("There is no such plugin.")
    return _state(name, row)


async def change_state(
    connection: AsyncConnection,
    registry: Registry,
    programme_id: UUID,
    name: str,
    change: t.PluginChange,
    expected: int,
    actor: UUID,
) -> t.PluginState:
    """Enable or disable a plugin in a programme and set its settings.

    Raises NotFound, InvalidInput and PreconditionFailed.

    Settings are checked against the plugin's schema and kept as they were typed in. Disabling is always possible.
    """
    # held until the end, for there may be no row yet that two at once could contend for
    held = select(programme.c.id).where(programme.c.id == programme_id).with_for_update(key_share=True)
    if await connection.scalar(held) is None:
        raise NotFound("There is no such programme.")
    same = (programme_plugin.c.programme_id == programme_id) & (programme_plugin.c.plugin == name)
    row = (
        await connection.execute(select(programme_plugin.c.revision, programme_plugin.c.settings).where(same))
    ).first()
    present = row.revision if row else 0
    settings = change.settings if change.settings is not None else (row.settings if row else {})
    plugin = registry.plugins.get(name)
    if plugin is None and (change.enabled or not present):
        raise NotFound("There is no such plugin in this installation.")
    if plugin is not None and change.enabled:
        try:
            msgspec.convert(settings, plugin.settings)
        except msgspec.ValidationError as error:
            where = field_error(error, "body.settings")
            raise InvalidInput("The settings do not fit the plugin.", errors=[where]) from None
    if present != expected:
        raise PreconditionFailed(f"You are changing state {expected}, but it is in state {present} now; read it again.")
    values: dict[str, Any] = {
        "enabled": change.enabled,
        "settings": settings,
        "revision": expected + 1,
        "changed_by": actor,
        "changed_at": now(),
    }
    if expected:
        await connection.execute(update(programme_plugin).where(same).values(**values))
    else:
        await connection.execute(insert(programme_plugin), {"programme_id": programme_id, "plugin": name, **values})
    return t.PluginState(name=name, **values)
