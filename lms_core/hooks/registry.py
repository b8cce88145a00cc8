"""Which plugins are installed, which hooks they implement, and why one was left out."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Coroutine, Iterable
from graphlib import CycleError, TopologicalSorter
from importlib.metadata import EntryPoint, entry_points
from typing import Any, get_type_hints

import msgspec
import pluggy

from lms_core.hooks.manifest import API_VERSION, PluginError, check_manifest, check_neighbours
from lms_core.hooks.measure import told
from lms_core.hooks.plugin import Plugin
from lms_core.hooks.routes import check_routes
from lms_core.hooks.specs import HookSpecs, Policy

log = logging.getLogger("lms.plugins")

Implementation = Callable[..., Coroutine[Any, Any, Any]]


class Hook(msgspec.Struct, frozen=True):
    """A hook: its policy, the payload it is given and the type it answers with."""

    name: str
    policy: Policy
    payload: Any
    answer: Any


def _hooks() -> dict[str, Hook]:
    found = {}
    for name, function in inspect.getmembers(HookSpecs, inspect.isfunction):
        if policy := getattr(function, "policy", None):
            hints = get_type_hints(function)
            payload = [kind for argument, kind in hints.items() if argument not in {"context", "return"}]
            found[name] = Hook(name, policy, payload[0], hints["return"])
    return found


HOOKS = _hooks()


class Registry:
    """The installed plugins by name, the failed ones with their reason, and per hook who implements it, in order."""

    def __init__(self) -> None:
        self.plugins: dict[str, Plugin] = {}
        self.failed: dict[str, str] = {}
        self.implementations: dict[str, list[tuple[str, Implementation]]] = {name: [] for name in HOOKS}
        self._found: dict[str, dict[str, Implementation]] = {}

    def add(self, plugin: Plugin) -> None:
        """Register a plugin. Raises PluginError, and then nothing of it is registered."""
        check_manifest(plugin)
        check_neighbours(plugin.name, self.plugins)
        check_routes(plugin)
        found = _implementations(plugin)
        order = _order({**self.plugins, plugin.name: plugin})
        self.plugins[plugin.name] = plugin
        self._found[plugin.name] = found
        for hook in HOOKS:
            self.implementations[hook] = [
                (name, self._found[name][hook]) for name in order if hook in self._found[name]
            ]

    def hooks_of(self, name: str) -> list[str]:
        """Name the hooks that a plugin implements, sorted; none for one that is not usable."""
        return sorted(self._found.get(name, ()))


def _order(plugins: dict[str, Plugin]) -> list[str]:
    """Sort by name, but each plugin after those that it names in `after`."""
    graph = {name: [other for other in plugins[name].after if other in plugins] for name in sorted(plugins)}
    sorter = TopologicalSorter(graph)
    try:
        sorter.prepare()
    except CycleError as error:
        circle = " -> ".join(reversed(error.args[1]))
        raise PluginError(f"the plugins ask to be called after each other: {circle}; change one `after`") from None
    order: list[str] = []
    waiting: list[str] = []
    while sorter.is_active():
        waiting = sorted([*waiting, *sorter.get_ready()])
        order.append(waiting.pop(0))
        sorter.done(order[-1])
    return order


def declaration(hook: str) -> str:
    """Return how an author declares a hook."""
    signature = str(inspect.signature(getattr(HookSpecs, hook))).replace("'", "")  # annotations are kept as text
    return f"async def {hook}{signature}"


def _implementations(plugin: Plugin) -> dict[str, Implementation]:
    """Find and check the plugin's hooks; pluggy finds those whose name no hook has."""
    kind = type(plugin).__name__
    manager = pluggy.PluginManager("lms")
    manager.add_hookspecs(HookSpecs)
    found: dict[str, Implementation] = {}
    for hook in HOOKS:
        if (function := getattr(plugin, hook, None)) is None:
            continue
        if manager.parse_hookimpl_opts(plugin, hook) is None:
            raise PluginError(f"{kind}.{hook} must be marked with @hookimpl, or it would never be called")
        if not _fits(hook, function):
            raise PluginError(f"{kind}.{hook} must be declared as `{declaration(hook)}`")
        found[hook] = function
    try:
        manager.register(plugin, plugin.name)
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        reason = str(error).replace(repr(plugin), kind)
        raise PluginError(f"{reason}; the hooks are: {', '.join(sorted(HOOKS))}") from None
    for caller in manager.get_hookcallers(plugin) or []:
        if caller.name not in found:
            raise PluginError(f"{kind}: name the method {caller.name} instead of giving a specname")
    return found


def _fits(hook: str, function: Implementation) -> bool:
    spec = getattr(HookSpecs, hook)
    try:
        hints = get_type_hints(function)
    except Exception:  # an annotation that names nothing
        return False
    arguments = ["self", *inspect.signature(function).parameters]
    return (
        inspect.iscoroutinefunction(function)
        and arguments == list(inspect.signature(spec).parameters)
        and hints == get_type_hints(spec)
    )


def load(plugins: Iterable[Plugin | EntryPoint] | None = None) -> Registry:
    """Build the registry from the installed plugins (entry points `lms.plugins`), or from those given.

    A plugin that cannot be imported or registered is reported in `failed` and left out; the others go on. (Of plugins
    that are given as objects the first such PluginError is raised.)
    """
    registry = Registry()
    entries = plugins if plugins is not None else entry_points(group="lms.plugins")
    for entry in sorted(entries, key=lambda entry: str(getattr(entry, "name", ""))):
        if not isinstance(entry, EntryPoint):
            registry.add(entry)
            continue
        try:
            kind = entry.load()
            if not (isinstance(kind, type) and issubclass(kind, Plugin)):
                raise PluginError(f"{entry.value} must be a class that inherits from lms_core.api.Plugin")
            registry.add(kind())
        except BaseException as error:  # whatever a stranger's module raises must not stop the others
            registry.failed[entry.name] = reason = told(error, 2_000)
            log.error("plugin %s is left out: %s", entry.name, reason, exc_info=not isinstance(error, PluginError))
    return registry


def fitting(plugin: Plugin, kept: Any) -> Any:
    """Return settings as the plugin's Struct. Raises msgspec.ValidationError, whatever the Struct itself raises."""
    try:
        return msgspec.convert(kept, plugin.settings)
    except msgspec.ValidationError:
        raise
    except BaseException as error:  # a stranger's __post_init__
        raise msgspec.ValidationError(told(error)) from None


__all__ = ["API_VERSION", "HOOKS", "Hook", "PluginError", "Registry", "declaration", "fitting", "load"]
