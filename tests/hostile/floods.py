from typing import Any

from lms_core.api import Context
from tests.hostile.everywhere import Everywhere


class Hostile(Everywhere):
    """Answers with a million items."""

    name = "floods"

    async def act(self, context: Context, hook: str) -> Any:
        return [None] * 1_000_000
