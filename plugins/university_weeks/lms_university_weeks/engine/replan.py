"""A plan after a change: as few sessions as possible are moved against the published plan, then quality counts."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Sequence
from typing import Literal

import msgspec
from msgspec.structs import replace
from ortools.sat.python import cp_model

from lms_university_weeks.engine.change import Change, apply
from lms_university_weeks.engine.cost import Terms, cost_terms, minimize
from lms_university_weeks.engine.model import Week, build_rules
from lms_university_weeks.engine.names import lecturer_name, room_name, session_name, slot_name
from lms_university_weeks.engine.options import Option, options_of, rooms_of
from lms_university_weeks.engine.plan import Placed, Plan
from lms_university_weeks.engine.problem import Problem
from lms_university_weeks.engine.solve import Progress, add_hint, complete_hint, found_plan, placed_in, plan_of, search


class Difference(msgspec.Struct, frozen=True):
    """A session that is not where it was, in words; `before` or `after` is null where it was or is nowhere."""

    id: int
    what: Literal["moved", "room", "lecturer", "cancelled", "left_out", "added"]
    before: Placed | None
    after: Placed | None
    text: str


class Alternative(msgspec.Struct, frozen=True):
    """A plan after the change, and in what it differs from the published one."""

    plan: Plan
    differences: tuple[Difference, ...]


class Replanned(msgspec.Struct, frozen=True):
    """Plans after a change, the one with the fewest changes first.

    `changes` counts the sessions that are elsewhere in the first of them, without those cancelled; `fewest` says
    whether it is proven that less is impossible.
    """

    status: Literal["feasible", "infeasible", "unknown"]
    changes: int | None = None
    fewest: bool = False
    alternatives: tuple[Alternative, ...] = ()


def replan(
    problem: Problem,
    published: Sequence[Placed],
    change: Change,
    seconds: float,
    *,
    alternatives: int = 1,
    workers: int = 2,
    seed: int = 0,
    progress: Progress | None = None,
    stop: threading.Event | None = None,
) -> Replanned:
    """Plan anew after a change. Raises BadProblemError.

    `progress(best, bound, seconds)` is told the numbers of changes. Half of the time at most goes into their proof,
    the rest into the quality of plans with so few changes.
    """
    until = time.monotonic() + seconds
    changed = apply(problem, published, change)
    hint, least = _only_those_that_must(changed, published, seconds, workers, stop)
    week = build_rules(changed)
    moved = _moved(week, published)
    limit = week.model.new_int_var(0, len(moved), "changes")
    week.model.add(sum(moved) <= limit)
    add_hint(week, hint or published)
    terms: Terms | None = None
    found: list[Alternative] = []
    changes, fewest, status = None, False, "unknown"
    while len(found) < alternatives and not (stop and stop.is_set()):
        pause = (until - time.monotonic()) / (alternatives - len(found)) / 2
        if hint and not found:
            best, count, proven = found_plan(changed, hint), least, True
            if progress:
                progress(least, least, time.monotonic() - until + seconds)
        else:
            limit.with_domain(cp_model.Domain(0, len(moved)))
            week.model.minimize(limit)
            status, solver = search(week, pause, workers=workers, seed=seed, progress=progress, stop=stop)
            if status not in ("optimal", "feasible"):
                break
            best, count, proven = (
                plan_of(week, solver, "feasible", None),
                round(solver.objective_value),
                status == "optimal",
            )
        if changes is None:
            changes, fewest = count, proven
        terms = cost_terms(week) if terms is None else terms
        limit.with_domain(cp_model.Domain(0, count))
        minimize(week, terms)
        add_hint(week, best.sessions)
        complete_hint(week)
        status, solver = search(week, pause, workers=workers, seed=seed, stop=stop)
        if status in ("optimal", "feasible"):
            best = plan_of(week, solver, status, math.ceil(solver.best_objective_bound - 1e-6))
        found.append(Alternative(best, differences(problem, published, best.sessions, change.cancel)))
        if not _forbid(week, published, best.sessions):
            break
    if not found:
        return Replanned("infeasible" if status == "infeasible" else "unknown")
    return Replanned("feasible", changes, fewest, tuple(found))


def _only_those_that_must(
    problem: Problem, published: Sequence[Placed], seconds: float, workers: int, stop: threading.Event | None
) -> tuple[tuple[Placed, ...], int]:
    """Return a plan in which only those sessions are elsewhere that cannot stay, if there is one, and their number.

    It is found at once, and nothing can have fewer changes.
    """
    was = {place.id: place for place in published}
    sessions, count = [], 0
    for session in problem.sessions:
        place = was.get(session.id)
        stays = place and _taken(problem, place) in options_of(problem, session)
        if place and stays and place.room in rooms_of(problem, session):
            alternatives = session.alternatives if place.lecturer is None else (place.lecturer,)
            sessions.append(
                replace(session, pinned=(place.start, place.room), optional=False, alternatives=alternatives)
            )
        else:
            count += bool(place)
            sessions.append(session)
    week = build_rules(replace(problem, sessions=tuple(sessions)))
    for literal in week.out.values():  # what was left out stays out
        week.model.add(literal == 1)
    minimize(week, cost_terms(week))
    status, solver = search(week, seconds / 4, workers=workers, seed=0, stop=stop)
    return (placed_in(week, solver.boolean_value) if status in ("optimal", "feasible") else ()), count


def _taken(problem: Problem, place: Placed) -> Option:
    return Option(place.start, problem.rooms[place.room].site, place.lecturer)


def _moved(week: Week, published: Sequence[Placed]) -> list[cp_model.IntVar]:
    """Return literals that are true for sessions that are elsewhere than in the published plan."""
    was = {place.id: place for place in published}
    literals = []
    for i, session in enumerate(week.problem.sessions):
        if session.id not in was and not session.optional:
            continue  # it is new, and must be somewhere
        moved = week.model.new_bool_var(f"moved {i}")
        literals.append(moved)
        if place := was.get(session.id):
            option = week.at[i].get(_taken(week.problem, place))
            room = week.room[i].get(place.room)
            if option is None or room is None:
                week.model.add(moved == 1)
            else:
                week.model.add_bool_or(moved, option)
                week.model.add_bool_or(moved, room)
        else:
            week.model.add_bool_or(moved, week.out[i])
    return literals


def _forbid(week: Week, published: Sequence[Placed], placed: Sequence[Placed]) -> bool:
    """Forbid plans in which all that was moved stands where it stands in this plan; False if nothing was moved."""
    was = {place.id: place for place in published}
    now = {place.id: place for place in placed}
    clause = []
    for i, session in enumerate(week.problem.sessions):
        before, after = was.get(session.id), now.get(session.id)
        if before == after:
            continue
        if after is None:
            clause.append(week.out[i].negated())
        elif before and before.start == after.start and before.lecturer == after.lecturer:
            clause.append(week.room[i][after.room].negated())
        else:
            clause.append(week.at[i][_taken(week.problem, after)].negated())
    week.model.add_bool_or(clause)
    return bool(clause)


def differences(
    problem: Problem, published: Sequence[Placed], placed: Sequence[Placed], cancelled: Sequence[int] = ()
) -> tuple[Difference, ...]:
    """Return in what a plan differs from the published one, in the order of the sessions."""
    was = {place.id: place for place in published}
    now = {place.id: place for place in placed}
    found = []
    for session in problem.sessions:
        before, after = was.get(session.id), now.get(session.id)
        if before == after:
            continue
        name = session_name(session)
        if before is None:
            assert after is not None
            found.append(Difference(session.id, "added", None, after, f"{name} is new: {_where(problem, after)}"))
        elif after is None:
            what: Literal["cancelled", "left_out"] = "cancelled" if session.id in cancelled else "left_out"
            text = f"{name} is {what.replace('_', ' ')}; it was {_where(problem, before)}"
            found.append(Difference(session.id, what, before, None, text))
        elif before.start != after.start:
            text = f"{name} moves from {_where(problem, before)} to {_where(problem, after)}"
            found.append(Difference(session.id, "moved", before, after, text))
        elif before.room != after.room:
            text = f"{name} moves to {room_name(problem, after.room)}; its time stays {slot_name(problem, after.start)}"
            found.append(Difference(session.id, "room", before, after, text))
        else:
            assert after.lecturer is not None
            text = f"{name} is taught by {lecturer_name(problem, after.lecturer)}"
            found.append(Difference(session.id, "lecturer", before, after, text))
    return tuple(found)


def _where(problem: Problem, place: Placed) -> str:
    return f"{slot_name(problem, place.start)}, {room_name(problem, place.room)}"
