"""What would help those whom a session is hard on, and what it would change; told of needs that five share alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from msgspec.structs import replace

from lms_family_sessions.reports import Common, people
from lms_family_sessions.scores import Kind, Meeting, Person, Policy, Schools, burden, cost, days_of
from lms_family_sessions.tasks import Alternative

OWN: tuple[Kind, ...] = ("cannot", "rather_not", "school_free", "school_unknown")
"""What a session costs people for their own needs."""

WORDS = {
    "record": "Who cannot come sees it later; it costs a quarter of what it does at a bad time.",
    "hybrid": "Who cannot come to the place takes part from elsewhere; nobody needs a night away.",
    "repeat": "Whoever that suits better comes on {} instead, when it meets nothing that many share.",
}


def alternatives(
    plan: Sequence[Meeting], others: Sequence[Sequence[Meeting]], shared: Common, policy: Policy, schools: Schools
) -> list[Alternative]:
    """Return the alternatives for each session of a plan; `others` are the dates of each that the plan leaves free.

    A recording and a hybrid form are among them wherever there is none, so that nobody learns who needs them.
    """
    profiles = _profiles(shared)
    totals = [burden(one, plan, policy, schools).total() for one, _ in profiles]

    def own(person: Person, meeting: Meeting) -> int:
        found = cost(person, meeting, policy, schools)
        return sum(found[kind] for kind in OWN)

    def told(number: int, do: Literal["record", "hybrid", "repeat"], instead: Meeting) -> Alternative:
        changed = [instead if n == number else meeting for n, meeting in enumerate(plan)]
        helped = [many for one, many in profiles if own(one, instead) < own(one, plan[number])]
        then = [
            min(total, burden(one, changed, policy, schools).total())
            for total, (one, _) in zip(totals, profiles, strict=True)
        ]
        first = days_of(instead, policy)[0] if do == "repeat" else None
        return Alternative(
            session=plan[number].key,
            do=do,
            people=people(max(helped)) if helped else None,
            first=first,
            changes=WORDS[do].format(first),
            worst_off=max(totals, default=None),
            worst_off_then=max(then, default=None),
        )

    found = []
    for number, meeting in enumerate(plan):
        if not meeting.recorded:
            found.append(told(number, "record", replace(meeting, recorded=True)))
        if meeting.mode == "on_site":
            found.append(told(number, "hybrid", replace(meeting, mode="hybrid")))
        here = days_of(meeting, policy)[0]
        if any(own(one, meeting) for one, _ in profiles):
            easier = sorted(others[number], key=lambda one: (abs(days_of(one, policy)[0] - here), one.times[0]))
            again = next((one for one in easier if not any(own(person, one) for person, _ in profiles)), None)
            if again:
                found.append(told(number, "repeat", again))
    return found


def _profiles(shared: Common) -> list[tuple[Person, int]]:
    """Return for each shared need somebody who has nothing but that, and how many people have it."""
    found = [(Person(f"constraint {n}", (one,)), many) for n, (one, many) in enumerate(shared.constraints)]
    return found + [(Person(f"calendar {n}", (), (one,)), many) for n, (one, many) in enumerate(shared.calendars)]
