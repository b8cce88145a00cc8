"""One student, small enough to see through: four terms, four modules, twelve hours a week."""

from __future__ import annotations

from typing import Any

from lms_part_time_tracks.engine.problem import Module, Problem, Term
from msgspec.structs import replace

TERMS = ("winter 2027/28", "summer 2028", "winter 2028/29", "summer 2029")


def module(key: str, *offered: int, **other: Any) -> Module:
    """Return a module of 5 ECTS, which takes 6 h a week of 23 weeks."""
    return Module(**{"key": key, "ects": 500, "minutes": 8280, "offered": offered, **other})


def engineer(**other: Any) -> Problem:
    """Return a study of optics (in winter), sensors after it (in summer), control and materials, and perhaps lasers."""
    terms = tuple(
        Term(name=name, season="winter" if n % 2 == 0 else "summer", weeks=23, minutes=720, max_ects=2000)
        for n, name in enumerate(TERMS)
    )
    modules = (
        module("optics", 0, 2),
        module("materials", 0, 1, 2, 3),
        module("control", 0, 1, 2, 3),
        module("sensors", 1, 3, after=("optics",)),
        module("lasers", 0, 2, required=False),
    )
    return replace(Problem(terms=terms, modules=modules), **other)
