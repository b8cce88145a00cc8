"""Entries of a person: kept sealed, with the constraints that follow from each written beside it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from msgspec.structs import replace
from sqlalchemy import delete, func, insert, select, update

from lms_core.api import (
    AsyncConnection,
    Conflict,
    Context,
    NotFound,
    Payload,
    View,
    changed_or_raise,
    insert_into,
    new_id,
    now,
)
from lms_family_sessions import children, sealing
from lms_family_sessions.holidays_of import Land
from lms_family_sessions.maternity import Activity, Consent, Period, Phase, Rule, Waiver, periods
from lms_family_sessions.needs import Document, Entered, Maternity, Needs, Nursing, Proof, Strength, rules_of
from lms_family_sessions.public import public_holidays
from lms_family_sessions.tables_care import constraint, entry

MOST = 50
"""Entries of a person in a programme."""

_sealed = (entry.c.id, entry.c.person_id, entry.c.key_id, entry.c.wrapped, entry.c.sealed)


class Seen(View, frozen=True, kw_only=True):
    """What planners learn: when she cannot come, or would rather not. Nothing says why."""

    strength: Strength
    first_day: date
    last_day: date | None
    weekdays: int
    from_minute: int
    to_minute: int
    zone: str


class Entry(View, frozen=True, kw_only=True):
    """An entry as she who made it reads it; `protection` are the days of the law, `plannersSee` what becomes of it.

    The holidays of `schools` count as hers: planners learn of them where at least five people share a Land.
    """

    id: UUID
    revision: int
    changed_at: datetime
    needs: Needs
    zone: str
    waivers: list[Waiver]
    consents: list[Consent]
    proofs: list[Proof]
    protection: list[Period]
    planners_see: list[Seen]
    schools: list[Land]


class Entries(View, frozen=True):
    """All entries of a person, in the order of their ids."""

    items: list[Entry]


class Preview(View, frozen=True):
    """What would become of an entry."""

    protection: list[Period]
    planners_see: list[Seen]
    schools: list[Land]


class Waive(Payload, frozen=True, kw_only=True, tag="waiver", tag_field="about"):
    """She does without the protection of a phase for an activity from today on; or, not `given`, no longer."""

    phase: Phase
    activity: Activity
    given: bool


class Agree(Payload, frozen=True, kw_only=True, tag="consent", tag_field="about"):
    """She agrees to evenings until 22 o'clock, or to Sundays and holidays, from today on; or no longer."""

    to: Literal["evening", "sunday"]
    given: bool


class Declaration(Payload, frozen=True):
    """An express declaration. It counts from the day on which it is made; so does taking it back."""

    declared: Annotated[Waive | Agree, msgspec.Meta(description="A waiver or a consent.")]


async def read_all(context: Context, connection: AsyncConnection, person_id: UUID) -> Entries:
    """Return the entries of a person. One statement. Raises Unavailable if the key of one is missing."""
    query = select(*_sealed, entry.c.revision, entry.c.changed_at).where(
        entry.c.programme_id == context.programme_id, entry.c.person_id == person_id
    )
    rows = await connection.execute(query.order_by(entry.c.id))
    return Entries([shown(context, opened(context, row), row.id, row.revision, row.changed_at) for row in rows])


async def read(context: Context, connection: AsyncConnection, entry_id: UUID) -> Entry:
    """Return an entry of her who asks. One statement. Raises NotFound, and Unavailable if its key is missing."""
    row = await _own(context, connection, entry_id)
    return shown(context, opened(context, row), row.id, row.revision, row.changed_at)


async def put(context: Context, connection: AsyncConnection, entry_id: UUID, entered: Entered, expected: int) -> Entry:
    """Make an entry (0 expected), or change it; what was declared, and shown as a proof, stays.

    At most six statements. Raises NotFound, PreconditionFailed, Conflict for another kind or too many, and
    Unavailable without a key.
    """
    assert context.person_id
    if expected == 0:
        document = Document(entered=entered)
        await _check_room(context, connection)
        values = _values(context, context.person_id, entry_id, document, 1)
        same = {"id": entry_id, "programme_id": context.programme_id, "person_id": context.person_id}
        wanted = insert_into(connection, entry).values(**same, **values, made_at=now())
        made = await connection.execute(wanted.on_conflict_do_nothing())
        if not made.rowcount:
            await changed_or_raise(connection, entry, _mine(context, entry_id), expected)
        await context.enqueue(connection, "consequences")
    else:
        document = opened(context, await _own(context, connection, entry_id))
        if type(document.entered.needs) is not type(entered.needs):
            raise Conflict("An entry stays of its kind; remove it, and make another.")
        document = replace(document, entered=entered)
        values = await write(context, connection, context.person_id, entry_id, document, expected)
    await _follow(context, connection, context.person_id, entry_id, document)
    return shown(context, document, entry_id, values["revision"], values["changed_at"])


async def declare(
    context: Context, connection: AsyncConnection, entry_id: UUID, said: Waive | Agree, expected: int
) -> Entry:
    """Keep a waiver or consent from today on, or its end; what holds already stays as it is. At most four statements.

    Raises NotFound, PreconditionFailed, and Conflict for an entry of which nothing is to be declared.
    """
    assert context.person_id
    row = await _own(context, connection, entry_id)
    document = opened(context, row)
    today = _today(context, document)
    if isinstance(said, Waive):
        if not isinstance(document.entered.needs, Maternity):
            raise Conflict("Only the protection before and after a birth can be waived.")
        waiver = Waiver(phase=said.phase, activity=said.activity, since=today)
        document = replace(document, waivers=_said(document.waivers, waiver, today, said.given))
    else:
        if not isinstance(document.entered.needs, Maternity | Nursing):
            raise Conflict("Evenings and Sundays are a matter of consent only during a pregnancy, and while nursing.")
        consent = Consent(to=said.to, since=today)
        document = replace(document, consents=_said(document.consents, consent, today, said.given))
    values = await write(context, connection, context.person_id, entry_id, document, expected)
    await _follow(context, connection, context.person_id, entry_id, document)
    return shown(context, document, entry_id, values["revision"], values["changed_at"])


def _said(present: tuple[Any, ...], new: Any, today: date, given: bool) -> tuple[Any, ...]:
    """Return declarations with a new one, or with the end of the one that holds."""
    open_ = [one for one in present if one.until is None and replace(one, since=today) == new]
    if given:
        return present if open_ else (*present, new)
    return tuple(replace(one, until=today) if one in open_ else one for one in present)


async def remove(context: Context, connection: AsyncConnection, entry_id: UUID, expected: int) -> None:
    """Remove an entry and what followed from it. Raises NotFound and PreconditionFailed."""
    mine = _mine(context, entry_id)
    done = await connection.execute(delete(entry).where(mine, entry.c.revision == expected))
    if not done.rowcount:
        await changed_or_raise(connection, entry, mine, expected)


async def write(
    context: Context, connection: AsyncConnection, person_id: UUID, entry_id: UUID, document: Document, expected: int
) -> dict[str, Any]:
    """Keep a changed document; return what was written. At most three statements. Raises PreconditionFailed."""
    values = _values(context, person_id, entry_id, document, expected + 1)
    same = (entry.c.id == entry_id) & (entry.c.person_id == person_id) & (entry.c.programme_id == context.programme_id)
    done = await connection.execute(update(entry).where(same, entry.c.revision == expected).values(**values))
    if not done.rowcount:
        await changed_or_raise(connection, entry, same, expected)
    await context.enqueue(connection, "consequences")
    return values


def preview(context: Context, entered: Entered) -> Preview:
    """Return what would become of an entry, and keep nothing."""
    document = Document(entered=entered)
    return Preview(_protection(document), _seen(context, document), children.lands(context, document))


def opened(context: Context, row: Any) -> Document:
    """Return the document of a row. Raises Unavailable if its key is missing."""
    sealed = sealing.Sealed(row.key_id, row.wrapped, row.sealed)
    return msgspec.json.decode(sealing.unseal(sealed, context.programme_id, row.person_id, row.id), type=Document)


def shown(context: Context, document: Document, entry_id: UUID, revision: int, changed_at: datetime) -> Entry:
    """Return an entry as she reads it."""
    return Entry(
        id=entry_id,
        revision=revision,
        changed_at=changed_at,
        needs=document.entered.needs,
        zone=document.entered.zone or context.settings.zone,
        waivers=list(document.waivers),
        consents=list(document.consents),
        proofs=list(document.proofs),
        protection=_protection(document),
        planners_see=_seen(context, document),
        schools=children.lands(context, document),
    )


def _protection(document: Document) -> list[Period]:
    needs = document.entered.needs
    return list(periods(needs.pregnancy())) if isinstance(needs, Maternity) else []


def _seen(context: Context, document: Document) -> list[Seen]:
    zone = document.entered.zone or context.settings.zone
    return [
        Seen(
            strength=strength, first_day=rule.first, last_day=rule.last, weekdays=rule.weekdays,
            from_minute=rule.from_minute, to_minute=rule.to_minute, zone=zone,
        )
        for strength, rule in _rules(context, document)
    ]  # fmt: skip


def _rules(context: Context, document: Document) -> list[tuple[Strength, Rule]]:
    return rules_of(document, lambda first, last: public_holidays(context.settings.land, first, last))


async def _follow(
    context: Context, connection: AsyncConnection, person_id: UUID, entry_id: UUID, document: Document
) -> None:
    """Write what follows from a document, in place of that before: constraints, or school calendars.

    At most three statements.
    """
    await connection.execute(delete(constraint).where(constraint.c.entry_id == entry_id))
    same = {"programme_id": context.programme_id, "person_id": person_id, "entry_id": entry_id}
    rows = [{"id": new_id(), **same, **msgspec.structs.asdict(one)} for one in _seen(context, document)]
    if rows:
        await connection.execute(insert(constraint), rows)
    await children.follow_children(context, connection, person_id, entry_id, document)


def _values(context: Context, person_id: UUID, entry_id: UUID, document: Document, revision: int) -> dict[str, Any]:
    sealed = sealing.seal(msgspec.json.encode(document), context.programme_id, person_id, entry_id)
    return {**sealed.values(), "revision": revision, "changed_at": now()}


async def _check_room(context: Context, connection: AsyncConnection) -> None:
    query = select(func.count()).where(
        entry.c.programme_id == context.programme_id, entry.c.person_id == context.person_id
    )
    if (await connection.scalar(query) or 0) >= MOST:
        raise Conflict(f"There are {MOST} entries already; remove those that are over.")


async def _own(context: Context, connection: AsyncConnection, entry_id: UUID) -> Any:
    query = select(*_sealed, entry.c.revision, entry.c.changed_at)
    row = (await connection.execute(query.where(_mine(context, entry_id)))).first()
    if row is None:
        raise NotFound("You have no such entry.")
    return row


def _mine(context: Context, entry_id: UUID) -> Any:
    return (
        (entry.c.id == entry_id)
        & (entry.c.programme_id == context.programme_id)
        & (entry.c.person_id == context.person_id)
    )


def _today(context: Context, document: Document) -> date:
    return now().astimezone(ZoneInfo(document.entered.zone or context.settings.zone)).date()
