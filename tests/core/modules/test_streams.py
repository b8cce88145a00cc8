"""A film in segments: its folder belongs to a unit, and its playlists lead a player to the content store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import httpx
import m3u8
import pytest
from sqlalchemy import update

from lms_core.media.tables import media
from tests.support.world import sha256, statements

if TYPE_CHECKING:
    from tests.support.world import Actor, World

TYPES = {"m3u8": "application/vnd.apple.mpegurl", "ts": "video/mp2t", "vtt": "text/vtt", "mp4": "video/mp4"}
MASTER = """#EXTM3U
#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="subs",NAME="English",LANGUAGE="en",URI="subs/en.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=800000,RESOLUTION=640x360,SUBTITLES="subs"
360p/index.m3u8
"""
LOW = """#EXTM3U
#EXT-X-VERSION:7
#EXT-X-TARGETDURATION:6
#EXT-X-PLAYLIST-TYPE:VOD
#EXT-X-KEY:METHOD=AES-128,URI="../film.key"
#EXT-X-MAP:URI="init.mp4"
#EXTINF:6,
seg%20%231.ts
#EXTINF:5.5,
./seg-2.ts?take=1
#EXT-X-BYTERANGE:2@0
#EXTINF:1,
seg-2.ts
#EXT-X-ENDLIST
"""
SUBTITLES = "#EXTM3U\n#EXT-X-TARGETDURATION:12\n#EXTINF:12,\nen.vtt\n#EXT-X-ENDLIST\n"
FOLDER = {
    "master.m3u8": MASTER, "360p/index.m3u8": LOW, "360p/init.mp4": "init", "360p/seg #1.ts": "one",
    "360p/seg-2.ts": "two", "film.key": "0123456789abcdef", "subs/en.m3u8": SUBTITLES, "subs/en.vtt": "WEBVTT\n",
}  # fmt: skip


async def files_of(world: World, programme: dict[str, Any], folder: dict[str, str]) -> list[dict[str, Any]]:
    """Bring a folder in; return its files as a unit takes them."""
    found = []
    for number, (name, text) in enumerate(folder.items()):
        kind = TYPES.get(name.rpartition(".")[2], "application/octet-stream")
        media = await world.upload(world.admin, programme, name.rpartition("/")[2], text.encode(), kind)
        found.append({"key": f"stream-{number}", "name": name, "role": "stream", "mediaId": media["id"]})
    return found


async def a_film(world: World, folder: dict[str, str]) -> tuple[Actor, str]:
    """Publish a film in segments; return a participant, and the address of the unit."""
    programme = await world.programme()
    notes = await world.upload(world.admin, programme, "notes.txt", b"notes", "text/plain")
    other = {"key": "notes", "name": "notes.txt", "role": "attachment", "mediaId": notes["id"]}
    files = [*await files_of(world, programme, folder), other]
    unit = {"key": "film", "kind": "video", "title": "Film", "files": files}
    run = await world.run(programme, await world.module(programme, [unit]))
    student = await world.student("Anna", programme)
    await student.put(f"/runs/{run['id']}/enrolment", {})
    return student, f"/runs/{run['id']}/units/film"


async def playlist(actor: Actor, path: str) -> m3u8.M3U8:
    answer = await actor.call("GET", path)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store"), answer.text
    assert answer.headers["Content-Type"].partition(";")[0] == "application/vnd.apple.mpegurl"
    return m3u8.M3U8(answer.text)


async def bytes_at(url: str) -> bytes:
    async with httpx.AsyncClient() as outside:  # no token: the address is enough
        answer = await outside.get(url)
    assert answer.status_code == 200, answer.text
    return answer.content


async def test_a_player_finds_its_way_from_the_unit_to_every_byte(world: World) -> None:
    student, unit = await a_film(world, FOLDER)
    files = (await student.get(unit))["files"]
    assert [(file["role"], file["href"]) for file in files] == [
        ("stream", f"{unit}/stream/master.m3u8"),
        ("attachment", f"{unit}/files/notes"),
    ]
    master = await playlist(student, files[0]["href"])
    assert [child.uri for child in (*master.playlists, *master.media)] == ["360p/index.m3u8", "subs/en.m3u8"]
    assert master.playlists[0].stream_info.resolution == (640, 360)
    low = await playlist(student, f"{unit}/stream/360p/index.m3u8")
    assert [await bytes_at(segment.uri) for segment in low.segments] == [b"one", b"two", b"two"]
    assert [segment.duration for segment in low.segments] == [6, 5.5, 1]
    assert low.segments[1].uri == low.segments[2].uri  # one address, so that a player keeps what it has
    assert low.segments[2].byterange == "2@0"
    assert [await bytes_at(key.uri) for key in low.keys if key] == [b"0123456789abcdef"]
    assert await bytes_at(low.segments[0].init_section.uri) == b"init"
    subtitles = await playlist(student, f"{unit}/stream/subs/en.m3u8")
    assert await bytes_at(subtitles.segments[0].uri) == b"WEBVTT\n"


async def test_a_segment_asked_for_directly_is_led_to_the_store(world: World) -> None:
    student, unit = await a_film(world, FOLDER)
    await student.get(f"{unit}/stream/360p/seg-2.ts", 307)
    answer = await student.call("GET", f"{unit}/stream/360p/seg%20%231.ts")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (307, "no-store")
    assert await bytes_at(answer.headers["Location"]) == b"one"
    for other in ("seg-2.ts", "360p", "360p/seg-3.ts", "other.m3u8", "stream-0", "notes.txt"):
        await student.get(f"{unit}/stream/{other}", 404)
    await student.get(f"{unit.replace('/film', '/none')}/stream/master.m3u8", 404)


async def test_each_request_costs_one_statement(world: World) -> None:
    student, unit = await a_film(world, FOLDER)
    for path, status in (("master.m3u8", 200), ("360p/index.m3u8", 200), ("360p/seg-2.ts", 307)):
        await student.call("GET", f"{unit}/stream/{path}")  # now it is known who she is, and where
        with statements(world.database) as seen:
            assert (await student.call("GET", f"{unit}/stream/{path}")).status_code == status
        assert len(seen) == 1, seen
    with statements(world.database) as seen:
        await student.get(unit)
    assert len(seen) == 2, seen


@pytest.mark.parametrize(
    ("duration", "expires"),
    [("12", 3612), ("5400", 9000), ("100000", 12 * 3600), ("-90000", 600)],
    ids=["short", "ninety minutes", "endless", "senseless"],
)
async def test_addresses_hold_for_the_film_and_an_hour_more(world: World, duration: str, expires: int) -> None:
    text = f"#EXTM3U\n#EXTINF:{duration},\na.ts\n#EXT-X-ENDLIST\n"
    student, unit = await a_film(world, {"index.m3u8": text, "a.ts": "a"})
    found = await playlist(student, f"{unit}/stream/index.m3u8")
    assert parse_qs(urlsplit(found.segments[0].uri).query)["X-Amz-Expires"] == [str(expires)]


WAY_OUT = "The playlist a/index.m3u8 names {}, which is no file of the stream's folder."
CANNOT = "The playlist a/index.m3u8 cannot be read: "
NOT_RECORDED = "a/index.m3u8 is no playlist of a recorded film: from #EXTM3U to #EXT-X-ENDLIST."


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("#EXTM3U\n#EXTINF:1,\nhttps://elsewhere.example/a.ts\n#EXT-X-ENDLIST\n", WAY_OUT.format("https://elsewhere.example/a.ts")),
        ("#EXTM3U\n#EXTINF:1,\n//elsewhere.example/a.ts\n#EXT-X-ENDLIST\n", WAY_OUT.format("//elsewhere.example/a.ts")),
        ("#EXTM3U\n#EXTINF:1,\nhttps:s.ts\n#EXT-X-ENDLIST\n", WAY_OUT.format("https:s.ts")),
        ("#EXTM3U\n#EXTINF:1,\n/a/s.ts\n#EXT-X-ENDLIST\n", WAY_OUT.format("/a/s.ts")),
        ("#EXTM3U\n#EXTINF:1,\n../../s.ts\n#EXT-X-ENDLIST\n", WAY_OUT.format("../../s.ts")),
        ("#EXTM3U\n#EXTINF:1,\n%2e%2e/%2e%2e/s.ts\n#EXT-X-ENDLIST\n", WAY_OUT.format("%2e%2e/%2e%2e/s.ts")),
        ("#EXTM3U\n#EXTINF:1,\n//[\n#EXT-X-ENDLIST\n", WAY_OUT.format("//[")),
        ("#EXTM3U\n#EXTINF:1,\nnone.ts\n#EXT-X-ENDLIST\n", WAY_OUT.format("none.ts")),
        ('#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="data:,k"\n#EXTINF:1,\ns.ts\n#EXT-X-ENDLIST\n', WAY_OUT.format("data:,k")),
        ('#EXTM3U\n#EXT-X-MAP:URI="//x/i.mp4"\n#EXTINF:1,\ns.ts\n#EXT-X-ENDLIST\n', WAY_OUT.format("//x/i.mp4")),
        ("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nhttp://x/index.m3u8\n", WAY_OUT.format("http://x/index.m3u8")),
        ("#EXTM3U\n#EXTINF:1,\ns.ts\n", NOT_RECORDED),
        ("s.ts\n", NOT_RECORDED),
        ("", NOT_RECORDED),
        ("#EXTM3U\n#EXTINF:soon,\ns.ts\n#EXT-X-ENDLIST\n", CANNOT + "ValueError: could not convert string to float: 'soon'."),
        ("#EXTM3U\n#EXTINF:nan,\ns.ts\n#EXT-X-ENDLIST\n", CANNOT + "ValueError: cannot convert float NaN to integer."),
        ("#EXTM3U\n#EXTINF:inf,\ns.ts\n#EXT-X-ENDLIST\n", CANNOT + "OverflowError: cannot convert float infinity to integer."),
        ("#EXTM3U\n#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1\n", CANNOT + "KeyError: 'uri'."),
        ("#EXTM3U\n" + "#\n" * (1 << 19), f"The playlist a/index.m3u8 has {(1 << 20) + 8} bytes; at most 1048576 can be delivered."),
    ],
)  # fmt: skip
async def test_what_leads_nowhere_is_named(world: World, text: str, detail: str) -> None:
    student, unit = await a_film(world, {"a/index.m3u8": text, "a/s.ts": "s"})
    problem = await student.get(f"{unit}/stream/a/index.m3u8", 409)
    assert problem == {
        "type": "urn:lms:problem:conflict", "title": "This conflicts with what is there", "status": 409,
        "detail": detail,
    }  # fmt: skip


async def test_a_segment_that_is_damaged_is_said_before_the_film_begins(world: World) -> None:
    student, unit = await a_film(world, FOLDER)
    await damage(world, "one")
    problem = await student.get(f"{unit}/stream/360p/index.m3u8", 409)
    assert problem["detail"] == (
        "The file 360p/seg #1.ts is damaged, and the lecturer was told; it cannot be read at the moment."
    )
    await playlist(student, f"{unit}/stream/subs/en.m3u8")  # what is whole goes on
    await damage(world, SUBTITLES)
    await student.get(f"{unit}/stream/subs/en.m3u8", 409)


async def damage(world: World, text: str) -> None:
    """Let a check find that the bytes of a file are not what they were."""
    async with world.database.write() as connection:
        same = media.c.sha256 == sha256(text.encode())
        await connection.execute(update(media).where(same).values(state="quarantined", reason="lost"))


async def test_the_mistakes_of_a_folder_are_told_at_once(world: World) -> None:
    programme = await world.programme()
    film, segment = await files_of(world, programme, {"index.m3u8": SUBTITLES, "en.vtt": "WEBVTT\n"})
    made = await world.admin.post(f"/programmes/{programme['id']}/modules", {"key": "mems", "title": "MEMS"})
    path = f"/modules/{made['id']}/draft"

    async def told(kind: str, *files: dict[str, Any], status: int) -> list[tuple[str, str]]:
        units = [{"key": "film", "kind": kind, "title": "Film", "files": list(files)}]
        content = {"title": "MEMS", "ects": "5", "workloadHours": 1, "units": units}
        problem = await world.admin.put(path, content, status, If_Match='"1"')
        return [(error["where"], error["reason"]) for error in problem["errors"]]

    again = {**segment, "key": "again"}
    assert await told("reading", segment, film, again, status=422) == [
        ("body.units[0].files[0].role", "only a video has a stream"),
        ("body.units[0].files[0].name", "the first stream file must be the playlist, NAME.m3u8"),
        ("body.units[0].files[2].name", "en.vtt is twice in the folder of the stream"),
    ]
    for name in ("/a.ts", "../a.ts", "a/../b.ts", "a//b.ts", "./a.ts", "a/", "..", "a\\b.ts"):
        assert await told("video", film, {**segment, "name": name}, status=400) == [
            ("body.units[0].files[1].name", "must be a path in the folder of the stream, such as 720p/seg-001.ts")
        ]
    assert (await world.admin.get(f"/modules/{made['id']}"))["draft"] is None


async def test_a_lecture_of_ninety_minutes_in_three_renditions_is_one_unit(world: World) -> None:
    """2,700 segments: all of them in the draft, none of them in what a student reads, 900 in a playlist."""
    segments = "".join(f"#EXTINF:6,\nseg-{number}.ts\n" for number in range(900))
    text = f"#EXTM3U\n#EXT-X-TARGETDURATION:6\n{segments}#EXT-X-ENDLIST\n"
    programme = await world.programme()
    index, segment = await files_of(world, programme, {"720p/index.m3u8": text, "a.ts": "same"})
    files = [index] + [
        {**segment, "key": f"{size}.{number}", "name": f"{size}/seg-{number}.ts"}
        for size in ("360p", "720p", "1080p")
        for number in range(900)
    ]
    unit = {"key": "film", "kind": "video", "title": "Film", "files": files}
    run = await world.run(programme, await world.module(programme, [unit]))
    path = f"/runs/{run['id']}/units/film"
    assert len((await world.admin.get(path))["files"]) == 1
    found = await playlist(world.admin, f"{path}/stream/720p/index.m3u8")
    assert len(found.segments) == 900
    assert await bytes_at(found.segments[899].uri) == b"same"
