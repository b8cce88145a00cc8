"""`lms demo`: one command and a whole installation with something in it, the same one again at the next start."""

from __future__ import annotations

import os
import re
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from lms_core.db import Database
from lms_core.demo.programme import MODULES
from lms_core.migrations import head_revision
from tests.support.demo import Demo, FirstStart, client, contents, running_demo, without_ids
from tests.support.processes import LMS, browser, finished, free_port, listening, needs_proc, said, started

pytestmark = needs_proc

LOOPBACK = "0100007F"


@pytest.fixture(scope="module")
def demo(first_start: FirstStart, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The second start of a demonstration; tests only look at it."""
    folder = tmp_path_factory.mktemp("second") / "lms"
    shutil.copytree(first_start.folder, folder)
    with running_demo(folder) as demo:
        yield demo


def test_a_start_says_in_one_line_where_everything_is_and_how_to_sign_in(first_start: FirstStart) -> None:
    said = first_start.announcement
    assert first_start.output.count("\n") == 1
    assert first_start.errors == ""
    assert said.docs == f"{said.url}/docs"
    assert [(who.role, who.name, who.email) for who in said.sign_ins] == [
        ("student", "Sofia Brandt", "sofia@example.org"),
        ("lecturer", "Dr. Jonas Weil", "jonas@example.org"),
        ("administrator", "Amina Kurt", "amina@example.org"),
        ("integrator", "Pavel Novak", "pavel@example.org"),
    ]
    assert len({who.password for who in said.sign_ins}) == 4


def test_ctrl_c_is_no_failure(first_start: FirstStart) -> None:
    assert first_start.code == 0  # and the fixture waited until no process was left


def test_it_brings_in_a_master_programme_that_has_begun(first_start: FirstStart) -> None:
    year = first_start.made["programme"]["terms"][0]["year"]
    winter, summer = f"winter {year}", f"summer {year + 1}"

    def run(title: str, term: str, ects: str, taken: int) -> dict[str, Any]:
        return {
            "version": 1, "title": f"{title} ({term})", "ects": ects, "capacity": 15, "seatsTaken": taken, "open": True,
        }  # fmt: skip

    def mine(title: str, percent: int, ects: str) -> dict[str, Any]:
        title = f"{title} ({winter})"
        return {"title": title, "state": "enrolled", "percent": percent, "ects": ects, "credited": False}

    assert without_ids(first_start.made) == {
        "programme": {
            "key": "microsystems-pt",
            "title": "Microsystems Engineering, part-time",
            "degree": "M.Sc.",
            "language": "en",
            "approval": False,
            "partners": [
                {"name": "Feinwerk Sensorik GmbH", "part": "hosts"},
                {"name": "Hochschule Oberwald", "part": "leads"},
                {"name": "Universität Rheinau", "part": "teaches"},
            ],
            "regulations": [
                {
                    "version": "po-2026", "validFrom": "2026-01-01", "ectsTotal": "90", "hoursPerEcts": "30",
                    "limits": {"nominalTerms": 6, "maxTerms": 12, "milestones": [{"ects": 60, "byTerm": 4}]},
                }
            ],
            "terms": [
                {
                    "season": "winter", "year": year, "startsOn": f"{year}-10-01", "endsOn": f"{year + 1}-03-31",
                    "lecturesFrom": f"{year}-10-12", "lecturesTo": f"{year + 1}-02-06",
                    "examsFrom": f"{year + 1}-02-08", "examsTo": f"{year + 1}-02-27",
                },
                {
                    "season": "summer", "year": year + 1, "startsOn": f"{year + 1}-04-01",
                    "endsOn": f"{year + 1}-09-30", "lecturesFrom": f"{year + 1}-04-12",
                    "lecturesTo": f"{year + 1}-07-17", "examsFrom": f"{year + 1}-07-19",
                    "examsTo": f"{year + 1}-08-07",
                },
            ],
            "adoptedModules": [],
        },
        "modules": [
            {"key": "microfabrication", "title": "Microfabrication", "published": 1, "draft": None},
            {"key": "reliability", "title": "Reliability of microsystems", "published": 1, "draft": None},
            {"key": "sensor-systems", "title": "Sensorsysteme", "published": 1, "draft": None},
        ],
        "runs": [
            run("Microfabrication", winter, "5", 1),
            run("Microfabrication", summer, "5", 0),
            run("Reliability of microsystems", winter, "2.5", 1),
            run("Reliability of microsystems", summer, "2.5", 0),
            run("Sensorsysteme", winter, "5", 0),
            run("Sensorsysteme", summer, "5", 0),
        ],
        "overview": {
            "students": 1, "modules": 3, "runs": 6, "seats": 90, "seatsTaken": 2, "waiting": 0, "completed": 0,
            "ectsBooked": "0",
        },
        "dashboard": {
            "runs": [mine("Microfabrication", 16, "5"), mine("Reliability of microsystems", 20, "2.5")],
            "totals": [{"ectsTotal": "90", "ectsEarned": "0", "ectsInProgress": "7.5", "ectsOpen": "82.5"}],
            "pending": [],
            "degraded": [],
        },
        "picture": (MODULES / "microfabrication" / "control-chart.png").read_bytes(),
    }  # fmt: skip


def test_all_four_sign_in_each_with_a_role_of_her_own(demo: Demo, first_start: FirstStart) -> None:
    programme = first_start.made["programme"]["id"]
    grants = {}
    for who in demo.announcement.sign_ins:
        with client(demo.announcement, who.role) as http:
            me = http.get("/me").json()
        grants[me["name"]] = [(grant["role"], grant["scope"], grant["scopeId"]) for grant in me["grants"]]
    assert grants == {
        "Sofia Brandt": [],  # enrolled: that is what makes a student
        "Dr. Jonas Weil": [("lecturer", "programme", programme)],
        "Amina Kurt": [("administrator", "system", None)],
        "Pavel Novak": [("integrator", "programme", programme)],
    }


def test_a_second_start_finds_the_same_and_what_was_done_meanwhile(demo: Demo, first_start: FirstStart) -> None:
    assert demo.announcement.sign_ins == first_start.announcement.sign_ins
    assert contents(demo.announcement) == first_start.last
    assert [run["percent"] for run in first_start.last["dashboard"]["runs"]] == [33, 20]


def test_people_are_told_where_it_is_and_may_press_ctrl_c_twice(first_start: FirstStart, tmp_path: Path) -> None:
    folder, port = tmp_path / "lms", free_port()
    shutil.copytree(first_start.folder, folder)
    # A proxy is for the internet: whoever needs one starts a demonstration all the same.
    nowhere = {"HTTP_PROXY": "http://127.0.0.1:9", "ALL_PROXY": "http://127.0.0.1:9"}
    with started(LMS, "demo", "--port", str(port), "--data-dir", folder, folder=folder, env=nowhere) as running:
        running.wait_for("Ctrl-C stops everything.")
        url, student = f"http://127.0.0.1:{port}", first_start.announcement.sign_ins[0]
        people = [f"{who.role} {who.name} {who.email} {who.password}" for who in first_start.announcement.sign_ins]
        body = f'{{"email": "{student.email}", "password": "{student.password}"}}'
        assert " ".join(running.output.split()) == (
            f"The API is at {url}, its documentation at {url}/docs. "
            f"Sign in as who e-mail address password {' '.join(people)} "
            f"for example: curl -s {url}/sign-in -H 'Content-Type: application/json' -d '{body}' "
            "Ctrl-C stops everything."
        )
        os.killpg(running.pid, signal.SIGINT)
        assert running.interrupt() == 0
        running.wait_for_all()
        assert "Traceback" not in running.errors


def test_a_taken_port_is_said_before_anything_is_made(demo: Demo, tmp_path: Path) -> None:
    port = demo.announcement.url.rpartition(":")[2]
    assert finished(LMS, "demo", "--port", port, "--data-dir", tmp_path / "other") == (
        1,
        "",
        f"Error: Port {port} is taken by another program; stop it or choose another one with --port.\n",
    )
    assert not (tmp_path / "other").exists()


def test_a_port_that_cannot_be_is_refused() -> None:
    code, output, errors = said("demo", "--port", "65536")
    assert (code, output) == (2, "")
    assert errors.endswith("Error: Invalid value for '--port': 65536 is not in the range 1<=x<=65535.\n")


def test_the_secrets_of_the_first_start_are_kept_for_its_owner_alone(first_start: FirstStart, demo: Demo) -> None:
    for name in ("sign-ins.json", "secret-key"):
        first, second = first_start.folder / name, demo.folder / name
        assert first.stat().st_mode & 0o777 == 0o600
        assert first.read_text() == second.read_text()
    assert len((first_start.folder / "secret-key").read_text()) == 64


def test_a_folder_has_one_demonstration_at_a_time(demo: Demo) -> None:
    assert finished(LMS, "demo", "--port", str(free_port()), "--data-dir", demo.folder) == (
        1,
        "",
        f"Error: Another process runs the object store in {demo.folder / 'store'}.\n",
    )
    with browser(demo.announcement.url) as http:
        assert http.get("/health/ready").status_code == 200


def test_it_is_alive_ready_and_listens_to_this_machine_only(demo: Demo) -> None:
    with browser(demo.announcement.url) as http:
        assert http.get("/health/live").json() == {"status": "ok", "checks": []}
        assert http.get("/health/ready").json() == {
            "status": "ok",
            "checks": [
                {"name": "database", "ok": True, "detail": "answers"},
                {"name": "migrations", "ok": True, "detail": f"at {head_revision()}"},
                {"name": "content store", "ok": True, "detail": "answers, and refuses strangers"},
            ],
        }
        store = f"http://127.0.0.1:{(demo.folder / 'store' / 'port').read_text()}"
        assert http.get(f"{store}/media").status_code == 403
    assert {Path(process.words[0]).name for process in demo.running.processes()} == {"python", "weed"}
    assert listening(demo.running.processes()) == {LOOPBACK}


def test_the_documentation_needs_nothing_from_the_internet(demo: Demo) -> None:
    with browser(demo.announcement.url) as http:
        page = http.get("/docs")
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        named = re.findall(r"""(?:src=|href=|url: ?)["']([^"']+)["']""", page.text)
        assert sorted(named) == [
            "/docs/static/favicon-32x32.png",
            "/docs/static/swagger-ui-bundle.js",
            "/docs/static/swagger-ui.css",
            "/openapi.json",
        ]
        assert [http.get(path).status_code for path in named] == [200] * 4
        style = http.get("/docs/static/swagger-ui.css").text
        assert [
            link for link in re.findall(r"url\(([^)]+)\)", style) if not link.strip("\"'").startswith("data:")
        ] == []
        assert http.get("/openapi.json").json()["openapi"].startswith("3.1")


async def test_the_database_loses_nothing_that_was_acknowledged(demo: Demo) -> None:
    database = Database(f"sqlite:///{demo.folder / 'lms.sqlite3'}")
    async with database.write() as connection:
        pragmas = [await connection.scalar(text(f"PRAGMA {name}")) for name in ("journal_mode", "synchronous")]
    await database.close()
    assert pragmas == ["wal", 2]  # 2 is FULL
