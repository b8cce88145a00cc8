from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from litestar import Litestar, Request, Response, get, post, put
from litestar.datastructures import State
from msgspec import Struct

from lms_core.client.errors import ClientError, Passing
from lms_core.client.http import LmsClient

Call = Request[Any, Any, State]


class Thing(Struct, frozen=True):
    name: str


def problem(status: int, **fields: Any) -> Response[Any]:
    return Response({"type": "urn:x", "status": status, **fields}, status_code=status)


def bad_day(request: Call) -> Response[Any] | None:
    """Remember the call, and fail as long as failures are planned."""
    request.app.state.calls.append(request)
    failures = request.app.state.failures
    return problem(failures.pop(0), title="Bad day") if failures else None


@get("/thing")
async def thing(request: Call) -> Response[Any]:
    return bad_day(request) or Response({"name": "it", "more": 1}, headers={"ETag": '"3"'})


@post("/things")
async def make(request: Call) -> Response[Any]:
    return bad_day(request) or Response(await request.json(), status_code=201)


@put("/thing")
async def replace(request: Call) -> Response[Any]:
    return bad_day(request) or Response(await request.json())


@get("/things")
async def things(request: Call) -> Response[Any]:
    bad_day(request)
    key, start = request.query_params["key"], int(request.query_params.get("cursor", 0))
    link = f'<http://elsewhere.example/things?key={key}&cursor={start + 2}>; rel="next"'
    items = [{"name": f"{key}{number}"} for number in range(start, min(start + 2, 5))]
    return Response({"items": items}, headers={"Link": link} if start + 2 < 5 else {})


@get("/refused")
async def refused() -> Response[Any]:
    errors = [{"where": "body.title", "reason": "must not be empty"}, {"where": "body.ects", "reason": "too much"}]
    return problem(422, title="Not valid", detail="Look at these.", errors=errors)


@get("/stranger")
async def stranger() -> Response[Any]:
    return problem(401, title="Sign in first")


@get("/busy")
async def busy(request: Call) -> Response[Any]:
    bad_day(request)
    body = {"type": "urn:x", "status": 503, "title": "Back at noon"}
    return Response(body, status_code=503, headers={"Retry-After": "86400"})


@get("/crash")
async def crash(request: Call) -> Response[Any]:
    bad_day(request)
    return Response("<html>oops</html>", status_code=500, media_type="text/html")


@get("/website")
async def website() -> Response[Any]:
    return Response("<html>Welcome</html>", media_type="text/html")


@get("/moved")
async def moved() -> Response[Any]:
    return Response(None, status_code=301, headers={"Location": "https://lms.example.org/"})


@pytest.fixture
def server() -> Litestar:
    """A server that can have a bad day, and remembers who asked for what."""
    routes = [thing, make, replace, things, refused, stranger, busy, crash, website, moved]
    return Litestar(routes, state=State({"calls": [], "failures": []}))


@pytest.fixture
async def client(server: Litestar) -> AsyncIterator[LmsClient]:
    transport = httpx.ASGITransport(server, raise_app_exceptions=False)
    async with LmsClient("http://lms.example/", "secret", transport=transport, pause=0) as client:
        yield client


async def test_a_bad_moment_of_the_server_is_waited_out(server: Litestar, client: LmsClient):
    server.state.failures = [503, 502, 504, 429]

    assert await client.get_tagged("/thing", Thing) == (Thing("it"), '"3"')
    assert len(server.state.calls) == 5


async def test_a_creation_is_repeated_with_the_same_idempotency_key(server: Litestar, client: LmsClient):
    server.state.failures = [503, 503]

    assert await client.post("/things", Thing("new"), Thing) == Thing("new")
    await client.post("/things", Thing("new"), Thing)

    first, second, third, other = (call.headers["Idempotency-Key"] for call in server.state.calls)
    assert first == second == third != other


async def test_a_replacement_says_which_state_it_replaces(server: Litestar, client: LmsClient):
    assert await client.put("/thing", Thing("new"), Thing, '"3"') == Thing("new")

    [call] = server.state.calls
    assert (call.headers["If-Match"], call.headers["Authorization"]) == ('"3"', "Bearer secret")


async def test_a_bad_day_of_the_server_ends_the_patience(server: Litestar):
    server.state.failures = [503] * 100_000
    said: list[str] = []
    transport = httpx.ASGITransport(server, raise_app_exceptions=False)

    async with LmsClient(
        "http://lms.example", "secret", transport=transport, pause=0, patience=0.2, say=said.append
    ) as client:
        with pytest.raises(ClientError, match=r"^Bad day$") as raised:
            await client.get("/thing", Thing)

    assert (type(raised.value), raised.value.status) == (ClientError, 503)
    assert len(server.state.calls) > 5
    assert said == ["Bad day\n  Trying again; nothing is lost."]


async def test_a_server_that_asks_for_more_time_than_there_is_patience_is_not_asked_again(server: Litestar):
    transport = httpx.ASGITransport(server, raise_app_exceptions=False)

    async with LmsClient("http://lms.example", "secret", transport=transport, pause=0) as client:
        with pytest.raises(ClientError, match=r"^Back at noon$"):
            await client.get("/busy", Thing)

    assert len(server.state.calls) == 1


async def test_a_refusal_is_told_in_the_words_of_the_server(client: LmsClient):
    with pytest.raises(ClientError) as raised:
        await client.get("/refused", Thing)

    assert raised.value.status == 422
    assert str(raised.value) == ("Not valid: Look at these.\n  body.title: must not be empty\n  body.ects: too much")


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/stranger", "Sign in first\n  Is the token right, and still valid?"),
        ("/crash", "http://lms.example/crash answers 500: Internal Server Error"),
        ("/moved", "http://lms.example/moved is now at https://lms.example.org/; give that address."),
        ("/website", "http://lms.example/website does not answer as the server of this client would: "),
    ],
)
async def test_every_other_answer_is_a_sentence_too(client: LmsClient, path: str, message: str):
    with pytest.raises(ClientError) as raised:
        await client.get(path, Thing)

    assert str(raised.value).startswith(message)


async def test_what_cannot_pass_is_not_tried_again(server: Litestar, client: LmsClient):
    with pytest.raises(ClientError):
        await client.get("/crash", Thing)

    assert len(server.state.calls) == 1


async def test_lists_are_read_to_their_end_and_only_from_the_server_that_has_the_token(
    server: Litestar, client: LmsClient
):
    assert await client.items("/things", Thing, key="n") == [Thing(f"n{number}") for number in range(5)]
    assert [str(call.url) for call in server.state.calls] == [
        "http://lms.example/things?key=n",
        "http://lms.example/things?key=n&cursor=2",
        "http://lms.example/things?key=n&cursor=4",
    ]


async def test_a_server_that_is_not_there_is_told():
    async with LmsClient("http://127.0.0.1:9", "secret", pause=0, patience=0.1) as client:
        with pytest.raises(ClientError, match=r"^http://127\.0\.0\.1:9 cannot be reached: "):
            await client.get("/thing", Thing)


@pytest.mark.parametrize("url", ["lms.example.org", "", "ftp://x", "https://", "https://a b", "http://x?y=1"])
def test_an_address_that_is_none_is_told(url: str):
    with pytest.raises(ClientError, match="is not the address of a server"):
        LmsClient(url, "secret")


@pytest.mark.parametrize("token", ["", "two words", "line\n", "ü"])
def test_a_token_that_cannot_be_sent_is_told_but_not_shown(token: str):
    with pytest.raises(ClientError, match=r"^The token must be one word"):
        LmsClient("https://lms.example.org", token)


async def test_bytes_go_to_the_store_without_the_token_and_may_be_sent_anew():
    seen: list[tuple[bytes, bytes]] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        seen.append((head, await reader.readexactly(10)))
        status = b"503 Slow Down" if len(seen) == 1 else b"200 OK"
        writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    async def pieces() -> AsyncIterator[bytes]:
        yield b"hello"
        yield b"world"

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as store:
        address = f"http://127.0.0.1:{store.sockets[0].getsockname()[1]}/part?sig=%2Fx"
        async with LmsClient("https://lms.example.org", "secret", pause=0) as client:
            with pytest.raises(Passing):
                await client.put_bytes(address, {"x-checksum": "abc"}, 10, pieces())
            await client.patiently(lambda: client.put_bytes(address, {"x-checksum": "abc"}, 10, pieces()))

    assert [body for _, body in seen] == [b"helloworld"] * 2
    for head, _ in seen:
        assert head.startswith(b"PUT /part?sig=%2Fx HTTP/1.1\r\n")
        assert b"content-length: 10\r\n" in head.lower()
        assert b"x-checksum: abc\r\n" in head
        assert b"secret" not in head
        assert b"chunked" not in head
