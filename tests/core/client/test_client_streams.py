"""Films in segments: a folder with playlists becomes one unit, which a student can play."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import m3u8
import msgspec
import pytest

from lms_core.client.course import Imported, import_course, prepare_course
from lms_core.client.digests import media_type
from lms_core.client.errors import ClientError
from lms_core.client.folder import Course, LeftOut, Outcome, read_folder
from lms_core.client.http import LmsClient
from lms_core.client.units import FileUse
from lms_core.modules.types import DraftChange, Unit
from tests.support.films import H264, PICTURE, SOUND, made, needs_tools
from tests.support.world import Actor, World

MASTER = """#EXTM3U
#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="s",NAME="English",LANGUAGE="en",URI="subs/en.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=800000,RESOLUTION=1280x720,SUBTITLES="s"
720p/index.m3u8
"""
LOW = """#EXTM3U
#EXT-X-TARGETDURATION:6
#EXT-X-KEY:METHOD=AES-128,URI="../film.key"
#EXTINF:6,
seg-001.ts
#EXTINF:5,
seg%20002.ts
#EXT-X-ENDLIST
"""
SUBTITLES = "#EXTM3U\n#EXT-X-TARGETDURATION:11\n#EXTINF:11,\nen.vtt\n#EXT-X-ENDLIST\n"
PLAIN = "#EXTM3U\n#EXTINF:6,\na.ts\n#EXT-X-ENDLIST\n"
FILM: dict[str, str | bytes] = {
    "lectures/film2/master.m3u8": MASTER,
    "lectures/film2/720p/index.m3u8": LOW,
    "lectures/film2/720p/seg-001.ts": "one",
    "lectures/film2/720p/seg 002.ts": "two",
    "lectures/film2/film.key": "0123456789abcdef",
    "lectures/film2/subs/en.m3u8": SUBTITLES,
    "lectures/film2/subs/en.vtt": "WEBVTT\n",
    "lectures/film2/README.md": "# How it was made",
}
DESCRIPTION = {"module.yaml": "ects: 5\nworkloadHours: 150"}
NAMES = [
    "master.m3u8", "720p/index.m3u8", "720p/seg 002.ts", "720p/seg-001.ts", "film.key", "README.md", "subs/en.m3u8",
    "subs/en.vtt",
]  # fmt: skip


async def brought(client: LmsClient, folder: Path) -> Imported:
    return await import_course(client, await prepare_course(client, folder, "ms"))


async def films_of(world: World, imported: Imported) -> list[dict[str, Any]]:
    content = await world.admin.get(f"/modules/{imported.module_id}/content")
    return [unit for unit in content["units"] if unit["kind"] == "video"]


async def student_of(world: World, programme: dict[str, Any], imported: Imported) -> tuple[Actor, str]:
    """Publish a module; return a participant of a run of it, and the address of its units."""
    path = f"/modules/{imported.module_id}"
    await world.admin.post(f"{path}/publish", If_Match=f'"{imported.change.revision}"')
    run = await world.run(programme, {"id": imported.module_id})
    student = await world.student("Anna", programme)
    await student.put(f"/runs/{run['id']}/enrolment", {})
    return student, f"/runs/{run['id']}/units"


async def playlist(actor: Actor, path: str) -> m3u8.M3U8:
    answer = await actor.call("GET", path)
    assert answer.status_code == 200, answer.text
    return m3u8.M3U8(answer.text)


async def bytes_at(url: str) -> bytes:
    async with httpx.AsyncClient() as outside:
        answer = await outside.get(url)
    assert answer.status_code == 200, answer.text
    return answer.content


def streams(course: Course) -> dict[str, list[str]]:
    found = {key: [use.name for use in uses if use.role == "stream"] for key, uses in course.uses.items()}
    return {key: names for key, names in found.items() if names}


def test_a_folder_with_a_playlist_is_one_video_among_its_neighbours(write_folder):
    course = read_folder(
        write_folder(
            {
                **FILM,
                "lectures/film1.mp4": "film",
                "lectures/film2.de.vtt": "WEBVTT\n",
                "lectures/film10.mp4": "film",
                "page.md": "# Page\n[film](lectures/film2/) [again](lectures/film2/720p/index.m3u8#t=9)",
            }
        )
    )

    assert msgspec.to_builtins(course.units) == msgspec.to_builtins(
        [
            Unit(
                key="page",
                kind="reading",
                title="Page",
                body="# Page\n[film](lms-unit:lectures-film2) [again](lms-unit:lectures-film2#t=9)",
            ),
            Unit(key="lectures-film1.mp4", kind="video", title="film1.mp4"),
            Unit(key="lectures-film2", kind="video", title="film2"),
            Unit(key="lectures-film10.mp4", kind="video", title="film10.mp4"),
        ]
    )
    folder = "lectures/film2"
    keys = [
        "master.m3u8", "720p-index.m3u8", "720p-seg-002.ts", "720p-seg-001.ts", "film.key", "readme", "subs-en.m3u8",
        "subs-en.vtt",
    ]  # fmt: skip
    assert course.uses["lectures-film2"] == [
        *(
            FileUse(path=f"{folder}/{name}", key=f"lectures-film2-{key}", role="stream", name=name)
            for name, key in zip(NAMES, keys, strict=True)
        ),
        FileUse(path=f"{folder}.de.vtt", key="lectures-film2.de.vtt", role="caption", language="de"),
    ]
    assert course.uses["page"] == []
    assert [outcome for outcome in course.outcomes if outcome.path.startswith(folder)] == [
        Outcome(folder, "video", ["lectures-film2"], "8 files, begins with master.m3u8"),
        Outcome(f"{folder}.de.vtt", "caption", ["lectures-film2"], ""),
    ]
    assert {use.path: course.files[use.path].content_type for use in course.uses["lectures-film2"]} == {
        f"{folder}/master.m3u8": "application/vnd.apple.mpegurl",
        f"{folder}/720p/index.m3u8": "application/vnd.apple.mpegurl",
        f"{folder}/720p/seg-001.ts": "video/mp2t",
        f"{folder}/720p/seg 002.ts": "video/mp2t",
        f"{folder}/film.key": "application/octet-stream",
        f"{folder}/README.md": "text/markdown",
        f"{folder}/subs/en.m3u8": "application/vnd.apple.mpegurl",
        f"{folder}/subs/en.vtt": "text/vtt",
        f"{folder}.de.vtt": "text/vtt",
    }


@pytest.mark.parametrize(
    ("playlists", "first"),
    [
        ({"a.m3u8": PLAIN, "z.m3u8": "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n./a.m3u8\n"}, "z.m3u8"),
        ({"index.m3u8": PLAIN, "master.m3u8": PLAIN, "a.m3u8": PLAIN}, "master.m3u8"),
        ({"index.m3u8": PLAIN, "a.m3u8": PLAIN}, "index.m3u8"),
        ({"b10.m3u8": PLAIN, "b9.m3u8": PLAIN}, "b9.m3u8"),
        ({"b.m3u8": PLAIN, "sub/master.m3u8": PLAIN}, "b.m3u8"),
        ({"b.m3u8": "#EXTM3U\na.m3u8\n", "a.m3u8": "#EXTM3U\nb.m3u8\n"}, "a.m3u8"),
    ],
    ids=["named by none", "master", "index", "by name", "outermost", "a circle"],
)
def test_a_player_begins_with_the_playlist_that_no_other_names(write_folder, playlists: dict[str, str], first: str):
    files = {**playlists, "a.ts": "a", "a.vtt": "WEBVTT\n", "sub/a.ts": "a"}

    course = read_folder(write_folder({f"film/{name}": text for name, text in files.items()}))

    assert streams(course)["film"][0] == first
    assert sorted(streams(course)["film"]) == sorted(files)


def test_all_that_films_consist_of_has_its_type():
    types = {
        "a.m3u8": "application/vnd.apple.mpegurl", "a.ts": "video/mp2t", "a.m4s": "video/iso.segment",
        "a.mp4": "video/mp4", "a.aac": "audio/aac", "a.vtt": "text/vtt", "a.key": "application/octet-stream",
    }  # fmt: skip

    assert {name: media_type(name) for name in types} == types


def test_what_will_not_play_is_told(write_folder):
    course = read_folder(
        write_folder(
            {
                "film/index.m3u8": LOW.replace("seg-001.ts", "https://example.org/a.ts"),
                "film/live.m3u8": "#EXTM3U\n#EXTINF:1,\na.ts\n",
                "film/a.ts": "",
            }
        )
    )

    assert course.outcomes == [
        Outcome(
            "film",
            "video",
            ["film"],
            "3 files, begins with index.m3u8; film/index.m3u8 names ../film.key and 2 more, not among the film's "
            "files: it will not play; film/live.m3u8 is no playlist of a recorded film: from #EXTM3U to "
            "#EXT-X-ENDLIST; film/a.ts: an empty file",
        )
    ]


def test_module_yaml_speaks_of_the_film_by_its_folder(write_folder):
    film = {"a/index.m3u8": PLAIN, "a/a.ts": "a"}
    entry = "units: [{path: a/, title: The film, minutes: 9}]\ncompletion: {optional: [a/]}"

    course = read_folder(write_folder({**film, "b.md": "# B", "module.yaml": entry}))
    assert [(unit.key, unit.title, unit.minutes, unit.required) for unit in course.units] == [
        ("a", "The film", 9, False),
        ("b", "B", None, True),
    ]

    wrong = "units:\n  - path: a/a.ts\n  - {path: a, kind: file}"
    with pytest.raises(ClientError) as refused:
        read_folder(write_folder({"module.yaml": wrong}))
    assert str(refused.value).splitlines() == [
        'module.yaml:2: field units[0].path: "a/a.ts" is part of the film "a"; list that',
        "module.yaml:3: field units[1].kind: a film in segments is a video; write that, or leave this out",
    ]

    course = read_folder(write_folder({"module.yaml": "ignore: ['*.m3u8']\nunits: [{path: a/a.ts}]"}))
    assert ([unit.key for unit in course.units], streams(course)) == (["a-a.ts", "b"], {})
    course = read_folder(write_folder({"module.yaml": "ignore: [a/]"}))
    assert ([unit.key for unit in course.units], streams(course)) == (["b"], {})
    assert course.left_out == [LeftOut(path, "ignored by module.yaml") for path in sorted(film)]


def test_a_film_that_is_added_leaves_the_keys_of_the_others(write_folder):
    before = {"intro.md": "# Intro", "intro-a.ts": "another"}
    assert {unit.key for unit in read_folder(write_folder(before)).units} == {"intro", "intro-a.ts"}

    course = read_folder(write_folder({"intro/index.m3u8": PLAIN, "intro/a.ts": "a"}))

    assert {unit.title: unit.key for unit in course.units} == {
        "Intro": "intro",
        "intro": "intro-c432b372",
        "intro-a.ts": "intro-a.ts",
    }
    assert streams(course) == {"intro-c432b372": ["index.m3u8", "a.ts"]}


def test_a_playlist_in_the_course_folder_itself_is_a_file(write_folder):
    course = read_folder(write_folder({"index.m3u8": PLAIN, "a.ts": "a", "page.md": "# Page"}))

    assert [(unit.key, unit.kind) for unit in course.units] == [
        ("page", "reading"),
        ("a.ts", "video"),
        ("index.m3u8", "file"),
    ]


def test_a_name_that_cannot_be_in_a_film_is_refused(write_folder):
    with pytest.raises(ClientError, match=r"^film/a\\b\.ts: no name in a film's folder may have a backslash"):
        read_folder(write_folder({"film/index.m3u8": PLAIN, "film/a\\b.ts": "a"}))


async def test_a_pushed_film_can_be_played(world: World, client: LmsClient, write_folder):
    programme = await world.programme()
    imported = await brought(client, write_folder({**FILM, **DESCRIPTION}))

    [film] = await films_of(world, imported)
    assert [(file["role"], file["name"]) for file in film["files"]] == [("stream", name) for name in NAMES]
    student, units = await student_of(world, programme, imported)
    stream = f"{units}/lectures-film2/stream"
    master = await playlist(student, f"{stream}/master.m3u8")
    assert [child.uri for child in (*master.playlists, *master.media)] == ["720p/index.m3u8", "subs/en.m3u8"]
    low = await playlist(student, f"{stream}/720p/index.m3u8")
    assert [await bytes_at(segment.uri) for segment in low.segments] == [b"one", b"two"]
    assert [await bytes_at(key.uri) for key in low.keys if key] == [b"0123456789abcdef"]
    subtitles = await playlist(student, f"{stream}/subs/en.m3u8")
    assert [await bytes_at(segment.uri) for segment in subtitles.segments] == [b"WEBVTT\n"]


async def test_pushing_again_changes_what_was_corrected_and_nothing_else(world: World, client: LmsClient, write_folder):
    await world.programme()
    first = await brought(client, write_folder({**FILM, **DESCRIPTION, "page.md": "# Page"}))
    [before] = await films_of(world, first)

    again = await brought(client, write_folder({}))
    assert again.change.changed is False
    assert await films_of(world, again) == [before]

    third = await brought(client, write_folder({"lectures/film2/720p/seg-001.ts": "one, corrected"}))
    assert third.change == DraftChange(
        changed=True, added=[], removed=[], modified=["lectures-film2"], moved=[], details=[], unchanged=1,
        revision=first.change.revision + 1,
    )  # fmt: skip
    [after] = await films_of(world, third)
    corrected = str(third.media["lectures/film2/720p/seg-001.ts"].id)
    assert after["files"] == [
        {**file, "mediaId": corrected} if file["name"] == "720p/seg-001.ts" else file for file in before["files"]
    ]
    assert after != before


@needs_tools
@pytest.mark.parametrize("kind", ["mpegts", "fmp4"])
async def test_what_ffmpeg_makes_can_be_played(world: World, client: LmsClient, write_folder, kind: str):
    programme = await world.programme()
    folder = write_folder({**DESCRIPTION, "film/.gitkeep": ""})
    how = [
        "-f", "hls", "-hls_time", "1", "-g", "10", "-hls_playlist_type", "vod", "-hls_segment_type", kind,
        "-master_pl_name", "master.m3u8",
    ]  # fmt: skip
    place = folder / "film" / "stream.m3u8"
    local = m3u8.M3U8((await asyncio.to_thread(made, place, *PICTURE, *SOUND, *H264, "-c:a", "aac", *how)).decode())

    student, units = await student_of(world, programme, await brought(client, folder))

    [file] = (await student.get(f"{units}/film"))["files"]
    assert file["href"] == f"{units}/film/stream/master.m3u8"
    master = await playlist(student, file["href"])
    found = await playlist(student, f"{units}/film/stream/{master.playlists[0].uri}")
    assert len(found.segments) >= 3
    for there, here in zip(found.segments, local.segments, strict=True):
        assert await bytes_at(there.uri) == place.with_name(here.uri).read_bytes()
    maps = [segment.init_section for segment in found.segments if segment.init_section]
    assert bool(maps) == (kind == "fmp4")
    for one in maps[:1]:
        assert await bytes_at(one.uri) == place.with_name(local.segments[0].init_section.uri).read_bytes()
