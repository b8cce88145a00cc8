"""The routes of a plugin in the application, at /programmes/{programme_id}/NAME."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from time import perf_counter
from typing import Any
from uuid import UUID

from litestar import Request, Response, Router
from litestar.di import NamedDependency, Provide
from litestar.exceptions import HTTPException
from litestar.params import FromPath, SkipValidation
from litestar.types import ASGIApp, Receive, Scope, Send

from content_store import ContentStore
from lms_core.db import Database
from lms_core.errors import LmsError, answer, problem, to_response
from lms_core.guest_pages import for_guests, page
from lms_core.hooks.context import GRACE, Context
from lms_core.hooks.dispatch import Dispatcher
from lms_core.hooks.manifest import PluginError
from lms_core.hooks.measure import told
from lms_core.hooks.plugin import Desk, Plugin
from lms_core.http import IdempotencyKey, LmsRequest, Once, once_for
from lms_core.settings import Settings


def contained(app: ASGIApp) -> ASGIApp:
    """Let a route run in a task of its own, so that what would end the task of a request is the plugin's failure.

    That is a SystemExit and its like, and the cancellation of its own task; when the server cancels the request, the
    route is cancelled too.
    """

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await app(scope, receive, send)
        except (Exception, asyncio.CancelledError):
            raise
        except BaseException as error:  # would end the event loop
            raise PluginError(told(error)) from error

    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        task = asyncio.create_task(guarded(scope, receive, send))
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            task.cancel()
            await asyncio.wait({task}, timeout=GRACE)
            raise
        if task.cancelled():
            raise PluginError("let a cancellation of its own escape")
        task.result()

    return call


def mounted(plugin: Plugin) -> Router:
    """Return the plugin's routes, each with `context` and `once` to ask for, and with the plugin's name on failures."""

    async def provide_context(
        request: LmsRequest,
        programme_id: FromPath[UUID],
        database: NamedDependency[Database],
        hooks: NamedDependency[Dispatcher],
        settings: NamedDependency[Settings],
        store: NamedDependency[SkipValidation[ContentStore]],
    ) -> AsyncIterator[Context]:
        user = request.scope.get("user")
        person_id = user.person_id if user else None
        context = Context(
            plugin.name,
            programme_id,
            request.state.plugin_settings,
            database,
            person_id=person_id,
            guest=getattr(request.state, "guest", None),
            public_url=settings.public_url,
            hooks=hooks,
            store=store,
            off=request.state.plugin_off,
            mails=settings.mail is not None,
        )
        route = f"{request.method} {request.scope['path_template']}"
        figure, began = hooks.figures.of(plugin.name, route, programme_id), perf_counter()
        try:
            yield context
        except BaseException as error:
            if not isinstance(error, LmsError | HTTPException):  # those are the plugin's well-formed refusals
                figure.failed(error)
            raise
        finally:
            figure.called(perf_counter() - began)
            if left := context.end():
                figure.leaked += 1
                figure.failed(PluginError(f"left {left} connection(s) of its context open"))

    async def provide_once(
        request: LmsRequest, context: NamedDependency[Context], idempotency_key: IdempotencyKey = None
    ) -> Once:
        return await once_for(request, context.write, idempotency_key)

    def answered(request: Request[Any, Any, Any], error: Exception) -> Response[bytes] | Response[str]:
        found = to_response(request, error)
        if found.status_code == 500:
            detail = f"The plugin {plugin.name} made a mistake; it was logged."
            found = answer(problem(500, "internal", "Internal error", detail, plugin=plugin.name))
        if not for_guests(request):
            return found
        settings = getattr(request.state, "plugin_settings", None)  # missing where the plugin was never on
        return page(found, error, plugin.desk(settings) if settings else Desk())

    return Router(
        f"/programmes/{{programme_id:uuid}}/{plugin.name}",
        route_handlers=list(plugin.routes),
        dependencies={"context": Provide(provide_context), "once": Provide(provide_once)},
        signature_types=[Context, Once],
        exception_handlers={Exception: answered},
        middleware=[contained],
        opt={
            "plugin": plugin.name,
            "scope": "programme_id",
            "meanings": {permission.name: permission.meaning for permission in plugin.permissions},
        },
        tags=[plugin.name],
    )
