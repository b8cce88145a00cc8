"""How the plugins fare: their calls, failures, times and circuits, summed over all processes of the last seven days."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Literal, get_args
from uuid import UUID

from litestar import Response, Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector
from sqlalchemy import bindparam, case, func, literal_column, select

from lms_core.db import Database
from lms_core.hooks.circuit import State
from lms_core.hooks.dispatch import Dispatcher
from lms_core.hooks.figures import Figures
from lms_core.hooks.registry import Registry
from lms_core.hooks.tables import plugin_call as c
from lms_core.programmes.enablement import Enablement
from lms_core.types import View, now

STATES: tuple[State, ...] = get_args(State)
"""The states of a circuit, the worst last."""

HEARD = timedelta(minutes=1)
"""A circuit of which nothing was heard for so long keeps nobody waiting: its process is gone, or will try again."""


class HookHealth(View, frozen=True):
    """How a plugin fares in one hook, job or route of one programme; times in microseconds.

    `blocked` counts the steps that held up everybody else on a process, `abandoned` the calls that did not end when
    they were cancelled, `leaked` those that left a connection open; `circuit` is the worst of all processes.
    """

    plugin: str
    hook: str
    programme_id: UUID
    calls: int
    failures: int
    total: int
    mean: int
    longest: int
    blocked: int
    longest_block: int
    abandoned: int
    leaked: int
    circuit: State
    last_error: str | None
    last_error_at: datetime | None


class PluginHealth(View, frozen=True):
    """Whether a plugin can be used at all (if not: why), and how it fares where it was called."""

    name: str
    state: Literal["usable", "failed", "missing"]
    reason: str | None
    hooks: list[HookHealth]


class PluginsHealth(View, frozen=True):
    """How all plugins fare."""

    items: list[PluginHealth]


_by = (c.c.plugin, c.c.hook, c.c.programme_id)
_circuit = case(
    *((((c.c.circuit == state) & (c.c.updated_at > bindparam("heard"))), n) for n, state in enumerate(STATES)), else_=0
)
_others = select(
    *_by,
    func.sum(c.c.calls),
    func.sum(c.c.failures),
    func.sum(c.c.microseconds),
    func.max(c.c.longest_microseconds),
    func.sum(c.c.blocked),
    func.max(c.c.longest_block_microseconds),
    func.sum(c.c.abandoned),
    func.sum(c.c.leaked),
    func.max(_circuit),
).where(c.c.process != bindparam("mine"))
_newest = func.row_number().over(partition_by=_by, order_by=c.c.last_error_at.desc()).label("newest")
_errors = select(*_by, c.c.last_error, c.c.last_error_at, _newest).where(
    c.c.process != bindparam("mine"), c.c.last_error_at.is_not(None)
)


async def read_figures(database: Database, own: Figures, programme_id: UUID | None = None) -> list[HookHealth]:
    """Sum up what all processes counted, of one programme or of all, in order of plugin, hook and programme.

    What this process counted is taken from its memory, what the others did from the table. Two statements.
    """
    given = {"mine": own.process, "heard": now() - HEARD}
    others, errors = _others.group_by(*_by), _errors
    if programme_id:
        others, errors = (query.where(c.c.programme_id == programme_id) for query in (others, errors))
    last = errors.subquery()
    async with database.read() as connection:
        rows = [tuple(row) for row in await connection.execute(others, given)]
        told = (await connection.execute(select(last).where(last.c.newest == literal_column("1")), given)).all()
    sums = {(row[0], row[1], row[2]): [int(value) for value in row[3:]] for row in rows}
    said = {(row.plugin, row.hook, row.programme_id): (row.last_error, row.last_error_at) for row in told}
    for figure in own.all():
        if programme_id and figure.programme_id != programme_id:
            continue
        key = (figure.plugin, figure.hook, figure.programme_id)
        mine = [
            figure.calls, figure.failures, round(figure.seconds * 1e6), round(figure.longest * 1e6), figure.blocked,
            round(figure.longest_block * 1e6), figure.abandoned, figure.leaked, STATES.index(figure.circuit.state),
        ]  # fmt: skip
        there = sums.get(key, [0] * len(mine))
        largest = {3, 5, 8}
        sums[key] = [max(pair) if n in largest else sum(pair) for n, pair in enumerate(zip(mine, there, strict=True))]
        if figure.last_error_at and (key not in said or said[key][1] < figure.last_error_at):
            said[key] = (figure.last_error, figure.last_error_at)
    return [_health(key, sums[key], *said.get(key, (None, None))) for key in sorted(sums)]


def _health(key: tuple[str, str, UUID], of: list[int], error: str | None, at: datetime | None) -> HookHealth:
    calls, failures, total, longest, blocked, longest_block, abandoned, leaked, circuit = of
    return HookHealth(
        *key, calls=calls, failures=failures, total=total, mean=round(total / calls) if calls else 0, longest=longest,
        blocked=blocked, longest_block=longest_block, abandoned=abandoned, leaked=leaked, circuit=STATES[circuit],
        last_error=error, last_error_at=at,
    )  # fmt: skip


async def _plugins(
    found: list[HookHealth], registry: Registry, enablement: Enablement, more: Iterable[str] = ()
) -> PluginsHealth:
    """Arrange by plugin; `more` are those to be shown even though nobody called them."""
    unusable = {**registry.failed, **await enablement.unready()}
    items = []
    for name in sorted({one.plugin for one in found}.union(more)):
        state: Literal["usable", "failed", "missing"] = "usable" if name in registry.plugins else "missing"
        reason = unusable.get(name)
        hooks = [one for one in found if one.plugin == name]
        items.append(PluginHealth(name, "failed" if reason else state, reason, hooks))
    return PluginsHealth(items)


@get("/plugins/health", permission="programmes.manage")
async def read_health(
    database: NamedDependency[Database],
    registry: NamedDependency[Registry],
    enablement: NamedDependency[Enablement],
    hooks: NamedDependency[Dispatcher],
) -> PluginsHealth:
    """Show how each plugin fares, in every hook and programme where it was called."""
    found = await read_figures(database, hooks.figures)
    return await _plugins(found, registry, enablement, [*registry.plugins, *registry.failed])


@get("/programmes/{programme_id:uuid}/plugins-health", permission="programmes.manage")
async def read_health_of_programme(
    programme_id: FromPath[UUID],
    database: NamedDependency[Database],
    registry: NamedDependency[Registry],
    enablement: NamedDependency[Enablement],
    hooks: NamedDependency[Dispatcher],
) -> PluginsHealth:
    """Show how the plugins fare that were called for the programme."""
    found = await read_figures(database, hooks.figures, programme_id)
    return await _plugins(found, registry, enablement)


@get("/metrics", permission="programmes.manage", media_type="text/plain")
async def read_metrics(database: NamedDependency[Database], hooks: NamedDependency[Dispatcher]) -> Response[bytes]:
    """Hand out the same figures in the text format of Prometheus."""
    collected = CollectorRegistry()
    collected.register(_Collected(await read_figures(database, hooks.figures)))
    return Response(generate_latest(collected), headers={"Content-Type": CONTENT_TYPE_LATEST})


class _Collected(Collector):
    """Figures that were just read, as the families that Prometheus knows."""

    def __init__(self, found: Iterable[HookHealth]) -> None:
        self._found = list(found)

    def collect(self) -> Iterator[Metric]:
        """Yield a family for each figure."""
        labels = ["plugin", "hook", "programme"]
        counters: tuple[tuple[str, str, Callable[[HookHealth], float]], ...] = (
            ("calls", "Calls of the plugin.", lambda one: one.calls),
            ("failures", "Calls that failed, were late, or were not possible.", lambda one: one.failures),
            ("seconds", "Time that calls took.", lambda one: one.total / 1e6),
            ("blocked", "Steps that held up everybody else.", lambda one: one.blocked),
            ("abandoned", "Calls that did not end when they were cancelled.", lambda one: one.abandoned),
            ("leaked", "Calls that left a connection open.", lambda one: one.leaked),
        )
        for name, meaning, value in counters:
            counter = CounterMetricFamily(f"lms_plugin_{name}", meaning, labels=labels)
            for one in self._found:
                counter.add_metric([one.plugin, one.hook, str(one.programme_id)], value(one))
            yield counter
        circuit = GaugeMetricFamily("lms_plugin_circuit", "0 closed, 1 half-open, 2 open.", labels=labels)
        for one in self._found:
            circuit.add_metric([one.plugin, one.hook, str(one.programme_id)], STATES.index(one.circuit))
        yield circuit


router = Router("/", route_handlers=[read_health, read_health_of_programme, read_metrics], tags=["Plugins"])
