from typing import Any

from lms_core.api import Context
from tests.hostile.everywhere import Everywhere


class Hostile(Everywhere):
    """Raises in each hook."""

    name = "raises"

    async def act(self, context: Context, hook: str) -> Any:
        raise ZeroDivisionError("never tested")
