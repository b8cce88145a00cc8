"""Calling plugins: a check that does not work refuses, an event that was not taken is kept, off means off."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import msgspec
import pytest

from lms_core.api import Context, EnrolmentRequest, Objection
from lms_core.db import Database
from lms_core.errors import Unavailable
from lms_core.hooks import dispatch
from lms_core.hooks.dispatch import Dispatcher
from lms_core.hooks.registry import PluginError, load
from lms_core.programmes.enablement import Enablement
from lms_core.types import now
from tests.support.dispatching import (
    DELIVERY,
    EVENT,
    PROGRAMME,
    REQUEST,
    Checks,
    Events,
    agrees,
    dispatcher,
    enable,
    objects,
)

if TYPE_CHECKING:
    from tests.support.dispatching import Answer

KEY = f"{UUID(int=1)}:plugin:events"


async def raises(_context: Context, _enrolment: EnrolmentRequest) -> list[Objection]:
    raise KeyError("licence")


async def hangs(_context: Context, _enrolment: EnrolmentRequest) -> list[Objection]:
    await asyncio.Event().wait()
    return []


async def is_cancelled_within(_context: Context, _enrolment: EnrolmentRequest) -> list[Objection]:
    raise asyncio.CancelledError


async def answers_nothing(_context: Context, _enrolment: EnrolmentRequest) -> None:
    return None


async def answers_a_sentence(_context: Context, _enrolment: EnrolmentRequest) -> str:
    return "not allowed"


async def answers_sentences(_context: Context, _enrolment: EnrolmentRequest) -> list[str]:
    return ["not allowed"]


async def test_the_objections_of_all_enabled_plugins_come_together() -> None:
    plugins = [Checks("pace", objects("too-fast")), Checks("silent", agrees), Checks("licence", objects("no-licence"))]
    hooks = dispatcher(*plugins, enabled={PROGRAMME: {"pace", "silent", "licence"}})

    assert await hooks.decide("check_enrolment", PROGRAMME, REQUEST) == [
        Objection("no-licence", "It says no-licence."),
        Objection("too-fast", "It says too-fast."),
    ]
    assert [plugin.asked for plugin in plugins] == [[REQUEST], [REQUEST], [REQUEST]]


async def test_only_what_the_programme_has_enabled_is_asked() -> None:
    on, off = Checks("on", agrees), Checks("off", raises)
    hooks = dispatcher(on, off, enabled={PROGRAMME: {"on"}, uuid4(): {"off"}})

    assert await hooks.decide("check_enrolment", PROGRAMME, REQUEST) == []
    assert (on.asked, off.asked) == ([REQUEST], [])


@pytest.mark.parametrize(
    "broken", [raises, hangs, is_cancelled_within, answers_nothing, answers_a_sentence, answers_sentences]
)
async def test_a_check_that_does_not_work_refuses_and_names_its_plugin(
    broken: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "TIME_LIMIT", 0.01)
    hooks = dispatcher(Checks("fine", agrees), Checks("broken", broken), enabled={PROGRAMME: {"fine", "broken"}})

    with pytest.raises(Unavailable) as caught:
        await hooks.decide("check_enrolment", PROGRAMME, REQUEST)

    assert (caught.value.status, caught.value.plugin, caught.value.detail) == (
        503,
        "broken",
        "The plugin broken could not check this, so it is refused for now. Try again later.",
    )


async def test_a_late_check_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "TIME_LIMIT", 0.01)
    ended = asyncio.Event()

    async def waits(_context: Context, _enrolment: EnrolmentRequest) -> list[Objection]:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return []

    hooks = dispatcher(Checks("late", waits), enabled={PROGRAMME: {"late"}})
    with pytest.raises(Unavailable):
        await hooks.decide("check_enrolment", PROGRAMME, REQUEST)
    assert ended.is_set()


async def test_a_plugin_that_is_enabled_but_not_installed_any_more_refuses() -> None:
    hooks = dispatcher(Checks("fine", agrees), enabled={PROGRAMME: {"fine", "gone"}})

    with pytest.raises(Unavailable) as caught:
        await hooks.decide("check_enrolment", PROGRAMME, REQUEST)
    assert caught.value.plugin == "gone"


async def test_a_cancelled_request_is_cancelled_not_refused() -> None:
    hooks = dispatcher(Checks("slow", hangs), enabled={PROGRAMME: {"slow"}})
    request = asyncio.create_task(hooks.decide("check_enrolment", PROGRAMME, REQUEST))
    await asyncio.sleep(0)
    request.cancel()
    with pytest.raises(asyncio.CancelledError):
        await request


class PaceSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of more than one type."""

    since: datetime
    exempt: frozenset[UUID]
    most: int = 3


async def test_settings_arrive_as_the_plugin_declared_them(database_url: str) -> None:
    given = []

    async def looks(context: Context, _enrolment: EnrolmentRequest) -> list[Objection]:
        given.append((context.plugin, context.programme_id, context.settings, context.idempotency_key))
        return []

    pace = Checks("pace", looks)
    pace.settings = PaceSettings  # type: ignore[misc]  # as above
    registry = load([pace])
    person = uuid4()
    database = Database(database_url)
    await enable(database, {"pace": {"since": "2026-10-01T00:00:00Z", "exempt": [str(person)]}})

    hooks = Dispatcher(registry, Enablement(database, registry), database)
    assert await hooks.decide("check_enrolment", PROGRAMME, REQUEST) == []
    await database.close()

    assert given == [("pace", PROGRAMME, PaceSettings(datetime(2026, 10, 1, tzinfo=UTC), frozenset({person}), 3), None)]


async def test_settings_that_no_longer_fit_stop_their_plugin_and_no_other(database_url: str) -> None:
    pace, events = Checks("pace", agrees), Events()
    pace.settings = PaceSettings  # type: ignore[misc]  # as above
    registry = load([pace, events])
    database = Database(database_url)
    await enable(database, {"pace": {"since": "2026-10-01T00:00:00Z"}, "events": {}})

    hooks = Dispatcher(registry, Enablement(database, registry), database)
    with pytest.raises(Unavailable) as caught:
        await hooks.decide("check_enrolment", PROGRAMME, REQUEST)
    await hooks.react("events", "enrolment_created", PROGRAMME, msgspec.json.encode(EVENT), DELIVERY)
    await database.close()

    assert (caught.value.plugin, pace.asked) == ("pace", [])
    assert events.seen == [(EVENT, KEY)]


async def test_an_event_reaches_its_plugin_as_it_happened() -> None:
    plugin = Events()
    hooks = dispatcher(plugin, enabled={PROGRAMME: {"events"}})

    assert await hooks.subscribers("enrolment_created", PROGRAMME, now()) == ["events"]
    await hooks.react("events", "enrolment_created", PROGRAMME, msgspec.json.encode(EVENT), DELIVERY)

    assert plugin.seen == [(EVENT, KEY)]


async def test_events_go_to_nobody_where_nothing_is_enabled() -> None:
    plugin = Events()
    hooks = dispatcher(plugin, Checks("checks", agrees), enabled={PROGRAMME: {"checks"}})

    assert await hooks.subscribers("enrolment_created", PROGRAMME, now()) == []
    assert await hooks.subscribers("enrolment_created", None, now()) == []
    await hooks.react("events", "enrolment_created", PROGRAMME, msgspec.json.encode(EVENT), DELIVERY)
    await hooks.react("checks", "enrolment_created", PROGRAMME, msgspec.json.encode(EVENT), DELIVERY)

    assert plugin.seen == []


async def test_a_reaction_that_fails_is_told_to_the_caller() -> None:
    error = ConnectionError("the student office does not answer")
    hooks = dispatcher(Events(error), enabled={PROGRAMME: {"events"}})

    with pytest.raises(ConnectionError) as caught:
        await hooks.react("events", "enrolment_created", PROGRAMME, msgspec.json.encode(EVENT), DELIVERY)
    assert caught.value is error


async def test_events_wait_for_a_plugin_that_is_enabled_but_not_installed() -> None:
    enabled = {PROGRAMME: {"events"}}
    without, within = dispatcher(enabled=enabled), dispatcher(plugin := Events(), enabled=enabled)
    event = ("events", "enrolment_created", PROGRAMME, msgspec.json.encode(EVENT), DELIVERY)

    assert await without.subscribers("enrolment_created", PROGRAMME, now()) == ["events"]
    with pytest.raises(PluginError, match="events is enabled but not installed"):
        await without.react(*event)
    await within.react(*event)

    assert plugin.seen == [(EVENT, KEY)]
