"""Few requests that cannot all be kept, each set of them solved again before it is shown.

A core of the solver may hold literals that were not asked about, or be no core at all (OR-Tools issues 5141 and 4109),
so it is only where the search begins.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import combinations

import msgspec
from msgspec.structs import replace
from ortools.sat.python import cp_model

from lms_university_weeks.engine.local import search_locally
from lms_university_weeks.engine.model import Week, build_rules
from lms_university_weeks.engine.options import Option, options_of, rooms_of, travel_between
from lms_university_weeks.engine.problem import Problem, Session
from lms_university_weeks.engine.requests import Request, build_with_requests, requests_of, without
from lms_university_weeks.engine.solve import search

LOCAL_STEPS = 20  # per session
FEW = 15  # so few sessions the solver plans at once, by one worker


class Conflict(msgspec.Struct, frozen=True):
    """Requests that cannot all be kept; `minimal` if without any one of them the sessions looked at have a plan."""

    requests: tuple[Request, ...]
    minimal: bool


def resolve(
    problem: Problem,
    until: float,
    *,
    workers: int,
    stop: threading.Event | None,
    tell: Callable[[Conflict], None] | None = None,
) -> tuple[list[Conflict], tuple[Request, ...] | None]:
    """Return conflicts, and the fewest requests to drop so that none remains.

    Conflicts are sought person by person first, for few sessions explain more than many, and each is met by dropping
    as few requests as all conflicts so far need (a hitting set). Once all sessions have a plan, that is proven to be
    the fewest; None stands for too little time. A conflict without requests means that there is no plan in any
    case. `tell` hears of each conflict at once.
    """
    conflicts: list[Conflict] = []
    dropped: frozenset[Request] = frozenset()
    fine: dict[int, list[frozenset[Request]]] = {}
    while True:
        found = None
        for number, part in enumerate(parts_of(without(problem, dropped))):
            if any(before <= dropped for before in fine.get(number, ())):
                continue  # what was possible with more requests still is
            holds = _possible(part, until, workers, stop)
            if holds is None:
                return conflicts, None
            if not holds:
                found = _core(part, until, stop)
                break
            fine.setdefault(number, []).append(dropped)
        if found is None:
            return conflicts, tuple(sorted(dropped, key=lambda r: (r.what, r.number or 0, r.day or 0)))
        conflicts.append(found)
        if tell:
            tell(found)
        if not found.requests:
            return conflicts, None
        dropped = _fewest([set(conflict.requests) for conflict in conflicts])


def _possible(part: Problem, until: float, workers: int, stop: threading.Event | None) -> bool | None:
    """Say whether the sessions have a plan; None if the time was too short to tell."""
    seconds = until - time.monotonic()
    if seconds <= 0 or (stop and stop.is_set()):
        return None
    many = len(part.sessions) > FEW
    for _ in search_locally(part, LOCAL_STEPS * len(part.sessions), seconds, stop=stop):
        return True
    week = build_rules(part)
    status, _ = search(week, until - time.monotonic(), workers=workers if many else 1, seed=0, stop=stop)
    return None if status == "unknown" else status != "infeasible"


def _fewest(conflicts: Sequence[Collection[Request]]) -> frozenset[Request]:
    """Return the fewest requests of which each conflict has one."""
    model = cp_model.CpModel()
    chosen = {request: model.new_bool_var("") for conflict in conflicts for request in conflict}
    for conflict in conflicts:
        model.add_bool_or(chosen[request] for request in conflict)
    model.minimize(sum(chosen.values()))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.solve(model)
    return frozenset(request for request, literal in chosen.items() if solver.boolean_value(literal))


def parts_of(problem: Problem) -> Iterator[Problem]:
    """Yield the week with only some of its sessions, the fewest first; at last with all."""
    chosen: set[frozenset[int]] = set()
    sessions = {session.id: session for session in problem.sessions if not session.optional}
    for lecturer in range(len(problem.available)):
        chosen.add(frozenset(s.id for s in sessions.values() if lecturer in s.lecturers))
    for group in range(len(problem.group_size)):
        chosen.add(frozenset(s.id for s in sessions.values() if group in s.groups))
    fitting = {number: frozenset(rooms_of(problem, session)) for number, session in sessions.items()}
    for rooms in set(fitting.values()):
        chosen.add(frozenset(number for number, fits in fitting.items() if fits <= rooms))
    chosen.add(frozenset(s.id for s in sessions.values() if s.kind == "visit"))
    chosen |= _impossible_pairs(problem, list(sessions.values()))
    chosen.add(frozenset(sessions))
    for part in sorted(chosen, key=lambda part: (len(part), sorted(part))):
        if part:
            yield replace(
                problem,
                sessions=tuple(sessions[number] for number in sorted(part)),
                before=tuple(pair for pair in problem.before if part.issuperset(pair)),
            )


def _impossible_pairs(problem: Problem, sessions: Sequence[Session]) -> set[frozenset[int]]:
    """Return pairs of sessions that share somebody or have an order, and can never both take place."""
    travel = travel_between(problem)
    options = {session.id: options_of(problem, session) for session in sessions}
    order = set(problem.before)

    def fit(one: Session, other: Session, here: Option, there: Option) -> bool:
        end, other_end = here.start + one.length, there.start + other.length
        if ((one.id, other.id) in order and there.start < end) or (
            (other.id, one.id) in order and here.start < other_end
        ):
            return False
        free = max(there.start - end, here.start - other_end)
        together = bool(set(one.groups) & set(other.groups) or set(one.lecturers) & set(other.lecturers))
        same_day = here.start // problem.per_day == there.start // problem.per_day
        return not together or free >= (travel[here.site, there.site] if same_day else 0)

    return {
        frozenset((one.id, other.id))
        for one, other in combinations(sessions, 2)
        if not any(fit(one, other, here, there) for here in options[one.id] for there in options[other.id])
    }


def _core(part: Problem, until: float, stop: threading.Event | None) -> Conflict:
    requests = requests_of(part)
    week, keep = build_with_requests(part, requests)
    core = _begin(week, keep, until, stop)
    if _holds(week, keep, core, until, stop) is not False:
        core = set(range(len(keep)))
    minimal = True
    for number in sorted(core):
        holds = _holds(week, keep, core - {number}, until, stop)
        if holds is False:
            core -= {number}
        minimal = minimal and holds is not None
    return Conflict(tuple(requests[number] for number in sorted(core)), minimal)


def _begin(week: Week, keep: list[cp_model.IntVar], until: float, stop: threading.Event | None) -> set[int]:
    """Ask the solver for a core, of which only the literals asked about are taken."""
    week.model.add_assumptions(keep)
    status, solver = search(week, until - time.monotonic(), workers=1, seed=0, stop=stop)
    week.model.clear_assumptions()
    if status != "infeasible":
        return set()
    core = set(solver.sufficient_assumptions_for_infeasibility())
    return {number for number, literal in enumerate(keep) if literal.index in core}


def _holds(
    week: Week, keep: list[cp_model.IntVar], core: Collection[int], until: float, stop: threading.Event | None
) -> bool | None:
    """Say whether a plan can keep these requests; None if the time was too short to tell."""
    for number, literal in enumerate(keep):
        literal.with_domain(cp_model.Domain(int(number in core), int(number in core)))
    status, _ = search(week, until - time.monotonic(), workers=1, seed=0, stop=stop)
    return None if status == "unknown" else status != "infeasible"
