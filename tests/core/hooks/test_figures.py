"""What is counted of the plugins is kept, summed over processes, and shown to those who look after them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import select, update

from lms_core.api import Context, Objection, Plugin
from lms_core.db import Database
from lms_core.hooks.figures import Figures
from lms_core.hooks.tables import plugin_call
from lms_core.plugin_health import HookHealth, read_figures
from lms_core.types import now
from tests.support.dispatching import REQUEST, Checks
from tests.support.world import statements

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from lms_core.hooks.dispatch import Dispatcher
    from tests.support.world import World

ONE, OTHER = sorted([uuid4(), uuid4()])
HOOK = "check_enrolment"


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    made = Database(database_url)
    yield made
    await made.close()


def process(*calls: tuple[UUID, float, str | None]) -> Figures:
    """Count as a process that has made these calls: programme, seconds, and what went wrong."""
    made = Figures()
    for programme_id, seconds, error in calls:
        figure = made.of("window", HOOK, programme_id)
        figure.called(seconds)
        if error:
            figure.failed(ValueError(error))
            figure.circuit.fail()
    return made


def health(programme_id: UUID, **more: Any) -> HookHealth:
    nothing = {
        "calls": 0, "failures": 0, "total": 0, "mean": 0, "longest": 0, "blocked": 0, "longest_block": 0,
        "abandoned": 0, "leaked": 0, "circuit": "closed", "last_error": None, "last_error_at": None,
    }  # fmt: skip
    return HookHealth("window", HOOK, programme_id, **{**nothing, **more})


async def test_processes_are_summed_and_nothing_counts_twice(database: Database) -> None:
    first = process((ONE, 0.001, "early"), (ONE, 0.003, None), (OTHER, 0.5, None))
    second = process(*[(ONE, 0.002, "later")] * 6)
    mine = second.of("window", HOOK, ONE)
    mine.held_up(0.07)
    mine.abandoned, mine.leaked = 1, 2
    early, later = (figures.of("window", HOOK, ONE).last_error_at for figures in (first, second))
    await first.flush(database)
    await second.flush(database)
    first.of("window", HOOK, ONE).called(0.004)  # not written yet

    expected = [
        health(
            ONE, calls=9, failures=7, total=20_000, mean=2222, longest=4_000, blocked=1, longest_block=70_000,
            abandoned=1, leaked=2, circuit="open", last_error="ValueError: later", last_error_at=later,
        ),
        health(OTHER, calls=1, total=500_000, mean=500_000, longest=500_000),
    ]  # fmt: skip
    assert early
    assert later
    assert early < later
    assert await read_figures(database, first) == expected
    await first.flush(database)
    assert [await read_figures(database, reader) for reader in (first, second, Figures())] == [expected] * 3
    assert await read_figures(database, first, OTHER) == expected[1:]


async def test_an_open_circuit_of_a_process_that_is_silent_keeps_nobody_waiting(database: Database) -> None:
    gone = process(*[(ONE, 0.002, "no answer")] * 5)
    await gone.flush(database)
    [there] = await read_figures(database, Figures())
    async with database.write() as connection:
        await connection.execute(update(plugin_call).values(updated_at=now() - timedelta(minutes=2)))
    [silent] = await read_figures(database, Figures())
    assert (there.circuit, silent.circuit, silent.failures) == ("open", "closed", 5)


async def test_only_what_changed_is_written_and_what_is_old_is_forgotten(database: Database) -> None:
    old, new = process((ONE, 0.1, None)), process((ONE, 0.1, None), (OTHER, 0.1, None))
    await old.flush(database)
    async with database.write() as connection:
        await connection.execute(update(plugin_call).values(updated_at=now() - timedelta(days=8)))

    written = []
    for _ in range(3):
        with statements(database, figures=True) as seen:
            await new.flush(database)
        written.append([statement.partition(" ")[0] for statement in seen])
        if len(written) == 1:
            new.of("window", HOOK, ONE).called(0.2)

    assert written == [["INSERT", "DELETE"], ["INSERT"], []]
    async with database.read() as connection:
        rows = await connection.execute(select(plugin_call.c.process, plugin_call.c.programme_id, plugin_call.c.calls))
        assert sorted(map(tuple, rows), key=str) == sorted([(new.process, ONE, 2), (new.process, OTHER, 1)], key=str)


async def test_what_cannot_be_written_now_is_written_later(empty_database_url: str, database: Database) -> None:
    figures = process((ONE, 0.1, None))
    empty = Database(empty_database_url)
    await figures.flush(empty)  # there is no table
    await empty.close()
    await figures.flush(database)
    assert await read_figures(database, Figures()) == [
        health(ONE, calls=1, total=100_000, mean=100_000, longest=100_000)
    ]


async def test_what_errors_say_can_be_kept_whatever_it_is(database: Database) -> None:
    figures = process((ONE, 0.1, "a\0b\ud800" + "x" * 1_000))
    await figures.flush(database)
    [one] = await read_figures(database, Figures())
    assert one.last_error == "ValueError: ab?" + "x" * 285


# as an administrator sees it


async def agrees_or_not(context: Context, _asked: Any) -> list[Objection]:
    if context.programme_id != REQUEST.programme_id:
        raise ValueError("not here")
    return []


class Idle(Plugin):
    """Nobody calls it."""

    name = "idle"


@pytest.fixture
def plugins() -> list[Any]:
    return [Checks("window", agrees_or_not), Idle()]


async def called(world: World, key: str) -> dict[str, Any]:
    """Make a programme in which the check was called and failed."""
    programme = await world.programme(key)
    path = f"/programmes/{programme['id']}/plugins/window"
    await world.admin.put(path, {"enabled": True, "settings": {}}, If_Match='"0"')
    hooks: Dispatcher = world.app.state.hooks
    await hooks.shape(HOOK, UUID(programme["id"]), REQUEST)
    return programme


async def test_health_shows_every_plugin_and_each_programme_its_own(world: World) -> None:
    one, other = await called(world, "ms"), await called(world, "other")
    manager = await world.person("Mona", "programme_administrator", one)

    with statements(world.database) as seen:
        everything = await world.admin.get("/plugins/health")
    own = await manager.get(f"/programmes/{one['id']}/plugins-health")

    assert len([statement for statement in seen if "plugin_call" in statement]) == 2
    idle, window = everything["items"]
    assert idle == {"name": "idle", "state": "usable", "reason": None, "hooks": []}
    assert {row["programmeId"] for row in window["hooks"]} == {one["id"], other["id"]}
    [row] = [row for row in window["hooks"] if row["programmeId"] == one["id"]]
    assert own == {"items": [{"name": "window", "state": "usable", "reason": None, "hooks": [row]}]}
    assert row.pop("lastErrorAt") is not None
    assert row.pop("total") == row.pop("mean") == row.pop("longest") > 0
    assert row == {
        "plugin": "window", "hook": HOOK, "programmeId": one["id"], "calls": 1, "failures": 1, "blocked": 0,
        "longestBlock": 0, "abandoned": 0, "leaked": 0, "circuit": "closed", "lastError": "ValueError: not here",
    }  # fmt: skip
    await manager.get("/plugins/health", 403)
    await manager.get("/metrics", 403)
    await manager.get(f"/programmes/{other['id']}/plugins-health", 404)


async def test_prometheus_reads_the_same_figures(world: World) -> None:
    one = await called(world, "ms")
    response = await world.admin.call("GET", "/metrics")
    assert response.headers["content-type"].startswith("text/plain; version=")
    samples = {
        sample.name: sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
        if sample.labels == {"plugin": "window", "hook": HOOK, "programme": one["id"]}
    }
    assert samples.pop("lms_plugin_seconds_total") > 0
    assert samples == {
        "lms_plugin_calls_total": 1, "lms_plugin_failures_total": 1, "lms_plugin_blocked_total": 0,
        "lms_plugin_abandoned_total": 0, "lms_plugin_leaked_total": 0, "lms_plugin_circuit": 0,
    }  # fmt: skip


async def test_a_plugin_that_is_gone_or_failed_is_shown_with_the_reason(world: World) -> None:
    hooks: Dispatcher = world.app.state.hooks
    await called(world, "ms")
    hooks.registry.failed["broken"] = "ImportError: no such university"
    gone = hooks.registry.plugins.pop("window")
    try:
        everything = await world.admin.get("/plugins/health")
    finally:
        hooks.registry.plugins["window"] = gone
    assert [(item["name"], item["state"], item["reason"], len(item["hooks"])) for item in everything["items"]] == [
        ("broken", "failed", "ImportError: no such university", 0),
        ("idle", "usable", None, 0),
        ("window", "missing", None, 1),
    ]
