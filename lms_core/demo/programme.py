"""The demonstration programme: four people, and what they find when they sign in.

Everything but the people themselves is brought in over HTTP, as its owners would do it; every step may be repeated.
"""

from __future__ import annotations

import secrets
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
from sqlalchemy import select, update

from lms_core.client.course import import_course, prepare_course
from lms_core.client.http import LmsClient
from lms_core.db import Database
from lms_core.people import actions as persons
from lms_core.people.tables import person
from lms_core.people.types import NewGrant, NewPerson
from lms_core.programmes import actions as programmes
from lms_core.programmes.tables import programme
from lms_core.programmes.types import NewProgramme

MODULES = Path(__file__).parent / "modules"
KEY = "microsystems-pt"
PROGRAMME = NewProgramme(key=KEY, title="Microsystems Engineering, part-time", degree="M.Sc.", language="en")
CAST = {
    "student": ("Sofia Brandt", "sofia@example.org", None),
    "lecturer": ("Dr. Jonas Weil", "jonas@example.org", "lecturer"),
    "administrator": ("Amina Kurt", "amina@example.org", "administrator"),
    "integrator": ("Pavel Novak", "pavel@example.org", "integrator"),
}
ORGANISATIONS = (
    ({"key": "hs-oberwald", "name": "Hochschule Oberwald", "kind": "university"}, "leads"),
    ({"key": "uni-rheinau", "name": "Universität Rheinau", "kind": "university"}, "teaches"),
    ({"key": "feinwerk", "name": "Feinwerk Sensorik GmbH", "kind": "firm"}, "hosts"),
)


class SignInData(msgspec.Struct, frozen=True):
    """With what one of the cast signs in."""

    name: str
    email: str
    password: str


def kept(file: Path, fresh: str) -> str:
    """Return what an earlier start kept in a file, or keep `fresh` there, for the later ones and its owner alone."""
    if not file.exists():
        half = file.with_suffix(".tmp")  # a start that is killed here leaves no half file
        half.touch(mode=0o600)
        half.write_text(fresh, encoding="utf-8")
        half.replace(file)
    return file.read_text(encoding="utf-8")


async def people(database: Database, data_dir: Path) -> dict[str, SignInData]:
    """Create the cast and the programme that they belong to; passwords are made once and kept in the data folder."""
    fresh = {role: SignInData(name, email, f"{role}-{secrets.token_hex(4)}") for role, (name, email, _) in CAST.items()}
    file = kept(data_dir / "sign-ins.json", msgspec.json.format(msgspec.json.encode(fresh)).decode())
    cast = msgspec.json.decode(file, type=dict[str, SignInData])
    async with database.read() as connection:
        known = set((await connection.execute(select(person.c.email))).scalars())
    hashes = {who.email: await persons.hash_password(who.password) for who in cast.values() if who.email not in known}
    async with database.write() as connection:
        programme_id = await connection.scalar(select(programme.c.id).where(programme.c.key == KEY))
        if programme_id is None:
            programme_id = (await programmes.create_programme(connection, PROGRAMME)).id
        for role, who in cast.items():
            if who.email not in hashes:
                continue
            made = await persons.create_person(connection, NewPerson(who.email, who.name))
            await connection.execute(
                update(person).where(person.c.id == made.id).values(password_hash=hashes[who.email])
            )
            granted = CAST[role][2]
            if granted == "administrator":
                await persons.grant_role(connection, made.id, NewGrant(role=granted, scope="system"), None)
            elif granted:
                grant = NewGrant(role=granted, scope="programme", scope_id=programme_id)
                await persons.grant_role(connection, made.id, grant, None)
    return cast


class _Caller:
    """One of the cast, signed in; what she creates is created once, however often it is asked for."""

    def __init__(self, http: httpx.AsyncClient, token: str) -> None:
        self.http = http
        self.token = token

    async def __call__(self, method: str, path: str, json: Any = None, **headers: str) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = await self.http.request(
            method, path, json=json, headers={"Authorization": f"Bearer {self.token}", **named}
        )
        if answer.is_error:
            raise OSError(f"the demonstration cannot be brought in: {method} {path}: {answer.text}")
        return answer.json() if answer.content else None

    async def create(self, path: str, json: Any, name: str) -> Any:
        return await self("POST", path, json, Idempotency_Key=f"demo:{name}".replace(" ", "-"))


async def _sign_in(http: httpx.AsyncClient, who: SignInData) -> _Caller:
    answer = await http.post("/sign-in", json={"email": who.email, "password": who.password})
    if answer.is_error:
        raise OSError(f"{who.email} cannot sign in with the password in sign-ins.json: {answer.text}")
    return _Caller(http, answer.json()["token"])


async def bring_in(url: str, cast: dict[str, SignInData], data_dir: Path) -> None:
    """Bring in what the programme consists of, unless an earlier start did."""
    done = data_dir / "brought-in"
    if done.exists():
        return
    async with httpx.AsyncClient(base_url=url, timeout=60) as http:
        admin = await _sign_in(http, cast["administrator"])
        lecturer = await _sign_in(http, cast["lecturer"])
        found = await admin("GET", f"/programmes?key={KEY}")
        path = f"/programmes/{found['items'][0]['id']}"
        for organisation, part in ORGANISATIONS:
            made = await admin.create("/organisations", organisation, organisation["key"])
            await admin("PUT", f"{path}/partners/{made['id']}", {"part": part})
        regulation = {
            "version": "po-2026", "validFrom": "2026-01-01", "ectsTotal": "90", "hoursPerEcts": "30",
            "limits": {"nominalTerms": 6, "maxTerms": 12, "milestones": [{"ects": 60, "byTerm": 4}]},
        }  # fmt: skip
        await admin.create(f"{path}/regulations", regulation, "regulation")
        terms = await _terms(admin, path)
        runs = {}
        for folder in sorted(MODULES.iterdir()):
            async with LmsClient(url, lecturer.token) as client:
                key = (await import_course(client, await prepare_course(client, folder, KEY))).key
            module = (await lecturer("GET", f"{path}/modules?key={key}"))["items"][0]
            if module["draft"]:
                answer = await http.get(
                    f"/modules/{module['id']}", headers={"Authorization": f"Bearer {lecturer.token}"}
                )
                await lecturer("POST", f"/modules/{module['id']}/publish", If_Match=answer.headers["ETag"])
            for name, term in terms.items():
                new = {"termId": term["id"], "capacity": 15, "title": f"{module['title']} ({name})"}
                runs[key, name] = await lecturer.create(f"/modules/{module['id']}/runs", new, f"{key}:{name}")
        await _study(http, admin, lecturer, cast["student"], path, runs)
    done.write_text(datetime.now(UTC).isoformat(), encoding="utf-8")


async def _terms(admin: _Caller, path: str) -> dict[str, Any]:
    """Create the winter term that is running or comes next, and the summer term after it."""
    today = datetime.now(UTC).date()
    year = today.year - (today.month < 4)
    winter = {
        "season": "winter", "year": year, "startsOn": f"{year}-10-01", "endsOn": f"{year + 1}-03-31",
        "lecturesFrom": f"{year}-10-12", "lecturesTo": f"{year + 1}-02-06", "examsFrom": f"{year + 1}-02-08",
        "examsTo": f"{year + 1}-02-27",
    }  # fmt: skip
    summer = {
        "season": "summer", "year": year + 1, "startsOn": f"{year + 1}-04-01", "endsOn": f"{year + 1}-09-30",
        "lecturesFrom": f"{year + 1}-04-12", "lecturesTo": f"{year + 1}-07-17", "examsFrom": f"{year + 1}-07-19",
        "examsTo": f"{year + 1}-08-07",
    }  # fmt: skip
    return {
        f"{season} {term['year']}": await admin.create(f"{path}/terms", term, f"term:{season}")
        for season, term in (("winter", winter), ("summer", summer))
    }


async def _study(
    http: httpx.AsyncClient, admin: _Caller, lecturer: _Caller, student: SignInData, path: str, runs: dict[Any, Any]
) -> None:
    """Plan a session for each run; the student enrols in the first two runs and has begun to study."""
    for number, ((key, name), run) in enumerate(runs.items()):
        year = int(name.split()[1])
        saturday = date(year, 11, 7) if name.startswith("winter") else date(year, 5, 8)
        day = saturday + timedelta(weeks=number // 2)  # of two runs of one term at the same time she could have one
        session = {
            "title": "Attendance day", "starts": f"{day}T09:00:00", "ends": f"{day}T16:30:00",
            "zone": "Europe/Berlin", "mode": "hybrid", "place": "Hochschule Oberwald, room C 1.07",
        }  # fmt: skip
        await lecturer.create(f"/runs/{run['id']}/sessions", session, f"session:{key}:{name}")
    await admin.create(f"{path}/enrolments", {"email": student.email}, "student")
    caller = await _sign_in(http, student)
    for run in list(runs.values())[::2][:2]:
        await caller("PUT", f"/runs/{run['id']}/enrolment", {})
        outline = await caller("GET", f"/runs/{run['id']}/outline")
        first = next(unit for unit in outline["units"] if unit["kind"] == "reading")
        event = {"id": run["id"], "at": datetime.now(UTC).isoformat(), "completed": True}
        await caller("POST", f"/runs/{run['id']}/units/{first['key']}/progress", event)
