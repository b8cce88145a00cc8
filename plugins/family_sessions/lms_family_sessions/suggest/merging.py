"""Smaller problems with the same burdens: sessions that are alike count as one, and useless dates are left out."""

from __future__ import annotations

import msgspec

from lms_family_sessions.suggest.problem import Candidate, Group, Problem, Session

Members = tuple[tuple[int, ...], ...]
"""The sessions that each session of a merged problem stands for."""

_Kind = tuple[tuple[Candidate, ...], tuple[tuple[int, ...] | None, ...]]


def merged(problem: Problem) -> tuple[Problem, Members]:
    """Return a problem in which whole runs whose sessions are all alike are one session with many dates.

    What a set of dates costs everybody does not depend on which session is on which of them; in the order of the
    calendar they can always be given to the sessions. It says nothing of the time between sessions of a run.
    """
    runs: dict[int, list[int]] = {}
    for number, session in enumerate(problem.sessions):
        runs.setdefault(session.run, []).append(number)
    alike: dict[object, list[int]] = {}
    for run, numbers in runs.items():
        kinds = {_kind(problem, number) for number in numbers}
        if len(kinds) == 1 and any(set(group.attends) & set(numbers) for group in problem.groups):
            alike.setdefault(kinds.pop(), []).extend(numbers)  # whoever attends one of them attends all
        else:
            for number in numbers:
                alike[run, number] = [number]
    members: Members = tuple(tuple(sorted(numbers)) for numbers in alike.values())
    firsts = {own[0]: at for at, own in enumerate(members)}
    sessions = tuple(
        Session(problem.sessions[own[0]].run, problem.sessions[own[0]].candidates, len(own)) for own in members
    )
    groups = []
    for group in problem.groups:
        kept = [(firsts[one], costs) for one, costs in zip(group.attends, group.costs, strict=True) if one in firsts]
        groups.append(Group(group.size, tuple(at for at, _ in kept), tuple(costs for _, costs in kept)))
    return msgspec.structs.replace(problem, sessions=sessions, groups=tuple(groups)), members


def useful(problem: Problem) -> list[list[int]]:
    """Return the numbers of the dates of each session without those that another one of the same days outdoes.

    A date outdoes another one if it costs nobody more; of two that are equal in everything the first one stays.
    """
    found = []
    for number, session in enumerate(problem.sessions):
        by_days: dict[Candidate, list[tuple[tuple[int, ...], int]]] = {}
        vectors = [
            group.costs[group.attends.index(number)] for group in problem.groups if number in group.attends
        ]  # fmt: skip
        for at, one in enumerate(session.candidates):
            by_days.setdefault(one, []).append((tuple(vector[at] for vector in vectors), at))
        kept = []
        for same in by_days.values():
            for costs, at in same:
                outdone = any(
                    other != at
                    and all(a <= b for a, b in zip(theirs, costs, strict=True))
                    and (theirs != costs or other < at)
                    for theirs, other in same
                )
                if not outdone:
                    kept.append(at)
        found.append(sorted(kept))
    return found


def _kind(problem: Problem, number: int) -> _Kind:
    costs = tuple(
        group.costs[group.attends.index(number)] if number in group.attends else None for group in problem.groups
    )
    return problem.sessions[number].candidates, costs
