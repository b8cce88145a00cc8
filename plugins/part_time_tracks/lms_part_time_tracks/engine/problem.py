"""What is to be planned: terms, modules, what the programme demands and what the student wishes.

ECTS are hundredths (2.5 ECTS are 250), time is minutes, money is cents. Terms are counted from 0, the first term of the
study; modules, runs and baskets have keys. Names are for people to read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, Literal

import msgspec

Count = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]
Ects = Annotated[int, msgspec.Meta(ge=0, le=100_000)]
Key = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
Name = Annotated[str, msgspec.Meta(max_length=200)]
Level = Literal["excess", "finish", "peak", "spread", "trips", "fee", "changes"]

RECOGNISED = -1
"""The term of a module that is recognised instead of taken: before all others."""

BEST: tuple[Level, ...] = ("finish", "peak", "spread", "trips", "fee", "changes")
"""For somebody without a plan: half a year first, then bearable weeks; among equals the one most like the plan."""

STEADY: tuple[Level, ...] = ("finish", "changes", "peak", "spread", "trips", "fee")
"""For somebody who has a plan. What she accepted is fixed and never moves; the rest is a draft that she, her employer
and her family have got used to. An earlier end is worth moving it, an evener week or a trip less is not."""


class Term(msgspec.Struct, frozen=True, kw_only=True):
    """A term as one student has it.

    `weeks` are those in which she studies, blackouts and leave taken off; with 0 of them nothing is studied. `minutes`
    is what she has for it in such a week (null: as much as is needed). The programme wants ECTS and a number of modules
    within these limits in each term; the lower ones hold before the last term of the study, and not on `leave`. A term
    that does not `count` is none of those that the programme's deadlines are made of.
    """

    name: Name
    season: Literal["winter", "summer"] = "winter"
    weeks: Annotated[int, msgspec.Meta(ge=0, le=60)]
    minutes: Annotated[int, msgspec.Meta(ge=0, le=10_080)] | None = None
    min_ects: Ects = 0
    max_ects: Ects | None = None
    min_modules: Count = 0
    max_modules: Count | None = None
    leave: bool = False
    counts: bool = True


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """A published run of a module in a term: trips to attendance, how many of them at weekends, and its fee.

    `blocked` says why the student cannot come to a date that nothing replaces, such as "a block in the week from 8
    March, when you are on a fair"; empty if she can.
    """

    key: Key
    name: Name = ""
    term: Count
    trips: Count = 0
    weekends: Count = 0
    fee: Count = 0
    blocked: Name = ""


class Module(msgspec.Struct, frozen=True, kw_only=True):
    """A module: what it brings, what it takes, when it is taught.

    `minutes` is the work of the whole term, attendance and exam included. In a term with `runs` one of these is taken;
    in one of the `offered` terms without any, a run that is not published yet, for which `trips`, `weekends` and `fee`
    are what is expected. `after` are modules passed in earlier terms, `beside` those taken no later, `after_ects` is
    what must have been earned in earlier terms. `until` is the last term in which it may be taken; `attempts` are left.
    One that is not `required` is taken if baskets or wishes ask for it. `recognised` may stand in for taking it.
    """

    key: Key
    name: Name = ""
    ects: Ects
    minutes: Count
    required: bool = True
    offered: tuple[Count, ...] = ()
    runs: tuple[Run, ...] = ()
    trips: Count = 0
    weekends: Count = 0
    fee: Count = 0
    after: tuple[Key, ...] = ()
    beside: tuple[Key, ...] = ()
    after_ects: Ects = 0
    until: Count | None = None
    attempts: Count = 1
    recognised: bool = False


class Basket(msgspec.Struct, frozen=True, kw_only=True):
    """Modules of which so many, and so many ECTS, are taken."""

    key: Key
    name: Name = ""
    modules: tuple[Key, ...]
    min_ects: Ects = 0
    max_ects: Ects | None = None
    min_count: Count = 0
    max_count: Count | None = None


class Milestone(msgspec.Struct, frozen=True):
    """So many ECTS by the end of so many terms that count."""

    ects: Ects
    terms: Annotated[int, msgspec.Meta(ge=1, le=100)]


class Clash(msgspec.Struct, frozen=True, kw_only=True):
    """A run of one module and a run of another that meet at the same time, so that nobody takes part in both.

    Who has accepted both keeps both. `on` says when, such as "12 March 2028 among others". One of a run that is gone
    matters nothing.
    """

    key: Key
    modules: tuple[Key, Key]
    runs: tuple[Key, Key]
    on: Name


class Assignment(msgspec.Struct, frozen=True, order=True):
    """A module in a term, and in which run; null where none is published. RECOGNISED is a term, too."""

    module: Key
    term: Annotated[int, msgspec.Meta(ge=RECOGNISED, le=100)]
    run: Key | None = None


class Wishes(msgspec.Struct, frozen=True, kw_only=True):
    """What the student asks for: modules to be in the plan or out of it, no attendance at weekends, an end, a pace.

    `done_by` is the last term in which she wants to study, `most_ects` what she wants to earn at most in a term. Wishes
    are kept, or it is explained why they cannot be.
    """

    wanted: tuple[Key, ...] = ()
    unwanted: tuple[Key, ...] = ()
    no_weekends: bool = False
    done_by: Count | None = None
    most_ects: Ects | None = None


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """All that a plan depends on.

    Terms before `now` are past: what is `fixed` in them is passed, and nothing else is looked at. What is `fixed` later
    was accepted and stays; without a run it may be in any run of its term. `ects` are needed for the degree, of which
    `recognised_ects` at most may be recognised; `other_ects` are there for nothing that is a module, and count as those
    of modules do, `other_recognised` of them as recognised. The study ends within `max_terms` terms that count.
    `current` is the plan from which changes are counted. Each of the `levels` is made as small as can be without making
    one before it larger. Raises ValueError when something does not fit together.
    """

    terms: Annotated[tuple[Term, ...], msgspec.Meta(min_length=1, max_length=60)]
    modules: Annotated[tuple[Module, ...], msgspec.Meta(max_length=200)]
    baskets: Annotated[tuple[Basket, ...], msgspec.Meta(max_length=50)] = ()
    milestones: Annotated[tuple[Milestone, ...], msgspec.Meta(max_length=20)] = ()
    now: Count = 0
    ects: Ects = 0
    recognised_ects: Ects | None = None
    other_ects: Ects = 0
    other_recognised: Ects = 0
    max_terms: Annotated[int, msgspec.Meta(ge=1, le=100)] | None = None
    clashes: Annotated[tuple[Clash, ...], msgspec.Meta(max_length=20_000)] = ()
    fixed: tuple[Assignment, ...] = ()
    current: tuple[Assignment, ...] | None = None
    wishes: Wishes = Wishes()
    levels: tuple[Level, ...] = BEST

    def __post_init__(self) -> None:
        if wrong := next(_faults(self), None):
            raise ValueError(wrong)

    def module(self, key: str) -> Module:
        """Return a module by its key. Raises KeyError."""
        for module in self.modules:
            if module.key == key:
                return module
        raise KeyError(key)

    def deadline(self, terms: int) -> int:
        """Return the last term that is within so many terms that count; all may be, then it is the last of all."""
        counted, last = 0, RECOGNISED
        for number, term in enumerate(self.terms):
            counted += term.counts
            if counted > terms:
                break
            last = number
        return last


def _faults(problem: Problem) -> Iterator[str]:
    keys = [module.key for module in problem.modules]
    known, runs = set(keys), {(module.key, run.key) for module in problem.modules for run in module.runs}
    if len(known) != len(keys):
        yield "modules need keys that differ"
    if len(runs) != sum(len(module.runs) for module in problem.modules):
        yield "runs of a module need keys that differ"
    if problem.now >= len(problem.terms):
        yield "now must be one of the terms"
    if len(set(problem.levels)) != len(problem.levels):
        yield "levels must name each level only once"
    if problem.other_recognised > problem.other_ects:
        yield "other_recognised must be other_ects at most"
    for module in problem.modules:
        yield from _unknown(f"module {module.key}", (*module.after, *module.beside), known)
        if any(number >= len(problem.terms) for number in (*module.offered, *(run.term for run in module.runs))):
            yield f"module {module.key} is offered in a term that is none of the terms"
    for basket in problem.baskets:
        yield from _unknown(f"basket {basket.key}", basket.modules, known)
    if len({clash.key for clash in problem.clashes}) != len(problem.clashes):
        yield "clashes need keys that differ"
    for clash in problem.clashes:
        yield from _unknown("clashes", clash.modules, known)
    yield from _unknown("wishes", (*problem.wishes.wanted, *problem.wishes.unwanted), known)
    if problem.wishes.done_by is not None and problem.wishes.done_by >= len(problem.terms):
        yield "wishes.done_by must be one of the terms"
    for field, assignments in (("fixed", problem.fixed), ("current", problem.current or ())):
        yield from _unknown(field, (one.module for one in assignments), known)
        if len({one.module for one in assignments}) != len(assignments):
            yield f"{field} must name each module only once"
        if any(one.term >= len(problem.terms) for one in assignments):
            yield f"{field} names a term that is none of the terms"


def _unknown(where: str, keys: Iterable[str], known: set[str]) -> Iterator[str]:
    for key in keys:
        if key not in known:
            yield f"{where} names module {key}, which there is not"
