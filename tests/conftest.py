"""Real servers for all tests: SQLite and PostgreSQL, migrated once and copied for each test, and an S3 store."""

from __future__ import annotations

import asyncio
import gc
import os
import shutil
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from content_store.s3 import S3Store
from lms_core import migrations, openapi
from lms_core.api import Plugin
from lms_core.app import assemble, create_app
from lms_core.db import Database
from lms_core.settings import Settings
from tests.support.compiled import share_compiled_sql
from tests.support.measuring import unmeasured
from tests.support.objectstore import object_store
from tests.support.patience import be_patient
from tests.support.postgres import create_database, drop_database, postgres, quick_folder
from tests.support.world import World

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Generator, Iterator

    from litestar import Litestar

    from content_store import StoreSettings


# without kept bytecode, which images of containers like to switch off, each `lms` that a test starts compiles for 2 s
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

gc.set_threshold(100_000, 50, 100)  # each test makes an application and drops it; looking for garbage took 7 %

share_compiled_sql()
be_patient()

# These take longest, longest first; begun last, they would keep one core busy for minutes while the others rest.
FIRST = (
    "core/test_schema.py",
    "kit/test_check.py",
    "plugins/university_weeks/test_searching.py",
    "journeys/test_a_real_course.py",
    "journeys/test_a_university_week.py",
    "plugins/university_weeks/engine/test_week_process.py",
    "plugins/family_sessions/test_privacy.py",
    "plugins/family_sessions/test_killed_suggestion.py",
    "plugins/family_sessions/test_suggestions.py",
    "core/test_isolation.py",
    "kit/test_new.py",
    "core/cli/test_demo_crashes.py",
    "core/cli/test_serve.py",
    "faults/test_killed_uploads.py",
    "core/cli/test_demo.py",
    "plugins/family_sessions/test_suggested_rules.py",
    "core/client/test_client_push.py",
    "plugins/test_sample_plugin.py",
    "faults/test_killed_ledger.py",
    "kit/test_page.py",
    "kit/test_pytest_plugin.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest."""
    tests = Path(__file__).parent
    first = {tests / name: number for number, name in enumerate(FIRST)}
    items.sort(key=lambda item: first.get(item.path, len(FIRST)))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep what was logged readable: hostile plugins say what no process can send to another."""
    report = yield
    report.sections = [(name, text.encode(errors="backslashreplace").decode()) for name, text in report.sections]
    return report


def pytest_xdist_auto_num_workers() -> int:
    """Run one process more than there are cores: the tests wait for servers and child processes for half of their time."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Measure coverage with one of the two databases only."""
    if "[postgresql" not in item.name:
        return (yield)
    children = os.environ.pop("COVERAGE_PROCESS_CONFIG", None)  # what tells child processes to measure themselves
    try:
        with unmeasured():
            return (yield)
    finally:
        if children:
            os.environ["COVERAGE_PROCESS_CONFIG"] = children


DATABASES = ("sqlite", "postgresql")


@pytest.fixture(scope="session")
def store_server() -> Iterator[StoreSettings]:
    """A content store with a bucket, for the whole session."""
    with object_store() as settings:
        yield settings


@pytest.fixture(scope="session")
async def store_settings(store_server: StoreSettings) -> StoreSettings:
    """The store, its bucket prepared."""
    store = S3Store(store_server)
    await store.prepare([])
    await store.close()
    return store_server


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a PostgreSQL server for the whole session."""
    with postgres() as server:
        yield server


@pytest.fixture(scope="session")
def sqlite_folder() -> Iterator[Path]:
    """Where SQLite files lie; in memory nobody waits for a disk after each transaction."""
    with TemporaryDirectory(prefix="lms-sqlite-", dir=quick_folder()) as name:
        yield Path(name)


@pytest.fixture
def sqlite_file(sqlite_folder: Path) -> Iterator[Path]:
    """The path of a SQLite file that is not there yet, in a folder of the test's own."""
    with TemporaryDirectory(dir=sqlite_folder) as name:
        yield Path(name) / "lms.sqlite3"


@pytest.fixture(scope="session")
async def sqlite_template(sqlite_folder: Path) -> Path:
    """A migrated SQLite file to copy."""
    path = sqlite_folder / "template.sqlite3"
    database = Database(f"sqlite:///{path}")
    await migrations.migrate(database)
    await database.close()
    return path


@pytest.fixture(scope="session")
async def postgres_template(postgres_server: str) -> str:
    """The URL of a migrated PostgreSQL database to copy."""
    url = await create_database(postgres_server)
    database = Database(url)
    await migrations.migrate(database)
    await database.close()
    return url


@pytest.fixture(params=DATABASES)
def backend(request: pytest.FixtureRequest) -> str:
    """The database that a test runs on; each test runs on both."""
    return str(request.param)


@pytest.fixture
async def empty_database_url(backend: str, sqlite_file: Path, postgres_server: str) -> AsyncIterator[str]:
    """A database of the test's own, with nothing in it."""
    if backend == "sqlite":
        yield f"sqlite:///{sqlite_file}"
        return
    url = await create_database(postgres_server)
    yield url
    await drop_database(postgres_server, url)


@pytest.fixture
async def database_url(
    backend: str, sqlite_file: Path, sqlite_template: Path, postgres_server: str, postgres_template: str
) -> AsyncIterator[str]:
    """A migrated database of the test's own."""
    if backend == "sqlite":
        shutil.copy(sqlite_template, sqlite_file)
        yield f"sqlite:///{sqlite_file}"
        return
    url = await create_database(postgres_server, postgres_template)
    yield url
    await drop_database(postgres_server, url)


@pytest.fixture
def app_settings(database_url: str, store_settings: StoreSettings) -> Settings:
    """Settings of an application on the test's database and the session's store."""
    return Settings(database_url=database_url, store=store_settings, public_url="http://localhost:8000")


@pytest.fixture
def plugins() -> list[Any]:
    """The plugins of the application; override to have some."""
    return []


@asynccontextmanager
async def living(app: Litestar) -> AsyncIterator[None]:
    """Keep an application's lifespan in a task of its own: fixtures begin and end in different ones."""
    started, over = asyncio.Event(), asyncio.Event()

    async def live() -> None:
        async with app.lifespan():
            started.set()
            await over.wait()

    task = asyncio.create_task(live())
    await asyncio.wait({task, asyncio.ensure_future(started.wait())}, return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        task.result()  # it did not start: say why instead of waiting
    yield
    over.set()
    await task


apps: dict[Any, Litestar] = {}


def make_app(settings: Settings, plugins: list[Any]) -> Litestar:
    """Return an application; those with the same routes share what was registered, in turns, and nothing else."""
    if settings.allowed_origins:
        return create_app(settings, plugins)
    if plugins:
        openapi._document.cache_clear()  # it shows what else they declare
    # some tests install plugins by their entry points, which say nothing of routes before they are loaded
    if not all(isinstance(plugin, Plugin) for plugin in plugins):
        return create_app(settings, plugins)
    known = tuple((plugin.name, *plugin.routes, *plugin.declared()) for plugin in plugins if plugin.routes)
    if app := apps.get(known):
        app.state.update(assemble(settings, plugins))
        return app
    if len(apps) > 8:  # routes that were made in a test do not come again
        del apps[next(name for name in apps if name)]
    apps[known] = create_app(settings, plugins)
    return apps[known]


@pytest.fixture
async def world(app_settings: Settings, plugins: list[Any]) -> AsyncIterator[World]:
    """An application in this process, an HTTP client for it, and an administrator."""
    app = make_app(app_settings, plugins)
    async with living(app):
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8000") as http:
            made = World(app, http)
            made.admin = await made.person("Ada Admin", "administrator")
            yield made
