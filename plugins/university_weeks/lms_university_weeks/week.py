"""A University Week as its planner enters it: one document, edited as a whole, in the words that people use.

Days are dates, slots are counted from 1 within a day, and everything else is named by a short key.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from lms_core.api import BadValue, Name, Payload, Zone, check_zone

Key = Annotated[str, msgspec.Meta(max_length=60, pattern=r"^[a-z0-9][a-z0-9._-]*(?!\n)$")]
Place = Annotated[str, msgspec.Meta(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
Clock = Annotated[str, msgspec.Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9](?!\n)$")]
Small = Annotated[int, msgspec.Meta(ge=1, le=24)]
People = Annotated[int, msgspec.Meta(ge=0, le=100_000)]
Minutes = Annotated[int, msgspec.Meta(ge=0, le=24 * 60)]
Language = Annotated[str, msgspec.Meta(pattern=r"^[a-z]{2}(?!\n)$")]
Languages = Annotated[tuple[Language, ...], msgspec.Meta(max_length=50)]
WallTime = Annotated[datetime, msgspec.Meta(tz=False)]

SessionKind = Literal["talk", "plenary", "visit", "social"]
Mode = Literal["on_site", "hybrid", "online"]


class SlotTime(Payload, frozen=True):
    """When a slot begins and ends on the clock, each day: `08:30` to `10:00`."""

    starts: Clock
    ends: Clock


class When(Payload, frozen=True, omit_defaults=True):
    """Slots of a day, counted from 1; none named means the whole day."""

    day: date
    slots: tuple[Small, ...] = ()


class Site(Payload, frozen=True, kw_only=True):
    """A campus, a firm's plant or wherever else sessions take place."""

    key: Key
    name: Name
    address: Place = ""


class Travel(Payload, frozen=True, rename={"from_site": "from", "to_site": "to"}, kw_only=True):
    """How long it takes from one site to another (and back); 30 minutes where nothing is said."""

    from_site: Key
    to_site: Key
    minutes: Minutes


class Room(Payload, frozen=True, kw_only=True):
    """A room or laboratory. No more than `safety_cap` people are in it at a time, however many seats it has."""

    key: Key
    name: Name
    site: Key
    seats: People
    safety_cap: People | None = None
    equipment: tuple[Name, ...] = ()
    closed: tuple[When, ...] = ()


class Lecturer(Payload, frozen=True, kw_only=True):
    """Someone who teaches: with an account (`person_id`) or without.

    `available` is null as long as it is not known, and then all of the week; what she enters herself takes its place.
    She teaches at most `slots_a_day`, in these `languages` (or any).
    """

    key: Key
    name: Name
    organisation: Place = ""
    person_id: UUID | None = None
    available: tuple[When, ...] | None = None
    disliked: tuple[When, ...] = ()
    slots_a_day: Small | None = None
    languages: Languages = ()


class Track(Payload, frozen=True, kw_only=True):
    """A group of students who attend the same; `size` is how many are expected as long as none are named.

    All of them understand these `languages` (or any).
    """

    key: Key
    name: Name
    size: People
    languages: Languages = ()


class Company(Payload, frozen=True, kw_only=True):
    """A firm that is visited: at which times it receives how many, and how long before it wants their names."""

    key: Key
    name: Name
    site: Key
    windows: tuple[When, ...] = ()
    most: People
    names_due_days: Annotated[int, msgspec.Meta(ge=0, le=60)] = 0


class Pin(Payload, frozen=True):
    """Where a session stays, whatever is planned around it."""

    day: date
    slot: Small
    room: Key | None = None


class WeekSession(Payload, frozen=True, kw_only=True):
    """Something that is to take place once, or may (`must` is false).

    It lasts `length` slots. Without `tracks` it is for everybody. All `lecturers` are needed, and one of those in
    `one_of` who speak its `language` (ISO 639-1). Of the `rooms` (or all) only those count that hold
    everybody and have the `equipment`; a visit takes place at its `company`, and what is online needs no room. It comes
    after the sessions in `after`, and begins at one of the times in `only`, if there are any. If it `may_split`, it is
    repeated where a group is too large for every room. `run_id` is the run whose session it becomes, if it is
    not that of the week.
    """

    key: Key
    title: Name
    kind: SessionKind = "talk"
    must: bool = True
    length: Small = 1
    tracks: tuple[Key, ...] = ()
    lecturers: tuple[Key, ...] = ()
    one_of: tuple[Key, ...] = ()
    rooms: tuple[Key, ...] = ()
    equipment: tuple[Name, ...] = ()
    language: Annotated[str, msgspec.Meta(pattern=r"^([a-z]{2})?(?!\n)$")] = ""
    mode: Mode = "on_site"
    company: Key | None = None
    after: tuple[Key, ...] = ()
    only: tuple[When, ...] = ()
    may_split: bool = False
    pinned: Pin | None = None
    run_id: UUID | None = None


class Option(Payload, frozen=True, omit_defaults=True):
    """What can be chosen, and by how many; null where the room that it needs, or the firm, says how many."""

    key: Key
    places: People | None = None


class WeekChoice(Payload, frozen=True, kw_only=True):
    """What students choose among until it `closes` on the clock: either tracks or sessions.

    Each gets one track, or `each` of the sessions. Who gets none of a choice's sessions need not come to any.
    """

    key: Key
    title: Name
    tracks: tuple[Option, ...] = ()
    sessions: tuple[Option, ...] = ()
    each: Small = 1
    closes: WallTime

    @property
    def options(self) -> tuple[Option, ...]:
        """What can be chosen, of either kind."""
        return self.tracks + self.sessions


Ects = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,2}(\.[0-9]{1,2})?(?!\n)$")]


class Credit(Payload, frozen=True):
    """What the week counts for those who were there for at least so many percent of the minutes they had to be."""

    ects: Ects
    percent: Annotated[int, msgspec.Meta(ge=1, le=100)] = 80


class WeekContent(Payload, frozen=True, kw_only=True):
    """All that is known of a week before it is planned. Its sessions become sessions of `run_id`.

    A bus has 50 seats; `buses` is null where there are enough. `childcare` counts places in each slot. A track has
    at most `slots_a_day` of sessions.
    """

    title: Name
    run_id: UUID
    zone: Zone = "Europe/Berlin"
    days: Annotated[tuple[date, ...], msgspec.Meta(min_length=1, max_length=14)]
    slots: Annotated[tuple[SlotTime, ...], msgspec.Meta(min_length=1, max_length=10)]
    sites: Annotated[tuple[Site, ...], msgspec.Meta(min_length=1, max_length=50)]
    travel: Annotated[tuple[Travel, ...], msgspec.Meta(max_length=1000)] = ()
    rooms: Annotated[tuple[Room, ...], msgspec.Meta(max_length=300)] = ()
    lecturers: Annotated[tuple[Lecturer, ...], msgspec.Meta(max_length=300)] = ()
    tracks: Annotated[tuple[Track, ...], msgspec.Meta(min_length=1, max_length=30)]
    companies: Annotated[tuple[Company, ...], msgspec.Meta(max_length=100)] = ()
    sessions: Annotated[tuple[WeekSession, ...], msgspec.Meta(max_length=300)] = ()
    choices: Annotated[tuple[WeekChoice, ...], msgspec.Meta(max_length=30)] = ()
    buses: Annotated[int, msgspec.Meta(ge=0, le=100)] | None = None
    childcare: People = 0
    slots_a_day: Small = 24
    credit: Credit | None = None

    def __post_init__(self) -> None:
        """Refuse an unknown zone and days or slots that are not in order."""
        check_zone("zone", self.zone)
        if list(self.days) != sorted(set(self.days)):
            raise BadValue("days", "must be in order, each of them once")
        clocks = [clock for slot in self.slots for clock in (slot.starts, slot.ends)]
        if clocks != sorted(clocks) or any(slot.starts == slot.ends for slot in self.slots):
            raise BadValue("slots", "must follow each other on the clock, each ending after it begins")


INTERPRETING = "interpreting"
"""The equipment of a session that is interpreted for those who do not understand its language."""


def knows(one: Lecturer | Track, language: str) -> bool:
    """Tell whether a lecturer or track knows a language."""
    return not language or not one.languages or language in one.languages


def holds(week: WeekContent, session: WeekSession) -> int | None:
    """Return how many can be at a session at most; None where no room says so, or it is repeated as often as needed."""
    if session.company:
        return next((one.most for one in week.companies if one.key == session.company), None)
    if session.mode == "online" or session.may_split:
        return None
    return max(
        (
            room.seats if room.safety_cap is None else min(room.seats, room.safety_cap)
            for room in week.rooms
            if (not session.rooms or room.key in session.rooms) and set(session.equipment) <= set(room.equipment)
        ),
        default=None,
    )


def places_of(week: WeekContent, choice: WeekChoice) -> dict[str, int]:
    """Return for how many each option of a choice is."""
    sessions = {one.key: one for one in week.sessions}
    found = {}
    for option in choice.options:
        most = holds(week, sessions[option.key]) if choice.sessions else None
        found[option.key] = most or 0 if option.places is None else option.places
    return found
