from typing import Any

from lms_core.api import Context
from tests.hostile.everywhere import Everywhere


class Hostile(Everywhere):
    """Raises what ends a generator."""

    name = "closes"

    async def act(self, context: Context, hook: str) -> Any:
        raise GeneratorExit
