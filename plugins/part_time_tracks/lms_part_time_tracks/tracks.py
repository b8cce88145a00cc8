"""What a student says of her time and her wishes; everything else about her study the core knows."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import msgspec
from sqlalchemy import select, update

from lms_core.api import (
    AsyncConnection,
    BadValue,
    Context,
    FieldError,
    InvalidInput,
    Payload,
    View,
    changed_or_raise,
    insert_into,
    now,
    read_catalogue,
)
from lms_part_time_tracks.settings import Kind, ModuleKey
from lms_part_time_tracks.tables import track

FIRST, LAST = date(2000, 1, 1), date(2100, 12, 31)
Note = Annotated[str, msgspec.Meta(max_length=200, pattern=r"^[^\x00-\x1f]*$")]
MOST_HOURS = 80
Keys = Annotated[list[ModuleKey], msgspec.Meta(max_length=100)]


class Days(Payload, frozen=True, kw_only=True):
    """Days in a row, both included."""

    first_day: date
    last_day: date

    def __post_init__(self) -> None:
        """Refuse days nobody plans, and those in the wrong order."""
        if not FIRST <= self.first_day <= LAST:
            raise BadValue("firstDay", f"must be from {FIRST} to {LAST}")
        if not self.first_day <= self.last_day <= LAST:
            raise BadValue("lastDay", f"must be from firstDay to {LAST}")


class Budget(Payload, frozen=True, kw_only=True):
    """How many hours a week she has for studying from a day on, until the next such day."""

    first_day: date
    hours: Decimal

    def __post_init__(self) -> None:
        """Refuse hours that no week has, and parts of them that nobody plans."""
        check_hours(self.hours)


def check_hours(hours: Decimal) -> None:
    """Refuse hours a week that nobody studies, and those with more than two places."""
    if not (hours.is_finite() and 0 <= hours <= MOST_HOURS and -2 <= int(hours.as_tuple().exponent) <= 0):
        raise BadValue("hours", f"must be from 0 to {MOST_HOURS}, with two places at most")


class Blackout(Days, frozen=True, kw_only=True):
    """Days on which work leaves no time: a peak of a project, a business trip, the closure of the firm."""

    note: Note = ""


class OnLeave(Days, frozen=True, kw_only=True):
    """A leave, of a kind that the programme's policy knows by what it does."""

    kind: Kind


class Track(Payload, frozen=True, kw_only=True):
    """What she says: her hours (from the earliest on; none: as many as it takes), when she cannot, and her wishes.

    `recognised` are modules that she expects to be recognised. Of the electives some are `wanted`, some `unwanted`.
    `doneBy` is a day on which the study shall be over, `mostEcts` what she wants to earn in a term at most. `calendar`
    puts into her calendar feed what is to be done by when; `digest` brings a mail on Mondays about her week.
    """

    budgets: Annotated[list[Budget], msgspec.Meta(max_length=50)] = []
    blackouts: Annotated[list[Blackout], msgspec.Meta(max_length=200)] = []
    leaves: Annotated[list[OnLeave], msgspec.Meta(max_length=50)] = []
    recognised: Keys = []
    wanted: Keys = []
    unwanted: Keys = []
    no_weekends: bool = False
    done_by: date | None = None
    most_ects: Decimal | None = None
    calendar: bool = False
    digest: bool = False

    def __post_init__(self) -> None:
        """Refuse hours that begin twice on one day, and a module that is wanted and not."""
        days = [one.first_day for one in self.budgets]
        if len(set(days)) < len(days):
            raise BadValue("budgets", "must each begin on a day of its own")
        if self.most_ects is not None and not (self.most_ects.is_finite() and 0 <= self.most_ects <= 100):
            raise BadValue("mostEcts", "must be from 0 to 100")
        if both := sorted({*self.wanted} & {*self.unwanted}):
            raise BadValue("unwanted", f"must not name what is wanted: {', '.join(both)}")


class KeptTrack(View, frozen=True, kw_only=True):
    """What a student has said, and when."""

    track: Track
    revision: int
    changed_at: datetime | None


def check_end(new: Track, today: date) -> None:
    """Raise InvalidInput where she wants to be done by a day that is past."""
    if new.done_by is not None and new.done_by < today:
        reason = f"must not be past (today is {today}); leave it out to be done as soon as can be"
        raise InvalidInput("Nobody can be done by then.", errors=[FieldError("body.doneBy", reason)])


async def read(context: Context, connection: AsyncConnection, person_id: UUID | None = None) -> KeptTrack:
    """Return what a person has said, or she who asks; of one who said nothing yet, nothing (revision 0).

    One statement.
    """
    row = (await connection.execute(select(track).where(_of(context, person_id or context.person_id)))).first()
    if row is None:
        return KeptTrack(track=Track(), revision=0, changed_at=None)
    return KeptTrack(track=opened(row.content), revision=row.revision, changed_at=row.changed_at)


async def put(context: Context, connection: AsyncConnection, new: Track, expected: int) -> KeptTrack:
    """Keep what she says in place of what she said. At most six statements.

    Raises InvalidInput (kinds of leave and modules that there are not) and PreconditionFailed.
    """
    await _check(context, connection, new)
    values = {"content": msgspec.to_builtins(new), "revision": expected + 1, "changed_at": now()}
    if expected == 0:
        who = {"person_id": context.person_id, "programme_id": context.programme_id}
        done = await connection.execute(insert_into(connection, track).values(**who, **values).on_conflict_do_nothing())
    else:
        same = _mine(context) & (track.c.revision == expected)
        done = await connection.execute(update(track).where(same).values(**values))
    if not done.rowcount:
        await changed_or_raise(connection, track, _mine(context), expected)
    return KeptTrack(track=new, revision=expected + 1, changed_at=values["changed_at"])


async def _check(context: Context, connection: AsyncConnection, new: Track) -> None:
    kinds = [one.kind for one in context.settings.leaves]
    wrong = [
        FieldError(f"body.leaves[{number}].kind", f"must be one of {', '.join(kinds)}")
        for number, one in enumerate(new.leaves)
        if one.kind not in kinds
    ]
    named = {"recognised": new.recognised, "wanted": new.wanted, "unwanted": new.unwanted}
    if any(named.values()):
        known = {one.key for one in (await read_catalogue(connection, context.programme_id)).modules}
        wrong += [
            FieldError(f"body.{field}[{number}]", "must be the key of a module that the programme teaches")
            for field, keys in named.items()
            for number, key in enumerate(keys)
            if key not in known
        ]
    if wrong:
        raise InvalidInput("The programme knows no such thing.", errors=wrong)


def opened(content: Any) -> Track:
    """Return what was kept."""
    return msgspec.convert(content, Track)


def _mine(context: Context) -> Any:
    return _of(context, context.person_id)


def _of(context: Context, person_id: UUID | None) -> Any:
    return (track.c.person_id == person_id) & (track.c.programme_id == context.programme_id)
