"""`lms media`: what an operator does for the files in the content store, and what she reads."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import update

from content_store.local import LocalStore
from content_store.s3 import S3Store
from lms_core.media import orphans, verifying
from lms_core.media.tables import media, preparation
from lms_core.types import new_id, now
from tests.support.films import needs_tools, pdf
from tests.support.objectstore import fresh_bucket
from tests.support.processes import free_port, said
from tests.support.world import sha256

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from content_store import StoreSettings
    from tests.support.world import World

TEXT = b"notes" * 99


@pytest.fixture
async def store_settings(store_server: StoreSettings) -> AsyncIterator[StoreSettings]:
    async with fresh_bucket(store_server) as settings:
        yield settings


@pytest.fixture
def environment(database_url: str, surroundings: dict[str, str]) -> dict[str, str]:
    return {**surroundings, "LMS_DATABASE_URL": database_url, "COLUMNS": "200"}


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verifying, "PAUSES", (0, 0))


async def lms(environment: dict[str, str], *words: str) -> tuple[int, str, str]:
    return await asyncio.to_thread(said, "media", *words, env=environment)


def lines(output: str) -> list[list[str]]:
    """Return what is printed, tables as their cells, by the gaps between them; no empty lines or rules."""
    cells = [[cell for cell in re.split(r"\s{2,}", line.strip()) if cell] for line in output.splitlines()]
    return [row for row in cells if row and "──" not in row[0]]


def key_of(one: dict[str, Any]) -> str:
    return f"media/{one['programmeId']}/{one['id']}"


async def test_verify_names_what_is_wrong_and_who_needs_it(world: World, environment: dict[str, str]) -> None:
    programme = await world.programme()
    notes = await world.upload(world.admin, programme, "notes [1].txt", TEXT, "text/plain")
    await world.upload(world.admin, programme, "good.txt", b"good", "text/plain")
    other = await world.upload(world.admin, await world.programme("other"), "spare.txt", b"spare", "text/plain")
    files = [{"key": "notes", "name": "notes.txt", "role": "attachment", "mediaId": notes["id"]}]
    units = [{"key": "intro", "kind": "reading", "title": "Introduction", "files": files}]
    await world.module(programme, units)
    nothing = ["0 files were due, 0 bytes; not right: 0, 0 of them found now; right again: 0"]
    # what was sent in one part was compared by the store when it arrived
    assert await lms(environment, "verify") == (0, f"{nothing[0]}\n", "verifying: 0 bytes of 0 bytes, 0/0 files\n")

    store = world.app.state.store
    await store.put(key_of(notes), b"N" + TEXT[1:], "text/plain")
    await store.put(key_of(other), b"!", "text/plain")
    reason = f"its SHA-256 is {sha256(b'N' + TEXT[1:])}, announced was {sha256(TEXT)}"
    code, output, errors = await lms(
        environment, "verify", "--older-than", "0", "--programme", "ms", "--rate", "9", "--json"
    )
    wrong = {
        "finding": {
            "mediaId": notes["id"], "programme": "ms", "name": "notes [1].txt", "size": 495, "state": "quarantined",
            "reason": reason, "new": True,
        },
        "neededBy": [
            {
                "module": "mems", "moduleTitle": "Mems", "unit": "intro", "unitTitle": "Introduction", "versions": [1],
                "draft": False,
            }
        ],
    }  # fmt: skip
    assert (code, json.loads(output)) == (1, {"files": 2, "bytes": 499, "wrong": [wrong], "restored": []})
    assert errors == "verifying: 499 bytes of 499 bytes, 2/2 files\n"

    await store.put(key_of(notes), TEXT, "text/plain")
    code, output, _ = await lms(environment, "verify", "--older-than", "0")
    assert (code, lines(output)) == (
        1,
        [
            ["Not right"],
            ["Programme", "File", "Size", "State", "Why", "Needed by"],
            ["other", "spare.txt", "5 bytes", "quarantined now", "the content store has 1 bytes of it instead of 5",
             "no unit"],
            ["notes [1].txt of the programme ms is right again, and ready."],
            ["3 files were due, 504 bytes; not right: 1, 1 of them found now; right again: 1"],
        ],
    )  # fmt: skip
    code, output, _ = await lms(environment, "verify")
    assert (code, lines(output)[-1]) == (
        1,
        ["1 files were due, 5 bytes; not right: 1, 0 of them found now; right again: 0"],
    )


async def test_verify_says_in_one_line_what_stands_in_its_way(world: World, environment: dict[str, str]) -> None:
    notes = await world.upload(world.admin, await world.programme(), "notes.txt", TEXT, "text/plain")
    assert await lms(environment, "verify", "--programme", "nowhere") == (
        1, "", "Error: There is no programme with the key 'nowhere'.\n",
    )  # fmt: skip
    nowhere = f"http://127.0.0.1:{free_port()}"
    code, output, errors = await lms({**environment, "LMS_STORE_URL": nowhere}, "verify", "--older-than", "0")
    assert (code, output) == (1, "1 files were due, 495 bytes; not right: 0, 0 of them found now; right again: 0\n")
    assert errors == f"Error: The object store at {nowhere} cannot be reached or answers too late.\n"
    assert await world.admin.get(f"/media/{notes['id']}") == notes


async def test_copy_says_what_remains_to_be_done(
    world: World, environment: dict[str, str], store_server: StoreSettings, tmp_path: Path
) -> None:
    programme = await world.programme()
    notes = await world.upload(world.admin, programme, "notes.txt", TEXT, "text/plain")
    lost = await world.upload(world.admin, programme, "lost.txt", b"lost", "text/plain")
    await world.app.state.store.delete(key_of(lost))
    new = {"name": "film.mp4", "size": 9_000_000, "contentType": "video/mp4", "sha256": sha256(b"film")}
    await world.admin.post(f"/programmes/{programme['id']}/media", new)
    async with world.database.write() as connection:
        moment = now().replace(year=2026, month=11, day=2, hour=8, minute=5)
        await connection.execute(update(media).where(media.c.name == "film.mp4").values(used_at=moment))
    async with fresh_bucket(store_server) as to:
        where = ("--to-url", to.url, "--to-bucket", to.bucket, "--to-access-key", to.access_key)
        assert (await lms(environment, "copy", *where))[2].splitlines()[-1] == (
            "Error: LMS_COPY_TO_SECRET_KEY is missing: the secret key of the other store."
        )
        (tmp_path / "to-key").write_text(f"{to.secret_key}\n")
        secret = {**environment, "LMS_COPY_TO_SECRET_KEY_FILE": str(tmp_path / "to-key")}
        code, output, _ = await lms(secret, "copy", *where)
        assert (code, lines(output)) == (
            1,
            [
                ["Damaged here, and not copied"],
                ["Programme", "File", "Size", "State", "Why"],
                ["ms", "lost.txt", "4 bytes", "ready as before", "the content store has lost it"],
                ["Uploads under way"],
                ["Programme", "File", "Size", "Last went on"],
                ["ms", "film.mp4", "9.0 MB", "2026-11-02 08:05 UTC"],
                ["Copied: 1, there already: 0, damaged: 1."],
                ["Uploads under way cannot be moved: finish them before the switch, or they begin again after it."],
                ["To serve from the other store, change on every server and worker:"],
                [f"LMS_STORE_URL={to.url}"],
                ["LMS_STORE_PUBLIC_URL to the address at which browsers reach it"],
                [f"LMS_STORE_BUCKET={to.bucket}"],
                ["LMS_STORE_REGION=us-east-1"],
                ["LMS_STORE_ACCESS_KEY and LMS_STORE_SECRET_KEY to those used here"],
                [
                    "then run lms migrate, lms doctor, and restart them. At last repeat this command with the settings "
                    "of now: it catches what came in meanwhile."
                ],
            ],
        )
        store = S3Store(to)
        assert b"".join([chunk async for chunk in store.read(key_of(notes))]) == TEXT
        await store.close()
        assert await lms({**secret, "LMS_STORE_BUCKET": to.bucket}, "copy", *where) == (
            1, "", "Error: This is the store and the bucket that the settings name already.\n",
        )  # fmt: skip


async def test_orphans_are_listed_and_deleted_when_they_are_old(
    world: World, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.upload(world.admin, await world.programme(), "notes.txt", TEXT, "text/plain")
    store, key = world.app.state.store, f"media/{new_id()}/{new_id()}"
    await store.put(key, b"strange", "text/plain")
    listed = [
        ["Objects that the database does not know"],
        ["Key", "Size", "Age"],
        [key, "7 bytes", "0 hours"],
        ["unknown objects: 1 (7 bytes), unknown uploads: 0, missing objects: 0"],
    ]
    code, output, _ = await lms(environment, "orphans")
    assert (code, lines(output)) == (0, listed)
    code, output, _ = await lms(environment, "orphans", "--delete", "--yes")
    assert (code, lines(output)) == (0, [*listed, ["0 objects and 0 uploads are deleted"]])
    moment = now() + timedelta(days=2)
    monkeypatch.setattr(orphans, "now", lambda: moment)
    code, output, _ = await lms(environment, "orphans", "--delete")  # nobody answers the question
    assert (code, await store.stat(key) is None) == (1, False)
    code, output, _ = await lms(environment, "orphans", "--delete", "--yes")
    assert (lines(output)[-1], await store.stat(key)) == (["1 objects and 0 uploads are deleted"], None)


async def test_sweep_lets_go_at_once_what_is_old(world: World, environment: dict[str, str]) -> None:
    programme = await world.programme()
    for name in ("old.txt", "new.txt"):
        await world.upload(world.admin, programme, name, name.encode(), "text/plain")
    async with world.database.write() as connection:
        old = update(media).where(media.c.name == "old.txt").values(used_at=now() - timedelta(days=31))
        await connection.execute(old)
    told = "uploads given up: 0, files let go: {}, strays aborted: 0\n"
    assert await lms(environment, "sweep") == (0, told.format(1), "")
    assert await lms(environment, "sweep") == (0, told.format(0), "")


async def test_the_store_of_a_running_demo_is_found(sqlite_template: Path, tmp_path: Path) -> None:
    demo = {"LMS_DATA_DIR": str(tmp_path)}
    shutil.copy(sqlite_template, tmp_path / "lms.sqlite3")
    assert await lms(demo, "orphans") == (1, "", f"Error: There is no object store in {tmp_path / 'store'}.\n")
    local = LocalStore(tmp_path / "store")
    await asyncio.to_thread(local.start)
    nothing = "unknown objects: 0 (0 bytes), unknown uploads: 0, missing objects: 0\n"
    assert await lms(demo, "orphans") == (0, nothing, "")
    await asyncio.to_thread(local.stop)


@needs_tools
async def test_prepare_looks_again_at_what_could_not_be_looked_through(
    world: World, environment: dict[str, str]
) -> None:
    programme = await world.programme()
    file = await world.upload(world.admin, programme, "notes.pdf", pdf(b"light"), "application/pdf")
    await world.upload(world.admin, programme, "notes.txt", b"light", "text/plain")
    await world.checked(world.admin, file)
    path = f"/media/{file['id']}/preparation"
    assert (await world.admin.get(path))["pages"] == 1
    assert await lms(environment, "prepare") == (0, "files to be looked through: 0\n", "")
    async with world.database.write() as connection:
        await connection.execute(update(preparation).values(state="skipped", reason="poppler is missing", pages=None))

    assert await lms(environment, "prepare") == (0, "files to be looked through: 1\n", "")
    await world.checked(world.admin, file)
    found = await world.admin.get(path)
    assert (found["state"], found["reason"], found["pages"]) == ("done", None, 1)
