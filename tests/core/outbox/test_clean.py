"""What is older than thirty days goes, in small batches; what somebody still waits for, or may replay, stays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert, select

from lms_core.http import idempotency
from lms_core.outbox import clean as cleaning
from lms_core.outbox.clean import clean
from lms_core.outbox.events import Undeliverable, send
from lms_core.outbox.tables import outbox
from lms_core.outbox.work import settle
from lms_core.people.tables import person
from tests.support.outbox import Clock, Notes, deliveries, happened
from tests.support.world import statements

if TYPE_CHECKING:
    from lms_core.db import Database


async def handle(whom: str, what: str) -> None:
    if (whom, what) == ("bea", "refused"):
        raise Undeliverable("she does not want it")
    if (whom, what) == ("bea", "failing"):
        raise ConnectionError("not now")


async def aggregates(database: Database) -> list[str]:
    async with database.read() as connection:
        return list((await connection.execute(select(outbox.c.aggregate).order_by(outbox.c.id))).scalars())


async def test_what_everybody_has_got_goes_after_thirty_days(database: Database, clock: Clock) -> None:
    notes = Notes("notes", ["anna", "bea"], handle)
    await happened(database, "run:delivered", "delivered")
    await happened(database, "run:refused", "refused")
    await happened(database, "run:failing", "failing")
    async with database.write() as connection:
        await send(connection, "notes:anna", "job:later", None, None, due=clock.at.replace(year=clock.at.year + 1))
    await settle(database, [notes])
    await happened(database, "run:unsubscribed", "unsubscribed")
    await settle(database, [])
    await happened(database, "run:new", "new")
    *kept, unsubscribed, new = await aggregates(database)
    whole = await deliveries(database, "event_id", "subscriber")

    clock.forward(days=29, hours=23)
    assert await clean(database) == 0
    clock.forward(hours=2)
    assert await clean(database) == 2
    assert await aggregates(database) == [*kept[1:], new]
    assert await deliveries(database, "event_id", "subscriber") == whole[2:]
    with statements(database) as seen:
        assert await clean(database) == 0
    assert [statement.split()[0] for statement in seen] == ["SELECT", "SELECT"]
    assert unsubscribed == "run:unsubscribed"


async def test_keys_of_creations_go_after_thirty_days(database: Database, clock: Clock) -> None:
    who, other = uuid4(), uuid4()
    new: dict[str, Any] = {"name": "Anna", "active": True, "revision": 1, "created_at": clock.at}
    async with database.write() as connection:
        known = {column.name for column in person.c}
        rows = [{**new, "id": one, "email": f"{one}@example.org"} for one in (who, other)]
        await connection.execute(insert(person), [{k: v for k, v in row.items() if k in known} for row in rows])
        key = {"fingerprint": "", "answer": ""}
        await connection.execute(insert(idempotency), [{**key, "person_id": who, "key": "a", "at": clock.at}])
        clock.forward(days=1)
        later = [{**key, "person_id": one, "key": "a" if one == other else "b", "at": clock.at} for one in (who, other)]
        await connection.execute(insert(idempotency), later)

    async def keys() -> set[tuple[UUID, str]]:
        async with database.read() as connection:
            rows = await connection.execute(select(idempotency.c.person_id, idempotency.c.key))
            return {(row.person_id, row.key) for row in rows}

    clock.forward(days=29, hours=1)
    assert await clean(database) == 1
    assert await keys() == {(who, "b"), (other, "a")}


async def test_little_is_removed_at_a_time(database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cleaning, "BATCH", 2)
    await happened(database, "run:1", *"abcde")
    await settle(database, [Notes()])
    clock.forward(days=31)
    assert [await clean(database) for _ in range(4)] == [2, 2, 1, 0]
    assert await aggregates(database) == []
