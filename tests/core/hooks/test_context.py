"""What a plugin can do with its context, and where that ends."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import SQLAlchemyError

from lms_core.api import Context
from lms_core.db import Database
from lms_core.errors import NotFound
from lms_core.hooks import context as contexts
from lms_core.hooks.context import Delivery
from lms_core.outbox.events import AlreadyDelivered, emit
from lms_core.outbox.tables import delivery, outbox
from lms_core.programmes.tables import programme, programme_plugin
from lms_core.types import now
from tests.support.dispatching import EVENT, PROGRAMME, enable
from tests.support.world import statements

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A database with PROGRAMME, in which the plugin `window` is enabled."""
    made = Database(database_url)
    await enable(made, {"window": {}})
    yield made
    await made.close()


async def break_off(context: Context, to: str) -> None:
    """Write and fail before the end."""
    async with context.write() as connection:
        await connection.execute(update(programme).values(title=to))
        await context.enqueue(connection, "remind", {"who": "nobody"})
        raise ValueError("in the middle")


async def title(database: Database) -> str:
    async with database.read() as connection:
        return (await connection.execute(select(programme.c.title))).scalar_one()


async def rename(context: Context, to: str) -> None:
    async with context.write() as connection:
        await connection.execute(update(programme).values(title=to))


async def delivered(database: Database) -> tuple[Delivery, Any]:
    """Make an event that waits for the plugin; return its delivery and how to see when that was done."""
    async with database.write() as connection:
        await emit(connection, "enrolment_created", "run:1", PROGRAMME, EVENT)
        event_id: UUID = (await connection.execute(select(outbox.c.id))).scalar_one()
        row = {"event_id": event_id, "subscriber": "plugin:window", "aggregate": "run:1", "attempts": 1}
        await connection.execute(insert(delivery), {**row, "due_at": now()})

    async def done_at() -> datetime | None:
        async with database.read() as connection:
            return (await connection.execute(select(delivery.c.done_at))).scalar_one()

    return Delivery(event_id, "plugin:window"), done_at


async def test_a_plugin_writes_in_one_transaction_that_asks_first_whether_it_may(database: Database) -> None:
    context = Context("window", PROGRAMME, None, database)
    with statements(database) as seen:
        await rename(context, "Moved")
    assert [statement.partition(" ")[0] for statement in seen] == ["SELECT", "UPDATE"]
    assert await title(database) == "Moved"

    with pytest.raises(ValueError, match="in the middle"):
        await break_off(context, "Half")
    assert (await title(database), context.open_connections) == ("Moved", [])


async def test_where_it_is_off_it_writes_nothing(database: Database) -> None:
    for plugin, programme_id in (("window", uuid4()), ("other", PROGRAMME)):
        with pytest.raises(NotFound):
            await rename(Context(plugin, programme_id, None, database), "Moved")
    async with database.write() as connection:
        await connection.execute(update(programme_plugin).values(enabled=False))
    with pytest.raises(NotFound):
        await rename(Context("window", PROGRAMME, None, database), "Moved")
    assert await title(database) == "Microsystems"


async def test_it_cannot_write_where_it_reads_on_sqlite(database: Database) -> None:
    if not database.is_sqlite:
        pytest.skip("PostgreSQL has one kind of connection")
    async with Context("window", PROGRAMME, None, database).read() as connection:
        with pytest.raises(SQLAlchemyError, match="readonly"):
            await connection.execute(update(programme).values(title="Moved"))


async def test_what_follows_from_an_event_happens_once(database: Database) -> None:
    this, done_at = await delivered(database)
    with pytest.raises(ValueError, match="in the middle"):
        await break_off(Context("window", PROGRAMME, None, database, delivery=this), "Half")
    assert await done_at() is None

    again = Context("window", PROGRAMME, None, database, delivery=Delivery(this.event_id, this.subscriber))
    await rename(again, "Moved")
    assert await done_at() is not None
    with pytest.raises(RuntimeError, match="in one block"):
        await rename(again, "Twice")

    third = Context("window", PROGRAMME, None, database, delivery=Delivery(this.event_id, this.subscriber))
    with pytest.raises(AlreadyDelivered):
        await rename(third, "Three times")
    assert await title(database) == "Moved"


async def test_a_job_exists_if_the_transaction_commits(database: Database) -> None:
    context = Context("window", PROGRAMME, None, database)
    due = datetime(2027, 1, 1, tzinfo=UTC)
    with pytest.raises(ValueError, match="in the middle"):
        await break_off(context, "Half")
    async with context.write() as connection:
        made = await context.enqueue(connection, "remind", {"who": "Sofia"}, due=due)

    columns = (delivery.c.subscriber, delivery.c.due_at, outbox.c.id, outbox.c.name, outbox.c.programme_id)
    async with database.read() as connection:
        rows = (await connection.execute(select(*columns, outbox.c.payload).join_from(delivery, outbox))).all()
    assert [tuple(row) for row in rows] == [
        ("plugin:window", due, made, "job:remind", PROGRAMME, '{"who":"Sofia"}'),
    ]


async def test_a_transaction_ends_after_a_while(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contexts, "WRITE_LIMIT", 0.2)
    context = Context("window", PROGRAMME, None, database)

    async def holds() -> None:
        async with context.write() as connection:
            await connection.execute(update(programme).values(title="Held"))
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        await holds()
    assert await title(database) == "Microsystems"


async def test_a_transaction_ends_even_if_the_plugin_will_not(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contexts, "WRITE_LIMIT", 0.2)
    context = Context("window", PROGRAMME, None, database)
    over = asyncio.Event()
    holding = asyncio.Event()

    async def holds() -> None:
        async with context.write() as connection:
            await connection.execute(update(programme).values(title="Held"))
            holding.set()
            while not over.is_set():
                try:
                    await over.wait()
                except asyncio.CancelledError:
                    continue

    task = asyncio.create_task(holds())
    await holding.wait()
    async with asyncio.timeout(15), database.write() as connection:  # fails rather than waits for ever
        await connection.execute(update(programme).values(title="Moved"))
    over.set()
    with pytest.raises((TimeoutError, SQLAlchemyError)):
        await task
    assert await title(database) == "Moved"


async def test_after_the_call_nothing_can_be_done_through_it(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contexts, "PAUSE", 0.0)
    context = Context("window", PROGRAMME, None, database)
    assert context.end() == 0
    for opened in (context.read(), context.write()):
        with pytest.raises(RuntimeError, match="is over"):
            async with opened:
                raise AssertionError("it opened")


async def test_the_lock_goes_with_a_cancelled_statement(database: Database) -> None:
    """On SQLite the cursor of the statement lives on in its traceback, and would keep the lock."""
    slow = (
        "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 3000000) SELECT count(*) FROM t"
        if database.is_sqlite
        else "SELECT pg_sleep(1)"
    )
    begun = asyncio.Event()

    async def works() -> None:
        async with database.write() as connection:
            await connection.execute(update(programme).values(title="Half"))
            begun.set()
            await connection.execute(text(slow))

    task = asyncio.create_task(works())
    await begun.wait()
    await asyncio.sleep(0.05)
    task.cancel()
    await asyncio.wait({task})
    async with asyncio.timeout(10), database.write() as connection:
        await connection.execute(update(programme).values(title="Moved"))
    assert await title(database) == "Moved"
