"""What people enter about themselves, and the hours that follow from it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import date, timedelta
from typing import Annotated, Literal

import msgspec

from lms_core.api import BadValue, Name, Payload, Zone, check_zone
from lms_family_sessions.constraints import EVERY_DAY
from lms_family_sessions.holidays_of import Land
from lms_family_sessions.maternity import DAY, Consent, Kind, Miscarriage, Pregnancy, Rule, Waiver, hours, rules
from lms_family_sessions.settings import Clock

FIRST, LAST = date(2000, 1, 1), date(2099, 12, 31)

Words = Annotated[str, msgspec.Meta(max_length=2000, pattern=r"^[^\x00]*$")]
Until = Annotated[
    str, msgspec.Meta(max_length=5, pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)(?!\n)$", examples=["24:00"])
]
Strength = Literal["cannot", "rather_not"]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: tuple[Weekday, ...] = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
Weekdays = Annotated[tuple[Weekday, ...], msgspec.Meta(min_length=1, max_length=7)]

Holidays = Callable[[date, date], Collection[date]]
"""Returns the public holidays where the programme takes place, between two days."""


class Hours(Payload, frozen=True, kw_only=True):
    """Hours of weekdays, as the wall shows them; `ends` may be 24:00."""

    weekdays: Weekdays = WEEKDAYS
    starts: Clock
    ends: Until

    def __post_init__(self) -> None:
        """Refuse hours that end before they begin."""
        if minute(self.starts) >= minute(self.ends):
            raise BadValue("ends", "must be after starts; hours over midnight are two of them")


class Need(Payload, frozen=True, kw_only=True):
    """Of every entry: words of her own, which planners never see."""

    note: Words = ""


class Span(Need, frozen=True, kw_only=True):
    """Days from the first to the last (null: until further notice), and how strongly they are meant."""

    strength: Strength = "rather_not"
    first_day: date
    last_day: date | None = None

    def __post_init__(self) -> None:
        """Refuse days nobody plans, and those in the wrong order."""
        _check_day("firstDay", self.first_day)
        if self.last_day is not None:
            _check_day("lastDay", self.last_day)
            if self.last_day < self.first_day:
                raise BadValue("lastDay", "must not be before firstDay")


class CareHours(Span, frozen=True, kw_only=True, tag="care_hours", tag_field="kind"):
    """Hours of the week in which she cares for somebody."""

    hours: Annotated[tuple[Hours, ...], msgspec.Meta(min_length=1, max_length=50)]


class Protected(Span, frozen=True, kw_only=True, tag="protected", tag_field="kind"):
    """Whole days that nothing may be put on."""


class Daily(Span, frozen=True, kw_only=True, tag="daily", tag_field="kind"):
    """Not before a time of the day, or no later than another."""

    weekdays: Weekdays = WEEKDAYS
    not_before: Clock | None = None
    no_later_than: Clock | None = None

    def __post_init__(self) -> None:
        """Refuse what leaves nothing, or everything."""
        super().__post_init__()
        if not self.not_before and not self.no_later_than:
            raise BadValue("notBefore", "say notBefore, noLaterThan or both")
        if self.not_before and self.no_later_than and minute(self.not_before) >= minute(self.no_later_than):
            raise BadValue("noLaterThan", "must be after notBefore")


class ClosedDays(Need, frozen=True, kw_only=True, tag="closed_days", tag_field="kind"):
    """Single days on which a nursery or a school is closed."""

    strength: Strength = "rather_not"
    days: Annotated[tuple[date, ...], msgspec.Meta(min_length=1, max_length=200)]

    def __post_init__(self) -> None:
        """Refuse days nobody plans."""
        for day in self.days:
            _check_day("days", day)


class Maternity(Need, frozen=True, kw_only=True, tag="maternity", tag_field="kind"):
    """A pregnancy with the day of birth that is expected; later the birth, or a miscarriage."""

    due: date
    birth: date | None = None
    birth_kind: Kind = "single"
    miscarriage: Miscarriage | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot have been."""
        _check_day("due", self.due)
        lost = self.miscarriage.day if self.miscarriage else None
        for name, day in (("birth", self.birth), ("miscarriage.day", lost)):
            if day is not None and not self.due - timedelta(days=280) <= day <= self.due + timedelta(days=35):
                raise BadValue(name, "must be at most 280 days before, and 35 after, the day that was expected")
        if self.birth and lost:
            raise BadValue("miscarriage", "must be left out where there was a birth")

    def pregnancy(self) -> Pregnancy:
        """Return it as the law asks for it."""
        return Pregnancy(due=self.due, birth=self.birth, kind=self.birth_kind, miscarriage=self.miscarriage)


class Nursing(Need, frozen=True, kw_only=True, tag="nursing", tag_field="kind"):
    """Days on which she nurses a child, and the breaks that she needs for it each day."""

    first_day: date
    last_day: date
    breaks: Annotated[tuple[Hours, ...], msgspec.Meta(max_length=10)] = ()

    def __post_init__(self) -> None:
        """Refuse days nobody plans, and those in the wrong order."""
        _check_day("firstDay", self.first_day)
        _check_day("lastDay", self.last_day)
        if self.last_day < self.first_day:
            raise BadValue("lastDay", "must not be before firstDay")


class Child(Payload, frozen=True, kw_only=True):
    """A child: born in a year, at school (or soon) in a Land."""

    born: Annotated[int, msgspec.Meta(ge=1990, le=2099)]
    land: Land


class Children(Need, frozen=True, kw_only=True, tag="children", tag_field="kind"):
    """Her children; planners learn nothing of them but, where five people share a Land, that its schools are closed."""

    children: Annotated[tuple[Child, ...], msgspec.Meta(min_length=1, max_length=20)]


Needs = CareHours | Protected | Daily | ClosedDays | Maternity | Nursing | Children


class Entered(Payload, frozen=True, kw_only=True):
    """What somebody enters; times are those of `zone`, or of the programme's if there is none."""

    needs: Needs
    zone: Zone | None = None

    def __post_init__(self) -> None:
        """Refuse zones that there are not."""
        if self.zone is not None:
            check_zone("zone", self.zone)


class Proof(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A certificate that was shown and given back: who looked at it, when, and until when it is good."""

    verifier: Name
    on: date
    valid_until: date | None


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """All that is sealed of an entry."""

    entered: Entered
    waivers: tuple[Waiver, ...] = ()
    consents: tuple[Consent, ...] = ()
    proofs: tuple[Proof, ...] = ()


def minute(clock: str) -> int:
    """Return the minute of the day."""
    return int(clock[:2]) * 60 + int(clock[3:])


def rules_of(document: Document, holidays: Holidays) -> list[tuple[Strength, Rule]]:
    """Return when she cannot or would rather not come, as it follows from what she entered and declared."""
    match document.entered.needs:
        case CareHours() as one:
            return [(one.strength, rule) for rule in _hours(one.hours, one.first_day, one.last_day)]
        case Protected() as one:
            return [(one.strength, Rule(one.first_day, one.last_day))]
        case Daily() as one:
            mask = _mask(one.weekdays)
            early = [Rule(one.first_day, one.last_day, mask, 0, minute(one.not_before))] if one.not_before else []
            late = [Rule(one.first_day, one.last_day, mask, minute(one.no_later_than))] if one.no_later_than else []
            return [(one.strength, rule) for rule in (*early, *late) if rule.from_minute < rule.to_minute]
        case ClosedDays() as one:
            return [(one.strength, Rule(day, day)) for day in sorted(set(one.days))]
        case Maternity() as one:
            known = one.pregnancy()
            free = holidays(known.due - timedelta(days=320), known.due + timedelta(days=160))
            found = rules(known, document.waivers, document.consents, free)
            told = [one.due, *([one.birth] if one.birth else []), *([one.miscarriage.day] if one.miscarriage else [])]
            return [("cannot", _apart(rule, told)) for rule in found]
        case Nursing() as one:
            days = (one.first_day, one.last_day)
            found = hours(days, document.consents, holidays(*days))
            return [("cannot", rule) for rule in (*_hours(one.breaks, *days), *found)]
        case Children():
            return []


def _hours(given: Iterable[Hours], first: date, last: date | None) -> list[Rule]:
    return [Rule(first, last, _mask(one.weekdays), minute(one.starts), minute(one.ends)) for one in given]


def _apart(rule: Rule, told: Collection[date]) -> Rule:
    """Move the ends of a rule off days that she told, which would stand in the clear: to a Monday, or a Sunday.

    A protection that begins with the birth then begins up to a week before it. Whoever plans shall not count on the
    last days before it anyway.
    """
    near = {day + n * DAY for day in told for n in (-1, 0, 1)}
    if rule.first == rule.last:
        return rule  # a public holiday, which everybody knows
    first = rule.first
    while first in near or (first != rule.first and first.weekday() != 0):
        first -= DAY
    last = rule.last
    while last and (last in near or (last != rule.last and last.weekday() != 6)):
        last += DAY
    return msgspec.structs.replace(rule, first=first, last=last)


def _mask(weekdays: Iterable[Weekday]) -> int:
    return sum(1 << WEEKDAYS.index(day) for day in set(weekdays)) & EVERY_DAY


def _check_day(name: str, day: date) -> None:
    if not FIRST <= day <= LAST:
        raise BadValue(name, f"must be from {FIRST} to {LAST}")
