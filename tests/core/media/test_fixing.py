"""A film that players cannot jump in is copied into one where they can; the film itself stays."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx
import pytest

from content_store import StoreError
from content_store.s3 import S3Store
from lms_core.media.fixing import fix
from lms_core.media.types import MediaEvent
from lms_core.outbox.events import Undeliverable
from lms_core.types import new_id
from tests.support.films import film, needs_tools
from tests.support.flaky_store import flaky_store
from tests.support.world import sha256, statements

if TYPE_CHECKING:
    from pathlib import Path

    from content_store import StoreSettings
    from tests.support.world import Actor, World

pytestmark = needs_tools


async def brought(world: World, programme: dict[str, Any], data: bytes) -> str:
    media = await world.upload(world.admin, programme, "film.mp4", data, "video/mp4")
    await world.checked(world.admin, media)
    return f"/media/{media['id']}"


async def bytes_of(world: World, path: str) -> bytes:
    led = await world.admin.call("GET", f"{path}/file")
    async with httpx.AsyncClient() as outside:
        return (await outside.get(led.headers["Location"])).content


async def state(world: World, path: str) -> dict[str, Any]:
    found: dict[str, Any] = await world.admin.get(f"{path}/preparation")
    return found


async def refused(actor: Actor, path: str) -> str:
    return str((await actor.post(f"{path}/fix", None, 409))["detail"])


def frames(path: Path) -> bytes:
    hashes = ["ffmpeg", "-v", "error", "-i", str(path), "-c", "copy", "-f", "framehash", "-hash", "sha256", "-"]
    return subprocess.run(hashes, check=True, capture_output=True).stdout


async def test_a_film_is_fixed_frame_by_frame_the_same(world: World, tmp_path: Path) -> None:
    programme = await world.programme()
    lecturer = await world.person("Lena Lecturer", "lecturer", programme)
    data = film(tmp_path)
    path = await brought(world, programme, data)
    before = await state(world, path)
    assert (before["seekable"], before["fixing"], before["fixedBy"]) == (False, False, None)

    with statements(world.database) as seen:
        asked = await lecturer.post(f"{path}/fix", None, 202)
        assert len([one for one in seen if "outbox" in one or "media" in one]) == 4
    assert asked == {**before, "fixing": True}
    assert await refused(lecturer, path) == "This film is being fixed already."
    media = await world.checked(world.admin, {"id": path.rpartition("/")[2]})

    after = await state(world, path)
    assert after == {**before, "fixedBy": after["fixedBy"]}
    fixed_path = f"/media/{after['fixedBy']}"
    copied = await bytes_of(world, fixed_path)
    fixed = await world.admin.get(fixed_path)
    assert fixed == {**media, "id": after["fixedBy"], "size": len(copied), "sha256": sha256(copied)}
    assert await state(world, fixed_path) == {**before, "seekable": True}
    (tmp_path / "fixed.mp4").write_bytes(copied)
    assert frames(tmp_path / "fixed.mp4") == frames(tmp_path / "film.mp4")
    assert copied.index(b"moov") < copied.index(b"mdat")
    assert await bytes_of(world, path) == data
    usage = await world.admin.get(f"/programmes/{programme['id']}/media-usage")
    assert [one["bytes"] for one in usage["persons"] if one["name"] == "Lena Lecturer"] == [len(copied)]

    assert await refused(lecturer, path) == f"This film is fixed already, by the file {after['fixedBy']}."
    assert await refused(lecturer, fixed_path) == "Players can jump in this film already."


async def test_what_is_no_film_or_not_there_is_not_fixed(world: World) -> None:
    programme = await world.programme()
    notes = await world.upload(world.admin, programme, "notes.txt", b"notes", "text/plain")
    await world.checked(world.admin, notes)
    why = "This is no film that could be fixed, or nobody has looked at it yet."
    assert await refused(world.admin, f"/media/{notes['id']}") == why
    new = {"name": "film.mp4", "size": 5, "contentType": "video/mp4", "sha256": sha256(b"other")}
    begun = await world.admin.post(f"/programmes/{programme['id']}/media", new)
    assert (
        await refused(world.admin, f"/media/{begun['id']}")
        == "This file is uploading; only what is ready can be fixed."
    )
    await world.admin.delete(f"/media/{notes['id']}")
    await world.admin.post(f"/media/{notes['id']}/fix", None, 404)


async def test_of_many_who_ask_at_once_one_is_heard(world: World, tmp_path: Path) -> None:
    programme = await world.programme()
    path = await brought(world, programme, film(tmp_path))
    told = await asyncio.gather(*(world.admin.call("POST", f"{path}/fix") for _ in range(4)))
    assert sorted(one.status_code for one in told) == [202, 409, 409, 409]


async def test_bytes_that_the_programme_has_already_are_not_kept_twice(world: World, tmp_path: Path) -> None:
    programme = await world.programme()
    path = await brought(world, programme, film(tmp_path))
    await world.admin.post(f"{path}/fix", None, 202)
    await world.checked(world.admin, {"id": path.rpartition("/")[2]})
    first = (await state(world, path))["fixedBy"]
    copied = await bytes_of(world, f"/media/{first}")
    await world.admin.delete(f"/media/{first}")
    assert (await state(world, path))["fixedBy"] is None

    again = await world.upload(world.admin, programme, "mine.mp4", copied, "video/mp4")
    await world.admin.post(f"{path}/fix", None, 202)
    await world.checked(world.admin, {"id": path.rpartition("/")[2]})
    assert (await state(world, path))["fixedBy"] == again["id"]
    store, held = world.app.state.store, f"media/{programme['id']}/"
    keys = {found.key.removeprefix(held).removesuffix(".poster") async for found in store.objects(held)}
    assert keys == {path.rpartition("/")[2], first, again["id"]}  # the first goes with the next sweep


@pytest.mark.parametrize("cuts", range(1, 4))
async def test_a_film_that_breaks_off_on_the_way_is_not_taken_for_whole(
    world: World, store_settings: StoreSettings, tmp_path: Path, cuts: int
) -> None:
    programme = await world.programme()
    path = await brought(world, programme, film(tmp_path, "-vf", "noise=alls=90:allf=t", "-movflags", "+faststart"))
    order = MediaEvent(UUID(path.rpartition("/")[2]), world.admin.person.id)
    async with flaky_store(store_settings) as flaky:
        store = S3Store(flaky.settings)
        flaky.fail("cut", times=cuts, methods=["GET"])
        with suppress(Undeliverable, StoreError):
            await fix(world.database, store, order, new_id())
        await store.close()
    await world.checked(world.admin, {"id": path.rpartition("/")[2]})
    if fixed := (await state(world, path))["fixedBy"]:
        (tmp_path / "fixed.mp4").write_bytes(await bytes_of(world, f"/media/{fixed}"))
        assert frames(tmp_path / "fixed.mp4") == frames(tmp_path / "film.mp4")


async def test_other_bytes_than_the_films_are_not_copied(world: World, tmp_path: Path) -> None:
    programme = await world.programme()
    path = await brought(world, programme, film(tmp_path))
    key = f"media/{programme['id']}/{path.rpartition('/')[2]}"
    await world.app.state.store.put(key, film(tmp_path, "-t", "1"), "video/mp4")
    await world.admin.post(f"{path}/fix", None, 202)
    await world.checked(world.admin, {"id": path.rpartition("/")[2]})
    after = await state(world, path)
    why = "it could not be fixed: the content store has other bytes than those of the film"
    assert (after["fixing"], after["fixedBy"], after["reason"]) == (False, None, why)


@pytest.mark.parametrize("short_of", ["disk", "quota"])
async def test_without_room_nothing_is_fixed_and_the_reason_told(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, short_of: str
) -> None:
    programme = await world.programme()
    data = film(tmp_path)
    path = await brought(world, programme, data)
    before = await state(world, path)
    if short_of == "disk":
        monkeypatch.setattr(shutil, "disk_usage", lambda _path: shutil._ntuple_diskusage(10, 9, 1))
        why = f"it could not be fixed: the worker needs {len(data) * 22 // 10} bytes for a while in "
    else:
        new = {"programmeBytes": len(data) + 1, "personBytes": None}
        await world.admin.put(f"/programmes/{programme['id']}/media-quota", new, If_Match='"0"')
        why = f"it could not be fixed: The programme may hold {len(data) + 1} bytes of files"
    await world.admin.post(f"{path}/fix", None, 202)
    await world.checked(world.admin, {"id": path.rpartition("/")[2]})
    after = await state(world, path)
    assert (after, after["reason"][: len(why)]) == ({**before, "reason": after["reason"]}, why)
    dead = await world.admin.get(f"/programmes/{programme['id']}/deliveries?state=dead")
    assert [one["error"] for one in dead["items"]] == [after["reason"]]
    listed = await world.admin.get(f"/programmes/{programme['id']}/media")
    assert [one["id"] for one in listed["items"]] == [path.rpartition("/")[2]]
