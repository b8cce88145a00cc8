"""Whatever goes wrong becomes a problem document (RFC 9457) that tells people what to do, and strangers nothing."""

from __future__ import annotations

import asyncio
import logging
import shutil
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import asyncpg
import httpx
import pytest
from litestar import Litestar, Request, get
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from content_store import StoreUnavailable, UploadRefused
from lms_core import errors
from lms_core.errors import FieldError, to_response

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.world import World

GENTLY = {"retry-after": "5"}


class Deadlock(Exception):
    """What the driver of PostgreSQL raises carries a SQLSTATE."""

    sqlstate = "40P01"


class WrongStatement(Exception):
    sqlstate = "42P01"


def a_database_error(orig: Exception) -> DBAPIError:
    return DBAPIError("SELECT 1", {}, orig)


# exception: status, code, title, detail, more of the document, headers beside the usual
CASES: dict[str, tuple[Exception, int, str, str, str, dict[str, Any], dict[str, str]]] = {
    "invalid": (
        errors.InvalidInput("There is no such role.", errors=[FieldError("body.role", "unknown")]),
        422, "invalid-input", "The input is not valid", "There is no such role.",
        {"errors": [{"where": "body.role", "reason": "unknown"}]}, {},
    ),
    "malformed": (
        errors.MalformedInput(FieldError("body", "is required")),
        400, "malformed-input", "The input is not valid", "Some of what was sent is not valid.",
        {"errors": [{"where": "body", "reason": "is required"}]}, {},
    ),
    "unauthenticated": (
        errors.Unauthenticated("Who?"),
        401, "unauthenticated", "Sign in first", "Who?", {}, {"www-authenticate": "Bearer"},
    ),
    "forbidden": (errors.Forbidden("No."), 403, "forbidden", "You may not do this", "No.", {}, {}),
    "not found": (errors.NotFound("Where?"), 404, "not-found", "Not found", "Where?", {}, {}),
    "conflict": (errors.Conflict("Full."), 409, "conflict", "This conflicts with what is there", "Full.", {}, {}),
    "changed": (
        errors.PreconditionFailed("It is 2."), 412, "changed-meanwhile", "It was changed meanwhile", "It is 2.", {}, {},
    ),
    "media type": (
        errors.UnsupportedMediaType("JSON."),
        415, "unsupported-media-type", "The body has the wrong media type", "JSON.", {}, {},
    ),
    "if-match": (
        errors.PreconditionRequired("Which?"),
        428, "if-match-required", "Say which state you are changing", "Which?", {}, {},
    ),
    "too many": (
        errors.TooManyRequests("Wait."),
        429, "too-many-requests", "Too many attempts", "Wait.", {}, {"retry-after": "60"},
    ),
    "plugin": (
        errors.Unavailable("The plugin is late.", plugin="weeks"),
        503, "unavailable", "Not available at the moment", "The plugin is late.", {"plugin": "weeks"}, GENTLY,
    ),
    "upload": (
        UploadRefused("part 2 is missing"),
        409, "upload-refused", "This conflicts with what is there",
        "The content store refuses to put the parts together: part 2 is missing", {}, {},
    ),
    "store": (
        StoreUnavailable("http://store:8333 refuses the key admin"),
        503, "store-unavailable", "Not available at the moment",
        "The content store does not answer as it should; try again in a moment.", {}, GENTLY,
    ),
    **{
        name: (
            error, 503, "database-unavailable", "Not available at the moment",
            "The database does not answer at the moment; nothing was changed. Try again.", {}, GENTLY,
        )
        for name, error in {
            "refused": ConnectionRefusedError("10.0.0.7:5432"),
            "late": TimeoutError(),
            "pool": PoolTimeout("QueuePool limit of size 10 reached"),
            "deadlock": a_database_error(Deadlock()),
        }.items()
    },
    **{
        name: (
            error, 500, "internal", "Internal error",
            "The server made a mistake; it was logged. Nothing was changed.", {}, {},
        )
        for name, error in {
            "mistake": ZeroDivisionError("secret: 0 / 0"),
            "statement": a_database_error(WrongStatement("secret table")),
        }.items()
    },
}  # fmt: skip


@get("/{name:str}")
async def fail(request: Request[Any, Any, Any]) -> None:
    raise CASES[request.path_params["name"]][0]


@pytest.mark.parametrize("name", CASES)
async def test_every_failure_has_its_problem(name: str) -> None:
    _, status, code, title, detail, more, headers = CASES[name]
    app = Litestar([fail], exception_handlers={Exception: to_response})
    async with httpx.AsyncClient(transport=httpx.ASGITransport(cast("Any", app)), base_url="http://test") as http:
        answer = await http.get(f"/{name}")
    document = {"type": f"urn:lms:problem:{code}", "title": title, "status": status, "detail": detail, **more}
    assert (answer.status_code, answer.json()) == (status, document)
    usual = {"content-type": "application/problem+json", "content-length": str(len(answer.content))}
    assert dict(answer.headers) == {**usual, **headers}


@pytest.mark.parametrize(
    ("method", "path", "status", "title", "detail", "allow"),
    [
        ("GET", "/nowhere", 404, "Not found", "There is nothing at this address.", set()),
        ("GET", "/persons/1", 404, "Not found", "There is nothing at this address.", set()),
        ("GET", "/docs/static/x", 404, "Not found", "There is no such file.", set()),
        (
            "DELETE", "/persons", 405, "Method Not Allowed",
            "This address does not know the method; the header Allow names those it knows.", {"GET", "POST", "OPTIONS"},
        ),
        (
            "BREW", "/me", 405, "Method Not Allowed",
            "This address does not know the method; the header Allow names those it knows.", {"GET", "OPTIONS"},
        ),
    ],
)  # fmt: skip
async def test_what_the_framework_refuses_is_a_problem_too(
    world: World, method: str, path: str, status: int, title: str, detail: str, allow: set[str]
) -> None:
    answer = await world.http.request(method, path)
    assert answer.headers["Content-Type"] == "application/problem+json"
    kind = "urn:lms:problem:" + title.lower().replace(" ", "-")
    assert answer.json() == {"type": kind, "title": title, "status": status, "detail": detail}
    assert {name for name in answer.headers.get("Allow", "").split(", ") if name} == allow


@pytest.fixture
async def outage(world: World, backend: str, database_url: str, postgres_server: str, sqlite_file: Path) -> None:
    """Take the database away from a running application."""
    if backend == "postgresql":
        name = urlsplit(database_url).path.removeprefix("/")
        connection = await asyncpg.connect(postgres_server)
        await connection.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        await connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)
        await connection.close()
    else:
        await world.database.close()
        shutil.rmtree(sqlite_file.parent)


@pytest.mark.usefixtures("outage")
async def test_a_database_that_is_away_is_503_and_nobody_passes(
    world: World, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    signing_in = {"email": world.admin.email, "password": "correct horse battery"}
    for answer in (
        await world.admin.call("GET", "/me"),
        await world.admin.call("POST", "/programmes", {"key": "ms", "title": "MS", "degree": "M.Sc."}),
        await world.http.post("/sign-in", json=signing_in),
    ):
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
        assert answer.json() == {
            "type": "urn:lms:problem:database-unavailable",
            "title": "Not available at the moment",
            "status": 503,
            "detail": "The database does not answer at the moment; nothing was changed. Try again.",
        }
    ready = (await world.http.get("/health/ready")).json()
    assert [(check["name"], check["ok"]) for check in ready["checks"]][:2] == [
        ("database", False),
        ("migrations", False),
    ]


async def test_of_many_who_want_the_same_one_wins_and_the_others_are_told(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    new = {"email": "same@example.org", "name": "Same"}
    with caplog.at_level(logging.WARNING, "lms"):
        answers = await asyncio.gather(*(world.admin.call("POST", "/persons", new) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    assert {answer.json().get("type") for answer in answers} == {None, "urn:lms:problem:conflict"}
    assert "same@example.org" not in caplog.text


async def test_a_mistake_of_ours_is_logged_and_not_told(world: World, caplog: pytest.LogCaptureFixture) -> None:
    async with world.database.write() as connection:
        await connection.execute(text("ALTER TABLE person RENAME COLUMN name TO called"))
    with caplog.at_level(logging.ERROR, "lms"):
        answer = await world.admin.call("POST", "/persons", {"email": "new@example.org", "name": "Nora"})
    assert (answer.status_code, answer.json()) == (
        500,
        {
            "type": "urn:lms:problem:internal",
            "title": "Internal error",
            "status": 500,
            "detail": "The server made a mistake; it was logged. Nothing was changed.",
        },
    )
    assert "unforeseen error at POST /persons" in caplog.text
    assert "INSERT INTO person" in caplog.text
    assert "new@example.org" not in caplog.text
