"""A mail server, an application that sends through it, and a plugin that writes to people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.greeter import Greeter
from tests.support.with_mail import app_settings, server

if TYPE_CHECKING:
    from tests.support.world import World

__all__ = ["app_settings", "server"]  # fixtures are found by their names here


READING = {"key": "intro", "kind": "reading", "title": "Introduction"}


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
