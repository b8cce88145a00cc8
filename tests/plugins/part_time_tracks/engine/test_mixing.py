"""Hours, terms and requests together: nothing is cheaper than what is told, and it leads to a plan."""

from __future__ import annotations

from random import Random

import pytest
from lms_part_time_tracks.engine.changes import Hours, LetGo, Longer, changed
from lms_part_time_tracks.engine.checker import check
from lms_part_time_tracks.engine.demands import Demand, requests_of, without
from lms_part_time_tracks.engine.explain import explain
from lms_part_time_tracks.engine.mixing import PRICES, SOFT, cheapest
from lms_part_time_tracks.engine.problem import Assignment, Module, Problem, Run, Term, Wishes
from lms_part_time_tracks.engine.solve import solve
from msgspec.structs import replace

from tests.support.engineer import engineer, module
from tests.support.programmes import all_plans

LONGEST = 2


def wishful(seed: int) -> Problem:
    """Return three terms and four modules of somebody who has little time and many wishes."""
    rng = Random(seed)
    keys = ["A", "B", "C", "D"]

    def some(share: float) -> tuple[str, ...]:
        return tuple(key for key in keys if rng.random() < share)

    modules = tuple(
        Module(
            key=key, ects=rng.choice((500, 1000)), minutes=rng.choice((4000, 6000, 8280)), required=rng.random() < 0.8,
            offered=(offered := tuple(t for t in range(3) if rng.random() < 0.6)),
            runs=tuple(
                Run(key=f"{key}{t}", term=t, weekends=rng.randint(0, 1), blocked=rng.choice(("", "", "a fair")))
                for t in offered
                if rng.random() < 0.4
            ),
            weekends=rng.choice((0, 0, 1)), after=("A",) if key == "D" and rng.random() < 0.5 else (),
        )
        for key in keys
    )  # fmt: skip
    terms = tuple(
        Term(
            name=f"term {t}", season="winter" if t % 2 == 0 else "summer", weeks=rng.choice((0, 20, 23, 23)),
            minutes=rng.choice((None, 180, 240, 360)), max_ects=rng.choice((None, 1500)),
        )
        for t in range(3)
    )  # fmt: skip
    wanted = some(0.2)
    accepted = [Assignment(key, rng.randint(0, 2)) for key in keys if rng.random() < 0.15]
    return Problem(
        terms=terms, modules=modules, max_terms=rng.choice((None, 2, 3)), fixed=tuple(accepted),
        wishes=Wishes(
            wanted=wanted, unwanted=tuple(key for key in some(0.2) if key not in wanted),
            no_weekends=rng.random() < 0.5, done_by=rng.choice((None, 0, 1)), most_ects=rng.choice((None, 500, 1000)),
        ),
    )  # fmt: skip


def least(problem: Problem) -> int | None:
    """Return the least price of all plans that there are when everything may be given up, as the checker sees it."""
    prices = []
    for terms in range(LONGEST + 1):
        longer = replace(changed(problem, [Longer(terms)] if terms else []), levels=("excess",))
        soft = [one for one in requests_of(longer) if one.kind in SOFT]
        alone = [without(longer, [other for other in soft if other != one]) for one in soft]
        for (excess,), plan in all_plans(without(longer, soft)):
            lost = sum(bool(check(only, plan).broken) for only in alone)
            prices.append(PRICES["term"] * terms + PRICES["request"] * lost + excess * PRICES["hour"] // 10)
    return min(prices, default=None)


@pytest.mark.parametrize("seed", range(60))
def test_nothing_is_cheaper(seed: int) -> None:
    problem = wishful(seed)
    found = cheapest(problem, 30, LONGEST)
    assert (found.price if found else None) == least(problem)
    if found:
        assert found.least
        after = changed(problem, found.changes)
        plan = solve(after, 30).plan
        assert plan is not None
        assert check(after, plan).broken == ()


def test_an_hour_and_a_wish_are_cheaper_than_many_hours_or_wishes_or_a_term() -> None:
    """Optics and control in the first winter take an hour more than she has; lasers beside them would take seven."""
    base = engineer(max_terms=2, wishes=Wishes(wanted=("lasers",), done_by=1))
    modules = tuple(module("control", 0, 2) if one.key == "control" else one for one in base.modules)
    few = replace(base.terms[0], minutes=660)
    problem = replace(base, modules=modules, terms=(few, *base.terms[1:]))
    assert [(way.kind, way.text, way.least) for way in explain(problem, 30).ways] == [
        ("hours", "7 h a week more in winter 2027/28", True), ("longer", "1 term more", True),
        ("mixed", "1 h a week more in winter 2027/28, and not this: you want lasers", True),
    ]  # fmt: skip
    # that is cheaper by a third; where it is not, nobody is bothered with it
    cheaper = replace(problem, terms=(replace(few, minutes=654), *base.terms[1:]))
    assert [way.kind for way in explain(cheaper, 30).ways] == ["hours", "longer"]


def test_where_no_kind_alone_leads_out() -> None:
    run = Run(key="R", term=0, blocked="a fair")
    modules = (module("optics", 0, until=0), module("control", runs=(run,), until=0))
    problem = Problem(terms=(replace(engineer().terms[0], minutes=360),), modules=modules)
    [way] = explain(problem, 30).ways
    assert (way.kind, way.changes, way.least) == (
        "mixed", (LetGo(Demand("blocked", 0, "control", "R")), Hours(720, 0, 0)), True,
    )  # fmt: skip
    assert way.text == (
        "6 h a week more in winter 2027/28, and not this: you cannot come to control in winter 2027/28 (run R: a fair)"
    )
