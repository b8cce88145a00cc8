"""Parts that wait for one another: each case says for which, and all are booked together in the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.interns import MAIN, TWO, Placement

if TYPE_CHECKING:
    from tests.support.world import World

LATER = {"firstDay": "2027-08-02", "lastDay": "2027-09-30"}


@pytest.fixture
async def scene(world: World, monkeypatch: pytest.MonkeyPatch) -> Placement:
    return await Placement.of(world, monkeypatch, TWO)


async def seen(scene: Placement, case: str) -> dict[str, Any]:
    return dict(await scene["Ines"].get(f"{scene.path}/me/cases/{case}"))


async def booked(scene: Placement) -> list[tuple[str, str]]:
    (programme,) = (await scene["Ines"].get("/me/transcript"))["programmes"]
    return [(one["title"], one["ects"]) for one in programme["modules"]]


async def test_what_is_recognised_says_for_which_parts_it_waits(scene: Placement) -> None:
    first = await scene.evaluated("first", "120")
    assert (await seen(scene, first))["waitsFor"] == []  # there is nothing yet that could wait
    waiting = await scene.step("Berta", first, "recognise")
    assert (waiting["state"], waiting["next"], waiting["appealUntil"]) == ("recognised", [], None)
    assert waiting["waitsFor"] == [{"part": "second", "title": "Internship", "state": None}]
    second = await scene.running("second", **LATER)
    assert (await seen(scene, first))["waitsFor"] == [{"part": "second", "title": "Internship", "state": "running"}]
    assert (await seen(scene, second))["waitsFor"] == []


async def test_parts_that_are_recognised_partly_are_booked_when_nobody_can_appeal_any_more(scene: Placement) -> None:
    first = await scene.evaluated("first", "120")
    second = await scene.evaluated("second", "150", **LATER)
    for case in (first, second):
        partly = await scene.step("Berta", case, "recognise_partly", ects="2.5", note="Half of the tasks.")
        assert (partly["state"], partly["appealUntil"]) == ("partial", "2027-10-31")
    assert [one["part"] for one in (await seen(scene, first))["waitsFor"]] == ["second"]
    await scene.day("2027-10-31")
    assert await booked(scene) == []
    await scene.day("2027-11-01")
    assert sorted(await booked(scene)) == [("First part", "2.5"), ("Internship", "2.5")]
    assert [(await seen(scene, case))["state"] for case in (first, second)] == ["booked", "booked"]


async def test_the_last_that_can_be_booked_takes_along_what_waited_for_it(scene: Placement) -> None:
    first = await scene.evaluated("first", "120")
    await scene.step("Berta", first, "recognise")
    second = await scene.evaluated("second", "150", **LATER)
    await scene.step("Berta", second, "recognise_partly", ects="2.5", note="Half of the tasks.")
    await scene.day("2027-11-01")
    assert [(await seen(scene, case))["state"] for case in (first, second)] == ["booked", "booked"]


async def test_a_part_that_the_policy_has_no_more_stays_to_be_read(scene: Placement) -> None:
    case = await scene.evaluated("first", "120")
    place = f"/programmes/{scene.programme['id']}/plugins/internship_credit"
    body = {"enabled": True, "settings": {"internships": [{"version": "po-2026", "parts": TWO[1:]}]}}
    await scene.world.admin.put(place, body, If_Match='"1"')
    shown = await seen(scene, case)
    assert (shown["state"], shown["next"], shown["award"], shown["waitsFor"]) == ("evaluated", [], "0", [])
    refused = await scene.step("Berta", case, "recognise", 409)
    assert refused["detail"] == (
        "The settings have no part first of the regulation po-2026 any more. An administrator of the programme can "
        "enter it again; then this goes on."
    )


async def test_of_two_cases_of_one_part_only_one_is_recognised(scene: Placement) -> None:
    """She begins anew after a refusal, and appeals in time all the same: both come before the board."""
    first = await scene.evaluated("first", "120")
    await scene.step("Berta", first, "reject", note="The report is not hers.")
    again = await scene.evaluated("first", "120", firstDay="2027-06-07", lastDay="2027-06-30")
    await scene.step("Ines", first, "appeal", note="It is; here are my notes.")
    await scene.step("Berta", again, "recognise")
    refused = await scene.step("Bruno", first, "recognise", 409)
    assert [error["where"] for error in refused["errors"]] == ["award"]
    partly = await scene.step("Bruno", first, "recognise_partly", 409, ects="1", note="A part.")
    assert [error["where"] for error in partly["errors"]] == ["part_of_award"]
    await scene.step("Bruno", first, "reject", note="The other one counts.")
    place = f"{scene.path}/persons/{scene['Ines'].id}/parts/second"
    await scene["Berta"].put(place, {"kind": "waived", "evidence": "Six years."}, 204)
    assert await booked(scene) == [("First part", "4")]


async def test_what_is_waived_after_a_refusal_brings_nothing_by_an_appeal(scene: Placement) -> None:
    case = await scene.evaluated("first", "120")
    await scene.step("Berta", case, "reject", note="The report is not hers.")
    place = f"{scene.path}/persons/{scene['Ines'].id}/parts/first"
    await scene["Berta"].put(place, {"kind": "waived", "evidence": "Six years."}, 204)
    await scene.step("Ines", case, "appeal", note="It is; here are my notes.")
    refused = await scene.step("Bruno", case, "recognise", 409)
    assert [error["where"] for error in refused["errors"]] == ["award"]
    await scene["Bruno"].post(f"{place}/reversal", {"note": "She wants the ECTS."}, 204)
    assert (await scene.step("Bruno", case, "recognise"))["granted"] == "4"


async def test_what_was_decided_stays_as_it_was_and_is_not_begun_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = await Placement.of(world, monkeypatch)
    case = await scene.evaluated("main", "100")
    other = await scene.drafted("main")
    decided = await scene.step("Berta", case, "recognise_partly", ects="3", note="A third was lacking.")
    assert (decided["award"], decided["granted"]) == ("0", "3")
    await scene.step("Ines", case, "accept")
    await scene.day("2027-06-06")

    async def part() -> dict[str, Any]:
        [found] = (await scene["Ines"].get(f"{scene.path}/me/parts"))["items"]
        return {name: found[name] for name in ("ects", "granted", "done", "state")}

    done = {"ects": "5", "granted": "3", "done": True, "state": "booked"}
    assert await part() == done
    refused = await scene["Ines"].post(
        f"{scene.path}/me/cases", {"part": "main", "organisationId": scene.firm["id"]}, 409
    )
    assert refused["detail"] == "This part is done, or waived: nothing is to be begun for it."
    # another rule is for those who come after
    place = f"/programmes/{scene.programme['id']}/plugins/internship_credit"
    shorter = [{"version": "po-2026", "parts": [{**MAIN, "hours": 50}]}]
    await world.admin.put(place, {"enabled": True, "settings": {"internships": shorter}}, If_Match='"1"')
    assert ((await seen(scene, case))["award"], await part()) == ("0", done)
    await scene.step("Ines", other, "withdraw")
    # what the board takes up again is judged by it
    again = await scene.step("Berta", case, "reverse", note="An error.")
    assert (again["state"], again["award"]) == ("evaluated", "5")
    assert await part() == {"ects": "5", "granted": None, "done": False, "state": "evaluated"}
