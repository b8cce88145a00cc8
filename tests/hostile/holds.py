import asyncio
from typing import Any

from sqlalchemy import text

from lms_core.api import Context
from tests.hostile.everywhere import Everywhere


class Hostile(Everywhere):
    """Changes a row of the core's in a transaction that it never ends, not even when it is cancelled."""

    name = "holds"

    async def act(self, context: Context, hook: str) -> Any:
        async with context.write() as connection:
            await connection.execute(text("UPDATE programme SET title = 'held'"))
            while True:
                try:
                    await asyncio.Event().wait()
                except BaseException:
                    await asyncio.sleep(0.001)
