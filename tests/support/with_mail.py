"""Fixtures for tests whose application sends mail: imported where they are wanted, beside the server's type."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from lms_core.settings import MailSettings, Settings
from tests.support.mailserver import MailServer, mail_server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

__all__ = ["app_settings", "server"]


@pytest.fixture
async def server() -> AsyncIterator[MailServer]:
    """A mail server that keeps what it is given."""
    async with mail_server() as server:
        yield server


@pytest.fixture
def app_settings(app_settings: Settings, server: MailServer) -> Settings:
    """The settings of the application, with that server for its mail."""
    mail = MailSettings(
        host="127.0.0.1", port=server.port, encryption="none", sender="lms@example.org", sender_name="Über LMS"
    )
    return replace(app_settings, mail=mail)
