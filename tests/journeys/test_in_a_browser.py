"""In a real browser: a lecturer sends a film straight to the store, and a student plays it, seeks in it and reads along.

The page comes from a third origin, neither the API's nor the store's, so that whatever browsers forbid shows here.
"""

from __future__ import annotations

import asyncio
import shutil
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.objectstore import fresh_bucket
from tests.support.serving import Serving, environment, free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from playwright.async_api import Page, Response

    from content_store import StoreSettings
    from tests.support.world import World

playwright = pytest.importorskip("playwright.async_api", reason="playwright, which drives the browser, is missing")
CHROMIUM, FFMPEG = shutil.which("chromium"), shutil.which("ffmpeg")
pytestmark = [
    pytest.mark.skipif(not CHROMIUM, reason="there is no chromium on this machine"),
    pytest.mark.skipif(not FFMPEG, reason="there is no ffmpeg on this machine, to make a film"),
]
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
]  # fmt: skip
SECONDS = 30
CAPTIONS = b"WEBVTT\n\n00:25.000 --> 00:30.000\nThe end is near.\n"
PAGE = """<!doctype html><title>Player</title><link rel="icon" href="data:,"><input type="file">
<video crossorigin="anonymous" preload="metadata" muted></video>
<script>
const video = document.querySelector("video")
const hex = buffer => Array.from(new Uint8Array(buffer), byte => byte.toString(16).padStart(2, "0")).join("")
const sha256 = async blob => hex(await crypto.subtle.digest("SHA-256", await blob.arrayBuffer()))
const happened = (target, name) => new Promise((resolve, reject) => {
  target.addEventListener(name, resolve, {once: true})
  target.addEventListener("error", () => reject(Error(`${target.tagName}: ${target.error?.message}`)), {once: true})
})

async function call([api, token], method, path, body) {
  const headers = {Authorization: `Bearer ${token}`, Accept: "application/json"}
  if (body) headers["Content-Type"] = "application/json"
  const answer = await fetch(api + path, {method, headers, body: body && JSON.stringify(body)})
  if (!answer.ok) throw Error(`${method} ${path}: ${await answer.text()}`)
  return answer.json()
}

async function upload(me, programme) {
  const file = document.querySelector("input").files[0]
  const told = {name: file.name, size: file.size, contentType: file.type, sha256: await sha256(file)}
  const media = await call(me, "POST", `/programmes/${programme}/media`, told)
  const pieces = [], parts = []
  for (let start = 0; start < file.size; start += media.partSize) pieces.push(file.slice(start, start + media.partSize))
  for (const piece of pieces) parts.push({number: parts.length + 1, sha256: await sha256(piece)})
  for (const {number, url, headers} of (await call(me, "POST", `/media/${media.id}/parts`, {parts})).parts) {
    const sent = await fetch(url, {method: "PUT", headers, body: pieces[number - 1]})
    if (!sent.ok) throw Error(await sent.text())
  }
  return call(me, "POST", `/media/${media.id}/complete`, {parts})
}

async function watch(me, unit) {
  const address = async link => (await call(me, "GET", link.href)).url
  const {files} = await call(me, "GET", unit)
  const track = Object.assign(document.createElement("track"), {kind: "captions", srclang: "en"})
  track.src = await address(files.find(file => file.role === "caption"))
  const loaded = [happened(video, "loadedmetadata"), happened(track, "load")]
  video.append(track)
  track.track.mode = "hidden"
  video.src = await address(files.find(file => file.role === "content"))
  await Promise.all(loaded)
  await video.play()
  return {duration: Math.round(video.duration), cues: Array.from(track.track.cues, cue => cue.text)}
}

async function seek(time) {
  const arrived = happened(video, "seeked")
  video.currentTime = time
  await arrived
  return {reached: video.currentTime >= time, shown: Array.from(video.textTracks[0].activeCues, cue => cue.text)}
}
</script>"""


@pytest.fixture
def backend() -> str:
    return "sqlite"  # what a browser sees is the same on both


@pytest.fixture
def origin(tmp_path: Path) -> Iterator[str]:
    """Serve the page; return its origin."""
    folder = tmp_path / "web"
    folder.mkdir()
    (folder / "index.html").write_text(PAGE)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=folder)) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
async def store_settings(store_server: StoreSettings, origin: str) -> AsyncIterator[StoreSettings]:
    async with fresh_bucket(store_server, origin) as settings:
        yield settings


@pytest.fixture
async def server(
    database_url: str, store_settings: StoreSettings, origin: str, tmp_path: Path
) -> AsyncIterator[Serving]:
    env = environment(database_url, store_settings, free_port()) | {"LMS_ALLOWED_ORIGINS": origin}
    made = Serving(env, tmp_path / "server.log")
    await asyncio.to_thread(made.start)
    yield made
    await asyncio.to_thread(made.stop)


@pytest.fixture
async def page(origin: str) -> AsyncIterator[Page]:
    async with playwright.async_playwright() as running:
        browser = await running.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = await browser.new_page()
        await page.goto(origin)
        yield page
        await browser.close()


@pytest.fixture
async def film(tmp_path: Path) -> Path:
    """A film of half a minute that says when it goes on: more than one part, and more than a browser loads ahead."""
    made = tmp_path / "film.mp4"
    noise = "testsrc2=size=640x360:rate=25,noise=alls=40:allf=t"
    words = f"-loglevel error -f lavfi -i {noise} -t {SECONDS} -c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 25"
    process = await asyncio.create_subprocess_exec(
        str(FFMPEG), *words.split(), "-b:v", "4M", "-movflags", "+faststart", str(made)
    )
    assert await process.wait() == 0
    return made


async def test_a_film_is_sent_checked_played_and_sought_in(
    world: World, server: Serving, page: Page, film: Path
) -> None:
    programme = await world.programme()
    lecturer = await world.person("Lea Lecturer", "lecturer", programme)
    student = await world.student("Anna", programme)

    await page.set_input_files("input", film)
    sent = await page.evaluate(
        "([me, programme]) => upload(me, programme)", [[server.url, lecturer.token], programme["id"]]
    )
    assert (sent["name"], sent["contentType"], sent["size"] > sent["partSize"]) == ("film.mp4", "video/mp4", True)
    assert (sent["state"], (await world.checked(lecturer, sent))["state"]) == ("checking", "ready")

    captions = await world.upload(lecturer, programme, "en.vtt", CAPTIONS, "text/vtt")
    files: list[dict[str, Any]] = [
        {"key": "film", "name": "film.mp4", "role": "content", "mediaId": sent["id"]},
        {"key": "en", "name": "en.vtt", "role": "caption", "mediaId": captions["id"], "language": "en"},
    ]
    unit = {"key": "film", "kind": "video", "title": "Film", "files": files}
    run = await world.run(programme, await world.module(programme, [unit]))
    await student.put(f"/runs/{run['id']}/enrolment", {})

    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer) if sent["id"] in answer.url else None)
    path = f"/runs/{run['id']}/units/film"
    seen = await page.evaluate("([me, unit]) => watch(me, unit)", [[server.url, student.token], path])
    assert seen == {"duration": SECONDS, "cues": ["The end is near."]}
    assert await page.evaluate("seek(28)") == {"reached": True, "shown": ["The end is near."]}
    parts = [answer.headers["content-range"] for answer in answers if answer.status == 206]
    begins = [int(part.removeprefix("bytes ").partition("-")[0]) for part in parts]
    assert max(begins) > sent["size"] / 2, parts  # the end was asked for, not all that lies before it
