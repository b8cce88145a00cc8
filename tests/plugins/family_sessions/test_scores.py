"""How hard plans are on people, and what planners learn of it."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lms_family_sessions.calendars import Calendar
from lms_family_sessions.holidays_of import Land, free_days
from lms_family_sessions.reports import FEWEST, Common, Finding, common, report, slot_cost
from lms_family_sessions.scores import WEIGHTS, Meeting, Person, Policy, burden, cost, leximin

from tests.support.family import ANNOUNCED, meeting, need

POLICY = Policy(announced=ANNOUNCED)
YEAR = (date(2027, 1, 1), date(2027, 12, 31))
LAENDER: tuple[Land, ...] = ("BW", "BY", "HE", "HH")
SCHOOLS = {Calendar(land): free_days(land, *YEAR) for land in LAENDER}
BW, BY, HE = Calendar("BW"), Calendar("BY"), Calendar("HE")
SATURDAY = date(2027, 4, 17)
EASTER = date(2027, 3, 26)  # Good Friday


def parts(person: Person, one: Meeting) -> dict[str, int]:
    return dict(cost(person, one, POLICY, SCHOOLS))


def test_each_thing_that_makes_a_session_hard_is_counted() -> None:
    two_days = meeting("a", EASTER, 2, starts=8, ends=18)
    siblings = Person("p", (need(), need("rather_not")), (BW, HE))
    assert parts(siblings, two_days) == {
        "cannot": WEIGHTS["cannot"],  # which outweighs what she would rather not
        "school_free": 2 * WEIGHTS["school_free"],  # a day is free once, of however many schools
        "overnight": WEIGHTS["overnight"],
        "outside_core": 2 * (2 + 4) * WEIGHTS["outside_core"],
    }
    assert parts(Person("q"), meeting("a", SATURDAY)) == {}
    assert parts(Person("q", (need("rather_not", from_minute=960),)), meeting("a", SATURDAY)) == {}  # it ends at 16:00
    assert parts(Person("q", (need("rather_not", from_minute=959),)), meeting("a", SATURDAY)) == {"rather_not": 40}
    assert parts(Person("q"), meeting("a", date(2027, 1, 23))) == {"short_notice": WEIGHTS["short_notice"]}
    later = parts(siblings, meeting("a", EASTER, 2, starts=8, ends=18, recorded=True, mode="hybrid"))
    assert later == {"cannot": 250, "school_free": 15, "outside_core": 3}


def test_days_of_which_nobody_can_tell_are_not_free_of_cost() -> None:
    far = {BW: free_days("BW", date(2030, 1, 1), date(2030, 12, 31))}
    found = cost(Person("p", (), (BW,)), meeting("a", date(2030, 7, 6)), POLICY, far)
    assert found == {"school_unknown": WEIGHTS["school_unknown"]}


def test_weekends_one_after_another() -> None:
    days = [SATURDAY, SATURDAY + timedelta(7), SATURDAY + timedelta(14), SATURDAY + timedelta(28)]
    plan = [meeting(str(n), day) for n, day in enumerate(days)] + [meeting("week", SATURDAY + timedelta(18))]
    assert burden(Person("p"), plan, POLICY, SCHOOLS) == {"consecutive": 2 * WEIGHTS["consecutive"]}


def test_the_worst_off_counts_first() -> None:
    """A plan that is worse on the whole is fairer if nobody has it as hard."""
    assert leximin([500, 0, 0, 0]) > leximin([400, 400, 400, 400]) > leximin([400, 400, 390, 390])


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1))
def test_relieving_somebody_without_burdening_another_is_always_fairer(pairs: list[tuple[int, int]]) -> None:
    before, after = [max(pair) for pair in pairs], [min(pair) for pair in pairs]
    assert (leximin(after) < leximin(before)) == (before != after)


# what planners learn

TERM = [date(2027, 3, 1) + timedelta(n) for n in range(150)]
HOURS = [(8, 10), (10, 12), (13, 16), (16, 18), (18, 20)]
PROBES = [meeting("probe", day, starts=first, ends=last) for day in TERM for first, last in HOURS]

SECRETS: list[dict[str, Any]] = [
    {"first_day": date(2027, 4, 5), "last_day": date(2027, 7, 11), "weekdays": 0b1111111},  # whoever knows, knows
    {"first_day": date(2027, 6, 8), "last_day": date(2027, 6, 8), "weekdays": 0b1111111, "from_minute": 840},
    {"weekdays": 0b0000100, "from_minute": 960, "to_minute": 1080},
    {"last_day": None, "weekdays": 0b1111111, "from_minute": 1081},
]


def cohort() -> list[Person]:
    """Thirty people: six who share a need, four who share another one, and families in two Länder."""
    evening, friday = {"from_minute": 960, "weekdays": 0b0011111}, {"weekdays": 0b0010000}
    people = [Person(f"e{n}", (need("rather_not", **evening),), (BW,)) for n in range(6)]
    people += [Person(f"f{n}", (need(**friday),), (BW, BY)) for n in range(4)]
    return people + [Person(f"n{n}") for n in range(20)]


def told(people: list[Person]) -> list[list[Finding]]:
    """Return what a planner learns who probes slot by slot."""
    shared = common(people)
    return [report(shared, [one], POLICY, SCHOOLS) for one in PROBES]


def costs(people: list[Person], asked: int) -> list[int]:
    shared = common(people)
    return [slot_cost(shared, one, POLICY, SCHOOLS, asked) for one in PROBES]


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("strength", ["cannot", "rather_not"])
def test_who_probes_slot_by_slot_learns_nothing_of_one_special_person(secret: dict[str, Any], strength: str) -> None:
    """Whether she is there, and what she needs, makes no difference to any answer."""
    without, special = cohort(), Person("s", (need(strength, **secret),), (Calendar("HH"),))
    like_others = Person("s", (*cohort()[0].constraints, need(strength, **secret)))
    assert told([*without, special]) == told(without)
    for asked in (0, 1, 4, 5, 31):
        assert costs([*without, special], asked) == costs(without, asked)
    assert told([*without, like_others]) == told([*without, Person("s", cohort()[0].constraints)])


def test_whom_somebody_asks_about_makes_no_difference() -> None:
    """To leave one person out of a question is no way to learn of her: only how many are asked about counts."""
    people = cohort()
    asked = {len(some): costs(people, len(some)) for some in combinations("abcdef", 5)}
    assert asked[5] == costs(people, 25)
    assert costs(people, 4) == costs([], 4)
    assert costs(people, 5) != costs(people, 4)


def test_what_fewer_than_five_share_is_told_nowhere() -> None:
    """A need of four is as if there were none; the fifth who shares it in each detail makes it known, as documented."""
    people, four = cohort(), [one for one in cohort() if one.key.startswith("f")]
    rest = [one if one not in four else Person(one.key, (), one.calendars) for one in people]
    assert told(people) == told(rest)
    fifth = [*people, Person("s", (need(weekdays=0b0010000),))]
    told_of = {(one.kind, one.people) for probe in told(fifth) for one in probe}
    assert ("cannot", "5 to 9") in told_of
    other_hour = [*people, Person("s", (need(weekdays=0b0010000, to_minute=1439),))]
    assert told(other_hour) == told(people)


def test_what_many_share_is_told_in_classes() -> None:
    people = cohort()
    assert common(people).calendars == ((BW, 10),)
    late = meeting("late", date(2027, 4, 21), starts=15, ends=17)
    assert report(common(people), [late], POLICY, SCHOOLS) == [
        Finding("late", "rather_not", "5 to 9"),
        Finding("late", "outside_core", None),
    ]
    holiday = meeting("easter", EASTER + timedelta(4))
    seen = report(common(people), [holiday], POLICY, SCHOOLS)
    assert seen == [Finding("easter", "school_free", "10 to 19")]
    assert common(people[: FEWEST - 1]) == Common((), ())
