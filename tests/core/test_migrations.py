"""Migrations, on both databases: there and back, all or nothing, and by one at a time."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, Connection, MetaData, String, inspect, select, text

from lms_core import migrations
from lms_core.db import Database, metadata
from lms_core.errors import Conflict
from lms_core.people.actions import list_roles
from lms_core.people.tables import role
from lms_core.permissions import ROLES


@pytest.fixture
async def database(empty_database_url: str) -> Any:
    made = Database(empty_database_url)
    yield made
    await made.close()


async def tables(database: Database) -> set[str]:
    def names(connection: Connection) -> set[str]:
        return set(inspect(connection).get_table_names())

    async with database.read() as connection:
        return await connection.run_sync(names)


async def roles(database: Database) -> dict[str, tuple[str, list[str]]]:
    async with database.read() as connection:
        return {found.name: (found.title, found.permissions) for found in await list_roles(connection)}


async def test_up_down_and_up_again(database: Database) -> None:
    expected = {name: (title, sorted(permissions)) for name, (title, permissions) in ROLES.items()}
    everything = {*metadata.tables, "alembic_version"}

    assert await migrations.migrate(database) == (None, migrations.head_revision())
    assert await tables(database) == everything
    assert await roles(database) == expected

    await migrations.downgrade(database, "base")
    assert await migrations.current_revision(database) is None
    assert await tables(database) == {"alembic_version"}

    assert await migrations.migrate(database) == (None, migrations.head_revision())
    assert await tables(database) == everything
    assert await roles(database) == expected


async def test_the_tables_are_those_that_the_code_declares(database: Database) -> None:
    await migrations.migrate(database)
    assert await migrations.drift(database) == []
    async with database.write() as connection:
        await connection.execute(text("ALTER TABLE person ADD COLUMN nickname VARCHAR(20)"))
    ((kind, _, table, column),) = await migrations.drift(database)
    assert (kind, table, column.name) == ("remove_column", "person", "nickname")


@pytest.mark.parametrize("default", ["", "x", "it's"])
async def test_a_default_is_compared_as_it_was_declared(
    default: str, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    declared = MetaData(naming_convention=metadata.naming_convention)
    for table in metadata.sorted_tables:
        table.to_metadata(declared)
    declared.tables["person"].append_column(Column("nickname", String(20), server_default=default))
    await migrations.migrate(database)
    monkeypatch.setattr(migrations, "metadata", declared)
    literal = default.replace("'", "''")
    async with database.write() as connection:
        await connection.execute(text(f"ALTER TABLE person ADD COLUMN nickname VARCHAR(20) DEFAULT '{literal}'"))
    assert await migrations.drift(database) == []
    async with database.write() as connection:
        await connection.execute(text("ALTER TABLE person DROP COLUMN nickname"))
        await connection.execute(text("ALTER TABLE person ADD COLUMN nickname VARCHAR(20) DEFAULT 'other'"))
    [[change]] = await migrations.drift(database)
    assert change[0] == "modify_default"


async def test_several_at_once_all_succeed(empty_database_url: str) -> None:
    databases = [Database(empty_database_url) for _ in range(3)]
    head = migrations.head_revision()
    moved = await asyncio.gather(*(migrations.migrate(database) for database in databases))
    assert sorted(moved, key=str) == [(head, head), (head, head), (None, head)]
    assert set(await roles(databases[0])) == set(ROLES)
    for database in databases:
        await database.close()


async def test_who_comes_while_somebody_writes_into_a_new_file_waits(tmp_path: Path) -> None:
    """SQLite refuses to log ahead then, and does not wait by itself."""
    file = tmp_path / "new.sqlite3"
    with closing(sqlite3.connect(file, isolation_level=None)) as first:
        first.execute("BEGIN IMMEDIATE")
        databases = [Database(f"sqlite:///{file}") for _ in range(2)]
        both = asyncio.gather(migrations.migrate(databases[0]), tables(databases[1]))
        await asyncio.sleep(0.2)
        assert not both.done()
        first.execute("COMMIT")
    assert await both == [(None, migrations.head_revision()), set()]
    for database in databases:
        await database.close()


async def test_what_an_administrator_changed_stays(database: Database) -> None:
    await migrations.migrate(database)
    async with database.write() as connection:
        await connection.execute(role.update().where(role.c.name == "examiner").values(title="Prüferin"))
    head = migrations.head_revision()
    assert await migrations.migrate(database) == (head, head)
    async with database.read() as connection:
        assert await connection.scalar(select(role.c.title).where(role.c.name == "examiner")) == "Prüferin"


async def test_a_migration_that_fails_leaves_nothing_behind(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_connection: object) -> None:
        raise RuntimeError("the power went out")

    monkeypatch.setattr(migrations, "seed_roles", fail)
    with pytest.raises(RuntimeError, match="the power went out"):
        await migrations.migrate(database)
    assert await tables(database) == set()


async def test_a_database_of_a_newer_release_is_left_alone(database: Database) -> None:
    await migrations.migrate(database)
    async with database.write() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Conflict) as refused:
        await migrations.migrate(database)
    assert str(refused.value) == "The database is at 9999, which this release does not know: install a newer one."


@pytest.mark.parametrize("backend", ["sqlite"])
async def test_a_new_sqlite_file_logs_its_writes_ahead(database: Database, empty_database_url: str) -> None:
    await migrations.migrate(database)
    await database.close()
    header = await asyncio.to_thread(Path(empty_database_url.removeprefix("sqlite:///")).read_bytes)
    assert header[18:20] == b"\x02\x02"  # the file's own mark: write and read by WAL
