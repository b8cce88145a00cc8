"""`lms plugin` and what `lms migrate` says of plugins: as an operator and an author see them."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from sqlalchemy import insert

from lms_core.cli import main
from lms_core.db import Database
from lms_core.demo.command import _prepare
from lms_core.hooks.registry import load
from lms_core.migrations import head_revision
from lms_core.migrations.plugins import present_revisions
from lms_core.programmes.tables import programme, programme_plugin
from lms_core.types import new_id, now
from tests.support.diary import TOPIC, forget, installed, revise, rows
from tests.support.processes import said

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lms_core.settings import Settings


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with installed(tmp_path / "site", monkeypatch) as folder:
        monkeypatch.chdir(tmp_path)
        yield folder


@pytest.fixture
def environment(database_url: str, surroundings: dict[str, str]) -> dict[str, str]:
    return {**surroundings, "LMS_DATABASE_URL": database_url, "COLUMNS": "160"}


@pytest.fixture
async def database(database_url: str) -> Any:
    made = Database(database_url)
    yield made
    await made.close()


async def lms(environment: dict[str, str], *words: str) -> tuple[int, str, str]:
    return await asyncio.to_thread(said, *words, env=environment)


async def answering(environment: dict[str, str], answer: str, *words: str) -> tuple[int, str]:
    """Run a command in which a person types an answer; return the code and all that she sees."""
    unset = {name: None for name in os.environ if name.startswith("LMS_")}
    result = await asyncio.to_thread(CliRunner().invoke, main, words, input=answer, env={**unset, **environment})
    return result.exit_code, result.output


async def revision(database: Database) -> Any:
    async with database.read() as connection:
        return await connection.run_sync(present_revisions)


def lines(output: str) -> list[list[str]]:
    """Return the cells of a table, by the gaps between them."""
    return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in output.splitlines()]


def uninstall(package: Path) -> None:
    (package.parent / "lms_diary-1.2.0.dist-info" / "entry_points.txt").unlink()


@pytest.mark.usefixtures("package")
async def test_migrate_brings_the_tables_of_plugins_too(environment: dict[str, str]) -> None:
    bucket = environment["LMS_STORE_BUCKET"]
    for before in ("empty", "0002"):
        assert await lms(environment, "migrate") == (
            0,
            f"database: {head_revision()} -> {head_revision()}\nplugin diary: {before} -> 0002\ncontent store: bucket {bucket} is ready\n",
            "",
        )


async def test_migrate_names_the_plugin_that_fails_and_goes_on(
    environment: dict[str, str], package: Path, database: Database
) -> None:
    await lms(environment, "migrate")
    revise(package, "1 / 0")
    assert await lms(environment, "migrate") == (
        1,
        f"database: {head_revision()} -> {head_revision()}\ncontent store: bucket {environment['LMS_STORE_BUCKET']} is ready\n",
        "plugin diary: stays at 0002: ZeroDivisionError: division by zero\n",
    )
    assert await revision(database) == {"diary": "0002"}


@pytest.mark.parametrize("backend", ["sqlite"])
async def test_the_demonstration_starts_without_the_plugin_that_fails(
    app_settings: Settings, package: Path, sqlite_file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    revise(package, "1 / 0")
    assert "administrator" in await _prepare(app_settings, sqlite_file.parent)
    told = [record.getMessage() for record in caplog.records if record.name == "lms.demo"]
    assert told == ["plugin diary is off, its tables stay at empty: ZeroDivisionError: division by zero"]

    demo = {"LMS_DATA_DIR": str(sqlite_file.parent), "COLUMNS": "160"}
    reason = "its tables are not there yet, for its migration failed: ZeroDivisionError: division by zero"
    assert reason in (await lms(demo, "plugin", "list"))[1]
    revise(package, "pass")
    at = head_revision()
    assert await lms(demo, "migrate") == (0, f"database: {at} -> {at}\nplugin diary: empty -> 0003\n", "")
    assert reason not in (await lms(demo, "plugin", "list"))[1]


async def test_list_shows_what_is_there_and_what_is_left(
    environment: dict[str, str], package: Path, database: Database
) -> None:
    others = len(load().plugins) + len(load().failed) - 1

    async def listed() -> list[str]:
        code, output, _ = await lms(environment, "plugin", "list")
        head, *found = lines(output)
        assert (code, len(found) - 1) == (0, others)
        assert head == [
            "name", "version", "requires", "state", "tables", "needed", "programmes",
        ]  # fmt: skip
        [line] = [line for line in found if line[0] == "diary"]
        return line

    unready = "its tables are not there yet: run lms migrate"
    assert await listed() == ["diary", "1.2.0", "lms>=0", unready, "0002", "0"]
    await lms(environment, "migrate")
    await enable(database)
    assert await listed() == ["diary", "1.2.0", "lms>=0", "usable", "0002", "0002", "1"]
    (package / "plugin.py").write_text("raise RuntimeError('broken')")
    forget()
    assert await listed() == ["diary", "1.2.0", "RuntimeError: broken", "0002", "1"]
    uninstall(package)
    assert await listed() == ["diary", "not installed", "0002", "1"]


async def enable(database: Database, *, enabled: bool = True) -> None:
    """Let a programme have the diary, with a topic in its tables."""
    made = {"id": new_id(), "key": "ms", "title": "MS", "degree": "M.Sc.", "language": "en", "revision": 1}
    state = {"plugin": "diary", "enabled": enabled, "settings": {}, "revision": 1, "changed_at": now()}
    async with database.write() as connection:
        await connection.execute(insert(programme), made)
        await connection.execute(insert(programme_plugin), {"programme_id": made["id"], **state})
        topic = import_module("lms_diary.plugin").topic
        await connection.execute(insert(topic), {"id": TOPIC, "title": "Etching"})


async def test_who_answers_no_changes_nothing(environment: dict[str, str], package: Path, database: Database) -> None:
    await lms(environment, "migrate")
    await enable(database, enabled=False)
    before = await rows(database)
    shown = [
        ["table", "rows"],
        ["diary_entry", "0"],
        ["diary_topic", "1"],
        ["programme_plugin", "1"],
        ["diary_alembic_version", "1"],
    ]
    for answer in ("n\n", "\n", ""):
        words = ("plugin", "purge", "diary", "--export", "kept.json")
        code, output = await answering(environment, answer, *words)
        table, asked = output.splitlines()[:5], output.splitlines()[5:]
        assert [line.split() for line in table] == shown
        if answer:  # without any, nobody is there to be asked
            assert asked[0].startswith("Write them into kept.json, and remove them from the database? [y/N]:")
        assert code == 1
    assert (await rows(database), (package.parents[1] / "kept.json").exists()) == (before, False)


async def test_purging_works_when_the_package_is_gone(
    environment: dict[str, str], package: Path, database: Database
) -> None:
    await lms(environment, "migrate")
    await enable(database, enabled=False)
    uninstall(package)
    file = package.parents[1] / f"diary-{now():%Y-%m-%d}.json"
    code, output = await answering(environment, "y\n", "plugin", "purge", "diary")
    assert (code, output.splitlines()[-1]) == (0, f"diary is removed; what was kept of it is in {file.name}")
    assert b'"diary_topic":[\n{"id":"01999999-0000-7000-8000-00000000000a","title":"Etching"}]' in file.read_bytes()
    assert await revision(database) == {}
    told = "Error: Nothing is kept of a plugin diary.\n"
    assert await lms(environment, "plugin", "purge", "diary", "--yes") == (1, "", told)


async def test_what_purge_refuses(environment: dict[str, str], package: Path, database: Database) -> None:
    await lms(environment, "migrate")
    await enable(database)
    before = await rows(database)
    purge = ("plugin", "purge", "diary", "--yes", "--export")
    enabled = "Error: diary is enabled in ms; disable it there first.\n"
    assert await lms(environment, *purge, "new.json") == (1, "", enabled)
    async with database.write() as connection:
        await connection.execute(programme_plugin.update().values(enabled=False))
    before = await rows(database)
    file = package.parents[1] / "there.json"
    file.write_text("precious")
    there = "Error: there.json is there already; name another one with --export.\n"
    assert await lms(environment, *purge, "there.json") == (1, "", there)
    assert (file.read_text(), await rows(database)) == ("precious", before)


async def test_downgrade(environment: dict[str, str], package: Path, database: Database) -> None:
    await lms(environment, "migrate")
    assert await lms(environment, "plugin", "downgrade", "diary", "0001") == (0, "diary: 0002 -> 0001\n", "")
    code, output, errors = await lms(environment, "plugin", "downgrade", "diary", "0009")
    assert (code, output, errors) == (1, "", "Error: Can't locate revision identified by '0009'\n")
    assert await lms(environment, "plugin", "downgrade", "diary", "base") == (0, "diary: 0001 -> empty\n", "")
    uninstall(package)
    code, output, errors = await lms(environment, "plugin", "downgrade", "diary", "base")
    assert (code, output) == (1, "")
    assert errors.startswith("Error: There is no plugin diary; installed are: ")


COLOUR = """
    Column("colour", String(20)),
    Column("loud", Boolean, nullable=False, server_default=false()),
    Column("since", Instant),
    Column("ects", Hundredths),
    Column("more", Json),
    Index("ix_diary_topic_colour", "colour"),
)

entry = Table("""


async def test_an_author_writes_the_next_revision(
    environment: dict[str, str], package: Path, database: Database
) -> None:
    folder = package / "migrations"
    present = sorted(path.name for path in folder.glob("0*.py"))
    assert await lms({}, "plugin", "migration", "diary", "Nothing") == (0, "nothing changed\n", "")
    source = (package / "plugin.py").read_text()
    (package / "plugin.py").write_text(source.replace(")\n\nentry = Table(", COLOUR.removeprefix("\n"), 1))
    forget()
    made = folder / "0003_colours_of_topics.py"
    assert await lms({}, "plugin", "migration", "diary", "Colours of topics.") == (0, f"wrote {made}\n", "")
    assert made.read_text().startswith('"""Colours of topics."""\n\nimport lms_core.api\nimport sqlalchemy as sa\n')
    assert "sa.false()" in made.read_text()
    check = [sys.executable, "-m", "ruff", "format", "--check", "--quiet", str(made)]
    assert (await asyncio.to_thread(subprocess.run, check, check=False)).returncode == 0
    assert sorted(path.name for path in folder.glob("0*.py")) == [*present, made.name]
    assert await lms({}, "plugin", "migration", "diary", "Again") == (0, "nothing changed\n", "")

    code, output, _ = await lms(environment, "migrate")
    assert (code, output.splitlines()[1]) == (0, "plugin diary: empty -> 0003")
    assert (await lms(environment, "plugin", "downgrade", "diary", "0002"))[1] == "diary: 0003 -> 0002\n"
    assert (await lms(environment, "migrate"))[1].splitlines()[1] == "plugin diary: 0002 -> 0003"


async def test_an_author_is_told_what_rows_would_refuse(package: Path) -> None:
    file = package / "plugin.py"
    column = '    Column("colour", String(20), nullable=False),\n'
    file.write_text(file.read_text().replace(")\n\nentry = Table(", f"{column})\n\nentry = Table(", 1))
    forget()
    code, output, errors = await lms({}, "plugin", "migration", "diary", "Colours")
    assert (code, output) == (0, f"wrote {package / 'migrations' / '0003_colours.py'}\n")
    assert errors == (
        "Warning: diary_topic.colour is not nullable and has no server_default, so this revision fails where "
        "diary_topic has rows: give the column one, delete the file and let it be written again\n"
    )


async def test_the_first_revision_makes_its_folder(package: Path) -> None:
    migrations = package / "migrations"
    for file in migrations.glob("*.py"):
        file.unlink()
    migrations.rename(package / "elsewhere")
    code, output, errors = await lms({}, "plugin", "migration", "diary", "All tables")
    assert (code, output, errors) == (0, f"wrote {migrations / '0001_all_tables.py'}\n", "")
    assert (await lms({}, "plugin", "migration", "diary", "More"))[1] == "nothing changed\n"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("nothing", "x"), "There is no plugin nothing; installed are: "),
        (("diary", 'a "quote"'), "Invalid value for MESSAGE: one line of at most 80 characters, without quotes"),
        (("diary", "two\nlines"), "Invalid value for MESSAGE: one line of at most 80 characters, without quotes"),
    ],
)
@pytest.mark.usefixtures("package")
async def test_a_revision_that_cannot_be_written(words: tuple[str, str], told: str) -> None:
    code, output, errors = await lms({}, "plugin", "migration", *words)
    assert (code > 0, output) == (True, "")
    assert told in errors


async def test_a_revision_upon_one_that_fails(package: Path) -> None:
    revise(package, "1 / 0")
    told = (1, "", "Error: ZeroDivisionError: division by zero\n")
    assert await lms({}, "plugin", "migration", "diary", "More") == told
