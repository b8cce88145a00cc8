"""What stories about seats share: a clock that can be moved on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from lms_core import types
from lms_core.people.tables import token

if TYPE_CHECKING:
    from tests.support.world import World


@pytest.fixture
def later(world: World, monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], Awaitable[None]]:
    """Move the time on; whoever is signed in stays so."""

    async def moves(by: timedelta) -> None:
        moment = types.now() + by
        async with world.database.write() as connection:
            await connection.execute(update(token).values(expires_at=moment + timedelta(hours=1)))
        monkeypatch.setattr(types, "_clock", lambda: moment)

    return moves
