"""A mail as it travels, and handing it to the mail server."""

from __future__ import annotations

import asyncio
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from ssl import SSLContext

import aiosmtplib

from lms_core.outbox.events import Undeliverable
from lms_core.settings import MailSettings

STEP_LIMIT, TOTAL_LIMIT = 10.0, 25.0
"""Seconds for each answer of the mail server, and for all of them."""


class MailNotTaken(Exception):
    """The mail server did not take a mail, but may do so later; the message says why, without the recipient."""


def compose(
    settings: MailSettings, name: str, email: str, identity: str, at: datetime, subject: str, text: str
) -> EmailMessage:
    """Write a plain text mail to one person; `identity` makes its Message-ID.

    Raises Undeliverable when no mail can be addressed to her.
    """
    message = EmailMessage(SMTP)
    message["From"] = Address(settings.sender_name, addr_spec=settings.sender)
    message["To"] = _address(name, email)
    message["Date"] = format_datetime(at)
    message["Message-ID"] = f"<{identity}@{_domain(settings)}>"
    message["Subject"] = subject
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text, cte="quoted-printable")  # no server finds a line too long or a letter too wide
    return message


def _domain(settings: MailSettings) -> str:
    return settings.sender.rpartition("@")[2]


def _address(name: str, email: str) -> Address:
    """Take the address as a whole or not at all: parts of it may be the address of somebody else."""
    try:
        address = Address(name, addr_spec=email)
    except Exception:  # the parser raises whatever it stumbles over
        address = Address()
    if address.addr_spec != email or not email.isascii():
        raise Undeliverable("the person's e-mail address is none that mail can be sent to")
    return address


async def hand_over(message: EmailMessage, email: str, settings: MailSettings, tls: SSLContext | None) -> None:
    """Give a mail to the mail server.

    Raises Undeliverable when it refuses the mailbox or the mail for good (5xx); MailNotTaken and OSError (TimeoutError
    among them) when another try may succeed.
    """
    try:
        async with asyncio.timeout(TOTAL_LIMIT):
            await aiosmtplib.send(
                message,
                sender=settings.sender,
                recipients=[email],
                hostname=settings.host,
                port=settings.port,
                username=settings.user,
                password=settings.password,
                use_tls=settings.encryption == "tls",
                start_tls=settings.encryption == "starttls",
                tls_context=tls,
                local_hostname=_domain(settings),
                timeout=STEP_LIMIT,
            )
    except aiosmtplib.SMTPRecipientsRefused as error:
        (refused,) = error.recipients
        _raise(refused, email, for_good=refused.code >= 500)
    except aiosmtplib.SMTPDataError as error:
        _raise(error, email, for_good=error.code >= 500)
    except aiosmtplib.SMTPException as error:  # such as a wrong password: the operator mends it
        _raise(error, email, for_good=False)


def _raise(error: aiosmtplib.SMTPException, email: str, *, for_good: bool) -> None:
    code = f"{error.code} " if isinstance(error, aiosmtplib.SMTPResponseException) else ""
    reason = f"{code}{error.message}".replace(email, "the address")  # reasons are kept and logged
    kind = Undeliverable if for_good else MailNotTaken
    raise kind(f"the mail server says: {reason}") from None
