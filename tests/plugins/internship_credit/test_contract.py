"""The plugin keeps the contract that every plugin must keep, and each role meets only its routes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from lms_internship_credit.plugin import InternshipCredit

from tests.kit.conftest import lms
from tests.support.interns import Placement

if TYPE_CHECKING:
    from tests.support.world import World

HERE = Path(__file__).parents[3] / "plugins" / "internship_credit"
OWN = {"administrator", "student"}
READ = {"administrator", "student", "lecturer", "programme_administrator", "officer", "board"}
SUPERVISE = {"administrator", "lecturer"}
OFFICE = {"administrator", "officer"}
DECIDE = {"board"}
ROUTES: dict[tuple[str, str], set[str]] = {
    ("GET", "/organisations"): READ,
    ("GET", "/contacts"): OFFICE,
    ("POST", "/organisations"): OFFICE,
    ("PUT", "/organisations/{organisation_id:uuid}"): OFFICE,
    ("DELETE", "/organisations/{organisation_id:uuid}"): OFFICE,
    ("GET", "/contacts/{organisation_id:uuid}"): OFFICE,
    ("POST", "/organisations/{organisation_id:uuid}/links"): OFFICE,
    ("GET", "/supervisors"): READ,
    ("PUT", "/me/supervising"): SUPERVISE,
    ("DELETE", "/me/supervising"): SUPERVISE,
    ("POST", "/me/cases"): OWN,
    ("GET", "/me/cases"): OWN,
    ("GET", "/me/cases/{case_id:uuid}"): OWN,
    ("GET", "/me/cases/{case_id:uuid}/agreement.pdf"): OWN,
    ("PUT", "/me/cases/{case_id:uuid}"): OWN,
    ("PUT", "/me/cases/{case_id:uuid}/report"): OWN,
    ("POST", "/me/cases/{case_id:uuid}/steps"): OWN,
    ("GET", "/me/cases/{case_id:uuid}/checks"): OWN,
    ("GET", "/me/work-days"): OWN,
    ("GET", "/me/work-days/{year:int}"): OWN,
    ("PUT", "/me/work-days/{year:int}"): OWN,
    ("PUT", "/me/cases/{case_id:uuid}/rating"): OWN,
    ("GET", "/supervised"): SUPERVISE,
    ("GET", "/supervised/{case_id:uuid}"): SUPERVISE,
    ("GET", "/supervised/{case_id:uuid}/checks"): SUPERVISE,
    ("GET", "/supervised/{case_id:uuid}/agreement.pdf"): SUPERVISE,
    ("POST", "/supervised/{case_id:uuid}/steps"): SUPERVISE,
    ("GET", "/cases"): OFFICE,
    ("GET", "/cases/{case_id:uuid}"): OFFICE,
    ("GET", "/cases/{case_id:uuid}/agreement.pdf"): OFFICE,
    ("GET", "/cases/{case_id:uuid}/checks"): OFFICE,
    ("GET", "/figures"): OFFICE,
    ("PUT", "/cases/{case_id:uuid}/clearances/{kind:str}"): OFFICE,
    ("PUT", "/cases/{case_id:uuid}/host"): OFFICE,
    ("POST", "/cases/{case_id:uuid}/links"): OFFICE,
    ("POST", "/cases/{case_id:uuid}/steps"): OFFICE,
    ("GET", "/offers"): READ,
    ("POST", "/offers"): OFFICE,
    ("GET", "/offers/{offer_id:uuid}"): READ,
    ("PUT", "/offers/{offer_id:uuid}"): OFFICE,
    ("DELETE", "/offers/{offer_id:uuid}"): OFFICE,
    ("PUT", "/offers/{offer_id:uuid}/state"): OFFICE,
    ("POST", "/offers/{offer_id:uuid}/links"): OFFICE,
    ("GET", "/postings"): OFFICE,
    ("GET", "/postings/{offer_id:uuid}"): OFFICE,
    ("PUT", "/offers/{offer_id:uuid}/application"): OWN,
    ("DELETE", "/offers/{offer_id:uuid}/application"): OWN,
    ("GET", "/offers/{offer_id:uuid}/applicants"): OFFICE,
    ("GET", "/decisions"): DECIDE,
    ("GET", "/decisions/{case_id:uuid}"): DECIDE,
    ("GET", "/decisions/{case_id:uuid}/agreement.pdf"): DECIDE,
    ("POST", "/decisions/{case_id:uuid}/steps"): DECIDE,
    ("GET", "/me/parts"): OWN,
    ("GET", "/persons/{person_id:uuid}/parts"): DECIDE,
    ("PUT", "/persons/{person_id:uuid}/parts/{part:str}"): DECIDE,
    ("GET", "/me/cases/{case_id:uuid}/documents"): OWN,
    ("GET", "/me/cases/{case_id:uuid}/documents/{file_id:uuid}"): OWN,
    ("PUT", "/me/cases/{case_id:uuid}/files/{file_id:uuid}"): OWN,
    ("POST", "/me/cases/{case_id:uuid}/files/{file_id:uuid}/complete"): OWN,
    ("PUT", "/me/cases/{case_id:uuid}/documents/{file_id:uuid}"): OWN,
    ("DELETE", "/me/cases/{case_id:uuid}/documents/{file_id:uuid}"): OWN,
    ("GET", "/supervised/{case_id:uuid}/documents"): SUPERVISE,
    ("GET", "/supervised/{case_id:uuid}/documents/{file_id:uuid}"): SUPERVISE,
    ("GET", "/cases/{case_id:uuid}/documents"): OFFICE,
    ("GET", "/cases/{case_id:uuid}/documents/{file_id:uuid}"): OFFICE,
    ("PUT", "/cases/{case_id:uuid}/files/{file_id:uuid}"): OFFICE,
    ("POST", "/cases/{case_id:uuid}/files/{file_id:uuid}/complete"): OFFICE,
    ("PUT", "/cases/{case_id:uuid}/documents/{file_id:uuid}"): OFFICE,
    ("DELETE", "/cases/{case_id:uuid}/documents/{file_id:uuid}"): OFFICE,
    ("GET", "/decisions/{case_id:uuid}/documents"): DECIDE,
    ("GET", "/decisions/{case_id:uuid}/documents/{file_id:uuid}"): DECIDE,
    ("POST", "/persons/{person_id:uuid}/parts/{part:str}/reversal"): DECIDE,
}
GUESTS = {
    ("GET", "/employer"), ("POST", "/employer"), ("PUT", "/employer/offers/{offer_id:uuid}"),
    ("PUT", "/employer/offers/{offer_id:uuid}/state"),
    ("GET", "/host"), ("POST", "/host"), ("POST", "/host/steps"), ("GET", "/mentor"), ("POST", "/mentor"),
    ("POST", "/mentor/steps"), ("PUT", "/mentor/evaluation"), ("GET", "/applicants"), ("POST", "/applicants"),
    ("PUT", "/applicants/{application_id:uuid}"), ("DELETE", "/applicants/{application_id:uuid}/decision"),
    ("GET", "/host/agreement.pdf"), ("GET", "/mentor/agreement.pdf"), ("GET", "/signed/{version:int}/agreement.pdf"),
    ("PUT", "/host/files/{file_id:uuid}"), ("POST", "/host/files/{file_id:uuid}/complete"),
    ("PUT", "/host/documents/{file_id:uuid}"),
}  # fmt: skip


@pytest.mark.usefixtures("postgres_server")
def test_it_reaches_the_last_level() -> None:
    done = lms("plugin", "check", str(HERE))
    assert (done.exit_code, "reaches level 6 of 6" in done.output) == (0, True), done.output


async def test_every_role_meets_every_route(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = await Placement.of(world, monkeypatch)
    people = {
        "administrator": world.admin, "student": scene["Ines"], "lecturer": scene["Sabine"], "officer": scene["Otto"],
        "board": scene["Berta"],
    }  # fmt: skip
    for role in ("programme_administrator", "examiner", "integrator"):
        people[role] = await scene.person(role.replace("_", " "), role)
    declared = {(method, path) for one in InternshipCredit.routes for path in one.paths for method in one.http_methods}
    assert declared == set(ROUTES) | GUESTS | {("GET", "/catalogue")}
    for (method, path), allowed in ROUTES.items():
        address = scene.path + re.sub("{.*?}", str(uuid4()), path.replace("{year:int}", "2027"))
        body: Any = {} if method in ("POST", "PUT") else None
        for role, who in people.items():
            found = await who.call(method, address, body, If_Match='"77"')
            assert (found.status_code == 403) == (role not in allowed), (method, path, role, found.text)
        assert (await world.http.request(method, address, json=body)).status_code == 401
    for method, path in GUESTS:
        for secret in ("", "?link=guessed"):
            answer = await world.http.request(
                method, scene.path + re.sub("{.*?}", str(uuid4()), path.replace("{version:int}", "1")) + secret, json={}
            )
            assert answer.status_code == 401, (method, path, answer.text)
