"""What a disk or a hand has spoilt is found, named, held back, and repaired by sending it again."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx
import pytest
from msgspec.structs import replace
from sqlalchemy import select

from content_store import StoreError, StoreUnavailable
from content_store.local import LocalStore
from content_store.s3 import S3Store
from lms_core.errors import Conflict
from lms_core.mail.channel import MailChannel
from lms_core.media import verifying
from lms_core.media.tables import media
from lms_core.media.verifying import Finding, Pace, due, steady, verify
from lms_core.modules.needing import NeedingUnit, needing
from lms_core.outbox.work import settle
from lms_core.settings import MailSettings
from lms_core.types import now
from tests.support.flaky_store import flaky_store
from tests.support.mailserver import MailServer, mail_server
from tests.support.objectstore import fresh_bucket
from tests.support.world import MP4, sha256, statements

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator
    from pathlib import Path

    from content_store import ContentStore, StoreSettings
    from lms_core.settings import Settings
    from tests.support.world import Actor, World

FILM = MP4 + bytes(range(256)) * (9 * 4096)
SPOILT = FILM[:5_000_000] + b"!" + FILM[5_000_001:]
UNLIMITED = Pace(None)


@pytest.fixture
async def store_settings(store_server: StoreSettings) -> AsyncIterator[StoreSettings]:
    """A bucket of the test's own: verifying asks whether there is anything in it."""
    async with fresh_bucket(store_server) as settings:
        yield settings


@pytest.fixture
async def post() -> AsyncIterator[MailServer]:
    async with mail_server() as server:
        yield server


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verifying, "PAUSES", (0, 0))


def key_of(one: dict[str, Any]) -> str:
    return f"media/{one['programmeId']}/{one['id']}"


def ignore(_bytes: int, _files: int) -> None: ...


async def verified(world: World, store: ContentStore | None = None, pace: Pace = UNLIMITED) -> list[Finding]:
    files = await due(world.database, None, now() + timedelta(minutes=1))
    found = verify(world.database, store or world.app.state.store, files, pace, ignore)
    return [one async for one in found]


def finding(one: dict[str, Any], reason: str | None, programme: str = "ms", **other: Any) -> Finding:
    state = "quarantined" if reason else "ready"
    expected = Finding(
        media_id=UUID(one["id"]), programme=programme, name=one["name"], size=one["size"], state=state, reason=reason,
        new=True,
    )  # fmt: skip
    return replace(expected, **other)


async def states(world: World) -> dict[str, str]:
    async with world.database.read() as connection:
        rows = await connection.execute(select(media.c.name, media.c.state).order_by(media.c.id))
        return {row.name: row.state for row in rows}


async def texts(world: World, programme: dict[str, Any], *names: str) -> list[dict[str, Any]]:
    return [await world.upload(world.admin, programme, name, name.encode() * 99, "text/plain") for name in names]


async def watch(actor: Actor, run: dict[str, Any]) -> bytes:
    """Watch a film as students do."""
    answer = await actor.call("GET", f"/runs/{run['id']}/units/light/files/film")
    assert answer.status_code == 307, answer.text
    async with httpx.AsyncClient() as browser:
        return (await browser.get(answer.headers["location"])).content


async def test_a_spoilt_film_is_found_named_and_repaired_by_sending_it_again(
    world: World, app_settings: Settings, post: MailServer
) -> None:
    programme, other = await world.programme(), await world.programme("other")
    lecturer = await world.person("Lea Lecturer", "lecturer", programme)
    film = await world.upload(lecturer, programme, "film.mp4", FILM, "video/mp4")
    elsewhere = await world.upload(world.admin, other, "film.mp4", FILM, "video/mp4")
    await texts(world, programme, "notes.txt")
    files = [{"key": "film", "name": "Light.mp4", "role": "content", "mediaId": film["id"]}]
    units = [{"key": "light", "kind": "video", "title": "Light", "files": files}]
    module = await world.module(programme, units)
    content = {"title": "Optics", "ects": "5", "workloadHours": 150, "units": [{**units[0], "title": "What light is"}]}
    await world.admin.put(f"/modules/{module['id']}/draft", content, If_Match='"3"')
    run = await world.run(programme, module)
    student = await world.student("Sam Student", programme)
    await student.put(f"/runs/{run['id']}/enrolment", {})
    assert await watch(student, run) == FILM
    assert await verified(world) == []

    await world.app.state.store.put(key_of(film), SPOILT, "video/mp4")
    reason = f"its SHA-256 is {sha256(SPOILT)}, announced was {sha256(FILM)}"
    assert await verified(world) == [finding(film, reason)]
    async with world.database.read() as connection:
        assert await needing(connection, UUID(film["id"])) == [
            NeedingUnit(
                module="mems", module_title="Optics", unit="light", unit_title="What light is", versions=[1], draft=True
            )
        ]
        assert await needing(connection, UUID(elsewhere["id"])) == []
    problem = await student.call("GET", f"/runs/{run['id']}/units/light/files/film")
    assert (problem.status_code, problem.json()["detail"]) == (
        409, "The file Light.mp4 is damaged, and the lecturer was told; it cannot be read at the moment.",
    )  # fmt: skip
    assert await verified(world) == [finding(film, reason, new=False)]
    mail = MailSettings(host="127.0.0.1", port=post.port, encryption="none", sender="lms@example.org")
    await settle(world.database, [MailChannel(mail, app_settings.public_url, world.database)])
    assert sorted((one["To"], one["Subject"]) for one in post.mails) == [
        ("Lea Lecturer <lea.lecturer@example.org>", "A file did not arrive as it should: film.mp4"),
        ("Sam Student <sam.student@example.org>", "You have a seat: Mems"),
    ]

    again = await world.upload(lecturer, programme, "film.mp4", FILM, "video/mp4")
    assert again == film
    assert await watch(student, run) == FILM
    assert await verified(world) == []


async def test_what_changed_or_went_is_told_and_the_others_are_marked(world: World) -> None:
    programme = await world.programme()
    good, short, lost = await texts(world, programme, "good.txt", "short.txt", "lost.txt")
    store = world.app.state.store
    await store.put(key_of(short), b"sh", "text/plain")
    await store.delete(key_of(lost))
    began = now()
    with statements(world.database) as seen:
        assert await verified(world) == [
            finding(short, "the content store has 2 bytes of it instead of 891"),
            finding(lost, "the content store has lost it"),
        ]
    # each: its row; again, locked; the change. For those quarantined the event, too
    assert len([one for one in seen if " media" in one]) == 1 + 3 * 3
    assert await due(world.database, None, began) == [(UUID(one["id"]), one["size"]) for one in (short, lost)]
    assert await states(world) == {"good.txt": "ready", "short.txt": "quarantined", "lost.txt": "quarantined"}
    assert good["state"] == "ready"


async def test_a_file_repaired_behind_our_back_is_ready_again(world: World) -> None:
    programme = await world.programme()
    (notes,) = await texts(world, programme, "notes.txt")
    page = b"<!DOCTYPE html><html><script>alert(1)</script></html>"
    new = {"name": "photo.png", "size": len(page), "contentType": "image/png", "sha256": sha256(page)}
    photo = await world.admin.post(f"/programmes/{programme['id']}/media", new)
    parts = await world.send(world.admin, photo, page)
    await world.admin.post(f"/media/{photo['id']}/complete", {"parts": parts}, 200)
    store = world.app.state.store
    await store.put(key_of(notes), b"other", "text/plain")
    assert [one.new for one in await verified(world)] == [True]

    await store.put(key_of(notes), b"notes.txt" * 99, "text/plain")
    assert await verified(world) == [finding(notes, None)]
    assert await world.admin.get(f"/media/{notes['id']}") == notes
    # the bytes of the photo are those announced, and still no photo
    assert (await states(world))["photo.png"] == "quarantined"


async def test_bytes_that_the_programme_has_meanwhile_in_another_file_stay_quarantined(world: World) -> None:
    programme = await world.programme()
    new = {"name": "a.txt", "size": 891, "contentType": "text/plain", "sha256": sha256(b"notes.txt" * 99)}
    begun = await (await world.person("Lea", "lecturer", programme)).post(f"/programmes/{programme['id']}/media", new)
    (notes,) = await texts(world, programme, "notes.txt")
    async with world.database.write() as connection:
        same = media.c.id == UUID(begun["id"])
        await connection.execute(media.update().where(same).values(state="quarantined", reason="spoilt"))
    await world.app.state.store.put(key_of(begun), b"notes.txt" * 99, "text/plain")
    assert await verified(world) == []
    assert await states(world) == {"a.txt": "quarantined", "notes.txt": "ready"}
    assert notes["state"] == "ready"


async def test_an_interrupted_search_goes_on_with_what_has_waited_longest(world: World) -> None:
    programme, other = await world.programme(), await world.programme("other")
    names = ["a.txt", "b.txt", "c.txt"]
    files = [UUID(one["id"]) for one in await texts(world, programme, *names)]
    (foreign,) = await texts(world, other, "d.txt")
    store = world.app.state.store
    began = now()
    waiting = await due(world.database, None, began)
    assert [id_ for id_, _ in waiting] == [*files, UUID(foreign["id"])]
    assert [id_ for id_, _ in await due(world.database, UUID(programme["id"]), began)] == files

    async def until(count: int) -> None:
        """Be interrupted as soon as so many files are done."""
        done = 0

        def counted(_bytes: int, files: int) -> None:
            nonlocal done
            done += files
            if done > count:
                raise KeyboardInterrupt

        async for _ in verify(world.database, store, await due(world.database, None, began), UNLIMITED, counted):
            pass

    with pytest.raises(KeyboardInterrupt):
        await until(2)
    assert [id_ for id_, _ in await due(world.database, None, began)] == [files[2], UUID(foreign["id"])]
    await until(2)
    assert await due(world.database, None, began) == []


async def test_a_store_that_breaks_off_is_read_on_and_one_that_is_away_spoils_nothing(
    world: World, store_settings: StoreSettings
) -> None:
    programme = await world.programme()
    film = await world.upload(world.admin, programme, "film.mp4", FILM, "video/mp4")
    await texts(world, programme, "notes.txt")
    async with flaky_store(store_settings) as flaky:
        store = S3Store(flaky.settings)
        await store.check()
        flaky.seen.clear()
        flaky.fail("cut", times=2, methods=["GET"])
        assert b"".join([chunk async for chunk in steady(store, key_of(film))]) == FILM
        assert flaky.seen == [f"GET /{store_settings.bucket}/{key_of(film)}"] * 3

        flaky.fail("error", methods=["GET"])
        with pytest.raises(StoreError, match="answers with status 503"):
            await verified(world, store)
        await flaky.shut_down()
        with pytest.raises(StoreUnavailable, match="cannot be reached"):
            await verified(world, store)
        await flaky.recover()
        assert await verified(world, store) == []
        await store.close()
    assert await states(world) == {"film.mp4": "ready", "notes.txt": "ready"}
    assert film["state"] == "ready"


async def test_a_bucket_without_media_is_another_bucket(world: World, store_server: StoreSettings) -> None:
    await texts(world, await world.programme(), "notes.txt")
    async with fresh_bucket(store_server) as settings:
        store = S3Store(settings)
        with pytest.raises(Conflict, match="is it the right one"):
            await verified(world, store)
        await store.close()
    assert await states(world) == {"notes.txt": "ready"}


class Meddling(Pace):
    """Lets something happen while a file is being read."""

    def __init__(self, happens: Any) -> None:
        super().__init__(None)
        self._happens = happens

    async def wait(self, count: int) -> None:
        happens, self._happens = self._happens, None
        if happens:
            await happens()


async def test_what_is_deleted_or_repaired_while_it_is_read_is_left_alone(world: World) -> None:
    programme = await world.programme()
    (notes,) = await texts(world, programme, "notes.txt")
    store = world.app.state.store
    await store.put(key_of(notes), b"other", "text/plain")

    async def repair() -> None:
        assert [one.new for one in await verified(world)] == [True]
        assert await texts(world, programme, "notes.txt") == [notes]
        await store.put(key_of(notes), b"other", "text/plain")  # so that also the second look finds it wrong

    assert await verified(world, pace=Meddling(repair)) == []
    assert await states(world) == {"notes.txt": "ready"}

    async def delete() -> None:
        await world.admin.delete(f"/media/{notes['id']}")

    assert await verified(world, pace=Meddling(delete)) == []
    assert await states(world) == {"notes.txt": "deleting"}


async def test_so_many_bytes_pass_in_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = 100.0

    async def sleep(seconds: float) -> None:
        nonlocal clock
        clock += max(0, seconds)

    monkeypatch.setattr(verifying.time, "monotonic", lambda: clock)
    monkeypatch.setattr(verifying.asyncio, "sleep", sleep)
    slow, passed = Pace(1000), []
    for _ in range(4):
        await slow.wait(500)
        passed.append(clock)
    clock += 60  # nobody reads; that is not made up for
    for _ in range(2):
        await slow.wait(500)
        passed.append(clock)
    assert passed == [100, 100.5, 101, 101.5, 161.5, 162]
    await UNLIMITED.wait(10**12)
    assert clock == 162


class Ill(S3Store):
    """A store that does not get some objects from its disks, and answers otherwise."""

    unreadable: frozenset[str] = frozenset()

    async def read(self, key: str, start: int = 0, length: int | None = None) -> AsyncGenerator[bytes, None]:
        if key in self.unreadable:
            raise StoreUnavailable("The object store answers with status 500.")
        async for chunk in super().read(key, start, length):
            yield chunk


async def test_two_files_that_cannot_be_read_are_spoilt_and_three_in_a_row_tell_of_an_ill_store(
    world: World, store_settings: StoreSettings
) -> None:
    files = await texts(world, await world.programme(), "a.txt", "b.txt", "c.txt", "d.txt")
    store = Ill(store_settings)
    store.unreadable = frozenset(map(key_of, files[:3]))
    with pytest.raises(StoreUnavailable, match="cannot read 3 files in a row"):
        await verified(world, store)
    assert set((await states(world)).values()) == {"ready"}
    store.unreadable = frozenset([key_of(files[0]), key_of(files[2]), key_of(files[3])])
    reason = "the content store cannot read it from byte 0 on"
    assert await verified(world, store) == [finding(files[number], reason) for number in (0, 2, 3)]
    await store.close()
    assert await verified(world) == [finding(files[number], None) for number in (0, 2, 3)]


class TestOnDisk:
    """A bit falls over in a file of the store itself, which notices, and can only say that it cannot read."""

    @pytest.fixture
    def backend(self) -> str:
        return "sqlite"

    @pytest.fixture
    async def store_settings(self, tmp_path: Path) -> AsyncIterator[StoreSettings]:
        local = LocalStore(tmp_path / "store")
        yield await asyncio.to_thread(local.start)
        await asyncio.to_thread(local.stop)

    async def test_a_bit_that_fell_over_costs_one_file_until_it_is_sent_again(
        self, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(verifying, "PAUSES", ())
        programme = await world.programme()
        datas = [bytes([number]) * 50_000 + MP4 * 5_000 for number in (1, 2)]
        spoilt, _good = files = [
            await world.upload(world.admin, programme, f"{data[0]}.bin", data, "application/octet-stream")
            for data in datas
        ]
        # the volume holds each of them in one piece
        needle = datas[0][49_900:50_100]
        hits = [file for file in (tmp_path / "store").rglob("*.dat") if needle in file.read_bytes()]
        assert len(hits) == 1
        with hits[0].open("r+b") as volume:
            volume.seek(hits[0].read_bytes().find(needle))
            volume.write(b"\0")

        store = world.app.state.store
        store._http.connection_pool_kw["retries"] = False  # the store tries for ten seconds each time
        assert await verified(world) == [finding(spoilt, "the content store cannot read it from byte 0 on")]
        again = await world.upload(world.admin, programme, "1.bin", datas[0], "application/octet-stream")
        assert again == spoilt
        assert await verified(world) == []
        for one, data in zip(files, datas, strict=True):
            assert b"".join([chunk async for chunk in store.read(key_of(one))]) == data
