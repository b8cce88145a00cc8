"""A mail server, an application that sends through it, and a plugin that writes to people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from lms_core.settings import MailSettings
from tests.support.greeter import Greeter
from tests.support.mailserver import MailServer, mail_server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from lms_core.settings import Settings
    from tests.support.world import World

READING = {"key": "intro", "kind": "reading", "title": "Introduction"}


@pytest.fixture
async def server() -> AsyncIterator[MailServer]:
    async with mail_server() as server:
        yield server


@pytest.fixture
def app_settings(app_settings: Settings, server: MailServer) -> Settings:
    mail = MailSettings(
        host="127.0.0.1", port=server.port, encryption="none", sender="lms@example.org", sender_name="Über LMS"
    )
    return replace(app_settings, mail=mail)


@pytest.fixture
def greeter() -> Greeter:
    return Greeter()


@pytest.fixture
def plugins(greeter: Greeter) -> list[Any]:
    return [greeter]


@pytest.fixture
async def run(world: World) -> dict[str, Any]:
    """A run with one seat, in a programme of its own."""
    programme = await world.programme()
    module = await world.module(programme, [READING])
    return {**await world.run(programme, module, capacity=1), "programme": programme}
