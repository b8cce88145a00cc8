"""What a programme sets for its University Weeks."""

from __future__ import annotations

from typing import Annotated

import msgspec


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much the planning may take: at most so many searches at once, seconds and processor cores for each."""

    at_once: Annotated[int, msgspec.Meta(ge=1, le=16)] = 2
    most_seconds: Annotated[int, msgspec.Meta(ge=1, le=3000)] = 600
    workers: Annotated[int, msgspec.Meta(ge=1, le=64)] = 2
