"""From the words of a planner to the numbers of the solver, and back.

Groups, into which tracks are divided, attend everything together. As long as the places of a choice are not given,
every student of the tracks concerned may come to each of its sessions, though no more than there are places.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise, product
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from lms_core.api import SessionConstraint
from lms_university_weeks.engine import problem as engine
from lms_university_weeks.engine.change import Change
from lms_university_weeks.engine.plan import Placed
from lms_university_weeks.groups import Chosen, groups_of, parts_of
from lms_university_weeks.week import Company, Lecturer, Room, WeekContent, WeekSession, When, knows, places_of

TRAVEL = 30
"""Minutes between two sites of which nothing is said."""

LEFT_OUT = 10_000
"""What it costs to leave out an optional session: more than all burdens together, as a rule."""

CANNOT, RATHER_NOT = 20, 3
"""What it costs for each person who cannot come to a session, or would rather not."""


class Taking(msgspec.Struct, frozen=True):
    """A session as it takes place, or one part of a session that is split: `part` of `parts`, from 1."""

    session: str
    part: int
    parts: int

    @property
    def key(self) -> str:
        """The session's key, with the part behind it if there are several."""
        return self.session if self.parts == 1 else f"{self.session}/{self.part}"


class Where(msgspec.Struct, frozen=True, rename="camel"):
    """A session in a plan, in the planner's words: on which day, from which slot on, in which room, taught by whom.

    `tracks` are those that come, each with its part if it was divided (`mems 1/2`). `room` is empty for what is online.
    """

    key: str
    day: date
    slot: int
    room: str
    lecturers: tuple[str, ...]
    tracks: tuple[str, ...]


class Translated(msgspec.Struct, frozen=True):
    """A problem for the solver; its sessions, rooms and groups are those of these lists, in the same order."""

    problem: engine.Problem
    takings: tuple[Taking, ...]
    rooms: tuple[str, ...]
    groups: tuple[str, ...]


def translate(
    week: WeekContent,
    members: Mapping[str, Sequence[Any]] | None = None,
    constraints: Sequence[SessionConstraint] = (),
    chosen: Chosen | None = None,
) -> Translated:
    """Return the problem of a week.

    `members` are the persons of each track, as far as they are known; `constraints` say when some of them cannot come,
    and `chosen` who was given which session of the choices that are assigned.
    """
    return _Translation(week, members or {}, constraints, chosen or {}).done()


class _Translation:
    """The numbers of a week's rooms, lecturers, tracks and sessions, worked out one after the other."""

    def __init__(
        self,
        week: WeekContent,
        members: Mapping[str, Sequence[Any]],
        constraints: Sequence[SessionConstraint],
        chosen: Chosen,
    ) -> None:
        self.week = week
        self.per_day = len(week.slots)
        self.members, self.constraints, self.chosen = members, constraints, chosen
        self.places = {key: most for one in week.choices if one.sessions for key, most in places_of(week, one).items()}
        self.sites = {site.key: i for i, site in enumerate(week.sites)}
        self.lecturers = {one.key: i for i, one in enumerate(week.lecturers)}
        online = [one for one in week.sessions if one.mode == "online"]
        self.rooms = {
            **{room.key: self._room(room) for room in week.rooms},
            **{f"company:{one.key}": self._company(one) for one in week.companies},
            **{f"online:{one.key}": engine.Room(len(week.sites), 100_000) for one in online},
        }
        self.numbers = {key: i for i, key in enumerate(self.rooms)}
        self.groups = groups_of(week, members, chosen, self._most)

    def done(self) -> Translated:
        takings: list[Taking] = []
        sessions: list[engine.Session] = []
        for one in self.week.sessions:
            parts = self._parts(one)
            for part, groups in enumerate(parts, 1):
                takings.append(Taking(one.key, part, len(parts)))
                sessions.append(self._session(one, len(sessions), takings[-1], groups))
        named: dict[str, list[int]] = {one.key: [] for one in self.week.sessions}
        for number, taking in enumerate(takings):
            named[taking.session].append(number)
        before = tuple(
            (first, second)
            for one in self.week.sessions
            for earlier in one.after
            for first, second in product(named[earlier], named[one.key])
            if len(named[earlier]) == 1 or set(sessions[first].groups) & set(sessions[second].groups)
        )
        week = self.week
        problem = engine.Problem(
            days=len(week.days),
            per_day=self.per_day,
            rooms=tuple(self.rooms.values()),
            sessions=tuple(sessions),
            group_size=tuple(group.size for group in self.groups),
            available=tuple(self._available(one.available) for one in week.lecturers),
            disliked=tuple(self.slots(one.disliked) for one in week.lecturers),
            max_per_day=tuple(one.slots_a_day for one in week.lecturers),
            before=before,
            travel=tuple(self._travel()),
            sites=len(week.sites) + 1,
            buses=week.buses,
            childcare=week.childcare,
            max_day=week.slots_a_day,
            group_names=tuple(group.name for group in self.groups),
            lecturer_names=tuple(one.name for one in week.lecturers),
            site_names=(*(one.name for one in week.sites), "online"),
            day_names=tuple(f"{day:%A} {day.isoformat()}" for day in week.days),
        )
        return Translated(problem, tuple(takings), tuple(self.rooms), tuple(group.name for group in self.groups))

    def slots(self, times: Sequence[When]) -> tuple[int, ...]:
        """Return the numbers of the slots that are meant."""
        found: set[int] = set()
        for when in times:
            first = self.week.days.index(when.day) * self.per_day
            found |= {first + slot - 1 for slot in when.slots or range(1, self.per_day + 1)}
        return tuple(sorted(found))

    def _available(self, times: Sequence[When] | None) -> tuple[int, ...]:
        return tuple(range(len(self.week.days) * self.per_day)) if times is None else self.slots(times)

    def _room(self, room: Room) -> engine.Room:
        most = room.seats if room.safety_cap is None else min(room.seats, room.safety_cap)
        return engine.Room(self.sites[room.site], most, room.equipment, self.slots(room.closed), room.name)

    def _company(self, one: Company) -> engine.Room:
        closed: tuple[int, ...] = ()
        if one.windows:
            closed = tuple(sorted({*range(len(self.week.days) * self.per_day)} - set(self.slots(one.windows))))
        return engine.Room(self.sites[one.site], one.most, (), closed, one.name)

    def _travel(self) -> list[tuple[int, int, int]]:
        told = {frozenset((trip.from_site, trip.to_site)): trip.minutes for trip in self.week.travel}
        found = [(i, len(self.sites), 0) for i in range(len(self.sites))]  # what is online is wherever one is
        for (one, i), (other, j) in product(self.sites.items(), self.sites.items()):
            if i < j:
                found.append((i, j, self._slots_for(told.get(frozenset((one, other)), TRAVEL))))
        return found

    def _slots_for(self, minutes: int) -> int:
        """Return how many free slots a journey takes, wherever in the day it begins."""
        clocks = [(_minutes(slot.starts), _minutes(slot.ends)) for slot in self.week.slots]
        pause = min((after[0] - before[1] for before, after in pairwise(clocks)), default=0)
        shortest = min(ends - starts for starts, ends in clocks)
        free = 0
        while free * shortest + (free + 1) * pause < minutes:
            free += 1
        return min(free, self.per_day)

    def _fitting(self, one: WeekSession) -> list[int]:
        """Return the rooms in which a session can be, whatever its size."""
        if one.mode == "online":
            return [self.numbers[f"online:{one.key}"]]
        if one.company:
            return [self.numbers[f"company:{one.company}"]]
        wanted = one.rooms or tuple(room.key for room in self.week.rooms)
        return [self.numbers[key] for key in wanted if set(one.equipment) <= set(self.rooms[key].equipment)]

    def _most(self, one: WeekSession) -> int:
        rooms = list(self.rooms.values())
        return max((rooms[number].capacity for number in self._fitting(one)), default=0)

    def _parts(self, one: WeekSession) -> list[tuple[int, ...]]:
        """Return the groups that come, together or, where they are too many, in parts one after the other."""
        coming = tuple(i for i, group in enumerate(self.groups) if group.comes(one, self.chosen))
        most = self._most(one)
        return parts_of(self.groups, coming, most) if one.may_split and self._size(one, coming) > most else [coming]

    def _size(self, one: WeekSession, groups: Sequence[int]) -> int:
        size = sum(self.groups[i].size for i in groups)
        return min(size, self.places.get(one.key, size))

    def _session(self, one: WeekSession, number: int, taking: Taking, groups: tuple[int, ...]) -> engine.Session:
        starts = self.slots(one.only) if one.only else None
        if one.company and not one.only:
            starts = tuple(  # when it may begin is for the company to say
                day * self.per_day + place
                for day in range(len(self.week.days))
                for place in range(self.per_day - one.length + 1)
            )
        pinned = None
        if one.pinned and taking.part == 1:
            start = self.slots([When(one.pinned.day, (one.pinned.slot,))])[0]
            if one.pinned.room:
                pinned = (start, self.numbers[one.pinned.room])
            else:
                starts = (start,)
        return engine.Session(
            id=number,
            length=one.length,
            groups=groups,
            lecturers=tuple(self.lecturers[key] for key in one.lecturers),
            alternatives=tuple(self.lecturers[who.key] for who in self._able(one)),
            kind=one.kind,
            size=self._size(one, groups),
            rooms=tuple(self._fitting(one)),
            name=one.title if taking.parts == 1 else f"{one.title} ({taking.part} of {taking.parts})",
            starts=starts,
            pinned=pinned,
            optional=not one.must,
            weight=LEFT_OUT,
            slot_costs=self._costs(one),
        )

    def _able(self, one: WeekSession) -> list[Lecturer]:
        """Return those of whom one is needed who speak the session's language."""
        return [who for key in one.one_of for who in self.week.lecturers if who.key == key and knows(who, one.language)]

    def _costs(self, one: WeekSession) -> dict[int, int]:
        """Return what each start costs because of persons who cannot come then, or would rather not."""
        if not self.constraints:
            return {}
        tracks = one.tracks or [track.key for track in self.week.tracks]
        coming = {person for track in tracks for person in self.members.get(track, ())}
        coming &= set(self.chosen.get(one.key, coming))
        costs: dict[int, int] = {}
        for constraint in self.constraints:
            if constraint.person_id not in coming:
                continue
            cost = CANNOT if constraint.strength == "cannot" else RATHER_NOT
            for day, place in product(range(len(self.week.days)), range(self.per_day - one.length + 1)):
                starts, ends = moments(self.week, self.week.days[day], place + 1, one.length)
                if starts < constraint.ends and constraint.starts < ends:
                    start = day * self.per_day + place
                    costs[start] = min(costs.get(start, 0) + cost, 100_000)
        return costs


def told(week: WeekContent, translated: Translated, placed: Sequence[Placed]) -> list[Where]:
    """Return a plan in the planner's words, in the order of time."""
    by_key = {one.key: one for one in week.sessions}
    found = []
    for place in sorted(placed, key=lambda place: (place.start, place.id)):
        taking, asked = translated.takings[place.id], translated.problem.sessions[place.id]
        one, per_day = by_key[taking.session], translated.problem.per_day
        chosen = () if place.lecturer is None else (week.lecturers[place.lecturer].key,)
        found.append(
            Where(
                taking.key,
                week.days[place.start // per_day],
                place.start % per_day + 1,
                translated.rooms[place.room].removeprefix(f"online:{one.key}"),
                (*one.lecturers, *chosen),
                tuple(translated.groups[group] for group in asked.groups),
            )
        )
    return found


def placed(week: WeekContent, translated: Translated, wheres: Sequence[Where]) -> tuple[Placed, ...]:
    """Return a plan in the solver's numbers; sessions and rooms that the week no longer has are left out."""
    numbers = {taking.key: number for number, taking in enumerate(translated.takings)}
    rooms = {key: number for number, key in enumerate(translated.rooms)}
    lecturers = {one.key: number for number, one in enumerate(week.lecturers)}
    found = []
    for where in wheres:
        session, _, _ = where.key.partition("/")
        room = rooms.get(where.room or f"online:{session}")
        number = numbers.get(where.key)
        if number is None or room is None or where.day not in week.days:
            continue
        start = week.days.index(where.day) * translated.problem.per_day + where.slot - 1
        choice = [lecturers[key] for key in where.lecturers if key in lecturers]
        chosen = next((who for who in choice if who in translated.problem.sessions[number].alternatives), None)
        found.append(Placed(number, start, room, chosen))
    return tuple(found)


def changed(
    week: WeekContent,
    translated: Translated,
    *,
    cancelled: Sequence[str] = (),
    lecturers: Mapping[str, Sequence[When]],
    rooms: Mapping[str, Sequence[When]],
    tracks: Mapping[str, Sequence[When]],
    moment: datetime | None = None,
) -> Change:
    """Return what has happened to a published week in the solver's numbers; what is before `moment` stays."""
    numbers = _Translation(week, {}, (), {})
    now = 0
    if moment:
        for day, place in product(range(len(week.days)), range(len(week.slots))):
            if moments(week, week.days[day], place + 1, 1)[0] <= moment:
                now = day * len(week.slots) + place + 1
    return Change(
        cancel=tuple(i for i, taking in enumerate(translated.takings) if taking.session in cancelled),
        lecturers=tuple((numbers.lecturers[key], numbers.slots(times)) for key, times in lecturers.items()),
        rooms=tuple((numbers.numbers[key], numbers.slots(times)) for key, times in rooms.items()),
        groups=tuple(
            (i, numbers.slots(times))
            for key, times in tracks.items()
            for i, name in enumerate(translated.groups)
            if name.partition(" ")[0] == key
        ),
        now=now,
    )


def moments(week: WeekContent, day: date, slot: int, length: int) -> tuple[datetime, datetime]:
    """Return when a session of so many slots begins and ends."""
    starts, ends = walls(week, day, slot, length)
    zone = ZoneInfo(week.zone)
    return starts.replace(tzinfo=zone), ends.replace(tzinfo=zone)


def walls(week: WeekContent, day: date, slot: int, length: int) -> tuple[datetime, datetime]:
    """Return what the clock shows when a session of so many slots begins and ends."""
    midnight = datetime(day.year, day.month, day.day)
    starts, ends = week.slots[slot - 1].starts, week.slots[slot + length - 2].ends
    return midnight + timedelta(minutes=_minutes(starts)), midnight + timedelta(minutes=_minutes(ends))


def _minutes(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)
