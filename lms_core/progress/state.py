"""The state of a unit as a join of events: pure, and the same in whatever order and however often they come."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

Piece = list[int]
"""What was watched from a second to another: [from, to], of which `to` is the first second not watched."""


class State(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a person in a unit; the defaults are what is known of one who has done nothing."""

    completed_at: datetime | None = None
    told_at: datetime | None = None
    score: Decimal | None = None
    told_score: Decimal | None = None
    attempts: dict[str, list[Any]] = {}
    position: int | None = None
    position_at: datetime | None = None
    position_event: UUID | None = None
    watched: list[Piece] = []
    facts: list[str] = []
    attended: dict[str, list[Any]] = {}

    @classmethod
    def stored(cls, row: Any) -> State:
        """Read a state from its row, or from the nulls of an outer join that found none."""
        values = {name: getattr(row, name) for name in cls.__struct_fields__}
        lists = {name: values[name] or [] for name in ("watched", "facts")}
        words = {name: values[name] or {} for name in ("attempts", "attended")}
        return cls(**values | lists | words)


def of_event(row: Any) -> State:
    """Return the state of one who has done nothing but what this row of the ledger says.

    It counts from when the device says it happened, but no later than it was received: a clock that is ahead must
    not outdo everything that comes until then.
    """
    at = min(row.at, row.received_at)
    moved = row.position is not None
    score = None if row.score is None else str(row.score)
    return State(
        told_at=at if row.completed else None,
        score=row.score,
        told_score=row.score if row.attempt is None else None,
        attempts={} if row.attempt is None else {str(row.attempt): [*_order(at, row), score]},
        position=row.position,
        position_at=at if moved else None,
        position_event=row.id if moved else None,
        watched=union(row.watched or []),
        facts=sorted(set(row.facts or [])),
        attended=_attended(at, row) if row.attended else {},
    )


def join(states: Iterable[State]) -> State:
    """Join states: the earliest completion, the best score, the latest position, all else that was ever said.

    On an attempt, as on a session, the latest word holds; of two at one moment, that of the higher event id, and so
    with positions.
    """
    joined = list(states)
    moved = [one for one in joined if one.position is not None]
    told_score = _best(one.told_score for one in joined)
    attempts = _latest(word for one in joined for word in one.attempts.items())
    last = max(moved, key=lambda one: (one.position_at, one.position_event), default=State())
    return State(
        completed_at=_earliest(one.completed_at for one in joined),
        told_at=_earliest(one.told_at for one in joined),
        score=_best([told_score, *(Decimal(score) for *_, score in attempts.values() if score is not None)]),
        told_score=told_score,
        attempts=attempts,
        position=last.position,
        position_at=last.position_at,
        position_event=last.position_event,
        watched=union(piece for one in joined for piece in one.watched),
        facts=sorted({fact for one in joined for fact in one.facts}),
        attended=_latest(word for one in joined for word in one.attended.items()),
    )


def _attended(at: datetime, row: Any) -> dict[str, list[Any]]:
    """Return one word on a session."""
    return {row.session_id.hex: [*_order(at, row), *(row.attended[name] for name in ("minutes", "excused", "remote"))]}


def _order(at: datetime, row: Any) -> tuple[str, str]:
    """Return what a word begins with, so that it is before or after others: the moment, and the event's id."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"), row.id.hex


def _latest(words: Iterable[tuple[str, list[Any]]]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for about, word in words:
        found[about] = max(found.get(about, word), word)
    return found


def _best(scores: Iterable[Decimal | None]) -> Decimal | None:
    return max((score for score in scores if score is not None), default=None)


def _earliest(moments: Iterable[datetime | None]) -> datetime | None:
    return min((at for at in moments if at is not None), default=None)


def union(pieces: Iterable[Piece]) -> list[Piece]:
    """Return what all pieces cover, as pieces in order that neither overlap nor touch."""
    found: list[Piece] = []
    for start, end in sorted(pieces):
        if found and start <= found[-1][1]:
            found[-1][1] = max(found[-1][1], end)
        else:
            found.append([start, end])
    return found


def seconds(watched: Iterable[Piece]) -> int:
    """Return how many seconds disjoint pieces cover."""
    return sum(end - start for start, end in watched)
