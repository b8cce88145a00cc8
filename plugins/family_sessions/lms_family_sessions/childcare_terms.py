"""What is entered and shown about childcare."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from msgspec import Meta

from lms_core.api import BadValue, Name, Payload, View, Zone, check_zone
from lms_family_sessions.settings import Clock

MOST_DAYS = 92

Age = Annotated[int, Meta(ge=0, le=17)]
Places = Annotated[int, Meta(ge=1, le=200)]
Cents = Annotated[int, Meta(ge=0, le=100_000)]
Currency = Annotated[str, Meta(pattern=r"^[A-Z]{3}(?!\n)$")]
Wall = Annotated[datetime, Meta(tz=False)]

BookingState = Literal["booked", "waiting", "cancelled"]
Cost = Literal["none", "due", "paid", "waived", "refund"]
"""Nothing is to be paid; it is due; it was paid; the family office waives it; it was paid and is to be given back."""


class Terms(Payload, frozen=True, kw_only=True):
    """What is offered on a day: hours on the wall in `zone`, places, for children from one age to another, inclusive.

    Whoever wants a place books until `closes` (on the wall in `zone`) and may cancel without costs until `freeUntil`.
    """

    begins: Clock
    ends: Clock
    zone: Zone
    place: Name
    places: Places
    age_from: Age
    age_to: Age
    closes: Wall
    free_until: Wall
    cost_cents: Cents = 0
    currency: Currency = "EUR"

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        check_zone("zone", self.zone)
        if self.ends <= self.begins:
            raise BadValue("ends", f"must be after {self.begins}")
        if self.age_to < self.age_from:
            raise BadValue("ageTo", f"must be at least {self.age_from}")
        for field, wall in (("closes", self.closes), ("freeUntil", self.free_until)):
            if not 2000 <= wall.year <= 2200:
                raise BadValue(field, "must lie between the years 2000 and 2200")

    def check_days(self, field: str, days: list[date]) -> None:
        """Refuse days on which no clock shows these hours, and what ends after the first day has begun."""
        for day in days:
            if not 2000 <= day.year <= 2200:
                raise BadValue(field, "must lie between the years 2000 and 2200")
            for clock in (self.begins, self.ends):
                wall = at(day, clock)
                if instant(wall, self.zone).astimezone(ZoneInfo(self.zone)).replace(tzinfo=None) != wall:
                    raise BadValue(field, f"no clock in {self.zone} shows {clock} on {day}")
        for name, wall in (("closes", self.closes), ("freeUntil", self.free_until)):
            if wall > at(days[0], self.begins):
                raise BadValue(name, f"must not be after {at(days[0], self.begins)}, when it begins")


class NewOffers(Terms, frozen=True, kw_only=True):
    """The same offer for each day, from the first to the last, on which one of the runs has a session.

    Participants of the runs may book. With `everyDay` it is for each day, whether there is a session or not.
    """

    runs: Annotated[tuple[UUID, ...], Meta(min_length=1, max_length=50)]
    first_day: date
    last_day: date
    every_day: bool = False

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        super().__post_init__()
        if not timedelta(0) <= self.last_day - self.first_day < timedelta(days=MOST_DAYS):
            raise BadValue("lastDay", f"must be the first day, or one of the {MOST_DAYS - 1} days after it")
        self.check_days("firstDay", self.days)

    @property
    def days(self) -> list[date]:
        """All days from the first to the last."""
        return [self.first_day + timedelta(days=n) for n in range((self.last_day - self.first_day).days + 1)]


class OfferContent(Terms, frozen=True, kw_only=True):
    """An offer as it is to be from now on."""

    day: date

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        super().__post_init__()
        self.check_days("day", [self.day])


class Offer(View, frozen=True, kw_only=True):
    """Childcare on a day; each change counts `revision` up. `open` while it can be booked.

    `booked` and `waiting` count children; null while they are fewer than five.
    """

    id: UUID
    revision: int
    day: date
    begins: str
    ends: str
    zone: str
    place: str
    places: int
    age_from: int
    age_to: int
    closes: Wall
    closes_at: datetime
    free_until: Wall
    free_until_at: datetime
    cost_cents: int
    currency: str
    runs: list[UUID]
    open: bool
    cancelled_at: datetime | None
    booked: int | None
    waiting: int | None


class Offers(View, frozen=True):
    """Offers in the order in which they were entered; `next`, unless it is null, is the cursor of the next page."""

    items: list[Offer]
    next: UUID | None


class NewBooking(Payload, frozen=True):
    """A place for one child, who is that old, in years, on the day of the offer. Nothing else is asked or kept."""

    age: Age


class Booking(View, frozen=True, kw_only=True):
    """A place for a child, or one that is waited for, and what is to be paid for it."""

    id: UUID
    offer_id: UUID
    age: int
    state: BookingState
    cost: Cost
    cost_cents: int
    currency: str
    revision: int
    changed_at: datetime


class Bookings(View, frozen=True):
    """A person's bookings in the order in which she made them."""

    items: list[Booking]


class CareTime(View, frozen=True):
    """Between which hours how many children of which ages are cared for; nobody is named."""

    begins: str
    ends: str
    ages: list[int]


class Family(View, frozen=True, kw_only=True):
    """Who booked, and for whom; waiting ones in their order."""

    booking: Booking
    person_id: UUID
    name: str
    email: str


class Families(View, frozen=True):
    """The bookings of an offer that hold, or were cancelled but cost something; booked ones first."""

    items: list[Family]


class CostDecision(Payload, frozen=True):
    """What is to be paid: `due`, `paid`, `waived`, or `none` after it was given back."""

    cost: Literal["none", "due", "paid", "waived"]


def instant(wall: datetime, zone: str) -> datetime:
    """Return the moment, in UTC, at which a clock in the zone shows this; the first, where it does so twice."""
    return wall.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def at(day: date, clock: str) -> datetime:
    """Return a wall time."""
    return datetime.combine(day, time.fromisoformat(clock))
