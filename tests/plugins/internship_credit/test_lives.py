"""Random lives of a case: no dead end, nothing booked without everything that it needs, no step that the table has not."""

from __future__ import annotations

import os
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from lms_internship_credit.case import Around, Case, Evaluation, step
from lms_internship_credit.guards import CLEARANCES
from lms_internship_credit.lifecycle import FINAL, PARTIES, STEPS, Action, Role, steps_from
from lms_internship_credit.policy import Internship, Part
from msgspec.structs import replace

from lms_core.api import BadValue
from tests.support.lives import FORWARD, TAKEN, described, entry_of

LIVES = int(os.environ.get("LMS_TEST_LIVES", "300"))
"""Lives that are tried; thousands take minutes."""
PART = Part("main", "Internship", Decimal(5), hours=150)
AROUND = Around(internship=Internship("2027", (PART,)), part=PART)
BOARD = UUID(int=7)
START = date(2027, 1, 1)
ROLES: tuple[Role, ...] = ("student", "host", "mentor", "supervisor", "office", "board", "clock")


def helped(case: Case, today: date) -> Case:
    """What people do beside the steps: describe, name a supervisor, clear, evaluate, hand the report in, make it one to sign."""
    if case.state == "draft":
        return replace(case, description=described(today, 5, 60), supervisor_id=uuid4())
    if case.state in ("approved", "amendment_pending") and case.digest is None:
        return replace(case, digest="0" * 64)
    if case.state == "agreement_signed":
        return replace(case, cleared=frozenset(CLEARANCES))
    if case.state in ("certified", "rework", "report_submitted"):
        return replace(case, report=True, evaluation=Evaluation(4, 4, 4, 4, 4))
    return case


def forward(case: Case, today: date) -> tuple[Case, date, tuple[str, Action, Role, str] | None]:
    """Take one step towards an end with people who want that; the clock goes on when nobody can take any."""
    case = helped(case, today)
    for action, role in FORWARD[case.state]:
        try:
            found = step(case, AROUND, entry_of(case, action, today), role, BOARD, today)
        except BadValue:
            continue
        if isinstance(found, Case):
            return found, today, (case.state, action, role, found.state)
    return case, today + timedelta(10), None


def finished(case: Case, today: date) -> Case:
    """Bring a case to an end."""
    for _ in range(200):
        if case.state in FINAL:
            return case
        case, today, _ = forward(case, today)
    raise AssertionError(f"no way on from {case.state}: {case}")


class Lives(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.today = START
        self.case = Case(id=uuid4(), person_id=uuid4(), regulation="2027", part="main", organisation_id=uuid4())
        self.taken: list[tuple[str, Action, Role, str]] = []

    @rule(days=st.sampled_from([1, 3, 10, 30, 60]))
    def days_pass(self, days: int) -> None:
        self.today += timedelta(days)

    @rule(steps=st.integers(1, 12))
    def all_goes_well_for_a_while(self, steps: int) -> None:
        for _ in range(steps):
            if self.case.state in FINAL:
                return
            self.case, self.today, taken = forward(self.case, self.today)
            self.taken += [taken] if taken else []

    @rule(what=st.sampled_from(TAKEN), hours=st.sampled_from([10, 150, 400]))
    def somebody_tries_something(self, what: tuple[Action, Role], hours: int) -> None:
        self.attempt(*what, hours)

    @rule(hours=st.sampled_from([10, 150, 400]), data=st.data())
    def somebody_does_what_the_state_allows(self, hours: int, data: st.DataObject) -> None:
        choices = sorted({(found.action, role) for found in steps_from(self.case.state) for role in found.by})
        likely = [choice for choice in choices if choice[0] != "withdraw"]
        if likely:
            self.case = helped(self.case, self.today)
            self.attempt(*data.draw(st.sampled_from(likely)), hours)

    def attempt(self, action: Action, role: Role, hours: int) -> None:
        before = self.case
        try:
            found = step(before, AROUND, entry_of(before, action, self.today, hours), role, BOARD, self.today)
        except BadValue:
            return
        if isinstance(found, Case):
            assert found.revision == before.revision + 1
            self.taken.append((before.state, action, role, found.state))
            self.case = found

    @invariant()
    def every_step_is_one_of_the_table(self) -> None:
        state = "draft"
        for before, action, role, after in self.taken:
            assert before == state
            known = [found for found in STEPS if before in found.of and found.action == action and role in found.by]
            assert any(after in (found.to, before) for found in known)
            state = after
        assert state == self.case.state

    @invariant()
    def what_is_booked_has_everything(self) -> None:
        if self.case.state != "booked":
            return
        case, done = self.case, [action for _, action, _, _ in self.taken]
        assert case.granted is not None
        assert 0 < case.granted <= PART.ects
        assert case.in_force >= 1
        assert case.cleared == set(CLEARANCES)
        assert case.certified is not None
        assert case.evaluation is not None
        assert case.report
        assert (case.decided_by, case.decided_on is not None) == (BOARD, True)
        assert done.count("book") == done.count("reverse") + 1
        # three have signed the first agreement, in this order of things
        signed = [role for before, action, role, _ in self.taken if action == "sign" and before == "approved"]
        assert set(signed[-3:]) == set(PARTIES)

    @invariant()
    def there_is_a_way_to_an_end(self) -> None:
        finished(self.case, self.today)


Lives.TestCase.settings = settings(
    max_examples=LIVES, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestLives = Lives.TestCase
