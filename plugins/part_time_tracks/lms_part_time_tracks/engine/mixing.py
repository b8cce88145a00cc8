"""The cheapest way to a plan when hours, terms and requests are given up together, as one search.

Each of them has a price, so that they can be compared at all: PRICES says what it is.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any, Literal

import msgspec
from msgspec.structs import replace
from ortools.sat.python import cp_model

from lms_part_time_tracks.engine.changes import Change, Hours, LetGo, Longer, changed
from lms_part_time_tracks.engine.demands import Demand, requests_of, without
from lms_part_time_tracks.engine.model import Model
from lms_part_time_tracks.engine.problem import RECOGNISED, Assignment, Problem
from lms_part_time_tracks.engine.solve import search

PRICES: dict[Literal["hour", "request", "term"], int] = {"hour": 10, "request": 30, "term": 60}
"""What it costs to find an hour a week more through a term, to give up a request, and to study a term longer."""

SOFT = ("closed", "blocked", "accepted", "wanted", "unwanted", "weekends", "done_by", "pace")
"""Kinds of requests that are given up whole; hours are not."""


class Mix(msgspec.Struct, frozen=True):
    """What leads to a plan: terms more, requests given up, minutes a week by term; `least` if nothing costs less."""

    terms: int
    requests: tuple[Demand, ...]
    minutes: dict[int, int]
    price: int
    least: bool

    @property
    def kinds(self) -> int:
        """How many kinds of things it takes."""
        return bool(self.terms) + bool(self.requests) + bool(self.minutes)

    @property
    def changes(self) -> tuple[Change, ...]:
        """The same as changes of the problem."""
        longer = [Longer(self.terms)] if self.terms else []
        more = [Hours(minutes, n, n) for n, minutes in self.minutes.items()]
        return (*longer, *(LetGo(one) for one in self.requests), *more)


def cheapest(problem: Problem, seconds: float, longest: int, *, stop: threading.Event | None = None) -> Mix | None:
    """Return the cheapest way to a plan with at most so many terms more; None if there is none, or none was found."""
    until, ended = time.monotonic() + seconds, stop or threading.Event()
    best: Mix | None = None
    least = True
    for terms in range(longest + 1):
        if best and PRICES["term"] * terms >= best.price:
            break
        longer = changed(problem, [Longer(terms)]) if terms else problem
        status, plan = _plan(longer, until, ended)
        least = least and status in (cp_model.OPTIMAL, cp_model.INFEASIBLE)
        if plan is not None:
            found = _mix(longer, terms, plan)
            best = found if best is None or found.price < best.price else best
    return replace(best, least=least) if best else None


def price(problem: Problem, changes: Sequence[Change]) -> int:
    """Return what ways out of one kind cost."""
    total = 0
    for change in changes:
        match change:
            case Longer(terms):
                total += PRICES["term"] * terms
            case LetGo():
                total += PRICES["request"]
            case Hours(minutes, first):
                total += _hours(minutes - (problem.terms[first].minutes or 0))
    return total


def needed(problem: Problem, plan: Sequence[Assignment]) -> dict[int, int]:
    """Return the minutes a week of each term that takes more than there are: these, and whole tenths of hours more."""
    found = {}
    for n in range(problem.now, len(problem.terms)):
        term = problem.terms[n]
        minutes = sum(problem.module(one.module).minutes for one in plan if one.term == n)
        if term.minutes is not None and minutes > term.minutes * term.weeks:
            found[n] = term.minutes - (term.minutes * term.weeks - minutes) // (6 * term.weeks) * 6
    return found


def _hours(minutes: int) -> int:
    return PRICES["hour"] * minutes // 60


def _soft(problem: Problem) -> list[Demand]:
    return [one for one in requests_of(problem) if one.kind in SOFT]


def _plan(
    problem: Problem, until: float, stop: threading.Event
) -> tuple[cp_model.CpSolverStatus, tuple[Assignment, ...] | None]:
    """Return the plan for which the cheapest hours and requests are given up."""
    soft = _soft(problem)
    model = Model(replace(without(problem, soft), levels=("excess",)))
    gone = [_let_go(problem, model, demand) for demand in soft]
    tenths = PRICES["hour"] // 10 * model.level("excess")
    model.model.minimize(tenths + PRICES["request"] * sum(gone))
    status, plan, _ = search(model, None, until, 1, 0, stop)
    return status, plan


def _let_go(problem: Problem, model: Model, demand: Demand) -> Any:
    """Return a literal that is true where a request is not kept."""
    gone = model.model.new_bool_var("")
    if demand.kind == "pace":
        for own in model.in_term.values():
            ects = sum(model.ects[key] * x for key, literals in own.items() for x in literals)
            model.model.add(ects <= (problem.wishes.most_ects or 0)).only_enforce_if(~gone)
        return gone
    meant = [
        literal
        for key, own in model.options.items()
        for option, literal in zip(own, model.chosen[key], strict=True)
        if _meant(problem, demand, option.at)
    ]
    if demand.kind in ("wanted", "accepted"):
        model.model.add(sum(meant) + gone >= 1)
    else:
        for literal in meant:
            model.model.add_implication(literal, gone)
    return gone


def _mix(problem: Problem, terms: int, plan: Sequence[Assignment]) -> Mix:
    """Return what a plan needs of a problem that is as many terms longer."""
    gone = tuple(one for one in _soft(problem) if not _kept(problem, one, plan))
    minutes = needed(without(problem, gone), plan)
    more = sum(_hours(one - (problem.terms[n].minutes or 0)) for n, one in minutes.items())
    total = PRICES["term"] * terms + PRICES["request"] * len(gone) + more
    return Mix(terms, gone, minutes, total, least=False)


def _kept(problem: Problem, demand: Demand, plan: Sequence[Assignment]) -> bool:
    if demand.kind == "pace":
        most = problem.wishes.most_ects or 0
        return all(
            sum(problem.module(one.module).ects for one in plan if one.term == n) <= most
            for n in range(problem.now, len(problem.terms))
        )
    met = any(_meant(problem, demand, one) for one in plan)
    return met if demand.kind in ("wanted", "accepted") else not met


def _meant(problem: Problem, demand: Demand, at: Assignment) -> bool:
    """Tell whether a module in its place is what a request asks for, or what it wants to avoid."""
    past = RECOGNISED <= at.term < problem.now and at in problem.fixed
    match demand.kind:
        case "wanted":
            return at.module == demand.module
        case "accepted":
            [kept] = [one for one in problem.fixed if one.module == demand.module]
            return (at.module, at.term) == (kept.module, kept.term) and kept.run in (None, at.run)
        case "unwanted":
            return at.module == demand.module and not past
        case "blocked":
            return (at.module, at.term, at.run) == (demand.module, demand.term, demand.other) and not past
        case "closed":
            return at.term == demand.term
        case "done_by":
            return demand.term is not None and at.term > demand.term
        case _:
            return at.term >= problem.now and _at_weekends(problem, at)


def _at_weekends(problem: Problem, at: Assignment) -> bool:
    module = problem.module(at.module)
    run = next((one for one in module.runs if (one.key, one.term) == (at.run, at.term)), None)
    return bool(run.weekends if run else module.weekends)
