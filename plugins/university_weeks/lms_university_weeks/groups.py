"""Who attends together: a track, divided by what its students were given of choices, and where it is too large."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple

from lms_university_weeks.week import WeekContent, WeekSession

Chosen = Mapping[str, Collection[Any]]
"""Who was given each session of a choice; sessions of choices that are not assigned are missing."""


class Group(NamedTuple):
    """Students of a track who attend the same: `chosen` sessions, and what is for all of the track."""

    name: str
    track: str
    size: int
    chosen: frozenset[str]

    def comes(self, session: WeekSession, chosen: Chosen) -> bool:
        """Tell whether a session is for the group."""
        if session.key in chosen:
            return session.key in self.chosen
        return not session.tracks or self.track in session.tracks


def groups_of(
    week: WeekContent,
    members: Mapping[str, Sequence[Any]],
    chosen: Chosen,
    most: Callable[[WeekSession], int],
) -> list[Group]:
    """Return the groups of a week, each small enough for `most` people of every session that may split.

    They are called by their track: `mems`, or `mems #2` where its students were given different sessions, or
    `mems 1/2` where a track is too large.
    """
    found = []
    for one in _attending(week, members, chosen):
        limits = [most(session) for session in week.sessions if session.may_split and one.comes(session, chosen)]
        parts = max((-(-one.size // limit) for limit in limits if limit), default=1)
        found += [
            one
            if parts == 1
            else one._replace(name=f"{one.name} {part + 1}/{parts}", size=one.size // parts + (part < one.size % parts))
            for part in range(parts)
        ]
    return found


def _attending(week: WeekContent, members: Mapping[str, Sequence[Any]], chosen: Chosen) -> list[Group]:
    found = []
    for track in week.tracks:
        people = members.get(track.key, ())
        sizes: dict[tuple[str, ...], int] = {}
        for person in people:
            mine = tuple(sorted(key for key, who in chosen.items() if person in who))
            sizes[mine] = sizes.get(mine, 0) + 1
        if len(sizes) < 2:
            mine = next(iter(sizes), ())
            found.append(Group(track.key, track.key, len(people) or track.size, frozenset(mine)))
        for number, mine in enumerate(sorted(sizes) if len(sizes) > 1 else (), 1):
            found.append(Group(f"{track.key} #{number}", track.key, sizes[mine], frozenset(mine)))
    return found


def parts_of(groups: Sequence[Group], coming: Sequence[int], most: int) -> list[tuple[int, ...]]:
    """Divide the groups that come to a session, in their order, so that at most so many come at a time."""
    parts: list[list[int]] = []
    for i in coming:
        if not parts or sum(groups[j].size for j in parts[-1]) + groups[i].size > most:
            parts.append([])
        parts[-1].append(i)
    return [tuple(part) for part in parts]
