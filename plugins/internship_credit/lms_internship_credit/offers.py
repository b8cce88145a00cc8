"""The board of placements: what firms offer, who applies, what they decide, and who gets a place.

A firm agrees to applicants; places go to those in the order in which it agreed, and who withdraws leaves hers to
the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from sqlalchemy import func, insert, or_, select, update

from lms_core.api import (
    AsyncConnection,
    BadValue,
    Candidate,
    Conflict,
    Context,
    FieldError,
    InvalidInput,
    Invitation,
    LongText,
    Name,
    NotFound,
    Payload,
    Recipient,
    View,
    allocate,
    changed_or_raise,
    mail_guest,
    new_id,
    now,
    read_person,
    read_persons,
    send_mail,
)
from lms_internship_credit import tables as t
from lms_internship_credit.case import check_hours
from lms_internship_credit.cases import find_organisation, today_in
from lms_internship_credit.telling import LANGUAGES, Language, language_of

State = Literal["applied", "placed", "waiting", "declined", "withdrawn"]
Kind = Literal["any", "mandatory", "voluntary"]
PAGE = 100

AGREED = ("placed", "waiting")
LINK_LASTS = timedelta(days=60)


class NewOffer(Payload, frozen=True, kw_only=True):
    """Places at a firm: when, how many hours a week, for what pay a month, which skills and language they need.

    `kind` is whether it is for mandatory internships, voluntary ones or both. Until `closesOn` students apply.
    """

    organisation_id: UUID
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
        if not self.first_day <= self.last_day:
            raise BadValue("lastDay", "must lie on or after firstDay")
        if self.closes_on > self.first_day:
            raise BadValue("closesOn", "must not lie after firstDay")
        check_hours("weeklyHours", self.weekly_hours, 1, 60)


class Offer(View, frozen=True, kw_only=True):
    """An offer; `free` are places that nobody has. `mine` is how one's own application stands, if there is one."""

    id: UUID
    organisation_id: UUID
    organisation: str
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


class Apply(Payload, frozen=True):
    """What somebody says who applies."""

    words: LongText = ""


class Applicant(View, frozen=True, kw_only=True):
    """Who applied for an offer, as the firm and the office see it."""

    application_id: UUID
    name: str
    words: str
    state: State


class Applicants(View, frozen=True, kw_only=True):
    """All who applied for an offer."""

    offer: Offer
    items: list[Applicant]


class Decide(Payload, frozen=True):
    """What a firm says to an applicant."""

    agreed: bool


async def add(context: Context, connection: AsyncConnection, data: NewOffer) -> Offer:
    """Add an offer. Raises NotFound (no such firm) and InvalidInput (over already). Four statements."""
    if data.closes_on < today_in(context):
        past = [FieldError("body.closesOn", "must not be over; nobody could apply")]
        raise InvalidInput("This offer would be closed already.", errors=past)
    await find_organisation(context, connection, data.organisation_id)
    values = {"id": new_id(), "programme_id": context.programme_id, **msgspec.structs.asdict(data), "revision": 1}
    await connection.execute(insert(t.offer), values)
    return await read(context, connection, values["id"])


async def change(context: Context, connection: AsyncConnection, offer_id: UUID, data: NewOffer, expected: int) -> Offer:
    """Change an offer; further places go to those who wait. Raises NotFound, PreconditionFailed and Conflict."""
    await find_organisation(context, connection, data.organisation_id)
    same = (t.offer.c.id == offer_id) & (t.offer.c.programme_id == context.programme_id)
    values = {**msgspec.structs.asdict(data), "revision": expected + 1}
    done = await connection.execute(update(t.offer).where(same, t.offer.c.revision == expected).values(**values))
    if not done.rowcount:
        await changed_or_raise(connection, t.offer, same, expected)
    await _give(context, connection, await _held(context, connection, offer_id))
    return await read(context, connection, offer_id)


def _offers(context: Context) -> Any:
    """Select offers with the firm's name, free places, and how the application of who asks stands."""
    o, a, firm = t.offer.c, t.application.c, t.organisation.c
    placed = select(func.count()).where(a.offer_id == o.id, a.state == "placed").scalar_subquery()
    mine = select(a.state).where(a.offer_id == o.id, a.person_id == context.person_id).scalar_subquery()
    columns = [o[name] for name in Offer.__struct_fields__ if name in t.offer.c]
    extra = (firm.name.label("organisation"), firm.country, (o.places - placed).label("free"), mine.label("mine"))
    joined = select(*columns, *extra).join(t.organisation, firm.id == o.organisation_id)
    return joined.where(o.programme_id == context.programme_id)


async def read(context: Context, connection: AsyncConnection, offer_id: UUID) -> Offer:
    """Return an offer. Raises NotFound. One statement."""
    row = (await connection.execute(_offers(context).where(t.offer.c.id == offer_id))).first()
    if row is None:
        raise NotFound("There is no such offer.")
    return Offer(**row._mapping)


async def search(
    context: Context,
    connection: AsyncConnection,
    text: str = "",
    country: str = "",
    kind: str = "",
    cursor: UUID | None = None,
) -> Offers:
    """Return a page of offers for which students can still apply, the oldest first. One statement.

    Each word of `text` stands in title, tasks, skills, place, language or the name of the firm.
    """
    o, firm = t.offer.c, t.organisation.c
    query = _offers(context).where(o.closes_on >= today_in(context))
    for word in text.split()[:10]:
        fields = (o.title, o.tasks, o.skills, o.place, o.language, firm.name)
        query = query.where(or_(*(field.icontains(word, autoescape=True) for field in fields)))
    if country:
        query = query.where(firm.country == country)
    if kind:
        query = query.where(o.kind.in_(("any", kind)))
    if cursor:
        query = query.where(o.id > cursor)
    rows = await connection.execute(query.order_by(o.id).limit(PAGE))
    items = [Offer(**row._mapping) for row in rows]
    return Offers(items, items[-1].id if len(items) == PAGE else None)


async def apply(context: Context, connection: AsyncConnection, offer_id: UUID, data: Apply) -> Offer:
    """Apply for an offer, again after one withdrew; the firm gets a link to decide.

    Raises NotFound, and Conflict when it is closed, or when one has applied.
    """
    held = await _held(context, connection, offer_id)
    if held.closes_on < today_in(context):
        raise Conflict(f"Applications were taken until {held.closes_on}.")
    a = t.application.c
    mine = (a.offer_id == offer_id) & (a.person_id == context.person_id)
    values = {"state": "applied", "words": data.words, "turn": 0, "changed_at": now()}
    again = update(t.application).where(mine, a.state == "withdrawn").values(**values)
    if not (await connection.execute(again)).rowcount:
        if (await connection.execute(select(a.id).where(mine))).first():
            raise Conflict("You have applied already.")
        named = {"programme_id": context.programme_id, "offer_id": offer_id, "person_id": context.person_id}
        await connection.execute(insert(t.application), {"id": new_id(), **named, **values})
    await _invite(context, connection, held)
    return await read(context, connection, offer_id)


async def withdraw(context: Context, connection: AsyncConnection, offer_id: UUID) -> Offer:
    """Withdraw one's application; a place goes to the next who waits. Raises NotFound."""
    held = await _held(context, connection, offer_id)
    a = t.application.c
    mine = (a.offer_id == offer_id) & (a.person_id == context.person_id) & a.state.in_(("applied", *AGREED))
    done = await connection.execute(
        update(t.application).where(mine).values(state="withdrawn", turn=0, changed_at=now())
    )
    if not done.rowcount:
        raise NotFound("You have not applied for this, or it is over.")
    await _give(context, connection, held)
    return await read(context, connection, offer_id)


async def applicants(context: Context, connection: AsyncConnection, offer_id: UUID) -> Applicants:
    """Return who applied and did not withdraw, in the order of application. Three statements. Raises NotFound."""
    found = await read(context, connection, offer_id)
    a = t.application.c
    query = select(t.application).where(a.offer_id == offer_id, a.state != "withdrawn").order_by(a.id)
    rows = (await connection.execute(query)).all()
    names = {one.id: one.name for one in await read_persons(connection, [row.person_id for row in rows])}
    items = [
        Applicant(application_id=row.id, name=names.get(row.person_id, ""), words=row.words, state=row.state)
        for row in rows
    ]
    return Applicants(offer=found, items=items)


async def decide(
    context: Context, connection: AsyncConnection, offer_id: UUID, application_id: UUID, agreed: bool
) -> Applicants:
    """Agree to an applicant, who gets a place or waits for one, or decline. Raises NotFound and Conflict (decided)."""
    held = await _held(context, connection, offer_id)
    a = t.application.c
    highest = await connection.scalar(select(func.coalesce(func.max(a.turn), 0)).where(a.offer_id == offer_id)) or 0
    same = (a.id == application_id) & (a.offer_id == offer_id)
    state = "waiting" if agreed else "declined"
    values = {"state": state, "turn": highest + 1 if agreed else 0, "changed_at": now()}
    done = await connection.execute(
        update(t.application).where(same, a.state == "applied").values(**values).returning(a.person_id)
    )
    row = done.first()
    if row is None:
        if (await connection.execute(select(a.id).where(same))).first() is None:
            raise NotFound("There is no such application.")
        raise Conflict("This was decided already, or withdrawn.")
    given = await _give(context, connection, held)
    if row.person_id not in given:
        await _tell(context, connection, held, row.person_id, state)
    return await applicants(context, connection, offer_id)


async def _held(context: Context, connection: AsyncConnection, offer_id: UUID) -> Any:
    """Return an offer, which nobody else changes until the transaction ends. Raises NotFound. One statement."""
    same = (t.offer.c.id == offer_id) & (t.offer.c.programme_id == context.programme_id)
    row = (await connection.execute(select(t.offer).where(same).with_for_update())).first()
    if row is None:
        raise NotFound("There is no such offer.")
    return row


async def _give(context: Context, connection: AsyncConnection, held: Any) -> Sequence[UUID]:
    """Give free places to those who wait, in their turn; return who got one. Two statements, and three for each."""
    a = t.application.c
    agreed = select(a.person_id, a.state).where(a.offer_id == held.id, a.state.in_(AGREED)).order_by(a.turn)
    rows = (await connection.execute(agreed)).all()
    taken = sum(row.state == "placed" for row in rows)
    waiting = [Candidate(row.person_id, None, ready=True) for row in rows if row.state == "waiting"]
    placed = [one.person_id for one, _ in allocate(held.places, taken, (), waiting, now()).seats]
    for person_id in placed:
        hers = (a.offer_id == held.id) & (a.person_id == person_id)
        await connection.execute(update(t.application).where(hers).values(state="placed", changed_at=now()))
        await _tell(context, connection, held, person_id, "placed")
    return placed


SUBJECT: dict[Language, str] = {"en": "Your application: {title}", "de": "Ihre Bewerbung: {title}"}
TEXTS: dict[str, dict[Language, str]] = {
    "placed": {
        "en": "You have the place. Begin a case for it to have it count for your study.\n",
        "de": "Sie haben den Platz. Legen Sie dafür ein Praktikum an, damit es für Ihr Studium zählt.\n",
    },
    "waiting": {
        "en": "The firm agrees, but all places are taken; you get the next that becomes free.\n",
        "de": "Die Firma sagt zu, aber alle Plätze sind vergeben; Sie bekommen den nächsten, der frei wird.\n",
    },
    "declined": {"en": "The firm has declined.\n", "de": "Die Firma hat abgesagt.\n"},
}


async def _tell(context: Context, connection: AsyncConnection, held: Any, person_id: UUID, state: str) -> None:
    subject = {language: SUBJECT[language].format(title=held.title)[:200] for language in LANGUAGES}
    await send_mail(context, connection, person_id, subject=subject, text=TEXTS[state])


async def _invite(context: Context, connection: AsyncConnection, held: Any) -> None:
    """Send the firm a link by which it sees who applied, and decides. Four statements."""
    firm = await find_organisation(context, connection, held.organisation_id)
    assert context.person_id
    student = await read_person(connection, context.person_id)
    opens = Invitation(
        role="internship_credit.firm", about=str(held.id), title=f"{firm.contact_name}, {firm.name}"[:200],
        path="applicants", valid=LINK_LASTS,
    )  # fmt: skip
    subject: dict[Language, str] = {
        "en": f"An application: {held.title}"[:200], "de": f"Eine Bewerbung: {held.title}"[:200],
    }  # fmt: skip
    name, title = (text.replace("{link}", "(link)") for text in (student.name, held.title))
    text: dict[Language, str] = {
        "en": f"{name} applies for {title}. Please decide:\n{{link}}\n",
        "de": f"{name} bewirbt sich auf {title}. Bitte entscheiden Sie:\n{{link}}\n",
    }
    await mail_guest(
        context,
        connection,
        Recipient(firm.contact_name, firm.contact_email, language_of(firm.country)),
        opens,
        subject=subject,
        text=text,
    )
