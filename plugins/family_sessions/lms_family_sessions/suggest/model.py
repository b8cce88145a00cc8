"""The rules and burdens of a problem for the constraint solver."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from ortools.sat.python import cp_model

from lms_family_sessions.suggest.merging import merged, useful
from lms_family_sessions.suggest.problem import Candidate, Problem, Session


class Model:
    """Which dates are taken (`places`, by session and number of the date), and what that costs each group (`loads`).

    `steps` are the days between sessions of a run, `firsts` the first days of runs; those of sessions that are
    counted as one are among them once they are `split`.
    """

    def __init__(self, whole: Problem) -> None:
        problem, self.members = merged(whole)
        self.problem = problem
        self.model = cp_model.CpModel()
        self.places: list[dict[int, Any]] = [
            {number: self.model.new_bool_var("") for number in numbers} for numbers in useful(problem)
        ]
        self._bears: list[list[Any]] = [[] for _ in problem.groups]  # at which settled level a group is
        self._split: dict[int, dict[int, Any]] = {}
        self.steps: list[Any] = []
        self.firsts: list[Any] = []
        self._rules()
        self.loads = self._loads()

    def above(self, top: Any) -> None:
        """Keep burdens at or below a limit, but for those who are at a settled level."""
        for load, bears in zip(self.loads, self._bears, strict=True):
            self.model.add(load <= top).only_enforce_if([one.negated() for one in bears])

    def settle(self, worst: int) -> Any:
        """Let some groups bear a level, and the rest less; return the number of people who do."""
        total = []
        for group, load, bears in zip(self.problem.groups, self.loads, self._bears, strict=True):
            one = self.model.new_bool_var("")
            for other in bears:
                self.model.add_implication(other, one.negated())
            bears.append(one)
            self.model.add(load <= worst - 1).only_enforce_if([other.negated() for other in bears])
            total.append(group.size * one)
        return sum(total)

    def hint(self, chosen: Sequence[int]) -> None:
        """Begin with these numbers of dates of the sessions of the whole problem."""
        self.model.clear_hints()  # type: ignore[no-untyped-call] # the only one that ortools left without types
        for own, places in zip(self.members, self.places, strict=True):
            taken = {chosen[session] for session in own}
            for number, place in places.items():
                self.model.add_hint(place, number in taken)
        for session, places in self._split.items():
            for number, place in places.items():
                self.model.add_hint(place, number == chosen[session])

    def dates(self, solver: cp_model.CpSolver) -> tuple[int, ...]:
        """Return the numbers of the dates of the sessions of the whole problem."""
        chosen = dict.fromkeys(range(sum(len(own) for own in self.members)), 0)
        for session, own, places in zip(self.problem.sessions, self.members, self.places, strict=True):
            taken = [number for number, place in places.items() if solver.value(place)]
            taken.sort(key=lambda number: session.candidates[number].day)
            chosen |= zip(own, taken, strict=True)
        for one, places in self._split.items():
            chosen[one] = next(number for number, place in places.items() if solver.value(place))
        return tuple(chosen.values())

    def split(self, whole: Problem) -> None:
        """Say which of the sessions that were counted as one is on which date."""
        for own, places, session in zip(self.members, self.places, self.problem.sessions, strict=True):
            if len(own) == 1:
                continue
            for one in own:
                self._split[one] = {number: self.model.new_bool_var("") for number in places}
                self.model.add_exactly_one(self._split[one].values())
            for number, place in places.items():
                self.model.add(sum(self._split[one][number] for one in own) == place)
            runs: dict[int, list[Any]] = {}
            for one in own:
                runs.setdefault(whole.sessions[one].run, []).append(_day(session, self._split[one]))
            for days in runs.values():
                self._in_order(days)
            for one_run, other in pairwise(runs.values()):
                if len(one_run) == len(other):  # such runs may be exchanged as a whole
                    self.model.add(one_run[0] < other[0])

    def _in_order(self, days: list[Any]) -> None:
        for before, after in pairwise(days):
            self.steps.append(after - before)
            self.model.add(self.steps[-1] >= 1)
        self.firsts.append(days[0])

    def _rules(self) -> None:
        for session, places in zip(self.problem.sessions, self.places, strict=True):
            self.model.add(sum(places.values()) == session.many)
        for numbers in self.problem.attended():
            for covering in self._by(numbers, lambda one: list(range(one.day, one.day + one.days))).values():
                if len(covering) > 1:
                    self.model.add_at_most_one(covering)
        runs: dict[int, list[Any]] = {}
        for session, places in zip(self.problem.sessions, self.places, strict=True):
            if session.many == 1:
                runs.setdefault(session.run, []).append(_day(session, places))
        for days in runs.values():
            self._in_order(days)

    def _by(self, numbers: tuple[int, ...], keys: Callable[[Candidate], list[int]]) -> dict[int, list[Any]]:
        found: dict[int, list[Any]] = {}
        for session in numbers:
            for number, place in self.places[session].items():
                for key in keys(self.problem.sessions[session].candidates[number]):
                    found.setdefault(key, []).append(place)
        return found

    def _loads(self) -> list[Any]:
        follows: dict[tuple[int, ...], Any] = {}
        found = []
        for group in self.problem.groups:
            attends = tuple(sorted(group.attends))
            if attends not in follows:
                follows[attends] = self._follows(attends)
            own = [
                costs[number] * place
                for session, costs in zip(group.attends, group.costs, strict=True)
                for number, place in self.places[session].items()
                if costs[number]
            ]
            found.append(sum(own) + self.problem.consecutive * follows[attends])
        return found

    def _follows(self, attends: tuple[int, ...]) -> Any:
        """Return how many weekends with sessions follow another one."""
        weekends = self._by(attends, lambda one: [] if one.weekend is None else [one.weekend])
        used = {}
        for weekend, covering in weekends.items():
            used[weekend] = self.model.new_bool_var("")
            self.model.add_max_equality(used[weekend], covering)
        total = []
        for weekend, one in used.items():
            if weekend + 1 in used:
                both = self.model.new_bool_var("")
                self.model.add_bool_and([one, used[weekend + 1]]).only_enforce_if(both)
                self.model.add_bool_or([one.negated(), used[weekend + 1].negated(), both])
                total.append(both)
        return sum(total)


def _day(session: Session, places: Mapping[int, Any]) -> Any:
    return sum(session.candidates[number].day * place for number, place in places.items())
