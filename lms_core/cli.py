"""`lms`: the command line of operators, administrators and lecturers."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
from contextlib import suppress
from functools import partial

import click
import msgspec
from granian.constants import Interfaces
from granian.server import Server as Granian
from litestar import Litestar
from sqlalchemy import select, text

from content_store.s3 import S3Store
from lms_core import migrations, settings
from lms_core.app import create_app
from lms_core.channels import labour
from lms_core.client.command import push
from lms_core.client.lists import enrol, people
from lms_core.commands.media import media
from lms_core.commands.plugin import plugin
from lms_core.commands.plugin_run import WithTools, run_command
from lms_core.commands.running import from_environment, run, run_on_database
from lms_core.db import Database
from lms_core.demo.command import demo
from lms_core.doctor import examine
from lms_core.errors import LmsError
from lms_core.hooks.dispatch import Dispatcher
from lms_core.hooks.registry import load
from lms_core.migrations.plugins import migrate_plugins, unready
from lms_core.people import actions
from lms_core.people.tables import role
from lms_core.people.types import NewGrant, NewPerson
from lms_core.processes import check_port, die_with_parent
from lms_core.programmes.enablement import Enablement
from lms_core.programmes.plugins import hand_out_permissions
from lms_core.watchdog import leave_alone, watch


@click.group(cls=WithTools)
@click.version_option(package_name="lms-core")
def main() -> None:
    """Run and look after a learning-management server for blended master programmes."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.getLogger("urllib3").setLevel(logging.ERROR)  # it warns of each try; what comes of them we say ourselves


main.add_command(demo)
main.add_command(push)
main.add_command(push, "import")  # its name when it took folders only
main.add_command(people)
main.add_command(enrol)
main.add_command(run_command)
main.add_command(plugin)
main.add_command(media)


def production() -> Litestar:
    """Build the application of one server process from the environment."""
    die_with_parent()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    app = create_app(settings.from_environment(os.environ))
    app.on_startup.append(watch)
    gc.collect()
    gc.freeze()  # what start-up made lives for ever; the collector need not walk it again
    return app


@main.command()
def serve() -> None:
    """Serve the API; settings come from the environment (see deploy/README.md)."""
    run(_check_surroundings)
    found = from_environment()
    Granian(
        "lms_core.cli:production",
        factory=True,
        interface=Interfaces.ASGI,
        address=found.host,
        port=found.port,
        workers=found.workers,
        respawn_failed_workers=True,
        websockets=False,
    ).serve()


async def _check_surroundings(found: settings.Settings) -> int:
    """Find out before any worker starts whether the port is free and the database there; raise if not."""
    check_port(found.host, found.port, "LMS_PORT")
    database = Database(found.database_url)
    try:
        async with asyncio.timeout(10), database.read() as connection:
            await connection.execute(text("SELECT 1"))
    finally:
        await database.close()
    return 0


@main.command()
def worker() -> None:
    """Deliver events and jobs; any number of workers may run."""
    run(_work)
    leave_alone()


async def _work(found: settings.Settings) -> int:
    database = Database(found.database_url)
    registry = load()
    enablement = Enablement(database, registry, partial(unready, database, registry))
    hooks = Dispatcher(registry, enablement, database, found.public_url)
    store = S3Store(found.store)
    task = asyncio.create_task(labour(found, database, store, hooks))
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, task.cancel)
    await watch()
    async with hooks.running():
        with suppress(asyncio.CancelledError):
            await task
    await store.close()
    await database.close()
    return 0


@main.command()
def migrate() -> None:
    """Bring the database to the tables that this release and its plugins need, and prepare the bucket of the store.

    A plugin whose tables cannot be brought there is named, and the exit code is 1; the others go on. With LMS_DATA_DIR
    it is the database of a demonstration, which prepares its store when it starts.
    """
    run_on_database(_migrate)


async def _migrate(found: settings.Settings) -> int:
    database, store = Database(found.database_url), S3Store(found.store)
    try:
        before, after = await migrations.migrate(database)
        click.echo(f"database: {before or 'empty'} -> {after}")
        registry = load()
        moved = await migrate_plugins(database, registry)
        await hand_out_permissions(database, registry)
        for one in moved:
            if one.failed:
                click.echo(f"plugin {one.plugin}: stays at {one.after or 'empty'}: {one.failed}", err=True)
            else:
                click.echo(f"plugin {one.plugin}: {one.before or 'empty'} -> {one.after}")
        if not found.embedded:
            await store.prepare(found.allowed_origins)
            click.echo(f"content store: bucket {found.store.bucket} is ready")
    finally:
        await store.close()
        await database.close()
    return 1 if any(one.failed for one in moved) else 0


@main.command()
def doctor() -> None:
    """Check database, migrations, content store, clock and disk; the exit code is 1 if anything fails."""
    run(_doctor)


async def _doctor(found: settings.Settings) -> int:
    checks = await examine(found)
    for check in checks:
        word = click.style("ok   ", fg="green") if check.ok else click.style("FAILS", fg="red")
        click.echo(f"{word}  {check.name:<13}  {check.detail}")
    return 0 if all(check.ok for check in checks) else 1


@main.group()
def person() -> None:
    """Look after persons from the server's own command line."""


@person.command()
@click.option("--email", required=True, help="The person's e-mail address.")
@click.option("--name", required=True, help="The person's name.")
@click.option("--role", "role_name", default=None, help="A role at the whole system, such as administrator.")
def add(email: str, name: str, role_name: str | None) -> None:
    """Create a person, or find her, and print a one-time link with which she sets her password.

    This is how the first administrator comes into being: `lms person add --role administrator ...`.
    """

    async def add_person(found: settings.Settings) -> int:
        return await _add(found, email, name, role_name)

    run(add_person)


async def _add(found: settings.Settings, email: str, name: str, role_name: str | None) -> int:
    given = {"email": email, "name": name}
    try:
        new = msgspec.convert(given, NewPerson)
    except msgspec.ValidationError as error:
        option = next(key for key in given if f"`$.{key}`" in str(error))
        raise LmsError(f"--{option} {given[option]!r} is not valid.") from None
    database = Database(found.database_url)
    try:
        async with database.write() as connection:
            known = await actions.list_persons(connection, new.email, None, 1)
            who = known[0] if known else await actions.create_person(connection, new)
            if role_name is not None:
                names = (await connection.execute(select(role.c.name).order_by(role.c.name))).scalars().all()
                if role_name not in names:
                    raise LmsError(f"There is no role {role_name}; there are: {', '.join(names)}.")
                await actions.grant_role(connection, who.id, NewGrant(role=role_name, scope="system"), None)
            link = await actions.make_link(connection, who.id, found.public_url)
    finally:
        await database.close()
    click.echo(f"{who.name} <{who.email}> sets a password within 7 days at\n{link.url}")
    return 0
