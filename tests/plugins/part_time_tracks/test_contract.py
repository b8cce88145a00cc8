"""The plugin keeps the contract that every plugin must keep, and each role meets only its routes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from lms_part_time_tracks.plugin import PartTimeTracks

from tests.kit.conftest import lms
from tests.support.tracks import Study

if TYPE_CHECKING:
    from tests.support.world import World

HERE = Path(__file__).parents[3] / "plugins" / "part_time_tracks"
OWN = {"administrator", "student"}
EXPECT = {"administrator", "programme_administrator", "lecturer"}
MOVE = {"administrator", "programme_administrator"}
ROUTES: dict[tuple[str, str], set[str]] = {
    ("GET", "/me/track"): OWN,
    ("PUT", "/me/track"): OWN,
    ("POST", "/me/plans"): OWN,
    ("GET", "/me/plans"): OWN,
    ("GET", "/me/plans/{plan_id:uuid}"): OWN,
    ("GET", "/me/comparison"): OWN,
    ("GET", "/me/plans/{plan_id:uuid}/plan.svg"): OWN,
    ("GET", "/me/plans/{plan_id:uuid}/load.svg"): OWN,
    ("GET", "/me/plans/{plan_id:uuid}/page"): OWN,
    ("GET", "/me/plans/{plan_id:uuid}/modules.csv"): OWN,
    ("GET", "/me/plans/{plan_id:uuid}/plan.ics"): OWN,
    ("POST", "/me/plans/{plan_id:uuid}/acceptance"): OWN,
    ("GET", "/me/standing"): OWN,
    ("GET", "/me/pace"): OWN,
    ("GET", "/me/week"): OWN,
    ("GET", "/forecast"): EXPECT,
    ("POST", "/moves"): MOVE,
    ("GET", "/moves"): MOVE,
    ("GET", "/moves/{move_id:uuid}"): MOVE,
    ("GET", "/moves/{move_id:uuid}/graduations.svg"): MOVE,
    ("GET", "/moves/{move_id:uuid}/page"): MOVE,
    ("GET", "/moves/{move_id:uuid}/graduations.csv"): MOVE,
}


@pytest.mark.usefixtures("postgres_server")
def test_it_reaches_the_last_level() -> None:
    done = lms("plugin", "check", str(HERE))
    assert (done.exit_code, "reaches level 6 of 6" in done.output) == (0, True), done.output


async def test_every_role_meets_every_route(world: World) -> None:
    study = await Study.of(world)
    people = {"administrator": world.admin, "student": await study.student("Ingrid")}
    for role in ("programme_administrator", "lecturer", "examiner", "integrator"):
        people[role] = await world.person(role.replace("_", " "), role, study.programme)
    declared = {(method, path) for one in PartTimeTracks.routes for path in one.paths for method in one.http_methods}
    assert declared == set(ROUTES)
    for (method, path), allowed in ROUTES.items():
        address = study.path + re.sub("{.*?}", str(uuid4()), path)
        body: Any = {} if method in ("POST", "PUT") else None
        for role, who in people.items():
            found = await who.call(method, address, body, If_Match='"77"')
            assert (found.status_code == 403) == (role not in allowed), (method, path, role, found.text)
        assert (await world.http.request(method, address, json=body)).status_code == 401
