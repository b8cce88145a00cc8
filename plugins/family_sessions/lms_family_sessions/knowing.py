"""What a search has to know of people, read once: their needs, and whatever stands against dates."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import sha256
from uuid import UUID

import msgspec

from lms_core.api import Context, SessionFacts, read_participants, read_sessions
from lms_family_sessions.elsewhere import read_elsewhere
from lms_family_sessions.people import policy_of, read_everybody, read_people, read_schools
from lms_family_sessions.reports import Common, common
from lms_family_sessions.scores import Meeting, Policy, Schools
from lms_family_sessions.suggest.problem import Problem
from lms_family_sessions.tasks import Proposal, Task
from lms_family_sessions.translate import dates_of, moments, problem_of, proposal_of


class Known(msgspec.Struct, frozen=True):
    """The problem in numbers, which is about single people, and what at least five of the programme share.

    `dates` are those at which each session is possible, `sessions` those that the runs have.
    """

    problem: Problem
    dates: list[list[Meeting]]
    shared: Common
    policy: Policy
    schools: Schools
    sessions: tuple[SessionFacts, ...]

    def basis(self) -> str:
        """Return a digest of all that dates are made from: it changes with anything that could change them."""
        return sha256(msgspec.json.encode((self.problem, state_of(self.sessions)))).hexdigest()

    def told(self, task: Task, chosen: Sequence[int]) -> Proposal:
        """Return dates with what may be told of them."""
        return proposal_of(task, self.dates, chosen, self.shared, self.policy, self.schools)


def state_of(sessions: Iterable[SessionFacts]) -> list[tuple[UUID, int]]:
    """Return which sessions there are, and in which state."""
    return [(one.session_id, one.revision) for one in sessions]


async def look_up(context: Context, task: Task, announced: datetime) -> Known:
    """Return what is known now for a task. Raises Unavailable when a plugin cannot tell when people can come."""
    policy = policy_of(context.settings, announced)
    starts, ends = moments(task, policy.zone)
    runs = {one.run_id for one in task.sessions}
    async with context.read() as connection:
        participants = await read_participants(connection, runs)
        persons = {one.person.id for one in participants}
        sessions = tuple(await read_sessions(connection, runs))
        own = await read_people(connection, context.programme_id, persons, starts, ends)
        everybody = await read_everybody(connection, context.programme_id, starts, ends)
        schools = await read_schools(context, connection, [*own, *everybody], starts, ends)
    said = {str(one): theirs for one, theirs in (await read_elsewhere(context, persons, starts, ends)).items()}
    people = {one.key: msgspec.structs.replace(one, elsewhere=said.get(one.key, ())) for one in own}
    attends = {run: [people[str(one.person.id)] for one in participants if one.run_id == run] for run in runs}

    def reckoned() -> Known:
        dates = dates_of(task, sessions, attends, policy)
        problem = problem_of(task, dates, attends, policy, schools)
        return Known(problem, dates, common(everybody), policy, schools, sessions)

    return await asyncio.to_thread(reckoned)
