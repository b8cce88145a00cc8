"""The line from a client to an application in the same process, on which things can happen."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from litestar import Litestar


class Line(httpx.AsyncBaseTransport):
    """The line to an application: `seen` names the requests, `before` may do things before one passes."""

    def __init__(self, app: Litestar) -> None:
        self._inner = httpx.ASGITransport(app, raise_app_exceptions=False)
        self.seen: list[str] = []
        self.before: Callable[[str], Awaitable[None]] | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(f"{request.method} {request.url.path}")
        if self.before:
            await self.before(self.seen[-1])
        return await self._inner.handle_async_request(request)

    def before_the_first(self, what: str, do: Callable[[], Awaitable[None]]) -> None:
        """Do something once, before the first request whose method and path match."""

        async def before(request: str) -> None:
            if re.fullmatch(what, request):
                self.before = None
                await do()

        self.before = before
