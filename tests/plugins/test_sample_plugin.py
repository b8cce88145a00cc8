"""The way of a stranger's plugin: built as a wheel, installed beside the core's wheel, enabled in a running server."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import msgspec
import pytest

from lms_core.api import Objection
from tests.support.demo import Announcement, client
from tests.support.processes import free_port, started, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

REPOSITORY = Path(__file__).parents[2]
SAMPLE = REPOSITORY / "tests" / "sample_plugin"
CLOSED = {"opens": "2100-01-01T09:00:00", "closes": "2100-01-15T18:00:00", "zone": "Europe/Berlin"}
OPEN = {**CLOSED, "opens": "2020-01-01T09:00:00"}


def run(*command: str | Path) -> None:
    """Run a command outside of the environment that these tests run in."""
    environment = {name: value for name, value in os.environ.items() if name not in {"VIRTUAL_ENV", "PYTHONPATH"}}
    done = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"


def install(folder: Path) -> Path:
    """Build the wheels of the core and the sample, and install both into a new environment; return its programs."""
    wheels, programs = folder / "wheels", folder / "environment" / "bin"
    if uv := shutil.which("uv"):
        for project in (REPOSITORY, SAMPLE):
            run(uv, "build", "--wheel", "--out-dir", wheels, project)
        run(uv, "venv", "--python", sys.executable, programs.parent)
        run(uv, "pip", "install", "--python", programs / "python", *wheels.glob("*.whl"))
    else:
        run(sys.executable, "-m", "venv", programs.parent)
        run(programs / "pip", "wheel", "--no-deps", "--wheel-dir", wheels, REPOSITORY, SAMPLE)
        run(programs / "pip", "install", *wheels.glob("*.whl"))
    return programs


@contextmanager
def demo(programs: Path, folder: Path, log: Path) -> Iterator[Announcement]:
    """Run the demonstration of this environment; it is gone without a trace when the context ends."""
    data = folder / "data"
    command = (programs / "lms", "demo", "--json", "--port", str(free_port()), "--data-dir", data)
    with started(*command, folder=data, cwd=folder, env={"PYTHONPATH": "", "ENROLMENT_LOG": str(log)}) as running:
        yield msgspec.json.decode(running.wait_for(r"\{.*\}").group(), type=Announcement)
        assert running.interrupt() == 0, running.errors
        running.wait_for_all()


def events_of(log: Path) -> list[Any]:
    """Return the events in the log, once there is one; each is there once, however often it was delivered."""
    wait_until(lambda: log.exists() and log.read_text().endswith("\n"), "an event arrives")
    told = [json.loads(line) for line in log.read_text().splitlines()]
    return list({one["key"]: one for one in told}.values())


def test_a_strangers_plugin_decides_and_hears_of_enrolments(tmp_path: Path) -> None:
    programs = install(tmp_path)
    log = tmp_path / "enrolments.jsonl"
    with (
        demo(programs, tmp_path, log) as announcement,
        client(announcement, "administrator") as admin,
        client(announcement, "student") as student,
    ):
        [programme] = admin.get("/programmes").json()["items"]
        plugin = f"/programmes/{programme['id']}/plugins/enrolment_window"
        runs = admin.get(f"/programmes/{programme['id']}/runs").json()["items"]
        first, second = [run for run in runs if run["seatsTaken"] == 0][:2]

        def change(enabled: bool, settings: dict[str, str], revision: int) -> httpx.Response:
            body = {"enabled": enabled, "settings": settings}
            return admin.put(plugin, json=body, headers={"If-Match": f'"{revision}"'})

        def enrol(run: dict[str, Any]) -> httpx.Response:
            return student.put(f"/runs/{run['id']}/enrolment", json={})

        [found] = [item for item in admin.get("/plugins").json()["items"] if item["name"] == "enrolment_window"]
        assert found.pop("settingsSchema")["$defs"]["Settings"]["required"] == ["opens", "closes", "zone"]
        assert found == {
            "name": "enrolment_window",
            "description": "Lets students enrol within a window of time, and logs enrolments to the file named by ENROLMENT_LOG.",
            "requires": "lms>=0.1,<1",
            "contributes": {
                "routes": [],
                "hooks": ["check_enrolment", "enrolment_created"],
                "permissions": [],
                "roles": [],
                "jobs": [],
                "commands": [],
            },
            "failed": None,
        }

        wrong = change(True, {**CLOSED, "opens": "soon"}, 0)
        assert (wrong.status_code, wrong.json()["errors"]) == (
            422,
            [{"where": "body.settings.opens", "reason": "Invalid RFC3339 encoded datetime"}],
        )

        assert change(True, CLOSED, 0).json()["revision"] == 1
        refused = enrol(first)
        reason = "Enrolment opens on 2100-01-01 at 09:00 (Europe/Berlin)."
        assert (refused.status_code, refused.json()) == (
            409,
            {
                "type": "urn:lms:problem:conflict",
                "title": "This conflicts with what is there",
                "status": 409,
                "detail": reason,
                "errors": [{"where": "not-open-yet", "reason": reason}],
            },
        )

        assert change(True, OPEN, 1).json()["revision"] == 2
        taken = enrol(first).json()
        assert taken["state"] == "enrolled"
        [line] = events_of(log)
        assert line.pop("key").endswith(":enrolment_window")
        assert line == {
            "event": {
                "person_id": student.get("/me").json()["id"],
                "run_id": first["id"],
                "programme_id": programme["id"],
                "state": "enrolled",
            }
        }

        assert change(False, CLOSED, 2).json()["enabled"] is False
        assert enrol(second).json()["state"] == "enrolled"
    assert len(events_of(log)) == 1


@pytest.fixture
def sample(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The sample's own module."""
    monkeypatch.syspath_prepend(SAMPLE)
    return import_module("lms_enrolment_window.plugin")


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (
            "2026-10-01T06:59:59Z",
            [Objection("not-open-yet", "Enrolment opens on 2026-10-01 at 09:00 (Europe/Berlin).")],
        ),
        ("2026-10-01T07:00:00Z", []),
        ("2026-10-31T16:59:59Z", []),
        ("2026-10-31T17:00:00Z", [Objection("closed", "Enrolment closed on 2026-10-31 at 18:00 (Europe/Berlin).")]),
    ],
)
def test_the_window_is_read_from_the_clock_of_the_programme(now: str, expected: list[Objection], sample: Any) -> None:
    """Summer time ends within this window: 09:00 is 07:00 in UTC, 18:00 is 17:00."""
    window = {"opens": "2026-10-01T09:00:00", "closes": "2026-10-31T18:00:00", "zone": "Europe/Berlin"}
    settings = msgspec.convert(window, sample.Settings)
    assert sample.objections(settings, datetime.fromisoformat(now)) == expected


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        *(
            ({"zone": zone}, f"zone: {zone!r} is not a time zone of the IANA database, such as Europe/Berlin")
            for zone in ("Europe/Atlantis", "Europe", "../passwd", "")
        ),
        ({"closes": "2100-01-01T09:00:00"}, "closes: must be after opens"),
        ({"opens": "2100-01-01T09:00:00Z"}, "Expected `datetime` with no timezone component - at `$.opens`"),
        ({"open": "2100-01-01"}, "Object contains unknown field `open`"),
    ],
)
def test_a_window_that_cannot_be_is_refused(change: dict[str, str], refusal: str, sample: Any) -> None:
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.convert({**CLOSED, **change}, sample.Settings)
    assert str(caught.value) == refusal
