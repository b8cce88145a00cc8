"""A plan as a student reads it: term by term, with hours, ECTS and names, and how good it is proven to be."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

from lms_core.api import RunOffer, View
from lms_part_time_tracks.asking import Asked
from lms_part_time_tracks.calendar import Terms
from lms_part_time_tracks.curve import WeekOfPlan, curve
from lms_part_time_tracks.engine.answer import Answer
from lms_part_time_tracks.engine.checker import weekly
from lms_part_time_tracks.engine.explanation import Explanation
from lms_part_time_tracks.engine.problem import RECOGNISED, Assignment, Level, Problem
from lms_part_time_tracks.engine.risk import Forecast
from lms_part_time_tracks.milestones import ects_of
from lms_part_time_tracks.translate import Facts, Translated, booked_apart

SATURDAY = 5
State = Literal["queued", "done", "failed"]
Status = Literal["optimal", "feasible", "infeasible", "unknown"]


class PlannedModule(View, frozen=True, kw_only=True):
    """A module in a plan and its run (null: none is published yet). `fixed`: it is `done` or past, or she has a seat.

    `latest` is the last term in which it could be if all others made way for it, and the study would end no later;
    `slack` is how many terms that is from here. With none it is `critical`: whatever makes it later does so to the end.
    Null: it is done, or that was not looked at, as in plans that are proposed by night. `note` says of a run that has
    dates at weekends, where she does not come then, that she need not (else empty).
    """

    module_id: UUID
    key: str
    title: str
    ects: Decimal
    run_id: UUID | None
    run: str | None
    fixed: bool
    done: bool = False
    latest: str | None = None
    slack: int | None = None
    critical: bool = False
    note: str = ""


class PlannedTerm(View, frozen=True, kw_only=True):
    """A term of a plan.

    `weeks` are those in which she studies, `hours` what she has in such a week on average (null: she has not said),
    `load` what the modules take in one, in hours. Of past terms no load is told.
    """

    name: str
    first_day: date
    last_day: date
    weeks: int
    hours: Decimal | None
    load: Decimal
    ects: Decimal
    leave: bool
    modules: list[PlannedModule]


class Proven(View, frozen=True, kw_only=True):
    """What a plan is worth in one respect, and what no plan can be better than (null: unknown), those before it kept.

    In their order: `finish`, how many terms from now the last one with modules is; `peak`, the hours of the heaviest
    week; `spread`, the sum of squares of the terms' weekly hours; `trips`; `fee` in cents; `changes` against the plan
    that holds.
    """

    level: Level
    value: Decimal
    bound: Decimal | None
    optimal: bool


class DelayOf(View, frozen=True, kw_only=True):
    """By how many terms the study ends later if a module is failed once (null: it ends), and how likely that is."""

    title: str
    terms: int | None
    share: float


class Risk(View, frozen=True, kw_only=True):
    """When she is done if modules can be failed: by which term in half, in 80 % and in 95 % of so many drawn lives.

    Null: not within the terms that were looked at. `inTime` is the share of lives in which she is done within what the
    regulation allows, with its standard `error`. The same seed draws the same lives.
    """

    p50: str | None
    p80: str | None
    p95: str | None
    in_time: float
    error: float
    samples: int
    seed: int
    delays: list[DelayOf]


class WayOut(View, frozen=True, kw_only=True):
    """What would make a plan possible, and when the study would end then; `least`: less of its kind would not do.

    `finish` is null where the plan would not reach the degree either.
    """

    kind: Literal["hours", "longer", "let_go", "mixed"]
    text: str
    least: bool
    finish: str | None


class Result(View, frozen=True, kw_only=True):
    """What came of a search: a plan, or none because none is possible (`infeasible`) or was found (`unknown`).

    Where none is possible, `reason` says why, and `ways` what would help, each tried. `ects` are those of the whole
    plan, with all that is earned, of the `ects_needed` for the degree (both null without a plan). A plan of what is
    taught so far may not reach the degree: `missing` says so in a sentence (else empty). Nobody knows then when the
    study ends: `finish`, `finish_on` and `risk` are null, and the last of the `terms` is only the last with modules.
    """

    status: Status
    ects: Decimal | None = None
    ects_needed: Decimal | None = None
    missing: str = ""
    finish: str | None = None
    finish_on: date | None = None
    reason: str = ""
    ways: list[WayOut] = []
    terms: list[PlannedTerm] = []
    weeks: list[WeekOfPlan] = []
    recognised: list[PlannedModule] = []
    proven: list[Proven] = []
    risk: Risk | None = None


class Plan(View, frozen=True, kw_only=True):
    """A plan that somebody asked for, and what has come of it; `holds`: it is the one that she accepted last."""

    id: UUID
    asked: Asked
    state: State
    made_at: datetime
    ended_at: datetime | None
    reason: str | None
    result: Result | None
    accepted_at: datetime | None
    holds: bool


def told(
    facts: Facts,
    translated: Translated,
    answer: Answer | Explanation,
    forecast: Forecast | None = None,
    latest: Mapping[str, int] | None = None,
) -> Result:
    """Describe what the engine found; `latest` are the last terms in which modules could be."""
    problem, terms = translated.problem, Terms(facts.catalogue.terms)
    if isinstance(answer, Explanation):
        ways = [
            WayOut(
                kind=one.kind, text=one.text, least=one.least,
                finish=None
                if translated.gap
                else terms[translated.first + max(at.term for at in one.answer.plan or ())].name,
            )
            for one in answer.ways
        ]  # fmt: skip
        status: Status = "unknown" if answer.status == "unknown" else "infeasible"
        lacks = _missing(facts, translated, translated.brings)
        reason = f"What is taught brings {lacks} {answer.reason}" if lacks and answer.reason else answer.reason
        return Result(status=status, missing=lacks, reason=reason, ways=ways)
    if answer.plan is None:
        return Result(status=answer.status)
    last = max((one.term for one in answer.plan), default=0)
    ends = terms[translated.first + last]
    loads = weekly(problem, answer.plan)
    planned = sum((Decimal(problem.module(one.module).ects) / 100 for one in answer.plan), booked_apart(facts.standing))
    return Result(
        status=answer.status,
        ects=planned,
        ects_needed=facts.standing.ects_total,
        missing=_missing(facts, translated, planned),
        finish=None if translated.gap else ends.name,
        finish_on=None if translated.gap else ends.ends_on,
        terms=[_term(facts, translated, answer.plan, n, loads[n], latest or {}) for n in range(last + 1)],
        weeks=curve(facts, translated, answer.plan, last),
        recognised=[_module(facts, translated, one, {}) for one in answer.plan if one.term == RECOGNISED],
        proven=[
            Proven(
                level=one.level,
                value=_value(problem, one.level, one.value),
                bound=None if one.bound is None else _value(problem, one.level, one.bound),
                optimal=one.optimal,
            )
            for one in answer.levels
        ],
        risk=_risk(translated, terms, forecast) if forecast else None,
    )


def _missing(facts: Facts, translated: Translated, ects: Decimal) -> str:
    return f"{ects} of {facts.standing.ects_total} ECTS; {translated.gap}." if translated.gap else ""


def _risk(translated: Translated, terms: Terms, forecast: Forecast) -> Risk:
    def name(term: int | None) -> str | None:
        return None if term is None else terms[translated.first + term].name

    return Risk(
        p50=name(forecast.p50), p80=name(forecast.p80), p95=name(forecast.p95), in_time=forecast.in_time.share,
        error=forecast.in_time.error, samples=forecast.samples, seed=forecast.seed,
        delays=[
            DelayOf(title=translated.problem.module(one.module).name, terms=one.terms, share=round(one.fails, 4))
            for one in forecast.delays
        ],
    )  # fmt: skip


def _term(
    facts: Facts,
    translated: Translated,
    plan: tuple[Assignment, ...],
    number: int,
    load: int,
    latest: Mapping[str, int],
) -> PlannedTerm:
    problem = translated.problem
    term, days = problem.terms[number], Terms(facts.catalogue.terms)[translated.first + number]
    modules = [_module(facts, translated, one, latest) for one in plan if one.term == number]
    return PlannedTerm(
        name=days.name, first_day=days.starts_on, last_day=days.ends_on, weeks=term.weeks,
        hours=None if term.minutes is None else Decimal(term.minutes // 6) / 10, load=Decimal(load) / 10,
        ects=sum((one.ects for one in modules), Decimal(0)), leave=term.leave, modules=modules,
    )  # fmt: skip


def _module(facts: Facts, translated: Translated, at: Assignment, latest: Mapping[str, int]) -> PlannedModule:
    problem = translated.problem
    known = next(one for one in facts.catalogue.modules if str(one.module_id) == at.module)
    run = next((one for one in facts.catalogue.runs if str(one.run_id) == at.run), None)
    done = known.module_id in ects_of(facts)
    last = None if done else latest.get(at.module)
    return PlannedModule(
        module_id=known.module_id, key=known.key, title=known.title,
        ects=Decimal(problem.module(at.module).ects) / 100, run_id=run.run_id if run else None,
        run=run.title if run else None, fixed=at.module in {one.module for one in problem.fixed}, done=done,
        latest=None if last is None else Terms(facts.catalogue.terms)[translated.first + last].name,
        slack=None if last is None else last - at.term, critical=last == at.term, note=_note(facts, run) if run else "",
    )  # fmt: skip


def _note(facts: Facts, run: RunOffer) -> str:
    """Say what a run whose sessions on site are all in the week asks of her at weekends."""
    elsewhere = [
        one for one in facts.sessions.get(run.run_id, ()) if one.cancelled_at is None and one.mode != "on_site"
    ]
    days = sorted({one.starts.date() for one in elsewhere if one.starts.weekday() >= SATURDAY})
    if not facts.track.no_weekends or not days:
        return ""
    return f"On {', '.join(map(str, days))}, at a weekend, you can take part from elsewhere: you need not come."


def _value(problem: Problem, level: Level, value: int) -> Decimal:
    if level == "finish":
        return Decimal(max(0, value - problem.now))
    if level in ("peak", "excess"):
        return Decimal(value) / 10
    return Decimal(value)
