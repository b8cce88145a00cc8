"""Programmes for one student: those of the public benchmark, and realistic and tiny ones by the dozen."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest
from lms_part_time_tracks.engine.problem import (
    Basket,
    Milestone,
    Module,
    Problem,
    Run,
    Term,
)

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
