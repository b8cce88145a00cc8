"""What laws say to an internship: each rule with its figures and its source. Pure, and no legal advice.

Whether an internship is mandatory follows from the regulation: it is one as far as the regulation demands it, and what
goes on for longer than that is voluntary.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

import msgspec

from lms_internship_credit.policy import Part, Served, months
from lms_internship_credit.settings import Law

Verdict = Literal["kept", "broken", "unknown", "look"]
"""`look`: somebody has to look at it, for the rule has a reason that software must not judge."""

NO_ADVICE = "This is no legal advice; who decides answers for it."


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """What was agreed: days, hours a week, pay of a month in cents (null: none), and whether she was there before."""

    first_day: date
    last_day: date
    weekly_hours: Decimal
    pay_cents: int | None
    there_before: bool = False


class Finding(msgspec.Struct, frozen=True, rename="camel"):
    """What a rule says: whether it is kept, in words with its figures, and where it is written."""

    rule: Literal["minimum_wage", "working_time", "residence", "insurance", "protection"]
    verdict: Verdict
    text: str
    source: str


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
    why = "she was there before" if planned.there_before else f"that is more than {law.voluntary_months} months"
    text = f"{beyond}, and {why}: {least / 100:.2f} an hour are due, {hourly / 100:.2f} are paid."
    return found("kept" if hourly >= least else "broken", text)


def working_time(planned: Planned, law: Law) -> Finding:
    """Say whether the hours of a week are allowed."""
    kept = planned.weekly_hours <= law.week_hours
    text = f"{planned.weekly_hours} hours a week are agreed, {law.week_hours} are allowed."
    return Finding("working_time", "kept" if kept else "broken", text, "ArbZG section 3")


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
        return Finding("protection", "kept", "No days are named on which she cannot be required to come.", source)
    told = ", ".join(f"{first} to {last}" for first, last in hit)
    return Finding("protection", "look", f"She cannot be required to come: {told}. Agree on other days.", source)
