from typing import Any

from lms_core.api import Context
from tests.hostile.everywhere import Everywhere

LEAKED: list[Any] = []


class Hostile(Everywhere):
    """Enters a connection for reading by hand, and never leaves it."""

    name = "keeps_reading"

    async def act(self, context: Context, hook: str) -> Any:
        LEAKED.append(context.read())
        await LEAKED[-1].__aenter__()
        return []
