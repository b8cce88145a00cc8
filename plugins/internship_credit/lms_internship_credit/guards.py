"""What a case has and what its steps still need: from facts, a day and a role to the needs that are not met."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

import msgspec

from lms_internship_credit.lifecycle import NEEDS, Action, Need, Refusal, Role, State, Step, judge, possible
from lms_internship_credit.policy import Internship, Part, Served, award, shortfalls

TITLES = {"insurance": "insurance", "residence": "residence title", "wage": "wage"}
CLEARANCES = tuple(TITLES)
"""What the office clears before an internship begins."""


class Life(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that steps of a case depend on, as it would be once what comes with the step is entered.

    `signed` are the parties that have signed the agreement as it stands (in `amendment_pending` its change).
    `elsewhere`: another case of this part is under way or done, or it is waived. `others_done`: every other part is
    recognised, booked or waived. `granted` are the ECTS that the board names, `brought` those that this part has
    brought already without this case. `due` is the day until which the report is awaited.
    """

    state: State
    internship: Internship
    part: Part
    described: bool = False
    supervisor: bool = False
    mentor: bool = False
    first_day: date | None = None
    last_day: date | None = None
    began: bool = False
    signed: frozenset[Role] = frozenset()
    cleared: frozenset[str] = frozenset()
    served: Served | None = None
    report: bool = False
    due: date | None = None
    extension_asked: bool = False
    extended: bool = False
    host_evaluated: bool = False
    granted: Decimal | None = None
    brought: Decimal = Decimal(0)
    decided_on: date | None = None
    accepted: bool = False
    appealed: bool = False
    elsewhere: bool = False
    others_done: bool = True
    booked: bool = False

    @property
    def award(self) -> Decimal:
        """The ECTS that what is certified brings by the regulation."""
        return award(self.part, self.served, self.brought) if self.served else Decimal(0)


def unmet(life: Life, role: Role, today: date) -> dict[Need, str]:
    """Return the needs that are not met on a day, for a step that a role takes, each with what is missing of it."""
    return {need: _words(need, life, today) for need in _unmet(life, role, today)}


def _words(need: Need, life: Life, today: date) -> str:
    """Say of a need that is not met exactly what is missing, where the case tells."""
    match need:
        case "description" if life.first_day:
            return "its aims are not written yet"
        case "days_ahead" if life.first_day:
            days = life.internship.lead_days
            earliest = today + timedelta(days)
            ahead = (
                f"the regulation wants {days} day{'s' * (days != 1)} before the first day, which is {life.first_day}"
            )
            return f"{ahead}; it can be {earliest} at the earliest"
        case "clearances":
            open_ones = [TITLES[kind] for kind in CLEARANCES if kind not in life.cleared]
            return f"not cleared yet: {', '.join(open_ones)}"
        case "award" if life.served:
            if short := shortfalls(life.part, life.served):
                found = "; ".join(f"{one.demanded:f} {one.of} are demanded, {one.served:f} certified" for one in short)
                return f"what is certified is too short to bring ECTS: {found}"
            return f"nothing is left of the {life.part.ects:f} ECTS of this part: they are waived or brought already"
    return NEEDS[need][0]


def _unmet(life: Life, role: Role, today: date) -> Iterator[Need]:
    policy = life.internship
    appeal_over = life.appealed or life.decided_on is None or today > life.decided_on + timedelta(policy.appeal_days)
    met: dict[Need, bool] = {
        "description": life.described and life.first_day is not None and life.last_day is not None,
        "supervisor": life.supervisor,
        # without a first day it is not described, which is told then
        "days_ahead": life.first_day is None or life.first_day >= today + timedelta(policy.lead_days),
        "requirement_open": not life.elsewhere,
        "mentor": life.mentor,
        "own_signature": role not in life.signed,
        "clearances": life.cleared.issuperset(CLEARANCES),
        "first_day": life.first_day is not None and life.first_day <= today,
        "last_day": life.last_day is not None and life.last_day < today,
        "working_days": life.began,
        "no_working_days": not life.began,
        "hours": life.served is not None,
        "report": life.report,
        "report_due": life.due is not None and life.due < today,
        "extension_in_time": life.due is not None and today + timedelta(policy.ask_days) <= life.due,
        "not_extended": not life.extended,
        "extension_asked": life.extension_asked,
        "host_evaluation": life.host_evaluated,
        "award": life.award > 0,
        "part_of_award": life.granted is not None and 0 < life.granted < life.part.ects - life.brought,
        "first_appeal": not life.appealed,
        "appeal_in_time": not appeal_over and not life.accepted,
        "appeal_over": appeal_over or life.accepted,
        "all_parts": life.others_done,
        "unbooked": not life.booked,
    }
    yield from (need for need, there in met.items() if not there)


def take(life: Life, action: Action, role: Role, today: date) -> Step | Refusal:
    """Return the step that a role takes on a day, or why it cannot."""
    return judge(life.state, action, role, unmet(life, role, today))


def target(life: Life, step: Step, role: Role) -> State:
    """Return the state that a step leads to; one that is taken together leads on with the last of those who take it."""
    if step.to is None or (step.together and not life.signed | {role} >= set(step.by)):
        return life.state
    return step.to


def choices(life: Life, role: Role, today: date) -> tuple[Action, ...]:
    """Return what a role can do with a case on a day."""
    return possible(life.state, role, unmet(life, role, today))
