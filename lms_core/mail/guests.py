"""How plugins write to people without an account: a mail with a link that is made when it is sent.

The secret of a link is in the mail and nowhere else: what waits in the outbox is the invitation.
"""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

import msgspec

from lms_core.db import AsyncConnection, Database
from lms_core.errors import NotFound
from lms_core.hooks.context import Context
from lms_core.hooks.guests import Invitation, check_invitation, invite_guests, revoke_guests
from lms_core.mail.send import check_texts
from lms_core.mail.texts import Text
from lms_core.outbox.events import Event, Undeliverable, send
from lms_core.people.types import Language
from lms_core.types import digest

EVENT = "guest_mail"
SUBSCRIBER = "mail:guest"
LINK = "{link}"


class Recipient(msgspec.Struct, frozen=True):
    """Somebody without an account, and in which language to write to her."""

    name: str
    email: str
    language: Language = "en"


class GuestMail(msgspec.Struct, frozen=True):
    """A mail as it waits in the outbox, in the language of who gets it; the link is made when it is sent.

    `off`: it belongs to what is finished where the plugin is enabled no more.
    """

    plugin: str
    to: Recipient
    invitation: Invitation
    subject: str
    text: str
    off: bool = False


async def mail_guest(
    context: Context,
    connection: AsyncConnection,
    to: Recipient,
    invitation: Invitation,
    *,
    subject: Mapping[Language, str],
    text: Mapping[Language, str],
) -> UUID:
    """Send a link to somebody without an account, if the transaction of `connection` commits; return the mail's id.

    `connection` comes from `context.write()`. Subject and text are given as for `send_mail`, each text with `{link}`
    where the link shall stand. It is made when the mail is sent: then others of the same role about the same thing
    are revoked, and mails about the same thing are sent one after the other: the newest is the one that counts. Raises
    ValueError that says what to change. Two statements.
    """
    check_texts(subject, text)
    check_invitation(context.plugin, invitation)
    for language, body in text.items():
        if body.count(LINK) != 1:
            raise ValueError(f"text[{language!r}] must have the place of the link as {LINK}, once")
    mail = GuestMail(context.plugin, to, invitation, subject[to.language], text[to.language], context.off)
    same = digest(f"{context.programme_id} {context.plugin} {invitation.role} {invitation.about}")
    return await send(connection, SUBSCRIBER, EVENT, context.programme_id, mail, aggregate=f"guest:{same}")


async def written_to_guest(database: Database, site: str, event: Event) -> tuple[Recipient, Text]:
    """Make the link of a mail and write the mail; links of the same role about the same thing are revoked.

    Raises Undeliverable where the plugin is off. Three statements.
    """
    assert event.programme_id
    mail = msgspec.json.decode(event.payload, type=GuestMail)
    context = Context(mail.plugin, event.programme_id, None, database, public_url=site, off=mail.off)
    try:
        async with context.write() as connection:
            await revoke_guests(context, connection, mail.invitation.role, mail.invitation.about)
            [link] = await invite_guests(context, connection, [mail.invitation])
    except NotFound as error:
        raise Undeliverable("the plugin is not enabled in the programme any more") from error
    return mail.to, Text(mail.subject, mail.text.replace(LINK, link.url))
