"""The ledger of progress replayed by brute force, and the states as they are stored, in one form to compare."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from lms_core.progress.tables import progress_event, unit_state

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lms_core.db import Database

Told = dict[tuple[Any, Any, str], tuple[Any, ...]]
"""For a person, run and unit: when it was completed, the best score, the latest position, the seconds watched."""


def covered(watched: Iterable[Iterable[int]] | None) -> frozenset[int]:
    return frozenset(second for start, end in watched or () for second in range(start, end))


def replay(events: Iterable[Any]) -> Told:
    """Tell what all events say together, without looking at how the core does it."""
    by_unit: dict[tuple[Any, Any, str], list[Any]] = {}
    for event in events:
        by_unit.setdefault((event.person_id, event.run_id, event.unit_key), []).append(event)
    found: Told = {}
    for unit, those in by_unit.items():
        those.sort(key=lambda event: (min(event.at, event.received_at), event.id))
        moments = [min(event.at, event.received_at) for event in those if event.completed]
        by_attempt = {event.attempt or event.id: event.score for event in those}  # the latest of an attempt comes last
        scores = [score for score in by_attempt.values() if score is not None]
        positions = [event.position for event in those if event.position is not None]
        found[unit] = (
            moments[0] if moments else None,
            max(scores) if scores else None,
            positions[-1] if positions else None,
            frozenset[int]().union(*(covered(event.watched) for event in those)),
        )
    return found


async def replayed(database: Database) -> Told:
    async with database.read() as connection:
        return replay(await connection.execute(select(progress_event)))


async def stored(database: Database) -> Told:
    async with database.read() as connection:
        return {
            (row.person_id, row.run_id, row.unit_key): (row.completed_at, row.score, row.position, covered(row.watched))
            for row in await connection.execute(select(unit_state))
        }
