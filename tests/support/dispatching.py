"""Plugins that do as they are told, and a dispatcher for them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from sqlalchemy import insert

from lms_core.api import (
    Context,
    CreditsRequest,
    EnrolmentCreated,
    EnrolmentRequest,
    Objection,
    PendingCredit,
    Plugin,
    hookimpl,
)
from lms_core.db import Database
from lms_core.hooks.context import Delivery
from lms_core.hooks.dispatch import Dispatcher
from lms_core.hooks.registry import load
from lms_core.programmes.tables import programme, programme_plugin

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Answer = Callable[[Context, Any], Awaitable[Any]]

PROGRAMME = uuid4()
REQUEST = EnrolmentRequest(uuid4(), uuid4(), uuid4(), PROGRAMME)
EVENT = EnrolmentCreated(uuid4(), uuid4(), PROGRAMME, "waiting")
CREDITS = CreditsRequest(uuid4(), PROGRAMME)
DELIVERY = Delivery(UUID(int=1), "plugin:events")


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


class Shows(Plugin):
    """Shows pending credits as it is told."""

    def __init__(self, name: str, answer: Answer) -> None:
        self.name = name  # type: ignore[misc]  # as above
        self.answer = answer

    @hookimpl
    async def progress_credits(self, context: Context, request: CreditsRequest) -> list[PendingCredit]:
        answer: list[PendingCredit] = await self.answer(context, request)
        return answer


class Events(Plugin):
    """Remembers events, unless it is told to fail."""

    name = "events"

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error
        self.seen: list[tuple[EnrolmentCreated, str | None]] = []

    @hookimpl
    async def enrolment_created(self, context: Context, event: EnrolmentCreated) -> None:
        if self.error:
            raise self.error
        self.seen.append((event, context.idempotency_key))


class Enabled:
    """What is enabled where, as a test says."""

    def __init__(self, names: dict[UUID, set[str]]) -> None:
        self.names = names
        self.before: dict[UUID, set[str]] = {}

    async def __call__(self, programme_id: UUID) -> dict[str, Any]:
        return dict.fromkeys(self.names.get(programme_id, set()))

    async def at(self, programme_id: UUID, moment: datetime) -> dict[str, Any]:
        return await self(programme_id)

    async def everywhere(self) -> dict[UUID, Any]:
        return {programme_id: dict.fromkeys(names) for programme_id, names in self.names.items()}

    async def off(self, programme_id: UUID) -> dict[str, Any]:
        return dict.fromkeys(self.before.get(programme_id, set()))

    async def where(self, plugin: str, *, off: bool = False) -> list[UUID]:
        known = [*self.names.items(), *(self.before.items() if off else ())]
        return [programme_id for programme_id, names in known if plugin in names]


def dispatcher(
    *plugins: Plugin, enabled: dict[UUID, set[str]] | None = None, database: Database | None = None
) -> Dispatcher:
    """Dispatch to these plugins, by default all enabled in PROGRAMME; without a database nothing opens one."""
    names = {PROGRAMME: {plugin.name for plugin in plugins}} if enabled is None else enabled
    return Dispatcher(load(plugins), Enabled(names), database or Database("sqlite:///never-opened.sqlite3"))


async def enable(database: Database, settings: dict[str, dict[str, Any]]) -> None:
    """Make a programme that has these plugins enabled with these settings, as they were typed in."""
    new = {"id": PROGRAMME, "key": "ms", "title": "Microsystems", "degree": "M.Sc.", "language": "en", "revision": 1}
    row = {"programme_id": PROGRAMME, "enabled": True, "revision": 1, "changed_at": datetime.now(UTC)}
    rows = [{**row, "plugin": name, "settings": kept} for name, kept in settings.items()]
    async with database.write() as connection:
        await connection.execute(insert(programme), new)
        await connection.execute(insert(programme_plugin), rows)


async def agrees(_context: Context, _enrolment: EnrolmentRequest) -> list[Objection]:
    return []


def objects(code: str) -> Answer:
    async def answer(_context: Context, _enrolment: EnrolmentRequest) -> list[Objection]:
        return [Objection(code, f"It says {code}.")]

    return answer
