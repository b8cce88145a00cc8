"""A plugin that does not fit is refused with a sentence that tells its author what to change."""

# No `from __future__ import annotations`: the plugins are made in functions, and their annotations must resolve.
from itertools import permutations
from typing import Any

import msgspec
import pytest

from lms_core.api import Context, EnrolmentCreated, EnrolmentRequest, Objection, Plugin, hookimpl
from lms_core.hooks.registry import HOOKS, PluginError, Registry, load


class Licence(Plugin):
    """Fits: every refused plugin below differs from it in one thing."""

    name = "licence"
    requires = "lms>=0.1,<1"

    @hookimpl
    async def check_enrolment(self, context: Context, enrolment: EnrolmentRequest) -> list[Objection]:
        return []


ALL = ", ".join(sorted(HOOKS))
CHECK = "async def check_enrolment(self, context: Context, enrolment: EnrolmentRequest) -> list[Objection]"
CREATED = "async def enrolment_created(self, context: Context, event: EnrolmentCreated) -> None"


def refusal(plugin: Any) -> str:
    """Try to register it; return why that was refused, having seen that nothing of it was kept."""
    registry = Registry()
    with pytest.raises(PluginError) as caught:
        registry.add(plugin)
    assert registry.plugins == {}
    assert registry.implementations == {name: [] for name in HOOKS}
    return str(caught.value)


def test_a_plugin_that_fits_is_registered_with_its_hooks() -> None:
    registry, plugin = Registry(), Licence()
    registry.add(plugin)
    assert registry.plugins == {"licence": plugin}
    assert registry.failed == {}
    assert registry.implementations == {
        **{name: [] for name in HOOKS},
        "check_enrolment": [("licence", plugin.check_enrolment)],
    }


def test_implementations_are_asked_by_name_but_after_those_that_they_name() -> None:
    class Window(Licence):
        name = "a_window"
        after = ("licence", "not_installed")

    class Zeal(Licence):
        name = "zeal"

    class Bench(Licence):
        name = "bench"

    for plugins in permutations([Window(), Zeal(), Bench(), Licence()]):
        registry = load(plugins)
        asked = [name for name, _ in registry.implementations["check_enrolment"]]
        assert asked == ["bench", "licence", "a_window", "zeal"]


def test_plugins_that_want_to_come_after_each_other() -> None:
    class Window(Licence):
        name = "window"
        after = ("licence",)

    class Gate(Licence):
        name = "gate"
        after = ("window",)

    class Loop(Licence):
        after = ("gate",)

    registry = load([Window(), Gate()])
    with pytest.raises(PluginError) as caught:
        registry.add(Loop())
    assert str(caught.value) == (
        "the plugins ask to be called after each other: gate -> window -> licence -> gate; change one `after`"
    )
    assert list(registry.plugins) == ["gate", "window"]


def test_a_hook_that_is_not_async() -> None:
    class Sync(Plugin):
        name = "licence"

        @hookimpl
        def check_enrolment(self, context: Context, enrolment: EnrolmentRequest) -> list[Objection]:
            return []

    assert refusal(Sync()) == f"Sync.check_enrolment must be declared as `{CHECK}`"


def test_a_hook_with_other_annotations() -> None:
    class Annotated(Plugin):
        name = "licence"

        @hookimpl
        async def check_enrolment(self, context: Context, enrolment: EnrolmentRequest) -> list[str]:
            return []

    assert refusal(Annotated()) == f"Annotated.check_enrolment must be declared as `{CHECK}`"


def test_a_hook_without_annotations() -> None:
    class Bare(Plugin):
        name = "licence"

        @hookimpl
        async def check_enrolment(self, context, enrolment):  # type: ignore[no-untyped-def]  # what is refused
            return []

    assert refusal(Bare()) == f"Bare.check_enrolment must be declared as `{CHECK}`"


def test_a_misspelt_hook() -> None:
    class Misspelt(Plugin):
        name = "licence"

        @hookimpl
        async def check_enrollment(self, context: Context, enrolment: EnrolmentRequest) -> list[Objection]:
            return []

    assert refusal(Misspelt()) == f"unknown hook 'check_enrollment' in plugin Misspelt; the hooks are: {ALL}"


def test_an_argument_with_another_name() -> None:
    class Renamed(Plugin):
        name = "licence"

        @hookimpl
        async def check_enrolment(self, context: Context, request: EnrolmentRequest) -> list[Objection]:
            return []

    assert refusal(Renamed()) == f"Renamed.check_enrolment must be declared as `{CHECK}`"


def test_a_missing_argument() -> None:
    class Short(Plugin):
        name = "licence"

        @hookimpl
        async def check_enrolment(self, context: Context) -> list[Objection]:
            return []

    assert refusal(Short()) == f"Short.check_enrolment must be declared as `{CHECK}`"


def test_arguments_in_another_order() -> None:
    class Swapped(Plugin):
        name = "licence"

        @hookimpl
        async def enrolment_created(self, event: EnrolmentCreated, context: Context) -> None: ...

    assert refusal(Swapped()) == f"Swapped.enrolment_created must be declared as `{CREATED}`"


def test_an_annotation_that_names_nothing() -> None:
    class Dangling(Plugin):
        name = "licence"

        @hookimpl
        async def check_enrolment(
            self,
            context: Context,
            enrolment: "Enrolment",  # type: ignore[name-defined]  # noqa: F821 - what is refused
        ) -> list[Objection]:
            return []

    assert refusal(Dangling()) == f"Dangling.check_enrolment must be declared as `{CHECK}`"


def test_a_hook_that_is_not_marked() -> None:
    class Unmarked(Plugin):
        name = "licence"

        async def check_enrolment(self, context: Context, enrolment: EnrolmentRequest) -> list[Objection]:
            return []

    assert refusal(Unmarked()) == "Unmarked.check_enrolment must be marked with @hookimpl, or it would never be called"


def test_a_hook_under_another_name() -> None:
    class Aliased(Plugin):
        name = "licence"

        @hookimpl(specname="check_enrolment")
        async def has_licence(self, context: Context, enrolment: EnrolmentRequest) -> list[Objection]:
            return []

    assert refusal(Aliased()) == "Aliased: name the method check_enrolment instead of giving a specname"


def test_another_version_of_the_plugin_api() -> None:
    class Later(Licence):
        requires = "lms>=1,<2"

    assert refusal(Later()) == (
        "Later.requires 'lms>=1,<2', but this is version 0.2 of the plugin API; "
        "install a release of the plugin made for it"
    )


@pytest.mark.parametrize("requires", ["", "lms 1", "lms>=one", None])
def test_a_version_that_cannot_be_read(requires: object) -> None:
    plugin = type("Vague", (Licence,), {"requires": requires})()
    assert refusal(plugin) == f"Vague.requires must look like 'lms>=1,<2', not {requires!r}"


@pytest.mark.parametrize("name", ["Licence", "part-time", "1st", "", "x" * 61, "licence\n", None, 7])
def test_a_name_that_cannot_be_used(name: object) -> None:
    plugin = type("Named", (Licence,), {"name": name})()
    assert refusal(plugin) == (
        f"Named.name must be a lower-case letter and up to 59 letters, digits and underscores, not {name!r}"
    )


def test_a_plugin_without_a_name() -> None:
    class Nameless(Plugin):
        pass

    assert refusal(Nameless()) == (
        "Nameless.name must be a lower-case letter and up to 59 letters, digits and underscores, not None"
    )


def test_something_else_than_a_plugin() -> None:
    class Stranger:
        name = "stranger"

    assert refusal(Stranger()) == "Stranger must inherit from lms_core.api.Plugin"


def test_a_name_that_is_taken() -> None:
    class Second(Licence):
        pass

    first = Licence()
    registry = Registry()
    registry.add(first)
    with pytest.raises(PluginError) as caught:
        registry.add(Second())
    assert str(caught.value) == "the name 'licence' is taken by another plugin; choose another `name`"
    assert registry.plugins == {"licence": first}
    assert registry.implementations["check_enrolment"] == [("licence", first.check_enrolment)]


class Lenient(msgspec.Struct, frozen=True):
    """Would take a misspelt setting for none."""


class Mutable(msgspec.Struct, forbid_unknown_fields=True):
    """Could be changed by one request for all others."""


@pytest.mark.parametrize("settings", [Lenient, Mutable])
def test_settings_that_are_lenient_or_mutable(settings: type[msgspec.Struct]) -> None:
    plugin = type("Loose", (Licence,), {"settings": settings})()
    assert refusal(plugin) == f"{settings.__name__} must be declared with frozen=True, forbid_unknown_fields=True"


@pytest.mark.parametrize("settings", [dict, {"most": 3}, None])
def test_settings_that_are_no_struct(settings: object) -> None:
    plugin = type("Loose", (Licence,), {"settings": settings})()
    assert refusal(plugin) == "Loose.settings must be a msgspec.Struct class"


class Clock:
    """No type that JSON knows."""


class Unknown(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Could be neither checked nor described."""

    clock: Clock


def test_settings_of_a_type_that_json_does_not_know() -> None:
    plugin = type("Odd", (Licence,), {"settings": Unknown})()
    assert refusal(plugin) == (
        f"Unknown must hold only types that JSON has a schema for: type {Clock!r} is not supported"
    )
