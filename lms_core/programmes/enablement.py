"""What each process knows of the plugins that programmes have enabled: at most two seconds old, and free to ask."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from lms_core.db import Database
from lms_core.hooks.registry import PluginError, Registry, fitting
from lms_core.programmes.tables import programme_plugin, programme_plugin_change
from lms_core.types import now

log = logging.getLogger("lms.plugins")

LOOK_SECONDS = 0.9
"""How often a process looks whether anything has changed."""

FRESH_SECONDS = 1.8
"""How old its knowledge may be when it is used; whoever asks later than that waits for a look of his own."""

# every change counts a revision up, and rows are only removed together with their programme or plugin
_changes = select(func.count(), func.coalesce(func.sum(programme_plugin.c.revision), 0))
_change, _off = programme_plugin_change.alias(), programme_plugin_change.alias()
_last_off = (
    select(func.coalesce(func.max(_off.c.revision), 0))
    .where(_off.c.programme_id == _change.c.programme_id, _off.c.plugin == _change.c.plugin, ~_off.c.enabled)
    .scalar_subquery()
)
_since = (
    select(func.min(_change.c.changed_at))
    .where(
        _change.c.programme_id == programme_plugin.c.programme_id,
        _change.c.plugin == programme_plugin.c.plugin,
        _change.c.revision > _last_off,
    )
    .scalar_subquery()
)
_kept = select(
    programme_plugin.c.programme_id,
    programme_plugin.c.plugin,
    programme_plugin.c.settings,
    programme_plugin.c.enabled,
    _since.label("since"),
)

Unready = Callable[[], Awaitable[dict[str, str]]]
"""Names the plugins that cannot work with the database as it is, each with the reason."""


async def _nobody() -> dict[str, str]:
    return {}


class Enablement:
    """The enabled plugins of each programme with their settings, as one process knows them."""

    def __init__(self, database: Database, registry: Registry, unready: Unready = _nobody) -> None:
        self._unready: dict[str, str] = {}
        self._database = database
        self._registry = registry
        self._find_unready = unready
        self._known: dict[UUID, dict[str, Any]] = {}
        self._off: dict[UUID, dict[str, Any]] = {}
        self._since: dict[tuple[UUID, str], datetime] = {}
        self._looked_at: datetime | None = None
        self._changes: tuple[int, int] | None = None
        self._read_at = float("-inf")
        self._forgotten = 0
        self._looking = asyncio.Lock()

    async def __call__(self, programme_id: UUID) -> Mapping[str, Any]:
        """Return the settings of the programme's enabled plugins by name.

        In the place of settings stands an exception that says why the plugin cannot be used: a
        msgspec.ValidationError when they no longer fit, a PluginError when its tables are missing. Of a plugin that
        is not installed (any more) they are returned as they were kept.
        """
        await self._be_fresh()
        return self._known.get(programme_id, {})

    async def at(self, programme_id: UUID, moment: datetime) -> Mapping[str, Any]:
        """Return the same of those plugins alone that have been enabled since a moment, which is not in the future.

        Exact, however old the knowledge is: of what happens right after a plugin was enabled nothing is missed, and
        nothing from before comes late.
        """
        await self._be_fresh(moment)
        known = self._known.get(programme_id, {})
        return {
            name: settings
            for name, settings in known.items()
            if self._since.get((programme_id, name), moment) <= moment
        }

    async def off(self, programme_id: UUID) -> Mapping[str, Any]:
        """Return the settings of the plugins that the programme had enabled and has no more, as above."""
        await self._be_fresh()
        return self._off.get(programme_id, {})

    async def where(self, plugin: str, *, off: bool = False) -> list[UUID]:
        """Return the programmes that have enabled a plugin; with `off` those as well that had."""
        await self._be_fresh()
        known = [*self._known.items(), *(self._off.items() if off else ())]
        return sorted({programme_id for programme_id, plugins in known if plugin in plugins})

    async def everywhere(self) -> Mapping[UUID, Mapping[str, Any]]:
        """Return the enabled plugins of every programme that has any."""
        await self._be_fresh()
        return self._known

    async def unready(self) -> dict[str, str]:
        """Name the plugins that cannot work with the database as it is, each with the reason."""
        await self._be_fresh()
        return self._unready

    def forget(self) -> None:
        """Look anew at the next question."""
        self._forgotten += 1
        self._read_at = float("-inf")

    async def watch(self) -> None:
        """Look again and again until cancelled, so that nobody who asks has to wait for it."""
        while True:
            try:
                async with self._looking:
                    await self._look()
            except (SQLAlchemyError, OSError) as error:  # who asks meanwhile looks for himself, and is refused
                log.warning("cannot look which plugins are enabled: %s", getattr(error, "orig", None) or error)
            except Exception:  # or nobody would look any more
                log.exception("cannot look which plugins are enabled")
            await asyncio.sleep(LOOK_SECONDS)

    async def _be_fresh(self, moment: datetime | None = None) -> None:
        if self._is_fresh(moment):
            return
        async with self._looking:  # of many who ask at once, one looks
            if not self._is_fresh(moment):
                await self._look()

    def _is_fresh(self, moment: datetime | None) -> bool:
        seen = moment is None or (self._looked_at is not None and moment < self._looked_at)
        return seen and self._read_at + FRESH_SECONDS > time.monotonic()

    async def _look(self) -> None:
        read_at, looked_at = time.monotonic(), now()  # from before the look: what it finds is not younger
        forgotten, first = self._forgotten, self._changes is None
        async with self._database.read() as connection:
            changes = (await connection.execute(_changes)).one()
        changed = first or tuple(changes) != self._changes
        # tables come and go with migrations and purges; a purge takes rows of enablement along
        unready = await self._find_unready() if changed or self._unready else self._unready
        if changed or unready != self._unready:
            async with self._database.read() as connection:
                self._unready = unready
                rows = (await connection.execute(_kept)).all()
                self._known = self._arrange(row for row in rows if row.enabled)
                self._off = self._arrange(row for row in rows if not row.enabled)
                self._since = {(row.programme_id, row.plugin): row.since for row in rows if row.since}
                self._changes = (changes[0], changes[1])
        if forgotten == self._forgotten:  # else a change came in between, which this look may not have seen
            self._read_at, self._looked_at = read_at, looked_at

    def _arrange(self, rows: Any) -> dict[UUID, dict[str, Any]]:
        known: dict[UUID, dict[str, Any]] = {}
        for row in rows:
            known.setdefault(row.programme_id, {})[row.plugin] = self._usable(row.plugin, row.settings)
        return known

    def _usable(self, name: str, settings: Any) -> Any:
        if reason := self._unready.get(name):
            return PluginError(reason)
        plugin = self._registry.plugins.get(name)
        try:
            return fitting(plugin, settings) if plugin else settings
        except msgspec.ValidationError as error:
            return error
