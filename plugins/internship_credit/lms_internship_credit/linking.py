"""Links for firms: mailed to one of their contacts, or returned to the office where no mail is sent."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select

from lms_core.api import (
    AsyncConnection,
    Context,
    Invitation,
    Payload,
    Recipient,
    invite_guests,
    mail_guest,
    revoke_guests,
)
from lms_internship_credit import tables as t
from lms_internship_credit.hosts import Contact, first_contact
from lms_internship_credit.letterhead import read_letterhead
from lms_internship_credit.telling import LANGUAGES, Words, signature
from lms_internship_credit.wire import Link

LINK_LASTS = timedelta(days=60)


class NewFirmLink(Payload, frozen=True):
    """To which contact of a firm a link goes (null: to the one that the offer names, or else the first)."""

    contact_id: UUID | None = None


async def contact_of(connection: AsyncConnection, organisation_id: UUID, contact_id: UUID | None) -> Contact:
    """Return a contact of a firm, its first where none is named or the one named is gone. One statement."""
    c = t.contact.c
    named = select(c.id).where(c.id == contact_id, c.organisation_id == organisation_id).scalar_subquery()
    columns = [c[name] for name in Contact.__struct_fields__]
    query = select(*columns).where(c.id == func.coalesce(named, first_contact(organisation_id)))
    return Contact(**(await connection.execute(query)).one()._mapping)


def recipient(contact: Contact) -> Recipient:
    """Return a contact as mails take it."""
    return Recipient(contact.name, contact.email, contact.language)


async def send_link(
    context: Context, connection: AsyncConnection, to: Contact, opens: Invitation, *, subject: Words, text: Words
) -> Link:
    """Mail a link or, where no mail is sent at all, return it to be passed on; those made before are revoked.

    Three statements.
    """
    if context.mails:
        await mail_link(context, connection, to, opens, subject=subject, text=text)
        return Link(to.name, to.email, None, None, to.email)
    await revoke_guests(context, connection, opens.role, opens.about)
    [made] = await invite_guests(context, connection, [opens])
    return Link(to.name, to.email, made.url, made.expires_at, None)


async def mail_link(
    context: Context, connection: AsyncConnection, to: Contact, opens: Invitation, *, subject: Words, text: Words
) -> None:
    """Mail a link, with who writes and whom to ask. Three statements."""
    letterhead = await read_letterhead(context, connection)
    whole = {language: text[language] + signature(letterhead, language) for language in LANGUAGES}
    await mail_guest(context, connection, Recipient(to.name, to.email, to.language), opens, subject=subject, text=whole)
