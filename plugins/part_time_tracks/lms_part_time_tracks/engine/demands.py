"""What together can make a plan impossible: requests of the student, and rules of the programme. Each can be let go.

That each required module is taken once, that what is past is past, and which terms there are, are facts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Literal

import msgspec
from msgspec.structs import replace

from lms_part_time_tracks.engine.problem import RECOGNISED, Module, Problem, Term

RequestKind = Literal[
    "hours", "closed", "blocked", "accepted", "wanted", "unwanted", "weekends", "done_by", "pace"
]  # fmt: skip
RuleKind = Literal[
    "taught", "after", "beside", "after_ects", "until", "attempts", "max_ects", "max_modules", "minimum", "basket",
    "milestone", "max_terms", "recognised", "degree", "clash",
]  # fmt: skip


class Demand(msgspec.Struct, frozen=True):
    """A request of the student (`hours` to `pace`) or a rule of the programme; what it is about is in the others.

    `other` is the module needed before, the run that is blocked, or the key of the basket or the clash; `number` that
    of the milestone in the problem.
    """

    kind: RequestKind | RuleKind
    term: int | None = None
    module: str | None = None
    other: str | None = None
    number: int | None = None


def requests_of(problem: Problem) -> tuple[Demand, ...]:
    """Return what the student can give up, or do otherwise."""
    return tuple(_requests(problem))


def rules_of(problem: Problem) -> tuple[Demand, ...]:
    """Return what the programme demands."""
    return tuple(_rules(problem))


def _requests(problem: Problem) -> Iterator[Demand]:
    wishes = problem.wishes
    for number in range(problem.now, len(problem.terms)):
        term = problem.terms[number]
        if not term.weeks:
            yield Demand("closed", number)
        elif term.minutes is not None:
            yield Demand("hours", number)
    for module in problem.modules:
        for run in module.runs:
            if run.blocked and run.term >= problem.now:
                yield Demand("blocked", run.term, module.key, run.key)
    for one in problem.fixed:
        if one.term >= problem.now:
            yield Demand("accepted", one.term, one.module)
    for key in dict.fromkeys(wishes.wanted):
        yield Demand("wanted", module=key)
    for key in dict.fromkeys(wishes.unwanted):
        yield Demand("unwanted", module=key)
    if wishes.no_weekends:
        yield Demand("weekends")
    if wishes.done_by is not None:
        yield Demand("done_by", wishes.done_by)
    if wishes.most_ects is not None:
        yield Demand("pace")


def _rules(problem: Problem) -> Iterator[Demand]:
    past = {one.module for one in problem.fixed if RECOGNISED <= one.term < problem.now}
    for number in range(problem.now, len(problem.terms)):
        term = problem.terms[number]
        if term.max_ects is not None:
            yield Demand("max_ects", number)
        if term.max_modules is not None:
            yield Demand("max_modules", number)
        if (term.min_ects or term.min_modules) and not term.leave:
            yield Demand("minimum", number)
    for module in problem.modules:
        if module.key not in past:
            yield from _rules_of(module)
    for basket in problem.baskets:
        yield Demand("basket", other=basket.key)
    for number in range(len(problem.milestones)):
        yield Demand("milestone", number=number)
    if problem.max_terms is not None:
        yield Demand("max_terms")
    if problem.recognised_ects is not None:
        yield Demand("recognised")
    if problem.ects:
        yield Demand("degree")
    yield from clashes_of(problem)


def clashes_of(problem: Problem) -> tuple[Demand, ...]:
    """Return that of two runs which meet at the same time only one is taken, for each such two."""
    return tuple(Demand("clash", other=one.key) for one in problem.clashes)


def _rules_of(module: Module) -> Iterator[Demand]:
    yield Demand("taught", module=module.key)
    for key in dict.fromkeys(module.after):
        yield Demand("after", module=module.key, other=key)
    for key in dict.fromkeys(module.beside):
        yield Demand("beside", module=module.key, other=key)
    if module.after_ects:
        yield Demand("after_ects", module=module.key)
    if module.until is not None:
        yield Demand("until", module=module.key)
    if not module.attempts:
        yield Demand("attempts", module=module.key)


def without(problem: Problem, demands: Collection[Demand]) -> Problem:
    """Return the problem as it is when these demands are let go; then nothing that was possible is not."""
    gone, seats = set(demands), {(one.module, one.run) for one in problem.fixed}
    kinds = {one.kind for one in gone}
    wishes = replace(
        problem.wishes,
        wanted=tuple(key for key in problem.wishes.wanted if Demand("wanted", module=key) not in gone),
        unwanted=tuple(key for key in problem.wishes.unwanted if Demand("unwanted", module=key) not in gone),
        no_weekends=problem.wishes.no_weekends and "weekends" not in kinds,
        done_by=None if "done_by" in kinds else problem.wishes.done_by,
        most_ects=None if "pace" in kinds else problem.wishes.most_ects,
    )
    return replace(
        problem,
        terms=tuple(_term(problem, number, gone) for number in range(len(problem.terms))),
        modules=tuple(_module(problem, module, gone) for module in problem.modules),
        baskets=tuple(one for one in problem.baskets if Demand("basket", other=one.key) not in gone),
        milestones=tuple(one for n, one in enumerate(problem.milestones) if Demand("milestone", number=n) not in gone),
        clashes=tuple(
            one
            for one in problem.clashes
            # who has both seats keeps them, and does not have to choose where one of them is let go
            if Demand("clash", other=one.key) not in gone
            and not seats.issuperset(zip(one.modules, one.runs, strict=True))
        ),
        ects=0 if "degree" in kinds else problem.ects,
        recognised_ects=None if "recognised" in kinds else problem.recognised_ects,
        max_terms=None if "max_terms" in kinds else problem.max_terms,
        fixed=tuple(one for one in problem.fixed if Demand("accepted", one.term, one.module) not in gone),
        wishes=wishes,
    )


def _term(problem: Problem, number: int, gone: set[Demand]) -> Term:
    term = problem.terms[number]
    if Demand("closed", number) in gone:
        term = replace(term, weeks=max(20, *(one.weeks for one in problem.terms)))
    if Demand("hours", number) in gone:
        term = replace(term, minutes=None)
    if Demand("max_ects", number) in gone:
        term = replace(term, max_ects=None)
    if Demand("max_modules", number) in gone:
        term = replace(term, max_modules=None)
    if Demand("minimum", number) in gone:
        term = replace(term, min_ects=0, min_modules=0)
    return term


def _module(problem: Problem, module: Module, gone: set[Demand]) -> Module:
    def lost(kind: Literal["taught", "after_ects", "until", "attempts"]) -> bool:
        return Demand(kind, module=module.key) in gone

    return replace(
        module,
        offered=tuple(range(problem.now, len(problem.terms))) if lost("taught") else module.offered,
        runs=tuple(
            replace(run, blocked="") if Demand("blocked", run.term, module.key, run.key) in gone else run
            for run in module.runs
        ),
        after=tuple(key for key in module.after if Demand("after", module=module.key, other=key) not in gone),
        beside=tuple(key for key in module.beside if Demand("beside", module=module.key, other=key) not in gone),
        after_ects=0 if lost("after_ects") else module.after_ects,
        until=None if lost("until") else module.until,
        attempts=1 if lost("attempts") else module.attempts,
    )
