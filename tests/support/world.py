"""A small world for tests: people who act over HTTP, and what most stories begin with."""

from __future__ import annotations

import hashlib
import re
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx
from sqlalchemy import event

from lms_core.media.checking import MediaChannel
from lms_core.outbox.work import settle
from lms_core.people import actions as people
from lms_core.people import types as t

if TYPE_CHECKING:
    from collections.abc import Iterator

    from litestar import Litestar

    from lms_core.db import Database


MP4 = b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41"
"""How a film begins."""


class Actor:
    """A person who is signed in: calls the API and looks at the answers."""

    def __init__(self, http: httpx.AsyncClient, person: t.Person, token: str) -> None:
        self.http = http
        self.person = person
        self.id = str(person.id)
        self.email = person.email
        self.token = token

    async def call(self, method: str, path: str, json: Any = None, **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.http.request(
            method, path, json=json, headers={"Authorization": f"Bearer {self.token}", **named}
        )

    async def get(self, path: str, status: int = 200) -> Any:
        return _checked(await self.call("GET", path), status)

    async def post(self, path: str, json: Any = None, status: int = 201, **headers: str) -> Any:
        return _checked(await self.call("POST", path, json, **headers), status)

    async def bring(self, path: str, table: str, status: int = 200) -> Any:
        """Send a table as CSV."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "text/csv"}
        return _checked(await self.http.post(path, content=table.encode(), headers=headers), status)

    async def put(self, path: str, json: Any = None, status: int = 200, **headers: str) -> Any:
        return _checked(await self.call("PUT", path, json, **headers), status)

    async def patch(self, path: str, json: Any = None, status: int = 200, **headers: str) -> Any:
        return _checked(await self.call("PATCH", path, json, **headers), status)

    async def delete(self, path: str, status: int = 204, **headers: str) -> Any:
        return _checked(await self.call("DELETE", path, **headers), status)


def _checked(response: httpx.Response, status: int) -> Any:
    assert response.status_code == status, f"{response.request.method} {response.request.url}: {response.text}"
    return response.json() if response.content else None


class World:
    """An application with its database, and shortcuts for the beginning of a story."""

    def __init__(self, app: Litestar, http: httpx.AsyncClient) -> None:
        self.app = app
        self.http = http
        self.database: Database = app.state.database
        self.admin: Actor

    async def person(self, name: str, role: str | None = None, programme: Any = None) -> Actor:
        """Bring a person in and sign her in; her role is for the programme, or for the system if there is none."""
        email = f"{name.lower().replace(' ', '.')}@example.org"
        async with self.database.write() as connection:
            person = await people.create_person(connection, t.NewPerson(email=email, name=name))
            if role:
                scope = "programme" if programme else "system"
                new = t.NewGrant(role=role, scope=scope, scope_id=UUID(programme["id"]) if programme else None)
                await people.grant_role(connection, person.id, new, None)
            signed_in = await people.issue_token(connection, person, timedelta(hours=1))
        return Actor(self.http, person, signed_in.token)

    async def programme(self, key: str = "ms") -> dict[str, Any]:
        """Create a programme with a regulation and the winter term 2026; return it with their ids."""
        made = await self.admin.post("/programmes", {"key": key, "title": f"Programme {key}", "degree": "M.Sc."})
        regulation = {"version": "po-2026", "validFrom": "2026-01-01", "ectsTotal": "90", "hoursPerEcts": "30"}
        term = {
            "season": "winter", "year": 2026, "startsOn": "2026-10-01", "endsOn": "2027-03-31",
            "lecturesFrom": "2026-10-12", "lecturesTo": "2027-02-06", "examsFrom": "2027-02-08",
            "examsTo": "2027-02-27",
        }  # fmt: skip
        path = f"/programmes/{made['id']}"
        return {
            **made,
            "regulation": (await self.admin.post(f"{path}/regulations", regulation))["id"],
            "term": (await self.admin.post(f"{path}/terms", term))["id"],
        }

    async def student(self, name: str, programme: dict[str, Any]) -> Actor:
        """Bring in a student of a programme."""
        actor = await self.person(name)
        await self.admin.post(f"/programmes/{programme['id']}/enrolments", {"email": actor.email})
        return actor

    async def module(
        self, programme: dict[str, Any], units: list[dict[str, Any]], key: str = "mems", ects: str = "5"
    ) -> dict[str, Any]:
        """Create and publish a module with these units."""
        made = await self.admin.post(f"/programmes/{programme['id']}/modules", {"key": key, "title": key.title()})
        content = {"title": key.title(), "ects": ects, "workloadHours": 150, "units": units}
        draft = await self.admin.put(f"/modules/{made['id']}/draft", content, If_Match='"1"')
        await self.admin.post(f"/modules/{made['id']}/publish", If_Match=f'"{draft["revision"]}"')
        return made

    async def run(self, programme: dict[str, Any], module: dict[str, Any], capacity: int = 10) -> dict[str, Any]:
        """Open a run of a module in the programme's term."""
        new = {"termId": programme["term"], "capacity": capacity}
        return await self.admin.post(f"/modules/{module['id']}/runs", new)

    async def upload(
        self, actor: Actor, programme: dict[str, Any], name: str, data: bytes, content_type: str
    ) -> dict[str, Any]:
        """Bring a file in the way a client does: announce it, send its parts to the store, complete it."""
        new = {"name": name, "size": len(data), "contentType": content_type, "sha256": sha256(data)}
        media = await actor.post(f"/programmes/{programme['id']}/media", new)
        if media["state"] == "ready":
            return media
        parts = await self.send(actor, media, data)
        media = await actor.post(f"/media/{media['id']}/complete", {"parts": parts}, 200)
        return media if media["state"] == "ready" else await self.checked(actor, media)

    async def send(self, actor: Actor, media: dict[str, Any], data: bytes, *numbers: int) -> list[dict[str, Any]]:
        """Send the parts of a file to the store, or only some of them; return all parts as completing takes them."""
        size = media["partSize"]
        pieces = {number: data[start : start + size] for number, start in enumerate(range(0, len(data), size), 1)}
        parts = [{"number": number, "sha256": sha256(piece)} for number, piece in pieces.items()]
        wanted = [part for part in parts if not numbers or part["number"] in numbers]
        addresses = await actor.post(f"/media/{media['id']}/parts", {"parts": wanted}, 200)
        async with httpx.AsyncClient(verify=False) as outside:  # to load certificates takes longer than to upload
            for address in addresses["parts"]:
                piece = pieces[address["number"]]
                response = await outside.put(address["url"], content=piece, headers=address["headers"])
                assert response.status_code == 200, response.text
        return parts

    async def checked(self, actor: Actor, media: dict[str, Any]) -> dict[str, Any]:
        """Let a worker check what was put together; return the file after it."""
        await settle(self.database, [MediaChannel(self.database, self.app.state.store)])
        return await actor.get(f"/media/{media['id']}")


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@contextmanager
def statements(database: Database, *, figures: bool = False) -> Iterator[list[str]]:
    """Collect the SQL statements that are executed meanwhile; not those that each process executes every few seconds.

    That is to look which plugins are enabled, and to keep the `figures` of plugins, unless these are wanted.
    """
    seen: list[str] = []
    kept = "" if figures else "|INSERT INTO plugin_call|DELETE FROM plugin_call"
    by_itself = re.compile(rf"BEGIN|.*sum\(programme_plugin\.revision\){kept}", re.DOTALL)

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not by_itself.match(statement):
            seen.append(" ".join(statement.split()))

    engines = [database.writer.sync_engine]
    if database.is_sqlite:  # on PostgreSQL the reader is the same engine with another option
        engines.append(database.reader.sync_engine)
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)
