"""The composition root: everything is put together here and nowhere else."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from litestar import Litestar
from litestar.config.cors import CORSConfig
from litestar.datastructures import State
from litestar.di import Provide
from litestar.handlers import BaseRouteHandler

import lms_core.assessment.deadline_routes
import lms_core.assessment.hand_in_routes
import lms_core.assessment.routes
import lms_core.calendar.routes
import lms_core.enrolment.bulk_routes
import lms_core.enrolment.routes
import lms_core.guest_links
import lms_core.health
import lms_core.media.routes
import lms_core.modules.routes
import lms_core.openapi
import lms_core.outbox.routes
import lms_core.people.bulk_routes
import lms_core.people.routes
import lms_core.plugin_data
import lms_core.plugin_health
import lms_core.programmes.plugin_routes
import lms_core.programmes.routes
import lms_core.progress.routes
import lms_core.webhooks.routes
from content_store import ContentStore
from content_store.s3 import S3Store
from lms_core.channels import labour
from lms_core.db import Database
from lms_core.errors import to_response
from lms_core.guard import Connection, Guard, check_routes
from lms_core.hooks.dispatch import Dispatcher
from lms_core.hooks.plugin import Plugin
from lms_core.hooks.registry import Registry, load
from lms_core.http import LmsRequest, check_body, provide_once
from lms_core.migrations.plugins import unready
from lms_core.people.attempts import Attempts
from lms_core.plugin_mount import mounted
from lms_core.programmes.enablement import Enablement
from lms_core.settings import Settings

log = logging.getLogger("lms")

MAX_BODY = 16 * 1024 * 1024
"""Bytes of a request at most; the texts of a whole module fit, and media never come this way."""


def assemble(settings: Settings, plugins: Iterable[Plugin] | None = None) -> dict[str, Any]:
    """Make what serves the requests of an application; its handlers take these by their names.

    They are looked up in the application's state. So the tests can exchange them while it does not run: to register
    all routes again takes longer than most tests do.
    """
    database = Database(settings.database_url)
    registry = load(plugins)
    enablement = Enablement(database, registry, partial(unready, database, registry))
    return {
        "settings": settings,
        "database": database,
        "store": S3Store(settings.store),
        "registry": registry,
        "enablement": enablement,
        "hooks": Dispatcher(registry, enablement, database, settings.public_url),
        "guard": Guard(database, enablement),
        "attempts": Attempts(),
    }


def create_app(settings: Settings, plugins: Iterable[Plugin] | None = None) -> Litestar:
    """Put the application together; `plugins` stand in for the installed ones in tests.

    Raises RouteWithoutPermissionError when a route declares no permission.
    """
    parts = assemble(settings, plugins)
    state, registry = State(parts), parts["registry"]

    async def guard(request: Connection, handler: BaseRouteHandler) -> None:
        await state.guard(request, handler)

    def provide(name: str) -> Provide:
        return Provide(lambda: state[name], sync_to_thread=False)

    @asynccontextmanager
    async def lifespan(_app: Litestar) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(state.enablement.watch())]
        if state.settings.embedded:
            tasks.append(asyncio.create_task(labour(state.settings, state.database, state.store, state.hooks)))
        try:
            async with state.hooks.running():
                try:
                    yield
                finally:
                    for task in tasks:
                        task.cancel()
                    await asyncio.gather(*tasks, return_exceptions=True)
        finally:
            await state.store.close()
            await state.database.close()

    app = Litestar(
        route_handlers=[
            lms_core.health.router,
            lms_core.openapi.document,
            lms_core.openapi.document_of_programme,
            lms_core.people.routes.router,
            lms_core.people.bulk_routes.router,
            lms_core.programmes.routes.router,
            lms_core.programmes.plugin_routes.router,
            lms_core.plugin_data.router,
            lms_core.plugin_health.router,
            lms_core.guest_links.router,
            lms_core.modules.routes.router,
            lms_core.media.routes.router,
            lms_core.enrolment.routes.router,
            lms_core.enrolment.bulk_routes.router,
            lms_core.progress.routes.router,
            lms_core.assessment.routes.router,
            lms_core.assessment.deadline_routes.router,
            lms_core.assessment.hand_in_routes.router,
            lms_core.outbox.routes.router,
            lms_core.webhooks.routes.router,
            lms_core.calendar.routes.router,
            *(mounted(plugin) for plugin in registry.plugins.values() if plugin.routes),
        ],
        guards=[guard],
        dependencies={
            **{name: provide(name) for name in parts},
            "once": Provide(provide_once),
        },
        signature_types=[ContentStore, Database, Dispatcher, Enablement, Registry, Settings, Attempts],
        request_class=LmsRequest,
        before_request=check_body,
        exception_handlers={Exception: to_response},
        lifespan=[lifespan],
        state=state,
        openapi_config=lms_core.openapi.CONFIG,
        plugins=[lms_core.openapi.DecimalSchema()],
        cors_config=CORSConfig(
            allow_origins=list(settings.allowed_origins),
            allow_headers=["Authorization", "Content-Type", "If-Match", "If-None-Match", "Idempotency-Key"],
            expose_headers=["ETag", "Link", "Location"],
        )
        if settings.allowed_origins
        else None,
        request_max_body_size=MAX_BODY,
        logging_config=None,  # logging belongs to the process, not to the application
        debug=False,
    )
    check_routes(app, (name for plugin in registry.plugins.values() for name in plugin.declared()))
    return app
