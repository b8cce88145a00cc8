"""What regulations say about marks and attempts, evaluated by pure functions."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms_core.assessment.policy import (
    FAILED,
    PASSED,
    Attempt,
    average,
    policy_of,
    refusal,
    shown,
    term_name,
    term_number,
)
from lms_core.errors import Conflict

MARKS = st.sampled_from(PASSED)
ECTS = st.integers(1, 3_000).map(lambda hundredths: Decimal(hundredths) / 100)


@given(st.lists(st.tuples(MARKS, ECTS), min_size=1))
def test_an_average_is_cut_off_exactly(weighted: list[tuple[Decimal, Decimal]]) -> None:
    found = average(weighted)
    exact = sum(Fraction(m) * Fraction(e) for m, e in weighted) / sum(Fraction(e) for _, e in weighted)
    assert found is not None
    assert Fraction(found) <= exact < Fraction(found) + Fraction(1, 10)
    assert (found * 10) % 1 == 0


@given(st.lists(st.tuples(MARKS, ECTS), min_size=1), st.randoms())
def test_an_average_does_not_depend_on_the_order_nor_on_how_ects_are_cut(
    weighted: list[tuple[Decimal, Decimal]], random: Any
) -> None:
    halves = [(mark, ects / 2) for mark, ects in weighted for _ in range(2)]
    random.shuffle(halves)
    assert average(halves) == average(weighted)


def test_averages_are_never_rounded() -> None:
    assert average([(Decimal("1.3"), Decimal(5)), (Decimal("2.7"), Decimal("2.5"))]) == Decimal("1.7")  # 1.7666
    assert average([(Decimal("1.0"), Decimal(10)), (Decimal("1.3"), Decimal(20))]) == Decimal("1.2")  # exactly 1.2
    assert average([(Decimal("3.7"), Decimal(29)), (Decimal("4.0"), Decimal(1))]) == Decimal("3.7")  # 3.71
    assert average([(Decimal("1.0"), Decimal(1)), (Decimal("4.0"), Decimal("29.99"))]) == Decimal("3.9")  # 3.9032
    assert average([]) is None


def test_a_regulation_that_says_nothing_has_the_german_scale_and_no_limit() -> None:
    for limits in (None, {}, {"maxTerms": 12, "milestones": [{"ects": 60, "term": 4}]}):
        policy = policy_of(limits)
        assert {mark: policy.outcome(mark) for mark in (*PASSED, *FAILED)} == {
            **dict.fromkeys(PASSED, "passed"),
            **dict.fromkeys(FAILED, "failed"),
        }
        assert [policy.outcome(Decimal(mark)) for mark in ("0.7", "1.1", "4.3", "1.33")] == [None] * 4
        assert refusal(policy, [Attempt("failed", 1)] * 99, 50) is None


def test_a_scale_of_another_country_runs_the_other_way() -> None:
    swiss = policy_of({"marks": {"passed": ["4", "4.5", "5", 5.5, 6], "failed": [1, "2", "3.5"]}})
    assert [swiss.outcome(Decimal(mark)) for mark in ("6.0", "5.5", "4", "3.5", "5.0", "1.3")] == [
        "passed", "passed", "passed", "failed", "passed", None,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        ({"attempts": "three"}, "$.attempts"),
        ({"attempts": True}, "$.attempts"),
        ({"attempts": 2.5}, "$.attempts"),
        ({"repeatWithinTerms": []}, "$.repeatWithinTerms"),
        ({"marks": ["1.0"]}, "$.marks"),
        ({"marks": {"passed": ["good"]}}, "$.marks.passed"),
        ({"marks": {"best": "1.0"}}, "best"),
    ],
)
def test_limits_that_cannot_be_understood_decide_nothing(limits: dict[str, Any], reason: str) -> None:
    with pytest.raises(Conflict) as refused:
        policy_of(limits)
    assert reason in str(refused.value)


def test_what_counts_as_an_attempt() -> None:
    three = policy_of({"attempts": 3})
    states = ["failed", "unexcused", "excused", "deregistered", "excused"]
    assert refusal(three, [Attempt(state, 1) for state in states], 1) is None
    used_up = refusal(three, [Attempt(state, 1) for state in [*states, "failed"]], 1)
    assert used_up == "No attempt is left: the regulation allows 3, and all are used."
    passed = refusal(three, [Attempt("failed", 1), Attempt("passed", 2)], 3)
    assert passed == "The module is passed; what is passed is not repeated."


def test_repeats_have_a_window_of_terms_after_the_first_failure() -> None:
    winter = term_number("winter", 2026)
    assert [term_name(winter + step) for step in range(3)] == [
        "winter term 2026/27", "summer term 2027", "winter term 2027/28",
    ]  # fmt: skip
    within_a_year = policy_of({"attempts": 3, "repeatWithinTerms": 2})
    failed = [Attempt("excused", winter - 4), Attempt("failed", winter), Attempt("failed", winter + 2)]
    assert refusal(within_a_year, failed, winter + 2) is None
    late = refusal(within_a_year, failed, winter + 3)
    assert late == "The repeat was possible until the winter term 2027/28; ask the examination board."
    assert refusal(within_a_year, failed[:1], winter + 9) is None
    paused = [winter + 1, winter + 4, winter + 9, winter, winter - 3]
    assert refusal(within_a_year, failed, winter + 3, paused=paused) is None
    assert refusal(within_a_year, failed, winter + 4, paused=[winter + 1, winter + 3]) is None, (
        "a pause grows by another"
    )
    assert refusal(within_a_year, failed, winter + 4, paused=paused) is not None, "one after the time is none"
    next_date = policy_of({"repeatWithinTerms": 0})
    assert refusal(next_date, failed[1:2], winter) is None
    assert refusal(next_date, failed[1:2], winter + 1) is not None


def test_marks_are_written_as_on_a_certificate() -> None:
    written = [str(shown(Decimal(mark))) for mark in ("1", "1.30", "2.25", "10")]
    assert written == ["1.0", "1.3", "2.25", "10.0"]
    assert shown(None) is None
