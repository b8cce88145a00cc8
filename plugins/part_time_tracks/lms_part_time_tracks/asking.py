"""What if: changes that a student asks about, in her words, and what they are for the engine."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec

from lms_core.api import BadValue, Catalogue, FieldError, InvalidInput, Payload, RunPlace
from lms_part_time_tracks.calendar import Terms
from lms_part_time_tracks.engine import changes as engine
from lms_part_time_tracks.settings import Kind, ModuleKey, Settings
from lms_part_time_tracks.tracks import Blackout, Budget, OnLeave, Track, check_hours
from lms_part_time_tracks.translate import Translated

AHEAD = 40
"""Terms that one can ask about, from the present one on."""


class InTerm(Payload, frozen=True, kw_only=True):
    """A term by its season and year; a winter term has the year in which it begins."""

    season: Literal["winter", "summer"]
    year: Annotated[int, msgspec.Meta(ge=2000, le=2100)]

    @property
    def number(self) -> int:
        """Its number, as terms are counted without gaps."""
        return 2 * self.year + (self.season == "winter")


class SkipTerm(InTerm, frozen=True, kw_only=True, tag_field="kind", tag="skip"):
    """I do not study in a term: on `leave` of a kind that the programme knows, or (null) without one."""

    leave: Kind | None = None


class OtherHours(InTerm, frozen=True, kw_only=True, tag_field="kind", tag="hours"):
    """I have so many hours a week, from a term on, for so many terms (null: to the end)."""

    hours: Decimal
    terms: Annotated[int, msgspec.Meta(ge=1, le=40)] | None = None

    def __post_init__(self) -> None:
        """Refuse hours that no week has."""
        check_hours(self.hours)


class FailModule(InTerm, frozen=True, kw_only=True, tag_field="kind", tag="fail"):
    """I fail a module in a term."""

    module: ModuleKey


class DropModule(Payload, frozen=True, kw_only=True, tag_field="kind", tag="drop"):
    """I do not take a module."""

    module: ModuleKey


class ShiftRun(InTerm, frozen=True, kw_only=True, tag_field="kind", tag="shift_run"):
    """A run takes place in another term."""

    run_id: UUID


WhatIf = SkipTerm | OtherHours | FailModule | DropModule | ShiftRun


class Asked(Payload, frozen=True, kw_only=True):
    """A plan that is asked for: from what is known, or if something else were so (`whatIf`, one after the other)."""

    what_if: Annotated[list[WhatIf], msgspec.Meta(max_length=20)] = []


def check(asked: Asked, catalogue: Catalogue, settings: Settings, today: date, places: Collection[RunPlace]) -> None:
    """Raise InvalidInput for what cannot be asked.

    That is terms that are past or too far away, modules, runs and leaves that there are not, and to do without a run in
    which she has one of her `places`: these do not move.
    """
    now = Terms(catalogue.terms).at(today)
    keys, runs = {one.key for one in catalogue.modules}, {one.run_id for one in catalogue.runs}
    kinds = [one.kind for one in settings.leaves]
    wrong = []
    for number, one in enumerate(asked.what_if):
        at = f"body.whatIf[{number}]"
        if isinstance(one, InTerm) and not now <= one.number < now + AHEAD:
            wrong.append(FieldError(f"{at}.year", f"must be one of the present term or the {AHEAD - 1} after it"))
        if isinstance(one, FailModule | DropModule) and one.module not in keys:
            wrong.append(FieldError(f"{at}.module", "must be the key of a module that the programme teaches"))
        if isinstance(one, ShiftRun) and one.run_id not in runs:
            wrong.append(FieldError(f"{at}.runId", "must be a run of a module that the programme teaches"))
        if isinstance(one, SkipTerm) and one.leave is not None and one.leave not in kinds:
            wrong.append(FieldError(f"{at}.leave", f"must be one of {', '.join(kinds)}, or null"))
        if isinstance(one, SkipTerm | DropModule) and (held := _held(one, catalogue, places)):
            wrong.append(FieldError(f"{at}.year" if isinstance(one, SkipTerm) else f"{at}.module", held))
    if wrong:
        raise InvalidInput("This cannot be asked.", errors=wrong)


def _held(one: SkipTerm | DropModule, catalogue: Catalogue, places: Collection[RunPlace]) -> str:
    """Say what keeps her from doing without a term or a module; empty if nothing does."""
    titles = {run.run_id: run.title for run in catalogue.runs}
    keys = {module.module_id: module.key for module in catalogue.modules}
    for place in places:
        here = place.term == one.number if isinstance(one, SkipTerm) else keys.get(place.module_id) == one.module
        title = titles.get(place.run_id, "a run that is not listed")
        if here and place.state == "completed":
            return f"you have completed {title}, and what is done does not move"
        if here and place.state in ("enrolled", "offered"):
            return f"you have a seat in {title}, and seats do not move: withdraw from it first, then ask again"
    return ""


def translated(asked: Asked, made: Translated, catalogue: Catalogue, settings: Settings) -> list[engine.Change]:
    """Return the changes for the engine. Raises ValueError for a module that is no part of this study."""
    ids = {one.key: str(one.module_id) for one in catalogue.modules}
    modules = {str(one.run_id): str(one.module_id) for one in catalogue.runs}
    planned = {one.key for one in made.problem.modules}

    def of(key: str) -> str:
        if ids[key] not in planned:
            raise BadValue("module", f"{key} is no part of your study")
        return ids[key]

    last = len(made.problem.terms) - 1
    found: list[engine.Change] = []
    for one in asked.what_if:
        match one:
            case SkipTerm():
                counts = one.leave is None or any(
                    leave.kind == one.leave and leave.counts_as_study for leave in settings.leaves
                )
                found.append(engine.Skip(one.number - made.first, counts))
            case OtherHours():
                first = one.number - made.first
                until = None if one.terms is None else min(last, first + one.terms - 1)
                found.append(engine.Hours(int(60 * one.hours), first, until))
            case FailModule():
                found.append(engine.Fail(of(one.module), one.number - made.first))
            case DropModule():
                found.append(engine.Drop(of(one.module)))
            case ShiftRun():
                run = str(one.run_id)
                found.append(engine.ShiftRun(modules[run], run, one.number - made.first))
    return found


def possible(asked: Asked) -> bool:
    """Tell whether a student can decide all that was asked about; failing, and when runs take place, she cannot."""
    return not any(isinstance(one, FailModule | ShiftRun) for one in asked.what_if)


def written(asked: Asked, track: Track, terms: Terms) -> Track:
    """Return what she says of her time with all that she has decided by accepting a plan."""
    for one in asked.what_if:
        track = _with(one, track, terms)
    return track


def _with(one: WhatIf, track: Track, terms: Terms) -> Track:
    replace = msgspec.structs.replace
    match one:
        case SkipTerm():
            term = terms[one.number]
            days: Any = {"first_day": term.starts_on, "last_day": term.ends_on}
            if one.leave is None:
                return replace(track, blackouts=[*track.blackouts, Blackout(**days, note="A term off")])
            return replace(track, leaves=[*track.leaves, OnLeave(**days, kind=one.leave)])
        case OtherHours():
            return replace(track, budgets=list(_budgets(one, track.budgets, terms)))
        case DropModule():
            return replace(
                track,
                wanted=[key for key in track.wanted if key != one.module],
                unwanted=list(dict.fromkeys([*track.unwanted, one.module])),
            )
        case _:
            return track


def _budgets(one: OtherHours, budgets: Sequence[Budget], terms: Terms) -> Iterable[Budget]:
    """Return hours by the day from which they hold: others until the term, these, and again the others after it."""
    first = terms[one.number].starts_on
    after = None if one.terms is None else terms[one.number + one.terms - 1].ends_on + timedelta(days=1)
    known = sorted(budgets, key=lambda budget: budget.first_day)
    yield from (budget for budget in known if budget.first_day < first)
    yield Budget(first_day=first, hours=one.hours)
    if after is None:
        return
    later = [budget for budget in known if budget.first_day > after]
    before = [budget for budget in known if budget.first_day <= after] or known[:1]
    if before:
        yield Budget(first_day=after, hours=before[-1].hours)
    yield from later
