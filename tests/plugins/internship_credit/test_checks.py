"""What laws say, with figures: at the bounds of each rule."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from lms_internship_credit.checks import (
    Finding,
    Other,
    Planned,
    Year,
    account,
    length,
    protection,
    residence,
    several,
    wage,
    working_time,
)
from lms_internship_credit.policy import Part
from lms_internship_credit.settings import Law

from tests.support.interns import TWO, Placement

if TYPE_CHECKING:
    from tests.support.world import World

LAW = Law()
DEMANDED = Part("main", "Internship", Decimal(5), hours=150, most_weeks=12)
FIRST = date(2027, 1, 4)


def planned(days: int, pay: int | None = None, hours: str = "40", *, there_before: bool = False) -> Planned:
    return Planned(
        first_day=FIRST, last_day=FIRST + timedelta(days=days - 1), weekly_hours=Decimal(hours), pay_cents=pay,
        there_before=there_before,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("what", "part", "verdict"),
    [
        # twelve weeks are demanded, and a day more is voluntary
        (planned(84), DEMANDED, "kept"),
        (planned(85), DEMANDED, "kept"),
        (planned(84, there_before=True), DEMANDED, "kept"),
        (planned(85, there_before=True), DEMANDED, "broken"),
        # three months from 29 March end on 28 June
        (planned(84 + 92), DEMANDED, "kept"),
        (planned(84 + 93), DEMANDED, "broken"),
        # 14.60 an hour, 40 hours a week, are 2530.67 a month
        (planned(84 + 93, 253_066), DEMANDED, "broken"),
        (planned(84 + 93, 253_067), DEMANDED, "kept"),
        (planned(84 + 93, 126_534, "20"), DEMANDED, "kept"),
        # all of it is demanded
        (planned(300), Part("main", "Internship", Decimal(30), weeks=16), "kept"),
    ],
)
def test_a_minimum_wage_is_due_for_what_the_regulation_does_not_demand(what: Planned, part: Part, verdict: str) -> None:
    assert wage(what, part, LAW).verdict == verdict


def test_each_rule_says_its_figures_and_where_it_is_written() -> None:
    assert wage(planned(84 + 93, 200_000), DEMANDED, LAW) == Finding(
        "minimum_wage",
        "broken",
        "The regulation demands 12 weeks; it goes on from 2027-03-29 to 2027-06-29, and that is more than 3 months: "
        "14.60 an hour are due, 11.54 are paid.",
        "MiLoG section 22 (1) sentence 2 no. 1 and 3",
    )
    assert wage(planned(300), DEMANDED, Law(minimum_wage=())).text == "No minimum wage is entered for 2027-03-29."
    assert [working_time(planned(5, hours=hours), LAW).verdict for hours in ("48", "48.01")] == ["kept", "broken"]


@pytest.mark.parametrize(
    ("what", "part", "verdict"),
    [
        # 35 hours a week are 150 in thirty days
        (planned(30, hours="35"), DEMANDED, "kept"),
        (planned(29, hours="35"), DEMANDED, "broken"),
        (planned(31, hours="35"), DEMANDED, "kept"),
        (planned(16 * 7), Part("main", "Internship", Decimal(30), weeks=16), "kept"),
        (planned(16 * 7 - 1), Part("main", "Internship", Decimal(30), weeks=16), "broken"),
        # from 4 January to 3 March are two months
        (planned(59), Part("main", "Internship", Decimal(10), months=2), "kept"),
        (planned(58), Part("main", "Internship", Decimal(10), months=2), "broken"),
    ],
)
def test_what_is_too_short_for_the_regulation_is_told_before(what: Planned, part: Part, verdict: str) -> None:
    assert length(what, part, "po-2026").verdict == verdict


def test_the_length_says_its_figures_and_what_it_would_bring() -> None:
    both = Part("main", "Praktikum", Decimal(15), hours=160, weeks=4, hours_per_ects=Decimal(32), step=Decimal(5))
    assert length(planned(27, hours="38.5"), both, "po-2026") == Finding(
        "length",
        "broken",
        "It is too short to bring ECTS: 160 hours are demanded and 148.50 are planned; 4 weeks are demanded and 3 are "
        "planned.",
        "po-2026, Praktikum",
    )
    assert [length(planned(56), both, "po-2026", Decimal(done)).text for done in (0, 10)] == [
        f"About 320.00 hours are planned, public holidays not taken off; they bring {ects} ECTS." for ects in (10, 5)
    ]
    interrupted = Planned(
        first_day=FIRST, last_day=FIRST + timedelta(days=28), weekly_hours=Decimal(40), pay_cents=None, absent_days=2
    )
    assert length(interrupted, both, "po-2026").verdict == "broken"


def test_two_internships_at_once_are_added_up() -> None:
    what = planned(28, hours="28")  # from 4 to 31 January
    last = what.last_day
    beside = {
        "the day after": Other(last + timedelta(days=1), date(2027, 3, 1), Decimal(40)),
        "the last day": Other(last, date(2027, 3, 1), Decimal(20)),
        "the last day, too much": Other(last, date(2027, 3, 1), Decimal("20.01")),
        "the first day": Other(date(2026, 12, 1), FIRST, Decimal(40)),
        "before": Other(date(2026, 12, 1), FIRST - timedelta(days=1), Decimal(40)),
    }
    assert {name: several(what, [one], LAW).verdict for name, one in beside.items()} == {
        "the day after": "kept", "the last day": "look", "the last day, too much": "broken",
        "the first day": "broken", "before": "kept",
    }  # fmt: skip
    three = [
        Other(FIRST, date(2027, 1, 20), Decimal(10)),
        Other(date(2027, 1, 11), date(2027, 1, 15), Decimal(10)),
        Other(date(2027, 1, 21), date(2027, 6, 1), Decimal(15)),
    ]
    assert several(what, three, LAW) == Finding(
        "several",
        "look",
        "From 2027-01-11 to 2027-01-15 the student has 3 internships at once, with 48 hours a week together; 48 are allowed.",
        "ArbZG section 2 (1): what is worked for several is added up",
    )


def test_only_days_worked_count_and_half_ones_half() -> None:
    days = {date(2027, 1, 1) + timedelta(days=n): Decimal(4) for n in range(200)}
    assert account(days, LAW) == [Year(2027, Decimal(100), Decimal(40))]
    assert account({**days, date(2027, 1, 1): Decimal("4.01")}, LAW) == [Year(2027, Decimal("100.5"), Decimal("39.5"))]
    over_new_year = {date(2026, 12, 31): Decimal(8), date(2027, 1, 1): Decimal(8), date(2027, 1, 2): Decimal(0)}
    assert account(over_new_year, LAW) == [Year(2026, Decimal(1), Decimal(139)), Year(2027, Decimal(1), Decimal(139))]
    full = {date(2027, 1, 1) + timedelta(days=n): Decimal(8) for n in range(141)}
    for number, verdict in ((140, "kept"), (141, "broken")):
        years = account(dict(list(full.items())[:number]), LAW)
        assert residence(years, planned(84), DEMANDED, LAW).verdict == verdict
    assert residence([], planned(85), DEMANDED, LAW).verdict == "look"


def test_days_of_protection_are_named_and_not_their_reason() -> None:
    inside = [(FIRST + timedelta(days=10), FIRST + timedelta(days=20)), (date(2026, 1, 1), date(2026, 2, 1))]
    assert protection(inside, planned(84)).text == (
        "The student cannot be required to come: 2027-01-14 to 2027-01-24. Agree on other days."
    )
    assert protection(inside[1:], planned(84)).verdict == "kept"


async def test_a_case_is_checked_with_what_is_known(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = await Placement.of(world, monkeypatch)
    case = await scene.drafted(weeklyHours="48.5")
    days = [{"day": "2027-02-01", "hours": "8"}, {"day": "2027-02-02", "hours": "4"}]
    account = await scene["Ines"].put(f"{scene.path}/me/work-days/2027", {"days": days})
    assert account == {"years": [{"year": 2027, "fullDays": "1.5", "left": "138.5"}]}
    assert await scene["Ines"].get(f"{scene.path}/me/work-days") == account
    assert await scene["Ines"].get(f"{scene.path}/me/work-days/2027") == {"days": days}
    assert await scene["Ines"].get(f"{scene.path}/me/work-days/2026") == {"days": []}
    wrong = await scene["Ines"].put(f"{scene.path}/me/work-days/2026", {"days": days}, 422)
    assert wrong["errors"] == [{"where": "body.days", "reason": "must all lie in 2026"}]
    found = await scene["Ines"].get(f"{scene.path}/me/cases/{case}/checks")
    assert [(one["rule"], one["verdict"]) for one in found["findings"]] == [
        ("length", "kept"), ("minimum_wage", "kept"), ("working_time", "broken"), ("several", "kept"),
        ("residence", "kept"), ("insurance", "look"), ("protection", "kept"),
    ]  # fmt: skip
    assert found["note"] == "This is no legal advice; who decides answers for it."
    assert await scene["Otto"].get(f"{scene.path}/cases/{case}/checks") == found
    assert (await scene["Ines"].put(f"{scene.path}/me/work-days/2027", {"days": []})) == {"years": []}
    raw = {"part": "main", "organisationId": scene.firm["id"]}
    bare = await scene["Ines"].post(f"{scene.path}/me/cases", raw)
    assert (await scene["Ines"].call("GET", f"{scene.path}/me/cases/{bare['id']}/checks")).status_code == 409


async def test_two_internships_of_one_student_at_once_are_found(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of two parts, or a new one while an old one is not over; a draft of hers is nobody's plan yet."""
    scene = await Placement.of(world, monkeypatch, TWO)
    first = await scene.drafted("first")
    second = await scene.drafted("second", firstDay="2027-06-04", lastDay="2027-06-30", weeklyHours="30")

    async def checked(case: str) -> list[tuple[str, str]]:
        found = (await scene["Ines"].get(f"{scene.path}/me/cases/{case}/checks"))["findings"]
        return [(one["verdict"], one["text"]) for one in found if one["rule"] in ("length", "several")]

    apart = ("kept", "No other internship of the student lies on these days.")
    long = ("kept", "About 305.00 hours are planned, public holidays not taken off; they bring 4 ECTS.")
    short = ("broken", "It is too short to bring ECTS: 150 hours are demanded and 115.71 are planned.")
    assert [await checked(case) for case in (first, second)] == [[long, apart], [short, apart]]
    for case in (first, second):
        await scene.step("Ines", case, "propose")
    same = "From 2027-06-04 to 2027-06-04 the student has 2 internships at once, with 65 hours a week together; 48 are allowed."
    assert [await checked(case) for case in (first, second)] == [[long, ("broken", same)], [short, ("broken", same)]]
    await scene.guest(first, "host", "cancel", note="No room.")
    assert await checked(second) == [short, apart]


async def test_what_is_broken_is_told_with_each_step_and_to_the_supervisor(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """She proposes what is too short; nothing stops it, and everybody but the host is told from the first day on."""
    scene = await Placement.of(world, monkeypatch)
    case = await scene.drafted(firstDay="2027-04-05", lastDay="2027-04-05", weeklyHours="35")
    many = [{"day": str(date(2027, 1, 1) + timedelta(days=n)), "hours": "8"} for n in range(141)]
    await scene["Ines"].put(f"{scene.path}/me/work-days/2027", {"days": many})
    short = "It is too short to bring ECTS: 150 hours are demanded and 5.00 are planned."
    worked = "More was worked than 140 full days: 141 full days in 2027."
    assert (await scene.step("Ines", case, "propose"))["warnings"] == [short, worked]
    assert (await scene.guest(case, "host", "confirm", mentor={"name": "M", "email": "m@s.example"}))["warnings"] == []
    assert (await scene.step("Sabine", case, "approve"))["warnings"] == [short]
    found = await scene["Sabine"].get(f"{scene.path}/supervised/{case}/checks")
    assert [(one["rule"], one["verdict"]) for one in found["findings"]] == [
        ("length", "broken"), ("minimum_wage", "kept"), ("working_time", "kept"), ("several", "kept"),
        ("insurance", "look"),
    ]  # fmt: skip
    assert (await scene["Otto"].call("GET", f"{scene.path}/supervised/{case}/checks")).status_code == 403


async def test_once_hours_are_certified_these_are_checked(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = await Placement.of(world, monkeypatch)
    case = await scene.evaluated(hours="149.5")
    found = await scene["Otto"].get(f"{scene.path}/cases/{case}/checks")
    assert found["findings"][0]["text"] == (
        "It is too short to bring ECTS: 150 hours are demanded and 149.5 were certified."
    )
