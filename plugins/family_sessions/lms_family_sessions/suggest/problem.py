"""What is to be placed, in numbers without names: who attends what, and what each date costs whom."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

Number = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]


class Candidate(msgspec.Struct, frozen=True):
    """A date of a session: its first day, as a count of days from anywhere, how many days, and in which weekend.

    Weekends are counted one by one; null is none.
    """

    day: Number
    days: Annotated[int, msgspec.Meta(ge=1, le=14)] = 1
    weekend: int | None = None


class Session(msgspec.Struct, frozen=True):
    """A session with its possible dates. It takes place after those of its run that are listed before it.

    `many` are all sessions of whole runs, for which each date is the same to everybody.
    """

    run: int
    candidates: Annotated[tuple[Candidate, ...], msgspec.Meta(max_length=500)]
    many: Annotated[int, msgspec.Meta(ge=1)] = 1


class Group(msgspec.Struct, frozen=True):
    """People for whom every date costs the same: how many, which sessions they attend, and what each date costs."""

    size: Annotated[int, msgspec.Meta(ge=1, le=100_000)]
    attends: tuple[int, ...]
    costs: tuple[tuple[Number, ...], ...]  # of each attended session, of each of its candidates


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """All that is to be placed; `consecutive` is what a weekend costs everybody that follows another one.

    A date that costs somebody `forbidden` or more, which is to be more than all else can cost her, is chosen only where
    there are no dates for all sessions without. No two sessions that somebody attends share a day. Raises ValueError
    when numbers do not fit together.
    """

    sessions: Annotated[tuple[Session, ...], msgspec.Meta(min_length=1, max_length=60)]
    groups: Annotated[tuple[Group, ...], msgspec.Meta(max_length=2000)]
    consecutive: Number = 10
    forbidden: Number | None = None

    def __post_init__(self) -> None:
        for number, group in enumerate(self.groups):
            if len(group.attends) != len(group.costs):
                raise ValueError(f"groups[{number}] needs costs for each session that it attends")
            for session, costs in zip(group.attends, group.costs, strict=True):
                if not 0 <= session < len(self.sessions) or len(costs) != len(self.sessions[session].candidates):
                    raise ValueError(f"groups[{number}] needs a cost for each date of session {session}")

    def attended(self) -> list[tuple[int, ...]]:
        """Return the sets of sessions that somebody attends, each once, and the sessions of each run."""
        runs: dict[int, list[int]] = {}
        for number, session in enumerate(self.sessions):
            runs.setdefault(session.run, []).append(number)
        own = {tuple(sorted(group.attends)) for group in self.groups}
        return sorted(own | {tuple(numbers) for numbers in runs.values()})


def allowed(problem: Problem) -> list[list[int]]:
    """Return the numbers of the dates of each session that are forbidden for nobody who attends it."""
    most = problem.forbidden
    rows: list[list[tuple[int, ...]]] = [[] for _ in problem.sessions]
    for group in problem.groups:
        for one, costs in zip(group.attends, group.costs, strict=True):
            rows[one].append(costs)
    return [
        [n for n in range(len(one.candidates)) if most is None or all(costs[n] < most for costs in rows[number])]
        for number, one in enumerate(problem.sessions)
    ]


def narrowed(problem: Problem, kept: list[list[int]]) -> Problem:
    """Return a problem with some of the dates of each session alone."""
    sessions = tuple(
        msgspec.structs.replace(one, candidates=tuple(one.candidates[n] for n in numbers))
        for one, numbers in zip(problem.sessions, kept, strict=True)
    )
    groups = tuple(
        msgspec.structs.replace(
            group,
            costs=tuple(
                tuple(costs[n] for n in kept[one]) for one, costs in zip(group.attends, group.costs, strict=True)
            ),
        )
        for group in problem.groups
    )
    return msgspec.structs.replace(problem, sessions=sessions, groups=groups)


Stage = Literal["dates", "worst_off", "others", "spacing", "notice", "done"]


class Suggestion(msgspec.Struct, frozen=True, kw_only=True):
    """What was found: for each session the number of its candidate (null: none was found), and how good that is.

    `optimal` when nothing is better. Otherwise time ran out in `stage`: all stages before it are proven, and in this
    one `best` was found, while nothing is better than `bound`; `levels` is how many levels of burden, from the heaviest
    down, are settled. `burdens` are those of the groups.
    """

    status: Literal["optimal", "feasible", "infeasible", "unknown"]
    chosen: tuple[int, ...] | None = None
    stage: Stage = "dates"
    levels: int = 0
    best: int | None = None
    bound: int | None = None
    burdens: tuple[int, ...] = ()


def burdens(problem: Problem, chosen: tuple[int, ...]) -> tuple[int, ...]:
    """Return what dates cost each person of each group."""
    found = []
    for group in problem.groups:
        dates = [problem.sessions[one].candidates[chosen[one]] for one in group.attends]
        weekends = {one.weekend for one in dates} - {None}
        follow = sum(one is not None and one - 1 in weekends for one in weekends)
        own = sum(costs[chosen[one]] for one, costs in zip(group.attends, group.costs, strict=True))
        found.append(own + problem.consecutive * follow)
    return tuple(found)


def gap(problem: Problem, found: Suggestion) -> float | None:
    """Return by how much, as a share of it, the heaviest burden of anybody might be smaller; null where no dates are.

    What `forbidden` dates add is left out: nothing is about them but how many somebody has to bear, and as long as that
    might be fewer, the burden besides might be any, so that it is 1.
    """
    if found.chosen is None or found.stage == "dates":
        return None
    if found.stage != "worst_off":
        return 0.0
    worst, least = max(found.burdens, default=0), max(found.bound or 0, 0)
    if problem.forbidden:
        (many, worst), (fewest, least) = divmod(worst, problem.forbidden), divmod(least, problem.forbidden)
        if fewest < many:
            return 1.0
    return (worst - least) / worst if worst > least else 0.0


def leximin(problem: Problem, chosen: tuple[int, ...]) -> tuple[int, ...]:
    """Return the burdens of all people from the heaviest down; the smaller one of two is the fairer."""
    each = zip(burdens(problem, chosen), problem.groups, strict=True)
    return tuple(sorted((burden for burden, group in each for _ in range(group.size)), reverse=True))


def possible(problem: Problem, chosen: tuple[int, ...]) -> bool:
    """Return whether dates keep the order of each run, and nobody is wanted twice on a day."""
    dates = [session.candidates[number] for session, number in zip(problem.sessions, chosen, strict=True)]
    for numbers in problem.attended():
        own = [dates[one] for one in numbers]
        days = [day for one in own for day in range(one.day, one.day + one.days)]
        if len(days) != len(set(days)):
            return False
    last: dict[int, int] = {}
    for session, date in zip(problem.sessions, dates, strict=True):
        if date.day <= last.get(session.run, -1):
            return False
        last[session.run] = date.day
    return True


def by_calendar(problem: Problem) -> tuple[int, ...] | None:
    """Return what somebody does by hand: each session in turn on the first date that is left; null where none is."""
    chosen: list[int] = []
    taken: set[int] = set()
    last: dict[int, int] = {}
    for session in problem.sessions:
        ordered = sorted(range(len(session.candidates)), key=lambda n: session.candidates[n].day)
        for number in ordered:
            one = session.candidates[number]
            days = set(range(one.day, one.day + one.days))
            if one.day > last.get(session.run, -1) and not days & taken:
                chosen.append(number)
                taken |= days
                last[session.run] = one.day
                break
        else:
            return None
    return tuple(chosen)
