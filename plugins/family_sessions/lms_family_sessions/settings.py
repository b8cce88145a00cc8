"""What a programme sets for family-friendly planning: its policy."""

from __future__ import annotations

from typing import Annotated

import msgspec

from lms_family_sessions.holidays_of import Land
from lms_family_sessions.policy import LEAVES, Leave, Policy

Clock = Annotated[str, msgspec.Meta(max_length=5, pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9](?!\n)$", examples=["09:00"])]


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The policy of a programme.

    Sessions outside the core hours are warned of, and those that are announced less than `notice_weeks` before.
    `zone` is where the programme takes place, and `land` (null: only what all Länder have) whose public holidays are
    free for those whom the law protects. At most so many searches for dates run `at_once`, for `most_seconds` on so
    many processor cores (`workers`); a planner begins at most `suggestions_per_day`, for each tells her a little.
    `consequences` are what a protection does to exams and deadlines, `leaves` what stands still during which kind of
    leave.
    """

    core_from: Clock = "09:00"
    core_to: Clock = "16:00"
    notice_weeks: Annotated[int, msgspec.Meta(ge=0, le=52)] = 8
    zone: Annotated[str, msgspec.Meta(max_length=64)] = "Europe/Berlin"
    land: Land | None = None
    at_once: Annotated[int, msgspec.Meta(ge=1, le=16)] = 1
    most_seconds: Annotated[int, msgspec.Meta(ge=1, le=600)] = 120
    workers: Annotated[int, msgspec.Meta(ge=1, le=64)] = 2
    suggestions_per_day: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 20
    consequences: Policy = Policy()
    leaves: Annotated[tuple[Leave, ...], msgspec.Meta(max_length=20)] = LEAVES

    def __post_init__(self) -> None:
        """Refuse two rules for one kind of leave."""
        if len({one.kind for one in self.leaves}) < len(self.leaves):
            raise ValueError("leaves: each kind can stand there once")
