"""What each person bears in a plan, and how evenly that is spread; of fewer than five people no number is told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from lms_university_weeks.engine.plan import FEW, GAP, LATE, WITHOUT_CHILDCARE, Placed, waits
from lms_university_weeks.engine.problem import BurdenClass, Problem, Profile

NAMES: Mapping[Profile, str] = {"parent": "parents", "carer": "carers", "none": "others"}


class Burdens(msgspec.Struct, frozen=True):
    """What people bear: 3 per slot outside their core hours, 1 per slot of waiting, 2 per slot without childcare.

    Who has no childcare place is not known: each parent bears a slot in which there are too few, so that the sum of all
    burdens may be above the cost. `worst` is borne by so many `people`, `most` is what 95 of 100 people do not exceed,
    and `means` are of each profile.
    """

    worst: int | None
    people: int | None
    most: int | None
    means: dict[Profile, float]


def said(burdens: Burdens, fairest: bool) -> str:
    """Return burdens in words."""
    if burdens.worst is None:
        return "few people"
    who = f", {burdens.people} people" if burdens.people else ""
    proof = ", and in no plan less" if fairest else ""
    means = ", ".join(f"{NAMES[profile]} {mean:g}" for profile, mean in burdens.means.items())
    return f"{burdens.worst} for whoever bears most{who}{proof}; {burdens.most} for 95 of 100; on average: {means}"


def classes_of(problem: Problem) -> tuple[BurdenClass, ...]:
    """Return all who bear the same together; a group without classes is one."""
    known = {burden.group for burden in problem.classes}
    others = (BurdenClass(group, "none", n) for group, n in enumerate(problem.group_size) if group not in known)
    return tuple(burden for burden in (*problem.classes, *others) if burden.people)


def late_places(problem: Problem, profile: Profile) -> range:
    """Return the places of a day that are outside the core hours of a profile."""
    first = {"parent": problem.core, "carer": problem.per_day - 1, "none": problem.per_day}
    return range(first[profile], problem.per_day)


def burdens_of(problem: Problem, placed: Sequence[Placed]) -> Burdens:
    """Return what people bear in a plan."""
    people: dict[int, int] = defaultdict(int)
    sums: dict[Profile, list[int]] = defaultdict(lambda: [0, 0])
    for burden, each in _each(problem, _busy(problem, placed)):
        people[each] += burden.people
        sums[burden.profile][0] += burden.people
        sums[burden.profile][1] += burden.people * each
    everyone = sum(people.values())
    if everyone < FEW:
        return Burdens(None, None, None, {})
    below = 0
    for most in sorted(people):
        below += people[most]
        if 100 * below >= 95 * everyone:
            break
    worst = max(people)
    means = {profile: round(total / count, 2) for profile, (count, total) in sums.items() if count >= FEW}
    return Burdens(worst, people[worst] if people[worst] >= FEW else None, most, means)


def _busy(problem: Problem, placed: Sequence[Placed]) -> list[set[int]]:
    busy: list[set[int]] = [set() for _ in problem.group_size]
    starts = {place.id: place.start for place in placed}
    for session in problem.sessions:
        if session.id in starts:
            for group in session.groups:
                busy[group] |= set(range(starts[session.id], starts[session.id] + session.length))
    return busy


def _each(problem: Problem, busy: Sequence[set[int]]) -> Iterator[tuple[BurdenClass, int]]:
    """Yield what each person of a class bears."""
    parents: Mapping[int, int] = {
        slot: sum(problem.parents(group) for group, slots in enumerate(busy) if slot in slots)
        for slot in set().union(*busy)
    }
    for burden in classes_of(problem):
        slots = busy[burden.group]
        late = sum(slot % problem.per_day in late_places(problem, burden.profile) for slot in slots)
        alone = sum(parents[slot] > problem.childcare for slot in slots) if burden.profile == "parent" else 0
        yield burden, LATE * late + WITHOUT_CHILDCARE * alone + GAP * waits(slots, problem.per_day)
