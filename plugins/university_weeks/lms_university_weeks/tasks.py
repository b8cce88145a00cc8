"""What planners ask for: a plan, a plan after something has happened, or why there is none."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from lms_core.api import Payload, View
from lms_university_weeks.engine.burden import Burdens
from lms_university_weeks.engine.checker import Violation
from lms_university_weeks.engine.plan import Part
from lms_university_weeks.translate import Where
from lms_university_weeks.week import Key, WeekContent, When

Seconds = Annotated[int, msgspec.Meta(ge=1, le=3000)]


class Task(Payload, frozen=True, kw_only=True, omit_defaults=True):
    """What is to be computed, for how long at most.

    `plan` plans the week, a `fair` one with the least burden for whoever bears most, and only then with the least cost,
    which takes longer; `replan` changes as little as possible of what is published, after sessions were
    `cancelled` (their keys), or lecturers, rooms or tracks (by key) are not to be had at some times; what begins
    before `moment` stays. `explain` says why no plan is possible. The same `seed` on one processor core gives the
    same plan.
    """

    do: Literal["plan", "replan", "explain"] = "plan"
    seconds: Seconds = 60
    seed: Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)] = 0
    fair: bool = False
    alternatives: Annotated[int, msgspec.Meta(ge=1, le=5)] = 1
    cancelled: tuple[Key, ...] = ()
    lecturers: dict[Key, tuple[When, ...]] = {}
    rooms: dict[Key, tuple[When, ...]] = {}
    tracks: dict[Key, tuple[When, ...]] = {}
    moment: Annotated[datetime, msgspec.Meta(tz=True)] | None = None


class Proposal(View, frozen=True, kw_only=True):
    """A plan: where everything is, what it costs whom, and what an independent check says of it.

    `burdens` say how evenly that is spread, null for what was computed before they were told. `fairest`: nobody can
    bear less than who bears most in this plan; `cheapest` is what a plan costs for which that did not matter.
    `differences` say in words what is elsewhere than published, for plans after a change.
    """

    cost: int
    sessions: tuple[Where, ...]
    parts: tuple[Part, ...]
    burdens: Burdens | None = None
    fairest: bool = False
    cheapest: int | None = None
    violations: tuple[Violation, ...]
    differences: tuple[str, ...] = ()


class Reasons(View, frozen=True, kw_only=True):
    """Why no plan is possible: shortages that are reason enough, requests to give up, and a smallest conflict."""

    shortages: tuple[str, ...]
    give_up: tuple[str, ...]
    fewest: bool
    conflict: tuple[str, ...]
    minimal: bool


class Result(View, frozen=True, kw_only=True):
    """What came of a task: `optimal` (nothing is better), `feasible`, `infeasible` or `unknown` (too little time).

    `bound` is what no plan can cost less than. `proposals` are plans, the best first; after a change the one with the
    fewest differences, and `fewest` tells whether that is proven.
    """

    status: Literal["optimal", "feasible", "infeasible", "unknown", "explained", "impossible"]
    bound: int | None = None
    proposals: tuple[Proposal, ...] = ()
    fewest: bool = False
    reasons: Reasons | None = None


class Plan(View, frozen=True, kw_only=True):
    """A task with what came of it, and the week as it was when it was asked for. `reason` says why it failed."""

    id: UUID
    week_id: UUID
    revision: int
    task: Task
    state: Literal["queued", "running", "done", "cancelled", "failed"]
    made_by: UUID | None
    made_at: datetime
    ended_at: datetime | None
    reason: str | None
    result: Result | None
    content: WeekContent
