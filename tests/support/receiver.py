"""A real HTTP(S) server to which webhooks are sent: keeps what it is given and answers as it is told."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator


class Request(msgspec.Struct, frozen=True):
    """What arrived: the first line, the headers by their names in lower case, and the body."""

    line: str
    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> Any:
        return json.loads(self.body)


class Receiver:
    """`answer` is written after each request, with `endless` followed by more for ever; with `silent` nothing is."""

    def __init__(self) -> None:
        self.port = 0
        self.answer = b"HTTP/1.1 204 No Content\r\n\r\n"
        self.endless = False
        self.silent = False
        self.requests: list[Request] = []
        self.connections = 0
        self.over = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            line, *lines = head.strip().split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
            body = await reader.readexactly(int(headers["content-length"]))
            self.requests.append(Request(line, headers, body))
            if self.silent:
                await self.over.wait()
            writer.write(self.answer)
            await writer.drain()
            while self.endless and not self.over.is_set():
                writer.write(b"x" * 65536)
                await writer.drain()
        writer.close()


@asynccontextmanager
async def receiver(
    tls: ssl.SSLContext | None = None, host: str = "127.0.0.1", port: int = 0
) -> AsyncIterator[Receiver]:
    """Run a receiver on this machine."""
    made = Receiver()
    server = await asyncio.start_server(made.serve, host, port, ssl=tls)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        made.over.set()
        server.close()
