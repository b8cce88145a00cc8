"""Server-sent events of plugins: clients follow what is written down, and may come back and go on where they were."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Annotated, Any

import msgspec
from litestar.params import HeaderParameter
from litestar.response import ServerSentEvent, ServerSentEventMessage

from lms_core.hooks.context import Context

LONGEST = 30.0
"""Seconds after which a stream ends by itself: the client comes back, and is asked again who it is."""

AGAIN = 1_000
"""Milliseconds after which a client comes back."""


class Told(msgspec.Struct, frozen=True):
    """An event of a stream: its id, from which a client goes on after a break, its name, and what it tells as JSON."""

    id: str
    name: str
    data: Any


EventStream = ServerSentEvent
"""What a route that answers with `follow` returns."""

Look = Callable[[Context, str | None], Awaitable[tuple[Sequence[Told], bool]]]

LastEventId = Annotated[
    str | None,
    HeaderParameter(
        name="Last-Event-ID", max_length=200, description="The id of the event after which to go on; browsers send it."
    ),
]


def follow(context: Context, look: Look, after: str | None = None, every: float = 0.5) -> EventStream:
    """Answer with a stream of what `look` finds, from the event `after` on.

    `look(context, after)` returns the events after that one, as the database has them, and whether there may be more.
    It gets a context of its own each time, every so many seconds. Nothing is kept in the process: any server goes on
    where another one was.
    """

    async def told() -> AsyncIterator[ServerSentEventMessage]:
        loop, last = asyncio.get_running_loop(), after
        until = loop.time() + LONGEST
        yield ServerSentEventMessage(data=None, retry=AGAIN)
        while True:
            fresh = context.again()
            try:
                events, more = await look(fresh, last)
            finally:
                fresh.end()
            for one in events:
                last = one.id
                yield ServerSentEventMessage(data=msgspec.json.encode(one.data).decode(), event=one.name, id=one.id)
            if not more or loop.time() > until:
                return
            await asyncio.sleep(every)

    return EventStream(told(), headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
