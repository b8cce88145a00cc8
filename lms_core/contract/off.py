"""Level 6: where the plugin is off, nothing of it is left but what it keeps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lms_core.contract.behaviour import call_everything, figures, routes
from lms_core.contract.subject import Finding, Subject, advice, wrong
from lms_core.permissions import PUBLIC


def goes_off(subject: Subject) -> Iterator[Finding]:
    """Disable it where it is enabled."""
    scene = subject.running
    answer = scene.server.switch(scene.on, subject.plugin.name, {"enabled": False})
    if answer.status_code != 200:
        yield wrong(f"it cannot be disabled: {answer.text}")


def answers_nobody(subject: Subject) -> Iterator[Finding]:
    """Use each route in both programmes, as those who could if it were on."""
    scene = subject.running
    for programme, where in ((scene.on, "is disabled"), (scene.other, "was never enabled")):
        for route in routes(subject, programme):
            if programme is scene.on and route.finishes:
                continue
            given = {scene.server.admin.request(route.method, route.path).status_code}
            if route.permission == PUBLIC:
                given.add(scene.server.http.request(route.method, route.path).status_code)
            for status in given - {404}:
                yield wrong(
                    f"{route} answers {status} where the plugin {where}, instead of 404: do without middleware and "
                    "whatever else answers before the host has looked"
                )


def is_not_called(subject: Subject) -> Iterator[Finding]:
    """Let everything happen that its hooks and jobs wait for."""
    scene, name = subject.running, subject.plugin.name
    before = {(figure.hook, figure.programme_id): figure.calls for figure in figures(scene, name)}
    for programme in (scene.on, scene.other):
        call_everything(subject, programme)
    finishing = {f"job:{job.name}" for job in subject.plugin.jobs if job.finishes}
    for figure in figures(scene, name):
        if figure.hook in finishing and str(figure.programme_id) == scene.on.id:
            continue
        if figure.calls != before.get((figure.hook, figure.programme_id), 0):
            yield wrong(f"{figure.hook} is called where the plugin is off")


def is_not_described(subject: Subject) -> Iterator[Finding]:
    """Read the permissions and the description of the API, of both programmes and of the core."""
    scene, name = subject.running, subject.plugin.name
    for programme in (scene.on, scene.other):
        permissions = scene.server.admin.get(f"{programme.path}/permissions").json()["items"]
        for permission in permissions:
            if permission["name"].startswith(f"{name}."):
                yield wrong(f"the permission {permission['name']} is offered where the plugin is off")
    for address in (f"{scene.on.path}/openapi.json", f"{scene.other.path}/openapi.json", "/openapi.json"):
        for path in sorted(scene.server.admin.get(address).json()["paths"]):
            if f"{path}/".startswith(f"/programmes/{{programme_id}}/{name}/"):
                yield wrong(f"{path} is described where the plugin is off")


def can_be_exported(subject: Subject) -> Iterator[Finding]:
    """Read what it keeps of both programmes."""
    scene, name = subject.running, subject.plugin.name
    for programme, enabled in ((scene.on, True), (scene.other, False)):
        answer = scene.server.admin.get(f"{programme.path}/plugins/{name}/export")
        if answer.status_code != 200:
            yield wrong(f"what it keeps cannot be exported: {answer.text}")
            return
        export = answer.json()
        for table, rows in export["tables"].items():
            if rows and not enabled and table.startswith(f"{name}_"):
                yield wrong(
                    f"{table} has rows of a programme in which the plugin was never enabled; write "
                    "context.programme_id into programme_id"
                )
            elif any(row.get("programme_id") != programme.id for row in rows):
                yield wrong(f"the export of a programme holds rows of {table} that are another's")
        yield from _left_out(export) if enabled else ()


def _left_out(export: dict[str, Any]) -> Iterator[Finding]:
    for table in export["leftOut"]:
        yield advice(
            f"{table} is missing in the export of a programme; if its rows belong to one, give it a programme_id"
        )
