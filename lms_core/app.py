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

import lms_core.assessment.deadline_routes
import lms_core.assessment.hand_in_routes
import lms_core.assessment.routes
import lms_core.calendar.routes
import lms_core.enrolment.bulk_routes
import lms_core.enrolment.routes
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
from lms_core.guard import Guard, check_routes
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


def create_app(settings: Settings, plugins: Iterable[Plugin] | None = None) -> Litestar:
    """Put the application together; `plugins` stand in for the installed ones in tests.

    Raises RouteWithoutPermissionError when a route declares no permission.
    """
    database = Database(settings.database_url)
    store = S3Store(settings.store)
    registry = load(plugins)
    enablement = Enablement(database, registry, partial(unready, database, registry))
    hooks = Dispatcher(registry, enablement, database)
    guard = Guard(database, enablement)

    @asynccontextmanager
    async def lifespan(_app: Litestar) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(enablement.watch())]
        if settings.embedded:
            tasks.append(asyncio.create_task(labour(settings, database, store, hooks)))
        try:
            async with hooks.running():
                try:
                    yield
                finally:
                    for task in tasks:
                        task.cancel()
                    await asyncio.gather(*tasks, return_exceptions=True)
        finally:
            await store.close()
            await database.close()

    def provide(value: Any) -> Provide:
        return Provide(lambda: value, sync_to_thread=False)

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
            "settings": provide(settings),
            "database": provide(database),
            "store": provide(store),
            "registry": provide(registry),
            "enablement": provide(enablement),
            "hooks": provide(hooks),
            "attempts": provide(Attempts()),
            "once": Provide(provide_once),
        },
        signature_types=[ContentStore, Database, Dispatcher, Enablement, Registry, Settings, Attempts],
        request_class=LmsRequest,
        before_request=check_body,
        exception_handlers={Exception: to_response},
        lifespan=[lifespan],
        state=State({"guard": guard, "database": database, "store": store, "hooks": hooks}),
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
    check_routes(app, (new.name for plugin in registry.plugins.values() for new in plugin.permissions))
    return app
