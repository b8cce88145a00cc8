"""A whole core around plugins, for their tests: the application in a thread of its own, and people who call it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import httpx
import msgspec
from anyio.from_thread import start_blocking_portal
from litestar.testing import TestClient
from sqlalchemy import select

from content_store import StoreSettings
from lms_core import migrations
from lms_core.app import create_app
from lms_core.db import Database
from lms_core.hooks.channel import PluginChannel
from lms_core.hooks.dispatch import Dispatcher
from lms_core.hooks.plugin import Plugin
from lms_core.mail.send import PluginMail
from lms_core.migrations.plugins import migrate_plugin
from lms_core.outbox.events import Channel, Event
from lms_core.outbox.tables import delivery, outbox
from lms_core.outbox.work import settle
from lms_core.people import actions as people
from lms_core.people.types import Language, NewGrant, NewPerson, Person
from lms_core.settings import Settings

T = TypeVar("T")

SITE = "http://lms.example.org"
NOWHERE = "http://127.0.0.1:9"  # files are the core's: no plugin sees them


class Programme(msgspec.Struct, frozen=True):
    """A programme with a term, a published module of one unit, and an open run of it with ten seats."""

    id: str
    term_id: str
    module_id: str
    run_id: str

    @property
    def path(self) -> str:
        """Return the address of the programme, such as /programmes/ID."""
        return f"/programmes/{self.id}"


class Mail(msgspec.Struct, frozen=True):
    """A mail that a plugin has sent: to whom, and subject and text by language."""

    person_id: str
    subject: Mapping[Language, str]
    text: Mapping[Language, str]


class Clock:
    """The time that core and plugin see (`lms_core.api.now`); it runs on, from wherever it was set."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def now(self) -> datetime:
        """Return the present moment in UTC."""
        return datetime.now(UTC) + self._ahead

    def set(self, moment: datetime) -> None:
        """Let it be this moment (aware) now."""
        self._ahead = moment - datetime.now(UTC)

    def move(self, by: timedelta) -> None:
        """Let this much time pass at once; jobs that recur become due, and are done at the next `client.deliver()`."""
        self._ahead += by


class Client:
    """Calls the API as one person: `client.get(path)`, `client.post(path, json=...)`, ... answer as httpx does.

    The fixture `client` is an administrator; `as_student()` and `as_person()` are others.
    """

    def __init__(self, server: Server, person: Person, token: str) -> None:
        self.person_id = str(person.id)
        self.email = person.email
        self._server = server
        self._token = token

    def request(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Send a request; `headers` and everything else as with httpx."""
        headers = {"Authorization": f"Bearer {self._token}", **more.pop("headers", {})}
        return self._server.http.request(method, path, headers=headers, **more)

    def get(self, path: str, **more: Any) -> httpx.Response:
        """Send a GET."""
        return self.request("GET", path, **more)

    def post(self, path: str, **more: Any) -> httpx.Response:
        """Send a POST."""
        return self.request("POST", path, **more)

    def put(self, path: str, **more: Any) -> httpx.Response:
        """Send a PUT."""
        return self.request("PUT", path, **more)

    def patch(self, path: str, **more: Any) -> httpx.Response:
        """Send a PATCH."""
        return self.request("PATCH", path, **more)

    def delete(self, path: str, **more: Any) -> httpx.Response:
        """Send a DELETE."""
        return self.request("DELETE", path, **more)

    def as_person(self, name: str = "Nobody", role: str | None = None) -> Client:
        """Return the client of a new person; `role`, if any, is granted for the whole system."""
        return self._server.person(name, role)

    def as_student(self, name: str = "Sofia Student") -> Client:
        """Return the client of a new student of the fixture `programme`."""
        server = self._server
        student = server.person(name)
        made = server.admin.post(f"{server.programme.path}/enrolments", json={"email": student.email})
        assert made.status_code == 201, made.text
        return student

    def deliver(self) -> list[Mail]:
        """Hand over every event and job that is due, as the worker would; return the mail that plugins sent by that.

        Raises AssertionError when a plugin failed. What failed is tried again by a later call, once its pause (a
        second, then three times as long after each attempt) has passed on the clock.
        """
        return self._server.deliver()


class Server:
    """The application with the plugins. `admin` is an administrator, `programme` the first programme there is."""

    def __init__(self, http: TestClient[Any], database: Database, hooks: Dispatcher) -> None:
        self.http = http
        self.database = database
        self.hooks = hooks
        self._mailbox = _Mailbox()
        self._persons = 0

    def call(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run a coroutine in the application's event loop."""
        with self.http.portal() as portal:
            done: T = portal.call(work)
        return done

    @cached_property
    def admin(self) -> Client:
        """Bring in an administrator."""
        return self.person("Ada Administrator", "administrator")

    @cached_property
    def programme(self) -> Programme:
        """Set up a programme."""
        return self.new_programme("sample")

    def person(self, name: str, role: str | None = None) -> Client:
        """Bring in a person and sign her in."""
        self._persons += 1
        email = f"person{self._persons}@example.org"

        async def work() -> tuple[Person, str]:
            async with self.database.write() as connection:
                person = await people.create_person(connection, NewPerson(email=email, name=name))
                if role:
                    await people.grant_role(connection, person.id, NewGrant(role=role, scope="system"), None)
                signed_in = await people.issue_token(connection, person, timedelta(days=36_500))
            return person, signed_in.token

        return Client(self, *self.call(work))

    def new_programme(self, key: str) -> Programme:
        """Set up a programme with a regulation, a term, a module and a run to enrol in."""

        def create(path: str, body: Any, status: int = 201, method: str = "POST", **headers: str) -> Any:
            answer = self.admin.request(method, path, json=body, headers=headers)
            assert answer.status_code == status, answer.text
            return answer.json()

        made = create("/programmes", {"key": key, "title": f"Programme {key}", "degree": "M.Sc."})
        path = f"/programmes/{made['id']}"
        regulation = {"version": "2026", "validFrom": "2020-01-01", "ectsTotal": "90", "hoursPerEcts": "30"}
        create(f"{path}/regulations", regulation)
        term = {
            "season": "winter", "year": 2026, "startsOn": "2026-10-01", "endsOn": "2027-03-31",
            "lecturesFrom": "2026-10-12", "lecturesTo": "2027-02-06",
            "examsFrom": "2027-02-08", "examsTo": "2027-02-27",
        }  # fmt: skip
        term_id = create(f"{path}/terms", term)["id"]
        module = create(f"{path}/modules", {"key": "mems", "title": "MEMS"})
        content = {
            "title": "MEMS", "ects": "5", "workloadHours": 150,
            "units": [{"key": "intro", "kind": "reading", "title": "Introduction"}],
        }  # fmt: skip
        draft = create(f"/modules/{module['id']}/draft", content, 200, "PUT", **{"If-Match": '"1"'})
        create(f"/modules/{module['id']}/publish", None, 201, **{"If-Match": f'"{draft["revision"]}"'})
        run = create(f"/modules/{module['id']}/runs", {"termId": term_id, "capacity": 10})
        return Programme(made["id"], term_id, module["id"], run["id"])

    def switch(self, programme: Programme, plugin: str, change: Any) -> httpx.Response:
        """Enable or disable a plugin in a programme, by the body of a PUT, whatever its state is."""
        path = f"{programme.path}/plugins/{plugin}"
        revision = self.admin.get(path).headers.get("ETag", '"0"')  # without one the PUT says why
        return self.admin.put(path, json=msgspec.to_builtins(change), headers={"If-Match": revision})

    def deliver(self) -> list[Mail]:
        """Hand over what is due. Raises AssertionError with everything that could not be delivered."""
        channels: list[Channel] = [PluginChannel(self.hooks), self._mailbox]
        failed = select(delivery.c.subscriber, outbox.c.name, delivery.c.error).join_from(delivery, outbox)
        failed = failed.where(delivery.c.done_at.is_(None), delivery.c.error.is_not(None))

        async def work() -> list[str]:
            await settle(self.database, channels, self.hooks)
            async with self.database.read() as connection:
                rows = await connection.execute(failed.order_by(delivery.c.event_id, delivery.c.subscriber))
                return [f"{row.subscriber} failed in {row.name}: {row.error}" for row in rows]

        problems = self.call(work)
        if problems:
            raise AssertionError("\n".join(problems))
        sent, self._mailbox.mails = self._mailbox.mails, []
        return sent


class _Mailbox:
    """Keeps the mail that plugins send, in place of the channel that would send it."""

    name = "mail"

    def __init__(self) -> None:
        self.mails: list[Mail] = []

    async def subscribers(self, event: Event) -> list[str]:
        """Name nobody: what the core itself writes to people is not the plugins'."""
        return []

    async def deliver(self, subscriber: str, event: Event, key: str) -> None:
        """Keep a mail."""
        mail = msgspec.json.decode(event.payload, type=PluginMail)
        self.mails.append(Mail(subscriber.removeprefix("mail:"), mail.subject, mail.text))


@contextmanager
def serving(url: str, plugins: Iterable[Plugin]) -> Iterator[Server]:
    """Run the application with these plugins on a database that has their tables, as long as the context."""
    store = StoreSettings(url=NOWHERE, public_url=NOWHERE, access_key="none", secret_key="n" * 16, bucket="none")
    app = create_app(Settings(database_url=url, store=store, public_url=SITE), plugins)
    with TestClient(app, base_url=SITE, raise_server_exceptions=False) as http:
        yield Server(http, app.state.database, app.state.hooks)


def prepare(file: Path, plugins: Iterable[Plugin]) -> str:
    """Bring a SQLite file to the tables of the core and of these plugins; return its URL."""
    url = f"sqlite:///{file}"

    async def work() -> None:
        database = Database(url)
        try:
            await migrations.migrate(database)
            for plugin in plugins:
                if plugin.tables is not None:
                    await migrate_plugin(database, plugin)
        finally:
            await database.close()

    with start_blocking_portal() as portal:  # in a thread of its own: the test's may have a loop that is another's
        portal.call(work)
    return url
