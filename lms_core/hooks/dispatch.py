"""Calling plugins: only those enabled for the programme, one by one, each with a time limit and own database access."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID

import msgspec

from lms_core.db import Database
from lms_core.errors import Unavailable
from lms_core.hooks.plugin import Context
from lms_core.hooks.registry import HOOKS, Registry

log = logging.getLogger("lms.plugins")

TIME_LIMIT = 2.0
"""Seconds that one implementation may take."""

Enabled = Callable[[UUID], Awaitable[Mapping[str, Any]]]
"""Given a programme, its enabled plugins by name with their settings."""


class Dispatcher:
    """Calls the implementations of hooks on behalf of the core."""

    def __init__(self, registry: Registry, enabled: Enabled, database: Database) -> None:
        self.registry = registry
        self._enabled = enabled
        self._database = database

    async def decide(self, hook: str, programme_id: UUID, payload: Any) -> list[Any]:
        """Ask every enabled plugin and return all their answers in one list.

        Raises Unavailable that names the plugin when one fails, is late or answers with a wrong type: a check
        that does not work refuses.
        """
        enabled = await self._enabled(programme_id)
        answers: list[Any] = []
        for name, function in self.registry.implementations[hook]:
            if name not in enabled:
                continue
            context = Context(name, programme_id, enabled[name], self._database)
            try:
                async with asyncio.timeout(TIME_LIMIT):
                    answer = await function(context, payload)
                answers.extend(msgspec.convert(answer, HOOKS[hook].answer))
            except Exception as error:
                log.exception("plugin %s failed in %s", name, hook)
                raise Unavailable(
                    f"The plugin {name} could not check this, so it is refused for now. Try again later.", plugin=name
                ) from error
        return answers

    async def subscribers(self, hook: str, programme_id: UUID | None) -> list[str]:
        """Name the enabled plugins that react to an event."""
        if programme_id is None:
            return []
        enabled = await self._enabled(programme_id)
        return [name for name, _ in self.registry.implementations.get(hook, []) if name in enabled]

    async def react(self, plugin: str, hook: str, programme_id: UUID, payload: bytes, idempotency_key: str) -> None:
        """Hand one event to one plugin; raises whatever the plugin raises, so that the caller retries.

        A plugin that was disabled meanwhile is not called: off means off.
        """
        enabled = await self._enabled(programme_id)
        function = dict(self.registry.implementations[hook]).get(plugin)
        if function is None or plugin not in enabled:
            return
        context = Context(plugin, programme_id, enabled[plugin], self._database, idempotency_key)
        async with asyncio.timeout(TIME_LIMIT):
            await function(context, msgspec.json.decode(payload, type=HOOKS[hook].payload))
