from typing import Any

from lms_core.api import Context
from tests.hostile.everywhere import Everywhere


class Hostile(Everywhere):
    """Ends the process, as scripts do."""

    name = "exits"

    async def act(self, context: Context, hook: str) -> Any:
        raise SystemExit(3)
