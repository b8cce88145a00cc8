"""The terms of a plan as a picture: titles of all scripts and lengths stay in their boxes, and words say what it shows."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID
from xml.etree import ElementTree as ET

import pytest
from lms_part_time_tracks import boxes, knowing
from lms_part_time_tracks.results import PlannedModule, PlannedTerm, Result

from tests.support.tracks import Study
from tests.support.world import statements

if TYPE_CHECKING:
    from tests.support.world import World

SVG = "{http://www.w3.org/2000/svg}"
LONG = "Zuverlässigkeitsuntersuchungen und Lebensdauerprognose leistungselektronischer Systeme II"
CJK = "微机电系统与光电子集成电路的可靠性设计方法及其在汽车工业中的应用研究与实践课程第二部分传感器"


@pytest.fixture(autouse=True)
def october(monkeypatch: pytest.MonkeyPatch) -> None:
    """The winter term 2026 has begun, its lectures have not."""
    monkeypatch.setattr(knowing, "now", lambda: datetime(2026, 10, 2, 12, tzinfo=UTC))


def module(title: str, **other: Any) -> PlannedModule:
    return PlannedModule(
        **{"module_id": UUID(int=1), "key": "m", "title": title, "ects": Decimal(5), "run_id": None, "run": None}
        | {"fixed": False, **other}
    )


def term(name: str, *modules: PlannedModule, leave: bool = False) -> PlannedTerm:
    return PlannedTerm(
        name=name, first_day=date(2026, 10, 1), last_day=date(2027, 3, 31), weeks=23, hours=None, load=Decimal("6.5"),
        ects=Decimal(5 * len(modules)), leave=leave, modules=list(modules),
    )  # fmt: skip


def shown(element: ET.Element) -> list[str]:
    return [one.text or "" for one in element.findall(f"{SVG}text")]


def drawn(*terms: PlannedTerm, recognised: tuple[PlannedModule, ...] = ()) -> ET.Element:
    result = Result(status="optimal", finish=terms[-1].name, terms=list(terms), recognised=list(recognised))
    return ET.fromstring(boxes.draw(result))


def test_each_module_says_in_words_and_in_black_and_white_how_certain_it_is() -> None:
    root = drawn(
        term("winter term 2025/26", module("Optics", fixed=True, done=True)),
        term("summer term 2026", module("Mems", fixed=True), module("Lasers", critical=True, slack=0)),
        term("winter term 2026/27", leave=True),
        term("summer term 2027", module("Seminar"), leave=True),
        term("winter term 2027/28"),
        term("summer term 2028", *(module(f"Elective {n}") for n in range(4))),
        recognised=(module("Physics"),),
    )
    assert [(one.tag, one.get("id"), one.text) for one in root[:2]] == [
        (f"{SVG}title", "plan-title", "The terms of your plan"),
        (
            f"{SVG}desc", "plan-desc",
            "8 modules in 6 terms, from the winter term 2025/26 to the summer term 2028: 1 done, 1 in which you have a "
            "seat, 6 planned. If one of these is later, so is the end: Lasers. On leave: winter term 2026/27, summer "
            "term 2027.",
        ),
    ]  # fmt: skip
    assert shown(root) == [
        "done", "you have a seat", "planned", "critical: if later, so is the end", "on leave",
        "Recognised", "5 ECTS", "winter term 2025/26", "5 ECTS, 6.5 h a week", "summer term 2026",
        "10 ECTS, 6.5 h a week", "winter term 2026/27", "on leave", "summer term 2027", "on leave",
        "5 ECTS, 6.5 h a week", "winter term 2027/28", "nothing planned", "summer term 2028", "20 ECTS, 6.5 h a week",
    ]  # fmt: skip
    told = [
        (*shown(box), box.findall(f"{SVG}rect")[0].get("stroke-width"), box.findall(f"{SVG}rect")[1].get("fill"))
        for box in root.findall(f"{SVG}svg")
    ]
    assert told == [
        ("Physics", "5 ECTS, planned", "1", "white"), ("Optics", "5 ECTS, done", "1", "url(#plan-hatched)"),
        ("Mems", "5 ECTS, you have a seat", "1", "black"), ("Lasers", "5 ECTS, planned, critical", "3", "white"),
        ("Seminar", "5 ECTS, planned", "1", "white"),
        *((f"Elective {n}", "5 ECTS, planned", "1", "white") for n in range(4)),
    ]  # fmt: skip
    places = [(int(box.get("x", "")), int(box.get("y", ""))) for box in root.findall(f"{SVG}svg")]
    # three abreast, and no box on another
    assert len({*places}) == len(places)
    assert [x for x, _ in places[-4:]] == [190, 459, 728, 190]
    assert places[-1][1] == places[-2][1] + 2 * boxes.LINE + 2 * boxes.PAD + boxes.GAP
    assert all(
        one.get("fill") in (None, "white", "black", "url(#plan-hatched)", "url(#plan-dotted)") for one in root.iter()
    )


@pytest.mark.parametrize(
    ("title", "lines"),
    [
        ("Optics", ["Optics"]),
        ("$5 < $6 & x_{1}^2 <b>\uffff", ["$5 < $6 & x_{1}^2 <b>\ufffd"]),
        (LONG, ["Zuverlässigkeitsuntersuchungen", "und Lebensdauerprognose", "leistungselektronischer", "Systeme II"]),
        (CJK, [CJK[:18], CJK[18:36], CJK[36:]]),
        ("Elektroenzephalographieinterpretation", ["Elektroenzephalographieinter-", "pretation"]),
        ("i" * 200, [*["i" * 29 + "-"] * 4, "i" * 29 + "…"]),
        (" ", [" "]),
    ],
)
def test_a_title_stays_in_its_box(title: str, lines: list[str]) -> None:
    [box] = drawn(term("summer term 2026", module(title, critical=True))).findall(f"{SVG}svg")
    assert shown(box)[:-1] == lines
    assert int(box.get("height", "")) == (len(lines) + 1) * boxes.LINE + 2 * boxes.PAD
    tip = box.find(f"{SVG}title")
    assert tip is not None
    assert tip.text == title.replace("\uffff", "\ufffd")


async def test_a_student_sees_hers_and_nobody_elses(world: World) -> None:
    study = await Study.of(world)
    ingrid, eve = await study.student("Ingrid"), await study.student("Eve")
    plan = await study.planned(ingrid)
    here = f"{study.path}/me/plans/{plan['id']}"
    with statements(world.database) as asked:
        picture = await ingrid.call("GET", f"{here}/plan.svg")
    assert len([one for one in asked if "part_time_tracks" in one]) == 1
    assert picture.headers["content-type"] == "image/svg+xml"
    assert [shown(box) for box in ET.fromstring(picture.content).findall(f"{SVG}svg")] == [
        [title, f"{ects} ECTS, planned, critical"]
        for title, ects in (("Mems", 5), ("Optics", 5), ("Project", 10), ("Thesis", 15))
    ]
    page = (await ingrid.call("GET", f"{here}/page")).text
    assert picture.text in page
    assert [f'id="{prefix}title"' in page for prefix in ("plan-", "")] == [True, True]
    await eve.get(f"{here}/plan.svg", 404)
