"""What the board settles without a case: waived, replaced, recognised from elsewhere, taken back; each with its history."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.exams import READING
from tests.support.interns import TWO, Placement

if TYPE_CHECKING:
    from tests.support.world import Actor, World

WAIVED = {"kind": "waived", "evidence": "Six years as a process engineer."}


def elsewhere(ects: str) -> dict[str, Any]:
    return {"kind": "recognised", "ects": ects, "evidence": "An internship of her bachelor."}


class Board:
    """The examination board, and what comes of its decisions."""

    def __init__(self, scene: Placement) -> None:
        self.scene, self.place = scene, f"{scene.path}/persons/{scene['Ines'].id}/parts"

    async def settle(self, part: str, what: dict[str, Any], status: int = 204) -> Any:
        return await self.scene["Berta"].put(f"{self.place}/{part}", what, status)

    async def take_back(self, part: str, status: int = 204, note: str = "The proof was forged.") -> Any:
        return await self.scene["Bruno"].post(f"{self.place}/{part}/reversal", {"note": note}, status)

    async def parts(self) -> dict[str, dict[str, Any]]:
        found = await self.scene["Berta"].get(self.place)
        assert await self.scene["Ines"].get(f"{self.scene.path}/me/parts") == found
        return {one["part"]: one for one in found["items"]}

    async def booked(self) -> list[tuple[str, str, str, bool]]:
        (programme,) = (await self.scene["Ines"].get("/me/transcript"))["programmes"]
        return sorted((one["title"], one["ects"], one["kind"], one["recognised"]) for one in programme["modules"])

    async def pending(self) -> list[tuple[str, str, str]]:
        found = await self.scene["Ines"].get("/me/dashboard")
        return [(one["source"], one["ects"], one["state"]) for one in found["pending"]]


@pytest.fixture
async def scene(world: World, monkeypatch: pytest.MonkeyPatch) -> Placement:
    return await Placement.of(world, monkeypatch, TWO)


async def test_the_board_sees_what_it_settled_and_what_it_took_back(scene: Placement) -> None:
    board = Board(scene)
    nothing = {"granted": None, "done": False, "state": None, "settled": None, "history": []}
    first = {"part": "first", "title": "First part", "ects": "4", **nothing}
    second = {"part": "second", "title": "Internship", "ects": "5", **nothing}
    assert await board.parts() == {"first": first, "second": second}
    await board.settle("first", WAIVED)
    await board.settle("first", WAIVED)  # an answer that was lost
    at = "2027-03-01T11:00:00Z"
    held = {"kind": "waived", "ects": "0", "evidence": WAIVED["evidence"], "replacedBy": [], "booked": False, "at": at}
    line = {"at": at, "action": "waived", "ects": "0", "by": "Berta ms", "note": WAIVED["evidence"]}
    assert (await board.parts())["first"] == {**first, "done": True, "settled": held, "history": [line]}
    refused = await board.settle("first", elsewhere("4"), 409)
    assert (
        refused["detail"] == "This part is settled already. Take that back first, with a reason; then settle it anew."
    )
    await board.take_back("first", 400, note="")
    await board.take_back("first")
    back = {"at": at, "action": "taken_back", "ects": "0", "by": "Bruno ms", "note": "The proof was forged."}
    assert await board.parts() == {"first": {**first, "history": [line, back]}, "second": second}
    await board.take_back("first", 404)
    await board.take_back("thesis", 404)
    await board.settle("thesis", WAIVED, 404)
    # somebody of another programme
    stranger = await Placement.of(scene.world, scene._monkeypatch, TWO, key="other")
    await stranger["Berta"].get(f"{stranger.path}/persons/{scene['Ines'].id}/parts", 404)
    await stranger["Berta"].get(board.place, 404)
    await stranger["Ines"].get(f"{scene.path}/me/parts", 404)


async def test_a_case_brings_what_is_left_beside_what_is_recognised(scene: Placement) -> None:
    """Two of five from elsewhere: three come by the case, together five, and all when the other part is done."""
    board = Board(scene)
    refused = await board.settle("second", elsewhere("5.01"), 422)
    assert refused["errors"] == [{"where": "body.ects", "reason": "must be 5 at most, which the part brings"}]
    await board.settle("second", elsewhere("0"), 400)
    await board.settle("second", elsewhere("2"))
    assert (await board.parts())["second"]["done"] is False
    case = await scene.evaluated("second", "150")
    assert await board.pending() == [
        ("internship_credit:second", "3", "evaluated"),
        ("internship_credit:second:elsewhere", "2", "recognised from elsewhere"),
    ]
    whole = await scene.step("Berta", case, "recognise_partly", 409, ects="3", note="Half.")
    assert [error["where"] for error in whole["errors"]] == ["part_of_award"]
    recognised = await scene.step("Berta", case, "recognise")
    assert (recognised["state"], recognised["granted"]) == ("recognised", "3")
    assert await board.booked() == []
    await board.settle("first", WAIVED)
    assert await board.booked() == [
        ("Internship", "2", "internship_credit", True), ("Internship", "3", "internship_credit", False),
    ]  # fmt: skip
    assert ((await board.parts())["second"]["settled"]["booked"], await board.pending()) == (True, [])


async def test_what_is_recognised_whole_needs_no_case(scene: Placement) -> None:
    board = Board(scene)
    await board.settle("first", elsewhere("4"))
    new = {"part": "first", "organisationId": scene.firm["id"]}
    refused = await scene["Ines"].post(f"{scene.path}/me/cases", new, 409)
    assert refused["detail"] == "This part is done, or waived: nothing is to be begun for it."
    assert ([one["done"] for one in (await board.parts()).values()], await board.booked()) == ([True, False], [])
    await board.settle("second", elsewhere("4.99"))
    assert ([one["done"] for one in (await board.parts()).values()], await board.booked()) == ([True, False], [])
    await board.take_back("second")
    await board.settle("second", elsewhere("5"))
    both = [("First part", "4", "internship_credit", True), ("Internship", "5", "internship_credit", True)]
    assert ([one["done"] for one in (await board.parts()).values()], await board.booked()) == ([True, True], both)
    # without the first part nothing is booked, and with it all is again
    await board.take_back("first")
    assert ([one["done"] for one in (await board.parts()).values()], await board.booked()) == ([False, True], [])
    await board.settle("first", elsewhere("4"))
    assert await board.booked() == both


async def test_two_parts_that_are_settled_at_once_are_booked_once(scene: Placement) -> None:
    board = Board(scene)
    both = [(part, ects) for part, ects in (("first", "4"), ("second", "5")) for _ in range(2)]
    answers = await asyncio.gather(
        *(scene["Berta"].call("PUT", f"{board.place}/{part}", elsewhere(ects)) for part, ects in both)
    )
    assert {answer.status_code for answer in answers} <= {204, 409}  # who is second may be told so
    assert [ects for _, ects, *_ in await board.booked()] == ["4", "5"]


async def test_what_was_booked_is_reversed_before_a_part_is_open_again(scene: Placement) -> None:
    board = Board(scene)
    await board.settle("first", WAIVED)
    case = await scene.evaluated("second", "150")
    assert (await scene.step("Berta", case, "recognise"))["state"] == "booked"
    refused = await board.take_back("first", 409)
    assert refused["detail"] == (
        "ECTS are booked that waited for all parts: those of second. Reverse that first (the step 'reverse'), then take "
        "this back."
    )
    await scene.step("Berta", case, "reverse", note="The proof for the first part was forged.")
    await board.take_back("first")
    again = await scene.step("Berta", case, "recognise")
    assert (again["state"], [one["part"] for one in again["waitsFor"]], await board.booked()) == (
        "recognised", ["first"], [],
    )  # fmt: skip


async def taught(scene: Placement, key: str, ects: str) -> dict[str, Any]:
    module = await scene.world.module(scene.programme, [READING], key, ects)
    return await scene.world.run(scene.programme, module)


async def test_modules_replace_a_part_that_is_waived_and_are_booked_as_any_other(scene: Placement) -> None:
    board, world = Board(scene), scene.world
    runs = [await taught(scene, key, ects) for key, ects in (("optics", "2.5"), ("lasers", "1.5"), ("ethics", "1"))]

    async def refused(*keys: str, part: str = "first") -> str:
        found = await board.settle(part, {**WAIVED, "replacedBy": list(keys)}, 422)
        assert found["errors"][0]["where"] == "body.replacedBy"
        return str(found["errors"][0]["reason"])

    assert await refused("optics", "poetry") == "must be modules of the programme; poetry is none"
    assert await refused("optics", "ethics") == "must bring 4 ECTS at least, as the part does, and bring 3.5"
    await board.settle("first", {**WAIVED, "replacedBy": ["optics", "optics"]}, 400)
    await board.settle("first", {**elsewhere("4"), "replacedBy": ["optics"]}, 400)
    await board.settle("first", {**WAIVED, "replacedBy": ["optics", "lasers"]})
    assert await refused("ethics", "lasers", part="second") == ("must replace one part each; lasers replaces another")
    replacing = (await board.parts())["first"]["settled"]["replacedBy"]
    assert replacing == [
        {"module": "optics", "title": "Optics", "ects": "2.5", "booked": False},
        {"module": "lasers", "title": "Lasers", "ects": "1.5", "booked": False},
    ]
    await passed(world, scene["Ines"], scene.programme, runs[0])
    replacing = (await board.parts())["first"]["settled"]["replacedBy"]
    assert [one["booked"] for one in replacing] == [True, False]
    assert await board.booked() == [("Optics", "2.5", "module", False)]


async def passed(world: World, student: Actor, programme: dict[str, Any], run: dict[str, Any]) -> None:
    """Let somebody complete a run, and an examiner book it."""
    examiner = await world.person("Examiner", "examiner", programme)
    await student.put(f"/runs/{run['id']}/enrolment", {})
    done = {"id": "01999999-0000-7000-8000-000000000001", "at": "2026-11-02T12:00:00Z", "completed": True}
    await student.post(f"/runs/{run['id']}/units/intro/progress", done, 200)
    await examiner.post(f"/runs/{run['id']}/participants/{student.id}/credit", {"evidence": "list 7"})
