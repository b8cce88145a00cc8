"""Mail over TLS: the server must prove its name before it is told a password or a mail."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

import pytest
import trustme
from msgspec.structs import replace

from lms_core.mail.channel import MailChannel
from lms_core.mail.message import MailNotTaken, compose, hand_over
from lms_core.settings import MailSettings
from tests.support.mailserver import ACCOUNT, MailServer, mail_server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

# the server cannot know that it speaks through TLS from the beginning
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
TO = "anna@example.org"
Encryption = Literal["starttls", "tls"]


@pytest.fixture(params=["starttls", "tls"])
def encryption(request: pytest.FixtureRequest) -> Encryption:
    found: Encryption = request.param
    return found


@pytest.fixture
async def server(encryption: Encryption, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[MailServer]:
    """A server whose certificate names localhost, by an authority that this machine trusts."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    async with mail_server(**{encryption: context}) as server:
        yield server


def settings(encryption: Encryption, server: MailServer) -> MailSettings:
    return MailSettings(
        host="localhost",
        port=server.port,
        encryption=encryption,
        user=ACCOUNT.login.decode(),
        password=ACCOUNT.password.decode(),
        sender="lms@example.org",
    )


async def send(settings: MailSettings) -> None:
    mail = compose(settings, "Anna", TO, "1.2", datetime.now(UTC), "Hello", "Hello\n")
    tls = MailChannel(settings, "http://localhost:8000", database=None)._tls  # type: ignore[arg-type]  # opens nothing
    await hand_over(mail, TO, settings, tls)


async def test_mail_travels_encrypted_with_our_account(encryption: Encryption, server: MailServer) -> None:
    await send(settings(encryption, server))
    assert [mail["Subject"] for mail in server.mails] == ["Hello"]
    assert server.accounts == [ACCOUNT]


async def test_a_server_of_another_name_is_told_nothing(encryption: Encryption, server: MailServer) -> None:
    with pytest.raises((MailNotTaken, ssl.SSLError), match="CERTIFICATE_VERIFY_FAILED"):
        await send(replace(settings(encryption, server), host="127.0.0.1"))
    assert (server.mails, server.accounts) == ([], [])


async def test_a_wrong_password_is_the_operator_s_to_mend(encryption: Encryption, server: MailServer) -> None:
    with pytest.raises(MailNotTaken, match="535"):
        await send(replace(settings(encryption, server), password="wrong"))
    assert server.mails == []


async def test_encryption_that_the_server_does_not_offer_is_not_done_without() -> None:
    async with mail_server() as server:
        plain = replace(settings("starttls", server), user=None, password=None)
        with pytest.raises(MailNotTaken, match="STARTTLS"):
            await send(plain)
        assert server.mails == []
