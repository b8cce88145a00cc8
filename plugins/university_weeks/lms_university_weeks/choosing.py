"""What students choose: their wishes until a choice closes, and what each was given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import select

from lms_core.api import (
    AsyncConnection,
    Conflict,
    Context,
    FieldError,
    Forbidden,
    InvalidInput,
    NotFound,
    Payload,
    View,
    insert_into,
    now,
    read_participants,
)
from lms_university_weeks import weeks
from lms_university_weeks.members import tracks_of
from lms_university_weeks.tables import assignment, given, wish
from lms_university_weeks.week import Key, WeekChoice, WeekContent, places_of


class Wishes(Payload, frozen=True):
    """The options of a choice that somebody wants, the best first; those that are left out are all the same to her.

    None at all takes back what she has said.
    """

    ranked: Annotated[tuple[Key, ...], msgspec.Meta(max_length=300)]


class ChoiceOption(View, frozen=True):
    """What can be chosen, and by how many."""

    key: str
    title: str
    places: int


class GivenOption(View, frozen=True):
    """What somebody was given: which of her wishes, from 1 on; null for what she did not name."""

    key: str
    rank: int | None


class MyChoice(View, frozen=True, kw_only=True):
    """A choice as a student sees it: her wishes, and what she was given; null until the places are."""

    key: str
    title: str
    each: int
    closes_at: datetime
    open: bool
    options: list[ChoiceOption]
    ranked: tuple[str, ...]
    given: list[GivenOption] | None


class MyChoices(View, frozen=True):
    """The choices of a week in which a student takes part, as they are entered."""

    items: list[MyChoice]


class Demand(View, frozen=True):
    """An option of a choice, and how many want it first, second and so on."""

    key: str
    title: str
    places: int
    ranks: list[int]


class Chooser(View, frozen=True):
    """Someone who may choose."""

    person_id: UUID
    name: str


class ChoiceState(View, frozen=True, kw_only=True):
    """How a choice stands: what is wanted, by how many, and who has not answered, in the order of names."""

    key: str
    title: str
    each: int
    closes_at: datetime
    open: bool
    options: list[Demand]
    answered: int
    missing: list[Chooser]


class Choosing(msgspec.Struct, frozen=True):
    """A choice with its week, and the names of those who may choose."""

    content: WeekContent
    choice: WeekChoice
    people: Mapping[UUID, str]
    unsettled: frozenset[UUID]

    @property
    def closes_at(self) -> datetime:
        """The moment from which on nobody can choose."""
        return self.choice.closes.replace(tzinfo=ZoneInfo(self.content.zone))

    @property
    def options(self) -> list[ChoiceOption]:
        """What can be chosen."""
        titles = {one.key: one.name for one in self.content.tracks}
        if self.choice.sessions:
            titles = {one.key: one.title for one in self.content.sessions}
        return [ChoiceOption(key, titles[key], places) for key, places in places_of(self.content, self.choice).items()]


async def read_choosing(
    context: Context, connection: AsyncConnection, week_id: UUID, key: str, *, hold: weeks.Hold | None = None
) -> Choosing:
    """Return a choice with those who may choose: students of the tracks that its sessions are for. Raises NotFound.

    Three statements; `hold` is as for `weeks.read`.
    """
    content = (await weeks.read(context, connection, week_id, hold=hold)).content
    choice = next((one for one in content.choices if one.key == key), None)
    if choice is None:
        raise NotFound(f"The week has no choice {key}.")
    return _choosing(content, choice, *await _people(connection, week_id, content))


async def _people(
    connection: AsyncConnection, week_id: UUID, content: WeekContent
) -> tuple[dict[UUID, str], Mapping[UUID, str]]:
    people = {one.person.id: one.person.name for one in await read_participants(connection, [content.run_id])}
    return people, await tracks_of(connection, week_id)


def _choosing(
    content: WeekContent, choice: WeekChoice, people: Mapping[UUID, str], tracks: Mapping[UUID, str]
) -> Choosing:
    known = {one.key for one in content.tracks}
    if choice.tracks or len(known) == 1:
        return Choosing(content, choice, people, frozenset())
    wanted = next(one.tracks for one in content.sessions if one.key == choice.sessions[0].key)
    mine = {who: name for who, name in people.items() if tracks.get(who) in (set(wanted) or known)}
    return Choosing(content, choice, mine, frozenset(who for who in people if tracks.get(who) not in known))


async def put_wishes(
    context: Context, connection: AsyncConnection, week_id: UUID, key: str, wishes: Wishes
) -> MyChoice:
    """Keep what the person who asks wants, in place of what she said before.

    Raises NotFound, Forbidden for those who do not choose, InvalidInput, and Conflict when the choice is closed or its
    places are given.
    """
    found = await read_choosing(context, connection, week_id, key, hold="together")
    person_id = _chooser(context, found)
    if found.closes_at <= now():
        raise Conflict(f"This choice closed on {found.choice.closes:%Y-%m-%d at %H:%M} ({found.content.zone}).")
    assigned = select(assignment.c.made_at).where(assignment.c.week_id == week_id, assignment.c.choice == key)
    if (await connection.scalar(assigned)) is not None:
        raise Conflict("The places of this choice are given already; ask whoever plans the week.")
    known = [one.key for one in found.choice.options]
    wrong = []
    for i, option in enumerate(wishes.ranked):
        if option not in known:
            wrong.append(FieldError(f"body.ranked[{i}]", f"cannot be chosen here; there are {', '.join(known)}"))
        elif option in wishes.ranked[:i]:
            wrong.append(FieldError(f"body.ranked[{i}]", "was there already"))
    if wrong:
        raise InvalidInput("These cannot be your wishes.", errors=wrong)
    row = {
        "week_id": week_id, "choice": key, "person_id": person_id, "programme_id": context.programme_id,
        "ranked": list(wishes.ranked), "at": now(),
    }  # fmt: skip
    insert = insert_into(connection, wish)
    changed = {name: insert.excluded[name] for name in ("ranked", "at")}
    await connection.execute(
        insert.on_conflict_do_update(index_elements=["week_id", "choice", "person_id"], set_=changed), row
    )
    return _mine(found, wishes.ranked, None)


async def read_mine(context: Context, connection: AsyncConnection, week_id: UUID, key: str) -> MyChoice:
    """Return a choice as the person who asks sees it. Raises NotFound, and Forbidden for those who do not choose."""
    found = await read_choosing(context, connection, week_id, key)
    _chooser(context, found)
    return (await _seen(context, connection, week_id, [found]))[0]


async def read_all_mine(context: Context, connection: AsyncConnection, week_id: UUID) -> MyChoices:
    """Return the choices of a week in which the person who asks takes part. Raises NotFound. Five statements."""
    content = (await weeks.read(context, connection, week_id)).content
    people, tracks = await _people(connection, week_id, content)
    all_of_them = [_choosing(content, one, people, tracks) for one in content.choices]
    mine = [found for found in all_of_them if context.person_id in found.people]
    return MyChoices(await _seen(context, connection, week_id, mine))


async def _seen(
    context: Context, connection: AsyncConnection, week_id: UUID, choices: Sequence[Choosing]
) -> list[MyChoice]:
    """Return choices as the person who asks sees them. Two statements."""
    hers = (wish.c.week_id == week_id) & (wish.c.person_id == context.person_id)
    rows = await connection.execute(select(wish.c.choice, wish.c.ranked).where(hers))
    wishes = {row.choice: row.ranked for row in rows}
    to_her = (given.c.week_id == week_id) & (given.c.person_id == context.person_id)
    rows = await connection.execute(select(given.c.choice, given.c.ranked, given.c.options).where(to_her))
    got = {row.choice: ranks(row.ranked, row.options) for row in rows}
    return [_mine(one, wishes.get(one.choice.key, ()), got.get(one.choice.key)) for one in choices]


async def read_state(context: Context, connection: AsyncConnection, week_id: UUID, key: str) -> ChoiceState:
    """Return how a choice stands. Raises NotFound. Four statements."""
    found = await read_choosing(context, connection, week_id, key)
    wishes = await wishes_of(connection, week_id, found)
    demands = []
    for option in found.options:
        counts = [0] * len(found.choice.options)
        for ranked in wishes.values():
            if option.key in ranked:
                counts[ranked.index(option.key)] += 1
        demands.append(Demand(option.key, option.title, option.places, counts))
    return ChoiceState(
        key=key,
        title=found.choice.title,
        each=found.choice.each,
        closes_at=found.closes_at,
        open=now() < found.closes_at,
        options=demands,
        answered=sum(bool(ranked) for ranked in wishes.values()),
        missing=[Chooser(who, name) for who, name in found.people.items() if not wishes[who]],
    )


async def wishes_of(connection: AsyncConnection, week_id: UUID, found: Choosing) -> dict[UUID, list[str]]:
    """Return the wishes of all who may choose, as far as they are still options. One statement."""
    known = {one.key for one in found.choice.options}
    query = select(wish.c.person_id, wish.c.ranked).where(wish.c.week_id == week_id, wish.c.choice == found.choice.key)
    said = {row.person_id: row.ranked for row in await connection.execute(query)}
    return {who: [key for key in said.get(who, ()) if key in known] for who in found.people}


def ranks(ranked: Sequence[str], options: Sequence[str]) -> list[GivenOption]:
    """Say which of somebody's wishes each option is, the best first."""
    found = [GivenOption(key, ranked.index(key) + 1 if key in ranked else None) for key in options]
    return sorted(found, key=lambda one: (one.rank is None, one.rank, one.key))


def _chooser(context: Context, found: Choosing) -> UUID:
    assert context.person_id
    if context.person_id in found.people:
        return context.person_id
    if context.person_id in found.unsettled:
        raise Forbidden("You are in no track of this week yet; whoever plans it can say in which.")
    raise Forbidden("This choice is for students of the week's run whose tracks have these sessions.")


def _mine(found: Choosing, ranked: Sequence[str], got: list[GivenOption] | None) -> MyChoice:
    return MyChoice(
        key=found.choice.key,
        title=found.choice.title,
        each=found.choice.each,
        closes_at=found.closes_at,
        open=got is None and now() < found.closes_at,
        options=found.options,
        ranked=tuple(ranked),
        given=got,
    )
