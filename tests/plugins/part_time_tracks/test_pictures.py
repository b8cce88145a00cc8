"""A plan as a picture, a page and a table: nothing is told by colour alone, and all of it is in words as well."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from lms_part_time_tracks import knowing

from tests.support.tracks import Study

if TYPE_CHECKING:
    from tests.support.world import World

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(autouse=True)
def october(monkeypatch: pytest.MonkeyPatch) -> None:
    """The winter term 2026 has begun, its lectures have not."""
    monkeypatch.setattr(knowing, "now", lambda: datetime(2026, 10, 2, 12, tzinfo=UTC))


async def test_the_weeks_of_a_plan_in_a_picture_and_in_words(world: World) -> None:
    study = await Study.of(world)
    ingrid, eve = await study.student("Ingrid"), await study.student("Eve")
    run = await world.run(study.programme, study.modules["mems"], 9)
    session = {
        "title": "Block", "zone": "Europe/Berlin", "mode": "hybrid", "place": "Aula",
        "starts": "2026-11-20T09:00:00", "ends": "2026-11-20T17:00:00",
    }  # fmt: skip
    await world.admin.post(f"/runs/{run['id']}/sessions", session)
    track = {
        "budgets": [{"firstDay": "2026-10-01", "hours": 21}],
        "blackouts": [{"firstDay": "2027-02-01", "lastDay": "2027-02-07"}],
    }
    await ingrid.put(f"{study.path}/me/track", track, If_Match='"0"')
    plan = await study.planned(ingrid)
    weeks = {one["monday"]: one for one in plan["result"]["weeks"]}
    assert len(weeks) == 26 + 27 + 26
    # 150 hours less 8 in the block, over 22 of the 25 weeks that are left
    assert weeks["2026-11-16"] == {"monday": "2026-11-16", "hours": "14.4", "sessions": "8", "has": "21"}
    assert weeks["2026-11-23"] == {"monday": "2026-11-23", "hours": "6.4", "sessions": "0", "has": "21"}
    assert weeks["2027-02-01"] == {"monday": "2027-02-01", "hours": "0", "sessions": "0", "has": "0"}
    total = sum(float(one["hours"]) for day, one in weeks.items() if day < "2027-03-29")
    assert 147 < total <= 150
    here = f"{study.path}/me/plans/{plan['id']}"
    picture = await ingrid.call("GET", f"{here}/load.svg")
    assert picture.headers["content-type"] == "image/svg+xml"
    root = ET.fromstring(picture.content)
    words = (
        "From 2026-09-28 to 2028-03-27; the heaviest week begins on 2027-10-04 and takes 19.5 hours. "
        "The study ends in the winter term 2027/28."
    )
    assert [(one.tag, one.text) for one in root[:2]] == [
        (f"{SVG}title", "The weeks of your plan"), (f"{SVG}desc", words),
    ]  # fmt: skip
    assert root.get("aria-labelledby") == "title desc"
    assert (await ingrid.call("GET", f"{here}/load.svg")).content == picture.content
    page = (await ingrid.call("GET", f"{here}/page")).text
    assert page.count("<tr>") == 1 + 3 + 1 + 4 + 1 + len(weeks)
    cells = ("Mems", "5", "winter term 2026/27", run["title"], "winter term 2026/27", "0 (critical)", "")
    assert "".join(f"<td>{one}</td>" for one in cells) in page
    assert "<td>2026-11-16</td><td>14.4</td><td>8</td><td>21</td>" in page
    table = (await ingrid.call("GET", f"{here}/modules.csv")).text.splitlines()
    assert table[0] == "term,first_day,last_day,module,title,ects,run,load,hours,latest,slack"
    winter = "winter term 2026/27"
    assert table[1] == f"{winter},2026-10-01,2027-03-31,mems,Mems,5,{run['title']},6.9,21,{winter},0"
    assert len(table) == 5
    for kind in ("load.svg", "page", "modules.csv"):
        await eve.get(f"{here}/{kind}", 404)


async def test_there_is_no_picture_before_there_is_a_plan(world: World) -> None:
    study = await Study.of(world)
    ingrid = await study.student("Ingrid")
    asked = await ingrid.post(f"{study.path}/me/plans", {})
    here = f"{study.path}/me/plans/{asked['id']}"
    refused = await ingrid.get(f"{here}/load.svg", 409)
    assert (
        refused["detail"] == f"Nothing is planned in plan {asked['id']}: it is still being made; ask again in a while."
    )
