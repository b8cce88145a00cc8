"""Files: brought in by parts straight to the store, stored once, and led to by a redirect."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from tests.support.world import sha256

if TYPE_CHECKING:
    from tests.support.world import World

BIG = bytes(range(256)) * (9 * 4096)  # 9 MiB: two parts


async def test_a_file_in_two_parts_arrives_and_is_read_in_ranges(world: World) -> None:
    programme = await world.programme()
    lecturer = await world.person("Lea Lecturer", "lecturer", programme)
    media = await world.upload(lecturer, programme, "film.mp4", BIG, "video/mp4")
    assert (media["state"], media["size"], media["sha256"]) == ("ready", len(BIG), sha256(BIG))
    unit = {"key": "film", "kind": "video", "title": "Film"}
    file = {"key": "film.mp4", "name": "film.mp4", "role": "content", "mediaId": media["id"]}
    run = await world.run(programme, await world.module(programme, [{**unit, "files": [file]}]))
    student = await world.student("Anna", programme)
    path = f"/runs/{run['id']}/units/film/files/film.mp4"
    await student.get(path, 403)  # she sees the run but is not enrolled
    await student.put(f"/runs/{run['id']}/enrolment", {})
    answer = await student.call("GET", path)
    assert answer.status_code == 307
    async with httpx.AsyncClient() as outside:
        part = await outside.get(answer.headers["Location"], headers={"Range": "bytes=8388600-8388623"})
    assert part.status_code == 206
    assert part.content == BIG[8388600:8388624]
    assert part.headers["Content-Type"] == "video/mp4"
    stranger = await world.student("Stranger", await world.programme("other"))
    await stranger.get(path, 404)


async def test_the_same_bytes_are_stored_once_in_a_programme_and_unknown_to_another(world: World) -> None:
    programme, other = await world.programme(), await world.programme("other")
    lecturer = await world.person("Lea Lecturer", "lecturer", programme)
    colleague = await world.person("Olga Other", "lecturer", other)
    first = await world.upload(lecturer, programme, "a.csv", b"1,2,3", "text/csv")
    new = {"name": "b.csv", "size": 5, "contentType": "text/csv", "sha256": sha256(b"1,2,3")}
    again = await lecturer.post(f"/programmes/{programme['id']}/media", new)
    assert again == first
    elsewhere = await colleague.post(f"/programmes/{other['id']}/media", new)
    assert (elsewhere["state"], elsewhere["id"] != first["id"]) == ("uploading", True)
    await colleague.get(f"/media/{first['id']}", 404)


async def test_an_interrupted_upload_goes_on_and_an_incomplete_one_is_refused(world: World) -> None:
    programme = await world.programme()
    new = {"name": "film.mp4", "size": len(BIG), "contentType": "video/mp4", "sha256": sha256(BIG)}
    media = await world.admin.post(f"/programmes/{programme['id']}/media", new)
    pieces = [BIG[: media["partSize"]], BIG[media["partSize"] :]]
    parts = [{"number": number, "sha256": sha256(piece)} for number, piece in enumerate(pieces, 1)]
    path = f"/media/{media['id']}"
    addresses = (await world.admin.post(f"{path}/parts", {"parts": parts}, 200))["parts"]
    async with httpx.AsyncClient() as outside:
        wrong = await outside.put(addresses[1]["url"], content=pieces[0], headers=addresses[1]["headers"])
        assert wrong.status_code == 400  # the address takes only the bytes it was made for
        await outside.put(addresses[1]["url"], content=pieces[1], headers=addresses[1]["headers"])
    assert await world.admin.get(f"{path}/parts") == {"parts": [{"number": 2, "size": len(pieces[1])}]}
    problem = await world.admin.post(f"{path}/complete", {"parts": parts}, 409)
    assert problem["detail"] == "Not all parts have arrived as announced; missing or of wrong size: 1."
    assert (await world.admin.post(f"/programmes/{programme['id']}/media", new))["id"] == media["id"]
    async with httpx.AsyncClient() as outside:
        await outside.put(addresses[0]["url"], content=pieces[0], headers=addresses[0]["headers"])
    done = await world.admin.post(f"{path}/complete", {"parts": parts}, 200)
    assert done["state"] == "ready"
    assert await world.admin.post(f"{path}/complete", {"parts": parts}, 200) == done


@pytest.mark.parametrize("data", [b"", b"x"])
async def test_tiny_files_arrive_too(world: World, data: bytes) -> None:
    media = await world.upload(world.admin, await world.programme(), "tiny.txt", data, "text/plain")
    answer = await world.admin.call("GET", f"/media/{media['id']}/file")
    async with httpx.AsyncClient() as outside:
        assert (await outside.get(answer.headers["Location"])).content == data


async def test_pages_that_could_run_scripts_are_saved_not_shown(world: World) -> None:
    programme = await world.programme()
    media = await world.upload(world.admin, programme, "evil.html", b"<script>", "text/html")
    answer = await world.admin.call("GET", f"/media/{media['id']}/file")
    async with httpx.AsyncClient() as outside:
        page = await outside.get(answer.headers["Location"])
    assert page.headers["Content-Type"] == "application/octet-stream"
    assert page.headers["Content-Disposition"].startswith("attachment")
