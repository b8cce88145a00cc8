"""How events and jobs leave the outbox towards plugins."""

from __future__ import annotations

from lms_core.hooks.context import Delivery
from lms_core.hooks.dispatch import Dispatcher
from lms_core.outbox.events import Event, Undeliverable


class PluginChannel:
    """Hands events to the plugins enabled in the programme of the event, and jobs to the plugin that enqueued them."""

    name = "plugin"

    def __init__(self, hooks: Dispatcher) -> None:
        self._hooks = hooks

    async def subscribers(self, event: Event) -> list[str]:
        """Name the plugins that react to the event and were enabled when it happened."""
        concerned = await self._hooks.subscribers(event.name, event.programme_id, event.at)
        return [f"plugin:{name}" for name in concerned]

    async def deliver(self, subscriber: str, event: Event, key: str) -> None:
        """Call the plugin; whatever it raises is raised."""
        if event.programme_id is None:
            raise Undeliverable("plugins are called for a programme, and this belongs to none")
        plugin = subscriber.removeprefix("plugin:")
        kind, _, job = event.name.partition(":")
        call, name = (self._hooks.run_job, job) if kind == "job" else (self._hooks.react, event.name)
        await call(plugin, name, event.programme_id, event.payload, Delivery(event.id, subscriber))
