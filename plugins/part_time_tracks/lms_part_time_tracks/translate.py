"""From what core and student say to the problem that the engine solves."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from msgspec.structs import replace

from lms_core.api import Catalogue, ModuleFacts, PassRate, RunOffer, SessionConstraint, SessionFacts, Standing, Tried
from lms_part_time_tracks.calendar import DAY, Terms, all_within, minutes_a_week, weeks_left
from lms_part_time_tracks.degree import Reach, most_of, reach
from lms_part_time_tracks.engine.problem import (
    BEST,
    RECOGNISED,
    STEADY,
    Assignment,
    Basket,
    Clash,
    Milestone,
    Module,
    Problem,
    Run,
    Term,
    Wishes,
)
from lms_part_time_tracks.meetings import Meeting
from lms_part_time_tracks.settings import Curriculum, Electives, Settings
from lms_part_time_tracks.tracks import Track

MOST_TERMS = 40
UNLIMITED = 99
AFTERWARDS = 4
"""Terms beyond the last that the regulation allows: a plan that is too late is better than none, where it says so."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """All that a plan of one student is made from."""

    catalogue: Catalogue
    standing: Standing
    track: Track
    settings: Settings
    sessions: dict[UUID, tuple[SessionFacts, ...]]
    meetings: tuple[Meeting, ...]
    constraints: tuple[SessionConstraint, ...]
    held: tuple[tuple[UUID, int, UUID | None], ...]
    rates: tuple[PassRate, ...]
    today: date


class Translated(msgspec.Struct, frozen=True, kw_only=True):
    """A problem, and the number of its first term; modules and runs are named by their ids.

    Where what is taught does not lead to the degree, `gap` says why (else empty), and the problem demands no more than
    there is: the ECTS that it `brings`, with those that are booked for no module.
    """

    problem: Problem
    first: int
    brings: Decimal
    gap: str


def translate(facts: Facts) -> Translated:
    """Return the problem of a student. Raises ValueError if the policy of the programme contradicts itself."""
    terms = Terms(facts.catalogue.terms)
    first, now = _span(facts, terms)
    limits = facts.standing.limits
    most = _whole(limits.get("maxTerms"))
    number = min(MOST_TERMS, max(now - first, most or 0) + AFTERWARDS + len(facts.track.leaves) + 8)
    modules = {one.module_id: one for one in facts.catalogue.modules}
    by_key = {one.key: one.module_id for one in facts.catalogue.modules}
    curriculum = facts.settings.curriculum(facts.standing.regulation)
    done = _done(facts, first, now)
    wanted = _wanted(facts, modules, by_key, curriculum, done)
    worth = {one.key: _worth(facts, one) for one in wanted.values()}
    total, other = _hundredths(facts.standing.ects_total), _hundredths(booked_apart(facts.standing))
    elsewhere = sum(_hundredths(one.ects) for one in facts.standing.earned if not one.module_id and one.recognised)
    found = reach(curriculum, worth, total - other)
    needed = min(total, found.ects + other)
    # what the regulation demands of a whole study, none that is not wholly taught can keep
    least = _hundredths(curriculum.min_ects_per_term) if curriculum and not found.gap else 0
    milestones = [one for one in milestones_of(limits, binding=True) if not found.gap or one.ects <= needed]
    limit = _decimal(limits.get("maxEctsPerTerm"))
    planned = tuple(
        _settled(_module(facts, terms, wanted, one, curriculum, found, first, number), done.get(one.module_id))
        for one in wanted.values()
    )
    problem = Problem(
        terms=tuple(_term(facts, terms, first + n, least, limit) for n in range(number)),
        modules=planned,
        clashes=tuple(_clashes(facts, planned)),
        baskets=_baskets(wanted, by_key, curriculum, worth, found, max(0, needed - other)),
        milestones=tuple(milestones),
        now=now - first,
        ects=0 if found.gap else needed,
        recognised_ects=max(_recognised(facts.standing, limits), elsewhere + _booked(facts, done)),
        other_ects=other,
        other_recognised=elsewhere,
        max_terms=most,
        fixed=tuple(done[one] for one in wanted if one in done),
        current=_current(facts, wanted, done, first, number) if facts.held else None,
        wishes=_wishes(facts, terms, wanted, by_key, done, first, number),
        levels=STEADY if facts.held else BEST,
    )
    return Translated(problem=problem, first=first, brings=Decimal(found.ects + other) / 100, gap=found.gap)


def _span(facts: Facts, terms: Terms) -> tuple[int, int]:
    """Return the numbers of the first term of the study and of the present one; before it begins, that is the first."""
    seats = [one.term for one in facts.standing.places if one.state in ("enrolled", "completed")]
    passed = [one.passed for one in facts.standing.tried if one.passed is not None]
    first = min([terms.begun(min(facts.standing.since, facts.today)), *seats, *passed])
    return first, max(first, terms.at(facts.today))


def _done(facts: Facts, first: int, now: int) -> dict[UUID, Assignment]:
    """Return what cannot move any more: what is passed, completed or recognised, and where she has a seat."""
    found: dict[UUID, Assignment] = {}
    failed = {(one.module_id, term) for one in facts.standing.tried for term in one.failed}
    for earned in facts.standing.earned:
        if earned.module_id:
            found[earned.module_id] = Assignment(str(earned.module_id), RECOGNISED)
    for place in facts.standing.places:
        if place.state == "completed":
            found[place.module_id] = Assignment(str(place.module_id), max(0, min(place.term, now) - first))
        elif (
            place.state in ("enrolled", "offered")
            and place.term >= now
            and place.module_id not in found
            and (place.module_id, place.term) not in failed
        ):
            found[place.module_id] = Assignment(str(place.module_id), place.term - first, str(place.run_id))
    for tried in facts.standing.tried:
        if tried.passed is not None:
            found[tried.module_id] = Assignment(str(tried.module_id), max(0, min(tried.passed, now) - first))
    return found


def _current(
    facts: Facts, wanted: Collection[UUID], done: Mapping[UUID, Assignment], first: int, number: int
) -> tuple[Assignment, ...]:
    """Return the plan that holds; what is over is no change of it, wherever it was planned."""
    held = {
        module: Assignment(str(module), term - first, str(run) if run else None)
        for module, term, run in facts.held
        if 0 <= term - first < number
    }
    held |= {module: one for module, one in done.items() if one.run is None}
    return tuple(one for module, one in held.items() if module in wanted)


def _wanted(
    facts: Facts,
    modules: Mapping[UUID, ModuleFacts],
    by_key: Mapping[str, UUID],
    curriculum: Curriculum | None,
    done: Collection[UUID],
) -> dict[UUID, ModuleFacts]:
    """Return the modules that can be part of the study: those of the curriculum, and what is done already."""
    if curriculum is None:
        return dict(modules)
    keys = {*curriculum.required, *(key for one in curriculum.electives for key in one.modules)}
    if curriculum.thesis:
        keys.add(curriculum.thesis)
    ids = {by_key[key] for key in keys if key in by_key} | set(done)
    return {one: facts for one, facts in modules.items() if one in ids}


def _term(facts: Facts, terms: Terms, number: int, least: int, most: Decimal | None) -> Term:
    term, settings, track = terms[number], facts.settings, facts.track
    weeks = weeks_left(term, track, settings)
    standing_still = {one.kind for one in settings.leaves if not one.counts_as_study}
    on_leave = all_within(term, track.leaves)
    still = all_within(term, [one for one in track.leaves if one.kind in standing_still])
    return Term(
        name=term.name,
        season="winter" if number % 2 else "summer",
        weeks=max(0, len(weeks) - settings.idle_weeks),
        minutes=minutes_a_week(weeks, track),
        min_ects=least,
        max_ects=_hundredths(most) if most is not None else None,
        leave=on_leave,
        counts=not still,
    )


def _module(
    facts: Facts,
    terms: Terms,
    wanted: Mapping[UUID, ModuleFacts],
    module: ModuleFacts,
    curriculum: Curriculum | None,
    found: Reach,
    first: int,
    number: int,
) -> Module:
    key, (_, now) = str(module.module_id), _span(facts, terms)
    tried = next((one for one in facts.standing.tried if one.module_id == module.module_id), None)
    mine = {one.run_id for one in facts.standing.places if one.state in ("enrolled", "offered")}
    begun = now + (facts.today > terms[now].lectures_from)
    seasons = [n for n in range(begun, first + number) if _season(n) in (module.offered or ("winter", "summer"))]
    over = tried.failed if tried else ()
    runs = [
        one
        for one in facts.catalogue.runs
        if one.module_id == module.module_id and one.term >= now and one.term not in over
    ]
    thesis = curriculum is not None and module.key == curriculum.thesis
    required = curriculum is not None and (module.key in curriculum.required or (thesis and found.thesis))
    earned = {one.module_id for one in facts.standing.earned}
    return Module(
        key=key,
        name=module.title,
        ects=_worth(facts, module),
        minutes=60 * module.workload_hours,
        required=required or module.module_id in earned,
        offered=tuple(n - first for n in seasons),
        runs=tuple(
            _run(facts, one, one.term - first, module.key, mine=one.run_id in mine)
            for one in runs
            if one.term < first + number
        ),
        fee=facts.settings.fees.get(module.key, 0),
        after=tuple(str(one) for one in module.prerequisites if one in wanted),
        after_ects=_hundredths(curriculum.thesis_after_ects) if thesis and curriculum else 0,
        until=None if tried is None or tried.until is None or tried.passed is not None else max(0, tried.until - first),
        attempts=_attempts(facts, tried),
        recognised=module.key in facts.track.recognised or module.module_id in earned,
    )


def _settled(module: Module, done: Assignment | None) -> Module:
    """Let what is passed stay where it was passed, though the term be not over: nothing can stand against it."""
    if done is None or done.run is not None or done.term == RECOGNISED:
        return module
    return replace(module, offered=(done.term,), runs=(), after=(), after_ects=0, until=None, attempts=UNLIMITED)


def booked_apart(standing: Standing) -> Decimal:
    """Return the ECTS that are booked for no module."""
    return sum((one.ects for one in standing.earned if one.module_id is None), Decimal(0))


def _worth(facts: Facts, module: ModuleFacts) -> int:
    """Return the hundredths of ECTS that a module brings her: those that are booked, if they are."""
    earned = {one.module_id: one.ects for one in facts.standing.earned}
    return _hundredths(earned.get(module.module_id, module.ects))


def _attempts(facts: Facts, tried: Tried | None) -> int:
    """Return how many attempts are left; where the regulation has no limit, more than anybody needs."""
    left = tried.left if tried else _whole(facts.standing.limits.get("attempts"))
    return UNLIMITED if left is None else left


def _run(facts: Facts, run: RunOffer, term: int, key: str, *, mine: bool) -> Run:
    """Describe a run: days on site in a row are one trip."""
    sessions = [one for one in facts.sessions.get(run.run_id, ()) if one.cancelled_at is None and one.mode == "on_site"]
    days = sorted({one.starts.date() for one in sessions})
    trips = sum(day - DAY not in days for day in days)
    over = next((one for one in sessions if one.starts.date() < facts.today), None)
    if over and not mine:
        blocked = f"{over.title} on {over.starts.date()} is over, and you had no seat"
    elif not (mine or (run.open and run.free)):
        blocked = "there is no seat left, or nobody can enrol"
    else:
        blocked = _clash(facts, [one for one in sessions if one.starts.date() >= facts.today])
    return Run(
        key=str(run.run_id), name=run.title, term=term, trips=trips, weekends=sum(day.weekday() >= 5 for day in days),
        fee=facts.settings.fees.get(key, 0), blocked=blocked,
    )  # fmt: skip


def _clashes(facts: Facts, modules: Iterable[Module]) -> Iterable[Clash]:
    """Return which runs of different modules meet at the same time."""
    module_of = {UUID(run.key): module.key for module in modules for run in module.runs}
    for one in facts.meetings:
        if all(run in module_of for run in one.runs):
            first, second = (module_of[run] for run in one.runs)
            if first != second:
                on = f"{one.first:%-d %B %Y}{' among others' if one.others else ''}"
                runs = (str(one.runs[0]), str(one.runs[1]))
                yield Clash(key="/".join(runs), modules=(first, second), runs=runs, on=on)


def _clash(facts: Facts, sessions: Iterable[SessionFacts]) -> str:
    """Say which date she cannot come to; empty if she can come to all. Why others know of needs is not told."""
    for one in sessions:
        day = one.starts.date()
        if any(away.first_day <= day <= away.last_day for away in facts.track.blackouts):
            return f"{one.title} on {day} is on a day that you have blocked"
        if any(_overlap(one, need) for need in facts.constraints if need.strength == "cannot"):
            return f"{one.title} on {day} is at a time when you cannot come"
    return ""


def _overlap(one: SessionFacts, need: SessionConstraint) -> bool:
    zone = ZoneInfo(one.zone)
    return one.starts.replace(tzinfo=zone) < need.ends and need.starts < one.ends.replace(tzinfo=zone)


def _baskets(
    wanted: Mapping[UUID, ModuleFacts],
    by_key: Mapping[str, UUID],
    curriculum: Curriculum | None,
    worth: Mapping[str, int],
    found: Reach,
    needed: int,
) -> tuple[Basket, ...]:
    so_far = Basket(
        key="so far", name="what is taught so far", modules=tuple(str(one) for one in wanted), min_ects=needed
    )
    baskets = [
        _basket(one, {key: worth[key] for key in one.modules if key in worth}, by_key, whole=not found.gap)
        for one in (curriculum.electives if curriculum else ())
    ]
    return (*baskets, so_far) if found.gap else tuple(baskets)


def _basket(one: Electives, worth: Mapping[str, int], by_key: Mapping[str, UUID], *, whole: bool) -> Basket:
    least, count = _hundredths(one.min_ects), one.min_modules
    if not whole:
        least, count = min(least, most_of(one, worth)), min(count, len(worth))
    return Basket(
        key=one.key, name=one.title, modules=tuple(str(by_key[key]) for key in worth),
        min_ects=least, max_ects=None if one.max_ects is None else _hundredths(one.max_ects),
        min_count=count, max_count=one.max_modules,
    )  # fmt: skip


def _wishes(
    facts: Facts,
    terms: Terms,
    wanted: Mapping[UUID, ModuleFacts],
    by_key: Mapping[str, UUID],
    done: Mapping[UUID, Assignment],
    first: int,
    number: int,
) -> Wishes:
    track, open_ = facts.track, {one for one in wanted if one not in done or done[one].run}
    return Wishes(
        wanted=tuple(str(by_key[key]) for key in track.wanted if by_key.get(key) in wanted),
        unwanted=tuple(str(by_key[key]) for key in track.unwanted if by_key.get(key) in open_),
        no_weekends=track.no_weekends,
        done_by=None if track.done_by is None else max(0, min(number - 1, terms.at(track.done_by) - first)),
        most_ects=None if track.most_ects is None else _hundredths(track.most_ects),
    )


def milestones_of(limits: Mapping[str, Any], *, binding: bool) -> Iterable[Milestone]:
    """Read the milestones of a regulation that bind, or those that are only wanted; nobody checked what is there.

    What is no milestone is left out.
    """
    for one in limits.get("milestones") or ():
        ects, terms = (_decimal(one.get("ects")), _whole(one.get("byTerm"))) if isinstance(one, dict) else (None, None)
        if ects is not None and terms and (one.get("binding") is not False) == binding:
            yield Milestone(_hundredths(ects), terms)


def _recognised(standing: Standing, limits: Mapping[str, Any]) -> int:
    """Return how many ECTS may be recognised: what the regulation says, or half (KMK 2002 and 2008)."""
    most = _decimal(limits.get("recognisedAtMost"))
    return _hundredths(standing.ects_total / 2 if most is None else most)


def _booked(facts: Facts, done: Mapping[UUID, Assignment]) -> int:
    """Return the ECTS of modules that are recognised already; what is booked stays, whatever may be recognised."""
    return sum(
        _hundredths(one.ects)
        for one in facts.standing.earned
        if one.module_id and one.module_id in done and done[one.module_id].term == RECOGNISED
    )


def _season(number: int) -> str:
    return "winter" if number % 2 else "summer"


def _hundredths(ects: Decimal) -> int:
    return int(ects * 100)


def _decimal(value: object) -> Decimal | None:
    try:
        return None if value is None or isinstance(value, bool) else Decimal(str(value))
    except InvalidOperation:
        return None


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
