"""Whether this process is alive, and whether it can do its work."""

from __future__ import annotations

import asyncio
from typing import Literal

from litestar import Response, Router, get
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec
from litestar.params import SkipValidation
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from content_store import ContentStore, StoreError
from lms_core.db import Database
from lms_core.migrations import current_revision, head_revision
from lms_core.permissions import PUBLIC
from lms_core.types import View


class Check(View, frozen=True):
    """One thing that must work, whether it does, and what is wrong."""

    name: str
    ok: bool
    detail: str


class Health(View, frozen=True):
    """Whether the process is fit, with each check."""

    status: Literal["ok", "failing"]
    checks: list[Check]


async def check_database(database: NamedDependency[Database]) -> Check:
    """Ask the database something."""
    try:
        async with asyncio.timeout(5), database.read() as connection:
            await connection.execute(text("SELECT 1"))
    except (SQLAlchemyError, OSError) as error:  # TimeoutError is an OSError
        return Check("database", False, _line(error))
    return Check("database", True, "answers")


async def check_migrations(database: NamedDependency[Database]) -> Check:
    """Compare the database's revision with the one this code was written for."""
    try:
        async with asyncio.timeout(5):
            current = await current_revision(database)
    except (SQLAlchemyError, OSError) as error:
        return Check("migrations", False, _line(error))
    head = head_revision()
    if current != head:
        return Check("migrations", False, f"the database is at {current or 'nothing'}, needed is {head}: lms migrate")
    return Check("migrations", True, f"at {head}")


async def check_store(store: NamedDependency[SkipValidation[ContentStore]]) -> Check:
    """Ask the content store, with our keys and without."""
    try:
        async with asyncio.timeout(8):
            await store.check()
    except (StoreError, OSError) as error:
        return Check("content store", False, _line(error))
    return Check("content store", True, "answers, and refuses strangers")


def _line(error: Exception) -> str:
    text = str(getattr(error, "orig", None) or error) or type(error).__name__
    return text.splitlines()[0][:300]


@get("/health/live", permission=PUBLIC)
async def live() -> Health:
    """Say that the process runs."""
    return Health("ok", [])


@get("/health/ready", permission=PUBLIC, responses={503: ResponseSpec(Health, description="Something is failing.")})
async def ready(
    database: NamedDependency[Database], store: NamedDependency[SkipValidation[ContentStore]]
) -> Response[Health]:
    """Say whether the process can do its work: 200, or 503 with what is wrong."""
    checks = list(await asyncio.gather(check_database(database), check_migrations(database), check_store(store)))
    fit = all(check.ok for check in checks)
    # strangers may ask, so they learn what fails but not the addresses in the error's text
    shown = [Check(check.name, check.ok, check.detail if check.ok else "failing; see lms doctor") for check in checks]
    return Response(Health("ok" if fit else "failing", shown), status_code=200 if fit else 503)


router = Router("/", route_handlers=[live, ready], tags=["Health"])
