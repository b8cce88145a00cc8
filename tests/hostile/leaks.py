from typing import Any

from sqlalchemy import text

from lms_core.api import Context
from tests.hostile.everywhere import Everywhere

LEAKED: list[Any] = []


class Hostile(Everywhere):
    """Enters a transaction by hand, and never leaves it."""

    name = "leaks"

    async def act(self, context: Context, hook: str) -> Any:
        LEAKED.append(context.write())
        connection = await LEAKED[-1].__aenter__()
        await connection.execute(text("UPDATE programme SET title = 'leaked'"))
        return []
