"""The places of a choice: given as fairly as can be, by a seed that is drawn once, and changed by hand."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib import import_module
from typing import Annotated, Any
from uuid import UUID

import msgspec
from sqlalchemy import delete, insert, select, update

from lms_core.api import AsyncConnection, Conflict, Context, FieldError, InvalidInput, Payload, View, now
from lms_university_weeks.choosing import Choosing, GivenOption, ranks, read_choosing, wishes_of
from lms_university_weeks.tables import assignment, given, member
from lms_university_weeks.week import Key, places_of


class Place(Payload, frozen=True):
    """What somebody is to get, whatever the lots say."""

    person_id: UUID
    options: Annotated[tuple[Key, ...], msgspec.Meta(max_length=24)]


class Places(Payload, frozen=True):
    """People who get something else than they were given; those it does not name keep what they have."""

    items: Annotated[tuple[Place, ...], msgspec.Meta(min_length=1, max_length=2000)]


class Assigned(View, frozen=True, kw_only=True):
    """What somebody was given of what she wanted; `by_hand` if somebody decided so."""

    person_id: UUID
    name: str
    ranked: tuple[str, ...]
    given: list[GivenOption]
    by_hand: bool


class Assignment(View, frozen=True, kw_only=True):
    """Who was given what, in the order of names.

    `ranks` counts the places that were somebody's first wish, second and so on; `without` are people who were given
    less than a choice gives to each. From `seed`, `places`, `each` and what all `ranked`, without those set by hand and
    their places, anybody can compute it again (`lms_university_weeks.engine.fair`).
    """

    seed: str
    places: dict[str, int]
    each: int
    made_by: UUID | None
    made_at: datetime
    changed_at: datetime
    ranks: list[int]
    without: int
    items: list[Assigned]


async def load() -> Any:
    """Load what computes who is given what; it takes long, so do it before the transaction."""
    return await asyncio.to_thread(import_module, "lms_university_weeks.engine.fair")


async def assign(context: Context, connection: AsyncConnection, week_id: UUID, key: str) -> Assignment:
    """Give the places of a choice, and close it; of the same wishes and places, again makes the same.

    What was set by hand stays. Raises NotFound.
    """
    fair = await load()
    found = await read_choosing(context, connection, week_id, key, hold="alone")
    row, before = await _read(connection, week_id, key)
    wishes = await wishes_of(connection, week_id, found)
    places, each = places_of(found.content, found.choice), found.choice.each
    decided = {who: one for who, one in before.items() if one.by_hand and who in wishes}
    fixed = {who: one for who, one in decided.items() if places.keys() >= set(one.options)}
    left = {option: max(0, most - _taken(fixed, option)) for option, most in places.items()}
    free = {who: ranked for who, ranked in wishes.items() if who not in fixed}
    seed = row.seed if row else secrets.token_hex(16)
    lots: Mapping[UUID, tuple[str, ...]] = await asyncio.to_thread(fair.assign, left, free, each, seed)
    after = fixed | {who: _Given(tuple(free[who]), got, False) for who, got in lots.items()}
    values = {"places": places, "each": each}
    if row is None:
        same = {"week_id": week_id, "choice": key, "programme_id": context.programme_id}
        row = {"seed": seed, "made_by": context.person_id, "made_at": now(), "changed_at": now()} | values
        await connection.execute(insert(assignment), same | row)
    elif after != before or values != {"places": row.places, "each": row.each}:
        await _change(connection, week_id, key, values)
    if after != before:
        await _write(context, connection, week_id, found, before, after)
    return await _shown(connection, week_id, found)


async def put(context: Context, connection: AsyncConnection, week_id: UUID, key: str, wanted: Places) -> Assignment:
    """Give some people something else. Raises NotFound, InvalidInput, and Conflict for more than there are places."""
    found = await read_choosing(context, connection, week_id, key, hold="alone")
    row, before = await _read(connection, week_id, key)
    if row is None:
        raise Conflict("The places of this choice are not given yet.")
    places = places_of(found.content, found.choice)
    wrong = list(_strange(found, wanted))
    if wrong:
        raise InvalidInput("These places cannot be given.", errors=wrong)
    before = {who: one for who, one in before.items() if who in found.people}
    after = dict(before)
    for one in wanted.items:
        ranked = before[one.person_id].ranked if one.person_id in before else ()
        after[one.person_id] = _Given(ranked, tuple(sorted(one.options)), True)
    for option, most in places.items():
        if (taken := _taken(after, option)) > most and taken > _taken(before, option):
            wrong.append(FieldError("body.items", f"{option} has {most} places, and {taken} people would be there"))
    if wrong:
        raise Conflict("There are not so many places; give somebody else's away first, or with it.", errors=wrong)
    await _change(connection, week_id, key, {})
    await _write(context, connection, week_id, found, before, after)
    return await _shown(connection, week_id, found)


async def read(context: Context, connection: AsyncConnection, week_id: UUID, key: str) -> Assignment:
    """Return who was given what. Raises NotFound, and Conflict as long as the places are not given."""
    return await _shown(connection, week_id, await read_choosing(context, connection, week_id, key))


async def assigned_since(connection: AsyncConnection, week_id: UUID, moment: datetime) -> Sequence[str]:
    """Return the choices whose places were given or changed since. One statement."""
    query = select(assignment.c.choice).where(assignment.c.week_id == week_id, assignment.c.changed_at > moment)
    return (await connection.execute(query.order_by(assignment.c.choice))).scalars().all()


class _Given(msgspec.Struct, frozen=True):
    ranked: tuple[str, ...]
    options: tuple[str, ...]
    by_hand: bool


async def _read(connection: AsyncConnection, week_id: UUID, key: str) -> tuple[Any, dict[UUID, _Given]]:
    query = select(assignment).where(assignment.c.week_id == week_id, assignment.c.choice == key)
    row = (await connection.execute(query)).first()
    rows = await connection.execute(select(given).where(given.c.week_id == week_id, given.c.choice == key))
    return row, {one.person_id: _Given(tuple(one.ranked), tuple(one.options), one.by_hand) for one in rows}


def _taken(people: Mapping[UUID, _Given], option: str) -> int:
    return sum(option in one.options for one in people.values())


def _strange(found: Choosing, wanted: Places) -> Any:
    known, seen = [one.key for one in found.choice.options], set()
    for i, one in enumerate(wanted.items):
        if one.person_id not in found.people:
            yield FieldError(f"body.items[{i}].personId", "does not take part in this choice")
        if one.person_id in seen:
            yield FieldError(f"body.items[{i}].personId", "was there already")
        seen.add(one.person_id)
        for option in one.options:
            if option not in known:
                reason = f"{option} cannot be chosen here; there are {', '.join(known)}"
                yield FieldError(f"body.items[{i}].options", reason)
        if len(set(one.options)) < len(one.options) or len(one.options) > found.choice.each:
            reason = f"must be at most {found.choice.each} of the options, each of them once"
            yield FieldError(f"body.items[{i}].options", reason)


async def _change(connection: AsyncConnection, week_id: UUID, key: str, values: Mapping[str, Any]) -> None:
    same = (assignment.c.week_id == week_id) & (assignment.c.choice == key)
    await connection.execute(update(assignment).where(same).values(**values, changed_at=now()))


async def _write(
    context: Context,
    connection: AsyncConnection,
    week_id: UUID,
    found: Choosing,
    before: Mapping[UUID, _Given],
    after: Mapping[UUID, _Given],
) -> None:
    """Keep what is given now, and where tracks were chosen, who is in them."""
    same = (given.c.week_id == week_id) & (given.c.choice == found.choice.key)
    await connection.execute(delete(given).where(same))
    key = {"week_id": week_id, "programme_id": context.programme_id}
    rows: list[dict[str, Any]] = [
        {**key, "choice": found.choice.key, "person_id": who, **msgspec.to_builtins(one)} for who, one in after.items()
    ]
    if rows:
        await connection.execute(insert(given), rows)
    moved = [who for who in {**before, **after} if before.get(who) != after.get(who)]
    if found.choice.tracks and moved:
        await connection.execute(delete(member).where(member.c.week_id == week_id, member.c.person_id.in_(moved)))
        tracks = [
            {**key, "person_id": who, "track": one} for who in moved if who in after for one in after[who].options
        ]
        if tracks:
            await connection.execute(insert(member), tracks)


async def _shown(connection: AsyncConnection, week_id: UUID, found: Choosing) -> Assignment:
    row, people = await _read(connection, week_id, found.choice.key)
    if row is None:
        raise Conflict("The places of this choice are not given yet.")
    items = [
        Assigned(
            person_id=who, name=found.people[who], ranked=one.ranked, given=ranks(one.ranked, one.options),
            by_hand=one.by_hand,
        )
        for who, one in sorted(people.items(), key=lambda item: (found.people.get(item[0], ""), item[0]))
        if who in found.people
    ]  # fmt: skip
    got = [option.rank for one in items for option in one.given]
    return Assignment(
        seed=row.seed,
        places=row.places,
        each=row.each,
        made_by=row.made_by,
        made_at=row.made_at,
        changed_at=row.changed_at,
        ranks=[got.count(rank) for rank in range(1, len(found.choice.options) + 1)],
        without=sum(len(one.given) < row.each for one in items),
        items=items,
    )
