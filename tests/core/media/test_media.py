"""Files: brought in by parts straight to the store, stored once, and led to by a redirect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import httpx
import pytest

from content_store import CompletedPart
from tests.support.world import MP4, sha256

if TYPE_CHECKING:
    from tests.support.world import World

BIG = MP4 + bytes(range(256)) * (9 * 4096)  # more than 9 MiB: two parts


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
        other = bytes(len(pieces[1]))
        wrong = await outside.put(addresses[1]["url"], content=other, headers=addresses[1]["headers"])
        assert wrong.status_code == 400  # the address takes only the bytes it was made for
        await outside.put(addresses[1]["url"], content=pieces[1], headers=addresses[1]["headers"])
    assert await world.admin.get(f"{path}/parts") == {"parts": [{"number": 2, "size": len(pieces[1])}]}
    problem = await world.admin.post(f"{path}/complete", {"parts": parts}, 409)
    assert problem["detail"] == "Not all parts have arrived as announced; missing or of wrong size: 1."
    assert (await world.admin.post(f"/programmes/{programme['id']}/media", new))["id"] == media["id"]
    async with httpx.AsyncClient() as outside:
        await outside.put(addresses[0]["url"], content=pieces[0], headers=addresses[0]["headers"])
    done = await world.admin.post(f"{path}/complete", {"parts": parts}, 200)
    assert done["state"] == "checking"
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


async def test_an_address_serves_the_method_it_was_asked_with(world: World) -> None:
    media = await world.upload(world.admin, await world.programme(), "notes.txt", b"notes", "text/plain")
    heads = await world.admin.call("HEAD", f"/media/{media['id']}/file")
    assert (heads.status_code, heads.content) == (307, b"")
    async with httpx.AsyncClient() as outside:
        answer = await outside.head(heads.headers["Location"])
        assert (answer.status_code, answer.headers["Content-Length"], answer.content) == (200, "5", b"")
        assert (await outside.get(heads.headers["Location"])).status_code == 403


@pytest.mark.parametrize(
    "name",
    ["Übung 7 Lösung.txt", "講義.txt", "محاضرة.txt", "a" * 251 + ".txt", "../../etc/passwd", 'a"b;c%d.txt', ".txt"],
)
async def test_a_name_in_any_script_comes_back_and_is_never_part_of_a_key(world: World, name: str) -> None:
    media = await world.upload(world.admin, await world.programme(), name, b"words", "text/plain")
    location = (await world.admin.call("GET", f"/media/{media['id']}/file")).headers["Location"]
    assert urlsplit(location).path.endswith(f"/media/{media['programmeId']}/{media['id']}")
    async with httpx.AsyncClient() as outside:
        told = (await outside.get(location)).headers["Content-Disposition"]
    assert unquote(told.partition("filename*=UTF-8''")[2]) == name.replace("/", "_")
    assert media["name"] == name


async def test_the_digest_may_come_at_the_end(world: World) -> None:
    programme = await world.programme()
    new = {"name": "film.mp4", "size": len(BIG), "contentType": "video/mp4"}
    media = await world.admin.post(f"/programmes/{programme['id']}/media", new)
    assert (media["sha256"], media["state"], media.pop("begun")) == (None, "uploading", False)
    parts = await world.send(world.admin, media, BIG)
    path = f"/media/{media['id']}/complete"
    problem = await world.admin.post(path, {"parts": parts}, 422)
    assert problem["errors"] == [{"where": "body.sha256", "reason": "is required, for it was not announced"}]
    done = await world.admin.post(path, {"parts": parts, "sha256": sha256(BIG)}, 200)
    assert done == {**media, "sha256": sha256(BIG), "state": "checking"}
    assert await world.checked(world.admin, done) == {**done, "state": "ready"}


async def test_who_sends_the_same_bytes_later_gets_the_file_of_who_was_first(world: World) -> None:
    programme = await world.programme()
    lecturers = [await world.person(name, "lecturer", programme) for name in ("Lea", "Leo")]
    new = {"name": "film.mp4", "size": len(BIG), "contentType": "video/mp4", "sha256": sha256(BIG)}
    lea, leo = [await one.post(f"/programmes/{programme['id']}/media", new) for one in lecturers]
    assert lea["id"] != leo["id"]
    assert (lea.pop("begun"), leo.pop("begun")) == (False, False)
    parts = [await world.send(one, file, BIG) for one, file in zip(lecturers, (lea, leo), strict=True)]
    first = await lecturers[0].post(f"/media/{lea['id']}/complete", {"parts": parts[0]}, 200)
    second = await lecturers[1].post(f"/media/{leo['id']}/complete", {"parts": parts[1]}, 200)
    assert first == second == {**lea, "state": "checking"}
    await lecturers[1].get(f"/media/{leo['id']}", 404)
    assert (await lecturers[0].post(f"/programmes/{programme['id']}/media", new))["id"] == lea["id"]


async def test_what_the_store_has_lost_is_sent_again(world: World) -> None:
    programme = await world.programme()
    new = {"name": "film.mp4", "size": len(BIG), "contentType": "video/mp4", "sha256": sha256(BIG)}
    media = await world.admin.post(f"/programmes/{programme['id']}/media", new)
    parts = await world.send(world.admin, media, BIG)
    await _forget(world, media)
    problem = await world.admin.post(f"/media/{media['id']}/complete", {"parts": parts}, 409)
    assert problem["detail"] == "The content store has lost what was sent of this file; ask for its parts again."
    await _forget(world, media)
    assert await world.admin.get(f"/media/{media['id']}/parts") == {"parts": []}
    await world.send(world.admin, media, BIG)
    done = await world.admin.post(f"/media/{media['id']}/complete", {"parts": parts}, 200)
    assert (await world.checked(world.admin, done))["state"] == "ready"


async def _forget(world: World, media: dict[str, Any]) -> None:
    store = world.app.state.store
    for upload in await store.open_uploads(f"media/{media['programmeId']}/{media['id']}"):
        await store.abort_upload(upload.key, upload.upload_id)


async def test_a_process_that_ended_before_it_could_say_that_a_file_is_complete(world: World) -> None:
    programme = await world.programme()
    new = {"name": "film.mp4", "size": len(BIG), "contentType": "video/mp4", "sha256": sha256(BIG)}
    media = await world.admin.post(f"/programmes/{programme['id']}/media", new)
    parts = await world.send(world.admin, media, BIG)
    store, key = world.app.state.store, f"media/{programme['id']}/{media['id']}"
    (upload,) = await store.open_uploads(key)
    arrived = await store.arrived_parts(key, upload.upload_id)
    sent = [CompletedPart(part.number, part.etag, parts[part.number - 1]["sha256"]) for part in arrived]
    await store.complete_upload(key, upload.upload_id, sent)

    told = await world.admin.get(f"/media/{media['id']}/parts")
    assert told == {"parts": [{"number": part.number, "size": part.size} for part in arrived]}
    done = await world.admin.post(f"/media/{media['id']}/complete", {"parts": parts}, 200)
    assert (await world.checked(world.admin, done))["state"] == "ready"
