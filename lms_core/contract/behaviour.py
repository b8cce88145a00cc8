"""Level 5: in a running core the plugin answers what it is asked, in time, and only whom it may."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec

import lms_core.types
from lms_core.contract.loading import place
from lms_core.contract.payloads import payloads
from lms_core.contract.server import Programme, Server, prepare, serving
from lms_core.contract.subject import Finding, Scene, Skip, Subject, wrong
from lms_core.errors import Conflict
from lms_core.hooks.links import GUEST
from lms_core.hooks.measure import BLOCKING, Figure, told
from lms_core.hooks.registry import HOOKS
from lms_core.hooks.specs import Policy
from lms_core.outbox.events import emit
from lms_core.permissions import PUBLIC, SELF

ROUNDS = 5
"""How often everything is called at most. A step that takes too long counts if it did each time: machines are busy."""


class Route(msgspec.Struct, frozen=True):
    """A route of the plugin; `shown` is its address as its author wrote it, `path` leads to the programme's own."""

    method: str
    shown: str
    path: str
    permission: str
    plain: bool
    finishes: bool

    def __str__(self) -> str:
        return f"{self.method} {self.shown}"


def starts(subject: Subject) -> Iterator[Finding]:
    """Start a core with it, and enable it in the first of two programmes."""
    settings, plugin = subject.smallest_settings, subject.plugin
    lms_core.types._clock = subject.clock.now  # this process is the check's own
    try:
        url = prepare(subject.folder / "core.sqlite3", [plugin])
    except Conflict:
        raise Skip("its tables could not be made on SQLite") from None
    try:
        server = subject.stack.enter_context(serving(url, [plugin]))
    except Exception as error:
        yield wrong(f"a core does not start with it: {told(error)}")
        return
    on, other = server.programme, server.new_programme("other")
    answer = server.switch(on, plugin.name, {"enabled": True, "settings": settings})
    if answer.status_code != 200:
        yield wrong(f"it cannot be enabled with the settings {settings}: {answer.text}")
        return
    nobody = server.person("Norman Nobody")
    subject.scene = Scene(server, on, other, server.admin.as_student(), nobody)


def call_everything(subject: Subject, programme: Programme) -> None:
    """Call each hook with something plausible, and let each recurring job become due; failures stay in the figures."""
    scene = subject.running
    name, server = subject.plugin.name, scene.server
    told_of = payloads(programme, scene.student.person_id, name)
    programme_id = UUID(programme.id)
    assert subject.registry
    for hook in subject.registry.hooks_of(name):
        server.call(_calling(server, hook, programme_id, told_of[HOOKS[hook].payload]))
    recurring = [job.every for job in subject.plugin.jobs if job.every]
    subject.clock.move(max(recurring, default=timedelta()))
    with suppress(AssertionError):
        server.deliver()


def _calling(server: Server, hook: str, programme_id: UUID, payload: Any) -> Any:
    async def work() -> None:
        if HOOKS[hook].policy is Policy.REACT:
            async with server.database.write() as connection:
                await emit(connection, hook, f"check:{uuid4()}", programme_id, payload)
        else:
            await server.hooks.shape(hook, programme_id, payload)  # the calls are those of `decide`

    return work


def answers(subject: Subject) -> Iterator[Finding]:
    """Call its hooks and recurring jobs, and see whether each succeeds and none holds everybody up."""
    scene, name = subject.running, subject.plugin.name
    blocked: dict[str, int] = {}
    slow: set[str] = set()
    for turn in range(ROUNDS):
        call_everything(subject, scene.on)
        again = {figure.hook for figure in figures(scene, name) if figure.blocked > blocked.get(figure.hook, 0)}
        blocked = {figure.hook: figure.blocked for figure in figures(scene, name)}
        slow = again if turn == 0 else slow & again
        if not slow:
            break
    for figure in figures(scene, name):
        if figure.failures:
            yield wrong(f"{figure.hook} fails: {figure.last_error}")
        elif figure.hook in slow:
            yield wrong(
                f"{figure.hook} holds everybody up, for more than {BLOCKING * 1000:.0f} ms each time; await what takes "
                "time, and hand long computations to asyncio.to_thread"
            )
    assert subject.registry
    for hook in sorted({*subject.registry.hooks_of(name)} - blocked.keys()):
        yield wrong(f"{hook} was not called, though it is declared")


def figures(scene: Scene, plugin: str) -> list[Figure]:
    """Return what the core has counted of the plugin, by hook and job, in the order of their names."""
    mine = (figure for figure in scene.server.hooks.figures.all() if figure.plugin == plugin and figure.calls)
    return sorted(mine, key=lambda figure: figure.hook)


def routes(subject: Subject, programme: Programme) -> list[Route]:
    """List the plugin's routes with addresses in a programme; what paths name is there, or made up."""
    found = []
    for route in subject.running.server.http.app.routes:
        for handler in getattr(route, "route_handlers", ()):
            if handler.opt.get("plugin") == subject.plugin.name and "permission" in handler.opt:
                path = route.path_format
                for name, parameter in route.path_parameters.items():
                    path = path.replace(f"{{{name}}}", _value(name, parameter.type, programme))
                plain = set(route.path_parameters) == {"programme_id"}
                permission, finishes = handler.opt["permission"], bool(handler.opt.get("finishes"))
                found += [
                    Route(method, route.path_format, path, permission, plain, finishes)
                    for method in sorted(handler.http_methods - {"OPTIONS"})
                ]
    return sorted(found, key=str)


def _value(name: str, kind: Any, programme: Programme) -> str:
    known = {"programme_id": programme.id, "module_id": programme.module_id, "run_id": programme.run_id}
    return known.get(name) or (str(uuid4()) if kind is UUID else "1")


def refuses_strangers(subject: Subject) -> Iterator[Finding]:
    """Use each route without signing in."""
    for route in routes(subject, subject.running.on):
        status = subject.running.server.http.request(route.method, route.path).status_code
        if route.permission != PUBLIC and status != 401:
            yield wrong(
                f"{route} answers {status} to somebody who has not signed in, instead of 401: leave who may use it to "
                "its permission, and do without middleware"
            )


def refuses_the_uninvited(subject: Subject) -> Iterator[Finding]:
    """Use each route as a person without any role."""
    for route in routes(subject, subject.running.on):
        status = subject.running.nobody.request(route.method, route.path).status_code
        guests = route.permission.startswith(GUEST)  # her token is no link
        wanted = "401" if guests else "403 or 404"
        if route.permission not in {PUBLIC, SELF} and str(status) not in wanted:
            yield wrong(
                f"{route} answers {status} to a person without a role, instead of {wanted}: leave who may use it to "
                "its permission, and do without middleware"
            )


def can_be_read(subject: Subject) -> Iterator[Finding]:
    """Read, as an administrator, whatever needs nothing but the programme."""
    for route in routes(subject, subject.running.on):
        if route.method == "GET" and route.plain:
            with _logged() as errors:
                answer = subject.running.server.admin.get(route.path)
            if answer.status_code >= 500:
                why = "".join(f": {told(error)} ({place(error)})" for error in errors[-1:])
                yield wrong(f"{route} answers {answer.status_code}{why}")


@contextmanager
def _logged() -> Iterator[list[BaseException]]:
    """Collect the exceptions that are logged meanwhile."""
    errors: list[BaseException] = []

    class Collecting(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.exc_info and record.exc_info[1]:
                errors.append(record.exc_info[1])

    handler = Collecting()
    logging.getLogger().addHandler(handler)
    try:
        yield errors
    finally:
        logging.getLogger().removeHandler(handler)
