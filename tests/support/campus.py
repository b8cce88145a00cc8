"""One of everything, so that every route can be called with addresses that exist and bodies that are right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
from sqlalchemy import select, update

from lms_core.db import Database, metadata
from lms_core.hooks.plugin import Plugin
from lms_core.openapi import describe
from lms_core.outbox.events import send
from lms_core.outbox.tables import delivery
from lms_core.types import now
from tests.support.guests import links
from tests.support.handins import hand_in

if TYPE_CHECKING:
    import httpx
    from litestar import Litestar

    from tests.support.world import Actor, World

SECRET = "correct horse battery"


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The settings of the plugin below."""

    weeks: int = 1


class Sample(Plugin):
    """A plugin that does nothing, so that there is one."""

    name = "sample"
    settings = Settings


class Campus:
    """A programme `key` with all that belongs to one, and its people by what they are.

    `ids` holds a value for each parameter of a path. Every text that somebody wrote contains the key, so that it
    is recognised wherever it appears.
    """

    def __init__(self, world: World, key: str) -> None:
        self.world = world
        self.key = key
        self.ids: dict[str, str] = {}
        self.people: dict[str, Actor] = {}
        self.programme: dict[str, Any] = {}
        self.bodies: dict[str, Any] = {}

    def path(self, route: str, **other: str) -> str:
        """Fill in a route such as /runs/{run_id}."""
        module = self.ids["adopted_id" if "/adoptions/" in route else "module_id"]
        name = "sample" if "/plugins/" in route else "lecturer"
        unit = "essay" if "/hand-in" in route else self.ids["unit_key"]
        event = self.ids["orphan_id" if route.startswith("/deliveries/") else "event_id"]
        told = {**self.ids, "module_id": module, "name": name, "event_id": event, "unit_key": unit}
        return route.format(**{**told, **other})


async def dead_letter(world: World, key: str, programme_id: str | None) -> str:
    """Leave a job that was given up; return its id."""
    async with world.database.write() as connection:
        made = await send(
            connection, "plugin:sample", "job:remind", UUID(programme_id) if programme_id else None, key, aggregate=key
        )
        dead = {"dead_at": now(), "attempts": 12, "error": f"KeyError: {key}"}
        await connection.execute(update(delivery).where(delivery.c.event_id == made).values(**dead))
    return str(made)


async def campus(world: World, key: str) -> Campus:
    """Build a programme with modules, runs, sessions, media and people of every kind."""
    made = Campus(world, key)
    admin = world.admin
    made.programme = programme = await world.programme(key)
    lecturer = await world.person(f"Lecturer {key}", "lecturer", programme)
    made.people = {
        "administrator": admin,
        "programme_administrator": await world.person(f"Manager {key}", "programme_administrator", programme),
        "lecturer": lecturer,
        "examiner": await world.person(f"Examiner {key}", "examiner", programme),
        "integrator": await world.person(f"Integrator {key}", "integrator", programme),
        "student": await world.student(f"Student {key}", programme),
        "participant": await world.student(f"Participant {key}", programme),
    }
    media = await world.upload(lecturer, programme, f"{key}.txt", key.encode(), "text/plain")
    announced = {"name": f"{key}.mp4", "size": 9_000_000, "contentType": "video/mp4", "sha256": "0" * 64}
    uploading = await lecturer.post(f"/programmes/{programme['id']}/media", announced)
    file = {"key": "notes.txt", "name": f"{key}.txt", "role": "attachment", "mediaId": media["id"], "language": "en"}
    unit = {
        "key": "intro", "kind": "reading", "title": f"Introduction {key}", "parent": None, "required": True,
        "body": f"[notes](lms-file:notes.txt) {key}", "minutes": 30, "files": [file],
    }  # fmt: skip
    quiz = {"key": "quiz", "kind": "quiz", "title": f"Quiz {key}", "parent": "intro", "maxScore": "10"}
    essay = {"key": "essay", "kind": "assignment", "title": f"Essay {key}", "required": False, "maxScore": "10"}
    module = await world.module(programme, [unit, quiz, essay], key)
    run = await world.run(programme, module)
    session = {
        "title": f"First day {key}", "starts": "2026-10-17T09:00:00", "ends": "2026-10-17T17:00:00",
        "zone": "Europe/Berlin", "mode": "hybrid", "place": f"Room {key}",
    }  # fmt: skip
    day = await admin.post(f"/runs/{run['id']}/sessions", session)
    exam = {
        "title": f"Exam {key}", "kind": "paper", "starts": "2099-02-10T09:00:00", "ends": "2099-02-10T11:00:00",
        "registerBy": "2099-01-20T23:59:00", "deregisterBy": "2099-02-03T23:59:00", "zone": "Europe/Berlin",
        "place": f"Hall {key}",
    }  # fmt: skip
    planned = await admin.post(f"/runs/{run['id']}/exams", exam)
    deadline = {"due": "2099-02-01T23:59:00", "zone": "Europe/Berlin"}
    await admin.put(f"/runs/{run['id']}/units/intro/deadline", deadline, If_Match='"0"')
    longer = {"due": "2099-03-01T23:59:00", "zone": "Europe/Berlin", "reason": "care", "note": f"Note {key}"}
    university = {"key": f"uni-{key}", "name": f"University {key}", "kind": "university", "country": "DE"}
    partner = await admin.post("/organisations", university)
    await admin.put(f"/programmes/{programme['id']}/partners/{partner['id']}", {"part": "leads"}, 204)
    participant = made.people["participant"]
    await participant.put(f"/runs/{run['id']}/enrolment", {})
    await participant.put(f"/runs/{run['id']}/exams/{planned['id']}/registration")
    handed_in = await hand_in(participant, f"/runs/{run['id']}/units/essay", key.encode())
    file_id = handed_in["versions"][0]["files"][0]["id"]
    own = f"/runs/{run['id']}/units/intro/extensions/{participant.id}"
    await admin.put(own, longer, If_Match='"0"')
    failed = {"failures": 1, "evidence": f"Seen {key}"}
    await admin.put(f"/modules/{module['id']}/attempts-elsewhere/{participant.id}", failed, If_Match='"0"')
    # the role that being enrolled gives her anyway
    role = {"role": "student", "scope": "programme", "scopeId": programme["id"]}
    grant = await admin.post(f"/persons/{participant.id}/grants", role)
    guest = made.people["guest lecturer"] = await world.person(f"Guest {key}")
    await admin.post(f"/persons/{guest.id}/grants", {"role": "lecturer", "scope": "run", "scopeId": run["id"]})
    library = await world.programme(f"library-of-{key}")
    adopted = await world.module(library, [unit | {"body": "", "files": []}], f"adopted-{key}")
    await admin.put(f"/programmes/{programme['id']}/adoptions/{adopted['id']}", None, 204)
    setting = {"enabled": False, "settings": {"weeks": 1}}
    if (await admin.get("/plugins"))["items"]:  # a server of its own has none
        await admin.put(f"/programmes/{programme['id']}/plugins/sample", setting, If_Match='"0"')
    webhook = {"url": f"https://hooks.example.org/{key}", "events": ["ping", "module_completed"]}
    hook = await admin.post(f"/programmes/{programme['id']}/webhooks", webhook)
    feed = await participant.post("/me/calendar-feeds", {"name": f"Calendar {key}"})
    made.ids = {
        "feed_id": feed["id"], "file": feed["url"].rpartition("/")[2], "programme_id": programme["id"], "module_id": module["id"], "run_id": run["id"], "session_id": day["id"],
        "media_id": uploading["id"], "organisation_id": partner["id"], "person_id": participant.id,
        "grant_id": grant["id"], "webhook_id": hook["id"], "exam_id": planned["id"], "file_id": file_id, "number": "1", "rule": "clashes", "unit_key": "intro", "file_key": "notes.txt", "path": "film.m3u8",
        "adopted_id": adopted["id"], "event_id": await dead_letter(world, key, programme["id"]),
        "orphan_id": await dead_letter(world, f"orphan-{key}", None), "subscriber": "plugin:sample",
        "link_id": (await links(world, programme["id"], f"Guest of {key}"))[0],
    }  # fmt: skip
    content = {
        "title": f"Module {key}", "ects": "5", "workloadHours": 150, "language": "en", "offered": ["winter"],
        "prerequisites": [key], "units": [unit, quiz],
    }  # fmt: skip
    event = {"id": "01999999-0000-7000-8000-000000000001", "at": "2026-11-01T10:00:00Z", "completed": True}
    part = {"parts": [{"number": 1, "sha256": "0" * 64}]}
    seat = {"line": 2, "externalKey": None, "email": guest.email, "name": f"Guest {key}", "state": "enrolled"}
    seats = {"lines": [{**seat, "programme": None}]}
    made.bodies = {
        "POST /sign-in": {"email": participant.email, "password": SECRET},
        "PUT /me/language": {"language": "en"},
        "PUT /me/password": {"current": SECRET, "new": SECRET},
        "POST /set-password": {"link": "unknown", "password": SECRET},
        "POST /password-links/redeem": {"link": "unknown", "password": SECRET},
        "POST /persons": {"email": f"new.{key}@example.org", "name": f"New {key}", "language": "de"},
        "POST /imports/persons": {
            "lines": [{
                "line": 2, "externalKey": f"K-{key}", "email": f"line.{key}@example.org", "name": f"Line {key}",
                "language": "de", "state": "active",
            }],
        },
        "PATCH /persons/{person_id}": {"name": f"Renamed {key}", "active": True, "language": "en"},
        "POST /persons/{person_id}/grants": {**role, "role": "examiner"},
        "PUT /roles/{name}": {"title": f"Lecturer {key}", "permissions": ["runs.read"]},
        "POST /organisations": {**university, "key": f"new-{key}"},
        "POST /programmes": {"key": f"new-{key}", "title": f"New {key}", "degree": "M.Sc.", "language": "en"},
        "PATCH /programmes/{programme_id}": {"title": f"Renamed {key}", "degree": "M.Eng.", "language": "de", "approval": False},
        "PUT /programmes/{programme_id}/partners/{organisation_id}": {"part": "teaches"},
        "POST /programmes/{programme_id}/regulations": {
            "version": "po-2030", "validFrom": "2030-01-01", "ectsTotal": "120", "hoursPerEcts": "25.5",
            "limits": {"maxTerms": 12},
        },
        "POST /programmes/{programme_id}/terms": {
            "season": "summer", "year": 2027, "startsOn": "2027-04-01", "endsOn": "2027-09-30",
            "lecturesFrom": "2027-04-12", "lecturesTo": "2027-07-17", "examsFrom": "2027-07-19",
            "examsTo": "2027-08-07",
        },
        "PUT /programmes/{programme_id}/plugins/{name}": {"enabled": True, "settings": {"weeks": 2}},
        "POST /programmes/{programme_id}/plugins/{name}/preview": {"enabled": True, "settings": {"weeks": 2}},
        "POST /programmes/{programme_id}/plugins/{name}/revert": {"revision": 1},
        "POST /programmes/{programme_id}/webhooks": webhook,
        "PUT /programmes/{programme_id}/webhooks/{webhook_id}": {**webhook, "enabled": True},
        "POST /programmes/{programme_id}/modules": {"key": "new", "title": f"New {key}"},
        "PUT /modules/{module_id}/draft": content,
        "POST /modules/{module_id}/runs": {
            "termId": programme["term"], "capacity": 5, "version": 1, "title": f"Run {key}", "open": True,
        },
        "PATCH /runs/{run_id}": {"title": f"Renamed {key}", "open": True},
        "POST /runs/{run_id}/sessions": session,
        "PUT /runs/{run_id}/sessions/{session_id}": session,
        "POST /programmes/{programme_id}/media": {**announced, "sha256": "1" * 64},
        "PUT /programmes/{programme_id}/media-quota": {"programmeBytes": 10**12, "personBytes": None},
        "POST /media/{media_id}/parts": part,
        "POST /media/{media_id}/complete": part,
        "POST /programmes/{programme_id}/enrolments": {
            "email": guest.email, "regulationId": programme["regulation"],
        },
        "POST /programmes/{programme_id}/imports/enrolments": {
            "lines": [{
                "line": 2, "externalKey": None, "email": guest.email, "name": f"Guest {key}", "regulation": "po-2026",
                "state": "enrolled",
            }],
        },
        "POST /runs/{run_id}/imports/enrolments": seats,
        "POST /programmes/{programme_id}/runs/{run_id}/imports/enrolments": seats,
        "PUT /runs/{run_id}/enrolment": {"programmeId": programme["id"]},
        "PUT /runs/{run_id}/enrolments/{person_id}": {"programmeId": programme["id"]},
        "PUT /runs/{run_id}/capacity": {"capacity": 5},
        "PUT /runs/{run_id}/enrolments/{person_id}/approval": {"approved": True, "reason": f"Fits {key}"},
        "PUT /runs/{run_id}/enrolments/{person_id}/waivers/{rule}": {"reason": f"Experience {key}"},
        "PUT /runs/{run_id}/seat-rules": {
            "zone": "Europe/Berlin", "approval": False, "offerHours": 48, "minimum": 1,
            "decideAt": "2027-01-10T12:00:00", "drawAt": "2027-01-05T12:00:00",
            "quotas": [
                {"key": "own", "seats": 1, "programmeId": programme["id"], "releasedAt": "2027-01-06T12:00:00"},
            ],
        },
        "PUT /runs/{run_id}/decision": {"go": True, "reason": f"Enough {key}"},
        "PUT /runs/{run_id}/version": {"version": 1},
        "POST /me/progress": {
            "events": [{**event, "runId": run["id"], "unitKey": "intro", "score": None, "position": 0, "watched": [[0, 9]], "facts": ["opened"]}]
        },
        "POST /runs/{run_id}/units/{unit_key}/progress": {**event, "score": None, "position": 0, "watched": [[0, 9]], "facts": ["opened"]},
        "POST /runs/{run_id}/participants/{person_id}/units/{unit_key}/progress": event,
        "POST /runs/{run_id}/participants/{person_id}/credit": {"evidence": f"Seen {key}"},
        "POST /runs/{run_id}/exams": exam,
        "PUT /runs/{run_id}/exams/{exam_id}": exam,
        "PUT /runs/{run_id}/exams/{exam_id}/marks/{person_id}": {"mark": "1.3", "outcome": None, "reason": f"R {key}"},
        "POST /runs/{run_id}/exams/{exam_id}/marks/{person_id}/credit": {"evidence": f"Seen {key}"},
        "PUT /modules/{module_id}/attempts-elsewhere/{person_id}": failed,
        "POST /runs/{run_id}/participants/{person_id}/credit/reversal": {"evidence": f"Seen {key}"},
        "PUT /runs/{run_id}/units/{unit_key}/deadline": deadline,
        "POST /runs/{run_id}/units/{unit_key}/hand-in": {"files": [file_id]},
        "POST /runs/{run_id}/units/{unit_key}/hand-in/files": {**announced, "sha256": "2" * 64},
        "POST /runs/{run_id}/units/{unit_key}/hand-in/files/{file_id}/parts": part,
        "POST /runs/{run_id}/units/{unit_key}/hand-in/files/{file_id}/complete": part,
        "POST /runs/{run_id}/units/{unit_key}/hand-ins/{person_id}/{number}/verdict": {
            "outcome": "accepted", "score": "7.5", "remarks": f"Well done {key}",
        },
        "PUT /runs/{run_id}/units/{unit_key}/extensions/{person_id}": longer,
        "POST /programmes/{programme_id}/deliveries/replay": {"subscriber": "plugin:sample"},
        "POST /me/calendar-feeds": {"name": f"Calendar {key}"},
    }  # fmt: skip
    return made


class Operation(msgspec.Struct, frozen=True):
    """A method at a path, as the description of the API tells it."""

    method: str
    path: str
    spec: dict[str, Any]
    components: dict[str, Any]

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def parameters(self) -> list[dict[str, Any]]:
        return list(self.spec.get("parameters", []))

    def takes(self, header: str) -> bool:
        return any(parameter["name"] == header for parameter in self.parameters)

    @property
    def media_type(self) -> str | None:
        """The media type of the body, if the operation takes one."""
        return next(iter(self.spec["requestBody"]["content"])) if "requestBody" in self.spec else None

    @property
    def body(self) -> dict[str, Any]:
        """The schema of the body."""
        return self.resolve(self.spec["requestBody"]["content"][self.media_type]["schema"])

    async def ask(self, actor: Actor, path: str, body: Any) -> httpx.Response:
        """Call the operation as somebody, with the ETag of the present state as far as she may read it."""
        if not self.takes("If-Match"):
            return await actor.call(self.method, path, body)
        source = path
        for ending in ("/draft", "/publish", "/capacity", "/version", "/revert"):
            source = source.removesuffix(ending)
        etag = (await actor.call("GET", source)).headers.get("ETag", '"1"')
        return await actor.call(self.method, path, body, If_Match=etag)

    def resolve(self, schema: dict[str, Any]) -> dict[str, Any]:
        reference = schema.get("$ref")
        return self.components[reference.rpartition("/")[2]] if reference else schema


def operations(app: Litestar) -> list[Operation]:
    """List what the description of the API offers."""
    document = describe(app)
    return [
        Operation(method.upper(), path, spec, document["components"]["schemas"])
        for path, methods in document["paths"].items()
        for method, spec in methods.items()
    ]


async def contents(database: Database) -> dict[str, list[str]]:
    """Read everything that the database holds, to compare it with later."""
    async with database.read() as connection:
        return {
            name: sorted(map(repr, await connection.execute(select(table)))) for name, table in metadata.tables.items()
        }
