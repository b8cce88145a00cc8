"""The rules as a constraint model, and what is to be made small as expressions of it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

from ortools.sat.python import cp_model

from lms_part_time_tracks.engine.options import Option, options_of
from lms_part_time_tracks.engine.problem import RECOGNISED, Assignment, Level, Problem

TENTH = 6
HOUR = 60
"""Minutes of the units in which weekly loads are compared, rounded up.

Evenness is told in whole hours: squares of tenths prefer a plan for differences that nobody feels, and take many times
as long to prove.
"""


class Model:
    """All plans that keep the rules: a literal for each option of each module.

    Where `excess` is a level, budgets of hours are no rules.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.model = cp_model.CpModel()
        self.options = options_of(problem)
        self.chosen = {key: [self.model.new_bool_var("") for _ in own] for key, own in self.options.items()}
        self.in_term: dict[int, dict[str, list[Any]]] = {number: {} for number in range(RECOGNISED, len(problem.terms))}
        for key, own in self.options.items():
            for option, literal in zip(own, self.chosen[key], strict=True):
                self.in_term[option.at.term].setdefault(key, []).append(literal)
        self.ects = {module.key: module.ects for module in problem.modules}
        self.minutes = {module.key: module.minutes for module in problem.modules}
        self.open = [n for n in range(problem.now, len(problem.terms)) if self.in_term[n]]
        self.top = {n: self._most_minutes(n) for n in self.open}
        self._modules()
        self._later()
        self._terms()
        self._order()
        self._credits()
        self._clashes()

    def level(self, level: Level) -> Any:
        """Return what a level makes small."""
        match level:
            case "finish":
                return sum(self.later.values()) - 1
            case "excess":
                return sum(self._excess(number) for number in self.open)
            case "peak":
                return self._peak()
            case "spread":
                return sum(self._square(number) for number in self.open)
            case "trips":
                return self._cost({key: [one.trips for one in own] for key, own in self.options.items()})
            case "fee":
                return self._cost({key: [one.fee for one in own] for key, own in self.options.items()})
            case "changes":
                return self._changes()

    def early(self) -> Any:
        """Return the sum of the terms in which modules are taken."""
        return self._cost({key: [one.at.term for one in own] for key, own in self.options.items()})

    def settle(self, level: Level, what: Any, value: int) -> None:
        """Keep a level as small as it was found."""
        self.model.add(what <= value)
        if level == "peak":
            for number in self.open:
                most = value * TENTH * self.problem.terms[number].weeks
                self.top[number] = min(self.top[number], most)
                self.model.add(self._sum(number, self.minutes) <= most)

    def hint(self, plan: tuple[Assignment, ...]) -> None:
        """Begin the next search with a plan."""
        self.model.clear_hints()  # type: ignore[no-untyped-call]  # ortools has no annotation there
        for key, own in self.options.items():
            for option, literal in zip(own, self.chosen[key], strict=True):
                self.model.add_hint(literal, option.at in plan)

    def plan(self, solver: cp_model.CpSolver) -> tuple[Assignment, ...]:
        """Return what the solver chose, in the order of terms."""
        found = [
            option.at
            for key, own in self.options.items()
            for option, literal in zip(own, self.chosen[key], strict=True)
            if solver.boolean_value(literal)
        ]
        return tuple(sorted(found, key=lambda one: (one.term, one.module)))

    def _modules(self) -> None:
        fixed = {one.module for one in self.problem.fixed}
        for module in self.problem.modules:
            if module.required or module.key in fixed or module.key in self.problem.wishes.wanted:
                self.model.add_exactly_one(self.chosen[module.key])
            else:
                self.model.add_at_most_one(self.chosen[module.key])

    def _later(self) -> None:
        """Declare for each term, and before the first one, whether modules are taken later."""
        self.later: dict[int, Any] = {}
        for number in range(RECOGNISED, len(self.problem.terms) - 1):
            self.later[number] = self.model.new_bool_var("")
            after = [
                x for n in range(number + 1, len(self.problem.terms)) for own in self.in_term[n].values() for x in own
            ]
            self.model.add_max_equality(self.later[number], after or [self.model.new_constant(0)])

    def _terms(self) -> None:
        last = len(self.problem.terms) - 1
        for number in range(self.problem.now, last + 1):
            term = self.problem.terms[number]
            ects, many = self._sum(number, self.ects), self._sum(number, dict.fromkeys(self.ects, 1))
            most = min((x for x in (term.max_ects, self.problem.wishes.most_ects) if x is not None), default=None)
            if most is not None:
                self.model.add(ects <= most)
            if term.max_modules is not None:
                self.model.add(many <= term.max_modules)
            if not term.leave and number < last:
                if term.min_ects:
                    self.model.add(ects >= term.min_ects * self.later[number])
                if term.min_modules:
                    self.model.add(many >= term.min_modules * self.later[number])
            if number in self.top and term.minutes is not None and "excess" not in self.problem.levels:
                self.model.add(self._sum(number, self.minutes) <= term.minutes * term.weeks)

    def _order(self) -> None:
        past = {one.module for one in self.problem.fixed if one.term < self.problem.now}
        for module in self.problem.modules:
            if module.key in past:
                continue
            for number in self.open:
                mine = self._until(module.key, self.problem.now, number)
                if not self.in_term[number].get(module.key):
                    continue
                for key in module.after:
                    self.model.add(sum(mine) <= sum(self._until(key, RECOGNISED, number - 1)))
                for key in module.beside:
                    self.model.add(sum(mine) <= sum(self._until(key, RECOGNISED, number)))
                if module.after_ects:
                    self.model.add(self._earned(number - 1) >= module.after_ects * sum(mine))

    def _credits(self) -> None:
        problem = self.problem
        self.model.add(self._earned(len(problem.terms) - 1) >= problem.ects)
        if problem.recognised_ects is not None:
            self.model.add(self._sum(RECOGNISED, self.ects) + problem.other_recognised <= problem.recognised_ects)
        for milestone in problem.milestones:
            last = problem.deadline(milestone.terms)
            if problem.now <= last < len(problem.terms) - 1:
                self.model.add(self._earned(last) >= milestone.ects)
        for basket in problem.baskets:
            own = {key: sum(self.chosen[key]) for key in set(basket.modules)}
            ects, many = sum(self.ects[key] * taken for key, taken in own.items()), sum(own.values())
            self.model.add(ects >= basket.min_ects)
            self.model.add(many >= basket.min_count)
            if basket.max_ects is not None:
                self.model.add(ects <= basket.max_ects)
            if basket.max_count is not None:
                self.model.add(many <= basket.max_count)

    def _clashes(self) -> None:
        fixed = {(one.module, one.run) for one in self.problem.fixed}
        for clash in self.problem.clashes:
            both = list(zip(clash.modules, clash.runs, strict=True))
            if not fixed.issuperset(both):
                self.model.add(sum(x for module, run in both for x in self._in_run(module, run)) <= 1)

    def _in_run(self, key: str, run: str) -> list[Any]:
        own = zip(self.options[key], self.chosen[key], strict=True)
        return [literal for option, literal in own if option.at.run == run and option.at.term >= self.problem.now]

    def _until(self, key: str, first: int, last: int) -> list[Any]:
        return [
            literal
            for option, literal in zip(self.options[key], self.chosen[key], strict=True)
            if first <= option.at.term <= last
        ]

    def _sum(self, number: int, weights: dict[str, int]) -> Any:
        """Return the sum over the modules that are taken in a term."""
        return sum(weights[key] * x for key, own in self.in_term[number].items() for x in own)

    def _earned(self, last: int) -> Any:
        """Return what is earned by the end of a term."""
        terms = range(RECOGNISED, last + 1)
        return self.problem.other_ects + sum(self._sum(number, self.ects) for number in terms)

    def _most_minutes(self, number: int) -> int:
        term = self.problem.terms[number]
        most = sum(self.minutes[key] for key in self.in_term[number])
        if term.minutes is None or "excess" in self.problem.levels:
            return most
        return min(most, term.minutes * term.weeks)

    def _sums(self, number: int) -> list[int]:
        """Return for no module in a term, for one, and so on, bit by bit whether so many minutes are their sum."""
        fits, sums = (1 << (self.top[number] + 1)) - 1, [1]
        for key in self.in_term[number]:
            more = [0, *(bits << self.minutes[key] & fits for bits in sums)]
            sums = [bits | others for bits, others in zip_longest(sums, more, fillvalue=0)]
        return sums

    def _loads(self, number: int, unit: int) -> set[int]:
        """Return the weekly loads that are possible in a term, in units of so many minutes rounded up."""
        possible = 1
        for key in self.in_term[number]:
            possible |= possible << self.minutes[key]
        possible &= (1 << (self.top[number] + 1)) - 1
        return {load for load, _, _ in _by_load(possible, unit * self.problem.terms[number].weeks)}

    def _peak(self) -> Any:
        values = {0}.union(*(self._loads(number, TENTH) for number in self.open))
        peak = self.model.new_int_var_from_domain(cp_model.Domain.from_values(sorted(values)), "")
        for number in self.open:
            self.model.add(self._sum(number, self.minutes) <= peak * (TENTH * self.problem.terms[number].weeks))
        return peak

    def _square(self, number: int) -> Any:
        """Return the square of a term's weekly load.

        A literal for each number of modules and each load that so many can have: one of them holds. That makes proofs
        many times as fast as a load with lines through its squares does.
        """
        width = HOUR * self.problem.terms[number].weeks
        found = [
            (self.model.new_bool_var(""), many, *at)
            for many, bits in enumerate(self._sums(number))
            for at in _by_load(bits, width)
        ]
        self.model.add_exactly_one(literal for literal, *_ in found)
        minutes = self._sum(number, self.minutes)
        self.model.add(minutes >= sum(least * literal for literal, _, _, least, _ in found))
        self.model.add(minutes <= sum(most * literal for literal, _, _, _, most in found))
        taken = self._sum(number, dict.fromkeys(self.minutes, 1))
        self.model.add(taken == sum(many * literal for literal, many, *_ in found))
        return sum(load * load * literal for literal, _, load, _, _ in found)

    def _excess(self, number: int) -> Any:
        term = self.problem.terms[number]
        if term.minutes is None:
            return 0
        excess = self.model.new_int_var(0, self.top[number], "")
        self.model.add(self._sum(number, self.minutes) <= (term.minutes + TENTH * excess) * term.weeks)
        return excess

    def _cost(self, costs: dict[str, list[int]]) -> Any:
        return sum(
            cost * literal
            for key, own in costs.items()
            for cost, literal in zip(own, self.chosen[key], strict=True)
            if cost
        )

    def _changes(self) -> Any:
        """Return how many modules are elsewhere than in the current plan, or in only one of both."""
        if self.problem.current is None:
            return 0
        before = {one.module: one for one in self.problem.current}
        total: Any = 0
        for key, own in self.options.items():
            if key not in before:
                total += sum(self.chosen[key])
                continue
            total += 1 - sum(x for one, x in zip(own, self.chosen[key], strict=True) if _stays(one, before[key]))
        return total


def _by_load(bits: int, width: int) -> Iterator[tuple[int, int, int]]:
    """Yield the loads of sums of minutes, each with the least and the most minutes of the sums that have it."""
    if bits & 1:
        yield 0, 0, 0
    bits, load = bits >> 1, 1
    while bits:
        if own := bits & ((1 << width) - 1):
            first = (load - 1) * width
            yield load, first + (own & -own).bit_length(), first + own.bit_length()
        bits, load = bits >> width, load + 1


def _stays(option: Option, before: Assignment) -> bool:
    return option.at.term == before.term and before.run in (None, option.at.run)
