import time
from typing import Any

from lms_core.api import Context
from tests.hostile.everywhere import Everywhere


class Hostile(Everywhere):
    """Holds up everybody for half a second, as a library does that is not async."""

    name = "blocks"

    async def act(self, context: Context, hook: str) -> Any:
        time.sleep(0.5)  # noqa: ASYNC251  # what it is about
        return []
