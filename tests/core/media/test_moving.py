"""All media move into another store, each byte compared on the way, while lecturers go on working."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from sqlalchemy import select

from content_store import StoreUnavailable
from content_store.s3 import S3Store
from lms_core.media import verifying
from lms_core.media.moving import Copied, UnderWay, copy, copyable, under_way
from lms_core.media.tables import media
from lms_core.media.verifying import Finding
from tests.support.flaky_store import FlakyStore, flaky_store
from tests.support.objectstore import fresh_bucket
from tests.support.world import MP4, sha256

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from content_store import ContentStore, StoreSettings
    from lms_core.media.verifying import Counted
    from tests.support.world import World

FILM = MP4 + bytes(range(256)) * (9 * 4096)
NOTES = b"notes" * 99


@pytest.fixture
async def store_settings(store_server: StoreSettings) -> AsyncIterator[StoreSettings]:
    async with fresh_bucket(store_server) as settings:
        yield settings


@pytest.fixture
async def way(store_server: StoreSettings) -> AsyncIterator[FlakyStore]:
    """The way to the other store, which tells what passes."""
    async with fresh_bucket(store_server) as settings, flaky_store(settings) as flaky:
        yield flaky


@pytest.fixture
async def target(way: FlakyStore) -> AsyncIterator[S3Store]:
    store = S3Store(way.settings)
    yield store
    await store.close()


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verifying, "PAUSES", (0, 0))


def key_of(one: dict[str, Any]) -> str:
    return f"media/{one['programmeId']}/{one['id']}"


def ignore(_bytes: int, _files: int) -> None: ...


async def copied(world: World, target: ContentStore, counted: Counted = ignore) -> Copied:
    return await copy(world.database, world.app.state.store, target, await copyable(world.database), counted)


async def objects(store: ContentStore) -> dict[str, bytes]:
    """Return all media of a store."""
    keys = [found.key async for found in store.objects("media/")]
    return {key: b"".join([chunk async for chunk in store.read(key)]) for key in keys}


async def begun(world: World, programme: dict[str, Any], name: str, data: bytes, kind: str) -> dict[str, Any]:
    new = {"name": name, "size": len(data), "contentType": kind, "sha256": sha256(data)}
    made: dict[str, Any] = await world.admin.post(f"/programmes/{programme['id']}/media", new)
    return made


async def test_the_store_moves_while_lecturers_work(world: World, target: S3Store) -> None:
    programme, other = await world.programme(), await world.programme("other")
    source = world.app.state.store
    film = await world.upload(world.admin, programme, "film.mp4", FILM, "video/mp4")
    await source.put(f"{key_of(film)}.poster", b"a picture", "image/jpeg")
    notes = await world.upload(world.admin, other, "notes.txt", NOTES, "text/plain")
    spoilt = await world.upload(world.admin, programme, "spoilt.txt", NOTES, "text/plain")
    await source.put(key_of(spoilt), b"N" + NOTES[1:], "text/plain")
    lost = await world.upload(world.admin, programme, "lost.txt", b"lost", "text/plain")
    await source.delete(key_of(lost))
    gone = await world.upload(world.admin, programme, "gone.txt", b"gone", "text/plain")
    await world.admin.delete(f"/media/{gone['id']}")
    joined = await begun(world, programme, "joined.mp4", FILM + b"!", "video/mp4")
    parts = await world.send(world.admin, joined, FILM + b"!")
    await world.admin.post(f"/media/{joined['id']}/complete", {"parts": parts}, 200)
    coming = await begun(world, programme, "coming.mp4", FILM + b"?", "video/mp4")
    await world.send(world.admin, coming, FILM + b"?", 1)

    tally = [0, 0]

    def counted(bytes_: int, files: int) -> None:
        tally[0] += bytes_
        tally[1] += files

    damaged = [
        Finding(
            media_id=UUID(one["id"]), programme="ms", name=one["name"], size=one["size"], state="ready", reason=reason,
            new=False,
        )
        for one, reason in (
            (spoilt, f"its SHA-256 is {sha256(b'N' + NOTES[1:])}, announced was {sha256(NOTES)}"),
            (lost, "the content store has lost it"),
        )
    ]  # fmt: skip
    first = await copied(world, target, counted)
    assert (first.files, first.there, sorted(first.damaged, key=lambda one: one.media_id)) == (3, 0, damaged)
    assert tally == [2 * len(FILM) + 1 + 2 * len(NOTES) + len(b"lost"), 5]
    arrived = {key_of(film): FILM, f"{key_of(film)}.poster": b"a picture", key_of(joined): FILM + b"!"}
    assert await objects(target) == {**arrived, key_of(notes): NOTES}
    info = await target.stat(key_of(film))
    assert info
    assert (info.size, info.content_type) == (len(FILM), "video/mp4")
    async with world.database.read() as connection:
        same = media.c.id == UUID(coming["id"])
        used_at = (await connection.execute(select(media.c.used_at).where(same))).scalar_one()
    assert await under_way(world.database) == [UnderWay("ms", "coming.mp4", len(FILM) + 1, used_at)]

    # Somebody finishes her upload after the first copy; another one arrives in the new store.
    parts = await world.send(world.admin, coming, FILM + b"?")
    await world.admin.post(f"/media/{coming['id']}/complete", {"parts": parts}, 200)
    late = await world.upload(world.admin, programme, "late.txt", b"late", "text/plain")
    await target.put(key_of(late), b"late", "text/plain")
    await source.delete(key_of(late))
    second = await copied(world, target)
    assert (second.files, second.there) == (1, 4)
    assert {one.name for one in second.damaged} == {"spoilt.txt", "lost.txt"}
    expected = {**arrived, key_of(notes): NOTES, key_of(coming): FILM + b"?", key_of(late): b"late"}
    assert await objects(target) == expected
    assert await target.open_uploads("") == []


async def test_what_was_compared_is_known_again_by_its_note(world: World, target: S3Store, way: FlakyStore) -> None:
    programme = await world.programme()
    notes = await world.upload(world.admin, programme, "notes.txt", NOTES, "text/plain")
    assert await copied(world, target) == Copied(1, 0, [])
    path, note = f"/{way.settings.bucket}/{key_of(notes)}", f"/{way.settings.bucket}/.copied/{notes['id']}"

    way.seen.clear()
    assert await copied(world, target) == Copied(0, 1, [])
    assert way.seen == [f"HEAD {path}", f"GET {note}"]

    # A copy that ended before it could write its note: the object is read back, not sent again.
    await target.delete(f".copied/{notes['id']}")
    way.seen.clear()
    assert await copied(world, target) == Copied(0, 1, [])
    assert way.seen == [f"HEAD {path}", f"GET {note}", f"GET {path}", f"PUT {note}"]

    # Something else was put there: the note is about another object.
    await target.put(key_of(notes), b"N" + NOTES[1:], "text/plain")
    assert await copied(world, target) == Copied(1, 0, [])
    assert await objects(target) == {key_of(notes): NOTES}


async def test_a_copy_that_is_broken_off_goes_on_where_it_was(world: World, target: S3Store) -> None:
    programme = await world.programme()
    films = [FILM + bytes([number]) for number in range(6)]
    for number, data in enumerate(films):
        await world.upload(world.admin, programme, f"{number}.mp4", data, "video/mp4")
    passed, enough = 0, asyncio.Event()

    def counted(bytes_: int, _files: int) -> None:
        nonlocal passed
        passed += bytes_
        if passed > 4.5 * len(FILM):
            enough.set()

    copying = asyncio.create_task(copied(world, target, counted))
    await enough.wait()
    copying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await copying
    some = await objects(target)
    assert len(some) < len(films)
    assert set(some.values()) <= set(films)
    assert await target.open_uploads("") == []

    assert await copied(world, target) == Copied(6 - len(some), len(some), [])
    assert await objects(target) == await objects(world.app.state.store)


async def test_a_store_that_is_away_ends_the_copy_and_the_next_one_brings_the_rest(
    world: World, target: S3Store, way: FlakyStore, store_settings: StoreSettings
) -> None:
    programme = await world.programme()
    for number in range(3):
        await world.upload(world.admin, programme, f"{number}.mp4", FILM + bytes([number]), "video/mp4")
    way.fail("error", methods=["PUT"], status=507, code="XMinioStorageFull")
    with pytest.raises(StoreUnavailable, match=f"at {way.settings.url} answers with status 507"):
        await copied(world, target)
    await way.recover()
    async with flaky_store(store_settings) as here:
        source = S3Store(here.settings)
        await here.shut_down()
        files = await copyable(world.database)
        with pytest.raises(StoreUnavailable, match=f"at {here.settings.url} cannot be reached"):
            await copy(world.database, source, target, files, ignore)
        await source.close()
    assert await objects(target) == {}
    assert await copied(world, target) == Copied(3, 0, [])
