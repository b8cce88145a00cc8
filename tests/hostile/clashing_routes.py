# No `from __future__ import annotations`: what routes declare must resolve at run time.
from lms_core.api import Plugin, RouteContext, get


@get("/here", permission="self")
async def first(context: RouteContext) -> None:
    """Answer."""


@get("/here", permission="self")
async def second(context: RouteContext) -> None:
    """Answer as well."""


class Hostile(Plugin):
    """Has two routes at one address."""

    name = "clashing_routes"
    routes = (first, second)
