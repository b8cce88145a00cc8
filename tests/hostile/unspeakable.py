from typing import Any

from lms_core.api import Context
from tests.hostile.everywhere import Everywhere


class Unspeakable(Exception):
    """Raises when it is asked what it says."""

    def __str__(self) -> str:
        raise SystemExit("nothing to say")


class Hostile(Everywhere):
    """Raises what cannot be written down."""

    name = "unspeakable"

    async def act(self, context: Context, hook: str) -> Any:
        raise Unspeakable
