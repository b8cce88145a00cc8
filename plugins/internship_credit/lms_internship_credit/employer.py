"""What a firm does by its link: it lists what it offers, adds to it, changes it and closes it.

A firm sees only its own. What it enters or changes is a draft until the office opens it.
"""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from sqlalchemy import select

from lms_core.api import (
    AsyncConnection,
    Context,
    Invitation,
    NotFound,
    Payload,
    View,
    expected_revision,
    insert_into,
)
from lms_internship_credit import applying, firms, offers
from lms_internship_credit import tables as t
from lms_internship_credit.cases import find_organisation
from lms_internship_credit.firms import EMPLOYER, check_own
from lms_internship_credit.hosts import Organisation
from lms_internship_credit.linking import LINK_LASTS, NewFirmLink, contact_of, send_link
from lms_internship_credit.offers import Offer, Posting
from lms_internship_credit.telling import Language
from lms_internship_credit.wire import Link


class Board(View, frozen=True, kw_only=True):
    """A firm with its contacts and sites, and a page of what it offers; `next` is the `cursor` of the next page.

    `language` is that of its first contact.
    """

    firm: Organisation
    language: Language
    items: list[Offer]
    next: UUID | None


class OwnStage(Payload, frozen=True):
    """A firm may close an offer, or hand it to the office anew."""

    state: Literal["draft", "closed"]


async def show(context: Context, connection: AsyncConnection, firm_id: UUID, cursor: UUID | None = None) -> Board:
    """Return what a firm offers. Raises NotFound. Five statements."""
    firm = await firms.read(context, connection, firm_id)
    found = await offers.list_all(context, connection, organisation_id=firm_id, cursor=cursor)
    to = await contact_of(connection, firm_id, None)
    return Board(firm=firm, language=to.language, items=found.items, next=found.next)


async def put(
    context: Context, connection: AsyncConnection, firm_id: UUID, offer_id: UUID, data: Posting, if_match: str | None
) -> Offer:
    """Add an offer under an id that the client has made, or change one of the firm's own with If-Match.

    To add it once more changes nothing. Raises NotFound, InvalidInput, Conflict, PreconditionRequired and
    PreconditionFailed.
    """
    offers.check_time(context, data.closes_on)
    if if_match is not None:
        expected = expected_revision(if_match)
        await _own(context, connection, firm_id, offer_id)
        return await applying.change(context, connection, offer_id, firm_id, data, expected, state="draft")
    await find_organisation(context, connection, firm_id)
    await check_own(connection, firm_id, data.site_id, data.contact_id)
    values = {
        "id": offer_id, "programme_id": context.programme_id, "organisation_id": firm_id, **offers.columns(data),
        "state": "draft", "revision": 1,
    }  # fmt: skip
    await connection.execute(insert_into(connection, t.offer).values(**values).on_conflict_do_nothing())
    made = await _own(context, connection, firm_id, offer_id)
    if made.revision > 1:
        expected_revision(if_match)  # it was changed since: whoever means that says which state she has read
    return made


async def stands(
    context: Context, connection: AsyncConnection, firm_id: UUID, offer_id: UUID, revision: int | None
) -> bool:
    """Tell whether an offer of a firm is as it was read (null: not there, or only just added), and hold it so."""
    o = t.offer.c
    query = select(o.organisation_id, o.revision).where(o.id == offer_id, o.programme_id == context.programme_id)
    row = (await connection.execute(query.with_for_update())).first()
    if row is None:
        return revision is None
    return bool(row.organisation_id == firm_id and row.revision == (revision or 1))


async def move(
    context: Context, connection: AsyncConnection, firm_id: UUID, offer_id: UUID, to: OwnStage, expected: int
) -> Offer:
    """Close an offer of a firm, or hand it in anew. Raises NotFound and PreconditionFailed."""
    await _own(context, connection, firm_id, offer_id)
    return await offers.move(context, connection, offer_id, to.state, expected)


async def link(context: Context, connection: AsyncConnection, firm_id: UUID, given: NewFirmLink) -> Link:
    """Send a firm the link to what it offers. Raises NotFound and InvalidInput."""
    firm = await find_organisation(context, connection, firm_id)
    await check_own(connection, firm_id, None, given.contact_id)
    to = await contact_of(connection, firm_id, given.contact_id)
    opens = Invitation(
        role=EMPLOYER, about=str(firm_id), title=f"{to.name}, {firm.name}"[:200], path="employer", valid=LINK_LASTS
    )
    return await send_link(context, connection, to, opens, subject=SUBJECT, text=TEXT)


SUBJECT: dict[Language, str] = {"en": "Your offers of internships", "de": "Ihre Praktikumsangebote"}
TEXT: dict[Language, str] = {
    "en": "Here you offer places to our students; they see each once the office has released it:\n{link}\n",
    "de": "Hier bieten Sie unseren Studierenden Plätze an; das Büro gibt jedes Angebot frei:\n{link}\n",
}


async def _own(context: Context, connection: AsyncConnection, firm_id: UUID, offer_id: UUID) -> Offer:
    found = await offers.read(context, connection, offer_id, whole=True)
    if found.organisation_id != firm_id:
        raise NotFound("There is no such offer.")
    return found
