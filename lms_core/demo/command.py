"""`lms demo`: a whole installation in one process and one folder, with a small programme to look at."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import secrets
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import click
import httpx
from granian.constants import Interfaces
from granian.server.embed import Server
from rich.console import Console
from rich.table import Table
from sqlalchemy.exc import SQLAlchemyError

from content_store import StoreError, StoreSettings
from content_store.local import LocalStore
from content_store.s3 import S3Store
from lms_core import migrations
from lms_core.app import create_app
from lms_core.client.errors import ClientError
from lms_core.db import Database
from lms_core.demo.programme import SignInData, bring_in, kept, people
from lms_core.errors import LmsError
from lms_core.hooks.registry import load
from lms_core.migrations.plugins import migrate_plugins
from lms_core.processes import check_port, uv_that_started_us
from lms_core.programmes.plugins import hand_out_permissions
from lms_core.settings import Settings
from lms_core.watchdog import leave_alone, watch

log = logging.getLogger("lms.demo")


@click.command()
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="Port on 127.0.0.1.")
@click.option(
    "--data-dir",
    default=Path(".lms"),
    show_default=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Where everything is kept; another folder is another installation.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON: addresses and sign-ins.")
def demo(port: int, data_dir: Path, as_json: bool) -> None:
    """Start everything on this machine: database, content store, server, and a programme to try.

    Ctrl-C stops it; the next start finds the same data.
    """
    if as_json:
        logging.getLogger().setLevel(logging.WARNING)
    uv = uv_that_started_us()
    os.environ["no_proxy"] = "127.0.0.1"  # a proxy is for the internet; what we call is on this machine
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    local = LocalStore(data_dir / "store")
    try:
        check_port("127.0.0.1", port, "--port")
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        store = local.start()
        try:
            asyncio.run(_run(port, data_dir.absolute(), store, as_json, uv))
        finally:
            leave_alone()
            for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(name, signal.SIG_IGN)  # a second Ctrl-C must not leave the store behind
            local.stop()
    except KeyboardInterrupt:  # before _run takes over the signals
        raise click.exceptions.Exit(130) from None
    except (StoreError, LmsError, ClientError, SQLAlchemyError, httpx.HTTPError, OSError) as error:
        raise click.ClickException(str(getattr(error, "orig", None) or error)) from None


async def _run(port: int, data_dir: Path, store: StoreSettings, as_json: bool, uv: int | None) -> None:
    """Serve until a signal says stop, at whatever point that comes."""
    await watch()
    stop = asyncio.Event()
    signals = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # which nohup wants
        signals.append(signal.SIGHUP)
    for name in signals:
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    serving = asyncio.create_task(_serve(port, data_dir, store, as_json))
    stopping = asyncio.create_task(_until_stop(stop, uv))
    await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    serving.cancel()
    with suppress(asyncio.CancelledError):
        await serving


async def _until_stop(stop: asyncio.Event, uv: int | None) -> None:
    """Wait for a signal, or for the end of `uv run`: killed, it leaves a server behind that nobody knows of."""
    while not stop.is_set():
        if uv is not None and os.getppid() != uv:
            log.warning("uv is gone; stopping")
            return
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), 0.3)


async def _serve(port: int, data_dir: Path, store: StoreSettings, as_json: bool) -> None:
    url = f"http://127.0.0.1:{port}"
    settings = Settings(
        database_url=f"sqlite:///{data_dir / 'lms.sqlite3'}",
        store=store,
        public_url=url,
        port=port,
        secret_key=kept(data_dir / "secret-key", secrets.token_hex(32)),
        embedded=True,
    )
    sign_ins = await _prepare(settings, data_dir)
    check_port("127.0.0.1", port, "--port")  # again, for preparing took a while
    server = Server(
        create_app(settings), address="127.0.0.1", port=port, interface=Interfaces.ASGI, websockets=False,
        log_enabled=False,
    )  # fmt: skip
    stop: Callable[[], None] = server.stop
    serving: asyncio.Task[None] = asyncio.create_task(server.serve())
    try:
        await _until_answering(url, serving)
        await bring_in(url, sign_ins, data_dir)
        _announce(url, sign_ins, as_json)
        await asyncio.wait({serving})
        raise _ended(serving)
    finally:
        stop()
        await asyncio.wait({serving})


async def _prepare(settings: Settings, data_dir: Path) -> dict[str, SignInData]:
    database, store = Database(settings.database_url), S3Store(settings.store)
    try:
        await migrations.migrate(database)
        registry = load()
        for one in await migrate_plugins(database, registry):
            if one.failed:
                log.warning("plugin %s is off, its tables stay at %s: %s", one.plugin, one.after or "empty", one.failed)
        await hand_out_permissions(database, registry)
        await store.prepare([settings.public_url])
        return await people(database, data_dir)
    finally:
        await store.close()
        await database.close()


async def _until_answering(url: str, serving: asyncio.Task[None]) -> None:
    async with httpx.AsyncClient() as client:
        while True:
            await asyncio.sleep(0.05)  # the server's first step; it takes the port, or fails to
            if serving.done():
                raise _ended(serving)
            with suppress(httpx.TransportError):
                if (await client.get(f"{url}/health/live")).is_success:
                    return


def _ended(serving: asyncio.Task[None]) -> OSError:
    reason = str(serving.exception() or "nobody told it to")
    return OSError(f"The server stopped: {reason.splitlines()[0]}")


def _announce(url: str, sign_ins: dict[str, SignInData], as_json: bool) -> None:
    if as_json:
        line = {
            "url": url,
            "docs": f"{url}/docs",
            "signIns": [
                {"role": role, "name": who.name, "email": who.email, "password": who.password}
                for role, who in sign_ins.items()
            ],
        }
        click.echo(json.dumps(line))
        return
    console = Console(soft_wrap=True)
    table = Table("who", "e-mail address", "password", box=None, pad_edge=False)
    for role, who in sign_ins.items():
        table.add_row(f"{role} {who.name}", who.email, who.password)
    console.print(f"\nThe API is at [bold]{url}[/], its documentation at [bold]{url}/docs[/].\nSign in as")
    console.print(table)
    student = sign_ins["student"]
    body = json.dumps({"email": student.email, "password": student.password})
    console.print(
        f"\nfor example: curl -s {url}/sign-in -H 'Content-Type: application/json' -d '{body}'\n"
        "Ctrl-C stops everything.",
        highlight=False,
        markup=False,
    )
