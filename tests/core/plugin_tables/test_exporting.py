"""What a plugin keeps is handed out exactly, for one programme alone, whether the plugin is there or not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from lms_core import plugin_data
from lms_core.plugin_data import export_plugin
from tests.support.diary import TOPIC, fill
from tests.support.world import World, statements

if TYPE_CHECKING:
    from uuid import UUID


pytestmark = pytest.mark.usefixtures("migrated")


@pytest.fixture
async def ms(world: World) -> dict[str, Any]:
    """An entry in the programme ms, and one in another programme that must not leak."""
    ids = await fill(world, "ms")
    await fill(world, "leak", text="Nobody else's business.")
    return ids


def entry(ids: dict[str, Any], words: str = "We etched.") -> dict[str, Any]:
    return {
        "id": str(ids["id"]),
        "programme_id": str(ids["programme_id"]),
        "person_id": str(ids["person_id"]),
        "session_id": str(ids["session_id"]),
        "at": "2026-11-01T10:00:00.000005Z",
        "day": "2026-10-17",
        "text": words,
        "hours": 250,  # as they are kept: hundredths
        "topic_id": str(TOPIC),
        "shared": True,
        "weight": "0.125",
        "picture": "AP8Q",
        "more": {"weather": None, "degrees": 21.5},
    }


async def whole(world: World, programme_id: UUID | None = None) -> Any:
    pieces = [piece async for piece in export_plugin(world.database.read, "diary", programme_id)]
    return json.loads(b"".join(pieces))


async def enable(world: World, ids: dict[str, Any], enabled: bool, revision: int) -> dict[str, Any]:
    path = f"/programmes/{ids['programme_id']}/plugins/diary"
    made: dict[str, Any] = await world.admin.put(path, {"enabled": enabled}, If_Match=f'"{revision}"')
    return made


def moment(told: str) -> str:
    """Write a moment of the API as the export does."""
    day, _, fraction = told.removesuffix("Z").partition(".")
    return f"{day}.{fraction:0<6}Z"


async def test_the_export_of_a_programme_as_a_whole(world: World, ms: dict[str, Any]) -> None:
    made = await enable(world, ms, True, 0)
    path = f"/programmes/{ms['programme_id']}/plugins/diary/export"
    answer = await world.admin.call("GET", path)
    state = {
        "programme_id": str(ms["programme_id"]),
        "plugin": "diary",
        "enabled": True,
        "settings": {},
        "revision": 1,
        "changed_by": world.admin.id,
        "changed_at": moment(made["changedAt"]),
    }
    assert answer.json() == {
        "plugin": "diary",
        "programmeId": str(ms["programme_id"]),
        "revision": "0002",
        "leftOut": ["diary_topic"],
        "tables": {"diary_entry": [entry(ms)], "programme_plugin": [state], "programme_plugin_change": [state]},
    }
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="diary.json"'


async def test_the_export_of_the_installation(world: World, ms: dict[str, Any]) -> None:
    found = await whole(world)
    assert (found["programmeId"], found["leftOut"]) == (None, [])
    assert found["tables"].keys() == {"diary_entry", "diary_topic", "programme_plugin", "programme_plugin_change"}
    assert [row["text"] for row in found["tables"]["diary_entry"]] == ["We etched.", "Nobody else's business."]
    assert found["tables"]["diary_topic"] == [{"id": str(TOPIC), "title": "Etching"}]


@pytest.mark.parametrize("batch", [1, 2, 3, 7, 8])
async def test_many_rows_come_in_batches(
    world: World, ms: dict[str, Any], batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each row once and in order, however they are cut; in the second table the key has two parts."""
    async with world.database.write() as connection:
        await connection.execute(text("CREATE TABLE diary_mark (a INTEGER, b VARCHAR(5), PRIMARY KEY (a, b))"))
        for a in range(2):
            for b in range(4):
                await connection.execute(text(f"INSERT INTO diary_mark VALUES ({a}, 'x{b}')"))
    monkeypatch.setattr(plugin_data, "BATCH", batch)
    found = await whole(world)
    assert [row["text"] for row in found["tables"]["diary_entry"]] == ["We etched.", "Nobody else's business."]
    assert found["tables"]["diary_mark"] == [{"a": a, "b": f"x{b}"} for a in range(2) for b in range(4)]


async def test_it_is_the_same_enabled_disabled_and_uninstalled(world: World, ms: dict[str, Any]) -> None:
    path = f"/programmes/{ms['programme_id']}/plugins/diary/export"
    never = (await world.admin.get(path))["tables"]["diary_entry"]
    await enable(world, ms, True, 0)
    enabled = (await world.admin.get(path))["tables"]["diary_entry"]
    await enable(world, ms, False, 1)
    disabled = await world.admin.get(path)
    world.app.state.hooks.registry.plugins.clear()
    gone = await world.admin.get(path)
    assert never == enabled == disabled["tables"]["diary_entry"] == [entry(ms)]
    assert gone == disabled


async def test_what_nobody_knows_is_not_found(world: World, ms: dict[str, Any]) -> None:
    for path in (
        f"/programmes/{ms['programme_id']}/plugins/nothing/export",
        f"/programmes/{uuid4()}/plugins/diary/export",
    ):
        await world.admin.get(path, 404)
    world.app.state.hooks.registry.plugins.clear()
    async with world.database.write() as connection:
        await connection.execute(text("DROP TABLE diary_entry"))
        await connection.execute(text("DROP TABLE diary_topic"))
        await connection.execute(text("DROP TABLE diary_alembic_version"))
    await world.admin.get(f"/programmes/{ms['programme_id']}/plugins/diary/export", 404)


async def test_names_that_are_the_core_s_show_nothing_of_it(world: World, ms: dict[str, Any]) -> None:
    for name in ("programme", "run", "alembic", "plugin", "outbox"):
        await world.admin.get(f"/programmes/{ms['programme_id']}/plugins/{name}/export", 404)
        pieces = [piece async for piece in export_plugin(world.database.read, name)]
        assert json.loads(b"".join(pieces))["tables"] == {"programme_plugin": [], "programme_plugin_change": []}


async def test_only_those_who_manage_the_programme(world: World, ms: dict[str, Any]) -> None:
    path = f"/programmes/{ms['programme_id']}/plugins/diary/export"
    programmes = {one["key"]: one for one in (await world.admin.get("/programmes"))["items"]}
    manager = await world.person("Manager", "programme_administrator", programmes["ms"])
    stranger = await world.person("Stranger", "programme_administrator", programmes["leak"])
    lecturer = await world.person("Lecturer", "lecturer", programmes["ms"])
    assert (await manager.get(path))["tables"]["diary_entry"] == [entry(ms)]
    assert [(await who.call("GET", path)).status_code for who in (stranger, lecturer)] == [404, 403]


async def test_its_statements(world: World, ms: dict[str, Any]) -> None:
    """Two that look whether it is known and which tables there are, one for each batch; the rest describes tables."""
    path = f"/programmes/{ms['programme_id']}/plugins/diary/export"
    await world.admin.get(path)
    with statements(world.database) as seen:
        await world.admin.get(path)
    reading = [statement for statement in seen if " FROM diary_entry" in statement or " FROM programme" in statement]
    assert len(reading) == 4
    assert len(seen) < 40
