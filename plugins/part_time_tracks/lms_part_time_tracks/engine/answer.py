"""What comes back: a plan, and for each level how good it is proven to be."""

from __future__ import annotations

from typing import Literal

import msgspec

from lms_part_time_tracks.engine.problem import Assignment, Level


class Reached(msgspec.Struct, frozen=True):
    """The value of a level, and that below which there is none, the levels before it kept.

    `excess`: tenths of hours a week above the budgets, over all terms; `finish`: the last term; `peak`: the heaviest
    week in tenths of hours, rounded up; `spread`: the sum of the squares of the hours a week,
    rounded up, of all terms that are not past;
    `trips`; `fee`: cents; `changes`: modules that are elsewhere than in the current plan. The bound is null where time
    ran out before the level.
    """

    level: Level
    value: int
    bound: int | None

    @property
    def optimal(self) -> bool:
        """Whether nothing smaller is possible, if all levels before it are optimal as well."""
        return self.value == self.bound


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A plan in the order of terms, `optimal` if all its levels are; null where none is possible or none was found."""

    status: Literal["optimal", "feasible", "infeasible", "unknown"]
    plan: tuple[Assignment, ...] | None = None
    levels: tuple[Reached, ...] = ()
