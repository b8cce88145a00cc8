"""Programmes for one student: those of the public benchmark, and realistic and tiny ones by the dozen."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import combinations, product
from pathlib import Path
from random import Random

import pytest
from lms_part_time_tracks.engine.checker import check
from lms_part_time_tracks.engine.problem import (
    BEST,
    RECOGNISED,
    STEADY,
    Assignment,
    Basket,
    Clash,
    Level,
    Milestone,
    Module,
    Problem,
    Run,
    Term,
    Wishes,
)
from msgspec.structs import replace

BACP = Path(__file__).parents[3] / "shared" / "data" / "bacp"
MINUTES = 1650  # of an ECTS: 27.5 hours


def bacp(name: str) -> tuple[Problem, int]:
    """Return a balanced academic curriculum and its least possible maximum load; a credit is a tenth of an hour."""
    file = BACP / f"{name}.json"
    if not file.exists():
        pytest.skip(f"the public curricula are not in {file.parent}")
    given = json.loads(file.read_text())
    terms = tuple(
        Term(
            name=f"period {number + 1}", weeks=1, min_ects=100 * given["min_load"], max_ects=100 * given["max_load"],
            min_modules=given["min_courses"], max_modules=given["max_courses"],
        )
        for number in range(given["periods"])
    )  # fmt: skip
    modules = tuple(
        Module(
            key=key, ects=100 * size, minutes=6 * size, offered=tuple(range(given["periods"])),
            after=tuple(before for course, before in given["prerequisites"] if course == key),
        )
        for key, size in given["courses"].items()
    )  # fmt: skip
    return Problem(terms=terms, modules=modules, levels=("peak",)), given["known_optimum"]


def terms_of(
    rng: Random, many: int, minutes: tuple[Sequence[int], Sequence[int]], least: int = 500
) -> tuple[Term, ...]:
    """Return terms from winter 2027 on, of 23 weeks less blackouts, with a budget that changes once."""
    change, first, second = rng.randrange(many // 2), rng.choice(minutes[0]), rng.choice(minutes[1])
    return tuple(
        Term(
            name=f"winter {2027 + n // 2}/{28 + n // 2}" if n % 2 == 0 else f"summer {2028 + n // 2}",
            season="winter" if n % 2 == 0 else "summer",
            weeks=23 - rng.choice((0, 0, 0, 1, 2, 4)),
            minutes=first if n < change else second,
            min_ects=least,
            max_ects=2000,
        )
        for n in range(many)
    )


def programme(seed: int) -> Problem:
    """Return a master of 90 ECTS in at most twelve terms: required modules, electives, and a thesis after 60 ECTS."""
    rng = Random(seed)
    terms = terms_of(rng, 12, (range(12 * 60, 19 * 60, 30), range(18 * 60, 24 * 60, 30)))
    electives = rng.randint(4, 6)
    kept = 12 if rng.random() < 0.7 else 10  # of five ECTS each, or two of ten among them
    modules = []
    for n in range(kept + electives):
        ects = 1000 if kept == 10 and n in (3, 7) else 500
        turn = rng.choice(((0, 1), (0,), (1,), (0,), (1,)))
        offered = tuple(t for t in range(12) if t % 2 in turn and rng.random() < 0.95)
        runs = tuple(
            Run(
                key=f"M{n}-{t}-{r}", term=t, trips=rng.randint(0, 4), weekends=rng.randint(0, 1),
                fee=rng.choice((0, 15_000, 20_000)), blocked="a fair" if rng.random() < 0.1 else "",
            )
            for t in offered[:2]
            for r in range(rng.choice((1, 1, 2)))
        )  # fmt: skip
        before = [m.key for m in modules if m.required]
        modules.append(
            Module(
                key=f"M{n}",
                ects=ects,
                minutes=ects * MINUTES // 100 + rng.choice((0, 0, -600, 600)),
                required=n < kept,
                offered=offered,
                runs=runs,
                trips=rng.randint(0, 3),
                fee=rng.choice((0, 10_000)),
                after=(rng.choice(before),) if before and rng.random() < 0.35 else (),
                beside=(rng.choice(before),) if before and rng.random() < 0.1 else (),
                recognised=rng.random() < 0.08,
            )
        )
    thesis = Module(key="thesis", ects=1500, minutes=15 * MINUTES, offered=tuple(range(12)), after_ects=6000)
    own = tuple(module.key for module in modules[kept:])
    return Problem(
        terms=terms,
        modules=(*modules, thesis),
        baskets=(Basket(key="electives", modules=own, min_ects=1500, max_count=4),),
        milestones=(Milestone(4000, 6),),
        ects=9000,
        recognised_ects=4500,
        max_terms=12,
    )


def tiny(seed: int) -> Problem:
    """Return five or six modules in four terms with every kind of rule now and then; some cannot be."""
    rng = Random(seed)
    now = rng.choice((0, 0, 1))
    many = rng.choice((5, 6))
    keys = [f"M{n}" for n in range(many)]

    def few(share: float) -> tuple[str, ...]:
        return tuple(key for key in keys if rng.random() < share)

    def module(n: int) -> Module:
        offered = tuple(t for t in range(4) if rng.random() < 0.8)
        return Module(
            key=keys[n],
            ects=rng.choice((250, 500, 500, 1000)),
            minutes=rng.choice((4000, 8000, 8250, 9000)),
            required=n < 3,
            offered=offered,
            runs=tuple(
                Run(
                    key=f"r{t}{r}", term=t, trips=rng.randint(0, 3), weekends=rng.choice((0, 0, 1)),
                    fee=rng.randint(0, 3), blocked="a fair" if rng.random() < 0.1 else "",
                )
                for t in offered
                if rng.random() < 0.3
                for r in range(rng.choice((1, 2)))
            ),
            trips=rng.randint(0, 2),
            weekends=rng.choice((0, 0, 0, 1)),
            fee=rng.randint(0, 2),
            after=tuple(key for key in keys[:n] if rng.random() < 0.15),
            beside=tuple(key for key in keys[:n] if rng.random() < 0.1),
            after_ects=rng.choice((0, 0, 0, 0, 0, 1000)),
            until=rng.choice((None, None, None, 2)),
            attempts=0 if rng.random() < 0.03 else 1,
            recognised=rng.random() < 0.2,
        )  # fmt: skip

    terms = tuple(
        Term(
            name=f"term {t}",
            weeks=rng.choice((0, 18, 20, 20, *[23] * 8)),
            minutes=rng.choice((None, 500, 900, 1200, 1500)),
            min_ects=rng.choice((0, 0, 500)),
            max_ects=rng.choice((None, 1500, 2000)),
            min_modules=rng.choice((0, 0, 0, 1)),
            max_modules=rng.choice((None, None, 2)),
            leave=rng.random() < 0.1,
            counts=rng.random() < 0.9,
        )
        for t in range(4)
    )
    past = tuple(Assignment(key, rng.choice((0, 0, RECOGNISED))) for key in keys[:2]) if now else ()
    accepted = (Assignment(keys[3], rng.randint(now, 3)),) if rng.random() < 0.1 else ()
    levels: tuple[Level, ...] = rng.choice((BEST, BEST, STEADY, ("excess", *BEST)))
    problem = Problem(
        terms=terms,
        modules=tuple(module(n) for n in range(many)),
        baskets=(
            Basket(
                key="electives", modules=tuple(keys[3:]), min_ects=rng.choice((0, 500)),
                max_ects=rng.choice((None, 1500)), min_count=rng.choice((0, 1)), max_count=rng.choice((None, 2)),
            ),
        ),
        milestones=(Milestone(1000, 2),) if rng.random() < 0.3 else (),
        now=now,
        ects=rng.choice((0, 0, 0, 2500)),
        recognised_ects=rng.choice((None, None, 500, 1000)),
        max_terms=rng.choice((None, 3)),
        fixed=(*past, *accepted),
        current=tuple(Assignment(key, rng.randint(0, 3), rng.choice((None, "r10"))) for key in keys[:4])
        if levels == STEADY or rng.random() < 0.3
        else None,
        wishes=Wishes(
            wanted=few(0.03), unwanted=few(0.02), no_weekends=rng.random() < 0.1,
            done_by=rng.choice((*[None] * 6, 2)), most_ects=rng.choice((*[None] * 6, 1500)),
        ),
        levels=levels,
        other_ects=(other := rng.choice((0, 0, 0, 500))),
        other_recognised=other if len(keys) % 2 else 0,
    )  # fmt: skip
    return clashing(problem, rng, rng.choice((0, 0.3, 0.6)))


def clashing(problem: Problem, rng: Random, share: float) -> Problem:
    """Let this share of all runs of a term meet at the same time, two by two."""
    pairs = [
        ((one, run), (other, another))
        for one, other in combinations(problem.modules, 2)
        for run, another in product(one.runs, other.runs)
        if run.term == another.term and rng.random() < share
    ]
    return replace(
        problem,
        clashes=tuple(
            Clash(key=f"c{n}", modules=(one.key, other.key), runs=(run.key, another.key), on="12 March 2028")
            for n, ((one, run), (other, another)) in enumerate(pairs)
        ),
    )


def all_plans(problem: Problem) -> Iterator[tuple[tuple[int, ...], tuple[Assignment, ...]]]:
    """Yield every plan that breaks no rule, with its values level by level, as the checker sees it."""
    choices: list[list[Assignment | None]] = []
    for module in problem.modules:
        runs: list[tuple[int, str | None]] = [(run.term, run.key) for run in module.runs]
        places = [Assignment(module.key, t, run) for t, run in (*runs, *((t, None) for t in module.offered))]
        past = [one for one in problem.fixed if one.module == module.key and one not in places]
        recognised = [Assignment(module.key, RECOGNISED)] if module.recognised else []
        choices.append([*([] if module.required else [None]), *{*recognised, *places, *past}])
    for chosen in product(*choices):
        plan = tuple(one for one in chosen if one)
        verdict = check(problem, plan)
        if not verdict.broken:
            yield tuple(verdict.values[level] for level in problem.levels), plan
