"""What planners ask for, and what they get: dates of sessions, what they are like, and what to do besides."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from lms_core.api import Key, Name, Payload, SessionRemark, View
from lms_family_sessions.reports import Finding, People
from lms_family_sessions.settings import Clock
from lms_family_sessions.suggest.problem import Stage

Weekday = Annotated[int, msgspec.Meta(ge=1, le=7)]


class Wanted(Payload, frozen=True, kw_only=True):
    """A session of a run that is to be placed: on so many days one after another, at the same hours.

    It may begin between `first` and `last`, on these weekdays (Monday is 1), at any of the `starts` (where the
    programme is), and takes so many `minutes` on each day. Sessions of a run keep the order in which they are listed.
    It never meets a session of the runs that are asked for in which somebody of its run has to be.
    `session_ids` are those sessions of the run, one for each day, that are to be moved; without any, new ones are made.
    """

    key: Key
    title: Name
    run_id: UUID
    first: date
    last: date
    weekdays: Annotated[tuple[Weekday, ...], msgspec.Meta(min_length=1, max_length=7)] = (5, 6)
    starts: Annotated[tuple[Clock, ...], msgspec.Meta(min_length=1, max_length=4)] = ("09:00",)
    minutes: Annotated[int, msgspec.Meta(ge=15, le=840)] = 420
    days: Annotated[int, msgspec.Meta(ge=1, le=7)] = 2
    mode: Literal["on_site", "online", "hybrid"] = "on_site"
    recorded: bool = False
    session_ids: Annotated[tuple[UUID, ...], msgspec.Meta(max_length=7)] = ()


class Task(Payload, frozen=True, kw_only=True):
    """Sessions to be placed, and for how many seconds at most to search.

    On one processor core the same `seed` gives the same dates, unless time runs out.
    """

    title: Name
    sessions: Annotated[tuple[Wanted, ...], msgspec.Meta(min_length=1, max_length=60)]
    seconds: Annotated[int, msgspec.Meta(ge=1, le=600)] = 30
    seed: Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)] = 0


class Placed(View, frozen=True):
    """A session on its dates; `times` are wall times, one pair for each day."""

    key: str
    title: str
    run_id: UUID
    times: tuple[tuple[datetime, datetime], ...]


class Alternative(View, frozen=True):
    """What would help those whom a session is hard on: a recording, a hybrid form, or the session once more.

    `people` is how many share the most frequent need that it serves. `worst_off` is the burden of the whole plan for
    whoever has it hardest among those with one need that at least five share, and `worst_off_then` the same with the
    alternative, chosen by whom it suits; null where no five share any.
    """

    session: str
    do: Literal["record", "hybrid", "repeat"]
    people: People | None
    first: date | None
    changes: str
    worst_off: int | None = None
    worst_off_then: int | None = None


class Refused(View, frozen=True):
    """A session that stands where it must not be mandatory for somebody; `people` where at least five share why."""

    session: str
    people: People | None


class Proposal(View, frozen=True):
    """Dates, and what of them may be told; of what fewer than five people need, nothing is."""

    sessions: tuple[Placed, ...]
    findings: tuple[Finding, ...]
    alternatives: tuple[Alternative, ...]


class Result(View, frozen=True, kw_only=True):
    """What came of a search: `optimal` when nothing is fairer, then no more even, then no later.

    Otherwise time ran out in `stage`, and what comes before it is proven: first the burden of whoever has it hardest,
    then that of the `others`. `worst_off_gap` is by how many per cent, at most, that first burden could be smaller: 0
    where it is proven, 100 where nothing is, null where there are no dates. It is about what sessions cost her that may
    be put there, and not about those that would be refused; as long as these might be fewer for her, it is 100.
    `by_calendar` are the dates that somebody finds by hand, taking the first free one for each session in turn.

    `refused` names the sessions of the proposal that would be refused when they are published. There are some only
    where no dates for all sessions were found without; then it is the least bad, and for these something else is
    needed, such as a hybrid form. Of dates by the calendar it is not told.
    """

    status: Literal["optimal", "feasible", "infeasible", "unknown"]
    stage: Stage
    worst_off_gap: int | None = None
    proposal: Proposal | None = None
    by_calendar: Proposal | None = None
    refused: tuple[Refused, ...] = ()


class Appointment(View, frozen=True):
    """A session of a run that a proposed one has become, by the key of that."""

    session: str
    run_id: UUID
    session_id: UUID


class Accepted(View, frozen=True, kw_only=True):
    """What became of a proposal, a session for each day, with what other plugins warned of."""

    at: datetime
    by: UUID | None
    place: str
    hybrid: tuple[str, ...]
    sessions: tuple[Appointment, ...]
    warnings: tuple[SessionRemark, ...] = ()


State = Literal["queued", "running", "done", "cancelled", "failed", "stale"]


class Suggestion(View, frozen=True, kw_only=True):
    """A task with what came of it so far; `reason` says why it failed.

    It is `stale` when somebody wanted to accept it after people, their needs or sessions had changed.
    """

    id: UUID
    task: Task
    state: State
    made_by: UUID | None
    made_at: datetime
    ended_at: datetime | None
    reason: str | None
    result: Result | None
    accepted: Accepted | None = None
