"""Which sessions of a week somebody looks at, and what is said of each in words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import groupby, pairwise
from typing import Literal

import msgspec

from lms_core.api import FieldError, InvalidInput
from lms_university_weeks.translate import TRAVEL, Where
from lms_university_weeks.week import SessionKind, WeekContent, WeekSession

KINDS: dict[SessionKind, str] = {"talk": "Talk", "plenary": "Plenary", "visit": "Visit", "social": "Social"}


class View(msgspec.Struct, frozen=True):
    """A part of a week: all of it, one's own, or that of the track, room or lecturer with the key."""

    kind: Literal["all", "me", "track", "room", "lecturer"]
    key: str = ""


class Own(msgspec.Struct, frozen=True):
    """The keys of the sessions that somebody attends, and of those that she teaches."""

    attends: frozenset[str] = frozenset()
    teaches: frozenset[str] = frozenset()


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A session as people read it: from `starts` to `ends` on the clock, `length` slots from `slot` on.

    `journeys` say what brings those there who come from another site.
    """

    key: str
    title: str
    kind: SessionKind
    kind_name: str
    day: date
    slot: int
    length: int
    starts: str
    ends: str
    place: str
    lecturers: str
    tracks: str
    journeys: tuple[str, ...]

    @property
    def told(self) -> str:
        """All that is known of it, in one line."""
        when = f"{self.day:%A} {self.day.isoformat()}, {self.starts} to {self.ends}"
        words = (self.title, self.kind_name, when, self.place, self.lecturers, self.tracks, *self.journeys)
        return "; ".join(word for word in words if word)


def view_of(content: WeekContent, word: str) -> View:
    """Return the view that is called `all`, `me`, `track:KEY`, `room:KEY` or `lecturer:KEY`.

    Raises InvalidInput that says which there are.
    """
    keys = {
        "track": [one.key for one in content.tracks],
        "room": [one.key for one in content.rooms],
        "lecturer": [one.key for one in content.lecturers],
    }
    kind, colon, key = word.partition(":")
    if word in ("all", "me") or (colon and key in keys.get(kind, ())):
        return msgspec.convert({"kind": kind, "key": key}, View)
    if colon and kind in keys:
        reason = f"the week has no {kind} {key}; it has {', '.join(keys[kind]) or 'none at all'}"
    else:
        reason = "must be all, me, track:KEY, room:KEY or lecturer:KEY"
    raise InvalidInput("There is no such view of the week.", errors=[FieldError("query.view", reason)])


def title_of(content: WeekContent, view: View) -> str:
    """Return what stands above a view."""
    names = {
        "me": "my sessions",
        **{f"track:{one.key}": one.name for one in content.tracks},
        **{f"room:{one.key}": one.name for one in content.rooms},
        **{f"lecturer:{one.key}": one.name for one in content.lecturers},
    }
    name = names.get(f"{view.kind}:{view.key}".rstrip(":"))
    return f"{content.title}: {name}" if name else content.title


def shown(content: WeekContent, wheres: Sequence[Where], view: View, own: Own) -> list[Entry]:
    """Return the sessions of a view in the order of time; of those at the same time, in that of the tracks."""
    words = _Words(content)
    chosen = [where for where in wheres if _belongs(where, view, own)]
    order = {one.key: number for number, one in enumerate(content.tracks)}
    chosen.sort(
        key=lambda one: (one.day, one.slot, min((order[_track(name)] for name in one.tracks), default=0), one.key)
    )
    journeys = _journeys(words, chosen, _travellers(chosen, view, own))
    return [words.entry(where, journeys.get(where.key, ())) for where in chosen]


class _Words:
    """The names of a week, looked up by their keys."""

    def __init__(self, content: WeekContent) -> None:
        self.content = content
        self.sessions = {one.key: one for one in content.sessions}
        self.names = {one.key: one.name for one in content.tracks}
        self.people = {one.key: one.name for one in content.lecturers}
        self.sites = {one.key: one.name for one in content.sites}
        self.rooms = {room.key: room for room in content.rooms} | {
            f"company:{one.key}": one for one in content.companies
        }
        self.chosen = {option.key for choice in content.choices for option in choice.sessions}
        self.minutes = {frozenset((trip.from_site, trip.to_site)): trip.minutes for trip in content.travel}

    def session(self, where: Where) -> WeekSession:
        return self.sessions[where.key.partition("/")[0]]

    def site(self, where: Where) -> str | None:
        return self.rooms[where.room].site if where.room else None

    def group(self, group: str) -> str:
        track, *words = group.split(" ")
        return " ".join([self.names[track], *(word for word in words if not word.startswith("#"))])

    def groups(self, one: WeekSession, where: Where) -> str:
        if one.key in self.chosen:
            return "for those who chose it"
        everybody = not one.tracks and "/" not in where.key
        return "for everybody" if everybody else ", ".join(dict.fromkeys(self.group(name) for name in where.tracks))

    def entry(self, where: Where, journeys: Sequence[str]) -> Entry:
        one, (_, _, part) = self.session(where), where.key.partition("/")
        slots, site = self.content.slots, self.site(where)
        return Entry(
            key=where.key,
            title=f"{one.title} ({part})" if part else one.title,
            kind=one.kind,
            kind_name=KINDS[one.kind] + ("" if one.mode == "on_site" else f", {one.mode}"),
            day=where.day,
            slot=where.slot,
            length=one.length,
            starts=slots[where.slot - 1].starts,
            ends=slots[where.slot + one.length - 2].ends,
            place=f"{self.rooms[where.room].name}, {self.sites[site]}" if site else "",
            lecturers=", ".join(self.people[key] for key in where.lecturers),
            tracks=self.groups(one, where),
            journeys=tuple(journeys),
        )


def _track(group: str) -> str:
    return group.partition(" ")[0]


def _belongs(where: Where, view: View, own: Own) -> bool:
    match view.kind:
        case "track":
            return any(_track(group) == view.key for group in where.tracks)
        case "room":
            return where.room == view.key
        case "lecturer":
            return view.key in where.lecturers
        case "me":
            return where.key in own.attends or where.key in own.teaches
        case "all":
            return True


def _travellers(chosen: Sequence[Where], view: View, own: Own) -> list[list[Where]]:
    """Return where each group or lecturer goes, whose way the view shows, one after the other."""
    if view.kind == "room":
        return []
    if view.kind == "lecturer":
        return [list(chosen)]
    attended = [where for where in chosen if view.kind != "me" or where.key in own.attends]
    groups = {group for where in attended for group in where.tracks}
    ways = [
        [where for where in attended if group in where.tracks]
        for group in sorted(groups)
        if view.kind != "track" or _track(group) == view.key
    ]
    return [*ways, [where for where in chosen if where.key in own.teaches]]


def _journeys(words: _Words, chosen: Sequence[Where], travellers: Sequence[Sequence[Where]]) -> dict[str, list[str]]:
    """Say by the key of a session how those get there who were at another site before, on the same day."""
    found: dict[str, list[str]] = {}
    for ways in travellers:
        present = (where for where in ways if where.room)  # what is online is wherever one is
        for _, day in groupby(present, key=lambda where: where.day):
            for before, after in pairwise(day):
                start, end = words.site(before), words.site(after)
                assert start
                assert end
                minutes = words.minutes.get(frozenset((start, end)), TRAVEL)
                told = f"bus from {words.sites[start]} to {words.sites[end]}, {minutes} min"
                if start != end and minutes and told not in found.setdefault(after.key, []):
                    found[after.key].append(told)
    return found
