"""A plan of what is taught so far says everywhere that it does not reach the degree, and what is missing."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
from lms_part_time_tracks import knowing
from lms_part_time_tracks.degree import Reach, reach
from lms_part_time_tracks.pictures import describe
from lms_part_time_tracks.results import Result
from lms_part_time_tracks.settings import Curriculum, Electives

from tests.support.tracks import CURRICULUM, Study, where

if TYPE_CHECKING:
    from tests.support.world import World

WINTER, SUMMER = "winter term 2026/27", "summer term 2027"
DEPTH = Electives("depth", "Depth", ("a", "b", "c"), min_ects=Decimal(10), max_ects=Decimal("12.5"))
WORTH = {"a": 500, "b": 500, "c": 750, "core": 1000, "thesis": 1500}


@pytest.fixture(autouse=True)
def october(monkeypatch: pytest.MonkeyPatch) -> None:
    """The winter term 2026 has begun, its lectures have not."""
    monkeypatch.setattr(knowing, "now", lambda: datetime(2026, 10, 2, 12, tzinfo=UTC))


@pytest.mark.parametrize(
    ("other", "worth", "needed", "expected"),
    [
        ({}, {**WORTH}, 3750, Reach(ects=3750)),
        ({}, {**WORTH}, 3760, Reach(ects=3750, gap="the curriculum has no more")),
        ({}, {**WORTH, "extra": 500}, 4250, Reach(ects=4250)),
        (
            {"electives": (DEPTH, Electives("width", "Width", ("b", "c"), max_modules=1))}, {**WORTH}, 4500,
            Reach(ects=4250, gap="the curriculum has no more"),
        ),
        # the required one among the electives leaves room for one of 5 ECTS
        ({"required": ("core", "c")}, {**WORTH}, 3750, Reach(ects=3750)),
        ({"required": ("core", "optics")}, {**WORTH}, 3500, Reach(ects=3750, gap="the programme does not teach optics")),
        (
            {"thesis_after_ects": Decimal(20)}, {"a": 500, "core": 1000, "thesis": 1500}, 9000,
            Reach(
                ects=1500, thesis=False,
                gap="the programme does not teach b, c; too few modules of Depth are taught; thesis needs 20 ECTS before it",
            ),
        ),
    ],
)  # fmt: skip
def test_how_far_modules_lead(other: dict[str, Any], worth: dict[str, int], needed: int, expected: Reach) -> None:
    rules = {"version": "po", "required": ("core",), "electives": (DEPTH,), "thesis": "thesis", **other}
    assert reach(Curriculum(**rules), worth, needed) == expected


def test_without_a_curriculum_all_that_is_taught_counts() -> None:
    assert reach(None, WORTH, 4250) == Reach(ects=4250)
    assert reach(None, WORTH, 4251) == Reach(ects=4250, gap="the programme does not teach the rest yet")


def test_who_has_done_all_that_is_taught_so_far_is_not_told_that_it_is_over() -> None:
    result = Result(status="optimal", missing="40 of 90 ECTS; the programme does not teach the rest yet.")
    assert describe(result) == (
        "There are no weeks to come. This plan does not reach the degree: 40 of 90 ECTS; the programme does not teach the "
        "rest yet."
    )


LIMITS = {"maxTerms": 12, "milestones": [{"ects": "60", "byTerm": 4}]}
SMALL = {
    "version": "part-time",
    "required": ["mems", "optics", "alchemy"],
    "thesis": "thesis",
    "thesis_after_ects": "60",
}
REST = "the programme does not teach the rest yet"
NO_MORE = "the programme does not teach alchemy; thesis needs 60 ECTS before it"


@pytest.mark.parametrize(
    ("curricula", "ects", "missing", "terms"),
    [
        ([], "40", REST, {WINTER: ["lasers", "mems", "thesis"], SUMMER: ["optics", "project"]}),
        ([SMALL], "10", NO_MORE, {WINTER: ["mems"], SUMMER: ["optics"]}),
    ],
)
async def test_while_not_all_is_taught_nobody_is_told_that_she_will_be_done(
    world: World, curricula: list[Any], ects: str, missing: str, terms: dict[str, list[str]]
) -> None:
    study = await Study.of(world, limits=LIMITS, ects="90", curricula=curricula)
    ingrid = await study.student("Ingrid")
    plan, off = (
        await study.planned(ingrid),
        await study.planned(ingrid, {"kind": "skip", "season": "winter", "year": 2026}),
    )
    assert {term: sorted(keys) for term, keys in where(plan).items()} == terms
    sentence = f"{ects} of 90 ECTS; {missing}."
    names = ("status", "ects", "ectsNeeded", "missing", "finish", "finishOn", "risk", "reason")
    assert [plan["result"][name] for name in names] == ["optimal", ects, "90", sentence, None, None, None, ""]
    here = f"{study.path}/me/plans/{plan['id']}"
    told = f"This plan does not reach the degree: {sentence}"
    page = (await ingrid.call("GET", f"{here}/page")).text
    said = (f"<h1>Your plan until the {SUMMER}</h1>", f"<p>{told}</p>", "The study ends")
    assert [one in page for one in said] == [True, True, False]
    short = f"Not the whole degree: {ects} of 90 ECTS"
    for name in ("plan.svg", "load.svg"):
        root = ET.fromstring((await ingrid.call("GET", f"{here}/{name}")).content)
        assert (root[1].text or "").endswith(told)
        assert short in [(one.text or "").strip() for one in root.iter()]
    compared = await ingrid.get(f"{study.path}/me/comparison?before={plan['id']}&after={off['id']}")
    assert [compared[f"{name}{side}"] for name in ("finish", "missing") for side in ("Before", "After")] == [
        None, None, sentence, sentence,
    ]  # fmt: skip
    # what the regulation demands is told as it is, and that the plan does not have it
    await ingrid.post(f"{here}/acceptance", None, 200)
    due = (await ingrid.get(f"{study.path}/me/standing"))["dates"]
    assert [(one["kind"], one["ects"], one["missing"], one["planned"]) for one in due] == [
        ("milestone", "60", "60", False), ("latest", "90", "90", False),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("ects", "reason"),
    [
        ("40", "These cannot all be: you do not want Mems; the degree takes 40 ECTS."),
        (
            "90",
            f"What is taught brings 40 of 90 ECTS; {REST}. These cannot all be: you do not want Mems; of what is taught so "
            "far at least 40 ECTS are taken.",
        ),
    ],
)
async def test_what_is_needed_is_told_in_words(world: World, ects: str, reason: str) -> None:
    study = await Study.of(world, ects=ects, curricula=[])
    ingrid = await study.student("Ingrid")
    await ingrid.put(f"{study.path}/me/track", {"unwanted": ["mems"]}, If_Match='"0"')
    assert (await study.planned(ingrid))["result"]["reason"] == reason


async def test_what_else_stands_against_it_is_told_after_what_is_missing(world: World) -> None:
    study = await Study.of(world, ects="90", curricula=[{**CURRICULUM, "version": "part-time"}])
    ingrid = await study.student("Ingrid")
    await ingrid.put(f"{study.path}/me/track", {"unwanted": ["mems"]}, If_Match='"0"')
    result = (await study.planned(ingrid))["result"]
    missing = "35 of 90 ECTS; the curriculum has no more."
    assert (result["status"], result["missing"], result["ects"]) == ("infeasible", missing, None)
    assert result["reason"] == f"What is taught brings {missing} This cannot be: you do not want Mems."
    assert [(one["kind"], one["finish"]) for one in result["ways"]] == [("let_go", None)]
