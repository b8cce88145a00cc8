"""A plugin that brings along everything that a plugin can: its routes, hooks, jobs, permissions and tables."""

# No `from __future__ import annotations`: what routes declare must resolve at run time.
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import click
import msgspec

from lms_core.api import (
    CalendarEntry,
    CalendarRequest,
    Context,
    CreateOnce,
    CreditsRequest,
    Effect,
    EnrolmentCreated,
    EnrolmentRequest,
    FromPath,
    Job,
    JSONBody,
    NotFound,
    Objection,
    Payload,
    PendingCredit,
    Permission,
    Plugin,
    PluginChanged,
    PluginProposal,
    Role,
    RouteContext,
    SessionPlan,
    SessionRemark,
    View,
    delete,
    get,
    hookimpl,
    new_id,
    post,
)


class Notice(View, frozen=True):
    """A notice on the board."""

    id: UUID
    text: str


class Notices(View, frozen=True):
    """All notices."""

    items: list[Notice]


class NewNotice(Payload, frozen=True):
    """What somebody pins to the board."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


NOTICES: dict[UUID, list[Notice]] = {}
"""By programme; cleared by the tests."""

CALLED: list[str] = []
"""The names of hooks and jobs that ran, in order; cleared by the tests."""


@get("/notices", permission="board.read")
async def list_notices(context: RouteContext) -> Notices:
    """List the notices of the programme."""
    async with context.read():
        return Notices(NOTICES.get(context.programme_id, []))


@post("/notices", permission="board.pin")
async def pin(context: RouteContext, once: CreateOnce, data: JSONBody[NewNotice]) -> Notice:
    """Pin a notice to the board."""

    async def make(connection: Any) -> Notice:
        made = Notice(new_id(), f"{context.settings.prefix}{data.text}")
        NOTICES.setdefault(context.programme_id, []).append(made)
        await context.enqueue(connection, "announce", made.text)
        return made

    return await once(Notice, make)


@delete("/notices/{notice_id:uuid}", permission="board.pin")
async def unpin(context: RouteContext, notice_id: FromPath[UUID]) -> None:
    """Take a notice from the board."""
    async with context.write():
        left = [notice for notice in NOTICES.get(context.programme_id, []) if notice.id != notice_id]
        if len(left) == len(NOTICES.get(context.programme_id, [])):
            raise NotFound("There is no such notice.")
        NOTICES[context.programme_id] = left


@get("/public", permission="public")
async def public(context: RouteContext) -> Notices:
    """List the notices for whoever passes by."""
    return Notices(NOTICES.get(context.programme_id, []))


@get("/mine", permission="self")
async def mine(context: RouteContext) -> Notice:
    """Show who asks."""
    assert context.person_id
    return Notice(context.person_id, "me")


@get("/runs/{run_id:uuid}/notices", permission="board.read")
async def of_run(context: RouteContext, run_id: FromPath[UUID]) -> Notices:
    """List the notices about a run."""
    return Notices([Notice(run_id, "about a run")])


@get("/broken", permission="board.read")
async def broken(context: RouteContext) -> None:
    """Fail in a way that nobody foresaw."""
    raise ZeroDivisionError("the board fell down")


async def announce(context: Context, payload: str) -> None:
    CALLED.append(f"announce {payload}")


async def sweep(context: Context, payload: None) -> None:
    CALLED.append("sweep")


@click.command()
@click.option("--year", type=int, default=2026)
async def audit(context: Context, year: int) -> None:
    """Count the notices."""
    click.echo(f"{context.settings.prefix}{year}: {context.programme_id}")


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What every notice begins with."""

    prefix: Annotated[str, msgspec.Meta(max_length=20)] = ""


class Board(Plugin):
    """A notice board."""

    name = "board"
    requires = "lms>=0.2,<1"
    settings = Settings
    permissions = (
        Permission("board.read", "read the notices", roles=("student", "board.keeper")),
        Permission("board.pin", "pin notices to the board", roles=("board.keeper",)),
    )
    roles = (Role("board.keeper", "Keeper of the notice board"),)
    routes = (list_notices, pin, unpin, public, mine, of_run, broken)
    jobs = (Job("announce", announce, payload=str), Job("sweep", sweep, every=timedelta(days=1)))
    commands = (audit,)

    @hookimpl
    async def check_enrolment(self, context: Context, enrolment: EnrolmentRequest) -> list[Objection]:
        CALLED.append("check_enrolment")
        return []

    @hookimpl
    async def check_session(self, context: Context, session: SessionPlan) -> list[SessionRemark]:
        CALLED.append("check_session")
        return [SessionRemark("noted", "The board has noted it.", "warn")]

    @hookimpl
    async def calendar_entries(self, context: Context, request: CalendarRequest) -> list[CalendarEntry]:
        CALLED.append("calendar_entries")
        day = datetime(2026, 11, 30, 18)
        changed = datetime(2026, 10, 1, tzinfo=UTC)
        return [
            CalendarEntry(
                key="party", title="Board party", starts=day, ends=day.replace(hour=20), zone="Europe/Berlin",
                changed_at=changed,
            )
        ]  # fmt: skip

    @hookimpl
    async def progress_credits(self, context: Context, request: CreditsRequest) -> list[PendingCredit]:
        CALLED.append("progress_credits")
        return [PendingCredit("board:2026", "Keeping the board", Decimal("2.5"), "asked for")]

    @hookimpl
    async def preview_change(self, context: Context, proposal: PluginProposal) -> list[Effect]:
        CALLED.append("preview_change")
        count = len(NOTICES.get(context.programme_id, []))
        return [Effect("notices", f"{count} notices {'appear' if proposal.enabled else 'are kept, unseen'}.")]

    @hookimpl
    async def enrolment_created(self, context: Context, event: EnrolmentCreated) -> None:
        CALLED.append("enrolment_created")

    @hookimpl
    async def plugin_enabled(self, context: Context, event: PluginChanged) -> None:
        CALLED.append(f"plugin_enabled {event.plugin} {event.revision}")

    @hookimpl
    async def plugin_disabled(self, context: Context, event: PluginChanged) -> None:
        CALLED.append(f"plugin_disabled {event.plugin} {event.revision}")
