"""Every state x action x role: what may be done, where it leads, and that nothing else may be done."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import product
from typing import get_args

import msgspec
import pytest
from lms_internship_credit.guards import CLEARANCES, Life, take, target
from lms_internship_credit.lifecycle import FINAL, NEEDS, STEPS, Action, Missing, Refusal, Role, State, Step, judge
from lms_internship_credit.policy import Internship, Part, Served

TABLE = """
draft              propose           student                         proposed
draft              withdraw          student                         withdrawn
proposed           confirm           host                            host_confirmed
proposed           return            host supervisor                 returned
proposed           revise            student                         draft
proposed           cancel            host                            host_cancelled
proposed           withdraw          student                         withdrawn
returned           revise            student                         draft
returned           withdraw          student                         withdrawn
host_confirmed     approve           supervisor                      approved
host_confirmed     return            supervisor                      returned
host_confirmed     revise            student                         draft
host_confirmed     cancel            host                            host_cancelled
host_confirmed     withdraw          student                         withdrawn
approved           sign              student host supervisor         agreement_signed
approved           revise            student                         draft
approved           cancel            host                            host_cancelled
approved           withdraw          student                         withdrawn
agreement_signed   clear             office                          cleared
agreement_signed   revise            student                         draft
agreement_signed   cancel            host                            host_cancelled
agreement_signed   withdraw          student                         withdrawn
cleared            begin             clock office                    running
cleared            revise            student                         draft
cleared            cancel            host                            host_cancelled
cleared            withdraw          student                         withdrawn
running            amend             student host mentor supervisor  amendment_pending
running            interrupt         student host office             interrupted
running            cancel            host                            host_cancelled
running            end               clock office                    ended
amendment_pending  sign              student host supervisor         running
amendment_pending  refuse            student host supervisor         running
amendment_pending  interrupt         student host office             interrupted
amendment_pending  cancel            host                            host_cancelled
amendment_pending  end               clock office                    ended
interrupted        resume            student host office             running
interrupted        cancel            host                            host_cancelled
interrupted        end               clock office                    ended
host_cancelled     end               student office                  ended
host_cancelled     revise            student                         draft
host_cancelled     withdraw          student                         withdrawn
ended              certify           host mentor office              certified
certified          certify           host mentor office              certified
certified          submit            student                         report_submitted
certified          ask_extension     student                         certified
certified          extend            supervisor                      certified
certified          lapse             clock                           lapsed
report_submitted   evaluate          supervisor                      evaluated
report_submitted   demand_rework     supervisor                      rework
rework             submit            student                         report_submitted
rework             ask_extension     student                         rework
rework             extend            supervisor                      rework
rework             lapse             clock                           lapsed
lapsed             appeal            student                         appeal
evaluated          recognise         board                           recognised
evaluated          recognise_partly  board                           partial
evaluated          reject            board                           rejected
recognised         book              clock                           booked
partial            accept            student                         partial
partial            appeal            student                         appeal
partial            book              clock                           booked
rejected           appeal            student                         appeal
appeal             recognise         board                           recognised
appeal             recognise_partly  board                           partial
appeal             reject            board                           rejected
booked             reverse           board                           evaluated
"""

ALLOWED: dict[tuple[str, str, str], str] = {
    (state, action, role): to
    for state, action, *roles, to in (line.split() for line in TABLE.strip().splitlines())
    for role in roles
}


@pytest.mark.parametrize("state", get_args(State))
def test_what_may_be_done_in_each_state_and_nothing_else(state: State) -> None:
    """Judged with nothing missing: who may take which step, where it leads, and why all else is refused."""
    for action, role in product(get_args(Action), get_args(Role)):
        found = judge(state, action, role, {})
        to = ALLOWED.get((state, action, role))
        here = any((state, action, other) in ALLOWED for other in get_args(Role))
        if to:
            assert isinstance(found, Step), (action, role)
            assert (found.to or state) == to, (action, role)
        else:
            assert isinstance(found, Refusal), (action, role)
            assert found.kind == ("role" if here else "state"), (action, role)


def test_the_table_names_only_what_there_is() -> None:
    states, actions, roles = zip(*ALLOWED, strict=True)
    assert {*states, *ALLOWED.values()} == set(get_args(State))
    assert set(actions) == set(get_args(Action))
    assert set(roles) == set(get_args(Role))


def test_each_need_of_a_step_refuses_it_alone_and_says_who_can_help() -> None:
    for step in STEPS:
        for state, role, need in product(step.of, step.by, step.needs):
            found = judge(state, step.action, role, {need: NEEDS[need][0]})
            assert isinstance(found, Refusal)
            assert [(one.need, one.text, one.who) for one in found.missing] == [(need, *NEEDS[need])]


def test_each_need_is_used() -> None:
    assert {need for step in STEPS for need in step.needs} == set(NEEDS)


def test_from_each_state_a_final_one_can_be_reached() -> None:
    """Without the help of a host who does not answer any more."""
    ways = {
        state: {step.to for step in STEPS if state in step.of and step.to and set(step.by) - {"host", "mentor"}}
        for state in get_args(State)
    }
    reached = set(FINAL)
    while more := {state for state, to in ways.items() if state not in reached and to & reached}:
        reached |= more
    assert reached == set(get_args(State))


PART = Part("main", "Internship", Decimal(5), hours=150)
LIFE = Life(state="approved", internship=Internship("2027", (PART,)), part=PART)
TODAY = date(2027, 3, 1)


def test_the_agreement_is_signed_when_the_last_of_three_has_signed_and_by_each_once() -> None:
    life = LIFE
    for role, leads in (("host", "approved"), ("student", "approved"), ("supervisor", "agreement_signed")):
        step = take(life, "sign", role, TODAY)
        assert isinstance(step, Step)
        assert target(life, step, role) == leads
        life = Life(state="approved", internship=life.internship, part=PART, signed=life.signed | {role})
        again = take(life, "sign", role, TODAY)
        assert isinstance(again, Refusal)
        assert [one.need for one in again.missing] == ["own_signature"]


def test_who_is_refused_learns_everything_that_is_missing() -> None:
    draft = Life(state="draft", internship=LIFE.internship, part=PART, elsewhere=True)
    assert take(draft, "propose", "student", TODAY) == Refusal(
        "needs",
        "it is not described yet: first and last day, weekly hours, place, tasks and aims (the student); no academic "
        "supervisor is named yet (the student); this part is done or waived, or another case of it is under way (the "
        "student)",
        tuple(Missing(need, *NEEDS[need]) for need in ("description", "supervisor", "requirement_open")),
    )
    assert take(draft, "book", "clock", TODAY) == Refusal(
        "state",
        "This is no step of a case that is draft: book. From there leads: propose (the student), withdraw (the student).",
        instead=(("propose", "student"), ("withdraw", "student")),
    )
    assert take(draft, "propose", "host", TODAY) == Refusal(
        "role", "Only the student can take this step while the case is draft: propose."
    )
    assert take(msgspec.structs.replace(draft, state="recognised"), "book", "board", TODAY) == Refusal(
        "role", "Nobody takes this step, it comes by itself: book."
    )
    over = take(msgspec.structs.replace(draft, state="withdrawn"), "propose", "student", TODAY)
    assert over == Refusal(
        "state", "This is no step of a case that is withdrawn: propose. Nothing is done with it any more."
    )


@pytest.mark.parametrize(
    ("today", "role", "action", "life", "missing"),
    [
        # registered before it begins, a day ahead: never on the day itself
        (date(2027, 3, 31), "student", "propose", {}, []),
        (date(2027, 4, 1), "student", "propose", {}, ["days_ahead"]),
        (date(2027, 3, 31), "clock", "begin", {"state": "cleared"}, ["first_day"]),
        (date(2027, 4, 1), "clock", "begin", {"state": "cleared"}, []),
        (date(2027, 6, 30), "clock", "end", {"state": "running"}, ["last_day"]),
        (date(2027, 7, 1), "clock", "end", {"state": "running"}, []),
        # the last day for the report is one on which it is taken, and not one on which it lapses
        (date(2027, 8, 25), "clock", "lapse", {"state": "certified"}, ["report_due"]),
        (date(2027, 8, 26), "clock", "lapse", {"state": "certified"}, []),
        # two weeks before
        (date(2027, 8, 11), "student", "ask_extension", {"state": "certified"}, []),
        (date(2027, 8, 12), "student", "ask_extension", {"state": "certified"}, ["extension_in_time"]),
        # thirty days after a decision
        (date(2027, 10, 31), "student", "appeal", {"state": "rejected", "decided_on": date(2027, 10, 1)}, []),
        (
            date(2027, 11, 1),
            "student",
            "appeal",
            {"state": "rejected", "decided_on": date(2027, 10, 1)},
            ["appeal_in_time"],
        ),
        (date(2027, 10, 31), "clock", "book", {"state": "partial", "decided_on": date(2027, 10, 1)}, ["appeal_over"]),
        (
            date(2027, 10, 2),
            "clock",
            "book",
            {"state": "partial", "decided_on": date(2027, 10, 1), "accepted": True},
            [],
        ),
        (date(2027, 11, 1), "clock", "book", {"state": "partial", "decided_on": date(2027, 10, 1)}, []),
        (date(2027, 11, 1), "clock", "book", {"state": "recognised", "others_done": False}, ["all_parts"]),
        (date(2027, 11, 1), "clock", "book", {"state": "recognised", "booked": True}, ["unbooked"]),
        (date(2027, 9, 1), "board", "recognise", {"state": "evaluated"}, ["award"]),
        (
            date(2027, 9, 1),
            "board",
            "recognise_partly",
            {"state": "evaluated", "granted": Decimal(5)},
            ["part_of_award"],
        ),
        (date(2027, 9, 1), "board", "recognise_partly", {"state": "evaluated", "granted": Decimal("4.99")}, []),
        # two of the five are recognised from elsewhere: less than three can be given for a part of the rest
        (
            date(2027, 9, 1),
            "board",
            "recognise_partly",
            {"state": "evaluated", "granted": Decimal(3), "brought": Decimal(2)},
            ["part_of_award"],
        ),
        (
            date(2027, 9, 1),
            "board",
            "recognise_partly",
            {"state": "evaluated", "granted": Decimal("2.99"), "brought": Decimal(2)},
            [],
        ),
    ],
)
def test_days_and_amounts_at_their_bounds(
    today: date, role: Role, action: Action, life: dict[str, object], missing: list[str]
) -> None:
    whole = {
        "state": "draft", "internship": LIFE.internship, "part": PART, "described": True, "supervisor": True,
        "first_day": date(2027, 4, 1), "last_day": date(2027, 6, 30), "due": date(2027, 8, 25),
        "cleared": frozenset(CLEARANCES), **life,
    }  # fmt: skip
    found = take(Life(**whole), action, role, today)
    assert [one.need for one in found.missing] == missing if missing else isinstance(found, Step)


def test_hours_that_reach_the_least_bring_the_ects() -> None:
    served = {hours: Served(date(2027, 4, 1), date(2027, 4, 30), Decimal(hours)) for hours in ("149.99", "150")}
    awards = [Life(state="ended", internship=LIFE.internship, part=PART, served=one).award for one in served.values()]
    assert awards == [Decimal(0), Decimal(5)]


def test_who_is_refused_reads_what_is_missing_and_nothing_else() -> None:
    begins = {"described": True, "supervisor": True, "first_day": date(2027, 3, 1), "last_day": date(2027, 3, 5)}
    served = Served(date(2027, 3, 1), date(2027, 3, 1), Decimal(10))
    weeks = msgspec.structs.replace(PART, weeks=4)

    def missing(role: Role, action: Action, **life: object) -> list[str]:
        found = take(Life(**{"internship": LIFE.internship, "part": PART, **life}), action, role, TODAY)
        assert isinstance(found, Refusal)
        return [one.text for one in found.missing]

    assert missing("student", "propose", state="draft", **{**begins, "described": False}) == [
        "its aims are not written yet",
        "the regulation wants 1 day before the first day, which is 2027-03-01; it can be 2027-03-02 at the earliest",
    ]
    assert missing("office", "clear", state="agreement_signed", cleared=frozenset({"insurance"})) == [
        "not cleared yet: residence title, wage"
    ]
    assert missing("board", "recognise", state="evaluated", part=weeks, served=served) == [
        "what is certified is too short to bring ECTS: 150 hours are demanded, 10 certified; 4 weeks are demanded, 0 "
        "certified"
    ]
    enough = Served(date(2027, 3, 1), date(2027, 3, 31), Decimal(150))
    assert missing("board", "recognise", state="evaluated", served=enough, brought=Decimal(5)) == [
        "nothing is left of the 5 ECTS of this part: they are waived or brought already"
    ]
