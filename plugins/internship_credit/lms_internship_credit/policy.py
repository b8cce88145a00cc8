"""What a regulation demands of internships, as data: how long, for how many ECTS, by when; and what laws limit."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from decimal import ROUND_FLOOR, Decimal
from typing import Annotated

import msgspec

Key = Annotated[
    str, msgspec.Meta(min_length=1, max_length=40, pattern=r"^[a-z0-9][a-z0-9_-]*(?!\n)$", examples=["main"])
]
Days = Annotated[int, msgspec.Meta(ge=0, le=400)]
Least = Annotated[int, msgspec.Meta(ge=1, le=5_000)]


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part of the internship that a regulation demands: how long at least, and what it brings.

    `hours`, full `weeks` of seven days and full `months` by the calendar are least lengths; all that are given are
    demanded. It brings `ects`; with `hours_per_ects` as many as the hours make, in steps of `step`, and `ects` at most.
    What lasts longer than `most_weeks` is voluntary beyond them (null: all of it is demanded).
    """

    key: Key
    title: Annotated[str, msgspec.Meta(min_length=1, max_length=200, examples=["Internship"])]
    ects: Decimal
    hours: Least | None = None
    weeks: Least | None = None
    months: Least | None = None
    hours_per_ects: Decimal | None = None
    step: Decimal = Decimal(1)
    most_weeks: Least | None = None

    def __post_init__(self) -> None:
        """Refuse amounts that no ECTS can have."""
        for name, value in (("ects", self.ects), ("hours_per_ects", self.hours_per_ects), ("step", self.step)):
            if value is not None and not (value.is_finite() and 0 < value <= 1_000 and value == round(value, 2)):
                raise ValueError(f"{name}: must be above 0, at most 1000, with two places")


class Internship(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a version of the regulation demands.

    Nothing is booked before all `parts` are recognised or waived. A case is proposed and approved `lead_days` before
    its first day. The report is due `report_days` after the end, or after the host certified it if that is later;
    an extension of `extension_days` at most is asked for `ask_days` before. An appeal is made within `appeal_days`.
    No more than `day_hours` are certified for a day (ArbZG section 3).
    """

    version: Annotated[str, msgspec.Meta(min_length=1, max_length=120)]
    parts: Annotated[tuple[Part, ...], msgspec.Meta(min_length=1, max_length=10)]
    lead_days: Days = 1
    report_days: Days = 56
    ask_days: Days = 14
    extension_days: Days = 28
    appeal_days: Days = 30
    day_hours: Annotated[int, msgspec.Meta(ge=1, le=24)] = 10

    def __post_init__(self) -> None:
        """Refuse two parts of one name."""
        if len({part.key for part in self.parts}) < len(self.parts):
            raise ValueError("parts: each key can stand there once")

    def part(self, key: str) -> Part | None:
        """Return a part by its key."""
        return next((one for one in self.parts if one.key == key), None)


class Served(msgspec.Struct, frozen=True):
    """What was worked: first and last day, days of interruption between them, and hours."""

    first_day: date
    last_day: date
    hours: Decimal
    absent_days: int = 0


class Shortfall(msgspec.Struct, frozen=True):
    """A least length that was not reached: what counts, how much is demanded, how much there is."""

    of: str
    demanded: Decimal
    served: Decimal


def shortfalls(part: Part, served: Served) -> list[Shortfall]:
    """Return which least lengths of a part were not reached."""
    found = [
        Shortfall(name, Decimal(least), there)
        for name, least, there in (
            ("hours", part.hours, served.hours),
            ("weeks", part.weeks, Decimal(weeks(served))),
            ("months", part.months, Decimal(months(served))),
        )
        if least is not None and there < least
    ]
    if part.hours_per_ects and not found and _by_hours(part, served.hours) == 0:
        found.append(Shortfall("hours", part.hours_per_ects * part.step, served.hours))
    return found


def award(part: Part, served: Served, brought: Decimal = Decimal(0)) -> Decimal:
    """Return the ECTS that a part brings for what was worked; 0 while a least length is not reached.

    ECTS that the part has `brought` already, as those recognised from elsewhere, count towards the most that it brings.
    """
    if shortfalls(part, served):
        return Decimal(0)
    whole = _by_hours(part, served.hours) if part.hours_per_ects else part.ects
    return max(Decimal(0), min(whole, part.ects - brought))


def weeks(served: Served) -> int:
    """Return the full weeks of seven days, days of interruption taken off."""
    return max(0, (served.last_day - served.first_day).days + 1 - served.absent_days) // 7


def months(served: Served) -> int:
    """Return the full months by the calendar: from 15 March to 14 May are two.

    Days of interruption have to be made up for. What begins on a day that a month lacks ends it on its last day
    (German Civil Code, section 188).
    """
    last = served.last_day - timedelta(served.absent_days)
    full = last.day == monthrange(last.year, last.month)[1]  # the day after may be none of the calendar
    number = (last.year - served.first_day.year) * 12 + last.month + full - served.first_day.month
    return max(0, number - ((1 if full else last.day + 1) < served.first_day.day))


def _by_hours(part: Part, hours: Decimal) -> Decimal:
    assert part.hours_per_ects
    steps = (hours / part.hours_per_ects / part.step).to_integral_value(ROUND_FLOOR)
    return min(part.ects, steps * part.step)
