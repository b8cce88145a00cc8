"""What regulation and laws say to an internship: each rule with figures and source. Pure, and no legal advice.

Whether an internship is mandatory follows from the regulation: it is one as far as the regulation demands it, and what
goes on for longer than that is voluntary.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import ROUND_FLOOR, Decimal
from typing import Literal

import msgspec

from lms_internship_credit.policy import Part, Served, award, months, shortfalls
from lms_internship_credit.settings import Law

Verdict = Literal["kept", "broken", "unknown", "look"]
"""`look`: somebody has to look at it, for the rule has a reason that software must not judge."""

NO_ADVICE = "This is no legal advice; who decides answers for it."


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """What was agreed: days, hours a week, pay of a month in cents (null: none), whether the student was there before.

    `absent_days` are days of interruptions that are known already; `certified` is what the host has certified since.
    """

    first_day: date
    last_day: date
    weekly_hours: Decimal
    pay_cents: int | None
    there_before: bool = False
    absent_days: int = 0
    certified: Served | None = None

    @property
    def served(self) -> Served:
        """What was certified or else would be worked: hours in proportion to the days, no public holidays taken off."""
        if self.certified:
            return self.certified
        days = max(0, (self.last_day - self.first_day).days + 1 - self.absent_days)
        hours = (self.weekly_hours * days / 7).quantize(Decimal("0.01"), ROUND_FLOOR)
        return Served(self.first_day, self.last_day, hours, self.absent_days)


class Other(msgspec.Struct, frozen=True):
    """Another internship of the same student: from when to when, and its hours a week."""

    first_day: date
    last_day: date
    weekly_hours: Decimal


class Finding(msgspec.Struct, frozen=True, rename="camel"):
    """What a rule says: whether it is kept, in words with its figures, and where it is written."""

    rule: Literal["length", "minimum_wage", "working_time", "several", "residence", "insurance", "protection"]
    verdict: Verdict
    text: str
    source: str


def length(planned: Planned, part: Part, regulation: str, brought: Decimal = Decimal(0)) -> Finding:
    """Say whether what is planned or was certified lasts as long as the regulation demands, and what it brings."""
    source = f"{regulation}, {part.title}"
    there = planned.served
    if short := shortfalls(part, there):
        how = "were certified" if planned.certified else "are planned"
        told = "; ".join(f"{one.demanded:f} {one.of} are demanded and {one.served:f} {how}" for one in short)
        return Finding("length", "broken", f"It is too short to bring ECTS: {told}.", source)
    brings = award(part, there, brought)
    about = "About {} hours are planned, public holidays not taken off"
    hours = ("{} hours were certified" if planned.certified else about).format(f"{there.hours:f}")
    told = f"{hours}; they bring {brings:f} ECTS."
    return Finding("length", "kept", told, source)


def wage(planned: Planned, part: Part, law: Law) -> Finding:
    """Say whether the pay reaches the minimum wage, where that is due."""
    source = "MiLoG section 22 (1) sentence 2 no. 1 and 3"

    def found(verdict: Verdict, text: str) -> Finding:
        return Finding("minimum_wage", verdict, text, source)

    days = (planned.last_day - planned.first_day).days + 1
    if part.most_weeks is None or days <= 7 * part.most_weeks:
        return found("kept", "None is due: the regulation demands this internship.")
    rest = Served(planned.first_day + timedelta(weeks=part.most_weeks), planned.last_day, Decimal(0))
    beyond = f"The regulation demands {part.most_weeks} weeks; it goes on from {rest.first_day} to {rest.last_day}"
    longest = months(Served(rest.first_day, rest.last_day - timedelta(days=1), Decimal(0)))
    if longest < law.voluntary_months and not planned.there_before:
        return found("kept", f"{beyond}, which is {law.voluntary_months} months at most: none is due.")
    least = law.wage(rest.first_day)
    if least is None:
        return found("unknown", f"No minimum wage is entered for {rest.first_day}.")
    hourly = Decimal(planned.pay_cents or 0) * 12 / (52 * planned.weekly_hours)
    why = "the student was there before" if planned.there_before else f"that is more than {law.voluntary_months} months"
    text = f"{beyond}, and {why}: {least / 100:.2f} an hour are due, {hourly / 100:.2f} are paid."
    return found("kept" if hourly >= least else "broken", text)


def working_time(planned: Planned, law: Law) -> Finding:
    """Say whether the hours of a week are allowed."""
    kept = planned.weekly_hours <= law.week_hours
    text = f"{planned.weekly_hours} hours a week are agreed, {law.week_hours} are allowed."
    return Finding("working_time", "kept" if kept else "broken", text, "ArbZG section 3")


def several(planned: Planned, others: Sequence[Other], law: Law) -> Finding:
    """Say whether the hours of a week are allowed together with those of other internships on the same days."""
    source = "ArbZG section 2 (1): what is worked for several is added up"
    same = [one for one in others if one.first_day <= planned.last_day and one.last_day >= planned.first_day]
    if not same:
        return Finding("several", "kept", "No other internship of the student lies on these days.", source)

    def at_once(day: date) -> list[Other]:
        return [one for one in same if one.first_day <= day <= one.last_day]

    def hours(day: date) -> Decimal:
        return planned.weekly_hours + sum(one.weekly_hours for one in at_once(day))

    # the most come together on a first day
    starts = sorted({planned.first_day, *(max(one.first_day, planned.first_day) for one in same)})
    most = max(starts, key=hours)
    until = min([planned.last_day, *(one.last_day for one in at_once(most))])
    many = f"{1 + len(at_once(most))} internships at once"
    week = f"{hours(most):f} hours a week together; {law.week_hours} are allowed"
    text = f"From {most} to {until} the student has {many}, with {week}."
    return Finding("several", "broken" if hours(most) > law.week_hours else "look", text, source)


def insurance(text: str) -> Finding:
    """Say whether anything is written about insurance."""
    if text.strip():
        return Finding("insurance", "look", f"It says: {text.strip()[:200]}", "SGB VII section 2; Erasmus+ table C")
    return Finding("insurance", "unknown", "Nothing is said of liability and accidents.", "SGB VII section 2")


class Year(msgspec.Struct, frozen=True, rename="camel"):
    """Days worked in a calendar year beside the study, in full days; two half ones are a full one."""

    year: int
    full_days: Decimal
    left: Decimal


def account(days: Mapping[date, Decimal], law: Law) -> list[Year]:
    """Count the days worked in each calendar year: hours by day; a half day is one of few hours.

    Only days on which somebody worked count, however long a contract lasts. Whoever counts half days has as many as
    `half_days`; both are the same sum where these are twice the full ones.
    """
    worth = Decimal(law.full_days) / law.half_days
    used: dict[int, Decimal] = defaultdict(Decimal)
    for day, hours in days.items():
        if hours > 0:
            used[day.year] += worth if hours <= law.half_day_hours else Decimal(1)
    return [Year(year, total, law.full_days - total) for year, total in sorted(used.items())]


def residence(years: Iterable[Year], planned: Planned, part: Part, law: Law) -> Finding:
    """Say whether the days that a residence title allows beside a study are enough; a demanded internship is free."""
    source = "AufenthG section 16b (3); mandatory parts of a study do not count"
    over = [one for one in years if one.left < 0]
    if over:
        told = "; ".join(f"{one.full_days} full days in {one.year}" for one in over)
        return Finding("residence", "broken", f"More was worked than {law.full_days} full days: {told}.", source)
    told = "; ".join(f"{one.left} left in {one.year}" for one in years) or f"{law.full_days} left, none entered"
    days = (planned.last_day - planned.first_day).days + 1
    beyond = part.most_weeks is not None and days > 7 * part.most_weeks
    free = (
        "Days beyond what the regulation demands count." if beyond else "The regulation demands it: it does not count."
    )
    return Finding("residence", "look" if beyond else "kept", f"Full days beside the study: {told}. {free}", source)


def protection(when: list[tuple[date, date]], planned: Planned) -> Finding:
    """Say whether the student cannot be required to come on some days; never why."""
    source = "MuSchG sections 3 to 6 and others; the plugin that protects says when and not why"
    hit = sorted((first, last) for first, last in when if first <= planned.last_day and last >= planned.first_day)
    if not hit:
        return Finding(
            "protection", "kept", "No days are named on which the student cannot be required to come.", source
        )
    told = ", ".join(f"{first} to {last}" for first, last in hit)
    return Finding(
        "protection", "look", f"The student cannot be required to come: {told}. Agree on other days.", source
    )
