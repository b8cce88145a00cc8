from typing import Any

import msgspec

from lms_core.api import Context
from tests.hostile.everywhere import Everywhere

MOOD: list[BaseException] = []
"""What the settings raise when they are read, if anything; set by the tests."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings that look up something when they are read."""

    licence: str = ""

    def __post_init__(self) -> None:
        if MOOD:
            raise MOOD[0]


class Hostile(Everywhere):
    """Its settings raise oddly."""

    name = "odd_settings"
    settings = Settings

    async def act(self, context: Context, hook: str) -> Any:
        return []
