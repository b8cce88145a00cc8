"""Dates that are proposed are the fairest there are, as counting all of them shows."""

from __future__ import annotations

import threading
from itertools import pairwise, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lms_family_sessions.rules import EXCLUDED
from lms_family_sessions.suggest.problem import (
    Candidate,
    Group,
    Problem,
    Session,
    Stage,
    Suggestion,
    burdens,
    by_calendar,
    gap,
    leximin,
    possible,
)
from lms_family_sessions.suggest.solve import solve

from tests.support.family import term

FORBIDDEN = 1000
"""More than all else can cost anybody in these."""


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    """Draw a few sessions of two runs with few dates, and groups that attend some of them."""
    sessions = []
    for _ in range(draw(st.integers(1, 4))):
        days = draw(st.lists(st.integers(0, 20), min_size=1, max_size=4))
        dates = tuple(
            Candidate(day, draw(st.integers(1, 2)), day // 3 if draw(st.booleans()) else None) for day in days
        )
        sessions.append(Session(draw(st.integers(0, 1)), dates))
    groups = []
    for _ in range(draw(st.integers(0, 4))):
        attends = tuple(n for n in range(len(sessions)) if draw(st.booleans()))
        costs = tuple(
            tuple(draw(st.integers(0, 3)) * draw(st.sampled_from([1, 10, FORBIDDEN])) for _ in sessions[n].candidates)
            for n in attends
        )
        groups.append(Group(draw(st.integers(1, 6)), attends, costs))
    follows = draw(st.integers(0, 5))
    return Problem(sessions=tuple(sessions), groups=tuple(groups), consecutive=follows, forbidden=FORBIDDEN)


def goodness(problem: Problem, chosen: tuple[int, ...]) -> tuple[tuple[int, ...], int, int]:
    """Return what is to be as small as can be: burdens, then evenness, then notice; counted apart from the search."""
    dates = [session.candidates[n] for session, n in zip(problem.sessions, chosen, strict=True)]
    each = []
    for group in problem.groups:
        weekends = {dates[one].weekend for one in group.attends} - {None}
        total = sum(costs[chosen[one]] for one, costs in zip(group.attends, group.costs, strict=True))
        total += problem.consecutive * len({one for one in weekends if one is not None and one + 1 in weekends})
        each += [total] * group.size
    steps = []
    for run in {session.run for session in problem.sessions}:
        own = [date.day for date, session in zip(dates, problem.sessions, strict=True) if session.run == run]
        steps += [after - before for before, after in pairwise(own)]
    return tuple(sorted(each, reverse=True)), -min(steps, default=0), -min(date.day for date in dates)


@settings(max_examples=120, deadline=None)
@given(problems())
def test_nothing_is_fairer_than_what_is_proposed(problem: Problem) -> None:
    everything = product(*(range(len(session.candidates)) for session in problem.sessions))
    all_possible = [chosen for chosen in everything if possible(problem, chosen)]
    found = solve(problem, 30)
    if not all_possible:
        assert found == Suggestion(status="infeasible")
        return
    assert found.chosen in all_possible
    assert (found.status, found.stage) == ("optimal", "done")
    assert goodness(problem, found.chosen) == min(goodness(problem, chosen) for chosen in all_possible)
    assert found.burdens == burdens(problem, found.chosen)
    if any(max(burdens(problem, one), default=0) < FORBIDDEN for one in all_possible):
        assert max(found.burdens, default=0) < FORBIDDEN


def test_no_wish_of_others_puts_a_session_where_it_must_not_be() -> None:
    """The last ones bear more than the cost of being unable to come, and yet nobody is made unable to come."""
    dates = (Candidate(0), Candidate(1))
    groups = (Group(1, (0,), ((1000 + EXCLUDED, 0),)), Group(50, (0,), ((0, 90_000),)))
    problem = Problem(sessions=(Session(0, dates),), groups=groups, forbidden=EXCLUDED)
    assert solve(problem, 10).chosen == (1,)
    both = (Group(1, (0,), ((EXCLUDED, 0),)), Group(2, (0,), ((0, EXCLUDED + 1),)))
    none = Problem(sessions=(Session(0, dates),), groups=both, forbidden=EXCLUDED)
    assert solve(none, 10).chosen == (0,)


@settings(max_examples=60, deadline=None)
@given(problems(), st.sampled_from([0.0, 0.01, 30.0]))
def test_the_worst_off_never_has_it_harder_than_by_hand(problem: Problem, seconds: float) -> None:
    """However little time there is, and even where somebody is to be excluded."""
    by_hand = by_calendar(problem)
    if by_hand is None or not possible(problem, by_hand):
        return
    found = solve(problem, seconds)
    assert found.chosen is not None
    assert possible(problem, found.chosen)
    assert max(found.burdens, default=0) <= max(burdens(problem, by_hand), default=0)
    assert leximin(problem, found.chosen) <= leximin(problem, by_hand)


@pytest.mark.parametrize("seed", range(3))
def test_nobody_has_it_harder_than_by_the_order_of_the_calendar(seed: int) -> None:
    problem = term(seed, sessions=6, people=30, needy=10)
    by_hand = by_calendar(problem)
    assert by_hand is not None
    assert possible(problem, by_hand)
    found = solve(problem, 20)
    assert found.chosen is not None
    assert leximin(problem, found.chosen) < leximin(problem, by_hand)
    assert max(found.burdens) < max(burdens(problem, by_hand))


def test_the_same_seed_gives_the_same_dates() -> None:
    problem = term(1, sessions=6, people=30, needy=10)
    assert solve(problem, 60, seed=3) == solve(problem, 60, seed=3)


def test_what_is_ended_early_says_how_far_it_came_and_is_no_worse_than_by_hand() -> None:
    problem = term(2, sessions=8, people=40, needy=15)
    stop = threading.Event()
    stages: list[tuple[str, int]] = []

    def told(stage: str, levels: int, _seconds: float) -> None:
        stages.append((stage, levels))
        if (stage, levels) == ("others", 1):
            stop.set()

    found = solve(problem, 60, progress=told, stop=stop)
    assert (found.status, found.stage, found.levels) == ("feasible", "others", 1)
    assert stages[:3] == [("worst_off", 0), ("others", 0), ("others", 1)]
    whole = solve(problem, 60)
    assert max(found.burdens) == max(whole.burdens)
    stop_at_once = threading.Event()
    stop_at_once.set()
    by_hand = by_calendar(problem)
    assert by_hand is not None
    at_once = solve(problem, 60, stop=stop_at_once)
    assert at_once.chosen is not None
    assert at_once.status == "feasible"
    assert leximin(problem, at_once.chosen) <= leximin(problem, by_hand)


@pytest.mark.parametrize(
    ("worst", "bound", "stage", "left"),
    [
        (200, 150, "worst_off", 0.25),
        (200, 200, "worst_off", 0.0),
        (0, 0, "worst_off", 0.0),
        (200, None, "worst_off", 1.0),
        (200, -3, "worst_off", 1.0),
        (FORBIDDEN + 200, FORBIDDEN + 150, "worst_off", 0.25),  # not 50 of 1200
        (2 * FORBIDDEN + 200, FORBIDDEN + 900, "worst_off", 1.0),
        (2 * FORBIDDEN, FORBIDDEN, "worst_off", 1.0),
        (2 * FORBIDDEN, 2 * FORBIDDEN, "worst_off", 0.0),
        (200, 1, "others", 0.0),
        (200, 1, "notice", 0.0),
        (200, None, "dates", None),
    ],
)
def test_how_far_the_worst_off_may_be_from_better_is_about_what_is_not_forbidden(
    worst: int, bound: int | None, stage: Stage, left: float | None
) -> None:
    one = Session(0, (Candidate(0),))
    problem = Problem(sessions=(one,), groups=(Group(1, (0,), ((worst,),)),), forbidden=FORBIDDEN)
    found = Suggestion(status="feasible", chosen=(0,), stage=stage, bound=bound, burdens=(worst, 0))
    assert gap(problem, found) == left
    assert gap(problem, Suggestion(status="unknown", stage=stage, bound=bound)) is None


def test_a_search_without_time_claims_nothing_about_the_worst_off() -> None:
    """Nor does how many people bear the heaviest burden, which is asked next, count as one that could be smaller."""
    dates = tuple(Candidate(day) for day in range(3))
    groups = (Group(2, (0,), ((FORBIDDEN + 40, FORBIDDEN + 30, 2 * FORBIDDEN),)), Group(1, (0,), ((0, 0, 0),)))
    problem = Problem(sessions=(Session(0, dates),), groups=groups, forbidden=FORBIDDEN)
    stages: list[tuple[str, int]] = []
    stop = threading.Event()

    def until(stage: str, levels: int, _seconds: float) -> None:
        stages.append((stage, levels))
        if stage == "others":
            stop.set()

    found = solve(problem, 60, progress=until, stop=stop)
    assert (found.chosen, found.stage, gap(problem, found)) == ((1,), "others", 0.0)
    assert stages == [("worst_off", 0), ("others", 0)]
    stop = threading.Event()
    stop.set()
    found = solve(problem, 60, stop=stop)
    assert (found.stage, gap(problem, found)) == ("worst_off", 1.0)
