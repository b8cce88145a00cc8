from typing import Any

from lms_core.api import Context
from tests.hostile.everywhere import Everywhere


class Hostile(Everywhere):
    """Raises what a Ctrl-C raises."""

    name = "interrupts"

    async def act(self, context: Context, hook: str) -> Any:
        raise KeyboardInterrupt
