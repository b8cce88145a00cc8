"""What comes back where no plan is possible."""

from __future__ import annotations

from typing import Literal

import msgspec

from lms_part_time_tracks.engine.answer import Answer
from lms_part_time_tracks.engine.changes import Change
from lms_part_time_tracks.engine.demands import Demand


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """Changes after which a plan is possible, in words, with the best plan that was found then.

    `least` if it is proven that less of its kind would not do: hours a week summed over terms, terms, or the number of
    requests; of what is mixed, that nothing is cheaper by the prices of `mixing`.
    """

    kind: Literal["hours", "longer", "let_go", "mixed"]
    changes: tuple[Change, ...]
    text: str
    least: bool
    answer: Answer


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in the way of a plan.

    The `requests` cannot all be kept while the `rules` hold; without any one of all these, what remains of them has a
    plan. Without requests, there is no plan whatever the student gives up. `reason` is all of it in a
    sentence, `ways` are ways out.
    """

    status: Literal["feasible", "explained", "unknown"]
    requests: tuple[Demand, ...] = ()
    rules: tuple[Demand, ...] = ()
    reason: str = ""
    ways: tuple[Way, ...] = ()
