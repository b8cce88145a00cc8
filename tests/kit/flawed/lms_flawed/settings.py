from typing import Annotated

import msgspec

from lms_core.api import Plugin


class Room(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    door: Annotated[str, msgspec.Meta(max_length=20, pattern=r"^\d\.\d\d$")]


class Guessing(Plugin):
    """Has settings that nobody can guess."""

    name = "guessing"
    settings = Room


class Wing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    side: Annotated[str, msgspec.Meta(max_length=20)]

    def __post_init__(self) -> None:
        if self.side not in {"left", "right"}:
            raise ValueError("side: must be left or right")


class Ruled(Plugin):
    """Has settings with a rule that their types do not tell."""

    name = "ruled"
    settings = Wing


class Drops(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    left: Annotated[int, msgspec.Meta(ge=0, le=100)]

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "left", self.left + 1)


class Shifting(Plugin):
    """Has settings that change when they are read."""

    name = "shifting"
    settings = Drops


class Rooms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    title: str
    doors: list[Annotated[str, msgspec.Meta(max_length=20)]] = []


class Boundless(Plugin):
    """Has settings of any length."""

    name = "boundless"
    settings = Rooms
