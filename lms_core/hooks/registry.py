"""Which plugins are installed, which hooks they implement, and why one was left out."""

from __future__ import annotations

import inspect
import logging
import re
from collections.abc import Callable, Coroutine, Iterable
from importlib.metadata import entry_points
from typing import Any, get_type_hints

import msgspec
import pluggy
from packaging.requirements import InvalidRequirement, Requirement

from lms_core.hooks.plugin import Plugin
from lms_core.hooks.specs import HookSpecs, Policy

log = logging.getLogger("lms.plugins")

API_VERSION = "0.2"
"""Version of the plugin API; version 1 begins when the four plugins exist."""

Implementation = Callable[..., Coroutine[Any, Any, Any]]


class PluginError(Exception):
    """A plugin cannot be used; the message tells its author what to change."""


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

    def add(self, plugin: Plugin) -> None:
        """Register a plugin. Raises PluginError, and then nothing of it is registered."""
        _check_manifest(plugin)
        if plugin.name in self.plugins:
            raise PluginError(f"the name {plugin.name!r} is taken by another plugin; choose another `name`")
        found = _implementations(plugin)
        self.plugins[plugin.name] = plugin
        for hook, function in found.items():
            self.implementations[hook].append((plugin.name, function))


def declaration(hook: str) -> str:
    """Return how an author declares a hook."""
    signature = str(inspect.signature(getattr(HookSpecs, hook))).replace("'", "")  # annotations are kept as text
    return f"async def {hook}{signature}"


def _check_manifest(plugin: Plugin) -> None:
    kind = type(plugin).__name__
    name = getattr(plugin, "name", None)
    if not isinstance(plugin, Plugin):
        raise PluginError(f"{kind} must inherit from lms_core.api.Plugin")
    if not isinstance(name, str) or not re.fullmatch(r"[a-z][a-z0-9_]{0,59}", name):
        raise PluginError(
            f"{kind}.name must be a lower-case letter and up to 59 letters, digits and underscores, not {name!r}"
        )
    try:
        required = Requirement(plugin.requires)
    except (InvalidRequirement, TypeError):
        raise PluginError(f"{kind}.requires must look like 'lms>=1,<2', not {plugin.requires!r}") from None
    if required.name != "lms" or not required.specifier.contains(API_VERSION, prereleases=True):
        raise PluginError(
            f"{kind}.requires {plugin.requires!r}, but this is version {API_VERSION} of the plugin API; "
            "install a release of the plugin made for it"
        )
    settings = plugin.settings
    if not (isinstance(settings, type) and issubclass(settings, msgspec.Struct)):
        raise PluginError(f"{kind}.settings must be a msgspec.Struct class")
    if not (settings.__struct_config__.frozen and settings.__struct_config__.forbid_unknown_fields):
        raise PluginError(f"{settings.__name__} must be declared with frozen=True, forbid_unknown_fields=True")
    try:
        msgspec.json.schema(settings)
    except Exception as error:
        reason = str(error).splitlines()[-1]
        raise PluginError(f"{settings.__name__} must hold only types that JSON has a schema for: {reason}") from None


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


def load(plugins: Iterable[Plugin] | None = None) -> Registry:
    """Build the registry from the given plugins, or from the installed ones (entry points `lms.plugins`).

    A plugin that cannot be imported or registered is reported in `failed` and left out; the others go on.
    """
    registry = Registry()
    if plugins is not None:
        for plugin in plugins:
            registry.add(plugin)
        return registry
    for entry in sorted(entry_points(group="lms.plugins"), key=lambda entry: entry.name):
        try:
            kind = entry.load()
            if not (isinstance(kind, type) and issubclass(kind, Plugin)):
                raise PluginError(f"{entry.value} must be a class that inherits from lms_core.api.Plugin")
            registry.add(kind())
        except (Exception, SystemExit) as error:  # whatever a stranger's module raises must not stop the others
            registry.failed[entry.name] = f"{type(error).__name__}: {error}"
            log.exception("plugin %s is left out", entry.name)
    return registry
