"""Whole objects: written by the server, read by the server and by browsers."""

from __future__ import annotations

import asyncio
import random
from datetime import timedelta

import httpx
import pytest

from content_store import ContentStore, ObjectInfo, StoreSettings, UnknownObject
from content_store.s3 import S3Store

HOUR = timedelta(hours=1)
DATA = random.Random(1).randbytes(3_000_000)


async def test_an_object_is_written_described_read_and_removed(store: ContentStore) -> None:
    info = await store.put("captions/de.vtt", b"WEBVTT\n", "text/vtt")
    assert info == ObjectInfo(7, info.etag, "text/vtt")
    assert await store.stat("captions/de.vtt") == info
    assert [chunk async for chunk in store.read("captions/de.vtt")] == [b"WEBVTT\n"]

    await store.delete("captions/de.vtt")
    await store.delete("captions/de.vtt")
    assert await store.stat("captions/de.vtt") is None


async def test_what_was_never_stored_is_unknown(store: ContentStore) -> None:
    assert await store.stat("nothing") is None
    with pytest.raises(UnknownObject):
        await anext(store.read("nothing"))


async def test_keys_may_use_any_script(store: ContentStore, browser: httpx.AsyncClient) -> None:
    key = "Modul 1/漢字 & Übung + 50%.pdf"
    await store.put(key, b"pdf", "application/pdf")
    answer = await browser.get(store.download_address(key, "x.pdf", "application/pdf", HOUR))
    assert (answer.status_code, answer.content) == (200, b"pdf")


async def test_a_large_object_is_read_in_chunks_and_may_be_left_early(store: ContentStore) -> None:
    await store.put("video", DATA, "video/mp4")
    chunks = [chunk async for chunk in store.read("video")]
    assert [len(chunk) for chunk in chunks] == [1 << 20, 1 << 20, len(DATA) - (2 << 20)]
    assert b"".join(chunks) == DATA

    for _ in range(20):  # more readers than there are connections
        reader = store.read("video")
        assert await anext(reader) == chunks[0]
        await reader.aclose()
    assert await store.stat("video") is not None


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
    store: ContentStore, browser: httpx.AsyncClient
) -> None:
    await store.put("slides", b"public", "application/pdf")
    await store.put("exam", b"secret", "application/pdf")
    url = store.download_address("slides", "slides.pdf", "application/pdf", timedelta(seconds=2))
    head = store.download_address("slides", "slides.pdf", "application/pdf", HOUR, method="HEAD")
    answers = [
        await browser.get(url),
        await browser.head(head),
        await browser.get(head),
        await browser.put(url, content=b"vandal"),
        await browser.delete(url),
        await browser.get(url.replace("slides?", "exam?")),
        await browser.get(url.replace("slides.pdf", "slides.exe")),
        await browser.get(url.replace("X-Amz-Expires=2", "X-Amz-Expires=9999")),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 403, 403, 403, 403, 403, 403]
    await asyncio.sleep(3.1)
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


async def test_addresses_are_for_the_host_that_browsers_know() -> None:
    settings = StoreSettings("http://10.0.0.7:8333", "key", "secret", "media", public_url="https://media.example")
    store = S3Store(settings)
    url = store.download_address("a key", "a", "text/plain", HOUR)
    [part] = await store.part_addresses("a key", "upload", [(1, "00" * 32)], HOUR)
    assert url.startswith("https://media.example/media/a%20key?")
    assert part.url.startswith("https://media.example/media/a%20key?")
    assert "secret" not in url + part.url
    await store.close()
