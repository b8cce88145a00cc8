"""What if a module were taught in other seasons: asked by the programme, answered for all of its students together."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from sqlalchemy import func, insert, select

from lms_core.api import (
    AsyncConnection,
    BadValue,
    Conflict,
    Context,
    FieldError,
    InvalidInput,
    NotFound,
    Payload,
    View,
    new_id,
    now,
    read_catalogue,
    term_name,
)
from lms_part_time_tracks.asking import AHEAD
from lms_part_time_tracks.calendar import Terms
from lms_part_time_tracks.knowing import today
from lms_part_time_tracks.tables import move

Season = Literal["winter", "summer"]
Effect = Literal["earlier", "same", "later", "lost", "unclear"]

PAGE = 50
MOST_A_WEEK = 20
"""So many questions a programme has in a week: each answer tells a little."""

STEADY = timedelta(days=7)
"""For so long the same question gets the answer that there is, whatever has changed."""

KEPT = timedelta(days=180)
"""For so long answers are kept."""

MOST_TERMS = 4
"""Terms later that are told; these are so many or more."""

CELLS: tuple[tuple[Effect, int | None], ...] = (
    ("earlier", None), ("same", None), *(("later", terms) for terms in range(1, MOST_TERMS + 1)), ("lost", None),
    ("unclear", None),
)  # fmt: skip
"""What can become of a student."""


class NewMove(Payload, frozen=True, kw_only=True):
    """A module (`moduleId`) that would be `offered` in these seasons alone, or (none) no more.

    From the summer term of a year (`fromYear`) on; null: from the next term on.
    """

    module_id: UUID
    offered: Annotated[list[Season], msgspec.Meta(max_length=2)]
    from_year: Annotated[int, msgspec.Meta(ge=2000, le=2100)] | None = None

    def __post_init__(self) -> None:
        """Refuse a season that stands there twice."""
        if len(set(self.offered)) < len(self.offered):
            raise BadValue("offered", "must name each season once")


class Moving(msgspec.Struct, frozen=True):
    """The payload of the job that answers."""

    move_id: UUID


class Outcome(View, frozen=True, kw_only=True):
    """Of how many students the study would end `earlier`, the `same`, so many `terms` `later` (4: four or more).

    `lost` are those who could no longer finish within the regulation, `unclear` those who have no plan that reaches the
    degree even now, or for whom none was proven to be the earliest in time. Null: few, or nobody.
    """

    effect: Effect
    terms: int | None
    students: int | None


class Graduations(View, frozen=True, kw_only=True):
    """What a move would do to the studies of all who have accepted a plan (`students`; null: few, or nobody).

    All numbers are told to the nearest five, and stay as they were told before while they are less than six off.
    """

    students: int | None
    outcomes: list[Outcome]


class Move(View, frozen=True, kw_only=True):
    """A question, who asked it, and what has come of it; `share` is how many per cent of the students are planned."""

    id: UUID
    module_id: UUID
    title: str
    offered: list[Season]
    from_term: str
    state: Literal["queued", "running", "done", "failed"]
    share: int
    made_by: UUID | None
    made_at: datetime
    ended_at: datetime | None
    reason: str | None
    result: Graduations | None


class Moves(View, frozen=True):
    """A page of moves, the newest first; `next`, unless it is the last one, is the `cursor` of the next."""

    items: list[Move]
    next: UUID | None


async def begin(context: Context, connection: AsyncConnection, asked: NewMove) -> Move:
    """Have it found out what a move would do. Eight statements at most.

    The same question within a week gets the move that there is. Raises InvalidInput for what cannot be asked, and
    Conflict when the programme has asked as much as a week allows.
    """
    catalogue = await read_catalogue(connection, context.programme_id)
    present = Terms(catalogue.terms).at(today(context))
    first = present + 1 if asked.from_year is None else max(present + 1, 2 * asked.from_year)
    module = next((one for one in catalogue.modules if one.module_id == asked.module_id), None)
    wrong = []
    if module is None:
        wrong.append(FieldError("body.moduleId", "must be a module that the programme teaches"))
    elif set(module.offered or ("winter", "summer")) == set(asked.offered):
        wrong.append(FieldError("body.offered", "must be other seasons than those in which it is taught now"))
    if asked.from_year is not None and not present <= 2 * asked.from_year + 1 < present + AHEAD:
        wrong.append(FieldError("body.fromYear", f"must be this year or one within the next {AHEAD // 2}"))
    if wrong or module is None:
        raise InvalidInput("This cannot be asked.", errors=wrong)
    moment, offered = now(), ",".join(sorted(asked.offered))
    here = (move.c.programme_id == context.programme_id) & (move.c.made_at > moment - STEADY)
    same = (move.c.module_id == asked.module_id) & (move.c.offered == offered) & (move.c.first == first)
    known = select(move).where(here, same, move.c.state != "failed").order_by(move.c.id.desc()).limit(1)
    if row := (await connection.execute(known)).mappings().first():
        return _shape(row)
    many = await connection.scalar(select(func.count()).select_from(move).where(here, move.c.state != "failed"))
    if (many or 0) >= MOST_A_WEEK:
        raise Conflict(f"The programme has asked {MOST_A_WEEK} such questions within a week, which is the most.")
    made: dict[str, Any] = {
        "id": new_id(), "programme_id": context.programme_id, "module_id": asked.module_id, "title": module.title,
        "offered": offered, "first": first, "state": "queued", "share": 0, "tries": 0, "made_by": context.person_id,
        "made_at": moment, "heard_at": moment, "ended_at": None, "result": None, "reason": None,
    }  # fmt: skip
    await connection.execute(insert(move), made)
    await context.enqueue(connection, "move", Moving(made["id"]))
    return _shape(made)


async def read(context: Context, connection: AsyncConnection, move_id: UUID) -> Move:
    """Return a move of the programme. Raises NotFound. One statement."""
    mine = (move.c.id == move_id) & (move.c.programme_id == context.programme_id)
    row = (await connection.execute(select(move).where(mine))).mappings().first()
    if row is None:
        raise NotFound("There is no such move.")
    return _shape(row)


async def read_done(context: Context, connection: AsyncConnection, move_id: UUID) -> Move:
    """Return a move of which is known what it would do. Raises NotFound for any other. One statement."""
    found = await read(context, connection, move_id)
    if found.result is None:
        raise NotFound("There is no such move, or it is not known yet what it would do.")
    return found


async def read_all(context: Context, connection: AsyncConnection, cursor: UUID | None) -> Moves:
    """Return what the programme has asked. One statement."""
    query = select(move).where(move.c.programme_id == context.programme_id).order_by(move.c.id.desc()).limit(PAGE)
    if cursor:
        query = query.where(move.c.id < cursor)
    items = [_shape(row) for row in (await connection.execute(query)).mappings()]
    return Moves(items, items[-1].id if len(items) == PAGE else None)


def _shape(row: Any) -> Move:
    return Move(
        id=row["id"], module_id=row["module_id"], title=row["title"],
        offered=msgspec.convert([one for one in row["offered"].split(",") if one], list[Season]),
        from_term=term_name(row["first"]), state=row["state"], share=row["share"], made_by=row["made_by"],
        made_at=row["made_at"], ended_at=row["ended_at"], reason=row["reason"],
        result=None if row["result"] is None else msgspec.convert(row["result"], Graduations),
    )  # fmt: skip
