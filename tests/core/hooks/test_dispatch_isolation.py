"""Whatever a plugin does is its own failure: the others are asked, the core goes on, and everybody sees whose it was."""

from __future__ import annotations

import asyncio
import logging
import time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from sqlalchemy import select, text, update

from lms_core.api import Context, Objection, PendingCredit
from lms_core.db import Database
from lms_core.errors import Unavailable
from lms_core.hooks import circuit, dispatch, measure, rounds
from lms_core.hooks.registry import PluginError
from lms_core.programmes.tables import programme
from tests.support.dispatching import (
    CREDITS,
    DELIVERY,
    EVENT,
    PROGRAMME,
    REQUEST,
    Checks,
    Events,
    Shows,
    agrees,
    dispatcher,
    enable,
)
from tests.support.outbox import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.support.dispatching import Answer


# what swallows everything also complains when it is thrown away
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


class Unspeakable(Exception):
    """Raises when it is asked what it says."""

    def __str__(self) -> str:
        raise SystemExit("nothing to say")


def raising(error: BaseException) -> Answer:
    async def answer(_context: Context, _asked: Any) -> Any:
        raise error

    return answer


def answering(value: Any) -> Answer:
    async def answer(_context: Context, _asked: Any) -> Any:
        return value

    return answer


async def hangs(_context: Context, _asked: Any) -> Any:
    await asyncio.Event().wait()


async def hangs_and_answers_when_cancelled(_context: Context, _asked: Any) -> Any:
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        return []


async def swallows(_context: Context, _asked: Any) -> Any:
    while True:
        try:
            await asyncio.Event().wait()
        except (Exception, asyncio.CancelledError):  # one that goes on even at its end is in tests/faults
            continue


async def blocks_beyond_its_time(_context: Context, _asked: Any) -> Any:
    time.sleep(0.32)  # noqa: ASYNC251 - what this is about
    return []


async def cancels_its_task_and_waits(_context: Context, _asked: Any) -> Any:
    task = asyncio.current_task()
    assert task
    task.cancel()
    await asyncio.Event().wait()


FAILURES: dict[str, tuple[Answer, str]] = {
    "raises": (raising(ValueError("no\nlicence")), "ValueError: no"),
    "exits": (raising(SystemExit(3)), "SystemExit: 3"),
    "interrupts": (raising(KeyboardInterrupt()), "KeyboardInterrupt"),
    "generator exit": (raising(GeneratorExit()), "GeneratorExit"),
    "unspeakable": (raising(Unspeakable()), "Unspeakable: what it says cannot be read"),
    "says what no database keeps": (raising(ValueError("a\0b\ud800")), "ValueError: ab?"),
    "says a lot": (raising(ValueError("x" * 1_000_000)), "ValueError: " + "x" * 288),
    "nothing": (answering(None), "TypeError: answered with NoneType instead of a list"),
    "endless": (answering(iter(int, 1)), "TypeError: answered with callable_iterator instead of a list"),
    "a million": (answering([None] * 1_000_000), "ValueError: answered with 1000000 items; 1000 are allowed"),
    "long": (answering(["x" * 1_000_000]), "ValueError: answered with 1000004 bytes; 1000000 are allowed"),
    "wrong items": (answering(["text"]), "ValidationError: Expected `object`, got `str` - at `$[0]`"),
    "hangs": (hangs, "TimeoutError: took longer than 0.3 seconds"),
    "answers late": (hangs_and_answers_when_cancelled, "TimeoutError: took longer than 0.3 seconds"),
    "swallows": (swallows, "TimeoutError: took longer than 0.3 seconds"),
    "blocks": (blocks_beyond_its_time, "TimeoutError: took longer than 0.3 seconds"),
    "cancels itself": (cancels_its_task_and_waits, "PluginError: let a cancellation of its own escape"),
}


@pytest.fixture(autouse=True)
def short_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "TIME_LIMIT", 0.3)
    monkeypatch.setattr(rounds, "GRACE", 0.02)


CREDIT = PendingCredit("internship:1", "Internship", Decimal("2.5"), "report missing")


@pytest.mark.parametrize("failure", FAILURES)
async def test_one_that_fails_is_left_out_of_what_is_shown(failure: str) -> None:
    broken, told = FAILURES[failure]
    before, after = Shows("a_before", answering([CREDIT])), Shows("c_after", answering([CREDIT, CREDIT]))
    hooks = dispatcher(after, Shows("b_broken", broken), before)

    shown = await hooks.shape("progress_credits", PROGRAMME, CREDITS)
    await hooks.close()

    assert shown == ([("a_before", CREDIT), ("c_after", CREDIT), ("c_after", CREDIT)], ["b_broken"])
    assert {figure.plugin: (figure.calls, figure.failures, figure.last_error) for figure in hooks.figures.all()} == {
        "a_before": (1, 0, None),
        "b_broken": (1, 1, told),
        "c_after": (1, 0, None),
    }


@pytest.mark.parametrize("failure", FAILURES)
async def test_a_check_that_fails_refuses_and_those_after_it_are_not_asked(failure: str) -> None:
    before, after = Checks("a_before", agrees), Checks("c_after", agrees)
    hooks = dispatcher(before, Checks("b_broken", FAILURES[failure][0]), after)

    with pytest.raises(Unavailable) as caught:
        await hooks.decide("check_enrolment", PROGRAMME, REQUEST)
    await hooks.close()

    assert (caught.value.plugin, len(before.asked), len(after.asked)) == ("b_broken", 1, 0)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ConnectionError("no answer"), "ConnectionError: no answer"),
        (SystemExit(3), "PluginError: events raised SystemExit: 3"),
        (GeneratorExit(), "PluginError: events raised GeneratorExit"),
        (asyncio.CancelledError(), "PluginError: let a cancellation of its own escape"),
        (Unspeakable(), "PluginError: events raised Unspeakable: what it says cannot be read"),
    ],
)
async def test_a_reaction_raises_nothing_that_harms_the_worker(error: BaseException, told: str) -> None:
    hooks = dispatcher(Events(error))
    with pytest.raises((ConnectionError, PluginError)) as caught:
        await hooks.react("events", "enrolment_created", PROGRAMME, msgspec.json.encode(EVENT), DELIVERY)
    assert f"{type(caught.value).__name__}: {caught.value}" == told


async def test_objections_are_what_the_hook_declares_or_the_plugin_has_failed() -> None:
    hooks = dispatcher(Checks("typed", answering([Objection(5, None)])))  # type: ignore[arg-type]
    with pytest.raises(Unavailable):
        await hooks.decide("check_enrolment", PROGRAMME, REQUEST)
    assert [figure.last_error for figure in hooks.figures.all()] == [
        "ValidationError: Expected `str`, got `int` - at `$[0].code`"
    ]


async def test_a_plugin_that_cancels_its_own_task_harms_nobody_after_it() -> None:
    async def cancels_and_goes(_context: Context, _asked: Any) -> list[PendingCredit]:
        await cancels_later()
        return []

    async def cancels_later() -> None:
        task = asyncio.current_task()
        assert task
        task.cancel()

    async def waits(_context: Context, _asked: Any) -> list[PendingCredit]:
        await asyncio.sleep(0)
        return [CREDIT]

    hooks = dispatcher(Shows("a_cancels", cancels_and_goes), Shows("b_waits", waits))
    assert await hooks.shape("progress_credits", PROGRAMME, CREDITS) == ([("b_waits", CREDIT)], [])


async def test_each_has_its_own_time_and_only_that(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "TIME_LIMIT", 1.0)

    async def takes_most_of_it(_context: Context, _asked: Any) -> list[PendingCredit]:
        await asyncio.sleep(0.4)
        return [CREDIT]

    plugins = [Shows(name, takes_most_of_it) for name in ("a", "b", "c", "d")]
    hooks = dispatcher(*plugins)

    assert await hooks.shape("progress_credits", PROGRAMME, CREDITS) == ([(p.name, CREDIT) for p in plugins], [])


async def test_what_would_not_end_is_counted_and_ends_with_the_host() -> None:
    hooks = dispatcher(Shows("a_swallows", swallows), Shows("b_after", answering([CREDIT])))
    before = asyncio.all_tasks()

    assert await hooks.shape("progress_credits", PROGRAMME, CREDITS) == ([("b_after", CREDIT)], ["a_swallows"])
    assert {figure.plugin: figure.abandoned for figure in hooks.figures.all()} == {"a_swallows": 1, "b_after": 0}
    assert len(asyncio.all_tasks() - before) == 1

    await hooks.close()
    assert asyncio.all_tasks() == before


async def test_what_would_not_end_is_ended_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "LAST_GRACE", 0.01)
    hooks = dispatcher(Shows("swallows", swallows))
    before = asyncio.all_tasks()
    await hooks.shape("progress_credits", PROGRAMME, CREDITS)
    await asyncio.wait(asyncio.all_tasks() - before)


@pytest.mark.parametrize("plugin", ["hangs", "swallows"])
async def test_who_leaves_takes_the_present_call_along_and_blames_nobody(plugin: str) -> None:
    after = Shows("b_after", answering([CREDIT]))
    hooks = dispatcher(Shows("a_waits", FAILURES[plugin][0]), after)
    before = asyncio.all_tasks()
    for _ in range(circuit.FAILURES):
        request = asyncio.create_task(hooks.shape("progress_credits", PROGRAMME, CREDITS))
        await asyncio.sleep(0.001)
        request.cancel()
        with pytest.raises(asyncio.CancelledError):
            await request
    await hooks.close()

    assert asyncio.all_tasks() == before
    [figure] = hooks.figures.all()[:1]
    assert (figure.plugin, figure.failures, figure.circuit.state) == ("a_waits", 0, "closed")
    assert [f.calls for f in hooks.figures.all() if f.plugin == "b_after"] == [0]


async def test_a_step_that_blocks_is_counted_and_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(measure, "BLOCKING", 0.002)

    async def blocks_twice(_context: Context, _asked: Any) -> list[PendingCredit]:
        time.sleep(0.003)  # noqa: ASYNC251
        await asyncio.sleep(0.004)  # this is nobody's time
        time.sleep(0.005)  # noqa: ASYNC251
        return [CREDIT]

    hooks = dispatcher(Shows("blocks", blocks_twice))
    with caplog.at_level(logging.WARNING, "lms.plugins"):
        assert await hooks.shape("progress_credits", PROGRAMME, CREDITS) == ([("blocks", CREDIT)], [])

    [figure] = hooks.figures.all()
    assert (figure.calls, figure.failures, figure.blocked) == (1, 0, 2)
    assert 0.005 <= figure.longest_block <= figure.longest
    assert [told_by(record) for record in caplog.records] == [
        ("blocks", "progress_credits", str(PROGRAMME), "blocked"),
        ("blocks", "progress_credits", str(PROGRAMME), "blocked"),
    ]


def told_by(record: Any) -> tuple[str, ...]:
    assert record.microseconds >= 0
    return record.plugin, record.hook, record.programme, record.outcome


async def test_a_failure_is_one_record_and_a_success_is_none(caplog: pytest.LogCaptureFixture) -> None:
    hooks = dispatcher(Shows("a_fine", answering([CREDIT])), Shows("b_broken", raising(Unspeakable())))
    with caplog.at_level(logging.INFO, "lms.plugins"):
        await hooks.shape("progress_credits", PROGRAMME, CREDITS)

    [record] = caplog.records
    assert told_by(record) == ("b_broken", "progress_credits", str(PROGRAMME), "failed")
    assert record.getMessage() == (
        "plugin b_broken failed in progress_credits: Unspeakable: what it says cannot be read"
    )
    assert caplog.text  # it can be written down


# what a plugin does with its connections


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A database with PROGRAMME, in which the plugin `hostile` is enabled."""
    made = Database(database_url)
    await enable(made, {"hostile": {}})
    yield made
    await made.close()


async def core_writes(database: Database, title: str) -> None:
    """Write to a row that the plugin has written to; fail rather than wait for ever."""
    async with asyncio.timeout(15), database.write() as connection:
        await connection.execute(update(programme).values(title=title))
    async with database.read() as connection:
        assert await connection.scalar(select(programme.c.title)) == title


async def given_back(database: Database) -> None:
    await until(lambda: not any(one.sync_engine.pool.checkedout() for one in (database.writer, database.reader)))  # type: ignore[attr-defined]  # ours has it


def endless(database: Database) -> str:
    """Return a statement that does not end by itself."""
    if database.is_sqlite:
        return "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT count(*) FROM t"
    return "SELECT pg_sleep(100)"


@pytest.mark.parametrize("waits", ["idle", "in a statement", "in a cursor"])
async def test_a_hostile_plugin_cannot_keep_the_lock_of_the_core(
    database: Database, waits: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "TIME_LIMIT", 0.5)

    async def writes_and_swallows(context: Context, _asked: Any) -> Any:
        async with context.write() as connection:
            await connection.execute(update(programme).values(title="the plugin's"))
            while True:
                try:
                    if waits == "in a statement":
                        await connection.execute(text(endless(database)))
                    elif waits == "in a cursor":
                        await (await connection.stream(text("SELECT 1 UNION SELECT 2"))).fetchone()
                    await asyncio.Event().wait()
                except BaseException:
                    await asyncio.sleep(0.001)

    hooks = dispatcher(Checks("hostile", writes_and_swallows), database=database)
    with pytest.raises(Unavailable):
        await hooks.decide("check_enrolment", PROGRAMME, REQUEST)

    await core_writes(database, "the core's")
    await hooks.close()
    await core_writes(database, "the core's again")
    await given_back(database)


@pytest.mark.parametrize("how", ["read", "write"])
@pytest.mark.parametrize("kept", [True, False])
async def test_connections_left_open_are_closed_and_count_as_a_failure(
    database: Database, how: str, kept: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "TIME_LIMIT", 5)
    monkeypatch.setattr(circuit, "FAILURES", 1_000)
    leaked = []

    async def leaks(context: Context, _asked: Any) -> list[Objection]:
        opened = getattr(context, how)()
        connection = await opened.__aenter__()
        if how == "write":
            await connection.execute(update(programme).values(title="the plugin's"))
        if kept:
            leaked.append(opened)
        return []

    hooks = dispatcher(Checks("hostile", leaks), database=database)
    for _ in range(25):  # more than any pool holds
        with pytest.raises(Unavailable):
            await hooks.decide("check_enrolment", PROGRAMME, REQUEST)
    await core_writes(database, "the core's")
    await given_back(database)
    [figure] = hooks.figures.all()
    assert (figure.calls, figure.failures, figure.leaked, figure.last_error) == (
        25, 25, 25, "PluginError: left 1 connection(s) of its context open",
    )  # fmt: skip


async def test_a_plugin_that_works_properly_gives_back_what_it_took(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def reads_and_writes(context: Context, _asked: Any) -> list[Objection]:
        async with context.read() as connection:
            await connection.execute(select(programme.c.title))
        async with context.write() as connection:
            await connection.execute(update(programme).values(title="the plugin's"))
        return []

    monkeypatch.setattr(dispatch, "TIME_LIMIT", 5)
    hooks = dispatcher(Checks("hostile", reads_and_writes), database=database)
    assert await hooks.decide("check_enrolment", PROGRAMME, REQUEST) == []
    async with database.read() as connection:
        assert await connection.scalar(select(programme.c.title)) == "the plugin's"
    await given_back(database)
