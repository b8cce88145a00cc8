"""A plugin that is gone leaves tables with rows behind; the core goes on as if they were not there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import delete, text

from lms_core import migrations
from lms_core.errors import Conflict
from lms_core.modules.tables import session
from lms_core.people.tables import person
from lms_core.programmes.tables import programme
from tests.support.diary import fill, rows

if TYPE_CHECKING:
    from lms_core.db import Database
    from tests.support.world import World


pytestmark = pytest.mark.usefixtures("migrated")


@pytest.fixture
async def ids(world: World) -> dict[str, Any]:
    """Entries in two diaries, made while the plugin was there; what is asked of each test needs no plugin."""
    found = await fill(world)
    await fill(world, "other")
    return found


def of_the_diary(found: dict[str, list[Any]]) -> dict[str, list[Any]]:
    return {name: kept for name, kept in found.items() if name.startswith("diary_")}


async def test_the_core_goes_down_and_up(world: World, ids: dict[str, Any]) -> None:
    before = of_the_diary(await rows(world.database))
    assert sorted(len(kept) for kept in before.values()) == [1, 1, 2]
    await migrations.downgrade(world.database, "0001")
    await world.database.close()  # connections remember statements about tables as they were
    assert of_the_diary(await rows(world.database)) == before
    assert await migrations.migrate(world.database) == ("0001", migrations.head_revision())
    await world.database.close()
    assert of_the_diary(await rows(world.database)) == before
    assert await migrations.drift(world.database) == []


async def test_the_core_does_not_remove_what_they_refer_to(world: World, ids: dict[str, Any]) -> None:
    before = await rows(world.database)
    with pytest.raises(Conflict) as refused:
        await migrations.downgrade(world.database, "base")
    told = "Plugins have tables here, so nothing is removed: first lms plugin purge diary."
    assert (str(refused.value), await rows(world.database)) == (told, before)


async def test_the_core_finds_strangers_but_not_them(world: World, ids: dict[str, Any]) -> None:
    async with world.database.write() as connection:
        await connection.execute(text("CREATE TABLE diaries (id INTEGER PRIMARY KEY)"))
        await connection.execute(text("CREATE TABLE weeks_week (id INTEGER PRIMARY KEY)"))
    found = await migrations.drift(world.database)
    assert sorted((kind, table.name) for kind, table in found) == [
        ("remove_table", "diaries"),
        ("remove_table", "weeks_week"),  # of a plugin that was never here
    ]


async def entries(database: Database) -> set[tuple[Any, ...]]:
    """Return text and session of each entry."""
    async with database.read() as connection:
        found = await connection.execute(text("SELECT text, session_id IS NULL AS unplanned FROM diary_entry"))
        return {(row.text, bool(row.unplanned)) for row in found}


async def test_a_person_is_deleted_with_her_entries(world: World, ids: dict[str, Any]) -> None:
    await fill_more(world, ids)
    async with world.database.write() as connection:
        await connection.execute(delete(person).where(person.c.id == ids["person_id"]))
    assert await entries(world.database) == {("We etched.", False), ("Of another.", False)}


async def test_a_session_is_deleted_and_the_entries_stay(world: World, ids: dict[str, Any]) -> None:
    async with world.database.write() as connection:
        await connection.execute(delete(session).where(session.c.id == ids["session_id"]))
    assert await entries(world.database) == {("We etched.", True), ("We etched.", False)}


async def test_a_programme_is_deleted_with_its_entries(world: World, ids: dict[str, Any]) -> None:
    """One without modules, for the core itself keeps the others."""
    await fill_more(world, ids)
    bare = await world.admin.post("/programmes", {"key": "bare", "title": "Bare", "degree": "M.Sc."})
    literal = bare["id"] if not world.database.is_sqlite else bare["id"].replace("-", "")
    async with world.database.write() as connection:
        await connection.execute(
            text(f"UPDATE diary_entry SET programme_id = '{literal}', text = 'Gone.' WHERE text = 'Of another.'")
        )
        await connection.execute(delete(programme).where(programme.c.key == "bare"))
    assert await entries(world.database) == {("We etched.", False)}


async def fill_more(world: World, ids: dict[str, Any]) -> None:
    """Let another person write an entry too."""
    await fill(world, "third", text="Of another.")
