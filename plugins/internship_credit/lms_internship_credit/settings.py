"""What a programme decides about internships: its regulations, and the limits of law as data with their sources."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import msgspec

from lms_core.api import Name, check_zone
from lms_internship_credit.case import Email
from lms_internship_credit.papers import Retention
from lms_internship_credit.policy import Internship


class Wage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The least wage of an hour from a day on, in cents."""

    since: date
    cents: Annotated[int, msgspec.Meta(ge=1, le=100_000)]


class Law(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Limits of law, which change: who enters a change needs no new release.

    A voluntary internship of `voluntary_months` at most needs no minimum wage, once at one employer. Students from
    outside `free_movement` may work so many full or half days a year, a half one is of `half_day_hours` at most.
    Of working time `day_hours` and `week_hours` are allowed.
    """

    minimum_wage: Annotated[tuple[Wage, ...], msgspec.Meta(max_length=50)] = (
        Wage(date(2025, 1, 1), 12_82),
        Wage(date(2026, 1, 1), 13_90),
        Wage(date(2027, 1, 1), 14_60),
    )
    voluntary_months: Annotated[int, msgspec.Meta(ge=0, le=24)] = 3
    full_days: Annotated[int, msgspec.Meta(ge=0, le=366)] = 140
    half_days: Annotated[int, msgspec.Meta(ge=0, le=732)] = 280
    half_day_hours: Annotated[int, msgspec.Meta(ge=1, le=12)] = 4
    day_hours: Annotated[int, msgspec.Meta(ge=1, le=24)] = 10
    week_hours: Annotated[int, msgspec.Meta(ge=1, le=168)] = 48

    def wage(self, day: date) -> int | None:
        """Return the least wage of an hour on a day, in cents; None where none was entered."""
        return max(((one.since, one.cents) for one in self.minimum_wage if one.since <= day), default=(day, None))[1]


class Contact(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom hosts and mentors ask: a person or an office of the university."""

    name: Name
    email: Email
    phone: Annotated[str, msgspec.Meta(max_length=50, pattern=r"^[0-9 ()/+.-]*(?!\n)$")] = ""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The policy of a programme: `internships` by the version of its regulation; what day it is goes by `zone`.

    `retention` says how many months documents and what people wrote are kept. Links for hosts and mentors hold for
    `link_days`; `contact` is whom they ask.
    """

    zone: Annotated[str, msgspec.Meta(max_length=64, examples=["Europe/Berlin"])] = "Europe/Berlin"
    internships: Annotated[tuple[Internship, ...], msgspec.Meta(max_length=20)] = ()
    law: Law = Law()
    retention: Retention = Retention()
    link_days: Annotated[int, msgspec.Meta(ge=1, le=90)] = 14
    contact: Contact | None = None

    def __post_init__(self) -> None:
        """Refuse unknown zones, and two rules for one regulation."""
        check_zone("zone", self.zone)
        if len({one.version for one in self.internships}) < len(self.internships):
            raise ValueError("internships: each version can stand there once")

    def internship(self, version: str) -> Internship | None:
        """Return what a version of the regulation demands; None where internships bring nothing."""
        return next((one for one in self.internships if one.version == version), None)
