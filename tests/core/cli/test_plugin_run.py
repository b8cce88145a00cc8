"""`lms run PLUGIN COMMAND`: the commands of a plugin, for a programme that has enabled it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import click
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import func, insert, select

from lms_core.cli import main
from lms_core.commands import plugin_run
from lms_core.db import Database
from lms_core.hooks.plugin import Plugin
from lms_core.hooks.registry import Registry, load
from lms_core.people.tables import person
from lms_core.programmes import plugins
from lms_core.programmes.plugin_types import PluginChange
from lms_core.programmes.tables import programme
from lms_core.types import new_id, now
from tests.support.board import Board

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    Lms = Callable[..., Result]


@pytest.fixture
def programmes(database_url: str) -> dict[str, UUID]:
    """Two programmes; the board is enabled in the first one."""
    ids = {"on": new_id(), "off": new_id()}
    actor = new_id()

    async def work() -> None:
        database = Database(database_url)
        async with database.write() as connection:
            who = {"id": actor, "email": "a@example.org", "name": "A", "active": True, "revision": 1}
            await connection.execute(insert(person), {**who, "created_at": now()})
            for key, made in ids.items():
                row = {"id": made, "key": key, "title": key, "degree": "M.Sc.", "language": "en", "revision": 1}
                await connection.execute(insert(programme), row)
            change = PluginChange(enabled=True, settings={"prefix": "since "})
            await plugins.change_state(connection, load([Board()]), {}, ids["on"], "board", change, 0, actor)
        await database.close()

    asyncio.run(work())
    return ids


@pytest.fixture
def lms(database_url: str, surroundings: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Lms:
    registry: Registry = load([Board()])
    registry.failed["torn"] = "ImportError: no module named scissors"
    monkeypatch.setattr(plugin_run, "load", lambda: registry)
    environment: dict[str, Any] = {**surroundings, "LMS_DATABASE_URL": database_url}

    def run(*words: str) -> Result:
        return CliRunner().invoke(main, ["run", *words], env=environment)

    return run


def test_a_command_runs_with_the_context_of_its_programme(lms: Lms, programmes: dict[str, UUID]) -> None:
    done = lms("board", "audit", "--programme", "on", "--year", "2027")
    assert (done.exit_code, done.output) == (0, f"since 2027: {programmes['on']}\n")


@pytest.mark.usefixtures("programmes")
@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("board", "audit", "--programme", "off"), 1, "The plugin board is not enabled in the programme 'off'."),
        (("board", "audit", "--programme", "x"), 1, "There is no programme with the key 'x'."),
        (("board", "audit"), 2, "Missing option '--programme'."),
        (("torn", "audit"), 1, "the plugin torn cannot be used: ImportError: no module named scissors"),
        (("nobody", "audit"), 2, "No such command 'nobody'."),
        (("board", "dance"), 2, "No such command 'dance'."),
    ],
)
def test_what_cannot_run_says_why(lms: Lms, words: tuple[str, ...], code: int, told: str) -> None:
    done = lms(*words)
    assert (done.exit_code, done.output.strip().splitlines()[-1]) == (code, f"Error: {told}")


def test_the_list_names_what_has_commands(lms: Lms) -> None:
    done = lms("--help")
    assert "board  Commands of the plugin board." in done.output
    assert "Count the notices." in lms("board", "--help").output


@click.command()
@click.option("--at-least", type=int, required=True)
async def count(database: Database, at_least: int) -> int:
    """Count the programmes of the installation."""
    async with database.write() as connection:
        many = await connection.scalar(select(func.count()).select_from(programme))
    click.echo(f"{many} programmes")
    return 0 if many >= at_least else 3


class Weaver(Plugin):
    """Has tools for no programme."""

    name = "loom_weaver"
    tools = (
        click.Command("weave", params=[click.Argument(["thread"])], callback=lambda thread: click.echo(f"<{thread}>")),
        count,
    )


@pytest.mark.usefixtures("programmes")
def test_a_tool_is_given_the_database_of_the_installation(
    database_url: str, surroundings: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    registry: Registry = load([Weaver()])
    monkeypatch.setattr(plugin_run, "load", lambda: registry)
    environment: dict[str, Any] = {**surroundings, "LMS_DATABASE_URL": database_url}

    def counted(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(main, ["loom-weaver", "count", *words], env=environment)
        return done.exit_code, done.output.splitlines()[-1]

    assert counted("--at-least", "2") == (0, "2 programmes")
    assert counted("--at-least", "3") == (3, "2 programmes")
    assert counted() == (2, "Error: Missing option '--at-least'.")


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("loom-weaver", "weave", "silk"), 0, "<silk>"),
        (("loom-weaver", "--help"), 0, "Tools of the plugin loom_weaver."),
        (("--help",), 0, "  loom-weaver  Tools of the plugin loom_weaver."),
        (("board", "audit"), 2, "No such command 'board'."),
        (("torn", "weave"), 1, "the plugin torn cannot be used: ImportError"),
        (("media", "--help"), 0, "Look after the files"),
    ],
)
def test_tools_of_a_plugin_stand_beside_the_commands_of_the_core(
    monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], code: int, told: str
) -> None:
    registry: Registry = load([Board(), Weaver()])
    registry.failed["torn"] = "ImportError: no module named scissors"
    monkeypatch.setattr(plugin_run, "load", lambda: registry)
    done = CliRunner().invoke(main, words)
    assert (done.exit_code, told in done.output) == (code, True), done.output
