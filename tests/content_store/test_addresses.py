"""Addresses of objects, as browsers use them."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from urllib.parse import unquote

import httpx
import pytest

from content_store import ContentStore, StoreUnavailable

HOUR = timedelta(hours=1)
Elapse = Callable[[float], Awaitable[None]]
DATA = random.Random(1).randbytes(3_000_000)


async def test_keys_may_use_any_script(store: ContentStore, browser: httpx.AsyncClient) -> None:
    key = "Modul 1/漢字 & Übung + 50%.pdf"
    await store.put(key, b"pdf", "application/pdf")
    answer = await browser.get(store.download_address(key, "x.pdf", "application/pdf", HOUR))
    assert (answer.status_code, answer.content) == (200, b"pdf")


async def test_a_browser_plays_from_any_position(store: ContentStore, browser: httpx.AsyncClient) -> None:
    await store.put("video", DATA, "application/octet-stream")
    url = store.download_address("video", "lecture.mp4", "video/mp4", HOUR, inline=True)
    answer = await browser.get(url, headers={"Range": "bytes=1000000-1000099"})
    headers = {name: answer.headers[name] for name in ("content-type", "content-range", "content-disposition")}
    assert answer.status_code == 206
    assert answer.content == DATA[1_000_000:1_000_100]
    assert headers == {
        "content-type": "video/mp4",
        "content-range": "bytes 1000000-1000099/3000000",
        "content-disposition": "inline; filename=\"lecture.mp4\"; filename*=UTF-8''lecture.mp4",
    }

    beyond = await browser.get(url, headers={"Range": "bytes=3000000-"})
    assert beyond.status_code == 416


async def test_an_address_is_for_one_method_one_object_and_some_time(
    store: ContentStore, browser: httpx.AsyncClient, elapse: Elapse
) -> None:
    await store.put("slides", b"public", "application/pdf")
    await store.put("exam", b"secret", "application/pdf")
    url = store.download_address("slides", "slides.pdf", "application/pdf", timedelta(seconds=2))
    head = store.download_address("slides", "slides.pdf", "application/pdf", HOUR, method="HEAD")
    answers = [
        await browser.get(url),
        await browser.head(head),
        await browser.get(head),
        await browser.head(url),
        await browser.put(url, content=b"vandal"),
        await browser.delete(url),
        await browser.get(url.replace("slides?", "exam?")),
        await browser.get(url.replace("slides.pdf", "slides.exe")),
        await browser.get(url.replace("X-Amz-Expires=2", "X-Amz-Expires=9")),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 403, 403, 403, 403, 403, 403, 403]
    await elapse(3.1)
    assert (await browser.get(url)).status_code == 403
    assert [chunk async for chunk in store.read("slides")] == [b"public"]


@pytest.mark.parametrize(
    ("name", "disposition"),
    [
        ("Skript.pdf", "attachment; filename=\"Skript.pdf\"; filename*=UTF-8''Skript.pdf"),
        (
            'Übung "1"; x=\r\n.pdf',
            "attachment; filename=\"_bung _1_; x=_.pdf\"; filename*=UTF-8''%C3%9Cbung%20%221%22%3B%20x%3D_.pdf",
        ),
        ("漢字.pdf", "attachment; filename=\"__.pdf\"; filename*=UTF-8''%E6%BC%A2%E5%AD%97.pdf"),
        ("../../etc/passwd", "attachment; filename=\".._.._etc_passwd\"; filename*=UTF-8''.._.._etc_passwd"),
        ("..\\x%22", "attachment; filename=\".._x_22\"; filename*=UTF-8''.._x%2522"),
        ("evil\u202egpj.exe", "attachment; filename=\"evil_gpj.exe\"; filename*=UTF-8''evil_gpj.exe"),
        ("half \ud83d", "attachment; filename=\"half _\"; filename*=UTF-8''half%20_"),
        (" ", "attachment; filename=\"download\"; filename*=UTF-8''download"),
    ],
)
async def test_a_file_keeps_its_name_but_no_name_makes_headers(
    store: ContentStore, browser: httpx.AsyncClient, name: str, disposition: str
) -> None:
    await store.put("file", b"content", "application/pdf")
    answer = await browser.get(store.download_address("file", name, "application/pdf", HOUR))
    assert (answer.status_code, answer.headers["content-disposition"]) == (200, disposition)


@pytest.mark.parametrize(
    ("content_type", "sent"),
    [
        ("text/vtt; charset=utf-8", "text/vtt; charset=utf-8"),
        ("image/svg+xml", "image/svg+xml"),
        ("text/html\r\nSet-Cookie: a=b", "application/octet-stream"),
        ("nonsense", "application/octet-stream"),
    ],
)
async def test_a_media_type_is_sent_as_given_or_not_at_all(
    store: ContentStore, browser: httpx.AsyncClient, content_type: str, sent: str
) -> None:
    await store.put("file", b"content", "application/pdf")
    answer = await browser.get(store.download_address("file", "file", content_type, HOUR))
    assert (answer.headers["content-type"], answer.headers.get("set-cookie")) == (sent, None)


async def test_names_of_255_characters_arrive_whole_in_any_script(
    store: ContentStore, browser: httpx.AsyncClient
) -> None:
    await store.put("file", b"content", "application/pdf")
    for letter in ("x", "Ü", "漢", "ش", "😀"):
        name = letter * 251 + ".pdf"
        answer = await browser.get(store.download_address("file", name, "application/pdf", HOUR))
        _, _, encoded = answer.headers["content-disposition"].partition("filename*=UTF-8''")
        assert (answer.status_code, unquote(encoded)) == (200, name)


async def test_what_could_run_is_saved_and_not_shown(store: ContentStore, browser: httpx.AsyncClient) -> None:
    page = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
    for content_type in ("text/html", "image/svg+xml"):
        await store.put("page", page, content_type)
        for signed in (content_type, "application/octet-stream"):
            address = store.download_address("page", "page", signed, HOUR)
            answer = await browser.get(address)
            kind, _, _ = answer.headers["content-disposition"].partition(";")
            assert (kind, answer.headers["content-type"]) == ("attachment", signed)
            for other in (address.replace("attachment", "inline"), address.replace("response-content-type", "x")):
                assert (await browser.get(other)).status_code == 403


async def test_a_head_tells_what_a_get_would(store: ContentStore, browser: httpx.AsyncClient) -> None:
    await store.put("video", DATA, "video/mp4")
    told = []
    for ask, method in ((browser.head, "HEAD"), (browser.get, "GET")):
        answer = await ask(store.download_address("video", "v.mp4", "video/mp4", HOUR, method=method))
        names = ("content-length", "content-type", "content-disposition", "etag", "accept-ranges", "last-modified")
        told.append((answer.status_code, {name: answer.headers[name] for name in names}))
    assert told[0] == told[1]
    assert (told[0][0], told[0][1]["content-length"]) == (200, "3000000")
    missing = store.download_address("nothing", "v.mp4", "video/mp4", HOUR, method="HEAD")
    assert (await browser.head(missing)).status_code == 404


@pytest.mark.parametrize(
    ("asked", "status", "expected"),
    [
        ("bytes=0-0", 206, DATA[:1]),
        ("bytes=2999990-", 206, DATA[-10:]),
        ("bytes=-10", 206, DATA[-10:]),
        ("bytes=2999990-4000000", 206, DATA[-10:]),
        ("bytes=3000000-", 416, None),
        ("lines=1-2", 200, DATA),
    ],
)
async def test_a_range_is_a_part_of_the_bytes_or_none(
    store: ContentStore, browser: httpx.AsyncClient, asked: str, status: int, expected: bytes | None
) -> None:
    await store.put("video", DATA, "video/mp4")
    url = store.download_address("video", "v.mp4", "video/mp4", HOUR)
    answer = await browser.get(url, headers={"Range": asked})
    assert answer.status_code == status
    assert expected is None or answer.content == expected


async def test_what_a_browser_has_is_not_sent_again(store: ContentStore, browser: httpx.AsyncClient) -> None:
    await store.put("slides", b"first edition", "application/pdf")
    url = store.download_address("slides", "slides.pdf", "application/pdf", HOUR)
    tag = (await browser.get(url)).headers["etag"]

    async def asked(**headers: str) -> tuple[int, bytes]:
        answer = await browser.get(url, headers={name.replace("_", "-"): value for name, value in headers.items()})
        return answer.status_code, answer.content if answer.is_success else b""

    assert await asked(If_None_Match=tag) == (304, b"")
    assert await asked(If_Match=tag) == (200, b"first edition")
    await store.put("slides", b"second edition", "application/pdf")
    assert await asked(If_None_Match=tag) == (200, b"second edition")
    assert await asked(If_Match=tag) == (412, b"")
    assert await asked(If_Match=tag, Range="bytes=6-") == (412, b"")


async def test_who_is_reading_while_an_object_is_deleted_gets_no_wrong_bytes(
    store: ContentStore, browser: httpx.AsyncClient
) -> None:
    data = random.Random(3).randbytes(24 << 20)

    async def pieces() -> AsyncIterator[bytes]:
        yield data

    await store.write("video", pieces(), "video/mp4")
    url = store.download_address("video", "v.mp4", "video/mp4", HOUR)
    got, broken = bytearray(), False
    reader = store.read("video")
    read = bytearray(await anext(reader))
    async with browser.stream("GET", url) as answer:
        assert answer.status_code == 200
        try:
            async for chunk in answer.aiter_bytes(1 << 16):
                if not got:
                    await store.delete("video")
                got += chunk
        except httpx.RemoteProtocolError:
            broken = True
    try:
        async for chunk in reader:
            read += chunk
    except StoreUnavailable:
        assert data.startswith(read)
    else:
        assert read == data
    assert data.startswith(got)
    assert broken or len(got) == len(data)
    assert (await browser.get(url)).status_code == 404
    assert await store.stat("video") is None
