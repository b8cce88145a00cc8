import time
from datetime import timedelta

from lms_core.api import (
    Context,
    CreditsRequest,
    EnrolmentCreated,
    EnrolmentRequest,
    Job,
    Objection,
    PendingCredit,
    Permission,
    Plugin,
    RouteContext,
    get,
    hookimpl,
)


@get("/broken", permission="misbehaving.look")
async def broken(context: RouteContext) -> None:
    """Fail."""
    raise ZeroDivisionError("too many students")


async def sweep(context: Context, payload: None) -> None:
    raise RuntimeError("no broom")


class Misbehaving(Plugin):
    """Blocks, fails, and answers with wrong types."""

    name = "misbehaving"
    permissions = (Permission("misbehaving.look", "look"),)
    routes = (broken,)
    jobs = (Job("sweep", sweep, every=timedelta(days=1)),)

    @hookimpl
    async def check_enrolment(self, context: Context, enrolment: EnrolmentRequest) -> list[Objection]:
        time.sleep(0.06)  # noqa: ASYNC251 - that is the flaw
        return []

    @hookimpl
    async def progress_credits(self, context: Context, request: CreditsRequest) -> list[PendingCredit]:
        return [Objection("wrong", "of another hook")]  # type: ignore[list-item]

    @hookimpl
    async def enrolment_created(self, context: Context, event: EnrolmentCreated) -> None:
        raise ConnectionError("the other system is away")
