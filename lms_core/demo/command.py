"""`lms demo`: a whole installation in one process and one folder, with a small programme to look at."""

from __future__ import annotations

import asyncio
import errno
import json
import logging
import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import httpx
from granian.constants import Interfaces
from granian.server.embed import Server
from rich.console import Console
from rich.table import Table

from content_store import StoreError, StoreSettings
from content_store.local import LocalStore
from content_store.s3 import S3Store
from lms_core import migrations
from lms_core.app import create_app
from lms_core.db import Database
from lms_core.demo.programme import SignInData, bring_in, people
from lms_core.processes import started_by_uv
from lms_core.settings import Settings

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
    try:
        _check_port(port)
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        local = LocalStore(data_dir / "store")
        store = local.start()
        try:
            asyncio.run(_run(port, data_dir.absolute(), store, as_json))
        finally:
            local.stop()
    except KeyboardInterrupt:  # Ctrl-C before the server took over the signals
        raise click.exceptions.Exit(130) from None
    except (StoreError, OSError) as error:
        raise click.ClickException(str(error)) from None


def _check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise click.ClickException(
                    f"Port {port} is taken by another program; stop it or choose another one with --port."
                ) from None
            raise click.ClickException(f"Port {port} cannot be used: {error.strerror}.") from None


async def _run(port: int, data_dir: Path, store: StoreSettings, as_json: bool) -> None:
    url = f"http://127.0.0.1:{port}"
    settings = Settings(
        database_url=f"sqlite:///{data_dir / 'lms.sqlite3'}",
        store=store,
        public_url=url,
        port=port,
        embedded=True,
    )
    sign_ins = await _prepare(settings, data_dir)
    server = Server(
        create_app(settings), address="127.0.0.1", port=port, interface=Interfaces.ASGI, websockets=False,
        log_enabled=False,
    )  # fmt: skip
    stop: Callable[[], None] = server.stop
    serving = asyncio.create_task(server.serve())
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(name, stop)
    watching = asyncio.create_task(_stop_with_uv(stop))
    try:
        await _until_answering(url, serving)
        await bring_in(url, sign_ins, data_dir)
        _announce(url, sign_ins, as_json)
        await serving
    finally:
        watching.cancel()
        stop()
        await serving


async def _prepare(settings: Settings, data_dir: Path) -> dict[str, SignInData]:
    database, store = Database(settings.database_url), S3Store(settings.store)
    try:
        await migrations.migrate(database)
        await store.prepare([settings.public_url])
        return await people(database, data_dir)
    finally:
        await store.close()
        await database.close()


async def _stop_with_uv(stop: Callable[[], None]) -> None:
    """Stop when `uv run` was killed: it cannot pass that on, and a server nobody knows of would stay behind."""
    if not started_by_uv():
        return
    parent = os.getppid()
    while os.getppid() == parent:  # noqa: ASYNC110 - nothing tells when a parent dies
        await asyncio.sleep(0.3)
    log.warning("uv is gone; stopping")
    stop()


async def _until_answering(url: str, serving: asyncio.Task[Any]) -> None:
    async with httpx.AsyncClient() as client:
        while not serving.done():
            try:
                if (await client.get(f"{url}/health/live")).is_success:
                    return
            except httpx.TransportError:
                await asyncio.sleep(0.05)
    await serving
    raise OSError("the server stopped before it answered")


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
