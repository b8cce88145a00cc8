"""The dates of a study that nobody can move: milestones, the last term, and until when something can be repeated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Literal
from uuid import UUID

from lms_core.api import View
from lms_part_time_tracks.calendar import Terms
from lms_part_time_tracks.engine.problem import Problem
from lms_part_time_tracks.translate import Facts, Translated, booked_apart, milestones_of, translate

Kind = Literal["milestone", "target", "latest", "repeat"]

Language = Literal["en", "de"]
_LINES: Mapping[Kind, Mapping[Language, str]] = {
    "milestone": {
        "en": "By {on} you need {ects} ECTS; {missing} are missing.",
        "de": "Bis {on} brauchen Sie {ects} ECTS; es fehlen noch {missing}.",
    },
    "target": {
        "en": "By {on} you should have {ects} ECTS; {missing} are missing. Without them nothing is lost.",
        "de": "Bis {on} sollten Sie {ects} ECTS haben; es fehlen noch {missing}. Ohne sie ist nichts verloren.",
    },
    "latest": {
        "en": "On {on} the time for your study ends; {missing} of {ects} ECTS are missing.",
        "de": "Am {on} endet die Zeit für Ihr Studium; es fehlen noch {missing} von {ects} ECTS.",
    },
    "repeat": {
        "en": "Until {on} you can repeat {title}.",
        "de": "Bis {on} können Sie {title} wiederholen.",
    },
}

REMIND = (180, 90, 30)
"""Days before a date at which a student is reminded of it."""


class Due(View, frozen=True, kw_only=True):
    """What has to be by the end of a day: so many ECTS by a milestone, all of them at the `latest`, or a repeat.

    A `target` is a milestone that the regulation only wishes for: without it nothing is lost.
    `left` are the days until then, below 0 when it is over. `missing` are ECTS that are not earned yet. `planned`
    tells whether the plan that holds has it in time (null: no plan holds). Terms of leave that stop the clock and are
    known are taken into account.
    """

    kind: Kind
    on: date
    term: str
    left: int
    ects: Decimal
    missing: Decimal
    planned: bool | None
    module_id: UUID | None
    title: str | None


class AttemptsLeft(View, frozen=True, kw_only=True):
    """A module that she has failed: how often, and how many attempts she has left (null: no limit)."""

    module_id: UUID
    title: str | None
    failed: int
    left: int | None


class Standings(View, frozen=True, kw_only=True):
    """How far a student is: ECTS earned of those that are needed, her attempts, and what is due when, in its order.

    `next` is the first of the dates whose demand is not met yet. When the study is `done`, with nothing left to take,
    there are no dates any more.
    """

    done: bool
    ects: Decimal
    ects_total: Decimal
    attempts: list[AttemptsLeft]
    dates: list[Due]
    next: Due | None


def in_words(one: Due, language: Language) -> str:
    """Say what is due in a sentence."""
    told = {"on": f"{one.on:%d.%m.%Y}", "ects": one.ects, "missing": one.missing, "title": one.title}
    return _LINES[one.kind][language].format(**told)


def reminders(dates: Sequence[Due]) -> list[tuple[str, int, Due]]:
    """Return of what a person has to be reminded now, each under a name, with the number of days that it is told for.

    That is what is not met, half a year, a quarter and a month before; of a date that is nearer the last of these.
    """
    found = []
    for one in dates:
        stages = [days for days in REMIND if 0 <= one.left <= days]
        if one.missing and stages:
            found.append((f"{one.kind}:{one.module_id or one.ects}:{one.on}", min(stages), one))
    return found


def standing_of(facts: Facts) -> Standings:
    """Return how far a student is, and what is due when. Raises ValueError as `translate`."""
    translated = translate(facts)
    titles = {one.module_id: one.title for one in facts.catalogue.modules}
    done = ects_of(facts)
    earned = sum(done.values(), booked_apart(facts.standing))
    over = not translated.gap and _is_done(facts, translated.problem, done, earned)
    due = [] if over else _dates(facts, translated, earned)
    dates = sorted(due, key=lambda one: (one.on, one.kind, one.ects, str(one.module_id)))
    return Standings(
        done=over,
        ects=earned,
        ects_total=facts.standing.ects_total,
        attempts=[
            AttemptsLeft(
                module_id=one.module_id, title=titles.get(one.module_id), failed=len(one.failed) + one.elsewhere,
                left=one.left,
            )
            for one in facts.standing.tried
            if one.module_id not in done and (one.failed or one.elsewhere)
        ],
        dates=dates,
        next=next((one for one in dates if one.missing and one.left >= 0), None),
    )  # fmt: skip


def _is_done(facts: Facts, problem: Problem, done: Mapping[UUID, Decimal], earned: Decimal) -> bool:
    """Tell whether the ECTS are earned, all that is required among them, and enough of what is chosen from."""
    ects = {str(one): worth for one, worth in done.items()}
    return (
        earned >= facts.standing.ects_total
        and all(one.key in ects for one in problem.modules if one.required)
        and all(
            sum(100 * ects.get(one, 0) for one in basket.modules) >= basket.min_ects
            and sum(one in ects for one in basket.modules) >= basket.min_count
            for basket in problem.baskets
        )
    )


def ects_of(facts: Facts) -> dict[UUID, Decimal]:
    """Return the ECTS of each module that is done: booked, passed, or completed."""
    worth = {one.module_id: one.ects for one in facts.catalogue.modules}
    found = {one.module_id: one.ects for one in facts.standing.earned if one.module_id}
    passed = [one.module_id for one in facts.standing.tried if one.passed is not None]
    completed = [one.module_id for one in facts.standing.places if one.state == "completed"]
    return {**{one: worth[one] for one in (*passed, *completed) if one in worth}, **found}


def _dates(facts: Facts, translated: Translated, earned: Decimal) -> list[Due]:
    problem, terms = translated.problem, Terms(facts.catalogue.terms)
    ahead, worth = _ahead(facts, translated), {one.module_id: one.ects for one in facts.catalogue.modules}
    kinds: tuple[tuple[Kind, bool], ...] = (("milestone", True), ("target", False))
    needed: list[tuple[Kind, Decimal, int]] = [
        (kind, Decimal(one.ects) / 100, problem.deadline(one.terms))
        for kind, binding in kinds
        for one in milestones_of(facts.standing.limits, binding=binding)
    ]
    if problem.max_terms is not None:
        needed.append(("latest", facts.standing.ects_total, problem.deadline(problem.max_terms)))
    found = []
    for kind, ects, number in needed:
        term = terms[translated.first + number]
        planned = None
        if facts.held:
            coming = (worth.get(one, Decimal(0)) for one, at in ahead.items() if at <= term.number)
            planned = earned + sum(coming, Decimal(0)) >= ects
        found.append(
            Due(
                kind=kind, on=term.ends_on, term=term.name, left=(term.ends_on - facts.today).days, ects=ects,
                missing=max(Decimal(0), ects - earned), planned=planned, module_id=None, title=None,
            )
        )  # fmt: skip
    return found + _repeats(facts, terms, ahead)


def _ahead(facts: Facts, translated: Translated) -> dict[UUID, int]:
    """Return what the plan that holds has yet to come, by the number of the term; not what is over or failed there."""
    now, done = translated.first + translated.problem.now, ects_of(facts)
    failed = {(one.module_id, term) for one in facts.standing.tried for term in one.failed}
    return {
        module: at for module, at, _ in facts.held if at >= now and module not in done and (module, at) not in failed
    }


def _repeats(facts: Facts, terms: Terms, ahead: dict[UUID, int]) -> list[Due]:
    modules, done = {one.module_id: one for one in facts.catalogue.modules}, ects_of(facts)
    return [
        Due(
            kind="repeat", on=terms[one.until].ends_on, term=terms[one.until].name,
            left=(terms[one.until].ends_on - facts.today).days, ects=modules[one.module_id].ects,
            missing=modules[one.module_id].ects,
            planned=ahead.get(one.module_id, one.until + 1) <= one.until if facts.held else None,
            module_id=one.module_id, title=modules[one.module_id].title,
        )
        for one in facts.standing.tried
        if one.until is not None and one.module_id not in done and one.module_id in modules
    ]  # fmt: skip
