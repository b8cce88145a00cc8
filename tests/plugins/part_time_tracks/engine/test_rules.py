"""Each rule by itself: what the checker says of a plan that breaks it, and where the solver goes instead."""

from __future__ import annotations

import re
from typing import Any

import pytest
from lms_part_time_tracks.engine.checker import Verdict, check
from lms_part_time_tracks.engine.problem import (
    RECOGNISED,
    Assignment,
    Basket,
    Clash,
    Milestone,
    Problem,
    Run,
    Wishes,
)
from lms_part_time_tracks.engine.solve import solve
from msgspec.structs import replace

from tests.support.engineer import engineer, module


def at(**terms: int) -> tuple[Assignment, ...]:
    """Return a plan from the terms of modules."""
    return tuple(Assignment(key, term) for key, term in terms.items())


def with_terms(problem: Problem, numbers: tuple[int, ...], **values: Any) -> Problem:
    return replace(
        problem, terms=tuple(replace(one, **values) if n in numbers else one for n, one in enumerate(problem.terms))
    )


def of(*modules: Any, **other: Any) -> Problem:
    """Return a study of these modules alone."""
    return engineer(modules=modules, **other)


TWO = tuple(module(key, 0, 1, runs=(Run(key="r", term=0), Run(key="s", term=1))) for key in "AB")
MEET = (Clash(key="c", modules=("A", "B"), runs=("r", "r"), on="12 March 2028"),)
BOTH = (Assignment("A", 0, "r"), Assignment("B", 0, "r"))
ALWAYS = (0, 1, 2, 3)
A, B, C = (module(key, *ALWAYS) for key in "ABC")
ELECTIVE = module("E", *ALWAYS, required=False)

RULES: dict[str, tuple[Problem, tuple[Assignment, ...], str]] = {
    "required": (of(A, B), at(A=0), "B is not taken"),
    "once": (of(A), (*at(A=0), *at(A=1)), "A is taken more than once"),
    "taught": (of(module("A", 1)), at(A=0), "A is in a term in which it is not taught"),
    "published": (of(module("A", *ALWAYS, runs=(Run(key="r", term=0),))), at(A=0), "A is in a run that there is not"),
    "blocked": (
        of(module("A", 1, runs=(Run(key="r", term=0, blocked="a fair"),))),
        (Assignment("A", 0, "r"),),
        "A is in a run that is blocked",
    ),
    "until": (of(module("A", 1, 2, until=1)), at(A=2), "A is later than it may be"),
    "attempts": (of(module("A", 0, attempts=0, recognised=True)), at(A=0), "A has no attempt left"),
    "closed": (with_terms(of(A), (0,), weeks=0, minutes=None), at(A=0), "A is in a term without weeks"),
    "hours": (of(A, B, C), at(A=0, B=0, C=0), "term 0 takes more hours than there are"),
    "weeks": (with_terms(of(A, B), (0,), weeks=22), at(A=0, B=0), "term 0 takes more hours than there are"),
    "most": (with_terms(of(A, B), (0, 1), max_ects=500), at(A=0, B=0), "term 0 has too many ECTS"),
    "many": (with_terms(of(A, B), (0, 1), max_modules=1), at(A=0, B=0), "term 0 has too many modules"),
    "least": (with_terms(of(A, B), (0,), min_ects=600), at(A=0, B=1), "term 0 has too little"),
    "fewest": (with_terms(of(A, B), (0,), min_modules=2), at(A=0, B=1), "term 0 has too little"),
    "after": (of(module("A", *ALWAYS, after=("B",)), B), at(A=0, B=0), "A needs B in an earlier term"),
    "beside": (of(module("A", *ALWAYS, beside=("B",)), B), at(A=0, B=1), "A needs B no later"),
    "earned": (of(module("A", *ALWAYS, after_ects=500), B), at(A=0, B=0), "A needs more ECTS before"),
    "limit": (of(module("A", 0, 3), max_terms=2), at(A=3), "the study ends too late"),
    "degree": (of(A, ELECTIVE, ects=1000), at(A=0), "the ECTS are too few for the degree"),
    "recognition": (of(module("A", 1)), at(A=RECOGNISED), "A cannot be recognised"),
    "half": (
        of(module("A", 0, recognised=True), module("B", 0, recognised=True), recognised_ects=500),
        at(A=RECOGNISED, B=RECOGNISED),
        "too many ECTS are recognised",
    ),
    "half with others": (
        of(module("A", 0, recognised=True), recognised_ects=500, other_ects=250, other_recognised=250),
        at(A=RECOGNISED),
        "too many ECTS are recognised",
    ),
    "degree with others": (of(A, ELECTIVE, ects=1000, other_ects=499), at(A=0), "the ECTS are too few for the degree"),
    "earned with others": (
        of(module("A", *ALWAYS, after_ects=750), B, other_ects=250),
        at(A=0, B=0),
        "A needs more ECTS before",
    ),
    "milestone with others": (
        of(module("A", 1, 2), milestones=(Milestone(500, 2),), other_ects=400),
        at(A=2),
        "too few ECTS by the end of term 1",
    ),
    "milestone": (
        of(module("A", 1, 2), milestones=(Milestone(500, 2),)),
        at(A=2),
        "too few ECTS by the end of term 1",
    ),
    "basket": (
        of(A, ELECTIVE, baskets=(Basket(key="b", modules=("E",), min_count=1),)),
        at(A=0),
        "too little of basket b",
    ),
    "basket's ECTS": (
        of(ELECTIVE, A, baskets=(Basket(key="b", modules=("A", "E"), max_ects=500),)),
        at(A=0, E=0),
        "too many ECTS of basket b",
    ),
    "basket's count": (
        of(ELECTIVE, A, baskets=(Basket(key="b", modules=("A", "E"), max_count=1),)),
        at(A=0, E=0),
        "too many modules of basket b",
    ),
    "clash": (of(*TWO, clashes=MEET), BOTH, "A and B meet at the same time"),
    "clash with a seat": (of(*TWO, clashes=MEET, fixed=BOTH[:1]), BOTH, "A and B meet at the same time"),
    "accepted": (of(A, fixed=at(A=2)), at(A=0), "A is not where it is fixed"),
    "past": (of(A, now=1), at(A=0), "A is in the past"),
    "wanted": (of(A, ELECTIVE, wishes=Wishes(wanted=("E",))), at(A=0), "E is wanted"),
    "unwanted": (of(A, ELECTIVE, wishes=Wishes(unwanted=("E",))), at(A=0, E=0), "E is not wanted"),
    "weekends": (
        of(module("A", 1, runs=(Run(key="r", term=0, weekends=1),)), wishes=Wishes(no_weekends=True)),
        (Assignment("A", 0, "r"),),
        "A has attendance at weekends",
    ),
    "end": (of(module("A", 0, 3), wishes=Wishes(done_by=2)), at(A=3), "A is later than wished"),
    "pace": (of(A, B, wishes=Wishes(most_ects=500)), at(A=0, B=0), "term 0 has more ECTS than wished"),
}


@pytest.mark.parametrize("rule", RULES)
def test_a_rule(rule: str) -> None:
    problem, breaks, words = RULES[rule]
    assert check(problem, breaks).broken == (words,)
    found = solve(problem)
    assert found.plan is not None
    assert check(problem, found.plan).broken == ()


def test_what_has_no_term_has_no_verdict_beyond_that() -> None:
    assert check(of(A), at(A=0, X=0)) == Verdict(("there is no module X",), {})
    assert check(of(A), at(A=4)) == Verdict(("A is in no term of the study",), {})


@pytest.mark.parametrize(
    ("problem", "plan"),
    [
        (with_terms(of(module("A", 0), module("B", 2)), (1,), min_ects=500, leave=True), at(A=0, B=2)),  # leave asks for nothing
        (with_terms(of(A), ALWAYS, min_ects=1000), at(A=0)),  # nor does the last term
        (with_terms(of(module("A", 3), max_terms=3), (1,), counts=False), at(A=3)),  # nor does its clock run
        (of(module("A", 1, recognised=True)), at(A=RECOGNISED)),
        (of(module("A", 1, after=("B",)), B, now=1, fixed=at(B=0)), at(B=0, A=1)),
        (of(A, B, now=1, fixed=at(A=0, B=0), ects=1500, other_ects=500), at(A=0, B=0)),
        (of(module("A", 0, after_ects=500), other_ects=500), at(A=0)),
        (of(module("A", 1, recognised=True), recognised_ects=500, other_ects=250), at(A=RECOGNISED)),
        (of(module("A", 2), milestones=(Milestone(500, 2),), other_ects=500), at(A=2)),
        (of(*TWO, clashes=MEET, fixed=BOTH), BOTH),  # she has both seats
        (of(*TWO, clashes=(replace(MEET[0], runs=("r", "gone")),)), BOTH),
        (of(module("A", 3), milestones=(Milestone(9000, 4), Milestone(9000, 9))), at(A=3)),  # all is done by then
        (of(module("A", 1, runs=(Run(key="r", term=1, trips=1),)), fixed=at(A=1)), (Assignment("A", 1, "r"),)),
    ],
)  # fmt: skip
def test_what_a_rule_does_not_forbid(problem: Problem, plan: tuple[Assignment, ...]) -> None:
    assert (solve(problem).plan, check(problem, plan).broken) == (plan, ())


@pytest.mark.parametrize(
    "problem", [of(module("A", 2, until=1)), of(module("A", 3), max_terms=3), of(A, fixed=at(A=RECOGNISED))]
)
def test_what_no_plan_keeps(problem: Problem) -> None:
    assert solve(problem).status == "infeasible"


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"modules": (A, A)}, "modules need keys that differ"),
        ({"now": 4}, "now must be one of the terms"),
        ({"levels": ("peak", "peak")}, "levels must name each level only once"),
        ({"modules": (module("A", 4),)}, "module A is offered in a term that is none of the terms"),
        ({"modules": (module("A", 1, after=("B",)),)}, "module A names module B, which there is not"),
        ({"modules": (module("A", runs=(Run(key="r", term=0), Run(key="r", term=1))),)}, "runs of a module need keys that differ"),
        ({"baskets": (Basket(key="b", modules=("X",)),)}, "basket b names module X, which there is not"),
        ({"clashes": (Clash(key="c", modules=("optics", "X"), runs=("r", "s"), on=""),)}, "clashes names module X, which there is not"),
        ({"clashes": MEET * 2}, "clashes need keys that differ"),
        ({"wishes": Wishes(wanted=("X",))}, "wishes names module X, which there is not"),
        ({"wishes": Wishes(done_by=4)}, "wishes.done_by must be one of the terms"),
        ({"fixed": at(X=0)}, "fixed names module X, which there is not"),
        ({"fixed": (*at(optics=0), *at(optics=1))}, "fixed must name each module only once"),
        ({"current": at(optics=4)}, "current names a term that is none of the terms"),
    ],
)  # fmt: skip
def test_what_does_not_fit_together_is_no_problem(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(words)}$"):
        engineer(**wrong)
