"""The rules of five universities give exactly their ECTS, at their bounds too."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lms_internship_credit.policy import Part, Served, Shortfall, award, months, shortfalls, weeks

DUSSELDORF = Part("main", "Praktikum", Decimal(15), hours=160, weeks=4, hours_per_ects=Decimal(32), step=Decimal(5))
FLENSBURG = Part("main", "Praktikum", Decimal(5), hours=150)
BTU = Part("main", "Praktikum", Decimal(10), months=2)
MAGDEBURG = Part("main", "Praktikum", Decimal(30), weeks=16)
KAISERSLAUTERN = (Part("first", "Teil 1", Decimal(4), hours=120), Part("second", "Teil 2", Decimal(5), hours=150))

MARCH = date(2027, 3, 1)


def served(days: int, hours: str, absent: int = 0, first: date = MARCH) -> Served:
    return Served(first, first + timedelta(days=days - 1), Decimal(hours), absent)


@pytest.mark.parametrize(
    ("part", "what", "ects"),
    [
        # 4 weeks of 40 hours are 5 ECTS, 32 hours each
        (DUSSELDORF, served(28, "160"), "5"),
        (DUSSELDORF, served(28, "159.99"), "0"),
        (DUSSELDORF, served(27, "160"), "0"),
        (DUSSELDORF, served(28, "160", absent=1), "0"),
        (DUSSELDORF, served(56, "319.99"), "5"),
        (DUSSELDORF, served(56, "320"), "10"),
        (DUSSELDORF, served(200, "1000"), "15"),
        # from 150 hours on 5
        (FLENSBURG, served(20, "150"), "5"),
        (FLENSBURG, served(20, "149.99"), "0"),
        (FLENSBURG, served(200, "900"), "5"),
        # two months are 10
        (BTU, Served(MARCH, date(2027, 4, 30), Decimal(300)), "10"),
        (BTU, Served(MARCH, date(2027, 4, 29), Decimal(300)), "0"),
        (BTU, Served(date(2027, 3, 15), date(2027, 5, 14), Decimal(300)), "10"),
        (BTU, Served(date(2027, 3, 15), date(2027, 5, 14), Decimal(300), 1), "0"),
        (BTU, Served(date(2027, 3, 15), date(2027, 5, 15), Decimal(300), 1), "10"),
        # 16 weeks are 30
        (MAGDEBURG, served(112, "600"), "30"),
        (MAGDEBURG, served(111, "900"), "0"),
        # two parts, each with its own least hours
        (KAISERSLAUTERN[0], served(30, "120"), "4"),
        (KAISERSLAUTERN[0], served(30, "119.99"), "0"),
        (KAISERSLAUTERN[1], served(30, "150"), "5"),
        (KAISERSLAUTERN[1], served(30, "120"), "0"),
    ],
)
def test_what_is_served_brings(part: Part, what: Served, ects: str) -> None:
    assert award(part, what) == Decimal(ects)


def test_what_is_recognised_from_elsewhere_counts_towards_the_most() -> None:
    what = served(56, "320")
    assert [award(DUSSELDORF, what, Decimal(done)) for done in (0, 5, 10, 15, 20)] == [10, 10, 5, 0, 0]


def test_what_was_not_reached_is_told_with_its_figures() -> None:
    assert shortfalls(DUSSELDORF, served(27, "150")) == [
        Shortfall("hours", Decimal(160), Decimal(150)),
        Shortfall("weeks", Decimal(4), Decimal(3)),
    ]
    assert shortfalls(BTU, Served(MARCH, date(2027, 4, 29), Decimal(300))) == [
        Shortfall("months", Decimal(2), Decimal(1))
    ]


def test_months_that_begin_on_a_day_that_others_lack_end_on_their_last_day() -> None:
    assert [
        months(Served(date(2027, 1, 31), last, Decimal(1)))
        for last in (date(2027, 2, 27), date(2027, 2, 28), date(2027, 3, 30), date(2027, 3, 31))
    ] == [0, 1, 2, 2]
    assert months(Served(date(2028, 1, 30), date(2028, 2, 28), Decimal(1))) == 0
    assert months(Served(date(2028, 1, 30), date(2028, 2, 29), Decimal(1))) == 1


@given(
    first=st.dates(date(2020, 1, 1), date(2040, 1, 1)),
    length=st.integers(1, 800),
    more=st.integers(0, 100),
    hours=st.decimals(0, 3000, places=2),
    extra=st.decimals(0, 500, places=2),
    absent=st.integers(0, 50),
)
def test_who_serves_more_gets_no_less(
    first: date, length: int, more: int, hours: Decimal, extra: Decimal, absent: int
) -> None:
    less = Served(first, first + timedelta(days=length), hours, absent)
    longer = Served(first, first + timedelta(days=length + more), hours + extra, absent)
    assert weeks(less) <= weeks(longer)
    assert months(less) <= months(longer)
    for part in (DUSSELDORF, FLENSBURG, BTU, MAGDEBURG, *KAISERSLAUTERN):
        assert award(part, less) <= award(part, longer) <= part.ects
