"""Jobs of plugins are called like their hooks; and one plugin alone can be asked, with settings that nobody has kept."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from lms_core.api import Context, CreditsRequest, Job, PendingCredit, Plugin, hookimpl
from lms_core.hooks.registry import PluginError
from lms_core.outbox.events import Later, Undeliverable
from lms_core.types import now
from tests.support.dispatching import CREDITS, DELIVERY, PROGRAMME, Shows, dispatcher

KEY = "00000000-0000-0000-0000-000000000001:plugin:events"
seen: list[tuple[str, Any, str | None]] = []


class Reminder(msgspec.Struct, frozen=True):
    """Whom to remind, and when."""

    person: str
    on: date


async def remind(context: Context, payload: Reminder) -> None:
    seen.append(("remind", payload, context.idempotency_key))


async def sweep(context: Context, payload: None) -> None:
    seen.append(("sweep", payload, context.idempotency_key))


async def hang(_context: Context, _payload: Any) -> None:
    await asyncio.Event().wait()


async def fail(_context: Context, _payload: Any) -> None:
    raise ConnectionError("no answer")


async def wait(_context: Context, _payload: Any) -> None:
    raise Later(now() + timedelta(seconds=30), "others are running")


class Works(Plugin):
    """Has jobs of every kind."""

    name = "works"
    jobs = (
        Job("remind", remind, payload=Reminder),
        Job("sweep", sweep, every=timedelta(hours=1)),
        Job("hang", hang, seconds=0.05),
        Job("fail", fail),
        Job("wait", wait),
    )


@pytest.fixture(autouse=True)
def nothing_seen() -> None:
    seen.clear()


async def test_a_job_gets_its_payload_as_it_was_declared() -> None:
    hooks = dispatcher(Works())
    await hooks.run_job("works", "remind", PROGRAMME, b'{"person": "Sofia", "on": "2026-11-02"}', DELIVERY)
    await hooks.run_job("works", "sweep", PROGRAMME, b"null", DELIVERY)

    assert seen == [("remind", Reminder("Sofia", date(2026, 11, 2)), KEY), ("sweep", None, KEY)]
    assert [(figure.hook, figure.calls, figure.failures) for figure in hooks.figures.all()] == [
        ("job:remind", 1, 0),
        ("job:sweep", 1, 0),
    ]


@pytest.mark.parametrize(
    ("job", "payload", "reason"),
    [
        ("gone", b"null", "the plugin works has no job gone (any more)"),
        (
            "remind",
            b'{"person": 5}',
            "the payload does not fit the job remind: Expected `str`, got `int` - at `$.person`",
        ),
        ("remind", b"{", "the payload does not fit the job remind: Input data was truncated"),
    ],
)
async def test_what_no_repetition_helps_is_undeliverable(job: str, payload: bytes, reason: str) -> None:
    hooks = dispatcher(Works())
    with pytest.raises(Undeliverable) as caught:
        await hooks.run_job("works", job, PROGRAMME, payload, DELIVERY)
    assert str(caught.value) == reason


async def test_a_job_has_the_time_that_it_declares_and_its_own_circuit() -> None:
    hooks = dispatcher(Works())
    with pytest.raises(TimeoutError, match=r"took longer than 0\.05 seconds"):
        await hooks.run_job("works", "hang", PROGRAMME, b"null", DELIVERY)
    for _ in range(5):
        with pytest.raises(ConnectionError):
            await hooks.run_job("works", "fail", PROGRAMME, b"null", DELIVERY)
    with pytest.raises(Later):
        await hooks.run_job("works", "fail", PROGRAMME, b"null", DELIVERY)
    await hooks.run_job("works", "sweep", PROGRAMME, b"null", DELIVERY)


async def test_jobs_of_a_disabled_plugin_do_nothing_and_those_of_a_missing_one_wait() -> None:
    off, missing = dispatcher(Works(), enabled={uuid4(): {"works"}}), dispatcher(enabled={PROGRAMME: {"works"}})

    await off.run_job("works", "sweep", PROGRAMME, b"null", DELIVERY)
    with pytest.raises(PluginError, match="works is enabled but not installed"):
        await missing.run_job("works", "sweep", PROGRAMME, b"null", DELIVERY)

    assert seen == []


class Finishes(Works):
    """Does the same, and one job goes on where it was enabled."""

    name = "finishes"
    jobs = (Job("sweep", sweep, every=timedelta(hours=1), finishes=True), Job("remind", remind, payload=Reminder))


async def test_a_job_that_finishes_what_was_begun_goes_on_where_its_plugin_was_enabled() -> None:
    never, before = uuid4(), uuid4()
    hooks = dispatcher(Finishes(), enabled={PROGRAMME: {"finishes"}})
    hooks._enabled.before[before] = {"finishes"}
    for programme_id in (PROGRAMME, before, never):
        await hooks.run_job("finishes", "sweep", programme_id, b"null", DELIVERY)
    await hooks.run_job("finishes", "remind", before, b'{"person":"Ann","on":"2027-01-01"}', DELIVERY)
    assert [(name, payload) for name, payload, _ in seen] == [("sweep", None), ("sweep", None)]
    assert await hooks.where_due("finishes", "sweep") == [PROGRAMME, before]


async def test_what_recurs_where() -> None:
    elsewhere = uuid4()
    hooks = dispatcher(Works(), enabled={PROGRAMME: {"works"}, elsewhere: {"works", "gone"}, uuid4(): {"gone"}})
    assert hooks.recurring() == [("works", "sweep", timedelta(hours=1))]
    assert await hooks.where_due("works", "sweep") == [PROGRAMME, elsewhere]


class Pays(Plugin):
    """Shows as many ECTS as its settings say."""

    name = "pays"

    @hookimpl
    async def progress_credits(self, context: Context, request: CreditsRequest) -> list[PendingCredit]:
        if context.settings is None:
            raise ValueError("without settings")
        return [PendingCredit("x", "X", Decimal(context.settings), "open")]


async def test_one_plugin_is_asked_with_settings_that_nobody_has_kept() -> None:
    async def never(_context: Context, _asked: Any) -> list[PendingCredit]:
        raise AssertionError("another plugin was asked")

    hooks = dispatcher(Pays(), Works(), Shows("other", never), enabled={PROGRAMME: {"other"}})

    async def ask(plugin: str, settings: Any) -> tuple[list[Any], bool]:
        return await hooks.shape_one(plugin, "progress_credits", PROGRAMME, settings, CREDITS)

    assert await ask("pays", 5) == ([PendingCredit("x", "X", Decimal(5), "open")], False)
    assert await ask("pays", None) == ([], True)
    assert await ask("works", None) == ([], False)
    assert await ask("gone", None) == ([], True)


async def test_a_job_that_waits_has_not_failed_however_often_it_does() -> None:
    hooks = dispatcher(Works())
    for _ in range(20):
        with pytest.raises(Later, match="others are running"):
            await hooks.run_job("works", "wait", PROGRAMME, b"null", DELIVERY)
    [figure] = hooks.figures.all()
    assert (figure.hook, figure.calls, figure.failures) == ("job:wait", 20, 0)
