"""How events and jobs leave the outbox towards plugins."""

from __future__ import annotations

from lms_core.hooks.context import Delivery
from lms_core.hooks.dispatch import Dispatcher
from lms_core.outbox.events import Event


class PluginChannel:
    """Hands events to the plugins enabled in the programme of the event, and jobs to the plugin that enqueued them."""

    name = "plugin"

    def __init__(self, hooks: Dispatcher) -> None:
        self._hooks = hooks

    async def subscribers(self, event: Event) -> list[str]:
        """Name the enabled plugins that react to the event."""
        return [f"plugin:{name}" for name in await self._hooks.subscribers(event.name, event.programme_id)]

    async def deliver(self, subscriber: str, event: Event, key: str) -> None:
        """Call the plugin; whatever it raises is raised."""
        plugin = subscriber.removeprefix("plugin:")
        if event.programme_id is None:
            return
        delivery = Delivery(event.id, subscriber)
        await self._hooks.react(plugin, event.name, event.programme_id, event.payload, delivery)
