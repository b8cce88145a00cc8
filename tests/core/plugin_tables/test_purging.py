"""Purging removes all that is kept of a plugin and nothing else, and what it removed is in the file."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Integer, insert, select, text

from lms_core import plugin_purge
from lms_core.errors import Conflict
from lms_core.hooks.tables import plugin_call
from lms_core.hooks.types import Effect
from lms_core.migrations.plugins import migrate_plugin
from lms_core.outbox.events import emit, send
from lms_core.outbox.tables import delivery, job_schedule, outbox
from lms_core.people.tables import role
from lms_core.plugin_data import export_plugin
from lms_core.plugin_purge import belongings, purge
from lms_core.types import new_id, now
from tests.support.diary import fill, rows

if TYPE_CHECKING:
    from lms_core.api import Plugin
    from tests.support.world import World


pytestmark = pytest.mark.usefixtures("migrated")


@pytest.fixture
async def ids(world: World) -> dict[str, Any]:
    """A programme that has the diary disabled again, with rows of it, and of others, wherever there can be some."""
    ids = await fill(world)
    path = f"/programmes/{ids['programme_id']}/plugins/diary"
    await world.admin.put(path, {"enabled": True}, If_Match='"0"')
    await world.admin.put(path, {"enabled": False}, If_Match='"1"')
    at = now()
    call = {column.name: 1 for column in plugin_call.columns if isinstance(column.type, Integer)}
    async with world.database.write() as connection:
        await connection.execute(text("CREATE TABLE diary_club_member (id INTEGER PRIMARY KEY)"))
        await connection.execute(text("CREATE TABLE diary_club_alembic_version (version_num VARCHAR(32))"))
        await connection.execute(text("INSERT INTO diary_club_member VALUES (1)"))
        await send(connection, "plugin:diary_club", "job:remind", None, {})
        await send(connection, "plugin:diary", "job:remind", ids["programme_id"], {"whom": "Sofia"})
        await emit(connection, "something", "run:1", ids["programme_id"], Effect("something", "happened"))
        event = await connection.scalar(select(outbox.c.id).where(outbox.c.name == "something"))
        for name in ("plugin:diary", "plugin:weeks"):
            values = {"event_id": event, "subscriber": name, "aggregate": "run:1", "attempts": 0, "due_at": at}
            await connection.execute(insert(delivery), values)
        for name in ("diary", "weeks"):
            schedule = {"plugin": name, "job": "remind", "programme_id": ids["programme_id"], "due_at": at}
            await connection.execute(insert(job_schedule), schedule | {"due_at": at + timedelta(days=1)})
            process = {"process": new_id(), "plugin": name, "hook": "x", "programme_id": ids["programme_id"]}
            await connection.execute(insert(plugin_call), process | call | {"circuit": "closed", "updated_at": at})
    return ids


async def test_all_of_it_goes_and_nothing_else(world: World, ids: dict[str, Any], tmp_path: Path) -> None:
    full = await rows(world.database)
    async with world.database.read() as connection:
        assert await belongings(connection, "diary") == {
            "diary_entry": 1,
            "diary_topic": 1,
            "outbox": 1,
            "outbox_delivery": 2,
            "job_schedule": 1,
            "plugin_permission": 1,
            "plugin_call": 1,
            "programme_plugin": 1,
            "programme_plugin_change": 2,
            "diary_alembic_version": 1,
        }
    exported = b"".join([piece async for piece in export_plugin(world.database.read, "diary")])
    file = tmp_path / "diary.json"
    await purge(world.database, "diary", file)

    assert file.read_bytes() == exported
    assert len(json.loads(exported)["tables"]["diary_entry"]) == 1
    assert file.stat().st_mode & 0o777 == 0o600
    left = await rows(world.database)
    assert full.keys() - left.keys() == {"diary_entry", "diary_topic", "diary_alembic_version"}
    about = ("job_schedule", "plugin_permission", "plugin_call", "programme_plugin", "programme_plugin_change")
    for table, kept in left.items():
        if table == "role":
            continue
        gone = set(full[table]) - set(kept)
        assert set(kept) <= set(full[table]), table
        its = [row for row in full[table] if "'diary'" in row or "'plugin:diary'" in row or "Sofia" in row]
        assert sorted(gone) == (its if table in {*about, "outbox", "outbox_delivery"} else []), table
    async with world.database.read() as connection:
        assert await belongings(connection, "diary") == {}
        held = (await connection.execute(select(role.c.permissions))).scalars().all()
    assert not any("diary.read" in permissions for permissions in held)


async def test_it_is_refused_while_it_is_enabled(world: World, ids: dict[str, Any], tmp_path: Path) -> None:
    path = f"/programmes/{ids['programme_id']}/plugins/diary"
    await world.admin.put(path, {"enabled": True}, If_Match='"2"')
    full = await rows(world.database)
    with pytest.raises(Conflict, match="diary is enabled in ms; disable it there first"):
        await purge(world.database, "diary", tmp_path / "diary.json")
    assert (await rows(world.database), (tmp_path / "diary.json").exists()) == (full, False)


async def test_without_the_file_nothing_is_removed(
    world: World, ids: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = await rows(world.database)
    (tmp_path / "there").write_text("precious")
    for file, error in ((tmp_path / "there", FileExistsError), (tmp_path / "no" / "folder", FileNotFoundError)):
        with pytest.raises(error):
            await purge(world.database, "diary", file)

    def full_disk(_handle: int, _piece: bytes) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(plugin_purge, "_write_all", full_disk)
    with pytest.raises(OSError, match="No space left"):
        await purge(world.database, "diary", tmp_path / "new")
    assert [name for name in ("there", "new", "no") if await asyncio.to_thread((tmp_path / name).exists)] == ["there"]
    assert ((tmp_path / "there").read_text(), await rows(world.database)) == ("precious", full)


async def test_names_of_the_core_own_nothing(world: World, ids: dict[str, Any], tmp_path: Path) -> None:
    full = await rows(world.database)
    for name in ("programme", "run", "alembic", "outbox"):
        async with world.database.read() as connection:
            assert await belongings(connection, name) == {}
        await purge(world.database, name, tmp_path / f"{name}.json")
    assert await rows(world.database) == full


async def test_after_it_the_plugin_may_begin_anew(
    world: World, diary: Plugin, ids: dict[str, Any], tmp_path: Path
) -> None:
    await purge(world.database, "diary", tmp_path / "diary.json")
    assert await migrate_plugin(world.database, diary) == (None, "0002")
