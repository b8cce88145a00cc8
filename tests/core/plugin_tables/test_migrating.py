"""The tables of a plugin go up and down with nothing else touched, on both databases and with rows in them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import insert, select, text

from lms_core.api import Plugin
from lms_core.db import Database
from lms_core.errors import Conflict
from lms_core.hooks.registry import load
from lms_core.migrations.owners import definitions
from lms_core.migrations.plugins import (
    Migrated,
    downgrade_plugin,
    migrate_plugin,
    migrate_plugins,
    plugin_drift,
    present_revisions,
    unready,
)
from lms_core.people.tables import token
from lms_core.plugin_purge import belongings
from tests.support.diary import AT, LATER, fill, revise, rows, sample
from tests.support.world import statements

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.world import World

COLUMNS_OF_0001 = "id, programme_id, person_id, session_id, at, day, text, hours"


async def defined(database: Database) -> dict[tuple[str, str], str]:
    async with database.read() as connection:
        return await connection.run_sync(definitions)


async def everything(database: Database) -> Any:
    return await defined(database), await rows(database)


async def revision(database: Database) -> Any:
    async with database.read() as connection:
        return await connection.run_sync(present_revisions)


async def refused(database: Database, plugin: Plugin) -> str:
    """Migrate a plugin; nothing may have changed. Return the reason."""
    before = await everything(database)
    with pytest.raises(Conflict) as caught:
        await migrate_plugin(database, plugin)
    assert await everything(database) == before
    return str(caught.value)


async def test_up_down_and_up_again(world: World, diary: Plugin) -> None:
    database = world.database
    empty = await defined(database)
    assert await migrate_plugin(database, diary) == (None, "0002")
    assert await revision(database) == {"diary": "0002"}
    assert await plugin_drift(database, diary) == []
    full = await defined(database)
    await fill(world)
    first = await rows(database)
    assert (len(first["diary_entry"]), len(first["diary_topic"])) == (1, 1)

    assert await downgrade_plugin(database, diary, "0001") == ("0002", "0001")
    async with database.read() as connection:
        old = (await connection.execute(text(f"SELECT {COLUMNS_OF_0001} FROM diary_entry"))).all()
    assert [row.text for row in old] == ["We etched."]
    assert await migrate_plugin(database, diary) == ("0001", "0002")
    second = await rows(database)
    of_the_core = first.keys() - {"diary_entry", "diary_topic"}
    assert {table: second[table] for table in of_the_core} == {table: first[table] for table in of_the_core}
    assert (len(second["diary_entry"]), len(second["diary_topic"])) == (1, 0)
    assert await plugin_drift(database, diary) == []

    assert await downgrade_plugin(database, diary, "base") == ("0002", None)
    assert await revision(database) == {"diary": None}
    assert {key: told for key, told in (await defined(database)).items() if key[0] != "diary_alembic_version"} == empty
    assert await migrate_plugin(database, diary) == (None, "0002")
    if database.is_sqlite:  # where tables keep the words in which they were made
        assert (await defined(database)).keys() == full.keys()
    else:
        assert await defined(database) == full
    assert await migrate_plugin(database, diary) == ("0002", "0002")


async def test_drift_is_found(database: Database, diary: Plugin) -> None:
    await migrate_plugin(database, diary)
    async with database.write() as connection:
        await connection.execute(text("ALTER TABLE diary_topic ADD COLUMN colour VARCHAR(20)"))
        await connection.execute(text("ALTER TABLE person ADD COLUMN colour VARCHAR(20)"))  # none of its business
        await connection.execute(text("DROP INDEX ix_diary_entry_day"))
    found = [item[0] for item in await plugin_drift(database, diary)]
    assert sorted(found) == ["add_index", "remove_column"]


async def test_what_fails_half_way_leaves_everything_as_it_was(world: World, diary: Plugin, package: Path) -> None:
    await migrate_plugin(world.database, diary)
    await fill(world)
    revise(
        package,
        "op.create_table('diary_new', sa.Column('id', sa.Integer, primary_key=True)); "
        "op.execute(\"UPDATE diary_entry SET text = 'lost'\"); op.execute('DELETE FROM diary_topic'); "
        "op.add_column('diary_topic', sa.Column('colour', sa.String(20))); 1 / 0",
    )
    assert await refused(world.database, diary) == "ZeroDivisionError: division by zero"
    revise(package, "op.execute('DELETE FROM diary_entry'); op.execute('INSERT INTO nowhere VALUES (1)')")
    assert "nowhere" in await refused(world.database, diary)
    revise(package, "raise SystemExit('usage: alembic')")
    assert await refused(world.database, diary) == "SystemExit: usage: alembic"


OWN_ONLY = (
    "; a plugin creates, alters and drops only tables whose names begin with diary_, and makes no views, types or "
    "functions"
)


@pytest.mark.parametrize(
    ("change", "told", "on_postgresql"),
    [
        (
            "op.create_table('stranger', sa.Column('id', sa.Integer, primary_key=True))",
            "stranger",
            "stranger, stranger_id_seq",
        ),
        (
            "op.create_table('diaries', sa.Column('id', sa.Integer, primary_key=True))",
            "diaries",
            "diaries, diaries_id_seq",
        ),
        ("op.add_column('person', sa.Column('diary', sa.String(20)))", "person", "person.diary"),
        ("op.create_index('ix_person_diary', 'person', ['name'])", "person.ix_person_diary", ""),
        ("op.drop_index('ix_run_enrolment_turn', 'run_enrolment')", "run_enrolment.ix_run_enrolment_turn", ""),
        ("op.drop_table('calendar_feed')", "calendar_feed", ""),
        ("op.drop_table('alembic_version')", "alembic_version", ""),
        ("op.add_column('weeks_week', sa.Column('diary', sa.String(20)))", "weeks_week", "weeks_week.diary"),
        ("op.drop_table('weeks_alembic_version')", "weeks_alembic_version", ""),
        ("op.drop_table('diary_club_member')", "diary_club_member", ""),
        (
            "op.create_table('diary_x_alembic_version', sa.Column('version_num', sa.String(32)))",
            "diary_x_alembic_version",
            "",
        ),
        ("op.execute('CREATE VIEW diary_view AS SELECT name FROM person')", "diary_view", ""),
    ],
)
async def test_a_migration_that_touches_what_is_not_its_own_is_undone(
    change: str, told: str, on_postgresql: str, database: Database, diary: Plugin, package: Path
) -> None:
    await migrate_plugin(database, diary)
    async with database.write() as connection:
        for other, table in (("weeks", "weeks_week"), ("diary_club", "diary_club_member")):
            await connection.execute(text(f"CREATE TABLE {table} (id INTEGER PRIMARY KEY)"))
            await connection.execute(text(f"CREATE TABLE {other}_alembic_version (version_num VARCHAR(32))"))
    revise(package, change)
    reason = await refused(database, diary)
    what = told if database.is_sqlite else on_postgresql or told
    assert reason == f"its migration changes what is not its own: {what}{OWN_ONLY}"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            "op.create_table('diary_new', sa.Column('id', sa.Integer))",
            "its migration leaves diary_new without a primary key",
        ),
        (
            "op.create_table('diary_new', sa.Column('id', sa.Uuid, sa.ForeignKey('person.id'), primary_key=True))",
            "by its migration diary_new.id refers to person: give it ondelete CASCADE or SET NULL, or its rows could "
            "not be deleted there",
        ),
        (
            "op.create_table('diary_new', sa.Column('id', sa.Uuid, sa.ForeignKey('person.id', ondelete='SET NULL'), "
            "primary_key=True))",
            "by its migration diary_new.id refers to person with ondelete SET NULL: let the column be NULL, or choose "
            "CASCADE",
        ),
        (
            "op.create_table('diary_new', sa.Column('id', sa.String(64), sa.ForeignKey('token.hash', ondelete='CASCADE'), "
            "primary_key=True))",
            "by its migration diary_new.id refers to token; a plugin may refer to its own tables and to media, module, "
            "organisation, person, programme, regulation, run, session, term",
        ),
        (
            "op.get_bind().commit()",
            "a migration must not commit by itself, for it is undone as a whole when it fails",
        ),
    ],
)
async def test_a_migration_that_would_block_others_is_undone(
    change: str, told: str, database: Database, diary: Plugin, package: Path
) -> None:
    await migrate_plugin(database, diary)
    revise(package, change)
    assert await refused(database, diary) == told


@pytest.mark.parametrize("backend", ["sqlite"])
async def test_rows_without_their_parent_are_no_result(world: World, diary: Plugin, package: Path) -> None:
    """Foreign keys are off while SQLite migrates; PostgreSQL would have refused or followed them at once."""
    await migrate_plugin(world.database, diary)
    await fill(world)
    revise(package, "op.execute('DELETE FROM diary_topic')")
    told = "This would leave rows without what they refer to, in diary_entry (of diary_topic)."
    assert await refused(world.database, diary) == told


async def test_tables_of_somebody_else_stand_in_the_way(database: Database, diary: Plugin) -> None:
    async with database.write() as connection:
        await connection.execute(text("CREATE TABLE diary_found (id INTEGER PRIMARY KEY)"))
        await connection.execute(text("CREATE TABLE diary_club_member (id INTEGER PRIMARY KEY)"))
        await connection.execute(text("CREATE TABLE diary_club_alembic_version (version_num VARCHAR(32))"))
    told = "the database has tables of somebody else that begin with diary_: diary_found"
    assert await refused(database, diary) == told
    async with database.write() as connection:
        await connection.execute(text("DROP TABLE diary_found"))
    assert await migrate_plugin(database, diary) == (None, "0002")


async def test_several_at_once_all_succeed(database_url: str, diary: Plugin) -> None:
    databases = [Database(database_url) for _ in range(3)]
    moved = await asyncio.gather(*(migrate_plugin(database, diary) for database in databases))
    assert sorted(moved, key=str) == [("0002", "0002"), ("0002", "0002"), (None, "0002")]
    for database in databases:
        await database.close()


async def test_an_older_package_is_refused(database: Database, diary: Plugin) -> None:
    await migrate_plugin(database, diary)
    async with database.write() as connection:
        await connection.execute(text("UPDATE diary_alembic_version SET version_num = '0007'"))
    told = "its tables are at 0007, which the installed release does not know: install a newer one"
    assert await refused(database, diary) == told
    with pytest.raises(Conflict, match=told):
        await downgrade_plugin(database, diary, "0001")
    assert await unready(database, load([diary])) == {"diary": told}


async def test_a_revision_that_there_is_not(database: Database, diary: Plugin) -> None:
    await migrate_plugin(database, diary)
    before = await everything(database)
    for wrong in ("0009", "", "x y"):
        with pytest.raises(Conflict):
            await downgrade_plugin(database, diary, wrong)
    assert await everything(database) == before


class Plain(Plugin):
    """A plugin without tables."""

    name = "plain"


async def test_a_plugin_is_ready_when_its_tables_are_what_it_needs(database: Database, package: Path) -> None:
    registry = load([Plain(), sample()])
    missing = {"diary": "its tables are not there yet: run lms migrate"}
    assert await unready(database, registry) == missing
    await migrate_plugin(database, sample())
    with statements(database) as seen:
        assert await unready(database, registry) == {}
    assert len(seen) == 3
    await downgrade_plugin(database, sample(), "0001")
    assert await unready(database, registry) == {"diary": "its tables are at 0001, needed is 0002: run lms migrate"}
    await downgrade_plugin(database, sample(), "base")
    assert await unready(database, registry) == missing

    revise(package, "this is no Python")
    told = await unready(database, load([sample()]))
    assert told["diary"].startswith("its migrations cannot be read: SyntaxError: ")
    for file in (package / "migrations").glob("*.py"):
        file.unlink()
    first = {"diary": "it has tables but no revision yet: lms plugin migration diary makes the first"}
    assert await unready(database, load([sample()])) == first
    (package / "migrations").rename(package / "elsewhere")
    gone = {"diary": "the folder of its migrations is missing in its package: lms_diary:migrations"}
    assert await unready(database, load([sample()])) == gone


async def test_nothing_is_asked_for_plugins_without_tables(database: Database) -> None:
    with statements(database) as seen:
        assert await unready(database, load([Plain()])) == {}
    assert seen == []


async def test_one_that_fails_stops_no_other(database: Database, package: Path) -> None:
    broken: Any = type("Broken", (type(sample()),), {"name": "broken", "migrations": "lms_nowhere:migrations"})()
    registry = load([Plain(), sample()])
    registry.plugins = {"broken": broken, **registry.plugins}
    reason = "its migrations should be in lms_nowhere:migrations, but there is no package lms_nowhere"
    assert await migrate_plugins(database, registry) == [
        Migrated("broken", None, None, reason),
        Migrated("diary", None, "0002"),
    ]


async def test_why_one_failed_is_known_until_it_succeeds(database: Database, package: Path) -> None:
    registry, at_0002 = load([sample()]), "its tables are at 0002, needed is 0003"
    await migrate_plugins(database, registry)
    revise(package, "1 / 0")
    sees_it = load([sample()])
    assert await unready(database, sees_it) == {"diary": f"{at_0002}: run lms migrate"}
    for _ in range(2):
        await migrate_plugins(database, sees_it)
        reason = f"{at_0002}, for its migration failed: ZeroDivisionError: division by zero"
        assert await unready(database, sees_it) == {"diary": reason}
    assert list(await belongings_of_the_host(database)) == ["plugin_failure"]

    later = package / "migrations" / "0003_later.py"
    later.rename(later.with_name("0004_mended.py"))  # another release has another revision
    later.with_name("0004_mended.py").write_text(LATER.format(upgrade="pass", downgrade="pass").replace("0003", "0004"))
    mended = load([sample()])
    assert await unready(database, mended) == {"diary": "its tables are at 0002, needed is 0004: run lms migrate"}
    assert await migrate_plugins(database, mended) == [Migrated("diary", "0002", "0004")]
    assert await unready(database, mended) == {}
    assert await belongings_of_the_host(database) == {}


async def belongings_of_the_host(database: Database) -> dict[str, int]:
    """Count the host's own rows about the diary, which a purge removes."""
    async with database.read() as connection:
        found = await belongings(connection, "diary")
    return {table: count for table, count in found.items() if not table.startswith("diary_")}


async def test_a_migration_may_fill_what_it_makes(world: World, diary: Plugin, package: Path) -> None:
    await migrate_plugin(world.database, diary)
    ids = await fill(world)
    revise(
        package,
        "op.create_table('diary_count', sa.Column('person_id', sa.Uuid, sa.ForeignKey('person.id', "
        "ondelete='CASCADE'), primary_key=True), sa.Column('entries', sa.Integer)); "
        "op.execute('INSERT INTO diary_count SELECT person_id, count(*) FROM diary_entry GROUP BY person_id')",
        "op.drop_table('diary_count')",
    )
    assert await migrate_plugin(world.database, diary) == ("0002", "0003")
    assert (await rows(world.database))["diary_count"] in (
        [repr((ids["person_id"], 1))],
        [repr((ids["person_id"].hex, 1))],
    )
    assert await downgrade_plugin(world.database, diary, "0002") == ("0003", "0002")


async def test_a_rebuilt_table_keeps_what_refers_to_it(world: World, diary: Plugin, package: Path) -> None:
    """SQLite alters a table by making another one and dropping the first."""
    await migrate_plugin(world.database, diary)
    await fill(world)
    before = (await rows(world.database))["diary_entry"]
    revise(
        package,
        "with op.batch_alter_table('diary_topic', recreate='always' if op.get_bind().dialect.name == 'sqlite' else "
        "'never') as table: table.add_column(sa.Column('colour', sa.String(20)))",
    )
    assert await migrate_plugin(world.database, diary) == ("0002", "0003")
    assert (await rows(world.database))["diary_entry"] == before


async def test_somebody_writes_while_it_migrates(world: World, diary: Plugin) -> None:
    """Whoever writes meanwhile waits or goes on; nothing is lost and nobody is refused."""

    async def write(number: int) -> None:
        values = {"hash": f"{number}", "person_id": world.admin.person.id, "created_at": AT, "expires_at": AT}
        async with world.database.write() as connection:
            await connection.execute(insert(token), values)

    await asyncio.gather(migrate_plugin(world.database, diary), *(write(number) for number in range(20)))
    async with world.database.read() as connection:
        assert len((await connection.execute(select(token))).all()) == 21
