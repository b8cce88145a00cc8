"""The figures of all calls of plugins that this process made, and how they get into the table that all share."""

from __future__ import annotations

import asyncio
import logging
import time
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import delete
from sqlalchemy.exc import SQLAlchemyError

from lms_core.db import Database, insert_into
from lms_core.hooks.circuit import Circuit
from lms_core.hooks.measure import Figure
from lms_core.hooks.tables import plugin_call
from lms_core.types import now

log = logging.getLogger("lms.plugins")

FLUSH_EVERY = 5.0
"""Seconds between two writes, where there is something to write."""

KEPT = timedelta(days=7)
"""How long the figures of a process count after it was last heard of."""

CLEAN_EVERY = 3600.0


class Figures:
    """The figures of this process by plugin, hook and programme, and the circuits by plugin and hook."""

    def __init__(self) -> None:
        self.process = uuid4()
        self._of: dict[tuple[str, str, UUID], Figure] = {}
        self._circuits: dict[tuple[str, str], Circuit] = {}
        self._clean_at = 0.0

    def of(self, plugin: str, hook: str, programme_id: UUID) -> Figure:
        """Return the figure to count in; a hook here is any name of a plugin's code, such as `job:remind`."""
        key = (plugin, hook, programme_id)
        found = self._of.get(key)
        if found is None:
            circuit = self._circuits.setdefault((plugin, hook), Circuit())
            found = self._of[key] = Figure(plugin, hook, programme_id, circuit)
        return found

    def all(self) -> list[Figure]:
        """Return every figure of this process."""
        return list(self._of.values())

    async def keep(self, database: Database) -> None:
        """Write what has changed every few seconds, until cancelled; what cannot be written now is written later."""
        while True:
            await asyncio.sleep(FLUSH_EVERY)
            await self.flush(database)

    async def flush(self, database: Database) -> None:
        """Write what has changed since the last time: no statement if nothing has, else one or, now and then, two."""
        changed = [figure for figure in self._of.values() if figure.changed]
        if not changed:
            return
        for figure in changed:
            figure.changed = False
        key = list(plugin_call.primary_key)
        cleaning = time.monotonic() >= self._clean_at
        try:
            async with database.write() as connection:
                upsert = insert_into(connection, plugin_call)
                written = {one.name: upsert.excluded[one.name] for one in plugin_call.c if one not in set(key)}
                upsert = upsert.on_conflict_do_update(index_elements=key, set_=written)
                await connection.execute(upsert, [self._row(figure) for figure in changed])
                if cleaning:
                    await connection.execute(delete(plugin_call).where(plugin_call.c.updated_at < now() - KEPT))
        except BaseException as error:  # also when this is cancelled in the middle
            for figure in changed:
                figure.changed = True
            if not isinstance(error, SQLAlchemyError | OSError):
                raise
            log.warning("the figures of the plugins cannot be kept yet: %s", getattr(error, "orig", None) or error)
            return
        if cleaning:
            self._clean_at = time.monotonic() + CLEAN_EVERY

    def _row(self, figure: Figure) -> dict[str, Any]:
        return {
            "process": self.process,
            "plugin": figure.plugin,
            "hook": figure.hook,
            "programme_id": figure.programme_id,
            "calls": figure.calls,
            "failures": figure.failures,
            "microseconds": round(figure.seconds * 1e6),
            "longest_microseconds": round(figure.longest * 1e6),
            "blocked": figure.blocked,
            "longest_block_microseconds": round(figure.longest_block * 1e6),
            "abandoned": figure.abandoned,
            "leaked": figure.leaked,
            "circuit": figure.circuit.state,
            "last_error": figure.last_error,
            "last_error_at": figure.last_error_at,
            "updated_at": now(),
        }
