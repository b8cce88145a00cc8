"""`lms demo` as a visitor meets it: what it announces, signing in, and what the programme consists of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import msgspec
from msgspec import Struct

from tests.support.processes import LMS, Running, browser, free_port, started

__all__ = [
    "Announcement",
    "Demo",
    "FirstStart",
    "SignIn",
    "client",
    "complete_unit",
    "contents",
    "running_demo",
    "without_ids",
]


class SignIn(Struct, frozen=True, forbid_unknown_fields=True):
    """How one of the cast signs in."""

    role: str
    name: str
    email: str
    password: str


class Announcement(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """The line that `lms demo --json` prints."""

    url: str
    docs: str
    sign_ins: list[SignIn]


class Demo(Struct, frozen=True):
    """A demonstration that runs."""

    running: Running
    folder: Path
    announcement: Announcement


class FirstStart(Struct, frozen=True):
    """What a first start of the demonstration left behind: its folder, what it said and how it ended.

    `made` is what it brought in; `last` is what was there at the end, after the student had completed a unit.
    """

    folder: Path
    announcement: Announcement
    output: str
    errors: str
    code: int
    made: dict[str, Any]
    last: dict[str, Any]


@contextmanager
def running_demo(
    folder: Path, *before: str, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> Iterator[Demo]:
    """Start a demonstration, by way of the words `before` if there are any, and yield it when it is ready."""
    command: tuple[str | Path, ...] = (*before, LMS, "demo", "--json", "--port", str(free_port()), "--data-dir", folder)
    with started(*command, folder=folder, cwd=cwd, env=env) as running:
        line = running.wait_for(r"\{.*\}").group()
        yield Demo(running, folder, msgspec.json.decode(line, type=Announcement))


@contextmanager
def client(announcement: Announcement, role: str) -> Iterator[httpx.Client]:
    """Sign in as one of the cast and yield an HTTP client that carries the token, and follows redirects."""
    who = next(who for who in announcement.sign_ins if who.role == role)
    with browser(announcement.url) as http:
        token = _json(http.post("/sign-in", json={"email": who.email, "password": who.password}))["token"]
        http.headers["Authorization"] = f"Bearer {token}"
        yield http


def contents(announcement: Announcement) -> dict[str, Any]:
    """Read what the administrator sees of the programme, what the student sees of hers, and a picture in it."""
    with client(announcement, "administrator") as admin, client(announcement, "student") as student:
        (programme,) = _json(admin.get("/programmes"))["items"]
        path = f"/programmes/{programme['id']}"
        dashboard = _json(student.get("/me/dashboard"))
        unit = f"/runs/{dashboard['runs'][0]['runId']}/units/worked-example"
        picture = next(file for file in _json(student.get(unit))["files"] if file["name"] == "control-chart.png")
        return {
            "programme": _json(admin.get(path)),
            "modules": _json(admin.get(f"{path}/modules"))["items"],
            "runs": _json(admin.get(f"{path}/runs"))["items"],
            "overview": _json(admin.get(f"{path}/overview")),
            "dashboard": dashboard,
            "picture": student.get(picture["href"]).raise_for_status().content,
        }


def complete_unit(announcement: Announcement, key: str) -> None:
    """Let the student complete a unit of the first of her runs."""
    with client(announcement, "student") as student:
        run = _json(student.get("/me/dashboard"))["runs"][0]["runId"]
        event = {"id": str(uuid4()), "at": "2026-11-02T18:30:00Z", "completed": True}
        _json(student.post(f"/runs/{run}/units/{key}/progress", json=event))


def without_ids(value: Any) -> Any:
    """Return the same without the fields that hold ids."""
    if isinstance(value, dict):
        return {key: without_ids(item) for key, item in value.items() if key != "id" and not key.endswith("Id")}
    if isinstance(value, list):
        return [without_ids(item) for item in value]
    return value


def _json(answer: httpx.Response) -> Any:
    assert answer.is_success, f"{answer.request.method} {answer.request.url}: {answer.text}"
    return answer.json()
