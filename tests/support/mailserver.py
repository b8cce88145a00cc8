"""A real mail server that keeps what it is given, and refuses or breaks off as it is told."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import TYPE_CHECKING, Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator

ACCOUNT = LoginPassword(b"lms", b"p@ss:word")


class MailServer:
    """`replies` holds what to answer to RCPT or DATA instead of OK; with `breaks_off` no answer arrives after DATA."""

    def __init__(self) -> None:
        self.port = 0
        self.replies: dict[str, str] = {}
        self.breaks_off = False
        self.mails: list[EmailMessage] = []
        self.raw: list[bytes] = []
        self.envelopes: list[tuple[str | None, list[str]]] = []
        self.accounts: list[Any] = []

    def authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, given: Any
    ) -> AuthResult:
        self.accounts.append(given)
        return AuthResult(success=given == ACCOUNT, handled=given == ACCOUNT)

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if "RCPT" in self.replies:
            return self.replies["RCPT"]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        if "DATA" in self.replies:
            return self.replies["DATA"]
        assert isinstance(envelope.content, bytes)
        self.raw.append(envelope.content)
        message = message_from_bytes(envelope.content.replace(b"\r\n", b"\n"), policy=default)
        assert isinstance(message, EmailMessage)
        self.mails.append(message)
        self.envelopes.append((envelope.mail_from, envelope.rcpt_tos))
        if self.breaks_off:
            assert server.transport
            server.transport.close()
        return "250 OK"


@asynccontextmanager
async def mail_server(
    *, tls: ssl.SSLContext | None = None, starttls: ssl.SSLContext | None = None
) -> AsyncIterator[MailServer]:
    """Run a mail server on this machine; one that speaks TLS wants the ACCOUNT."""
    made = MailServer()
    secure = tls or starttls

    def protocol() -> SMTP:
        return SMTP(
            made,
            hostname="mail.example.org",
            tls_context=starttls,
            require_starttls=starttls is not None,
            auth_required=secure is not None,
            auth_require_tls=starttls is not None,
            authenticator=made.authenticate,
            loop=asyncio.get_running_loop(),
        )

    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0, ssl=tls)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
