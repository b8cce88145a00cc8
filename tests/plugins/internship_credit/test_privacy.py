"""What stays with the one whom it concerns: drafts of reports, what students say about hosts, and for how long."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.interns import CERTIFIED, PLACES, POINTS, Placement
from tests.support.papers import bring

if TYPE_CHECKING:
    from tests.support.world import World


@pytest.fixture
async def scene(world: World, monkeypatch: pytest.MonkeyPatch) -> Placement:
    return await Placement.of(world, monkeypatch)


async def certified(scene: Placement) -> str:
    """Bring a case to where its report is awaited; return its id."""
    case = await scene.running()
    await scene.day("2027-06-05")
    await scene.guest(case, "host", "certify", certified=CERTIFIED)
    return case


async def reads(scene: Placement, name: str, case: str) -> tuple[str | None, list[Any], list[str]]:
    """Return what somebody reads of a report: the draft, what stands in the history, and the files."""
    place = f"{scene.path}/{PLACES[name]}/{case}"
    found, files = await scene[name].get(place), (await scene[name].get(f"{place}/documents"))["items"]
    texts = [line["entered"] for line in found["history"] if line["action"] in ("write", "submit")]
    return found["draftReport"], texts, [one["id"] for one in files]


async def test_a_report_is_the_students_alone_until_it_is_handed_in(scene: Placement) -> None:
    case = await certified(scene)
    report = f"{scene.path}/me/cases/{case}/report"
    await scene["Ines"].put(report, {"text": "My mentor never came."})
    await scene["Ines"].put(report, {"text": "I etched."})
    file = await bring(scene, "Ines", case, "report")
    assert await reads(scene, "Ines", case) == ("I etched.", [{}, {}], [file])
    for name in ("Sabine", "Otto", "Berta"):
        assert await reads(scene, name, case) == (None, [{}, {}], [])
        await scene[name].get(f"{scene.path}/{PLACES[name]}/{case}/documents/{file}", 404)

    secret = await scene.link(case, "mentor")
    await scene.world.http.put(f"{scene.path}/mentor/evaluation?link={secret}", json=POINTS)
    await scene.step("Ines", case, "submit", note="Here it is.")
    for name in ("Ines", "Sabine", "Otto", "Berta"):
        assert await reads(scene, name, case) == (None, [{}, {}, {"text": "I etched."}], [file])

    # what is written anew is hers again
    await scene.step("Sabine", case, "demand_rework", note="How deep?", due="2027-07-31")
    await scene["Ines"].put(report, {"text": "I etched deep."})
    assert await reads(scene, "Sabine", case) == (None, [{}, {}, {"text": "I etched."}, {}], [file])
    await scene.step("Ines", case, "submit")
    assert (await reads(scene, "Sabine", case))[1][-1] == {"text": "I etched deep."}


async def test_what_is_decided_is_no_business_of_the_firm(scene: Placement) -> None:
    case = await scene.evaluated()
    await scene.step("Berta", case, "recognise")
    names = ("state", "award", "granted", "decidedOn", "appealUntil", "waitsFor", "evaluation", "history")
    seen = {}
    for role in ("host", "mentor"):
        address = f"{scene.path}/{role}?link={await scene.link(case, role)}"
        found = (await scene.world.http.get(address, headers={"Accept": "application/json"})).json()
        seen[role] = [found[name] for name in names]
    assert seen == {
        "host": ["booked", None, None, None, None, [], None, []],
        "mentor": ["booked", None, None, None, None, [], POINTS, []],
    }
