import asyncio
from typing import Any

from lms_core.api import Context
from tests.hostile.everywhere import Everywhere


class Hostile(Everywhere):
    """Never answers, and swallows every cancellation."""

    name = "swallows"

    async def act(self, context: Context, hook: str) -> Any:
        while True:
            try:
                await asyncio.Event().wait()
            except GeneratorExit:  # taken away by the interpreter, where waiting is impossible and this would never end
                raise
            except BaseException:  # what it is about
                continue
