"""Applying for an offer: who applies, what the firm decides, and who gets a place.

A firm agrees to applicants; places go to those in the order in which it agreed, and who withdraws leaves hers to
the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import delete, func, insert, select, update

from lms_core.api import (
    AsyncConnection,
    Candidate,
    Conflict,
    Context,
    Invitation,
    LongText,
    NotFound,
    Payload,
    View,
    allocate,
    new_id,
    now,
    read_person,
    read_persons,
    send_mail,
)
from lms_internship_credit import offers
from lms_internship_credit import tables as t
from lms_internship_credit.cases import find_organisation, today_in
from lms_internship_credit.firms import check_own
from lms_internship_credit.hosts import Contact
from lms_internship_credit.linking import LINK_LASTS, NewFirmLink, contact_of, mail_link, send_link
from lms_internship_credit.offers import FIRM, Offer, Posting, Stage, State, columns, read
from lms_internship_credit.telling import LANGUAGES, Language
from lms_internship_credit.wire import Link

AGREED = ("placed", "waiting")
Fixed = Literal["no_place", "begun"]


class Apply(Payload, frozen=True):
    """What somebody says who applies."""

    words: LongText = ""


class Applicant(View, frozen=True, kw_only=True):
    """Who applied for an offer, as the firm and the office see it.

    `fixed` is why what was decided cannot be taken back (null: it can): a declined applicant when all places have gone
    to others (`no_place`), and one who has begun an internship on the place (`begun`).
    """

    application_id: UUID
    name: str
    words: str
    state: State
    fixed: Fixed | None


class Applicants(View, frozen=True, kw_only=True):
    """All who applied for an offer."""

    offer: Offer
    items: list[Applicant]


class Decide(Payload, frozen=True):
    """What a firm says to an applicant."""

    agreed: bool


async def apply(context: Context, connection: AsyncConnection, offer_id: UUID, data: Apply) -> Offer:
    """Apply for an offer; the firm gets a link to decide.

    Raises NotFound, and Conflict when it is closed, or when one has applied.
    """
    held = await _held(context, connection, offer_id)
    if held.state == "draft":
        raise NotFound("There is no such offer.")
    if held.state == "closed":
        raise Conflict("The offer is closed; it takes no more applications.")
    if held.closes_on < today_in(context):
        raise Conflict(f"Applications were taken until {held.closes_on}.")
    a = t.application.c
    mine = (a.offer_id == offer_id) & (a.person_id == context.person_id)
    if (await connection.execute(select(a.id).where(mine))).first():
        raise Conflict("You have applied already.")
    values = {
        "id": new_id(), "programme_id": context.programme_id, "offer_id": offer_id, "person_id": context.person_id,
        "state": "applied", "words": data.words, "turn": 0, "changed_at": now(),
    }  # fmt: skip
    await connection.execute(insert(t.application), values)
    await _invite(context, connection, held)
    return await read(context, connection, offer_id)


async def withdraw(context: Context, connection: AsyncConnection, offer_id: UUID) -> Offer:
    """Withdraw one's application, of which nothing is kept; a place goes to the next who waits.

    Raises NotFound, and Conflict while a case of one's own came from it.
    """
    held = await _held(context, connection, offer_id)
    a = t.application.c
    if await _begun(connection, (a.offer_id == offer_id) & (a.person_id == context.person_id)):
        raise Conflict("You have begun an internship on this place; withdraw that first.")
    mine = (a.offer_id == offer_id) & (a.person_id == context.person_id) & a.state.in_(("applied", *AGREED))
    done = await connection.execute(delete(t.application).where(mine))
    if not done.rowcount:
        raise NotFound("You have not applied for this, or it is over.")
    await _give(context, connection, held)
    return await read(context, connection, offer_id, whole=True)  # also a draft, which she sees no more


async def applicants(context: Context, connection: AsyncConnection, offer_id: UUID) -> Applicants:
    """Return who applied, in the order of application. Three statements. Raises NotFound."""
    found = await read(context, connection, offer_id, whole=True)
    a, c = t.application.c, t.case.c
    begun = select(c.id).where(c.application_id == a.id, c.state != "withdrawn").exists().label("begun")
    query = select(t.application, begun).where(a.offer_id == offer_id).order_by(a.id)
    rows = (await connection.execute(query)).all()
    names = {one.id: one.name for one in await read_persons(connection, [row.person_id for row in rows])}
    items = [
        Applicant(
            application_id=row.id,
            name=names.get(row.person_id, ""),
            words=row.words,
            state=row.state,
            fixed=_fixed(row, found.free),
        )
        for row in rows
    ]
    return Applicants(offer=found, items=items)


def _fixed(row: Any, free: int) -> Fixed | None:
    if row.begun:
        return "begun"
    return "no_place" if row.state == "declined" and free < 1 else None


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
        raise Conflict("This was decided already.")
    given = await _give(context, connection, held)
    if row.person_id not in given:
        await _tell(context, connection, held, row.person_id, state)
    return await applicants(context, connection, offer_id)


async def take_back(context: Context, connection: AsyncConnection, offer_id: UUID, application_id: UUID) -> Applicants:
    """Take the decision on an applicant back, who then waits for another; a place goes to the next in turn.

    Raises NotFound, and Conflict: nothing is decided, she has begun a case on her place, or all places have gone to
    others since she was declined.
    """
    held = await _held(context, connection, offer_id)
    a = t.application.c
    same = (a.id == application_id) & (a.offer_id == offer_id)
    row = (await connection.execute(select(a.person_id, a.state).where(same))).first()
    if row is None:
        raise NotFound("There is no such application.")
    if row.state == "applied":
        raise Conflict("There is no decision to take back.")
    if row.state == "declined" and (await read(context, connection, offer_id, whole=True)).free < 1:
        raise Conflict("All places have gone to others since then.")
    if await _begun(connection, same):
        raise Conflict("The student has begun an internship on this place; it can be cancelled there.")
    values = {"state": "applied", "turn": 0, "changed_at": now()}
    await connection.execute(update(t.application).where(same).values(**values))
    await _tell(context, connection, held, row.person_id, "reopened")
    await _give(context, connection, held)
    return await applicants(context, connection, offer_id)


async def _begun(connection: AsyncConnection, which: Any) -> bool:
    """Tell whether a case came from an application and was not withdrawn. One statement."""
    c = t.case.c
    query = select(c.id).join(t.application, t.application.c.id == c.application_id)
    return await connection.scalar(query.where(which, c.state != "withdrawn").limit(1)) is not None


async def change(
    context: Context,
    connection: AsyncConnection,
    offer_id: UUID,
    organisation_id: UUID,
    data: Posting,
    expected: int,
    state: Stage | None = None,
) -> Offer:
    """Change an offer, and its state where that is given; further places go to those who wait.

    Raises NotFound, InvalidInput (another firm's site or contact), PreconditionFailed, and Conflict where fewer places
    are left than are given.
    """
    await find_organisation(context, connection, organisation_id)
    await check_own(connection, organisation_id, data.site_id, data.contact_id)
    values = {**columns(data), "organisation_id": organisation_id, **({"state": state} if state else {})}
    changed = await offers.change(context, connection, offer_id, values, expected)
    if changed.free < 0:
        raise Conflict(f"{changed.places - changed.free} students have a place already; there cannot be fewer.")
    await _give(context, connection, await _held(context, connection, offer_id))
    return await read(context, connection, offer_id, whole=True)


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
    "reopened": {
        "en": "The firm has taken its answer back and will decide anew.\n",
        "de": "Die Firma hat ihre Antwort zurückgenommen und entscheidet neu.\n",
    },
}


async def _tell(context: Context, connection: AsyncConnection, held: Any, person_id: UUID, state: str) -> None:
    subject = {language: SUBJECT[language].format(title=held.title)[:200] for language in LANGUAGES}
    await send_mail(context, connection, person_id, subject=subject, text=TEXTS[state])


async def _invite(context: Context, connection: AsyncConnection, held: Any) -> None:
    """Send the firm a link by which it sees who applied, and decides. Four statements."""
    assert context.person_id
    student = await read_person(connection, context.person_id)
    name, title = (text.replace("{link}", "(link)") for text in (student.name, held.title))
    subject: dict[Language, str] = {
        "en": f"An application: {held.title}"[:200], "de": f"Eine Bewerbung: {held.title}"[:200],
    }  # fmt: skip
    text: dict[Language, str] = {
        "en": f"{name} applies for {title}. Please decide:\n{{link}}\n",
        "de": f"{name} bewirbt sich auf {title}. Bitte entscheiden Sie:\n{{link}}\n",
    }
    to = await contact_of(connection, held.organisation_id, held.contact_id)
    await mail_link(context, connection, to, _opens(held, to), subject=subject, text=text)


async def link(context: Context, connection: AsyncConnection, offer_id: UUID, given: NewFirmLink) -> Link:
    """Send the firm its link to those who applied once more. Raises NotFound and InvalidInput."""
    held = await _held(context, connection, offer_id)
    await check_own(connection, held.organisation_id, None, given.contact_id)
    to = await contact_of(connection, held.organisation_id, given.contact_id or held.contact_id)
    title = held.title.replace("{link}", "(link)")
    subject: dict[Language, str] = {"en": f"Applications: {held.title}"[:200], "de": f"Bewerbungen: {held.title}"[:200]}
    text: dict[Language, str] = {
        "en": f"Here you see who applies for {title}, and decide:\n{{link}}\n",
        "de": f"Hier sehen Sie, wer sich auf {title} bewirbt, und entscheiden:\n{{link}}\n",
    }
    return await send_link(context, connection, to, _opens(held, to), subject=subject, text=text)


def _opens(held: Any, to: Contact) -> Invitation:
    return Invitation(role=FIRM, about=str(held.id), title=to.name, path="applicants", valid=LINK_LASTS)
