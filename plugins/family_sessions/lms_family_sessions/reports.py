"""What planners may learn of a plan: never anything that depends on fewer than five people.

Who changes one thing at a time and looks what becomes of it learns of a number that it includes one person more. So no
number is made from a crowd that a planner picks, or that several needs are mixed in:

- Needs are looked at one by one: a need is a constraint with its days, weekdays and hours, or a school calendar. One
  that fewer than five people of the whole programme share counts as if it were not there, in every answer, for every
  session. What five share is told in classes, from 5, 10, 20 on.
- They are counted in the programme, not among those whom somebody asks about; to leave a person out of a question, or
  ask about one run and another, changes nothing.
- Needs are not added up: several people with different needs at the same time are several needs. Of those that a
  session meets, the most frequent one is told.

Whoever has a need that nobody shares is invisible here. Dates that are proposed are made for her all the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Literal

import msgspec

from lms_core.api import View
from lms_family_sessions.calendars import Calendar
from lms_family_sessions.constraints import Constraint
from lms_family_sessions.scores import (
    WEIGHTS,
    Kind,
    Meeting,
    Person,
    Policy,
    Schools,
    days_of,
    for_everybody,
    hits,
    weekend,
)

FEWEST = 5
"""People that must share a need before anything is told of it."""

People = Literal["5 to 9", "10 to 19", "20 or more"]

_CLASSES: tuple[tuple[int, People], ...] = ((20, "20 or more"), (10, "10 to 19"), (5, "5 to 9"))

_NOT_THE_NEED = ("id", "programme_id", "person_id", "entry_id")


class Finding(View, frozen=True):
    """What a session is like: for `people` who share a need, or (null) for whoever comes."""

    session: str
    kind: Kind
    people: People | None


Need = tuple[Any, ...]


class Common(msgspec.Struct, frozen=True):
    """The needs that at least five people share, each with one example and how many have it."""

    constraints: tuple[tuple[Constraint, int], ...]
    calendars: tuple[tuple[Calendar, int], ...]


def common(people: Iterable[Person]) -> Common:
    """Return the needs of a whole programme that may be told."""
    constraints: Counter[Need] = Counter()
    examples: dict[Need, Constraint] = {}
    calendars: Counter[Calendar] = Counter()
    for person in people:
        own = {_need(one): one for one in person.constraints}
        constraints.update(own.keys())
        examples |= own
        calendars.update(set(person.calendars))
    return Common(
        tuple(
            sorted(
                ((examples[need], many) for need, many in constraints.items() if many >= FEWEST),
                key=lambda one: repr(_need(one[0])),
            )
        ),
        tuple(sorted((one, many) for one, many in calendars.items() if many >= FEWEST)),
    )


def report(shared: Common, meetings: Sequence[Meeting], policy: Policy, schools: Schools) -> list[Finding]:
    """Return what is to be told of a plan, session by session."""
    found: list[Finding] = []
    weekends = {weekend(days_of(meeting, policy)) for meeting in meetings}
    for meeting in meetings:
        own: list[tuple[Kind, int | None]] = [*_shared(shared, meeting, policy, schools).items()]
        own += [(kind, None) for kind in for_everybody(meeting, policy)]
        number = weekend(days_of(meeting, policy))
        if number is not None and number - 1 in weekends:
            own.append(("consecutive", None))
        found += [Finding(meeting.key, kind, people(many) if many else None) for kind, many in own]
    return found


def slot_cost(shared: Common, meeting: Meeting, policy: Policy, schools: Schools, asked: int) -> int:
    """Return what a slot costs whoever is asked about: the needs of the programme, not those of these people.

    Of fewer than five people (`asked`) only what it costs everybody. A need counts as often as its class begins with.
    """
    total = for_everybody(meeting, policy).total()
    if asked >= FEWEST:
        total += sum(
            WEIGHTS[kind] * next(least for least, _ in _CLASSES if many >= least)
            for kind, many in _shared(shared, meeting, policy, schools).items()
        )
    return total


def people(many: int) -> People:
    """Return the class of a number of people, at least five."""
    return next(name for least, name in _CLASSES if many >= least)


def _shared(shared: Common, meeting: Meeting, policy: Policy, schools: Schools) -> dict[Kind, int]:
    """Return the kinds of needs that a session meets, with how many share the most frequent need of that kind."""
    most: dict[Kind, int] = {}

    def note(kind: Kind, many: int) -> None:
        most[kind] = max(many, most.get(kind, 0))

    for one, many in shared.constraints:
        if hits(one, meeting):
            note(one.strength, many)
    for calendar, many in shared.calendars:
        days = days_of(meeting, policy)
        if any(day in schools[calendar].free for day in days):
            note("school_free", many)
        elif not all(schools[calendar].known(day) for day in days):
            note("school_unknown", many)
    return most


def _need(one: Constraint) -> Need:
    return tuple(getattr(one, name) for name in Constraint.__struct_fields__ if name not in _NOT_THE_NEED)
