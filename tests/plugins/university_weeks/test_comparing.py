"""A planner looks at proposals side by side before she takes one."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING, Any

from lms_university_weeks.engine.burden import Burdens, said

from tests.support.weeks import DAYS, planned, prepared, week
from tests.support.world import statements

if TYPE_CHECKING:
    from tests.support.world import World

TITLE = 'Lasers & <b>"light"</b>'


def tables(page: str) -> list[list[list[str]]]:
    """Return the cells of each table, row by row."""
    return [
        [["".join(cell.itertext()) for cell in row] for row in table.iter("tr")]
        for table in ET.fromstring(page.removeprefix("<!DOCTYPE html>")).iter("table")
    ]


def place(where: dict[str, Any]) -> tuple[Any, ...]:
    return where["day"], where["slot"], where["room"], tuple(where["lecturers"])


async def test_proposals_after_a_cancellation_side_by_side(world: World) -> None:
    setting, other = await prepared(world), await prepared(world, "beta")
    content = week(setting.run["id"])
    content["sessions"] = [{**one, "title": TITLE} if one["key"] == "lasers" else one for one in content["sessions"]]
    made = await world.admin.post(f"{setting.path}/weeks", content)
    first = await planned(world, setting.path, made["id"], fair=True)
    fair = first["result"]["proposals"][0]
    assert (fair["fairest"], fair["cheapest"] <= fair["cost"], sorted(fair["burdens"])) == (
        True,
        True,
        ["means", "most", "people", "worst"],
    )
    alone = tables((await world.admin.call("GET", f"{setting.path}/plans/{first['id']}/comparison")).text)
    assert [table[0] for table in alone] == [["", "Proposal 1"]]
    assert alone[0][1] == ["Cost", str(first["result"]["proposals"][0]["cost"])]
    assert alone[0][3][:2] == ["Burden", said(Burdens(**fair["burdens"]), fairest=True)]
    await world.admin.post(f"{setting.path}/publications", {"planId": first["id"]})
    gone = {"lecturers": {"okafor": [{"day": DAYS[0]}]}, "alternatives": 3}
    again = await planned(world, setting.path, made["id"], do="replan", **gone)
    proposals = again["result"]["proposals"]
    assert len(proposals) > 1
    with statements(world.database) as sent:
        page = await world.admin.call("GET", f"{setting.path}/plans/{again['id']}/comparison")
    assert len([one for one in sent if one.startswith("SELECT university_weeks_")]) == 2, sent
    assert page.headers["content-security-policy"] == "default-src 'none'; style-src 'unsafe-inline'"
    costs, places = tables(page.text)
    numbers = [f"Proposal {n}" for n, _ in enumerate(proposals, 1)]
    assert (costs[0], places[0]) == (["", *numbers], ["", "Published", *numbers])
    assert costs[1:3] == [
        ["Cost", *(str(one["cost"]) for one in proposals)],
        ["Changes", *(str(len(one["differences"])) for one in proposals)],
    ]
    plans = [
        {one["key"]: place(one) for one in plan["sessions"]} for plan in [*first["result"]["proposals"], *proposals]
    ]
    differ = {key for plan in plans for key in plan if len({other.get(key) for other in plans}) > 1}
    titles = {one["key"]: one["title"] for one in content["sessions"]}
    names = (key.partition("/") for key in differ)
    assert sorted(row[0] for row in places[1:]) == sorted(
        f"{titles[key]} ({part})" if part else titles[key] for key, _, part in names
    )
    student = await world.student("Sam", setting.programme)
    await student.get(f"{setting.path}/plans/{again['id']}/comparison", 403)
    await world.admin.get(f"{other.path}/plans/{again['id']}/comparison", 404)
