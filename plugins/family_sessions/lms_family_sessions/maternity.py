"""Protection before and after a birth, after a miscarriage, and while nursing, as the Mutterschutzgesetz has it.

Pure law: dates in, days and hours out. It covers students wherever place, time and sequence are mandatory (section 1
paragraph 2 number 8), online as well. Whether a session is needed for the study and nobody is alone there, which
sections 5 and 6 also ask for, no software decides.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date, timedelta
from typing import Annotated, Literal

import msgspec

from lms_family_sessions.constraints import EVERY_DAY, SUNDAY, WHOLE_DAY

DAY = timedelta(days=1)
BEFORE = timedelta(weeks=6)
AFTER = timedelta(weeks=8)
AFTER_LONGER = timedelta(weeks=12)
PREGNANCY = timedelta(days=280)
"""How long before the day of birth that is expected a pregnancy began, as courts count."""

AFTER_LOSS = ((20, timedelta(weeks=8)), (17, timedelta(weeks=6)), (13, timedelta(weeks=2)))
"""Weeks of protection after a miscarriage from the week of pregnancy on (section 3 paragraph 5, since June 2025)."""

SIX, TWENTY, TWENTY_TWO = 6 * 60, 20 * 60, 22 * 60

Kind = Literal["single", "premature", "multiple", "disability"]
Activity = Literal["teaching", "exams"]
Phase = Literal["before", "after"]
Days = tuple[date, date]


class Miscarriage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The day of a miscarriage, and the week of pregnancy (completed weeks plus one) that it was in."""

    day: date
    week: Annotated[int, msgspec.Meta(ge=1, le=26)]


class Pregnancy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The day of birth that is expected, and how it came.

    `kind` is `disability` if one of the child was found within eight weeks and the longer protection was asked for.
    """

    due: date
    birth: date | None = None
    kind: Kind = "single"
    miscarriage: Miscarriage | None = None


class Declared(msgspec.Struct, frozen=True, kw_only=True):
    """An express declaration that held from a day on until the day before it was revoked."""

    since: date
    until: date | None = None


class Waiver(Declared, frozen=True, kw_only=True):
    """She does without the protection of a phase, for an activity."""

    phase: Phase
    activity: Activity


class Consent(Declared, frozen=True, kw_only=True):
    """She agrees to be there from 20 to 22 o'clock, or on Sundays and holidays."""

    to: Literal["evening", "sunday"]


class Period(msgspec.Struct, frozen=True):
    """Days of protection, both included."""

    phase: Phase
    first: date
    last: date


class Rule(msgspec.Struct, frozen=True):
    """When somebody must not have to be there: the days, of them the weekdays (bits), and the minutes of the day."""

    first: date
    last: date | None
    weekdays: int = EVERY_DAY
    from_minute: int = 0
    to_minute: int = WHOLE_DAY


def periods(known: Pregnancy) -> tuple[Period, ...]:
    """Return the protection before and after a birth (section 3 paragraphs 1 and 2), or after a miscarriage.

    Six weeks before the day that is expected, and until the birth if that comes later; eight weeks after the birth, or
    twelve; days that an early birth took from those before are added after. Until it is known, the birth is taken to
    be on the day that is expected.
    """
    begins = known.due - BEFORE
    if known.miscarriage:
        lost = known.miscarriage
        before = [Period("before", begins, lost.day - DAY)] if begins < lost.day else []
        weeks = next((span for week, span in AFTER_LOSS if lost.week >= week), None)
        return (*before, Period("after", lost.day, lost.day + weeks)) if weeks else tuple(before)
    birth = known.birth or known.due
    before = [Period("before", begins, birth - DAY)] if begins < birth else []
    missed = min(max(known.due - birth, timedelta(0)), BEFORE)
    longer = AFTER if known.kind == "single" else AFTER_LONGER
    return (*before, Period("after", birth, birth + longer + missed))


def protected(known: Pregnancy, waivers: Iterable[Waiver], activity: Activity) -> list[Days]:
    """Return the days on which she must not have to take part: the periods without what she has waived of them.

    A waiver counts from the day on which it was declared, and no longer from that on which it was revoked (section 3
    paragraph 3): never for the past. Phases that touch are one.
    """
    said = list(waivers)
    left = [
        days
        for one in periods(known)
        for days in without(
            (one.first, one.last),
            [waiver for waiver in said if waiver.phase == one.phase and waiver.activity == activity],
        )
    ]
    return joined(left)


def without(days: Days, declared: Sequence[Declared]) -> list[Days]:
    """Return what is left of days when those of declarations are taken out."""
    left = [days]
    for one in declared:
        last = one.until - DAY if one.until else date.max
        if last < one.since:
            continue
        left = [
            part
            for first, end in left
            for part in ((first, min(end, one.since - DAY)), (max(first, last + DAY) if one.until else end + DAY, end))
            if part[0] <= part[1]
        ]
    return sorted(set(left))


def joined(parts: Sequence[Days]) -> list[Days]:
    """Return parts in order, those that touch as one."""
    found: list[Days] = []
    for first, last in sorted(parts):
        if found and first <= found[-1][1] + DAY:
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return found


def pregnant(known: Pregnancy) -> Days:
    """Return the days of a pregnancy, and of the protection after the birth if there was one."""
    first = known.due - PREGNANCY
    if known.miscarriage:
        return min(first, known.miscarriage.day), known.miscarriage.day
    return min(first, known.birth or first), periods(known)[-1].last


def hours(days: Days, consents: Iterable[Consent], holidays: Collection[date]) -> list[Rule]:
    """Return when nothing is mandatory for who is pregnant or nursing on these days (sections 5 and 6).

    From 20 to 6 o'clock; until 22 o'clock, on Sundays and on holidays only while she agrees.
    """
    said = list(consents)
    first, last = days
    evenings = without(days, [one for one in said if one.to == "evening"])
    sundays = without(days, [one for one in said if one.to == "sunday"])
    return [
        Rule(first, last, to_minute=SIX),
        *(Rule(*part, from_minute=TWENTY, to_minute=TWENTY_TWO) for part in evenings),
        Rule(first, last, from_minute=TWENTY_TWO),
        *(Rule(*part, weekdays=SUNDAY) for part in sundays),
        *(Rule(day, day) for day in sorted(holidays) if any(begins <= day <= ends for begins, ends in sundays)),
    ]


def rules(
    known: Pregnancy, waivers: Iterable[Waiver], consents: Iterable[Consent], holidays: Collection[date] = ()
) -> list[Rule]:
    """Return when teaching must not be mandatory for her: on protected days, and at protected hours of the others."""
    return [
        *(Rule(*days) for days in protected(known, waivers, "teaching")),
        *hours(pregnant(known), consents, holidays),
    ]
