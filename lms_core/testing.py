"""For those who write plugins: pytest fixtures with a whole core around the plugin, on a SQLite file of the test's own.

Installed with the core and found by pytest itself. A test asks for what it needs:

    def test_a_closed_module(client, programme, enable):
        enable("closed_modules", contact="office@example.org")
        answer = client.as_student().put(f"/runs/{programme.run_id}/enrolment", json={})
        assert answer.json()["state"] == "enrolled"

Nothing of the core is imported before a fixture is used, so that other test suites neither pay for it nor lose the
coverage of what they import.
"""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from lms_core.api import Plugin
    from lms_core.contract.server import Client, Clock, Mail, Programme, Server

__all__ = ["Client", "Clock", "Mail", "Programme", "client", "clock", "disable", "enable", "programme"]


def __getattr__(name: str) -> Any:
    if name in {"Client", "Clock", "Mail", "Programme"}:  # for annotations in tests
        return getattr(import_module("lms_core.contract.server"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


@pytest.fixture
def lms_plugins(request: pytest.FixtureRequest) -> list[Plugin]:
    """The plugins of the application: those installed. Override it to have others."""
    from lms_core.hooks.registry import load

    if missing := _not_installed(request.path):
        name, folder = missing
        pytest.fail(
            f"the plugin {name} is not installed: run `pip install -e {folder}` (or uv pip), then the tests",
            pytrace=False,
        )
    registry = load()
    if registry.failed:
        reasons = "\n".join(f"the plugin {name} cannot be used: {why}" for name, why in registry.failed.items())
        pytest.fail(reasons, pytrace=False)
    return list(registry.plugins.values())


def _not_installed(test: Path) -> tuple[str, Path] | None:
    """Return the plugin of the distribution that a test lies in, and its folder, unless it is installed."""
    installed = {entry.value for entry in entry_points(group="lms.plugins")}
    for folder in test.parents:
        project = folder / "pyproject.toml"
        if project.is_file():
            declared = tomllib.loads(project.read_text(encoding="utf-8")).get("project", {}).get("entry-points", {})
            entries = declared.get("lms.plugins", {})
            return next(((name, folder) for name, value in entries.items() if value not in installed), None)
    return None


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The time of core and plugin; moved by the test."""
    from lms_core.contract.server import Clock

    made = Clock()
    monkeypatch.setattr("lms_core.types._clock", made.now)
    return made


@pytest.fixture(scope="session")
def lms_databases(tmp_path_factory: pytest.TempPathFactory) -> Callable[[list[Plugin]], Path]:
    """A function that returns a SQLite file with the tables of the core and of these plugins, to copy."""
    from lms_core.contract.server import prepare

    folder: Path = tmp_path_factory.mktemp("lms")
    made: dict[tuple[type[Plugin], ...], Path] = {}

    def work(plugins: list[Plugin]) -> Path:
        kinds = tuple(type(plugin) for plugin in plugins)
        if kinds not in made:
            file = folder / f"{len(made)}.sqlite3"
            prepare(file, plugins)
            made[kinds] = file
        return made[kinds]

    return work


@pytest.fixture
def lms_server(
    lms_plugins: list[Plugin], lms_databases: Callable[[list[Plugin]], Path], tmp_path: Path
) -> Iterator[Server]:
    """The application with the plugins and their tables, on a database of the test's own."""
    from lms_core.contract.server import serving

    shutil.copy(lms_databases(lms_plugins), tmp_path / "lms.sqlite3")
    with serving(f"sqlite:///{tmp_path / 'lms.sqlite3'}", lms_plugins) as server:
        yield server


@pytest.fixture
def client(lms_server: Server) -> Client:
    """An administrator who calls the API."""
    return lms_server.admin


@pytest.fixture
def programme(lms_server: Server) -> Programme:
    """A programme with a regulation, a term, a module and a run to enrol in."""
    return lms_server.programme


@pytest.fixture
def enable(lms_server: Server) -> Callable[..., None]:
    """A function that enables a plugin in the programme: `enable("name", setting=value, ...)`; again to change them."""

    def work(name: str, /, **settings: Any) -> None:
        answer = lms_server.switch(lms_server.programme, name, {"enabled": True, "settings": settings})
        assert answer.status_code == 200, answer.text

    return work


@pytest.fixture
def disable(lms_server: Server) -> Callable[[str], None]:
    """A function that disables a plugin in the programme."""

    def work(name: str) -> None:
        answer = lms_server.switch(lms_server.programme, name, {"enabled": False})
        assert answer.status_code == 200, answer.text

    return work
