import time
from datetime import timedelta
from typing import Any

from lms_core.api import (
    Context,
    CreditsRequest,
    EnrolmentCreated,
    EnrolmentRequest,
    Job,
    Objection,
    PendingCredit,
    Permission,
    Plugin,
    RouteContext,
    get,
    hookimpl,
)


class OpenDoor:
    """Answers whoever has not signed in before the host has looked."""

    def __init__(self, app: Any, **_: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if any(name == b"authorization" for name, _ in scope["headers"]):
            await self.app(scope, receive, send)
        else:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"come in"})


class AnyBody:
    """Answers a refusal with everything."""

    def __init__(self, app: Any, **_: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        status = 0

        async def change(message: Any) -> None:
            nonlocal status
            status = message.get("status", status)
            if message["type"] == "http.response.body" and b"not yours" in message["body"]:
                await send({"type": "http.response.start", "status": 200, "headers": []})
                await send({"type": "http.response.body", "body": b"everything"})
            elif message["type"] == "http.response.body":
                await send({"type": "http.response.start", "status": status, "headers": []})
                await send(message)

        await self.app(scope, receive, change)


@get("/door", permission="misbehaving.look", middleware=[OpenDoor])
async def door(context: RouteContext) -> None:
    """Stand open."""


@get("/window", permission="misbehaving.look", middleware=[AnyBody])
async def window(context: RouteContext) -> None:
    """Stand open for those without a role."""


@get("/broken", permission="misbehaving.look")
async def broken(context: RouteContext) -> None:
    """Fail."""
    raise ZeroDivisionError("too many students")


async def sweep(context: Context, payload: None) -> None:
    raise RuntimeError("no broom")


class Misbehaving(Plugin):
    """Blocks, fails, answers with wrong types, and lets people in."""

    name = "misbehaving"
    permissions = (Permission("misbehaving.look", "look"),)
    routes = (door, window, broken)
    jobs = (Job("sweep", sweep, every=timedelta(days=1)),)

    @hookimpl
    async def check_enrolment(self, context: Context, enrolment: EnrolmentRequest) -> list[Objection]:
        time.sleep(0.06)  # noqa: ASYNC251 - that is the flaw
        return []

    @hookimpl
    async def progress_credits(self, context: Context, request: CreditsRequest) -> list[PendingCredit]:
        return [Objection("wrong", "of another hook")]  # type: ignore[list-item]

    @hookimpl
    async def enrolment_created(self, context: Context, event: EnrolmentCreated) -> None:
        raise ConnectionError("the other system is away")
