"""What a plugin says about itself is checked, and each refusal tells its author what to change."""

# No `from __future__ import annotations`: what routes declare must resolve at run time.
import re
from datetime import timedelta
from typing import Any

import click
import litestar
import pytest

from lms_core.api import Context, FromPath, Job, Permission, Plugin, Role, RouteContext, get, post
from lms_core.db import metadata
from lms_core.hooks.manifest import TAKEN
from lms_core.hooks.registry import HOOKS, PluginError, Registry
from tests.support.board import Board
from tests.support.world import World


async def work(context: Context, payload: None) -> None: ...


def idle(context: Context, payload: None) -> None: ...


async def alone(context: Context) -> None: ...


@click.command()
def sync() -> None: ...


@click.command()
@click.option("--programme")
async def greedy(context: Context, programme: str) -> None: ...


@click.command()
async def audit(context: Context) -> None: ...


@get("/notices", permission="sample.read")
async def notices(context: RouteContext) -> None: ...


@get("/notices", permission="sample.read")
async def also_notices(context: RouteContext) -> None: ...


@post("/notices", permission="sample.read")
async def pin(context: RouteContext) -> None: ...


@get("/open")
async def undeclared(context: RouteContext) -> None: ...


@get("/foreign", permission="other.read")
async def foreign(context: RouteContext) -> None: ...


@get("/sync", permission="sample.read", sync_to_thread=False)
def blocking(context: RouteContext) -> None: ...


@get("/named", permission="sample.read", name="list-runs")
async def misnamed(context: RouteContext) -> None: ...


@get("/{programme_id:uuid}", permission="sample.read")
async def programmes(context: RouteContext, programme_id: FromPath[str]) -> None: ...


@get("/guarded", permission="sample.read", guards=[work])
async def guarded(context: RouteContext) -> None: ...


@get("/layered", permission="sample.read", middleware=[work])
async def layered(context: RouteContext) -> None: ...


@get("/forgiving", permission="sample.read", exception_handlers={Exception: idle})
async def forgiving(context: RouteContext) -> None: ...


@get("/{unknown:letters}", permission="sample.read")
async def unmountable(context: RouteContext, unknown: FromPath[str]) -> None: ...


@get("/strange", permission="sample.read")
async def strange(context: RouteContext) -> re.Pattern[str]: ...


READ = Permission("sample.read", "read")


def plugin(**manifest: Any) -> Plugin:
    """A plugin that fits but for what is given."""
    whole = {"name": "sample", "requires": "lms>=0.2,<1", "permissions": (READ,), **manifest}
    return type("Sample", (Plugin,), whole)()  # type: ignore[no-any-return]  # made by name


def test_everything_that_a_plugin_can_bring_along_fits() -> None:
    registry = Registry()
    registry.add(Board())
    registry.add(
        plugin(routes=(notices, pin), jobs=(Job("work", work),), commands=(audit,), roles=(Role("sample.all", "All"),))
    )
    assert list(registry.plugins) == ["board", "sample"]
    assert registry.hooks_of("board") == sorted(hook for hook in HOOKS if hasattr(Board, hook))
    assert registry.hooks_of("sample") == []


CASES: list[tuple[dict[str, Any], str]] = [
    ({"name": "modules"}, "Sample.name 'modules' is a word of the core's own routes or tables; choose another `name`"),
    ({"name": "run"}, "Sample.name 'run' is a word of the core's own routes or tables; choose another `name`"),
    ({"name": "alembic"}, "Sample.name 'alembic' is a word of the core's own routes or tables; choose another `name`"),
    ({"name": "sqlite"}, "Sample.name 'sqlite' is a word of the core's own routes or tables; choose another `name`"),
    ({"after": "board"}, "Sample.after must be a tuple of the names of other plugins, not 'board'"),
    (
        {"permissions": ("sample.read",)},
        "Sample.permissions must be a tuple of Permission, Sample.roles a tuple of Role",
    ),
    (
        {"permissions": (Permission("read", "read"),)},
        "Sample: name its permissions, roles and guests sample.word, in lower case, not 'read'",
    ),
    (
        {"permissions": (Permission("runs.manage", "take over"),)},
        "Sample: name its permissions, roles and guests sample.word, in lower case, not 'runs.manage'",
    ),
    ({"permissions": (READ, READ)}, "Sample declares the permission, role or guest sample.read twice"),
    ({"roles": (Role("sample.read", "Reader"),)}, "Sample declares the permission, role or guest sample.read twice"),
    (
        {"guests": (Permission("sample.come", "come", roles=("student",)),)},
        "Sample.guests must be a tuple of Permission without roles, for guests have none",
    ),
    (
        {"permissions": (Permission("sample.read", "read", roles=("rector",)),)},
        "Sample: sample.read names the role 'rector'; there are administrator, examiner, integrator, lecturer, "
        "participant, programme_administrator, student",
    ),
    ({"jobs": [work]}, "Sample.jobs must be a tuple of Job"),
    ({"jobs": (Job("Work!", work),)}, "Sample: name the job 'Work!' in lower case, with digits, - and _ only"),
    (
        {"jobs": (Job("work", idle),)},  # type: ignore[arg-type]  # that is the mistake
        "Sample: the job work must be an `async def` function of (context, payload)",
    ),
    ({"jobs": (Job("work", alone),)}, "Sample: the job work must be an `async def` function of (context, payload)"),
    (
        {"jobs": (Job("work", work, every=timedelta(seconds=1)),)},
        "Sample: the job work may recur every minute at most; make `every` longer",
    ),
    (
        {"jobs": (Job("work", work, seconds=0),)},
        "Sample: the job work must take between 0 and 3600 `seconds`",
    ),
    ({"jobs": (Job("work", work), Job("work", work))}, "Sample declares the job work twice"),
    ({"commands": (work,)}, "Sample.commands must be a tuple of click commands"),
    ({"commands": (sync,)}, "Sample: the command sync must be an `async def` whose first argument is context"),
    (
        {"commands": (greedy,)},
        "Sample: the command greedy gets --programme from the host; rename its own",
    ),
    ({"commands": (audit, audit)}, "Sample declares the command audit twice"),
    ({"tools": (work,)}, "Sample.tools must be a tuple of click commands"),
    ({"tools": (sync, sync)}, "Sample declares the tool sync twice"),
    ({"routes": notices}, "Sample.routes must be a tuple of handlers made by get, post, put, patch or delete"),
    (
        {"routes": (notices, also_notices)},
        "Sample declares GET /notices twice; give one of the two another address or name",
    ),
    (
        {"routes": (undeclared,)},
        "Sample: the route undeclared must declare permission=... with one of its plugin's (sample.read), of the "
        "core's, 'self' (whoever is signed in) or 'public', not None",
    ),
    (
        {"routes": (foreign,)},
        "Sample: the route foreign must declare permission=... with one of its plugin's (sample.read), of the "
        "core's, 'self' (whoever is signed in) or 'public', not 'other.read'",
    ),
    ({"routes": (blocking,)}, "Sample: the route blocking must be an `async def`"),
    (
        {"routes": (misnamed,)},
        "Sample: the route misnamed: its name must begin with sample., not be 'list-runs', or be left out",
    ),
    (
        {"routes": (programmes,)},
        "Sample: the route programmes: its address begins after /programmes/ID/sample; remove programme_id",
    ),
    (
        {"routes": (guarded,)},
        "Sample: the route guarded must leave who may use it, and when it is off, to the host; remove guards=",
    ),
    (
        {"routes": (layered,)},
        "Sample: the route layered must leave who may use it, and when it is off, to the host; remove middleware=",
    ),
    (
        {"routes": (forgiving,)},
        "Sample: the route forgiving must leave who may use it, and when it is off, to the host; "
        "remove exception_handlers=",
    ),
]


@pytest.mark.parametrize(("manifest", "refusal"), CASES)
def test_a_manifest_that_does_not_hold(manifest: dict[str, Any], refusal: str) -> None:
    registry = Registry()
    with pytest.raises(PluginError) as caught:
        registry.add(plugin(**manifest))
    assert str(caught.value) == refusal
    assert (registry.plugins, registry.implementations) == ({}, {name: [] for name in HOOKS})


@pytest.mark.parametrize("route", [unmountable, strange])
def test_a_route_that_the_framework_refuses(route: Any) -> None:
    with pytest.raises(PluginError, match=r"^Sample\.routes cannot be mounted: \w+: .+"):
        Registry().add(plugin(routes=(route,)))


@pytest.mark.parametrize(("first", "second"), [("week", "week"), ("week", "week_plan"), ("week_plan", "week")])
def test_names_that_cannot_be_told_apart(first: str, second: str) -> None:
    registry = Registry()
    registry.add(plugin(name=first, permissions=()))
    with pytest.raises(PluginError, match="choose another `name`"):
        registry.add(plugin(name=second, permissions=()))
    assert list(registry.plugins) == [first]
    registry.add(plugin(name="weekly", permissions=()))


def test_no_table_of_the_core_has_a_name_that_a_plugin_may_take() -> None:
    for table in metadata.tables:
        with pytest.raises(PluginError, match="word of the core's own"):
            Registry().add(plugin(name=table.partition("_")[0], permissions=()))


async def test_the_words_that_no_plugin_may_take_are_those_of_the_routes(world: World) -> None:
    words = {
        route.path_format.split("/")[3]
        for route in world.app.routes
        if route.path_format.startswith("/programmes/{programme_id}/")
    }
    assert words == TAKEN


def test_nothing_else_is_a_handler() -> None:
    @litestar.websocket("/live")
    async def live(socket: Any) -> None: ...

    with pytest.raises(
        PluginError, match=r"^Sample\.routes must hold handlers made by get, post, put, patch or delete"
    ):
        Registry().add(plugin(routes=(live,)))
