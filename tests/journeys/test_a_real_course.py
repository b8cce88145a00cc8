"""One real day: a lecturer brings in a real course, students study it, the server is killed, nothing is lost."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx
import pytest

from tests.support.serving import Serving, environment, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from content_store import StoreSettings

COURSE = Path(__file__).parents[3] / "shared" / "data" / "imtek-molecular-dynamics"

pytestmark = pytest.mark.skipif(not COURSE.is_dir(), reason=f"the real course is not there: {COURSE}")


@pytest.fixture
def server(empty_database_url: str, store_settings: StoreSettings, tmp_path: Path) -> Iterator[Serving]:
    made = Serving(environment(empty_database_url, store_settings, free_port()), tmp_path / "server.log")
    yield made
    made.stop()


class Caller:
    """Somebody who signed in with her password."""

    def __init__(self, url: str, email: str, password: str) -> None:
        self.http = httpx.Client(base_url=url, timeout=30)
        answer = self.http.post("/sign-in", json={"email": email, "password": password})
        assert answer.status_code == 200, answer.text
        self.id = answer.json()["person"]["id"]
        self.token = answer.json()["token"]
        self.http.headers["Authorization"] = f"Bearer {self.token}"

    def __call__(self, method: str, path: str, json: Any = None, status: int = 200, **headers: str) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = self.http.request(method, path, json=json, headers=named)
        assert answer.status_code == status, f"{method} {path}: {answer.text}"
        return answer.json() if answer.content else None

    def etag(self, path: str) -> str:
        return self.http.get(path).headers["ETag"]


def set_password(url: str, link: str, password: str) -> None:
    secret = link.partition("link=")[2]
    answer = httpx.post(f"{url}/set-password", data={"link": secret, "password": password})
    assert answer.status_code == 200, answer.text


def first_administrator(server: Serving) -> Caller:
    assert server.lms("migrate").returncode == 0
    server.start()
    added = server.lms("person", "add", "--email", "ada@example.org", "--name", "Ada", "--role", "administrator")
    link = re.search(r"http://\S+", added.stdout)
    assert link, added
    set_password(server.url, link[0], "a long password of hers")
    return Caller(server.url, "ada@example.org", "a long password of hers")


def person(admin: Caller, url: str, name: str) -> Caller:
    email = f"{name.lower()}@example.org"
    made = admin("POST", "/persons", {"email": email, "name": name}, 201)
    link = admin("POST", f"/persons/{made['id']}/password-links", status=201)
    set_password(url, link["url"], f"the password of {name}")
    return Caller(url, email, f"the password of {name}")


def programme(admin: Caller, key: str) -> dict[str, Any]:
    made = admin("POST", "/programmes", {"key": key, "title": key, "degree": "M.Sc."}, 201)
    path = f"/programmes/{made['id']}"
    regulation = {"version": "po-2026", "validFrom": "2026-01-01", "ectsTotal": "90", "hoursPerEcts": "30"}
    admin("POST", f"{path}/regulations", regulation, 201)
    term = {
        "season": "winter", "year": 2026, "startsOn": "2026-10-01", "endsOn": "2027-03-31",
        "lecturesFrom": "2026-10-12", "lecturesTo": "2027-02-06", "examsFrom": "2027-02-08",
        "examsTo": "2027-02-27",
    }  # fmt: skip
    return {**made, "path": path, "term": admin("POST", f"{path}/terms", term, 201)["id"]}


def test_a_lecturer_brings_in_a_real_course_and_students_study_it(server: Serving) -> None:
    admin = first_administrator(server)
    mems, other = programme(admin, "mems"), programme(admin, "other")
    lecturer = person(admin, server.url, "Lea")
    grant = {"role": "lecturer", "scope": "programme", "scopeId": mems["id"]}
    admin("POST", f"/persons/{lecturer.id}/grants", grant, 201)
    students = [person(admin, server.url, name) for name in ("Anna", "Bea", "Cem", "Dora")]
    for student, name in zip(students, ("anna", "bea", "cem", "dora"), strict=True):
        admin("POST", f"{mems['path']}/enrolments", {"email": f"{name}@example.org"}, 201)
        assert student("GET", "/programmes")["items"][0]["key"] == "mems"
    stranger = person(admin, server.url, "Stranger")
    admin("POST", f"{other['path']}/enrolments", {"email": "stranger@example.org"}, 201)

    # the lecturer brings the course in, and again: nothing changes
    said = ("import", str(COURSE), "--programme", "mems", "--ects", "5", "--workload-hours", "150")
    first = server.lms(*said, LMS_URL=server.url, LMS_TOKEN=lecturer.token)
    assert first.returncode == 0, first
    module = lecturer("GET", f"{mems['path']}/modules")["items"][0]
    content = lecturer("GET", f"/modules/{module['id']}/content")
    again = server.lms(*said, LMS_URL=server.url, LMS_TOKEN=lecturer.token)
    assert again.returncode == 0, again
    assert lecturer("GET", f"/modules/{module['id']}/content") == content

    # published, a run with three seats, four students: the fourth waits
    path = f"/modules/{module['id']}"
    lecturer("POST", f"{path}/publish", None, 201, If_Match=lecturer.etag(path))
    run = lecturer("POST", f"{path}/runs", {"termId": mems["term"], "capacity": 3}, 201)
    states = [student("PUT", f"/runs/{run['id']}/enrolment", {})["state"] for student in students]
    assert states == ["enrolled", "enrolled", "enrolled", "waiting"]

    # a student reads, seeks in the video, and downloads the PDF
    anna = students[0]
    study = f"/runs/{run['id']}"
    outline = anna("GET", f"{study}/outline")
    units = {unit["title"]: unit for unit in outline["units"]}
    assert [unit["key"] for unit in outline["units"]] == [unit["key"] for unit in content["units"]]
    titles = [unit["title"] for unit in outline["units"] if unit["parent"] == units["Lecture"]["key"]]
    assert titles == ["General remarks", *(f"Chapter 0{n}" for n in range(1, 9)), "Appendix A1", "Appendix A2"]
    video = next(unit for unit in outline["units"] if unit["kind"] == "video")
    shown = anna("GET", f"{study}/units/{video['key']}")
    assert [(file["role"], file["name"]) for file in shown["files"]] == [
        ("content", "crystal.mp4"),
        ("caption", "crystal.en.vtt"),
    ]
    original = (COURSE / "video" / "crystal.mp4").read_bytes()
    where = anna.http.get(shown["files"][0]["href"]).headers["Location"]
    part = httpx.get(where, headers={"Range": "bytes=1000000-1000999"})
    assert (part.status_code, part.content) == (206, original[1_000_000:1_001_000])
    lecture = anna("GET", f"{study}/units/{units['Lecture']['key']}")
    pdf = next(file for file in lecture["files"] if file["name"] == "MolecularDynamics.pdf")
    assert f"]({pdf['href']})" in lecture["body"]
    data = httpx.get(anna.http.get(pdf["href"]).headers["Location"]).content
    assert sha256(data).digest() == sha256((COURSE / "lecture" / "MolecularDynamics.pdf").read_bytes()).digest()

    # progress: recorded twice with one id, counted once; the server dies; everything acknowledged is there
    acknowledged = {}
    readings = [unit["key"] for unit in outline["units"] if unit["kind"] == "reading"]
    for number, key in enumerate(readings):
        event = {"id": str(uuid4()), "at": datetime.now(UTC).isoformat(), "completed": True}
        assert anna("POST", f"{study}/units/{key}/progress", event)["new"] is True
        acknowledged[key] = event
        if number == len(readings) // 2:
            server.kill()
            server.start()
            assert anna("POST", f"{study}/units/{key}/progress", event)["new"] is False
    server.kill()
    server.start()
    outline = anna("GET", f"{study}/outline")
    done = [unit["key"] for unit in outline["units"] if unit["completedAt"]]
    assert done == readings
    required = [unit for unit in outline["units"] if unit["required"]]
    percent = len([unit for unit in required if unit["completedAt"]]) * 100 // len(required)
    assert outline["percent"] == percent
    assert [row["percent"] for row in anna("GET", "/me/dashboard")["runs"]] == [percent]

    # a seat is freed: who waited moves up
    students[1]("DELETE", f"{study}/enrolment", None, 204)
    people = {p["name"]: p["state"] for p in lecturer("GET", f"{study}/participants")["items"]}
    assert people == {"Anna": "enrolled", "Bea": "withdrawn", "Cem": "enrolled", "Dora": "enrolled"}

    # for another programme's student none of it exists
    key = readings[0]
    event = {"id": str(uuid4()), "at": datetime.now(UTC).isoformat(), "completed": True}
    for method, hidden, body in (
        ("GET", mems["path"], None),
        ("GET", f"{mems['path']}/modules", None),
        ("GET", f"{mems['path']}/runs", None),
        ("GET", path, None),
        ("GET", f"{path}/content", None),
        ("GET", study, None),
        ("GET", f"{study}/outline", None),
        ("GET", f"{study}/sessions", None),
        ("GET", f"{study}/participants", None),
        ("GET", f"{study}/units/{key}", None),
        ("GET", pdf["href"], None),
        ("PUT", f"{study}/enrolment", {}),
        ("POST", f"{study}/units/{key}/progress", event),
    ):
        stranger(method, hidden, body, 404)
    assert [found["key"] for found in stranger("GET", "/programmes")["items"]] == ["other"]

    # the administrator sees the programme
    overview = admin("GET", f"{mems['path']}/overview")
    figures = {name: overview[name] for name in ("students", "modules", "runs", "seats", "seatsTaken", "waiting")}
    assert figures == {"students": 4, "modules": 1, "runs": 1, "seats": 3, "seatsTaken": 3, "waiting": 0}
