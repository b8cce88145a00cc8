"""The way to a real store, broken at will: a proxy that forwards, delays, spoils or loses what passes.

It hands on the Host header as it came, so that signatures made for the proxy's address stay good.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, closing, suppress
from typing import Literal
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import replace

from content_store import StoreSettings

__all__ = ["FlakyStore", "flaky_store"]

CHUNK = 1 << 16
Kind = Literal["slow", "error", "garbage", "cut", "lost"]


class Fault(Struct, frozen=True):
    kind: Kind
    methods: Collection[str]
    seconds: float
    status: int
    code: str


class FlakyStore:
    """The switches of the proxy. `settings` lead through it; `seen` names the requests that came, in order."""

    def __init__(self, server: StoreSettings) -> None:
        address = urlsplit(server.url)
        self._target = address.hostname or "", address.port or 80
        self._server: asyncio.Server | None = None
        self._fault: Fault | None = None
        self._times = 0
        self._port = 0
        self.seen: list[str] = []
        self.settings = server

    def fail(
        self,
        kind: Kind,
        *,
        times: int = 1_000_000,
        methods: Collection[str] = ("GET", "HEAD", "PUT", "POST", "DELETE"),
        seconds: float = 0,
        status: int = 503,
        code: str = "SlowDown",
    ) -> None:
        """Spoil the next `times` requests with these methods.

        slow: answer `seconds` later. error: answer `status` with this S3 code, the request not carried out.
        garbage: answer with what is no HTTP. cut: close the connection in the middle of the body, the request's
        if it has one, else the answer's. lost: carry the request out and close the connection without an answer.
        """
        self._fault, self._times = Fault(kind, methods, seconds, status, code), times

    def fill_up(self) -> None:
        """Refuse to take any more bytes, as a store whose disks are full."""
        self.fail("error", methods=("PUT", "POST"), status=507, code="XMinioStorageFull")

    async def shut_down(self) -> None:
        """Refuse connections."""
        if self._server:
            self._server.close()
            self._server = None

    async def recover(self) -> None:
        """Accept connections, at the same port, and forward what comes."""
        self._fault = None
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
            self._port = self._server.sockets[0].getsockname()[1]
            self.settings = replace(self.settings, url=f"http://127.0.0.1:{self._port}")

    def _next_fault(self, method: str) -> Fault | None:
        if self._fault is None or not self._times or method not in self._fault.methods:
            return None
        self._times -= 1
        return self._fault

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one request; clients open a connection for each."""
        with closing(writer), suppress(ConnectionError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            method, path, _ = head.decode("latin-1").split(" ", 2)
            self.seen.append(f"{method} {path}")
            fault = self._next_fault(method)
            match fault:
                case Fault(kind="error"):
                    await _pump(reader, None, _length(head))
                    writer.write(_error(fault))
                case Fault(kind="garbage"):
                    await _pump(reader, None, _length(head))
                    writer.write(b"\x15\x03\x01\x00\x02\x02\x16 this is no HTTP\r\n\r\n")
                case _:
                    await self._forward(head, reader, writer, fault)

    async def _forward(
        self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, fault: Fault | None
    ) -> None:
        kind = fault.kind if fault else ""
        store, to_store = await asyncio.open_connection(*self._target)
        with closing(to_store):
            to_store.write(
                re.sub(rb"\r\nConnection:[^\r]*", b"", head[:-2], flags=re.IGNORECASE) + b"Connection: close\r\n\r\n"
            )
            if kind == "cut" and (length := _length(head)):
                await _pump(reader, to_store, length // 2)
                to_store.transport.abort()
                writer.transport.abort()
                return
            await _pump(reader, to_store, _length(head))
            answer = await store.readuntil(b"\r\n\r\n")
            if fault and kind == "slow":
                await asyncio.sleep(fault.seconds)
            if kind == "lost":
                await store.read()
                return
            writer.write(answer)
            if kind == "cut":
                await _pump(store, writer, _length(answer) // 2)
                return
            while data := await store.read(CHUNK):
                writer.write(data)
                await writer.drain()


def _length(head: bytes) -> int:
    found = re.search(rb"\r\nContent-Length: *(\d+)", head, re.IGNORECASE)
    return int(found[1]) if found else 0


def _error(fault: Fault) -> bytes:
    body = f"<Error><Code>{fault.code}</Code><Message>As the test asked for.</Message></Error>".encode()
    head = f"HTTP/1.1 {fault.status} Fault\r\nContent-Type: application/xml\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"Connection: close\r\n\r\n" + body


async def _pump(source: asyncio.StreamReader, target: asyncio.StreamWriter | None, length: int) -> None:
    while length:
        data = await source.read(min(CHUNK, length))
        if not data:
            raise ConnectionError("The sender hung up.")
        length -= len(data)
        if target:
            target.write(data)
            await target.drain()


@asynccontextmanager
async def flaky_store(server: StoreSettings) -> AsyncIterator[FlakyStore]:
    """Run the proxy in front of a store that is reached by plain HTTP."""
    flaky = FlakyStore(server)
    await flaky.recover()
    try:
        yield flaky
    finally:
        await flaky.shut_down()
