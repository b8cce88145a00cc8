"""Recording progress: entries in the ledger, and the state that all of a unit's entries join to.

All events of a person are written one transaction after the other, under a lock of her row; so the state that is read
after it is the latest, whatever her other devices send at the same time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import select

from lms_core.db import AsyncConnection
from lms_core.enrolment.moves import tell_completed
from lms_core.errors import Conflict, FieldError, InvalidInput, NotFound, field_error
from lms_core.modules.completion import Rule
from lms_core.progress import statements as sql
from lms_core.progress import types as t
from lms_core.progress.rules import Unit, asks_for, decided, missing_of_run
from lms_core.progress.sessions import held_sessions
from lms_core.progress.state import State, join, of_event, seconds
from lms_core.progress.tables import progress_event, unit_state
from lms_core.types import now

OWN = ("reading", "video", "file")
"""Kinds of units whose progress a participant records herself; the others are assessed by somebody else."""

ASSESSED = (*OWN, "quiz", "attendance", "assignment")

Place = tuple[UUID, str]
"""A run, and the key of a unit in it."""


class Written(msgspec.Struct, frozen=True):
    """What became of a batch: an outcome for each event, the states it led to, and the runs it completed."""

    outcomes: list[t.Outcome]
    states: dict[Place, State]
    completed: list[UUID]


async def record(
    connection: AsyncConnection,
    run_id: UUID,
    unit_key: str,
    person_id: UUID,
    event: t.ProgressEvent,
    recorded_by: UUID,
    kinds: tuple[str, ...],
) -> t.Recorded:
    """Record one event of a person's progress in a run and return the unit's state after it.

    Three statements, six where it completes the run. Raises NotFound (no such unit, or not enrolled), InvalidInput
    (a kind of unit that is recorded by others, a score above the maximum) and Conflict (the id belongs to another
    event).
    """
    placed = t.PlacedEvent(run_id=run_id, unit_key=unit_key, **msgspec.structs.asdict(event))
    written = await write(connection, person_id, [placed], recorded_by, kinds)
    (outcome,) = written.outcomes
    match outcome.code:
        case None:
            state = written.states.get((run_id, unit_key)) or await _read_state(connection, person_id, run_id, unit_key)
            return t.Recorded(
                new=outcome.outcome == "recorded",
                run_completed=bool(written.completed),
                unit=t.UnitState(
                    unit_key=unit_key,
                    completed_at=state.completed_at,
                    score=state.score,
                    position=state.position,
                    watched=state.watched,
                    watched_seconds=seconds(state.watched),
                ),
            )
        case "unknown-unit":
            raise NotFound(str(outcome.reason))
        case "id-taken":
            raise Conflict(str(outcome.reason))
        case "assessed-by-others":
            where = FieldError("path.unit_key", str(outcome.reason))
            raise InvalidInput("You cannot record this yourself.", errors=[where])
        case "unknown-session":
            where = FieldError("body.attended.sessionId", str(outcome.reason))
            raise InvalidInput("This cannot be recorded.", errors=[where])
        case "too-many-pieces":
            where = FieldError("body.watched", str(outcome.reason))
            raise InvalidInput("This cannot be recorded.", errors=[where])
        case _:
            raise InvalidInput("The score is not possible.", errors=[FieldError("body.score", str(outcome.reason))])


async def record_batch(connection: AsyncConnection, person_id: UUID, batch: t.Batch) -> t.Outcomes:
    """Record what a person's device tells of any of her runs, and answer each event in the order of the batch.

    An event that is impossible is refused by itself. Statements: as `write`, for any number of events.
    """
    placed: list[t.PlacedEvent] = []
    malformed: dict[int, t.Outcome] = {}
    for number, told in enumerate(batch.events):
        try:
            placed.append(msgspec.convert(told, t.PlacedEvent, from_attributes=True))
        except msgspec.ValidationError as error:
            wrong = field_error(error, f"body.events[{number}]")
            malformed[number] = _refused(told.id, "malformed", f"{wrong.where}: {wrong.reason}")
    written = await write(connection, person_id, placed, person_id, OWN, needs="progress.record")
    answers = iter(written.outcomes)
    outcomes = [malformed.get(number) or next(answers) for number in range(len(batch.events))]
    return t.Outcomes(outcomes=outcomes, completed=written.completed)


async def write(
    connection: AsyncConnection,
    person_id: UUID,
    events: Sequence[t.PlacedEvent],
    recorded_by: UUID,
    kinds: tuple[str, ...],
    *,
    needs: str = "",
) -> Written:
    """Write events of a person's progress, and join them to the states of their units.

    `kinds` are those that `recorded_by` may record, `needs` is a permission that the role of participants must have.
    Raises nothing: what cannot be is refused in its outcome. Statements: the events, the units, the states; one more
    where an event is not new, two where runs are completed, one each where rules ask for attendance or for units.
    """
    if not events:
        return Written([], {}, [])
    dialect = connection.dialect.name
    by_id = {event.id: event for event in reversed(events)}  # the first of those that have one id
    who = {"who": person_id}
    received = now()
    new = {
        **who, "events": [_told(event) for event in by_id.values()], "kinds": kinds,
        "received_at": received, "recorded_by": recorded_by,
        "needs": f'"{needs}"' if needs else "",
    }  # fmt: skip
    inserted = {row.id: row for row in await connection.execute(sql.INSERT_EVENTS[dialect], new)}
    kept = dict(inserted)
    if unwritten := by_id.keys() - inserted.keys():
        found = await connection.execute(select(progress_event).where(progress_event.c.id.in_(list(unwritten))))
        kept |= {row.id: row for row in found}
    places = {"runs": list({event.run_id for event in events}), "keys": list({event.unit_key for event in events})}
    units = {(row.run_id, row.key): row for row in await connection.execute(sql.UNITS, who | places)}
    outcomes = _answers(events, person_id, set(inserted), kept, units, kinds)
    joined = await _join(connection, person_id, inserted.values(), units, received)
    changed = [(place, state) for place, state in joined.items() if state != State.stored(units[place])]
    rows = [
        {
            "person_id": person_id, "run_id": run_id, "unit_key": key, **msgspec.structs.asdict(state),
            "changed": units[run_id, key].newest + number,
        }
        for number, ((run_id, key), state) in enumerate(changed, 1)
    ]  # fmt: skip
    if rows:
        await connection.execute(sql.WRITE_STATES[dialect], rows)
    return Written(outcomes, joined, await _complete_runs(connection, person_id, units, joined))


async def _join(
    connection: AsyncConnection,
    person_id: UUID,
    inserted: Iterable[Any],
    units: dict[Place, Any],
    received: datetime,
) -> dict[Place, State]:
    """Join new events to the stored states of their units, and decide by the units' rules what is completed."""
    told: dict[Place, list[State]] = {}
    for row in inserted:
        told.setdefault((row.run_id, row.unit_key), []).append(of_event(row))
    asked = {place: Unit.of(units[place]) for place in told}
    attending = {place[0] for place, unit in asked.items() if asks_for(unit.rule, "attended")}
    sessions = await held_sessions(connection, attending, person_id)
    return {
        place: decided(asked[place], join([State.stored(units[place]), *those]), sessions.get(place[0], {}), received)
        for place, those in told.items()
    }


def _answers(
    events: Sequence[t.PlacedEvent],
    person_id: UUID,
    new: set[UUID],
    kept: dict[UUID, Any],
    units: dict[Place, Any],
    kinds: tuple[str, ...],
) -> list[t.Outcome]:
    """Answer each event; `kept` are the rows of the ledger by id, `new` those of them that were written just now."""
    found = []
    places: dict[UUID, Place] = {}
    for event in events:
        place = (event.run_id, event.unit_key)
        row = kept.get(event.id)
        owner = (row.person_id, row.run_id, row.unit_key) if row else (person_id, *places.get(event.id, place))
        if owner != (person_id, *place):
            reason = "This id belongs to another event; every event needs an id of its own."
            found.append(_refused(event.id, "id-taken", reason))
        elif row is None:
            found.append(_refused(event.id, *_reason(event, units.get(place), kinds)))
        else:
            again = event.id not in new or event.id in places
            found.append(t.Outcome(id=event.id, outcome="known" if again else "recorded"))
        places.setdefault(event.id, place)
    return found


def _told(event: t.PlacedEvent) -> dict[str, Any]:
    """Write an event so that both databases take it out of a JSON document: as SQLite keeps it."""
    return {
        "id": event.id.hex,
        "run_id": event.run_id.hex,
        "unit_key": event.unit_key,
        "completed": event.completed,
        "score": None if event.score is None else int(event.score * 100),
        "attempt": event.attempt,
        "position": event.position,
        "watched": event.watched,
        "facts": event.facts,
        "session_id": event.attended.session_id.hex if event.attended else None,
        "attended": msgspec.to_builtins(event.attended) if event.attended else None,
        "at": event.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
    }


def _reason(event: t.PlacedEvent, unit: Any, kinds: tuple[str, ...]) -> tuple[t.RefusalCode, str]:
    """Say why an event was not written, as a code and a sentence."""
    if unit is None:
        return "unknown-unit", "There is no such unit in a run in which this person is enrolled."
    if unit.kind not in kinds:
        return "assessed-by-others", f"a unit of kind {unit.kind} is recorded by those who assess it"
    if event.score is not None and (unit.max_score is None or event.score > unit.max_score):
        limit = "has no score" if unit.max_score is None else f"has at most {unit.max_score}"
        return "impossible-score", f"this unit {limit}"
    if event.attended is not None:
        return "unknown-session", "the run has no such session"
    if event.watched and len(unit.watched or ()) >= sql.MOST_PIECES:
        return (
            "too-many-pieces",
            f"this film was watched in {sql.MOST_PIECES} separate pieces already; it takes no more",
        )
    return "not-allowed", "Participants may not record their own progress here."


def _refused(event_id: UUID, code: t.RefusalCode, reason: str) -> t.Outcome:
    return t.Outcome(id=event_id, outcome="refused", code=code, reason=reason)


async def _read_state(connection: AsyncConnection, person_id: UUID, run_id: UUID, unit_key: str) -> State:
    mine = (unit_state.c.person_id == person_id, unit_state.c.run_id == run_id, unit_state.c.unit_key == unit_key)
    return State.stored((await connection.execute(select(unit_state).where(*mine))).one())


async def _complete_runs(
    connection: AsyncConnection, person_id: UUID, units: dict[Place, Any], joined: dict[Place, State]
) -> list[UUID]:
    """Complete the runs in which nothing required is lacking any more; the database has the last word."""
    lacking = {place[0]: units[place].lacking for place, state in joined.items() if state.completed_at}
    for place, state in joined.items():
        if units[place].required and state.completed_at and units[place].completed_at is None:
            lacking[place[0]] -= 1
    ruled = {place[0]: msgspec.convert(units[place].of_run, Rule) for place in joined if units[place].of_run}
    done = await _done(connection, person_id, ruled.keys() & lacking.keys())
    complete = [
        run_id
        for run_id, count in lacking.items()
        if not (missing_of_run(ruled[run_id], done[run_id]) if run_id in ruled else count)
    ]
    if not complete:
        return []
    values = {"who": person_id, "runs": complete, "moment": now()}
    rows = (await connection.execute(sql.COMPLETE_RUNS, values)).all()
    completed = sorted((row.run_id, row.programme_id) for row in rows)
    await tell_completed(connection, [(person_id, run_id, programme_id) for run_id, programme_id in completed])
    return sorted(row.run_id for row in rows)


async def _done(connection: AsyncConnection, person_id: UUID, runs: Collection[UUID]) -> dict[UUID, set[str]]:
    """Return the keys of the units that a person has completed, by run. One statement, none for no runs."""
    found: dict[UUID, set[str]] = {run_id: set() for run_id in runs}
    if found:
        query = select(unit_state.c.run_id, unit_state.c.unit_key).where(
            unit_state.c.person_id == person_id,
            unit_state.c.run_id.in_(list(runs)),
            unit_state.c.completed_at.is_not(None),
        )
        for row in await connection.execute(query):
            found[row.run_id].add(row.unit_key)
    return found
