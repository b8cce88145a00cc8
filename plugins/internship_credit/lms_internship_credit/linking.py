"""Links for firms: mailed to one of their contacts, or made for the office to pass on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select

from lms_core.api import (
    AsyncConnection,
    Context,
    Invitation,
    Payload,
    Recipient,
    View,
    invite_guests,
    mail_guest,
    revoke_guests,
)
from lms_internship_credit import tables as t
from lms_internship_credit.hosts import Contact, first_contact
from lms_internship_credit.telling import Language

LINK_LASTS = timedelta(days=60)


class NewFirmLink(Payload, frozen=True, kw_only=True):
    """To which contact a link goes (null: as always). Without `mail` it is answered, for who has no mail server."""

    contact_id: UUID | None = None
    mail: bool = True


class FirmLink(View, frozen=True, kw_only=True):
    """To whom a link is mailed, or the link itself (`url`), which nobody can look up again."""

    email: str | None
    url: str | None
    expires_at: datetime | None


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
    context: Context,
    connection: AsyncConnection,
    to: Contact,
    opens: Invitation,
    mail: bool,
    *,
    subject: Mapping[Language, str],
    text: Mapping[Language, str],
) -> FirmLink:
    """Mail a link, or return it; those made before of the same are revoked. Two statements."""
    if mail:
        await mail_guest(context, connection, recipient(to), opens, subject=subject, text=text)
        return FirmLink(email=to.email, url=None, expires_at=None)
    await revoke_guests(context, connection, opens.role, opens.about)
    [made] = await invite_guests(context, connection, [opens])
    return FirmLink(email=None, url=made.url, expires_at=made.expires_at)
