"""`lms serve`: it starts in safe surroundings only, and the workers live and die with it."""

from __future__ import annotations

import os
import re
import signal
import socket
from contextlib import ExitStack
from pathlib import Path

import httpx

from lms_core.migrations import head_revision
from tests.support.processes import (
    LMS,
    Process,
    Running,
    browser,
    finished,
    free_port,
    needs_proc,
    said,
    serving,
    started,
    wait_until,
)

pytestmark = needs_proc


def workers(running: Running) -> list[Process]:
    return [process for process in running.processes() if process.parent == running.pid]


def connected(stack: ExitStack, running: Running, port: int) -> list[httpx.Client]:
    """Open connections, to be kept, until each worker serves some of them."""
    clients: list[httpx.Client] = []
    while not all(serving(worker, port) for worker in workers(running)):
        assert len(clients) < 200
        client = stack.enter_context(browser(f"http://127.0.0.1:{port}"))
        client.get("/health/live")
        clients.append(client)
    return clients


def test_without_settings_it_says_all_that_is_missing() -> None:
    assert finished(LMS, "serve") == (
        2,
        "",
        "LMS_DATABASE_URL is missing: postgresql://user:password@host:5432/name, or sqlite:////absolute/path\n"
        "LMS_STORE_URL is missing: address at which the server reaches the S3 store, such as http://store:8333\n"
        "LMS_STORE_ACCESS_KEY is missing: access key of the store\n"
        "LMS_STORE_SECRET_KEY is missing: secret key of the store, at least 16 characters\n"
        "LMS_STORE_BUCKET is missing: bucket for all media\n"
        "LMS_PUBLIC_URL is missing: https address that people use, without a path\n"
        "LMS_SECRET_KEY is missing: at least 32 random characters, from which the secrets of webhooks are derived\n",
    )


def test_the_first_administrator_of_a_new_installation(
    empty_database_url: str, surroundings: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "database-url").write_text(empty_database_url)
    port = free_port()
    environment = {
        **surroundings,
        "LMS_DATABASE_URL_FILE": str(tmp_path / "database-url"),
        "LMS_PORT": str(port),
        "LMS_WORKERS": "2",
    }
    ready = f"content store: bucket {surroundings['LMS_STORE_BUCKET']} is ready\n"
    assert finished(LMS, "migrate", env=environment) == (
        0,
        f"database: empty -> {head_revision()}\nplugin family_sessions: empty -> 0001\nplugin internship_credit: empty -> 0001\nplugin part_time_tracks: empty -> 0001\nplugin university_weeks: empty -> 0001\n{ready}",
        "",
    )

    person = ("--email", "Amina.Kurt@example.org", "--name", "Amina Kurt")
    code, output, errors = finished(LMS, "person", "add", "--role", "administrator", *person, env=environment)
    assert (code, errors) == (0, "")
    said = "Amina Kurt <amina.kurt@example.org> sets a password within 7 days at\n"
    link = re.fullmatch(said + r"https://lms\.example\.org(/set-password\?link=([\w-]{43}))\n", output)
    assert link

    with started(LMS, "serve", env=environment) as running, ExitStack() as stack:
        answer = running.wait_for_answer(f"http://127.0.0.1:{port}/health/ready")
        assert answer.json()["status"] == "ok"
        wait_until(lambda: len(workers(running)) == 2, "two workers")
        clients = connected(stack, running, port)
        http = clients[0]

        form = http.get(link[1])
        assert form.headers["content-type"] == "text/html; charset=utf-8"
        assert f'<input type="hidden" name="link" value="{link[2]}">' in form.text
        sent = {"link": link[2], "password": "a long first password"}
        assert http.post("/set-password", data=sent).status_code == 200
        assert http.post("/set-password", data=sent).status_code == 404

        sign_in = {"email": "amina.kurt@example.org", "password": "a long first password"}
        token = http.post("/sign-in", json=sign_in).raise_for_status().json()["token"]
        for client in clients:
            client.headers["Authorization"] = f"Bearer {token}"
        grants = [[grant["role"] for grant in client.get("/me").json()["grants"]] for client in clients]
        assert grants == [["administrator"]] * len(clients)

        change = {"current": "a long first password", "new": "a long second password"}
        assert http.put("/me/password", json=change).status_code == 204
        wait_until(
            lambda: {client.get("/me").status_code for client in clients} == {401},
            "that the token is known as revoked everywhere",
        )
        assert http.post("/sign-in", json=sign_in).status_code == 401
        assert http.post("/sign-in", json={**sign_in, "password": "a long second password"}).status_code == 200

        os.kill(running.pid, signal.SIGTERM)  # connections are still open
        assert running.wait() == 0
        running.wait_for_all()


def test_a_killed_worker_is_replaced_and_a_killed_server_leaves_none(
    sqlite_template: Path, surroundings: dict[str, str]
) -> None:
    port = free_port()
    database = f"sqlite:///{sqlite_template}"
    environment = {**surroundings, "LMS_DATABASE_URL": database, "LMS_PORT": str(port), "LMS_WORKERS": "2"}
    with started(LMS, "serve", env=environment) as running:
        running.wait_for_answer(f"http://127.0.0.1:{port}/health/live")
        wait_until(lambda: len(workers(running)) == 2, "two workers")
        first, second = workers(running)
        os.kill(first.pid, signal.SIGKILL)
        wait_until(lambda: len(workers(running)) == 2 and first not in workers(running), "another worker")
        assert second in workers(running)
        os.kill(running.pid, signal.SIGKILL)
        running.wait_for_all()


def test_a_taken_port_ends_it(sqlite_template: Path, surroundings: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        environment = {**surroundings, "LMS_DATABASE_URL": f"sqlite:///{sqlite_template}", "LMS_PORT": port}
        message = f"Error: Port {port} is taken by another program; stop it or choose another one with LMS_PORT.\n"
        assert said("serve", env=environment) == (1, "", message)


def test_without_its_database_it_ends(surroundings: dict[str, str]) -> None:
    nowhere = free_port()
    database = f"postgresql://lms:long-and-hard-to-guess@127.0.0.1:{nowhere}/lms"
    environment = {**surroundings, "LMS_DATABASE_URL": database, "LMS_PORT": str(free_port())}
    message = f"Error: [Errno 111] Connect call failed ('127.0.0.1', {nowhere})\n"
    assert said("serve", env=environment) == (1, "", message)
