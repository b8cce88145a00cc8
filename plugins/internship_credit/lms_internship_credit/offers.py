"""What firms offer: entered by the office or by the firm itself, released by the office, and searched by students."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from sqlalchemy import delete, func, insert, or_, select, update

from lms_core.api import (
    AsyncConnection,
    BadValue,
    Conflict,
    Context,
    FieldError,
    InvalidInput,
    LongText,
    Name,
    NotFound,
    Payload,
    View,
    changed_or_raise,
    new_id,
    revoke_guests,
)
from lms_internship_credit import tables as t
from lms_internship_credit.case import broken
from lms_internship_credit.cases import find_organisation, today_in
from lms_internship_credit.firms import check_own
from lms_internship_credit.folding import forms, kept
from lms_internship_credit.hosts import Kind, Site, named, taken

State = Literal["applied", "placed", "waiting", "declined"]
Stage = Literal["draft", "open", "closed"]
PAGE = 100

FIRM = "internship_credit.firm"
"""As what a firm comes by a link to those who applied for one offer."""


class Posting(Payload, frozen=True, kw_only=True):
    """Places at a firm: when, how many hours a week, for what pay a month, which skills and language they need.

    `kind` is whether it is for mandatory internships, voluntary ones or both. Until `closesOn` students apply. Site and
    contact are two of the firm's; without a contact its first one is written to.
    """

    site_id: UUID | None = None
    contact_id: UUID | None = None
    title: Name
    tasks: LongText
    skills: LongText = ""
    place: Name
    language: Name
    first_day: date
    last_day: date
    weekly_hours: Decimal
    pay_cents: Annotated[int, msgspec.Meta(ge=0, le=100_000_000)] | None = None
    kind: Kind = "any"
    places: Annotated[int, msgspec.Meta(ge=1, le=1_000)]
    closes_on: date

    def __post_init__(self) -> None:
        """Refuse a period or hours that cannot be."""
        for error in wrong_in(msgspec.structs.asdict(self)):
            raise error


def wrong_in(given: Mapping[str, Any]) -> Iterator[BadValue]:
    """Tell which rules the fields of an offer break, as far as they are given."""
    yield from broken(given)
    first, closes = given.get("first_day"), given.get("closes_on")
    if first and closes and closes > first:
        yield BadValue("closesOn", "must not lie after firstDay")


class NewOffer(Posting, frozen=True, kw_only=True):
    """An offer as the office enters it for a firm."""

    organisation_id: UUID


class Offer(View, frozen=True, kw_only=True):
    """An offer; `free` are places that nobody has. `mine` is how one's own application stands, if there is one.

    It is a draft until the office opens it, and after the firm has changed it. `country` is that of the site, or else
    of the firm.
    """

    id: UUID
    organisation_id: UUID
    organisation: str
    site: Site | None
    contact_id: UUID | None
    state: Stage
    title: str
    tasks: str
    skills: str
    place: str
    country: str
    language: str
    first_day: date
    last_day: date
    weekly_hours: Decimal
    pay_cents: int | None
    kind: Kind
    places: int
    free: int
    closes_on: date
    mine: State | None
    revision: int


class Offers(View, frozen=True):
    """A page of offers; `next`, unless it is the last one, is the `cursor` of the next."""

    items: list[Offer]
    next: UUID | None


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What offers are searched for: each that is given must fit.

    Each word of `text` stands in title, tasks, skills, place, language or the name of the firm; `skill` in the skills
    and `language` in the language. `first_day` and `last_day` bound days of which an offer has one at least,
    `pay_cents` is the least pay of a month.
    """

    text: str = ""
    country: str | None = None
    kind: Kind | None = None
    skill: str = ""
    language: str = ""
    first_day: date | None = None
    last_day: date | None = None
    pay_cents: int | None = None


class NewStage(Payload, frozen=True):
    """In which state an offer shall be."""

    state: Stage


async def add(context: Context, connection: AsyncConnection, data: NewOffer) -> Offer:
    """Add an offer that is open. Raises NotFound (no such firm) and InvalidInput (over already, another firm's site).

    Five statements at most.
    """
    check_time(context, data.closes_on)
    await find_organisation(context, connection, data.organisation_id)
    await check_own(connection, data.organisation_id, data.site_id, data.contact_id)
    values = {"id": new_id(), "programme_id": context.programme_id, **columns(data), "state": "open", "revision": 1}
    await connection.execute(insert(t.offer), values)
    return await read(context, connection, values["id"], whole=True)


def check_time(context: Context, closes_on: date) -> None:
    """Raise InvalidInput where nobody could apply any more."""
    if closes_on < today_in(context):
        past = [FieldError("body.closesOn", "must not be over; nobody could apply")]
        raise InvalidInput("This offer would be closed already.", errors=past)


def columns(data: Posting) -> dict[str, Any]:
    """Return what is kept of an offer as it was entered, with the words by which it is found."""
    given = msgspec.structs.asdict(data)
    words = {
        "words": kept(data.title, data.tasks, data.skills, data.place, data.language),
        "skill_words": kept(data.skills), "language_words": kept(data.language),
    }  # fmt: skip
    return {**given, **words}


async def change(
    context: Context, connection: AsyncConnection, offer_id: UUID, values: dict[str, Any], expected: int
) -> Offer:
    """Change columns of an offer. Raises NotFound and PreconditionFailed. Two statements."""
    same = (t.offer.c.id == offer_id) & (t.offer.c.programme_id == context.programme_id)
    changed = update(t.offer).where(same, t.offer.c.revision == expected).values(**values, revision=expected + 1)
    done = await connection.execute(changed)
    if not done.rowcount:
        await changed_or_raise(connection, t.offer, same, expected)
    return await read(context, connection, offer_id, whole=True)


async def move(context: Context, connection: AsyncConnection, offer_id: UUID, to: Stage, expected: int) -> Offer:
    """Open an offer that a firm has entered, close one, or take it back to a draft; who has applied still sees it.

    Raises NotFound, InvalidInput (it would open after its last day) and PreconditionFailed. Two statements.
    """
    moved = await change(context, connection, offer_id, {"state": to}, expected)
    if to == "open":
        check_time(context, moved.closes_on)
    return moved


async def remove(context: Context, connection: AsyncConnection, offer_id: UUID, expected: int) -> None:
    """Remove an offer for which nobody applied, with its links. Raises NotFound, PreconditionFailed and Conflict."""
    same = (t.offer.c.id == offer_id) & (t.offer.c.programme_id == context.programme_id)
    held = select(t.offer.c.id).where(same, t.offer.c.revision == expected).with_for_update()
    if await connection.scalar(held) is None:
        await changed_or_raise(connection, t.offer, same, expected)
    of = t.application.c.offer_id == offer_id
    number = await connection.scalar(select(func.count()).select_from(t.application).where(of)) or 0
    if number:
        told = "1 student has applied" if number == 1 else f"{number} students have applied"
        raise Conflict(f"{told} for this offer, so it stays; close it instead.")
    await connection.execute(delete(t.offer).where(same))
    await revoke_guests(context, connection, FIRM, str(offer_id))


def _offers(context: Context) -> Any:
    """Select offers with the firm's name, free places, and how the application of who asks stands."""
    o, a, firm = t.offer.c, t.application.c, t.organisation.c
    placed = select(func.count()).where(a.offer_id == o.id, a.state == "placed").scalar_subquery()
    found = [o[name] for name in Offer.__struct_fields__ if name in o]
    extra = (firm.name.label("organisation"), _country().label("country"), (o.places - placed).label("free"))
    joined = (
        select(*found, *extra, *named(Site, t.site), _mine(context).label("mine"))
        .join(t.organisation, firm.id == o.organisation_id)
        .outerjoin(t.site, t.site.c.id == o.site_id)
    )
    return joined.where(o.programme_id == context.programme_id)


def _mine(context: Context) -> Any:
    a = t.application.c
    return select(a.state).where(a.offer_id == t.offer.c.id, a.person_id == context.person_id).scalar_subquery()


def _country() -> Any:
    return func.coalesce(t.site.c.country, t.organisation.c.country)


def _offer(row: Any) -> Offer:
    found = dict(row._mapping)
    site = Site(**taken(found, Site, t.site)) if found["site_id"] else None
    return Offer(site=site, **{name: found[name] for name in Offer.__struct_fields__ if name != "site"})


async def read(context: Context, connection: AsyncConnection, offer_id: UUID, *, whole: bool = False) -> Offer:
    """Return an offer; unless `whole` a draft only to who has applied for it. Raises NotFound. One statement."""
    query = _offers(context).where(t.offer.c.id == offer_id)
    if not whole:
        query = query.where(or_(t.offer.c.state != "draft", _mine(context).is_not(None)))
    row = (await connection.execute(query)).first()
    if row is None:
        raise NotFound("There is no such offer.")
    return _offer(row)


async def search(context: Context, connection: AsyncConnection, wanted: Wanted, cursor: UUID | None = None) -> Offers:
    """Return a page of offers for which students can apply now, the oldest first. One statement."""
    o, firm = t.offer.c, t.organisation.c
    query = _offers(context).where(o.state == "open", o.closes_on >= today_in(context))
    for word in wanted.text.split()[:10]:
        query = query.where(*_found(word, o.words, firm.words))
    query = query.where(*_found(wanted.skill, o.skill_words), *_found(wanted.language, o.language_words))
    if wanted.country:
        query = query.where(_country() == wanted.country)
    if wanted.kind:
        query = query.where(o.kind.in_(("any", wanted.kind)))
    if wanted.first_day:
        query = query.where(o.last_day >= wanted.first_day)
    if wanted.last_day:
        query = query.where(o.first_day <= wanted.last_day)
    if wanted.pay_cents is not None:
        query = query.where(o.pay_cents >= wanted.pay_cents)
    return await _page(connection, query, cursor)


def _found(word: str, *fields: Any) -> list[Any]:
    """Return what a row has to be for a word to stand in one of the fields; nothing where there is no word."""
    written = forms(word)
    return [or_(*(field.contains(one, autoescape=True) for field in fields for one in written))] if written else []


async def list_all(
    context: Context,
    connection: AsyncConnection,
    *,
    organisation_id: UUID | None = None,
    state: Stage | None = None,
    cursor: UUID | None = None,
) -> Offers:
    """Return a page of all offers, or those of a firm or in a state, the oldest first. One statement."""
    query = _offers(context)
    if organisation_id:
        query = query.where(t.offer.c.organisation_id == organisation_id)
    if state:
        query = query.where(t.offer.c.state == state)
    return await _page(connection, query, cursor)


async def _page(connection: AsyncConnection, query: Any, cursor: UUID | None) -> Offers:
    if cursor:
        query = query.where(t.offer.c.id > cursor)
    items = [_offer(row) for row in await connection.execute(query.order_by(t.offer.c.id).limit(PAGE))]
    return Offers(items, items[-1].id if len(items) == PAGE else None)
