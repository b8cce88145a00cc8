"""Calling plugins: only those enabled for the programme, one by one, each with a time limit and own database access."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Protocol
from uuid import UUID

import msgspec

from lms_core.db import Database
from lms_core.errors import Unavailable
from lms_core.hooks.context import Context, Delivery
from lms_core.hooks.figures import Figures
from lms_core.hooks.manifest import PluginError
from lms_core.hooks.measure import told
from lms_core.hooks.plugin import Job
from lms_core.hooks.registry import HOOKS, Registry
from lms_core.hooks.rounds import Call, Caller, Function
from lms_core.outbox.events import Undeliverable
from lms_core.types import now

TIME_LIMIT = 2.0
"""Seconds that one implementation of a hook may take."""

MOST_ITEMS = 1_000
MOST_BYTES = 1_000_000
"""How much one answer may hold; its bytes are those of its JSON."""


class Enabled(Protocol):
    """Who knows which plugins are enabled in which programme."""

    async def __call__(self, programme_id: UUID) -> Mapping[str, Any]:
        """Return a programme's enabled plugins by name with their settings, or with why they cannot be used."""

    async def at(self, programme_id: UUID, moment: datetime) -> Mapping[str, Any]:
        """Return the same of those plugins alone that have been enabled since a moment."""

    async def off(self, programme_id: UUID) -> Mapping[str, Any]:
        """Return in the same way the plugins that a programme had enabled and has no more."""

    async def where(self, plugin: str, *, off: bool = False) -> list[UUID]:
        """Return the programmes that have a plugin enabled; with `off` those as well that had."""

    async def everywhere(self) -> Mapping[UUID, Mapping[str, Any]]:
        """Return the same for all programmes that have any."""


class Dispatcher:
    """Calls the implementations of hooks, and jobs, on behalf of the core."""

    def __init__(self, registry: Registry, enabled: Enabled, database: Database, public_url: str = "") -> None:
        self.registry = registry
        self.figures = Figures()
        self._enabled = enabled
        self._database = database
        self._public_url = public_url
        self._caller = Caller()

    async def decide(self, hook: str, programme_id: UUID, payload: Any) -> list[Any]:
        """Ask every enabled plugin and return all their answers in one list.

        Raises Unavailable that names the plugin when one fails, is late, answers with a wrong type, has settings
        that no longer fit, is not installed any more or has failed too often: a check that does not work refuses.
        """
        enabled = await self._enabled(programme_id)
        calls = self._round(hook, programme_id, enabled, payload)
        await self._caller.carry_out(calls, stop=True)
        answers: list[Any] = []
        for call in calls:
            if call.error is not None:
                name = call.figure.plugin
                detail = f"The plugin {name} could not check this, so it is refused for now. Try again later."
                raise Unavailable(detail, plugin=name) from call.error
            answers += call.answer
        return answers

    async def deciding(self, hook: str) -> frozenset[UUID]:
        """Return the programmes in which an enabled plugin has a say by this hook, or may have once it is back."""
        everywhere = await self._enabled.everywhere()
        return frozenset(programme_id for programme_id, enabled in everywhere.items() if self._concerned(hook, enabled))

    async def shape(self, hook: str, programme_id: UUID, payload: Any) -> tuple[list[tuple[str, Any]], list[str]]:
        """Ask every enabled plugin; return each answer with its plugin's name, and the names of those that failed."""
        enabled = await self._enabled(programme_id)
        calls = self._round(hook, programme_id, enabled, payload)
        await self._caller.carry_out(calls)
        answers = [(call.figure.plugin, item) for call in calls if call.error is None for item in call.answer]
        return answers, [call.figure.plugin for call in calls if call.error is not None]

    async def shape_one(
        self, plugin: str, hook: str, programme_id: UUID, settings: Any, payload: Any
    ) -> tuple[list[Any], bool]:
        """Ask one plugin with these settings, enabled or not; return its answers, and whether it failed.

        One that does not implement the hook answers with nothing.
        """
        calls = self._round(hook, programme_id, {plugin: settings}, payload)
        await self._caller.carry_out(calls)
        if any(call.error is not None for call in calls):
            return [], True
        return [item for call in calls for item in call.answer], False

    async def subscribers(self, hook: str, programme_id: UUID | None, at: datetime) -> list[str]:
        """Name the plugins enabled since an event happened that react to it, or may once they are installed again."""
        if programme_id is None or hook not in HOOKS:
            return []
        return [name for name, _ in self._concerned(hook, await self._enabled.at(programme_id, at))]

    async def react(self, plugin: str, hook: str, programme_id: UUID, payload: bytes, delivery: Delivery) -> None:
        """Hand one event to one plugin; raises whatever the plugin raises, so that the caller retries.

        Raises Later when it has failed too often. A plugin that was disabled meanwhile is not called: off means off.
        """
        enabled = await self._with(plugin, programme_id)
        for name, function in self._concerned(hook, enabled):
            if name == plugin:
                event = msgspec.json.decode(payload, type=HOOKS[hook].payload)
                settings = enabled[plugin]
                call = self._call(
                    plugin, hook, programme_id, settings, function, event, TIME_LIMIT, _anything, delivery
                )
                await self._deliver(call)

    async def run_job(self, plugin: str, job_name: str, programme_id: UUID, payload: bytes, delivery: Delivery) -> None:
        """Run a job of a plugin with its payload (JSON); raises whatever the job raises, so that the caller retries.

        Raises Later when it has failed too often, and Undeliverable when the plugin has no such job or the payload
        does not fit it. A plugin that was disabled meanwhile is called only for a job that finishes what was begun.
        """
        enabled = await self._with(plugin, programme_id)
        off = plugin not in enabled
        if off:
            enabled = await self._enabled.off(programme_id)
            if plugin not in enabled or plugin not in self.registry.plugins or not self._job(plugin, job_name).finishes:
                return
        job, given = Job(job_name, _not_there), None
        if plugin in self.registry.plugins:
            job = self._job(plugin, job_name)
            given = _payload_of(job, payload)
        settings, name = enabled[plugin], f"job:{job_name}"
        call = self._call(
            plugin, name, programme_id, settings, job.run, given, job.seconds, _anything, delivery, off=off
        )
        await self._deliver(call)

    async def _with(self, plugin: str, programme_id: UUID) -> Mapping[str, Any]:
        """Return what is enabled in a programme, looking anew before a plugin is taken for disabled.

        This process may not know yet that it was enabled a second ago, and what is skipped never comes again.
        """
        enabled = await self._enabled(programme_id)
        return enabled if plugin in enabled else await self._enabled.at(programme_id, now())

    def recurring(self) -> list[tuple[str, str, timedelta]]:
        """List the recurring jobs: plugin, job, and the time from one run to the next."""
        return [
            (name, job.name, job.every)
            for name, plugin in self.registry.plugins.items()
            for job in plugin.jobs
            if job.every is not None
        ]

    async def where_due(self, plugin: str, job_name: str) -> list[UUID]:
        """List the programmes in which a recurring job runs: those that have its plugin enabled.

        Those that had it as well, if the job finishes what was begun.
        """
        return await self._enabled.where(plugin, off=self._job(plugin, job_name).finishes)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Keep the figures in the database meanwhile; at the end, end what would not end by itself."""
        keeping = asyncio.create_task(self.figures.keep(self._database))
        try:
            yield
        finally:
            keeping.cancel()
            with suppress(asyncio.CancelledError):
                await keeping
            await self.close()
            await self.figures.flush(self._database)

    async def close(self) -> None:
        """End the calls that would not end, whether they give way or not."""
        await self._caller.close()

    def _concerned(self, hook: str, enabled: Mapping[str, Any]) -> list[tuple[str, Function]]:
        """Find the enabled plugins that implement a hook, in order, and then those that are not there to tell."""
        if not enabled:
            return []
        here = [pair for pair in self.registry.implementations.get(hook, ()) if pair[0] in enabled]
        return here + [(name, _not_there) for name in sorted(enabled) if name not in self.registry.plugins]

    def _round(self, hook: str, programme_id: UUID, enabled: Mapping[str, Any], payload: Any) -> list[Call]:
        check = _checked(hook)
        return [
            self._call(name, hook, programme_id, enabled[name], function, payload, TIME_LIMIT, check)
            for name, function in self._concerned(hook, enabled)
        ]

    def _call(
        self,
        plugin: str,
        name: str,
        programme_id: UUID,
        settings: Any,
        function: Function,
        payload: Any,
        limit: float,
        check: Callable[[Any], Any],
        delivery: Delivery | None = None,
        *,
        off: bool = False,
    ) -> Call:
        context = Context(
            plugin, programme_id, settings, self._database, delivery=delivery, public_url=self._public_url, hooks=self,
            off=off,
        )  # fmt: skip
        call = Call(self.figures.of(plugin, name, programme_id), function, context, payload, limit, check)
        if plugin not in self.registry.plugins:
            call.fail(PluginError(f"{plugin} is enabled but not installed, or could not be loaded: see GET /plugins"))
        elif isinstance(settings, Exception):
            error = PluginError(f"{plugin} cannot be used with what is kept: {told(settings)}")
            error.__cause__ = settings
            call.fail(error)
        return call

    def _job(self, plugin: str, name: str) -> Job:
        for job in self.registry.plugins[plugin].jobs:
            if job.name == name:
                return job
        raise Undeliverable(f"the plugin {plugin} has no job {name} (any more)")

    async def _deliver(self, call: Call) -> None:
        await self._caller.carry_out([call])
        error = call.error
        if error is None:
            return
        try:
            str(error)
        except BaseException:  # whoever writes it down must not fail too
            raise PluginError(f"{call.figure.plugin} raised {told(error)}") from None
        if isinstance(error, Exception):
            raise error
        raise PluginError(f"{call.figure.plugin} raised {told(error)}") from error


async def _not_there(_context: Context, _payload: Any) -> None:
    """Stand where a plugin would be that is not installed; never called."""


def _anything(answer: Any) -> Any:
    return answer


def _payload_of(job: Job, payload: bytes) -> Any:
    if payload == b"null":  # a recurring job has none
        return None
    try:
        return msgspec.json.decode(payload, type=job.payload or Any)
    except msgspec.MsgspecError as error:
        raise Undeliverable(f"the payload does not fit the job {job.name}: {error}") from None


@cache
def _checked(hook: str) -> Callable[[Any], Any]:
    """Return what turns an answer to a hook into data of the host's own, or raises."""
    decoder = msgspec.json.Decoder(HOOKS[hook].answer)

    def check(answer: Any) -> Any:
        if type(answer) is not list:
            raise TypeError(f"answered with {type(answer).__name__} instead of a list")
        if len(answer) > MOST_ITEMS:
            raise ValueError(f"answered with {len(answer)} items; {MOST_ITEMS} are allowed")
        if not answer:
            return answer
        # the classes of answers do not check their own fields, so nothing less than this tells wrong types
        data = msgspec.json.encode(answer)
        if len(data) > MOST_BYTES:
            raise ValueError(f"answered with {len(data)} bytes; {MOST_BYTES} are allowed")
        return decoder.decode(data)

    return check
