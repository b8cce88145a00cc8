from typing import Any

from lms_core.api import Context
from tests.hostile.everywhere import Everywhere

SEEN: list[str] = []
"""The hooks in which it was called, in order; cleared by the tests."""


class Hostile(Everywhere):
    """Not hostile at all: has nothing to say, and remembers what it was asked. By its name it comes last."""

    name = "witness"

    async def act(self, context: Context, hook: str) -> Any:
        SEEN.append(hook)
        return []
