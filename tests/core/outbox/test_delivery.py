"""What one worker does with events and jobs: in order, at least once, again after a failure, given up in the end."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from lms_core.outbox import leases, work
from lms_core.outbox.events import AlreadyDelivered, Later, Undeliverable, emit, send
from lms_core.outbox.leases import Load
from lms_core.outbox.work import settle
from tests.support.outbox import Clock, Happened, Notes, deliveries, happened, until, working
from tests.support.world import statements

if TYPE_CHECKING:
    from lms_core.db import Database


async def test_an_event_reaches_every_subscriber_of_every_channel(database: Database, clock: Clock) -> None:
    notes, post = Notes("notes", ["anna", "bea"]), Notes("post", ["carl"])
    await happened(database, "run:1", "begun")
    await settle(database, [notes, post])

    assert (sorted(notes.told), post.told) == ([("anna", "begun"), ("bea", "begun")], [("carl", "begun")])
    rows = await deliveries(database, "subscriber", "aggregate", "attempts", "done_at", "dead_at", "error")
    assert rows == [
        (subscriber, "run:1", 1, clock.at, None, None) for subscriber in ("notes:anna", "notes:bea", "post:carl")
    ]


async def test_what_did_not_happen_is_told_to_nobody(database: Database) -> None:
    async with database.writer.connect() as connection, connection.begin() as transaction:
        await emit(connection, "happened", "run:1", None, Happened("begun"))
        await send(connection, "notes:anna", "job:greet", None, None)
        await transaction.rollback()
    notes = Notes()
    await settle(database, [notes])
    assert (notes.told, await deliveries(database, "subscriber")) == ([], [])


async def test_a_failure_holds_back_its_successors_and_nobody_else(database: Database, clock: Clock) -> None:
    """Anna cannot be told of the first event of run 1: of that run she hears no more, until it succeeds."""
    failures = 2

    async def handle(whom: str, what: str) -> None:
        nonlocal failures
        if (whom, what) == ("anna", "1a") and failures:
            failures -= 1
            raise ConnectionError("the line is dead")

    notes = Notes("notes", ["anna", "bea"], handle)
    await happened(database, "run:1", "1a", "1b")
    await happened(database, "run:2", "2a")
    await settle(database, [notes])
    assert sorted(notes.told) == [("anna", "2a"), ("bea", "1a"), ("bea", "1b"), ("bea", "2a")]
    columns = ("due_at", "done_at", "attempts", "error")
    first = clock.start + timedelta(seconds=1)
    assert (await deliveries(database, *columns))[0] == (first, None, 1, "ConnectionError: the line is dead")

    clock.forward(seconds=1)
    await settle(database, [notes])
    assert len(notes.told) == 4
    clock.forward(seconds=3)
    await settle(database, [notes])
    assert notes.told[4:] == [("anna", "1a"), ("anna", "1b")]
    assert (await deliveries(database, *columns[1:]))[0] == (clock.at, 3, None)


async def test_after_a_day_it_is_given_up_and_holds_nothing_back(database: Database, clock: Clock) -> None:
    async def handle(_whom: str, what: str) -> None:
        if what == "a":
            raise KeyError("a\0b")  # what no database can keep

    notes = Notes(handle=handle)
    await happened(database, "run:1", "a", "b")
    pauses = []
    for _ in range(12):
        await settle(database, [notes])
        ((due, dead, attempts),) = (await deliveries(database, "due_at", "dead_at", "attempts"))[:1]
        pauses.append((due - clock.at).total_seconds())
        if dead is None:
            assert notes.told == []
            clock.at = due
    assert pauses[:-1] == [3**attempt for attempt in range(11)]
    assert timedelta(hours=24) < clock.at - clock.start < timedelta(hours=25)
    assert (attempts, dead) == (12, clock.at)
    assert notes.told == [("anna", "b")]

    clock.forward(days=9)
    await settle(database, [notes])
    assert notes.told == [("anna", "b")]


async def test_later_is_no_attempt(database: Database, clock: Clock) -> None:
    opens = clock.at + timedelta(hours=2)

    async def handle(_whom: str, _what: str) -> None:
        if clock.at < opens:
            raise Later(opens, "they open at ten")

    notes = Notes(handle=handle)
    await happened(database, "run:1", "a")
    await settle(database, [notes])
    columns = ("due_at", "attempts", "error", "done_at")
    assert await deliveries(database, *columns) == [(opens, 0, "they open at ten", None)]
    clock.at = opens
    await settle(database, [notes])
    assert notes.told == [("anna", "a")]
    assert await deliveries(database, *columns[1:]) == [(1, None, opens)]


async def test_later_than_now_is_soon_at_the_earliest(database: Database, clock: Clock) -> None:
    async def handle(_whom: str, _what: str) -> None:
        raise Later(clock.at - timedelta(hours=2), "two hours ago")

    await happened(database, "run:1", "a")
    await settle(database, [Notes(handle=handle)])
    assert await deliveries(database, "due_at") == [(clock.at + timedelta(seconds=1),)]


async def test_a_channel_may_end_a_delivery(database: Database, clock: Clock) -> None:
    async def handle(_whom: str, what: str) -> None:
        raise {"moved": Undeliverable("she has moved away"), "known": AlreadyDelivered("she knows")}[what]

    await happened(database, "run:1", "moved", "known")
    await settle(database, [Notes(handle=handle)])
    assert await deliveries(database, "attempts", "done_at", "dead_at", "error") == [
        (1, None, clock.at, "she has moved away"),
        (1, clock.at, None, None),
    ]


async def test_a_channel_that_nobody_knows_stops_nobody(database: Database, clock: Clock) -> None:
    notes = Notes()
    async with database.write() as connection:
        await send(connection, "pigeon:anna", "happened", None, Happened("a"))
        await send(connection, "nonsense", "happened", None, Happened("a"))
        await send(connection, "notes:anna", "happened", None, Happened("a"))
    await settle(database, [notes])
    unknown = "this worker does not know the channel; a newer release may"
    assert notes.told == [("anna", "a")]
    assert await deliveries(database, "subscriber", "done_at", "error") == [
        ("pigeon:anna", None, unknown),
        ("nonsense", None, unknown),
        ("notes:anna", clock.at, None),
    ]


async def test_a_job_is_done_when_it_is_due_and_without_order(database: Database, clock: Clock) -> None:
    notes = Notes()
    async with database.write() as connection:
        tomorrow = clock.at + timedelta(days=1)
        await send(connection, "notes:anna", "job:late", None, None, due=tomorrow)
        await send(connection, "notes:anna", "job:early", None, None)
    await settle(database, [notes])
    assert notes.told == [("anna", "job:early")]
    clock.at = tomorrow
    await settle(database, [notes])
    assert notes.told == [("anna", "job:early"), ("anna", "job:late")]


async def test_whoever_hangs_delays_nobody_else(database: Database) -> None:
    """Not one person of a channel the others of it, nor all of a channel another channel."""
    over = asyncio.Event()

    async def hangs(whom: str, _what: str) -> None:
        if whom.startswith("hanging"):
            await over.wait()

    mail = Notes("mail", [f"hanging-{number}" for number in range(20)], hangs)
    notes = Notes("notes", ["hanging", "anna"], hangs)
    for number in range(20):
        await happened(database, f"run:{number}", f"{number}")
    async with working(database, mail, notes) as task:
        await until(lambda: len(notes.told) == 20)
        assert notes.told == [("anna", f"{number}") for number in range(20)]
        assert mail.told == []
        over.set()
        await until(lambda: (len(mail.told), len(notes.told)) == (400, 40))
        assert not task.done()


def test_there_is_room_for_so_many() -> None:
    load = Load(["mail:anna", "mail:anna"])
    assert [load.add("mail:anna") for _ in range(2)] == [True, False]
    assert (load.full_subscribers(), load.full_channels()) == (["mail:anna"], [])
    assert [load.add(f"mail:{number}") for number in range(6)] == [True] * 5 + [False]
    assert (load.full_subscribers(), load.full_channels()) == (["mail:anna"], ["mail"])
    assert load.add("mailing:anna")


async def test_what_takes_longer_than_a_lease_stays_with_its_worker(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "LEASE", timedelta(seconds=0.6))
    begun: list[str] = []
    over = asyncio.Event()

    async def handle(_whom: str, what: str) -> None:
        begun.append(what)
        if what == "long":
            await over.wait()

    notes = Notes(handle=handle)
    await happened(database, "run:1", "long", "after")
    async with working(database, notes), working(database, notes):
        await until(lambda: begun == ["long"])
        await asyncio.sleep(2)  # several leases
        assert begun == ["long"]
        over.set()
        await until(lambda: len(notes.told) == 2)
    assert begun == ["long", "after"]


async def test_whoever_lost_a_lease_cannot_report_a_failure(database: Database, clock: Clock) -> None:
    """Or it would call due what another worker is delivering. A success counts, whoever reports it."""
    await happened(database, "run:1", "a")
    await work.fan_out(database, [Notes()])
    (first,) = await leases.take(database, Load([]))
    assert await leases.take(database, Load([])) == []
    clock.forward(seconds=30)
    (second,) = await leases.take(database, Load([]))
    assert (first.event, first.attempt, second.attempt) == (second.event, 1, 2)
    columns = ("due_at", "attempts", "done_at", "dead_at", "error")
    (leased,) = await deliveries(database, *columns)

    await leases.mark(database, first, first.failed("too late"))
    await leases.mark(database, first, first.given_up("too late"))
    await leases.mark(database, first, first.untried(clock.at))
    clock.forward(seconds=10)
    await leases.renew(database, [first])
    assert await deliveries(database, *columns) == [leased]

    await leases.renew(database, [second])
    assert await deliveries(database, "due_at") == [(clock.at + timedelta(seconds=30),)]
    await leases.mark(database, first, {"done_at": clock.at, "error": None})
    await leases.mark(database, second, second.given_up("it does not work"))
    assert await deliveries(database, *columns[1:]) == [(2, clock.at, None, None)]


async def test_what_kills_every_worker_is_given_up(database: Database, clock: Clock) -> None:
    await happened(database, "run:1", "deadly", "harmless")
    await work.fan_out(database, [Notes()])
    for attempt in range(1, 13):
        (lease,) = await leases.take(database, Load([]))  # and nothing more is heard of this worker
        assert lease.attempt == attempt
        clock.forward(seconds=30)
    notes = Notes()
    await settle(database, [notes])
    await settle(database, [notes])
    assert notes.told == [("anna", "harmless")]
    assert await deliveries(database, "attempts", "dead_at", "error") == [
        (12, clock.at, "the worker died at each of 12 attempts"),
        (1, None, None),
    ]


async def test_a_worker_that_is_stopped_ends_what_it_can_and_gives_back_the_rest(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "GRACE", 0.5)
    begun: list[str] = []
    stopped = asyncio.Event()

    async def handle(whom: str, _what: str) -> None:
        begun.append(whom)
        await (stopped if whom == "quick" else asyncio.Event()).wait()

    notes = Notes("notes", ["endless", "quick"], handle)
    await happened(database, "run:1", "a")
    async with working(database, notes) as task:
        await until(lambda: len(begun) == 2)
        task.cancel()
        stopped.set()
    assert notes.told == [("quick", "a")]
    (endless, quick) = await deliveries(database, "subscriber", "attempts", "done_at")
    assert endless == ("notes:endless", 0, None)
    assert quick[:2] == ("notes:quick", 1)
    others = Notes()
    await settle(database, [others])
    assert others.told == [("endless", "a")]


async def test_nothing_that_is_raised_ends_the_worker(database: Database, clock: Clock) -> None:
    async def handle(_whom: str, what: str) -> None:
        if what == "a":
            raise SystemExit("good bye")
        if what == "b":
            raise asyncio.CancelledError

    await happened(database, "run:1", "a")
    await happened(database, "run:2", "b")
    notes = Notes(handle=handle)
    await happened(database, "run:3", "c")
    await settle(database, [notes])
    assert notes.told == [("anna", "c")]
    assert await deliveries(database, "attempts", "error") == [
        (1, "SystemExit: good bye"),
        (1, "CancelledError()"),
        (1, None),
    ]


async def test_whoever_cannot_name_subscribers_delays_only_what_is_new(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken(Notes):
        async def subscribers(self, _event: object) -> list[str]:
            raise RuntimeError("who?")

    monkeypatch.setattr(work, "OUTAGE_PAUSE", 0.01)
    notes = Notes()
    await happened(database, "run:1", "a")
    async with database.write() as connection:
        await send(connection, "notes:anna", "happened", None, Happened("b"))
    async with working(database, notes, Broken("broken")):
        await until(lambda: notes.told == [("anna", "b")])
    await settle(database, [notes])
    assert notes.told == [("anna", "b"), ("anna", "a")]


async def test_an_idle_worker_only_reads(database: Database, clock: Clock) -> None:
    """Also when something waits for its predecessor, which is not due."""

    async def handle(_whom: str, _what: str) -> None:
        raise ConnectionError

    await happened(database, "run:1", "a", "b")
    await settle(database, [Notes(handle=handle)])
    with statements(database) as seen:
        assert [await work.deliver(database, [Notes()], {}) for _ in range(3)] == [False] * 3
    assert [statement.split()[0] for statement in seen] == ["SELECT"] * 3

    with statements(database) as seen:
        async with working(database, Notes()):
            await until(lambda: len(seen) > 10)
    assert {statement.split()[0] for statement in seen} == {"SELECT"}
    assert not any("FOR UPDATE" in statement for statement in seen)


async def test_a_database_that_is_away_is_waited_for(
    database: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def rename(old: str, new: str) -> None:
        async with database.write() as connection:
            await connection.execute(text(f"ALTER TABLE {old} RENAME TO {new}"))

    monkeypatch.setattr(work, "OUTAGE_PAUSE", 0.01)
    notes = Notes()
    await happened(database, "run:1", "a")
    await rename("outbox", "away")
    async with working(database, notes) as task:
        await until(lambda: len(caplog.records) > 2)
        assert not task.done()
        await rename("away", "outbox")
        await until(lambda: notes.told == [("anna", "a")])
    assert {record.msg for record in caplog.records} == {"the outbox cannot be read, trying again: %s"}


async def test_what_follows_from_the_last_delivery_is_delivered_as_well(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even if that one ends while nobody sees: after the worker has looked and before it knows what it saw."""
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def handle(whom: str, what: str) -> None:
        if (whom, what) == ("anna", "first"):
            begun.set()
            await go_on.wait()
            await happened(database, "run:1", "second")

    async def look(*args: Any) -> tuple[bool, bool]:
        found = await looked(*args)
        if begun.is_set() and not go_on.is_set():  # bea's has ended, anna's is under way
            go_on.set()
            (under_way,) = [task for task in asyncio.all_tasks() if task.get_coro().__name__ == "_deliver"]
            await under_way
        return found

    looked = leases.look
    monkeypatch.setattr(leases, "look", look)
    notes = Notes(whom=("anna", "bea"), handle=handle)
    await happened(database, "run:1", "first")
    await settle(database, [notes])
    assert sorted(notes.told) == [(whom, what) for whom in ("anna", "bea") for what in ("first", "second")]
