"""Why no plan is possible, and the cheapest ways out, each of them tried before it is told.

No solver's core is trusted (see OR-Tools issues 5141 and 4109): a conflict is found, and shown to be minimal, by
solving the problem again without what is not in it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import chain, combinations
from typing import Literal

from msgspec.structs import replace
from ortools.sat.python import cp_model

from lms_part_time_tracks.engine.answer import Answer
from lms_part_time_tracks.engine.changes import Change, Hours, LetGo, Longer, changed
from lms_part_time_tracks.engine.checker import check
from lms_part_time_tracks.engine.demands import Demand, clashes_of, requests_of, rules_of, without
from lms_part_time_tracks.engine.explanation import Explanation, Way
from lms_part_time_tracks.engine.mixing import cheapest, needed, price
from lms_part_time_tracks.engine.problem import Assignment, Problem
from lms_part_time_tracks.engine.solve import possible, solve
from lms_part_time_tracks.engine.words import hours, in_words, listed, named, number

LONGEST = 6
"""So many terms more are tried."""
CHOICES = 3
"""So many choices of requests to give up are told, if there are."""


class _OutOfTimeError(Exception):
    """The time was too short to tell."""


def explain(problem: Problem, seconds: float = 10, *, stop: threading.Event | None = None) -> Explanation:
    """Explain why a problem has no plan; `unknown` if the time was too short for any reason."""
    search = _Search(problem, time.monotonic() + seconds, stop)
    try:
        if search.holds(problem):
            return Explanation(status="feasible")
        requests = search.shrunk(requests_of(problem), rules_of(problem))
        rules = search.shrunk(rules_of(problem), requests)
    except _OutOfTimeError:
        return Explanation(status="unknown")
    nearest = search.nearest() if any(one.kind == "hours" for one in requests) else None
    return Explanation(
        status="explained",
        requests=requests,
        rules=rules,
        reason=_reason(problem, requests, rules, nearest.plan if nearest else None),
        ways=tuple(search.ways(nearest)),
    )


def only(problem: Problem, demands: Sequence[Demand]) -> Problem:
    """Return the problem with these of its demands alone."""
    kept = set(demands)
    return without(problem, [one for one in (*requests_of(problem), *rules_of(problem)) if one not in kept])


class _Search:
    def __init__(self, problem: Problem, until: float, stop: threading.Event | None) -> None:
        self.problem = problem
        self.until = until
        self.stop = stop

    def left(self) -> float:
        return max(0.0, self.until - time.monotonic())

    def holds(self, problem: Problem) -> bool:
        """Say whether there is a plan. Raises _OutOfTimeError."""
        found = possible(problem, self.left(), stop=self.stop)
        if found is None:
            raise _OutOfTimeError
        return found

    def shrunk(self, demands: Sequence[Demand], kept: Sequence[Demand]) -> tuple[Demand, ...]:
        """Return demands that cannot be met beside those that are kept, none of which is needless.

        All together cannot. Halves that are needless go at once (QuickXplain).
        """

        def needed(kept: list[Demand], some: list[Demand], more: bool) -> list[Demand]:
            if more and not self.holds(only(self.problem, kept)):
                return []
            if len(some) == 1:
                return some
            half = len(some) // 2
            second = needed([*kept, *some[:half]], some[half:], True)
            return [*needed([*kept, *second], some[:half], bool(second)), *second]

        if not demands or not self.holds(only(self.problem, kept)):
            return ()
        found = needed(list(kept), list(demands), False)
        return tuple(one for one in demands if one in found)

    def nearest(self) -> Answer | None:
        """Return the plan with the fewest hours beyond those that there are, if one is found."""
        answer = solve(replace(self.problem, levels=("excess",)), self.left(), stop=self.stop)
        return answer if answer.plan else None

    def ways(self, nearest: Answer | None) -> list[Way]:
        """Return ways out, the plan that comes of each checked."""
        found: list[Way] = []
        with suppress(_OutOfTimeError):
            for way in chain(self._more_hours(nearest), self._longer(), self._let_go()):
                found.append(way)  # noqa: PERF402 - those found before time runs out are kept
            found += self._mixed(found)
        return found

    def _way(
        self, kind: Literal["hours", "longer", "let_go", "mixed"], changes: Sequence[Change], text: str, least: bool
    ) -> Way | None:
        """Return a way if it leads to a plan."""
        after = changed(self.problem, changes)
        answer = solve(after, self.left(), stop=self.stop)
        if answer.plan is None or check(after, answer.plan).broken:
            return None
        return Way(kind=kind, changes=tuple(changes), text=text, least=least, answer=answer)

    def _more_hours(self, nearest: Answer | None) -> Iterator[Way]:
        if nearest is None:
            return
        more = needed(self.problem, nearest.plan or ())
        changes = [Hours(minutes, n, n) for n, minutes in more.items()]
        if way := self._way("hours", changes, listed(_more(self.problem, more)), nearest.status == "optimal"):
            yield way

    def _longer(self) -> Iterator[Way]:
        for terms in range(1, LONGEST + 1):
            if self.holds(changed(self.problem, [Longer(terms)])):
                if way := self._way("longer", [Longer(terms)], _terms(terms), True):
                    yield way
                return

    def _let_go(self) -> Iterator[Way]:
        """Fewest requests to give up, hours apart, then those that would do instead of them.

        Each conflict that is found has to lose one of its own. A clash of two runs can be let go as well: sessions can
        be moved, and who may miss one takes both.
        """
        can = [one for one in requests_of(self.problem) if one.kind != "hours"] + list(clashes_of(self.problem))
        conflicts: list[tuple[Demand, ...]] = []
        fewest = 0
        for _ in range(CHOICES):
            gone = self._enough(can, conflicts)
            if not gone:
                return
            fewest = fewest or len(gone)
            text = f"not this: {listed(in_words(self.problem, gone))}"
            if way := self._way("let_go", [LetGo(one) for one in gone], text, len(gone) == fewest):
                yield way
            can = [one for one in can if one not in gone]

    def _mixed(self, known: Sequence[Way]) -> Iterator[Way]:
        """Several kinds at once, where those of one kind do not lead out, or cost half as much again."""
        mix = cheapest(self.problem, self.left(), LONGEST, stop=self.stop)
        prices = [price(self.problem, way.changes) for way in known]
        if mix is None or mix.kinds < 2 or (prices and 2 * min(prices) < 3 * mix.price):
            return
        longer = changed(self.problem, [Longer(mix.terms)]) if mix.terms else self.problem
        said = [listed(_more(longer, mix.minutes))] if mix.minutes else []
        said += [_terms(mix.terms)] if mix.terms else []
        said += [f"not this: {listed(in_words(longer, mix.requests))}"] if mix.requests else []
        if way := self._way("mixed", mix.changes, ", and ".join(said), mix.least):
            yield way

    def _enough(self, can: Sequence[Demand], conflicts: list[tuple[Demand, ...]]) -> Sequence[Demand]:
        """Return the fewest of some requests without which there is a plan; none if all of them are too few."""
        rest = [one for one in (*requests_of(self.problem), *rules_of(self.problem)) if one not in can]
        while (gone := _fewest(can, conflicts)) is not None:
            if self.holds(without(self.problem, gone)):
                return gone
            conflict = self.shrunk([one for one in can if one not in gone], rest)
            conflicts.append(conflict)
        return ()


def _fewest(demands: Sequence[Demand], conflicts: Sequence[Sequence[Demand]]) -> list[Demand] | None:
    """Return the fewest demands of which each conflict has one; None if one has none of them."""
    model = cp_model.CpModel()
    chosen = {one: model.new_bool_var("") for one in demands}
    for conflict in conflicts:
        model.add(sum(chosen[one] for one in conflict if one in chosen) >= 1)
    model.minimize(sum(chosen.values()))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    if solver.solve(model) != cp_model.OPTIMAL:
        return None
    return [one for one, literal in chosen.items() if solver.boolean_value(literal)]


def _more(problem: Problem, minutes: Mapping[int, int]) -> list[str]:
    """Say how many hours more are needed in which terms."""
    return [
        f"{hours(many - (problem.terms[n].minutes or 0))} a week more in {problem.terms[n].name}"
        for n, many in minutes.items()
    ]


def _terms(terms: int) -> str:
    return f"{terms} term{'s' * (terms > 1)} more"


def _reason(
    problem: Problem, requests: Sequence[Demand], rules: Sequence[Demand], nearest: Sequence[Assignment] | None
) -> str:
    """Return the conflict as a sentence; where hours are missing, with where they are in the nearest plan."""
    also = [one for one in requests if one.kind != "hours"]
    terms = {one.term for one in requests if one.kind == "hours"}
    short = {n: minutes for n, minutes in needed(problem, nearest or ()).items() if n in terms}
    if nearest and short:
        why = in_words(problem, [*also, *rules])
        because = f", because {listed(why)}" if why else ""
        said = [_short(problem, n, minutes, nearest) for n, minutes in short.items()]
        return f"The nearest plan needs {listed(said)}{because}."
    words = in_words(problem, [*requests, *rules])
    if not words:
        return "There are too few terms."
    if not requests:
        return f"There is no plan, because {listed(words)}."
    return f"These cannot all be: {'; '.join(words)}." if words[1:] else f"This cannot be: {words[0]}."


def _short(problem: Problem, n: int, minutes: int, plan: Sequence[Assignment]) -> str:
    """Return what a term takes beyond its hours: the least ECTS that would have to go."""
    term, own = problem.terms[n], [problem.module(one.module) for one in plan if one.term == n]
    room = (term.minutes or 0) * term.weeks
    fitting = [
        some
        for many in range(1, len(own) + 1)
        for some in combinations(own, many)
        if sum(one.minutes for one in own) - sum(one.minutes for one in some) <= room
    ]
    ects = min(sum(one.ects for one in some) for some in fitting)
    modules = listed([named(one) for one in own])
    return (
        f"{number(ects)} ECTS more in {term.name} than your {hours(term.minutes or 0)} a week allow "
        f"({modules} {'take' if own[1:] else 'takes'} {hours(minutes)})"
    )
