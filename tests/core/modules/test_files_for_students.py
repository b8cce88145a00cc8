"""What a student gets: links that a player can use, and bytes from the store for her alone, for some minutes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

import httpx
import pytest
from sqlalchemy import insert, update

from lms_core.media.tables import media, preparation
from lms_core.types import now
from tests.support.world import MP4, statements

if TYPE_CHECKING:
    from tests.support.world import Actor, World

FILM = MP4 + bytes(range(256)) * 40
JPEG = b"\xff\xd8\xff\xe0\0\x10JFIF\0\1"


class Lecture:
    """A unit with files, the people around it, and what brought it in."""

    def __init__(self, world: World, programme: dict[str, Any]) -> None:
        self.world = world
        self.programme = programme
        self.files: list[dict[str, Any]] = []
        self.media: dict[str, dict[str, Any]] = {}

    async def add(self, key: str, data: bytes, kind: str, role: str = "content", **more: str) -> None:
        name = more.pop("name", key)
        self.media[key] = await self.world.upload(self.world.admin, self.programme, name, data, kind)
        self.files.append({"key": key, "name": name, "role": role, "mediaId": self.media[key]["id"], **more})

    async def publish(self) -> tuple[Actor, str]:
        """Return a participant, and the address of the unit."""
        unit = {"key": "film", "kind": "video", "title": "Film", "files": self.files}
        run = await self.world.run(self.programme, await self.world.module(self.programme, [unit]))
        anna = await self.world.student("Anna", self.programme)
        await anna.put(f"/runs/{run['id']}/enrolment", {})
        return anna, f"/runs/{run['id']}/units/film"

    async def change(self, key: str, **values: Any) -> None:
        """Do to a file what a check or a repair does."""
        async with self.world.database.write() as connection:
            same = media.c.sha256 == self.media[key]["sha256"]
            await connection.execute(update(media).where(same).values(**values))

    async def looked_into(self, key: str, **found: Any) -> None:
        """Write down what the job found that looks into files."""
        row = {"state": "done", "poster": False, "at": now(), **found}
        async with self.world.database.write() as connection:
            same = media.c.sha256 == self.media[key]["sha256"]
            media_id = (await connection.execute(media.select().where(same))).one().id
            await connection.execute(insert(preparation).values(media_id=media_id, **row))


@pytest.fixture
async def lecture(world: World) -> Lecture:
    return Lecture(world, await world.programme())


async def location(actor: Actor, path: str, method: str = "GET") -> str:
    answer = await actor.call(method, path)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (307, "no-store"), answer.text
    return str(answer.headers["Location"])


async def fetch(url: str, method: str = "GET", **headers: str) -> httpx.Response:
    async with httpx.AsyncClient() as outside:
        return await outside.request(
            method, url, headers={name.replace("_", "-"): value for name, value in headers.items()}
        )


async def test_a_unit_tells_a_player_what_it_needs(lecture: Lecture) -> None:
    """Two renditions of one film, its captions, and slides that nobody has looked into yet."""
    await lecture.add("big.mp4", FILM, "video/mp4")
    await lecture.add("small.mp4", FILM + b"small", "video/mp4")
    await lecture.add("en.vtt", b"WEBVTT\n", "text/vtt", "caption", language="en")
    await lecture.add("slides.pdf", b"%PDF-1.7\n", "application/pdf", "attachment")
    await lecture.looked_into("big.mp4", width=1920, height=1080, duration_ms=5_400_000, poster=True)
    await lecture.looked_into("small.mp4", width=640, height=360, duration_ms=5_400_000, poster=True)
    student, unit = await lecture.publish()
    await lecture.change("small.mp4", state="quarantined")
    await student.get(unit)  # now it is known who she is, and where
    with statements(lecture.world.database) as seen:
        found = await student.get(unit)
    assert len(seen) == 2, seen
    nothing = dict.fromkeys(["language", "width", "height", "durationMs", "pages", "poster"])
    film = {**nothing, "role": "content", "contentType": "video/mp4", "durationMs": 5_400_000}
    links = [
        {
            **film, "key": "big.mp4", "name": "big.mp4", "size": len(FILM), "width": 1920, "height": 1080,
            "ready": True, "poster": f"{unit}/files/big.mp4/poster",
        },
        {
            **film, "key": "small.mp4", "name": "small.mp4", "size": len(FILM) + 5, "width": 640, "height": 360,
            "ready": False,
        },
        {
            **nothing, "key": "en.vtt", "name": "en.vtt", "role": "caption", "language": "en",
            "contentType": "text/vtt", "size": 7, "ready": True,
        },
        {
            **nothing, "key": "slides.pdf", "name": "slides.pdf", "role": "attachment",
            "contentType": "application/pdf", "size": 9, "ready": True,
        },
    ]  # fmt: skip
    assert found["files"] == [{**link, "href": f"{unit}/files/{link['key']}"} for link in links]


async def test_a_still_image_of_a_film(lecture: Lecture) -> None:
    await lecture.add("film.mp4", FILM, "video/mp4", name="Film „1“.mp4")
    await lecture.add("other.mp4", FILM + b"other", "video/mp4")
    await lecture.looked_into("film.mp4", poster=True)
    await lecture.looked_into("other.mp4")
    made = lecture.media["film.mp4"]
    key = f"media/{made['programmeId']}/{made['id']}.poster"
    await lecture.world.app.state.store.put(key, JPEG, "image/jpeg")
    student, unit = await lecture.publish()
    poster = f"{unit}/files/film.mp4/poster"
    answer = await fetch(await location(student, poster))
    assert (answer.status_code, answer.content, answer.headers["Content-Type"]) == (200, JPEG, "image/jpeg")
    assert answer.headers["Content-Disposition"].startswith("inline")
    assert (await fetch(await location(student, poster, "HEAD"), "HEAD")).headers["Content-Length"] == str(len(JPEG))
    for none in ("other.mp4", "nothing.mp4"):
        await student.get(f"{unit}/files/{none}/poster", 404)
    await lecture.change("film.mp4", state="quarantined")
    await student.get(poster, 404)  # it may show what is not the film


async def test_an_address_is_bound_to_file_name_and_type_and_ends_in_minutes(lecture: Lecture) -> None:
    await lecture.add("film.mp4", FILM, "video/mp4")
    await lecture.add("other.mp4", FILM + b"other", "video/mp4")
    student, unit = await lecture.publish()
    address = await location(student, f"{unit}/files/film.mp4")
    assert parse_qs(urlsplit(address).query)["X-Amz-Expires"] == ["600"]
    assert (await fetch(address)).content == FILM
    changed = {
        "object": address.replace(lecture.media["film.mp4"]["id"], lecture.media["other.mp4"]["id"]),
        "name": address.replace("film.mp4", "evil.mp4"),
        "type": address.replace("video%2Fmp4", "text%2Fhtml"),
        "time": address.replace("X-Amz-Expires=600", "X-Amz-Expires=604800"),
        "signature": address[:-1] + ("1" if address.endswith("0") else "0"),
    }
    assert address not in changed.values()
    assert {what: (await fetch(url)).status_code for what, url in changed.items()} == dict.fromkeys(changed, 403)
    assert (await fetch(address, "PUT")).status_code == 403
    assert (await fetch(address, "DELETE")).status_code == 403


async def test_ranges_and_conditional_requests_are_answered_by_the_store(lecture: Lecture) -> None:
    await lecture.add("film.mp4", FILM, "video/mp4")
    student, unit = await lecture.publish()
    address = await location(student, f"{unit}/files/film.mp4")
    whole = await fetch(address)
    assert (whole.status_code, whole.content, whole.headers["Accept-Ranges"]) == (200, FILM, "bytes")
    part = await fetch(address, Range="bytes=1000-1009")
    assert (part.status_code, part.content) == (206, FILM[1000:1010])
    assert part.headers["Content-Range"] == f"bytes 1000-1009/{len(FILM)}"
    end = await fetch(address, Range="bytes=-5")
    assert (end.status_code, end.content) == (206, FILM[-5:])
    assert (await fetch(address, Range=f"bytes={len(FILM)}-")).status_code == 416
    same = await fetch(address, If_None_Match=whole.headers["ETag"])
    assert (same.status_code, same.content) == (304, b"")
    # an address of a later request is another one, but the bytes have the same tag
    later = await location(student, f"{unit}/files/film.mp4")
    assert (await fetch(later, If_None_Match=whole.headers["ETag"])).status_code == 304


async def test_who_accepts_json_is_told_the_address_instead_of_a_redirect(lecture: Lecture) -> None:
    """A page of another origin than the API's needs this: browsers hide from it where a redirect leads."""
    await lecture.add("film.mp4", FILM, "video/mp4")
    await lecture.looked_into("film.mp4", poster=True)
    made = lecture.media["film.mp4"]
    key = f"media/{made['programmeId']}/{made['id']}.poster"
    await lecture.world.app.state.store.put(key, JPEG, "image/jpeg")
    student, unit = await lecture.publish()
    found = []
    for actor, path in (
        (student, f"{unit}/files/film.mp4"),
        (student, f"{unit}/files/film.mp4/poster"),
        (lecture.world.admin, f"/media/{made['id']}/file"),
    ):
        answer = await actor.call("GET", path, Accept="application/json")
        assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
        assert list(answer.json()) == ["url"]
        found.append((await fetch(answer.json()["url"])).content)
    assert found == [FILM, JPEG, FILM]


async def test_the_head_of_a_file_has_an_address_of_its_own(lecture: Lecture) -> None:
    await lecture.add("film.mp4", FILM, "video/mp4")
    student, unit = await lecture.publish()
    address = await location(student, f"{unit}/files/film.mp4", "HEAD")
    answer = await fetch(address, "HEAD")
    assert (answer.status_code, answer.content) == (200, b"")
    assert (answer.headers["Content-Length"], answer.headers["Content-Type"]) == (str(len(FILM)), "video/mp4")
    assert (await fetch(address)).status_code == 403
    assert (await fetch(await location(student, f"{unit}/files/film.mp4"), "HEAD")).status_code == 403


PAGE = b"<html><script>alert(document.domain)</script></html>"
DRAWING = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.mark.parametrize(
    ("name", "data", "kind", "served", "placed"),
    [
        ("page.html", PAGE, "text/html", "application/octet-stream", "attachment"),
        ("page.xhtml", PAGE, "application/xhtml+xml", "application/octet-stream", "attachment"),
        ("drawing.svg", DRAWING, "image/svg+xml", "application/octet-stream", "attachment"),
        ("page", PAGE, "application/octet-stream", "application/octet-stream", "attachment"),
        ("page.txt", PAGE, "text/plain", "text/plain", "inline"),  # shown as the text it is
        ("slides.pdf", b"%PDF-1.7\n", "application/pdf", "application/pdf", "inline"),
    ],
)
async def test_what_could_run_scripts_is_saved_and_never_shown(
    lecture: Lecture, name: str, data: bytes, kind: str, served: str, placed: str
) -> None:
    await lecture.add("file", data, kind, "attachment", name=name)
    student, unit = await lecture.publish()
    answer = await fetch(await location(student, f"{unit}/files/file"))
    assert (answer.content, answer.headers["Content-Type"]) == (data, served)
    assert answer.headers["Content-Disposition"].partition(";")[0] == placed


@pytest.mark.parametrize(
    ("name", "offered"),
    [
        ("Übung 7: Lösung.txt", "Übung 7: Lösung.txt"),
        ("講義.txt", "講義.txt"),
        ('a"; filename="evil.exe', 'a"; filename="evil.exe'),
        ("../../etc/passwd", ".._.._etc_passwd"),
        ("a\u202etxt.exe", "a_txt.exe"),
    ],
)
async def test_a_name_is_offered_as_it_is_and_says_nothing_else(lecture: Lecture, name: str, offered: str) -> None:
    await lecture.add("notes", b"notes", "application/octet-stream", "attachment", name=name)
    student, unit = await lecture.publish()
    told = (await fetch(await location(student, f"{unit}/files/notes"))).headers["Content-Disposition"]
    plain, _, spelt = told.partition("; filename*=UTF-8''")
    assert unquote(spelt) == offered
    assert plain.startswith('attachment; filename="')
    assert plain.count('"') == 2  # what stands between them does not end the name
    assert plain.isascii()


async def test_only_who_studies_the_run_gets_an_address(world: World, lecture: Lecture) -> None:
    await lecture.add("film.mp4", FILM, "video/mp4")
    await lecture.add("index.m3u8", b"#EXTM3U\n#EXT-X-ENDLIST\n", "application/vnd.apple.mpegurl", "stream")
    await lecture.looked_into("film.mp4", poster=True)
    anna, unit = await lecture.publish()
    other = await world.programme("other")
    people = {
        "participant": anna,
        "student who is not enrolled": await world.student("Ben", lecture.programme),
        "integrator": await world.person("Ian", "integrator", lecture.programme),
        "student of another programme": await world.student("Olga", other),
        "administrator of another programme": await world.person("Otto", "programme_administrator", other),
    }
    told = {
        who: [
            (await actor.call(method, f"{unit}/{path}")).status_code
            for path in ("files/film.mp4", "files/film.mp4/poster", "stream/index.m3u8")
            for method in ("GET", "HEAD")
        ]
        for who, actor in people.items()
    }
    assert told == {
        "participant": [307, 307, 307, 307, 200, 200],
        "student who is not enrolled": [403] * 6,
        "integrator": [403] * 6,
        "student of another programme": [404] * 6,
        "administrator of another programme": [404] * 6,
    }


@pytest.mark.parametrize(
    ("state", "why"),
    [
        ("checking", "being checked"),
        ("quarantined", "damaged, and the lecturer was told"),
        ("uploading", "being uploaded"),  # anew, to repair it
    ],
)
async def test_a_file_that_is_not_whole_is_not_delivered_and_says_why(lecture: Lecture, state: str, why: str) -> None:
    await lecture.add("film.mp4", FILM, "video/mp4")
    student, unit = await lecture.publish()
    await lecture.change("film.mp4", state=state)
    answer = await student.call("GET", f"{unit}/files/film.mp4")
    assert answer.json() == {
        "type": "urn:lms:problem:conflict", "title": "This conflicts with what is there", "status": 409,
        "detail": f"The file film.mp4 is {why}; it cannot be read at the moment.",
    }  # fmt: skip
    assert [link["ready"] for link in (await student.get(unit))["files"]] == [False]
