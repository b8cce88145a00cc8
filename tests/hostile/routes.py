# No `from __future__ import annotations`: what routes declare must resolve at run time.
import asyncio
from typing import Any

from sqlalchemy import text

from lms_core.api import CreateOnce, JSONBody, Payload, Plugin, RouteContext, View, get, post

LEAKED: list[Any] = []


class Shown(View, frozen=True):
    """What the routes declare to answer."""

    name: str


@get("/raises", permission="self")
async def raises(context: RouteContext) -> Shown:
    """Raise."""
    raise ZeroDivisionError("never tested")


@get("/exits", permission="self")
async def exits(context: RouteContext) -> Shown:
    """End the process."""
    raise SystemExit(3)


@get("/interrupts", permission="self")
async def interrupts(context: RouteContext) -> Shown:
    """Raise what a Ctrl-C raises."""
    raise KeyboardInterrupt


@get("/cancels", permission="self")
async def cancels(context: RouteContext) -> Shown:
    """Cancel the task of the request."""
    task = asyncio.current_task()
    assert task
    task.cancel()
    await asyncio.sleep(0)
    return Shown("cancelled")


@get("/lies", permission="self")
async def lies(context: RouteContext) -> Shown:
    """Answer with something that no JSON can hold."""
    return object()  # type: ignore[return-value]


@get("/leaks", permission="self")
async def leaks(context: RouteContext) -> Shown:
    """Enter a transaction by hand, and never leave it."""
    LEAKED.append(context.write())
    connection = await LEAKED[-1].__aenter__()
    await connection.execute(text("UPDATE programme SET title = 'leaked'"))
    return Shown("leaked")


@get("/leaks-reading", permission="self")
async def leaks_reading(context: RouteContext) -> Shown:
    """Enter a connection for reading by hand, and never leave it."""
    LEAKED.append(context.read())
    await LEAKED[-1].__aenter__()
    return Shown("leaked")


class New(Payload, frozen=True):
    """What is made."""

    name: str


@post("/half", permission="self")
async def half(context: RouteContext, once: CreateOnce, data: JSONBody[New]) -> Shown:
    """Write, and raise before the end."""

    async def make(connection: Any) -> Shown:
        await connection.execute(text("UPDATE programme SET title = 'half'"))
        raise ZeroDivisionError("never tested")

    return await once(Shown, make)


class Hostile(Plugin):
    """Its routes do everything that routes should not."""

    name = "routes"
    routes = (raises, exits, interrupts, cancels, lies, leaks, leaks_reading, half)
