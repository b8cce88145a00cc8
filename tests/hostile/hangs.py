import asyncio
from typing import Any

from lms_core.api import Context
from tests.hostile.everywhere import Everywhere


class Hostile(Everywhere):
    """Never answers."""

    name = "hangs"

    async def act(self, context: Context, hook: str) -> Any:
        await asyncio.Event().wait()
