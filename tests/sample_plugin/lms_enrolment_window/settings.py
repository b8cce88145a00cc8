"""What a programme sets."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec

WallTime = Annotated[datetime, msgspec.Meta(tz=False)]
"""A time as a clock on the wall shows it, without an offset."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The window: from `opens` on and before `closes`, both read from a clock in `zone` (IANA name)."""

    opens: WallTime
    closes: WallTime
    zone: Annotated[str, msgspec.Meta(max_length=64, examples=["Europe/Berlin"])]

    def __post_init__(self) -> None:
        """Refuse a zone that does not exist and a window that never opens."""
        try:
            ZoneInfo(self.zone)
        except (KeyError, OSError, ValueError):  # unknown, a folder of the database such as Europe, or no name at all
            reason = f"zone: {self.zone!r} is not a time zone of the IANA database, such as Europe/Berlin"
            raise ValueError(reason) from None
        if self.opens >= self.closes:
            raise ValueError("closes: must be after opens")

    def moment(self, wall: datetime) -> datetime:
        """Return the moment at which the clock in `zone` shows this time."""
        return wall.replace(tzinfo=ZoneInfo(self.zone))
