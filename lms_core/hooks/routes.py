"""Whether the routes of a plugin can be mounted; each refusal tells its author what to change."""

from __future__ import annotations

import inspect
from functools import lru_cache
from typing import Any

from litestar import Litestar, Router
from litestar.di import Provide
from litestar.handlers import HTTPRouteHandler

from lms_core.hooks.context import Context
from lms_core.hooks.links import GUEST
from lms_core.hooks.manifest import PluginError
from lms_core.hooks.plugin import Plugin
from lms_core.permissions import PERMISSIONS, PUBLIC, SELF

# they could answer before the host has looked, or in place of its refusal
_LAYERS = ("guards", "middleware", "before_request", "after_request", "after_response", "exception_handlers")


def check_routes(plugin: Plugin) -> None:
    """Raise PluginError unless every route is async, closed by a known permission, alone at its address and sound."""
    kind = type(plugin).__name__
    if not isinstance(plugin.routes, tuple | list):
        raise PluginError(f"{kind}.routes must be a tuple of handlers made by get, post, put, patch or delete")
    taken: set[Any] = set()
    for handler in plugin.routes:
        if not isinstance(handler, HTTPRouteHandler):
            raise PluginError(
                f"{kind}.routes must hold handlers made by get, post, put, patch or delete, not {handler!r}"
            )
        _check_route(kind, plugin, handler)
        addresses = {(method, path) for method in handler.http_methods for path in handler.paths}
        names = {("name", handler.name)} if handler.name else set()
        for clash in sorted(taken & (addresses | names)):
            raise PluginError(f"{kind} declares {' '.join(clash)} twice; give one of the two another address or name")
        taken |= addresses | names
    if plugin.routes:
        try:
            _try(plugin.name, tuple(plugin.routes))
        except Exception as error:
            reason = str(error).partition("\n")[0]
            raise PluginError(f"{kind}.routes cannot be mounted: {type(error).__name__}: {reason}") from None


def _check_route(kind: str, plugin: Plugin, handler: HTTPRouteHandler) -> None:
    route = f"{kind}: the route {handler.fn.__name__}"
    if not inspect.iscoroutinefunction(handler.fn):
        raise PluginError(f"{route} must be an `async def`")
    own = set(plugin.declared())
    permission = handler.opt.get("permission")
    if permission not in {PUBLIC, SELF, *PERMISSIONS, *own}:
        raise PluginError(
            f"{route} must declare permission=... with one of its plugin's ({', '.join(sorted(own)) or 'none'}), "
            f"of the core's, '{SELF}' (whoever is signed in) or '{PUBLIC}', not {permission!r}"
        )
    if str(permission).startswith(GUEST) and "once" in inspect.signature(handler.fn).parameters:
        raise PluginError(f"{route} is for guests, who cannot create once; take an id made by the client, with PUT")
    if handler.name and not handler.name.startswith(f"{plugin.name}."):
        raise PluginError(f"{route}: its name must begin with {plugin.name}., not be {handler.name!r}, or be left out")
    for layer in _LAYERS:
        if getattr(handler, layer, None):
            raise PluginError(f"{route} must leave who may use it, and when it is off, to the host; remove {layer}=")
    for path in handler.paths:
        if "{programme_id" in path:
            raise PluginError(f"{route}: its address begins after /programmes/ID/{plugin.name}; remove programme_id")


@lru_cache(maxsize=32)
def _try(name: str, routes: tuple[HTTPRouteHandler, ...]) -> None:
    """Mount routes for a try, for the framework has reasons of its own to refuse them.

    It takes a third of a second for forty of them, and a process may look its plugins up several times.
    """
    given = {name: Provide(lambda: None, sync_to_thread=False) for name in ("context", "once")}
    router = Router(f"/{name}", route_handlers=list(routes), dependencies=given)
    _ = Litestar([router], signature_types=[Context], logging_config=None).openapi_schema
