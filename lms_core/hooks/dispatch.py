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
from lms_core.hooks.context import Context, Delivery
from lms_core.hooks.registry import HOOKS, PluginError, Registry

log = logging.getLogger("lms.plugins")

TIME_LIMIT = 2.0
"""Seconds that one implementation may take."""

Enabled = Callable[[UUID], Awaitable[Mapping[str, Any]]]
"""Given a programme, its enabled plugins by name with their settings, or with the reason why they cannot be used."""


class Dispatcher:
    """Calls the implementations of hooks on behalf of the core."""

    def __init__(self, registry: Registry, enabled: Enabled, database: Database) -> None:
        self.registry = registry
        self._enabled = enabled
        self._database = database

    async def decide(self, hook: str, programme_id: UUID, payload: Any) -> list[Any]:
        """Ask every enabled plugin and return all their answers in one list.

        Raises Unavailable that names the plugin when one fails, is late, answers with a wrong type, has settings
        that no longer fit or is not installed any more: a check that does not work refuses.
        """
        enabled = await self._enabled(programme_id)
        answers: list[Any] = []
        for name in self._concerned(hook, enabled):
            try:
                answer = await self._call(name, hook, programme_id, enabled[name], payload)
                answers.extend(msgspec.convert(answer, HOOKS[hook].answer))
            except Exception as error:
                log.exception("plugin %s failed in %s", name, hook)
                raise Unavailable(
                    f"The plugin {name} could not check this, so it is refused for now. Try again later.", plugin=name
                ) from error
        return answers

    async def shape(self, hook: str, programme_id: UUID, payload: Any) -> tuple[list[tuple[str, Any]], list[str]]:
        """Ask every enabled plugin; return each answer with its plugin's name, and the names of those that failed."""
        enabled = await self._enabled(programme_id)
        answers: list[tuple[str, Any]] = []
        degraded: list[str] = []
        for name in self._concerned(hook, enabled):
            try:
                answer = await self._call(name, hook, programme_id, enabled[name], payload)
                answers += [(name, item) for item in msgspec.convert(answer, HOOKS[hook].answer)]
            except Exception:
                log.exception("plugin %s failed in %s", name, hook)
                degraded.append(name)
        return answers, degraded

    async def subscribers(self, hook: str, programme_id: UUID | None) -> list[str]:
        """Name the enabled plugins that react to an event, or may do so once they are installed again."""
        if programme_id is None or hook not in HOOKS:
            return []
        return self._concerned(hook, await self._enabled(programme_id))

    async def react(self, plugin: str, hook: str, programme_id: UUID, payload: bytes, delivery: Delivery) -> None:
        """Hand one event to one plugin; raises whatever the plugin raises, so that the caller retries.

        A plugin that was disabled meanwhile is not called: off means off.
        """
        enabled = await self._enabled(programme_id)
        if plugin in self._concerned(hook, enabled):
            event = msgspec.json.decode(payload, type=HOOKS[hook].payload)
            await self._call(plugin, hook, programme_id, enabled[plugin], event, delivery)

    def _concerned(self, hook: str, enabled: Mapping[str, Any]) -> list[str]:
        """Name the enabled plugins that implement a hook, in order, and then those that are not there to tell."""
        missing = sorted(enabled.keys() - self.registry.plugins.keys())
        return [name for name, _ in self.registry.implementations.get(hook, []) if name in enabled] + missing

    async def _call(
        self, plugin: str, hook: str, programme_id: UUID, settings: Any, payload: Any, delivery: Delivery | None = None
    ) -> Any:
        if plugin not in self.registry.plugins:
            raise PluginError(f"{plugin} is enabled but not installed, or could not be loaded: see GET /plugins")
        if isinstance(settings, Exception):
            raise PluginError(f"{plugin} has settings that do not fit: {settings}") from settings
        function = dict(self.registry.implementations[hook])[plugin]
        try:
            async with asyncio.timeout(TIME_LIMIT):
                return await function(
                    Context(plugin, programme_id, settings, self._database, delivery=delivery), payload
                )
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():  # we are to end, not just something that the plugin waited for
                raise
            raise PluginError(f"{plugin} let a cancellation of its own escape") from None
