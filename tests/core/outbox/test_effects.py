"""What a plugin writes on behalf of a delivery happens once, however often it is called."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from msgspec import json
from sqlalchemy import Column, MetaData, String, Table, insert, select

from lms_core.api import Context, EnrolmentCreated, Job, Plugin, hookimpl
from lms_core.channels import PluginChannel
from lms_core.db import Database
from lms_core.hooks.dispatch import Dispatcher
from lms_core.hooks.registry import load
from lms_core.outbox import leases, work
from lms_core.outbox.events import emit, send
from lms_core.outbox.leases import Load
from lms_core.outbox.tables import job_schedule
from lms_core.outbox.work import settle
from lms_core.programmes.enablement import Enablement
from lms_core.programmes.plugin_types import PluginChange
from lms_core.programmes.plugins import change_state
from lms_core.programmes.tables import programme, programme_plugin
from lms_core.types import now
from tests.support.outbox import Clock, deliveries, until

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

EFFECT = Table("letter", MetaData(), Column("about", String(200)))
PROGRAMME, OTHER = uuid4(), uuid4()


class Letters(Plugin):
    """Writes a letter about each enrolment, and whatever it is told as a job; does as it is told around that."""

    name = "letters"

    def __init__(self) -> None:
        self.called: list[str | None] = []
        self.beforehand: Callable[[], Awaitable[None]] | None = None
        self.afterwards: Callable[[], Awaitable[None]] | None = None
        self.jobs = (Job("write", self.write, payload=str), Job("yearly", self.yearly, every=timedelta(days=365)))  # type: ignore[misc]  # of the class by rule

    @hookimpl
    async def enrolment_created(self, context: Context, event: EnrolmentCreated) -> None:
        await self.write(context, f"{event.person_id}")

    async def write(self, context: Context, about: str) -> None:
        self.called.append(context.idempotency_key)
        if self.beforehand:
            await self.beforehand()
        async with context.write() as connection:
            await connection.execute(insert(EFFECT), {"about": about})
            if about == "greeting":
                await context.enqueue(connection, "write", "farewell", due=now() + timedelta(days=1))
        if self.afterwards:
            await self.afterwards()

    async def yearly(self, context: Context, payload: None) -> None:
        await self.write(context, f"the year of {'this' if context.programme_id == PROGRAMME else 'another'} programme")


@pytest.fixture
def letters() -> Letters:
    return Letters()


@pytest.fixture
async def channel(database: Database, letters: Letters) -> PluginChannel:
    """The way to the plugin, which one of two programmes has enabled."""
    async with database.write() as connection:
        await connection.run_sync(EFFECT.metadata.create_all)
        new = {"title": "Microsystems", "degree": "M.Sc.", "language": "en", "revision": 1}
        await connection.execute(insert(programme), [{**new, "id": one, "key": str(one)} for one in (PROGRAMME, OTHER)])
        row: dict[str, Any] = {"plugin": "letters", "settings": {}, "revision": 1, "changed_at": now()}
        rows = [{**row, "programme_id": one, "enabled": one == PROGRAMME} for one in (PROGRAMME, OTHER)]
        await connection.execute(insert(programme_plugin), rows)
    return plugin_channel(database, letters)


def plugin_channel(database: Database, letters: Letters) -> PluginChannel:
    registry = load([letters])
    return PluginChannel(Dispatcher(registry, Enablement(database, registry), database))


async def enrolled(database: Database, programme_id: UUID | None = PROGRAMME) -> UUID:
    """Emit that somebody was enrolled; return who."""
    person_id, run_id = uuid4(), uuid4()
    event = EnrolmentCreated(person_id, run_id, programme_id, "enrolled")
    async with database.write() as connection:
        await emit(connection, "enrolment_created", f"run:{run_id}", programme_id, event)
    return person_id


async def switch(database: Database, letters: Letters, revision: int, *, enabled: bool) -> None:
    """Enable the plugin in the other programme, or disable it there."""
    change = PluginChange(enabled=enabled)
    async with database.write() as connection:
        await change_state(connection, load([letters]), {}, OTHER, "letters", change, revision, None)


async def written(database: Database) -> list[str]:
    async with database.read() as connection:
        return sorted((await connection.execute(select(EFFECT.c.about))).scalars())


async def test_of_two_workers_with_the_same_event_one_writes(
    database: Database, database_url: str, channel: PluginChannel, letters: Letters, clock: Clock
) -> None:
    """The first stood still for longer than its lease, before it wrote."""
    both = asyncio.Event()

    async def wait_for_both() -> None:
        if len(letters.called) == 2:
            both.set()
        await both.wait()

    letters.beforehand = wait_for_both
    other = Database(database_url)
    person_id = await enrolled(database)
    first = asyncio.create_task(settle(database, [channel]))
    await until(lambda: len(letters.called) == 1)
    clock.forward(seconds=31)
    await settle(other, [plugin_channel(other, letters)])
    await first
    await other.close()

    assert len(letters.called) == 2
    assert len(set(letters.called)) == 1
    assert await written(database) == [str(person_id)]
    assert await deliveries(database, "attempts", "done_at", "dead_at", "error") == [(2, clock.at, None, None)]


async def test_what_fails_before_it_has_written_is_repeated_and_what_fails_afterwards_is_not(
    database: Database, channel: PluginChannel, letters: Letters, clock: Clock
) -> None:
    async def fails() -> None:
        raise ConnectionError("the student office does not answer")

    letters.beforehand = fails
    person_id = await enrolled(database)
    await settle(database, [channel])
    assert await written(database) == []
    letters.beforehand, letters.afterwards = None, fails
    clock.forward(seconds=1)
    await settle(database, [channel])
    clock.forward(days=1)
    await settle(database, [channel])
    assert len(letters.called) == 2
    assert await written(database) == [str(person_id)]
    assert await deliveries(database, "attempts", "dead_at", "error") == [(2, None, None)]


async def test_what_was_written_but_not_reported_is_not_repeated(
    database: Database, channel: PluginChannel, letters: Letters, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker is cut off from the database after the plugin's own commit."""

    async def cut_off(*_: object) -> None:
        raise ConnectionResetError

    person_id = await enrolled(database)
    with monkeypatch.context() as patch:
        patch.setattr(leases, "mark", cut_off)
        await settle(database, [channel])
    clock.forward(days=1)
    await settle(database, [channel])
    assert (len(letters.called), await written(database)) == (1, [str(person_id)])


async def test_events_go_where_the_plugin_is_enabled(
    database: Database, channel: PluginChannel, letters: Letters, clock: Clock
) -> None:
    await enrolled(database, OTHER)
    await enrolled(database, None)
    person_id = await enrolled(database)
    await settle(database, [channel])
    assert await written(database) == [str(person_id)]


async def test_a_job_of_a_plugin_runs_once_when_it_is_due(
    database: Database, channel: PluginChannel, letters: Letters, clock: Clock
) -> None:
    async with database.write() as connection:
        for programme_id in (PROGRAMME, OTHER):
            await send(connection, "plugin:letters", "job:write", programme_id, "greeting")
    await settle(database, [channel])
    assert await written(database) == ["greeting"]
    assert await deliveries(database, "name", "subscriber", "due_at") == [
        ("job:write", "plugin:letters", clock.at + leases.LEASE),
        ("job:write", "plugin:letters", clock.at + leases.LEASE),
        ("job:write", "plugin:letters", clock.at + timedelta(days=1)),
    ]
    clock.forward(days=1)
    await settle(database, [channel])
    await settle(database, [channel])
    assert await written(database) == ["farewell", "greeting"]


async def test_a_job_that_cannot_be_is_given_up_at_once(
    database: Database, channel: PluginChannel, letters: Letters, clock: Clock
) -> None:
    async with database.write() as connection:
        await send(connection, "plugin:letters", "job:nothing", PROGRAMME, None)
        await send(connection, "plugin:letters", "job:write", None, "nowhere")
    await settle(database, [channel])
    assert await deliveries(database, "dead_at", "error") == [
        (clock.at, "the plugin letters has no job nothing (any more)"),
        (clock.at, "plugins are called for a programme, and this belongs to none"),
    ]
    assert letters.called == []


async def test_a_recurring_job_runs_where_its_plugin_is_enabled(
    database: Database, letters: Letters, channel: PluginChannel, clock: Clock
) -> None:
    registry = load([letters])
    hooks = Dispatcher(registry, Enablement(database, registry), database)
    for days in (0, 364, 365, 366):
        clock.at = clock.start + timedelta(days=days)
        await settle(database, [channel], hooks)
    assert await written(database) == ["the year of this programme"] * 2
    async with database.read() as connection:
        rows = [tuple(row) for row in await connection.execute(select(job_schedule))]
    assert rows == [("letters", "yearly", PROGRAMME, clock.start + timedelta(days=730))]


async def test_two_calls_for_one_lease_write_once(
    database: Database, channel: PluginChannel, letters: Letters, clock: Clock
) -> None:
    """Even when both are in the middle of it at the same time."""
    person_id = await enrolled(database)
    await work.fan_out(database, [channel])
    (lease,) = await leases.take(database, Load([]))
    calls = [channel.deliver(lease.subscriber, lease.event, lease.key) for _ in range(4)]
    ends = await asyncio.gather(*calls, return_exceptions=True)
    assert sorted(type(end).__name__ for end in ends) == ["AlreadyDelivered"] * 3 + ["NoneType"]
    assert json.decode(lease.event.payload)["person_id"] == str(person_id)
    assert await written(database) == [str(person_id)]


async def test_a_plugin_is_told_what_happened_since_it_was_enabled(
    database: Database, channel: PluginChannel, letters: Letters, clock: Clock
) -> None:
    """However late the worker comes to it: not what was before, nor while it was disabled."""
    expected = []
    for revision, enabled in enumerate((False, True, False, True, True), start=1):
        clock.forward(seconds=1)
        await switch(database, letters, revision, enabled=enabled)
        clock.forward(seconds=1)
        person_id = await enrolled(database, OTHER)
        if revision >= 4:  # enabled for good, then once more with the same settings
            expected.append(str(person_id))
    await settle(database, [channel])
    assert await written(database) == sorted(expected)


async def test_a_worker_that_looked_before_the_plugin_was_enabled_tells_it_all_the_same(
    database: Database, channel: PluginChannel, letters: Letters, clock: Clock
) -> None:
    hooks = channel._hooks
    assert await hooks.where_due("letters", "yearly") == [PROGRAMME]  # it has looked, and knows this for two seconds
    await switch(database, letters, 1, enabled=True)
    person_id = await enrolled(database, OTHER)
    async with database.write() as connection:
        await send(connection, "plugin:letters", "job:write", OTHER, "a job")
    await settle(database, [channel])
    assert await written(database) == sorted([str(person_id), "a job"])


async def test_of_several_workers_one_that_looked_too_early_skips_nothing(
    database: Database, channel: PluginChannel, letters: Letters, clock: Clock
) -> None:
    """One that knows makes the deliveries, and another carries them out."""
    assert await channel._hooks.where_due("letters", "yearly") == [PROGRAMME]
    await switch(database, letters, 1, enabled=True)
    person_id = await enrolled(database, OTHER)
    await work.fan_out(database, [plugin_channel(database, letters)])
    await settle(database, [channel])
    assert await written(database) == [str(person_id)]
