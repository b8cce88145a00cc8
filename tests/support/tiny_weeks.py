"""Weeks so small that every plan of them can be tried."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import product

from lms_university_weeks.engine.checker import verdict
from lms_university_weeks.engine.plan import Placed
from lms_university_weeks.engine.problem import BurdenClass, Problem, Room, Session


def tiny_week(seed: int) -> Problem:
    """Return three sessions of two groups on two days, with every kind of rule now and then; some cannot be."""
    rng = random.Random(seed)
    slots = range(8)

    def some(share: float) -> tuple[int, ...]:
        return tuple(slot for slot in slots if rng.random() < share)

    def session(number: int) -> Session:
        kind = rng.choice(("talk", "talk", "visit", "social"))
        groups = tuple(g for g in (0, 1) if rng.random() < 0.6) or (0,)
        choice = rng.random() < 0.3
        return Session(
            id=10 + number,
            length=rng.choice((1, 1, 2)),
            groups=groups,
            lecturers=() if choice else (rng.choice((0, 1)),),
            alternatives=(0, 1) if choice else (),
            gear="lab" if rng.random() < 0.2 else "",
            kind=kind,
            size=30 * len(groups),
            optional=rng.random() < 0.2,
            weight=rng.choice((3, 40)),
            slot_costs={slot: rng.randint(1, 9) for slot in some(0.2)},
        )

    return Problem(
        days=2, per_day=4,
        rooms=(Room(0, 80, ("lab",), some(0.1)), Room(1, 40)),
        sessions=tuple(session(number) for number in range(3)),
        group_size=(30, 25),
        available=(some(0.8), some(0.8)),
        disliked=(some(0.3), some(0.3)),
        max_per_day=(2, None),
        unavailable_groups=(some(0.1), ()),
        classes=(BurdenClass(0, "parent", 5), BurdenClass(0, "carer", 2), BurdenClass(1, "parent", 4), BurdenClass(1, "none", 21)),
        before=((10, 11),) if rng.random() < 0.5 else (),
        travel=((0, 1, rng.choice((0, 1, 2))),),
        buses=1, childcare=6, max_day=3,
    )  # fmt: skip


def all_plans(problem: Problem) -> Iterator[tuple[int, list[Placed]]]:
    """Yield every plan that breaks no rule, with its cost, as the checker sees it."""
    choices = []
    for session in problem.sessions:
        places = [
            Placed(session.id, start, room, lecturer)
            for start in range(problem.slots)
            for room in range(len(problem.rooms))
            for lecturer in session.alternatives or (None,)
        ]
        rules = {"missing", "once", "exists", "before"}
        alone = [p for p in places if all(v.rule in rules for v in verdict(problem, [p]).violations)]
        choices.append([None, *alone] if session.optional else alone)
    for chosen in product(*choices):
        plan = [place for place in chosen if place]
        judged = verdict(problem, plan)
        if not judged.violations:
            yield judged.cost, plan
