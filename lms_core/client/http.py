"""The client's way to the server: JSON, problems as sentences, patience with a server that is not there."""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from functools import partial
from itertools import count
from types import TracebackType
from typing import Self, TypeVar
from uuid import uuid4

import httpx
import msgspec
from msgspec import Struct

from lms_core.client.errors import ClientError, Passing

__all__ = ["LmsClient"]

T = TypeVar("T")

LONGEST_PAUSE = 60.0
PIECE = 64 * 1024
"""Bytes of a file after which its progress is told."""
FIRST_PATIENCE = 20.0
"""Seconds in which a server has to answer for the first time: a wrong address should not be waited for."""
PASSING = {408, 429, 502, 503, 504}
"""Answers that another try may change."""
PASSING_AT_STORE = PASSING | {400, 403, 404, 500, 507}
"""Spoiled on the way, an address that has expired, an upload that was lost, or a bad moment of the store."""


class _Reason(Struct, frozen=True):
    where: str = ""
    reason: str = ""


class _Problem(Struct, frozen=True):
    """What is used of an RFC 9457 problem document."""

    title: str = ""
    detail: str = ""
    errors: list[_Reason] = []


class _Page(Struct, frozen=True):
    items: list[msgspec.Raw]


class LmsClient:
    """A signed-in caller of the server at `url`: `async with LmsClient(url, token) as client`.

    Every call raises ClientError, with the server's own words where it refuses. What fails for a passing reason is
    tried again after growing pauses, of `pause` seconds at first, until nothing has moved for `patience` seconds;
    `say` is told why it takes so long. A POST carries an Idempotency-Key, so that nothing is created twice.
    `transport` leads to a server in the same process.
    """

    def __init__(
        self,
        url: str,
        token: str,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        pause: float = 0.5,
        patience: float = 30.0,
        say: Callable[[str], None] = lambda words: None,
    ) -> None:
        if not re.fullmatch(r"https?://[^/?#\s]+[^?#\s]*", url):
            raise ClientError(f'"{url}" is not the address of a server, such as https://lms.example.org')
        if not re.fullmatch(r"[\x21-\x7e]+", token):
            raise ClientError("The token must be one word of letters, digits and signs, as the server gave it.")
        timeout = httpx.Timeout(60, connect=10)
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        self._api = httpx.AsyncClient(base_url=url, headers=headers, timeout=timeout, transport=transport)
        # The store knows its own signatures only; the token is none of its business.
        # What a slow line still holds back has to drain before it answers.
        self._store = httpx.AsyncClient(timeout=httpx.Timeout(60, connect=10, read=180))
        self._pause = pause
        self._patience = patience
        self._say = say
        self._met = False
        self._moved = 0.0  # when something arrived at the store last
        self._complained = -LONGEST_PAUSE

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._api.aclose()
        await self._store.aclose()

    async def get(self, path: str, answer: type[T]) -> T:
        """Return what is at a path."""
        return (await self.get_tagged(path, answer))[0]

    async def get_tagged(self, path: str, answer: type[T]) -> tuple[T, str]:
        """Return what is at a path, with the ETag that changing it takes."""
        response = await self._send(lambda: self._api.build_request("GET", path))
        return _decode(response, response.content, answer), response.headers.get("ETag", "")

    async def items(self, path: str, item: type[T], **query: str) -> list[T]:
        """Return all items of a list, from all its pages."""
        url = self._api.build_request("GET", path, params=query).url
        found: list[T] = []
        while True:
            response = await self._send(partial(self._api.build_request, "GET", url))
            found += [_decode(response, raw, item) for raw in _decode(response, response.content, _Page).items]
            following = response.links.get("next", {}).get("url")
            if not following:
                return found
            # A server behind a proxy may not know its own name, and the token stays with the one we know.
            url = url.join(url.join(following).raw_path.decode())

    async def post(self, path: str, body: Struct | None, answer: type[T]) -> T:
        """Return the answer to a body; the server carries it out once, however often it is sent."""
        return await self._write("POST", path, body, answer, {"Idempotency-Key": str(uuid4())})

    async def put(self, path: str, body: Struct, answer: type[T], etag: str) -> T:
        """Replace what is at a path, if it is still in the state of an ETag, and return the answer."""
        return await self._write("PUT", path, body, answer, {"If-Match": etag})

    async def post_file(
        self, path: str, content: bytes, content_type: str, answer: type[T], tally: Callable[[int], None], **query: str
    ) -> T:
        """Return the answer to a file; `tally` hears of the bytes that are sent, and of those to be sent again."""

        async def attempt() -> httpx.Response:
            sent = 0

            async def pieces() -> AsyncIterator[bytes]:
                nonlocal sent
                for start in range(0, len(content), PIECE):
                    piece = content[start : start + PIECE]
                    yield piece
                    sent += len(piece)
                    tally(len(piece))

            headers = {"Content-Type": content_type, "Content-Length": str(len(content))}
            request = self._api.build_request("POST", path, params=query, content=pieces(), headers=headers)
            try:
                return await _once(self._api, request, PASSING)
            except Passing:
                tally(-sent)
                raise

        response = await self.patiently(attempt)
        return _decode(response, response.content, answer)

    async def download(self, path: str, **query: str) -> AsyncIterator[bytes]:
        """Yield what is at a path as it arrives. Raises ClientError, and Passing if it breaks off."""
        request = self._api.build_request("GET", path, params=query, headers={"Accept": "*/*"})
        response = await self.patiently(lambda: _once(self._api, request, PASSING, stream=True))
        try:
            async for piece in response.aiter_bytes():
                yield piece
        except httpx.TransportError as error:
            raise Passing(f"{path} broke off: {str(error) or type(error).__name__}") from None
        finally:
            await response.aclose()

    async def put_bytes(
        self, address: str, headers: Mapping[str, str], size: int, pieces: AsyncIterator[bytes]
    ) -> None:
        """Send `size` bytes to an address of the store, once: its time is soon over. Raises Passing, ClientError."""
        sized = {**headers, "Content-Length": str(size)}
        request = self._store.build_request("PUT", address, headers=sized, content=pieces)
        await _once(self._store, request, PASSING_AT_STORE)
        self._moved = time.monotonic()

    async def patiently(self, work: Callable[[], Awaitable[T]]) -> T:
        """Return what `work` does, tried again while it raises Passing and patience lasts; then raise ClientError.

        Patience begins anew with everything that arrives at the store, whoever sends it.
        """
        since = None
        for attempt in count():
            try:
                result = await work()
            except Passing as error:
                now = time.monotonic()
                since = since or now
                pause = max(min(self.pause(attempt), LONGEST_PAUSE), error.rest)
                patience = self._patience if self._met else min(self._patience, FIRST_PATIENCE)
                if now + pause >= max(since, self._moved) + patience:
                    raise ClientError(str(error), error.status) from None
                if attempt == 2 and now - self._complained > LONGEST_PAUSE:
                    self._complained = now
                    self._say(f"{error}\n  Trying again; nothing is lost.")
                await asyncio.sleep(pause)
            else:
                self._met = True
                return result
        raise AssertionError("the last try returns or raises")

    def pause(self, attempt: int) -> float:
        """Return the seconds to rest after a number of tries, differing so that clients do not come in step."""
        return float(self._pause * 2 ** min(attempt, 10) * random.uniform(1, 2))  # noqa: S311 - no secret

    async def _write(self, method: str, path: str, body: Struct | None, answer: type[T], headers: dict[str, str]) -> T:
        content = b"" if body is None else msgspec.json.encode(body)
        headers = {**headers, "Content-Type": "application/json"}
        response = await self._send(lambda: self._api.build_request(method, path, content=content, headers=headers))
        return _decode(response, response.content, answer)

    async def _send(self, build: Callable[[], httpx.Request]) -> httpx.Response:
        """Return the server's answer to a request, built anew for each try."""
        return await self.patiently(lambda: _once(self._api, build(), PASSING))


async def _once(
    client: httpx.AsyncClient, request: httpx.Request, passing: Collection[int], *, stream: bool = False
) -> httpx.Response:
    """Return the answer to a request if it is a good one, of a stream its beginning. Raises Passing and ClientError."""
    try:
        response = await client.send(request, stream=stream)
        if not response.is_success:
            await response.aread()
    except (httpx.LocalProtocolError, httpx.UnsupportedProtocol) as error:
        raise ClientError(f"The request cannot be sent: {error}") from None
    except httpx.TransportError as error:
        where = f"{request.url.scheme}://{request.url.netloc.decode()}"
        raise Passing(f"{where} cannot be reached: {str(error) or type(error).__name__}") from None
    if response.is_success:
        return response
    if response.status_code not in passing:
        raise ClientError(_words(response), response.status_code)
    rest = response.headers.get("Retry-After", "")
    raise Passing(_words(response), response.status_code, float(rest) if rest.isdecimal() else 0)


def _decode(response: httpx.Response, content: bytes | msgspec.Raw, answer: type[T]) -> T:
    try:
        return msgspec.json.decode(content, type=answer)
    except ValueError as error:
        url = response.url.copy_with(query=None)
        raise ClientError(f"{url} does not answer as the server of this client would: {error}") from None


def _words(response: httpx.Response) -> str:
    """Return the server's refusal in its own words, or where it has none in those of HTTP."""
    status = response.status_code
    url = response.url.copy_with(query=None)  # a signature may be in it
    if response.has_redirect_location:
        return f"{url} is now at {response.headers['Location']}; give that address."
    try:
        problem = msgspec.json.decode(response.content, type=_Problem)
    except ValueError:
        problem = _Problem()
    words = ": ".join(part for part in (problem.title, problem.detail) if part)
    if not words:
        reason = re.search(r"<Message>(.*?)</Message>", response.text)  # a store says it in XML
        words = f"{url} answers {status}: {reason[1] if reason else response.reason_phrase}"
    lines = [f"  {error.where}: {error.reason}" for error in problem.errors]
    hint = ["  Is the token right, and still valid?"] if status == 401 else []
    return "\n".join([words, *lines, *hint])
