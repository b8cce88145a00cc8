"""The cost of a week as an objective, in a form whose bound is close."""

from __future__ import annotations

from collections import defaultdict

from ortools.sat.python import cp_model

from lms_university_weeks.engine.burden import classes_of, late_places
from lms_university_weeks.engine.model import Week
from lms_university_weeks.engine.options import cost_of
from lms_university_weeks.engine.plan import GAP, LATE, WITHOUT_CHILDCARE

Terms = list[tuple[cp_model.IntVar, int]]


def minimize(week: Week, terms: Terms) -> None:
    """Let the model be solved for the least sum of variables times their weights."""
    week.model.minimize(_weighted(terms))


def cost_terms(week: Week) -> Terms:
    """Add to the model what the cost needs, and return variables with what each unit of them costs."""
    problem = week.problem
    terms = [
        (literal, weight)
        for session, at in zip(problem.sessions, week.at, strict=True)
        for option, literal in at.items()
        if (weight := cost_of(problem, session, option))
    ]
    terms += [(literal, problem.sessions[i].weight) for i, literal in week.out.items()]
    for group in range(len(problem.group_size)):
        for day in range(problem.days):
            week.idle[group, day] = idle = _idle(week, group, day)
            terms.append((idle, GAP * problem.people(group)))
    return terms + _childcare(week)


def add_worst(week: Week) -> cp_model.IntVar:
    """Add to a model with its cost what somebody bears at most, as `burdens_of` counts it."""
    problem, model = week.problem, week.model
    short = {}
    for slot, missing in week.missing.items():
        short[slot] = model.new_bool_var(f"too little childcare {slot}")
        model.add(missing == 0).only_enforce_if(short[slot].negated())
    most = problem.slots * (LATE + WITHOUT_CHILDCARE + GAP)
    worst = model.new_int_var(0, most, "worst burden")
    for burden in classes_of(problem):
        late = late_places(problem, burden.profile)
        terms = [(week.idle[burden.group, day], GAP) for day in range(problem.days)]
        for slot in range(problem.slots):
            busy = week.busy.get((burden.group, slot))
            if busy is not None and slot % problem.per_day in late:
                terms.append((busy, LATE))
            if busy is not None and burden.profile == "parent" and slot in short:
                alone = model.new_bool_var("")
                model.add(alone >= busy + short[slot] - 1)
                terms.append((alone, WITHOUT_CHILDCARE))
        model.add(_weighted(terms) <= worst)
    return worst


def _idle(week: Week, group: int, day: int) -> cp_model.IntVar:
    """Return the number of slots in which the group waits on a day.

    The day is one of all its patterns of busy slots that its longest day allows. Their convex hull sees what gaps whole
    days must have: on the weeks that were measured the bound after the same work came to 92 % of the best plan, and to
    70 % with gaps that are counted slot by slot.
    """
    model, problem = week.model, week.problem
    slots = range(day * problem.per_day, (day + 1) * problem.per_day)
    patterns: list[tuple[int, ...]] = [()]
    for slot in slots:
        if (group, slot) in week.busy:
            patterns += [(*busy, slot) for busy in patterns if len(busy) < problem.max_day]
    taken = {busy: model.new_bool_var("") for busy in patterns}
    model.add_exactly_one(taken.values())
    for slot in slots:
        if (group, slot) in week.busy:
            model.add(sum(literal for busy, literal in taken.items() if slot in busy) == week.busy[group, slot])
    idle = model.new_int_var(0, problem.per_day, f"group {group} waits on day {day}")
    waits = [(literal, busy[-1] - busy[0] + 1 - len(busy)) for busy, literal in taken.items() if busy]
    model.add(_weighted(waits) == idle)
    return idle


def _childcare(week: Week) -> Terms:
    """Return how many parents have no place, slot by slot."""
    problem, model = week.problem, week.model
    parents = [problem.parents(group) for group in range(len(problem.group_size))]
    alone: dict[int, Terms] = defaultdict(list)
    for i, session in enumerate(problem.sessions):
        excess = sum(parents[group] for group in session.groups) - problem.childcare
        if excess > 0:
            for (slot, _), literals in week.presence([(i, None)]).items():
                alone[slot] += [(literal, excess) for literal in literals]
    short = []
    if (most := sum(parents) - problem.childcare) > 0:
        for slot in range(problem.slots):
            missing = model.new_int_var(0, most, f"without childcare {slot}")
            there = sum(n * week.busy[group, slot] for group, n in enumerate(parents) if (group, slot) in week.busy)
            model.add(missing >= there - problem.childcare)
            if alone[slot]:  # follows, but not for half a session in each of two slots
                model.add(missing >= _weighted(alone[slot]))
            week.missing[slot] = missing
            short.append((missing, WITHOUT_CHILDCARE))
    return short


def _weighted(terms: Terms) -> cp_model.LinearExprT:
    return cp_model.LinearExpr.weighted_sum(*zip(*terms, strict=True)) if terms else 0
