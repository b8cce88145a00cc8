"""What films and PDFs have in them is found out in the background, and is no danger to anybody."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx
import pytest

from content_store import StoreError
from content_store.s3 import S3Store
from lms_core.media import tools
from lms_core.media.preparing import prepare
from tests.support.films import H264, PICTURE, SOUND, film, made, needs_tools, pdf
from tests.support.flaky_store import flaky_store
from tests.support.world import statements

if TYPE_CHECKING:
    from content_store import StoreSettings
    from tests.support.world import World

pytestmark = needs_tools

NOTHING = {
    "reason": None, "durationMs": None, "width": None, "height": None, "pages": None, "seekable": None,
    "poster": False, "fixing": False, "fixedBy": None,
}  # fmt: skip
FILM = {**NOTHING, "state": "done", "durationMs": 3000, "width": 320, "height": 240, "poster": True}


async def looked_into(world: World, programme: dict[str, Any], name: str, data: bytes, kind: str) -> dict[str, Any]:
    """Bring a file in, let a worker look into it, and return it with what was found out."""
    media = await world.upload(world.admin, programme, name, data, kind)
    path = f"/media/{media['id']}"
    assert (await world.admin.get(f"{path}/preparation")) == {**NOTHING, "state": "waiting"}
    media = await world.checked(world.admin, media)
    assert media["state"] == "ready"
    return {**media, "found": await world.admin.get(f"{path}/preparation")}


async def picture(world: World, media: dict[str, Any]) -> httpx.Response:
    """Read the poster of a film as a browser does."""
    led = await world.admin.call("GET", f"/media/{media['id']}/poster")
    assert (led.status_code, led.headers["Cache-Control"]) == (307, "no-store")
    async with httpx.AsyncClient() as outside:
        return await outside.get(led.headers["Location"])


async def test_of_films_length_size_poster_and_whether_players_can_jump(world: World, tmp_path: Path) -> None:
    programme = await world.programme()
    late = await looked_into(world, programme, "late.mp4", film(tmp_path), "video/mp4")
    assert late["found"] == {**FILM, "seekable": False}
    early = await looked_into(world, programme, "early.mp4", film(tmp_path, "-movflags", "+faststart"), "video/mp4")
    assert early["found"] == {**FILM, "seekable": True}
    poster = await picture(world, late)
    assert (poster.status_code, poster.headers["Content-Type"], poster.content[:3]) == (
        200,
        "image/jpeg",
        b"\xff\xd8\xff",
    )
    assert poster.headers["Content-Disposition"].startswith("inline")
    assert (await world.admin.call("HEAD", f"/media/{late['id']}/poster")).status_code == 307

    with statements(world.database) as seen:
        await world.admin.get(f"/media/{late['id']}/preparation")
        assert len(seen) == 1


async def test_a_film_made_sideways_is_told_as_it_is_shown(world: World, tmp_path: Path) -> None:
    programme = await world.programme()
    film(tmp_path)
    turned = made(tmp_path / "turned.mp4", "-i", str(tmp_path / "film.mp4"), "-c", "copy", "-metadata:s:v", "rotate=90")
    media = await looked_into(world, programme, "turned.mp4", turned, "video/mp4")
    assert media["found"] == {**FILM, "width": 240, "height": 320, "seekable": False}


async def test_the_poster_of_a_film_that_begins_in_the_dark_is_not_black(world: World, tmp_path: Path) -> None:
    programme = await world.programme()
    dark = ["-f", "lavfi", "-i", "color=black:duration=1:size=320x240:rate=10"]
    both = ["-filter_complex", "[0:v][1:v]concat=n=2[v]", "-map", "[v]"]
    data = made(tmp_path / "dark.mp4", *dark, *PICTURE, *both, *H264)
    media = await looked_into(world, programme, "dark.mp4", data, "video/mp4")
    (tmp_path / "poster.jpg").write_bytes((await picture(world, media)).content)
    grey = ["ffmpeg", "-v", "error", "-i", str(tmp_path / "poster.jpg"), "-f", "rawvideo", "-pix_fmt", "gray", "-"]
    points = await tools.run(grey, 60)
    assert sum(points) / len(points) > 40


async def test_films_from_browsers_tell_by_their_cues(world: World, tmp_path: Path) -> None:
    programme = await world.programme()
    vp8 = ["-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8"]
    whole = made(tmp_path / "a.webm", *PICTURE, *vp8)
    live = made(tmp_path / "b.webm", *PICTURE, *vp8, "-f", "webm", "-live", "1")
    assert (await looked_into(world, programme, "a.webm", whole, "video/webm"))["found"] == {**FILM, "seekable": True}
    found = (await looked_into(world, programme, "b.webm", live, "video/webm"))["found"]
    assert found == {**FILM, "durationMs": None, "seekable": False}


async def test_a_recording_has_a_length_only(world: World, tmp_path: Path) -> None:
    programme = await world.programme()
    media = await looked_into(world, programme, "talk.wav", made(tmp_path / "talk.wav", *SOUND), "audio/wav")
    assert media["found"] == {**NOTHING, "state": "done", "durationMs": 3000}
    await world.admin.get(f"/media/{media['id']}/poster", 404)


async def test_of_other_files_nothing_is_found_out(world: World) -> None:
    programme = await world.programme()
    media = await world.upload(world.admin, programme, "notes.txt", b"notes", "text/plain")
    await world.checked(world.admin, media)
    reason = "nothing is found out about files of the type text/plain"
    found = await world.admin.get(f"/media/{media['id']}/preparation")
    assert found == {**NOTHING, "state": "skipped", "reason": reason}


async def test_words_are_found_on_the_pages_of_pdfs(world: World) -> None:
    programme, other = await world.programme(), await world.programme("other")
    pages = pdf(b"Dotierung und Oxidation", b"\xdcber die D\xfcnnschicht: 100% Ausbeute, _rein_", b"Oxidation allein")
    media = await looked_into(world, programme, "Folien.pdf", pages, "application/pdf")
    assert media["found"] == {**NOTHING, "state": "done", "pages": 3}
    await looked_into(world, other, "Fremd.pdf", pdf(b"Dotierung und Oxidation"), "application/pdf")
    gone = await looked_into(world, programme, "Alt.pdf", pdf(b"Oxidation und Dotierung"), "application/pdf")
    await world.admin.delete(f"/media/{gone['id']}")
    search = f"/programmes/{programme['id']}/media-search"

    async def found(words: str) -> list[tuple[str, int, str]]:
        answer = await world.admin.call("GET", f"{search}?{httpx.QueryParams(q=words)}")
        assert answer.status_code == 200
        assert {one["mediaId"] for one in answer.json()["items"]} <= {media["id"]}
        return [(one["name"], one["page"], one["snippet"]) for one in answer.json()["items"]]

    first = ("Folien.pdf", 1, "Dotierung und Oxidation")
    second = ("Folien.pdf", 2, "Über die Dünnschicht: 100% Ausbeute, _rein_")
    assert await found("oxidation") == [first, ("Folien.pdf", 3, "Oxidation allein")]
    assert await found("OXIDATION dotierung") == [first]
    assert await found("DÜNNSCHICHT über") == [second]
    assert (await found("100%"), await found("0% _")) == ([second], [second])
    assert (await found("Ox%"), await found("D_t"), await found("Dotierung Ausbeute"), await found("\\")) == (
        [],
        [],
        [],
        [],
    )
    problem = await world.admin.get(f"{search}?q=%20", 422)
    assert problem["errors"] == [{"where": "query.q", "reason": "must hold a word"}]
    with statements(world.database) as seen:
        await found("oxidation")
        assert len(seen) == 1


async def test_what_is_broken_stays_readable_and_says_why(world: World, tmp_path: Path) -> None:
    programme = await world.programme()
    cut = film(tmp_path)[:4000]
    media = await looked_into(world, programme, "cut.mp4", cut, "video/mp4")
    reason = "ffprobe: Invalid data found when processing input"
    assert media["found"] == {**NOTHING, "state": "failed", "reason": reason}
    torn = await looked_into(world, programme, "torn.pdf", b"%PDF-1.4\nnothing", "application/pdf")
    assert torn["found"] == {**NOTHING, "state": "failed", "reason": "pdfinfo: Couldn't read xref table"}
    for one, data in ((media, cut), (torn, b"%PDF-1.4\nnothing")):
        led = await world.admin.call("GET", f"/media/{one['id']}/file")
        async with httpx.AsyncClient() as outside:
            assert (await outside.get(led.headers["Location"])).content == data


async def test_without_the_programs_nothing_is_found_out_until_they_are_there(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programme = await world.programme()
    data = film(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    media = await looked_into(world, programme, "film.mp4", data, "video/mp4")
    slides = await looked_into(world, programme, "slides.pdf", pdf(b"Light"), "application/pdf")
    monkeypatch.undo()
    why = "{} is not installed where the worker runs: install the package {}"
    assert media["found"] == {**NOTHING, "state": "skipped", "reason": why.format("ffprobe", "ffmpeg")}
    assert slides["found"] == {**NOTHING, "state": "skipped", "reason": why.format("pdfinfo", "poppler-utils")}
    for _ in range(2):  # repeatable
        await prepare(world.database, world.app.state.store, UUID(media["id"]))
        await prepare(world.database, world.app.state.store, UUID(slides["id"]))
        assert await world.admin.get(f"/media/{media['id']}/preparation") == {**FILM, "seekable": False}
        found = await world.admin.get(f"/programmes/{programme['id']}/media-search?q=light")
        assert [(one["mediaId"], one["page"]) for one in found["items"]] == [(slides["id"], 1)]


async def test_a_film_that_names_other_addresses_does_not_get_them_read(world: World) -> None:
    called: list[bytes] = []

    async def note(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        called.append(await reader.readline())
        writer.close()

    programme = await world.programme()
    async with await asyncio.start_server(note, "127.0.0.1", 0) as server:
        inside = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/secret.mp4"
        manifest = f"""<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"
            mediaPresentationDuration="PT3S" minBufferTime="PT1S" profiles="urn:mpeg:dash:profile:isoff-on-demand:2011">
            <Period><AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1" width="8" height="8">
            <BaseURL>{inside}</BaseURL></Representation></AdaptationSet></Period></MPD>"""
        playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\n{inside}\n#EXT-X-ENDLIST\n"
        listing = f"ffconcat version 1.0\nfile {inside}\nfile /etc/passwd\n"
        for number, text in enumerate((manifest, playlist, listing)):
            media = await looked_into(world, programme, f"{number}.xyz", text.encode(), "video/x-unheard-of")
            assert (media["found"]["state"], media["found"]["reason"]) == ("failed", "ffprobe: Invalid argument")
    assert called == []


async def test_a_store_that_is_away_is_waited_for(world: World, store_settings: StoreSettings, tmp_path: Path) -> None:
    programme = await world.programme()
    media = await world.upload(world.admin, programme, "film.mp4", film(tmp_path), "video/mp4")
    async with flaky_store(store_settings) as flaky:
        store = S3Store(flaky.settings)
        await flaky.shut_down()
        with pytest.raises(StoreError):
            await prepare(world.database, store, UUID(media["id"]))
        assert await world.admin.get(f"/media/{media['id']}/preparation") == {**NOTHING, "state": "waiting"}
        await flaky.recover()
        flaky.fail("error", times=1)
        await prepare(world.database, store, UUID(media["id"]))
        assert await world.admin.get(f"/media/{media['id']}/preparation") == {**FILM, "seekable": False}
        await store.close()


async def test_a_program_ends_with_who_asked_for_it() -> None:
    mark = "comment=ends-with-who-asked"
    endless = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2", "-metadata", mark]
    asked = asyncio.create_task(tools.run([*endless, "-f", "null", "-"], 60))
    while not running(mark):
        assert not asked.done(), asked
        await asyncio.sleep(0.01)
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    assert not running(mark)
    with pytest.raises(tools.ToolFailed, match="was not done after 0 seconds"):
        await tools.run([*endless, "-f", "null", "-"], 0.2)
    assert not running(mark)
    with pytest.raises(tools.ToolFailed, match="longer than 1000 bytes"):
        await tools.run([*endless, "-f", "rawvideo", "-"], 60, 1000)
    assert not running(mark)


async def test_the_end_of_a_program_is_noticed_though_nobody_read_what_it_wrote(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def nothing(*_: object) -> bytes:
        await asyncio.sleep(60)
        return b""

    monkeypatch.setattr(tools, "_all", nothing)
    with pytest.raises(tools.ToolFailed, match="was not done"):
        async with asyncio.timeout(20):
            await tools.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2", "-f", "rawvideo", "-"], 1)


def running(mark: str) -> bool:
    listed = subprocess.run(["ps", "-ww", "-eo", "args"], capture_output=True, check=True, text=True).stdout
    return mark in listed
