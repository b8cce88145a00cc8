"""Many workers at once: each keeps the order, and no two make the same delivery."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from lms_core.db import Database
from lms_core.outbox.work import settle
from tests.support.outbox import Notes, happened, until, working

if TYPE_CHECKING:
    from lms_core.outbox.events import Event


async def test_nobody_overtakes_a_worker_that_is_fanning_out(database: Database, database_url: str) -> None:
    """The first worker has seen the first event but not committed its deliveries when the second event comes."""
    seen, go_on = asyncio.Event(), asyncio.Event()

    class Slow(Notes):
        async def subscribers(self, event: Event) -> list[str]:
            seen.set()
            await go_on.wait()
            return await super().subscribers(event)

    notes, slow = Notes(), Slow()
    slow.told = notes.told
    other = Database(database_url)
    await happened(database, "run:1", "first")
    slowly = asyncio.create_task(settle(database, [slow]))
    await seen.wait()
    if database.is_sqlite:  # where nobody else can write meanwhile
        go_on.set()
    await happened(other, "run:1", "second")
    await settle(other, [notes])
    go_on.set()
    await slowly
    await settle(other, [notes])
    await other.close()
    assert notes.told == [("anna", "first"), ("anna", "second")]


async def test_several_workers_deliver_everything_once_and_in_order(database: Database, database_url: str) -> None:
    begun: list[tuple[str, str]] = []

    async def handle(whom: str, what: str) -> None:
        begun.append((whom, what))
        await asyncio.sleep(0)

    whom = ["anna", "bea", "carl"]
    notes = Notes("notes", whom, handle)
    runs = {f"run:{number}": [f"{number}.{event:02}" for event in range(12)] for number in range(6)}
    others = [Database(database_url) for _ in range(3)]
    async with AsyncExitStack() as stack:
        for one in (database, *others):
            await stack.enter_async_context(working(one, notes))
        await asyncio.gather(*(happened(database, aggregate, *whats) for aggregate, whats in runs.items()))
        await until(lambda: len(notes.told) >= 3 * 6 * 12)
    for one in others:
        await one.close()

    expected = {(who, run): whats for who in whom for run, whats in runs.items()}
    for told in (begun, notes.told):
        assert {
            (who, run): [what for to, what in told if to == who and what.startswith(f"{run[4:]}.")]
            for who, run in expected
        } == expected
