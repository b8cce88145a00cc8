import asyncio
from typing import Any

from lms_core.api import Context
from tests.hostile.everywhere import Everywhere


class Hostile(Everywhere):
    """Cancels the task in which it runs."""

    name = "cancels"

    async def act(self, context: Context, hook: str) -> Any:
        task = asyncio.current_task()
        assert task
        task.cancel()
        await asyncio.sleep(0)
