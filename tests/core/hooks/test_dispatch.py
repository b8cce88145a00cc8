"""Calling plugins: a check that does not work refuses, an event that was not taken is kept, off means off."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
from sqlalchemy import insert

from lms_core.api import Context, EnrolmentCreated, EnrolmentRequest, Objection, Plugin, hookimpl
from lms_core.db import Database
from lms_core.errors import Unavailable
from lms_core.hooks import dispatch
from lms_core.hooks.context import Delivery
from lms_core.hooks.dispatch import Dispatcher
from lms_core.hooks.registry import PluginError, load
from lms_core.programmes.plugins import Enablement
from lms_core.programmes.tables import programme, programme_plugin

PROGRAMME = uuid4()
REQUEST = EnrolmentRequest(uuid4(), uuid4(), uuid4(), PROGRAMME)
DELIVERY = Delivery(UUID(int=1), "plugin:events")
KEY = f"{UUID(int=1)}:plugin:events"
EVENT = EnrolmentCreated(uuid4(), uuid4(), PROGRAMME, "waiting")

Answer = Callable[[Context, EnrolmentRequest], Awaitable[Any]]


class Checks(Plugin):
    """Answers checks as it is told, and remembers what it was given."""

    def __init__(self, name: str, answer: Answer) -> None:
        self.name = name  # type: ignore[misc]  # of the class by rule; here each object is a plugin
        self.answer = answer
        self.asked: list[EnrolmentRequest] = []

    @hookimpl
    async def check_enrolment(self, context: Context, enrolment: EnrolmentRequest) -> list[Objection]:
        self.asked.append(enrolment)
        answer: list[Objection] = await self.answer(context, enrolment)
        return answer


class Events(Plugin):
    """Remembers events, unless it is told to fail."""

    name = "events"

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.seen: list[tuple[EnrolmentCreated, str | None]] = []

    @hookimpl
    async def enrolment_created(self, context: Context, event: EnrolmentCreated) -> None:
        if self.error:
            raise self.error
        self.seen.append((event, context.idempotency_key))


def dispatcher(*plugins: Plugin, enabled: dict[UUID, set[str]]) -> Dispatcher:
    """Dispatch to these plugins; nothing opens the database."""

    async def settings_of(programme_id: UUID) -> dict[str, Any]:
        return dict.fromkeys(enabled.get(programme_id, set()))

    return Dispatcher(load(plugins), settings_of, Database("sqlite:///never-opened.sqlite3"))


def objects(code: str) -> Answer:
    async def answer(_context: Context, _enrolment: EnrolmentRequest) -> list[Objection]:
        return [Objection(code, f"It says {code}.")]

    return answer


async def agrees(_context: Context, _enrolment: EnrolmentRequest) -> list[Objection]:
    return []


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
        Objection("too-fast", "It says too-fast."),
        Objection("no-licence", "It says no-licence."),
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


async def enable(database: Database, settings: dict[str, dict[str, Any]]) -> None:
    """Make a programme that has these plugins enabled with these settings, as they were typed in."""
    new = {"id": PROGRAMME, "key": "ms", "title": "Microsystems", "degree": "M.Sc.", "language": "en", "revision": 1}
    row = {"programme_id": PROGRAMME, "enabled": True, "revision": 1, "changed_at": datetime.now(UTC)}
    rows = [{**row, "plugin": name, "settings": kept} for name, kept in settings.items()]
    async with database.write() as connection:
        await connection.execute(insert(programme), new)
        await connection.execute(insert(programme_plugin), rows)


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

    assert await hooks.subscribers("enrolment_created", PROGRAMME) == ["events"]
    await hooks.react("events", "enrolment_created", PROGRAMME, msgspec.json.encode(EVENT), DELIVERY)

    assert plugin.seen == [(EVENT, KEY)]


async def test_events_go_to_nobody_where_nothing_is_enabled() -> None:
    plugin = Events()
    hooks = dispatcher(plugin, Checks("checks", agrees), enabled={PROGRAMME: {"checks"}})

    assert await hooks.subscribers("enrolment_created", PROGRAMME) == []
    assert await hooks.subscribers("enrolment_created", None) == []
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

    assert await without.subscribers("enrolment_created", PROGRAMME) == ["events"]
    with pytest.raises(PluginError, match="events is enabled but not installed"):
        await without.react(*event)
    await within.react(*event)

    assert plugin.seen == [(EVENT, KEY)]
