"""Why no plan is possible, in words that a planner can act upon."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Literal

import msgspec
from msgspec.structs import replace

from lms_university_weeks.engine.conflict import Conflict, resolve
from lms_university_weeks.engine.counting import shortages
from lms_university_weeks.engine.problem import Problem
from lms_university_weeks.engine.requests import Request, in_words

MANY = 12


class Explanation(msgspec.Struct, frozen=True):
    """What stands in the way of a plan.

    `shortages` are sentences, each of which is reason enough. `conflict` are requests that cannot all be kept, told in
    `reason`; if it is `minimal`, any one of them given up would let the sessions in question take place. To `drop` all
    of these requests makes a plan possible, and no fewer would do; null if that was not found in time.
    """

    status: Literal["feasible", "explained", "impossible", "unknown"]
    shortages: tuple[str, ...] = ()
    conflict: tuple[Request, ...] = ()
    reason: tuple[str, ...] = ()
    minimal: bool = False
    drop: tuple[Request, ...] | None = None


def explain(
    problem: Problem,
    seconds: float,
    *,
    workers: int = 2,
    progress: Callable[[Explanation], None] | None = None,
    stop: threading.Event | None = None,
) -> Explanation:
    """Explain why a problem has no plan.

    The status is `feasible` if it has one, `impossible` if there is none even without all requests, and `unknown` if
    the time was too short to find any reason. `progress` is told each conflict before it is known what to drop.
    """
    until = time.monotonic() + seconds
    counted = tuple(shortages(problem))

    def told(conflict: Conflict) -> Explanation:
        return Explanation("explained", counted, conflict.requests, in_words(conflict.requests), conflict.minimal)

    tell = (lambda conflict: progress(told(conflict))) if progress else None
    conflicts, drop = resolve(problem, until, workers=workers, stop=stop, tell=tell)
    if not conflicts:
        status: Literal["feasible", "explained", "unknown"] = "feasible" if drop is not None else "unknown"
        return Explanation("explained" if counted else status, counted)
    if not all(conflict.requests for conflict in conflicts):
        return Explanation("impossible", counted)
    least = min(conflicts, key=lambda conflict: (not conflict.minimal, len(in_words(conflict.requests))))
    if not least.minimal and len(in_words(least.requests)) > MANY:  # nobody can act upon so many
        return Explanation("explained" if counted or drop else "unknown", counted, drop=drop)
    return replace(told(least), drop=drop)
