from typing import Any

from lms_core.api import Context
from tests.hostile.everywhere import Everywhere


class Hostile(Everywhere):
    """Answers with other types than it has declared."""

    name = "lies"

    async def act(self, context: Context, hook: str) -> Any:
        return ["not allowed"]
