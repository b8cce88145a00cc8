"""Who is asking, and may she? Asked before every route; whatever is unclear is refused.

A token is looked up once and remembered for a few seconds, so that most requests cost no statement and a revoked
token, a withdrawn role or enrolment stops working on every worker within five seconds. A refusal never rests on
memory: it is checked against the database first, so that what was granted a moment ago elsewhere works at once.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import Any, Literal
from uuid import UUID

from litestar import Litestar
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.routes import HTTPRoute
from sqlalchemy import Select, bindparam, literal, null, select, union_all

from lms_core.db import Database
from lms_core.enrolment.tables import programme_enrolment, run_enrolment
from lms_core.errors import Forbidden, NotFound, TurnedOff, Unauthenticated, Unavailable
from lms_core.facts import read_programme
from lms_core.hooks.links import GUEST, LinkRefused, admitted
from lms_core.media.tables import media
from lms_core.modules.tables import adoption, module, run
from lms_core.people.tables import person, role, role_grant, token
from lms_core.permissions import ADOPTED, PERMISSIONS, PUBLIC, SELF, Grant, Principal
from lms_core.programmes.enablement import Enablement
from lms_core.types import digest, now

REMEMBER_SECONDS = 4.0
REMEMBERED_PLACES = 100_000

Connection = ASGIConnection[Any, Any, Any, Any]

_student = select(
    programme_enrolment.c.person_id, literal("student"), literal("programme"), programme_enrolment.c.programme_id
).where(programme_enrolment.c.state == "enrolled")
_participant = select(run_enrolment.c.person_id, literal("participant"), literal("run"), run_enrolment.c.run_id).where(
    run_enrolment.c.state.in_(["enrolled", "completed"])
)
_held = union_all(
    select(role_grant.c.person_id, role_grant.c.role, role_grant.c.scope, role_grant.c.scope_id),
    _student,
    _participant,
).subquery("held")

_principal = (
    select(token.c.person_id, token.c.expires_at, _held.c.role, _held.c.scope, _held.c.scope_id, role.c.permissions)
    .select_from(token)
    .join(person, person.c.id == token.c.person_id)
    .outerjoin(_held, _held.c.person_id == token.c.person_id)
    .outerjoin(role, role.c.name == _held.c.role)
    .where(token.c.hash == bindparam("hash"), token.c.expires_at > bindparam("moment"), person.c.active)
)

# Where a path parameter points: to a programme, and to a run in it. These facts never change.
_PLACES: dict[str, Select[Any]] = {
    "run_id": select(module.c.programme_id, run.c.id)
    .join_from(run, module, module.c.id == run.c.module_id)
    .where(run.c.id == bindparam("of")),
    "module_id": select(module.c.programme_id, null()).where(module.c.id == bindparam("of")),
    "media_id": select(media.c.programme_id, null()).where(media.c.id == bindparam("of"), ~media.c.private),
}

# May a programme's people look at this module or run because the programme adopted it?
_ADOPTERS: dict[str, Select[Any]] = {
    "run_id": select(adoption.c.programme_id)
    .join_from(adoption, run, run.c.module_id == adoption.c.module_id)
    .where(run.c.id == bindparam("of")),
    "module_id": select(adoption.c.programme_id).where(adoption.c.module_id == bindparam("of")),
}

Place = tuple[UUID | None, UUID | None]


class Guard:
    """Answers for one process who a token belongs to and whether she may use a route."""

    def __init__(self, database: Database, enablement: Enablement) -> None:
        self._database = database
        self._enablement = enablement
        self._principals: dict[str, tuple[float, Principal]] = {}
        self._places: OrderedDict[tuple[str, UUID], Place] = OrderedDict()

    def forget(self, person_id: UUID) -> None:
        """Look a person up anew at her next request to this process."""
        for key, (_, principal) in list(self._principals.items()):
            if principal.person_id == person_id:
                del self._principals[key]

    def forget_all(self) -> None:
        """Look everybody up anew."""
        self._principals.clear()

    async def __call__(self, request: Connection, handler: BaseRouteHandler) -> None:
        """Let a request pass, or raise Unauthenticated, NotFound (outside of what she sees) or Forbidden.

        A plugin's route exists only where the plugin is enabled; Unavailable is raised where that one cannot be used.
        """
        if _is_options(handler):
            return
        permission = handler.opt["permission"]
        if permission == PUBLIC:
            await self._check_plugin(request, handler)
            return
        if permission.startswith(GUEST):
            await self._check_plugin(request, handler)
            secret = request.query_params.get("link") or _bearer(request)
            programme_id = request.path_params["programme_id"]
            async with self._database.read() as connection:
                try:
                    request.state.guest = await admitted(connection, secret, programme_id, permission)
                except LinkRefused as refused:
                    if refused.why != "unknown":
                        refused.programme = (await read_programme(connection, programme_id)).title
                    raise
            return
        token_hash = digest(_bearer(request))
        principal = self._remembered(token_hash)
        fresh = principal is None
        if principal is None:
            principal = await self._look_up(token_hash)
        await self._check_plugin(request, handler)
        if permission != SELF:
            problem = await self._refusal(principal, permission, request, handler)
            if problem and not fresh:
                principal = await self._look_up(token_hash)
                problem = await self._refusal(principal, permission, request, handler)
            if problem:
                raise problem
        request.scope["user"] = principal

    async def _check_plugin(self, request: Connection, handler: BaseRouteHandler) -> None:
        """Raise unless the plugin of a route is enabled in the programme that the path names; no statement.

        A route that finishes what was begun goes on where the plugin was enabled before.
        """
        plugin: str | None = handler.opt.get("plugin")
        if plugin is None:
            return
        enabled = await self._enablement(request.path_params["programme_id"])
        request.state.plugin_off = plugin not in enabled
        if plugin not in enabled:
            off = await self._enablement.off(request.path_params["programme_id"])
            if plugin not in off:
                raise NotFound("There is nothing at this address.")
            if not handler.opt.get("finishes"):
                raise TurnedOff(f"The programme has turned {plugin} off; what it keeps is there when it is on again.")
            enabled = off
        settings = enabled[plugin]
        if isinstance(settings, Exception):
            raise Unavailable(f"The plugin {plugin} cannot be used for now.", plugin=plugin) from settings
        request.state.plugin_settings = settings

    def _remembered(self, token_hash: str) -> Principal | None:
        found = self._principals.get(token_hash)
        if found and found[0] > time.monotonic():
            return found[1]
        return None

    async def _look_up(self, token_hash: str) -> Principal:
        until = time.monotonic() + REMEMBER_SECONDS  # counted from before the look-up: what it reads is not younger
        async with self._database.read() as connection:
            rows = (await connection.execute(_principal, {"hash": token_hash, "moment": now()})).all()
        if not rows:
            self._principals.pop(token_hash, None)
            raise Unauthenticated("The token is unknown, expired or revoked; sign in again.")
        grants = tuple(
            Grant(row.role, row.scope, row.scope_id, frozenset(row.permissions)) for row in rows if row.permissions
        )
        principal = Principal(rows[0].person_id, token_hash, grants)
        if len(self._principals) > 10_000:
            self.forget_all()
        self._principals[token_hash] = (until, principal)
        return principal

    async def _refusal(
        self, principal: Principal, permission: str, request: Connection, handler: BaseRouteHandler
    ) -> Exception | None:
        parameter = _scope_parameter(handler, request.path_params)
        if "plugin" in handler.opt and await self._strays(request):
            return NotFound("There is no such thing, or it is not yours to see.")
        if parameter is None:
            return None if principal.may(permission) else _forbidden(permission, handler)
        identity: UUID = request.path_params[parameter]
        if parameter == "run_id" and principal.may(permission, None, identity):
            return None  # a participant or the run's own lecturer: no need to know the programme
        place = await self._place(parameter, identity)
        if place is None:
            return NotFound("There is no such thing, or it is not yours to see.")
        if principal.may(permission, *place):
            return None
        if permission in ADOPTED:
            adopters = await self._adopters(parameter, identity)
            if any(principal.may(permission, programme_id) for programme_id in adopters):
                return None
        if principal.sees(*place):
            return _forbidden(permission, handler)
        return NotFound("There is no such thing, or it is not yours to see.")

    async def _strays(self, request: Connection) -> bool:
        """Tell whether a plugin's path names a run, module or file that is not of its programme (or adopted by it)."""
        programme_id = request.path_params["programme_id"]
        for parameter in _PLACES.keys() & request.path_params.keys():
            identity = request.path_params[parameter]
            place = await self._place(parameter, identity)
            if place is None:
                return True
            if place[0] != programme_id and programme_id not in await self._adopters(parameter, identity):
                return True
        return False

    async def _adopters(self, parameter: str, identity: UUID) -> Sequence[UUID]:
        """Return the programmes that have adopted the module, or the one of the run."""
        if parameter not in _ADOPTERS:
            return []
        async with self._database.read() as connection:
            found: Sequence[UUID] = (await connection.execute(_ADOPTERS[parameter], {"of": identity})).scalars().all()
            return found

    async def _place(self, parameter: str, identity: UUID) -> Place | None:
        """Return the programme and run that a path points to; remembered, for neither ever changes."""
        if parameter == "programme_id":
            return identity, None
        if known := self._places.get((parameter, identity)):
            return known
        async with self._database.read() as connection:
            row = (await connection.execute(_PLACES[parameter], {"of": identity})).first()
        if row is None:
            return None
        if len(self._places) >= REMEMBERED_PLACES:
            self._places.popitem(last=False)
        self._places[parameter, identity] = place = (row[0], row[1])
        return place


def _forbidden(permission: str, handler: BaseRouteHandler) -> Forbidden:
    known = PERMISSIONS.get(permission) or handler.opt.get("meanings", {}).get(permission)
    meaning = f": {known}" if known else ""
    return Forbidden(f"This needs the permission {permission} here{meaning}.")


def _bearer(request: Connection) -> str:
    kind, _, value = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer" or not value or len(value) > 200:
        raise Unauthenticated("Send the token from POST /sign-in as `Authorization: Bearer TOKEN`.")
    return value.strip()


def _scope_parameter(handler: BaseRouteHandler, path_params: Any) -> str | None:
    """Return the path parameter that says where: the one that the route names, or the only one there can be."""
    named: str | None = handler.opt.get("scope")
    if named:
        return named
    return next((p for p in ("run_id", "module_id", "media_id", "programme_id") if p in path_params), None)


def _is_options(handler: Any) -> bool:
    """Tell a handler that the framework made itself; it says only which methods there are."""
    return bool(handler.http_methods == {"OPTIONS"})


class RouteWithoutPermissionError(Exception):
    """A route declares no permission, or one that does not exist; the application must not start."""


def check_routes(app: Litestar, of_plugins: Iterable[str] = ()) -> None:
    """Stop the start-up unless every route declares a known permission and an unmistakable place.

    `of_plugins` are the permissions that plugins bring along.
    """
    known: set[str | Literal["public", "self"]] = {PUBLIC, SELF, *PERMISSIONS, *of_plugins}
    for route in app.routes:
        if not isinstance(route, HTTPRoute):
            raise RouteWithoutPermissionError(f"{route.path}: only HTTP routes can be guarded")
        for handler in route.route_handlers:
            if _is_options(handler):
                continue
            if handler.opt.get("permission") not in known:
                raise RouteWithoutPermissionError(
                    f"{route.path}: declare permission=... with one of: {', '.join(sorted(known))}"
                )
            places = {"run_id", "module_id", "media_id", "programme_id"} & set(route.path_parameters)
            scope = handler.opt.get("scope")
            if scope not in places and (scope or len(places) > 1):
                raise RouteWithoutPermissionError(f"{route.path}: declare scope=... with one of: {', '.join(places)}")
