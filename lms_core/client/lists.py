"""`lms people` and `lms enrol`: lists of persons and enrolments go to a server, and come from it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any
from uuid import UUID

import click
from msgspec import Struct
from rich.text import Text

from lms_core.client.course import find_programme
from lms_core.client.errors import ClientError
from lms_core.client.http import LmsClient
from lms_core.client.progress import Tally, show_progress
from lms_core.client.report import make_console, show_report
from lms_core.sheets import CSV, Mode, Report

__all__ = ["enrol", "people"]

Command = Callable[..., Any]
FILE = click.Path(path_type=Path, dir_okay=False)


class _Server(Struct, frozen=True):
    url: str | None
    token: str | None


def _server(command: Command) -> Command:
    """Give a command the options that say where the server is."""
    help_ = "An access token; better not on the command line."
    command = click.option("--token", envvar="LMS_TOKEN", show_envvar=True, help=help_)(command)
    return click.option("--url", envvar="LMS_URL", show_envvar=True, help="The address of the server.")(command)


def _modes(command: Command) -> Command:
    """Give an import the options that say how it treats bad lines."""
    command = click.option("--skip-bad", is_flag=True, help="Carry out the good lines although others are wrong.")(
        command
    )
    return click.option("--dry-run", is_flag=True, help="Only show what would change.")(command)


@click.group()
def people() -> None:
    """Bring lists of persons to a server, and take them away."""


@people.command("import")
@click.argument("file", type=FILE)
@_modes
@_server
def import_people(file: Path, dry_run: bool, skip_bad: bool, url: str | None, token: str | None) -> None:
    """Create the persons of a list (CSV, or JSON by the file's ending) or bring them up to date.

    The first line names the columns: externalKey, email, name, language, state. Nothing is changed if a line is wrong,
    unless such lines are skipped. The same list again changes nothing. The exit code is 1 if a line is wrong.
    """
    _run(_Server(url, token), lambda client: _import(client, "/imports/persons", file, _mode(dry_run, skip_bad)))


@people.command("export")
@click.argument("file", type=FILE, required=False)
@_server
def export_people(file: Path | None, url: str | None, token: str | None) -> None:
    """Write all persons to a file (CSV, or JSON by its ending) or to the standard output, as an import takes them."""
    _run(_Server(url, token), lambda client: _export(client, "/exports/persons", file))


@click.group()
def enrol() -> None:
    """Bring lists of enrolments in programmes and runs to a server, and take them away."""


def _where(command: Command) -> Command:
    """Give a command the options that say what enrolments are in."""
    run = click.option("--run", type=click.UUID, metavar="ID", help="A run; otherwise it is about the programme.")
    under = "The programme; with a run, the one that its students study."
    return click.option("--programme", metavar="KEY", help=under)(run(command))


@enrol.command("import")
@click.argument("file", type=FILE)
@_where
@_modes
@_server
def import_enrolments(
    file: Path,
    programme: str | None,
    run: UUID | None,
    dry_run: bool,
    skip_bad: bool,
    url: str | None,
    token: str | None,
) -> None:
    """Enrol the persons of a list (CSV, or JSON by the file's ending) in a programme or a run, or withdraw them.

    The first line names the columns: externalKey, email, name, state, and regulation for a programme, programme for a
    run. Seats of a run are taken in the order of the lines. Nothing is changed if a line is wrong, unless such lines
    are skipped. The exit code is 1 if a line is wrong.
    """

    async def work(client: LmsClient) -> bool:
        return await _import(client, await _path(client, programme, run, "imports"), file, _mode(dry_run, skip_bad))

    _run(_Server(url, token), work)


@enrol.command("export")
@click.argument("file", type=FILE, required=False)
@_where
@_server
def export_enrolments(
    file: Path | None, programme: str | None, run: UUID | None, url: str | None, token: str | None
) -> None:
    """Write the enrolments in a programme or a run to a file or the standard output, as an import takes them."""

    async def work(client: LmsClient) -> bool:
        return await _export(client, await _path(client, None if run else programme, run, "exports"), file)

    _run(_Server(url, token), work)


def _run(server: _Server, work: Callable[[LmsClient], Coroutine[Any, Any, bool]]) -> None:
    """Do something with the server; what it is not content with ends with code 1."""
    if not (server.url and server.token):
        raise click.ClickException("Give --url (or LMS_URL) and --token (or LMS_TOKEN).")
    errors = make_console(stderr=True)

    async def connected(url: str, token: str) -> bool:
        async with LmsClient(url, token, say=lambda words: errors.print(Text(words), soft_wrap=True)) as client:
            return await work(client)

    try:
        good = asyncio.run(connected(server.url, server.token))
    except ClientError as error:
        raise click.ClickException(str(error)) from None
    if not good:
        sys.exit(1)


async def _path(client: LmsClient, programme: str | None, run: UUID | None, what: str) -> str:
    """Return where lists of a programme, of a run, or of those in a run who count under a programme are."""
    place = f"/runs/{run}" if run else ""
    if programme:
        place = f"/programmes/{await find_programme(client, programme)}{place}"
    if not place:
        raise ClientError("Give --programme or --run.")
    return f"{place}/{what}/enrolments"


def _mode(dry_run: bool, skip_bad: bool) -> Mode:
    return "dry-run" if dry_run else "skip-bad" if skip_bad else "all"


async def _import(client: LmsClient, path: str, file: Path, mode: Mode) -> bool:
    """Bring in a list, after a dry run if it is all or nothing; tell what became of it, and whether all was right."""
    try:
        content = await asyncio.to_thread(file.read_bytes)
    except OSError as error:
        raise ClientError(f"{file} cannot be read: {error.strerror}") from None
    kind = "application/json" if file.suffix.lower() == ".json" else CSV
    with show_progress(make_console(stderr=True)) as on_progress:

        async def send(what: str, how: Mode) -> Report:
            tally = Tally(what, 1, len(content), on_progress)
            report = await client.post_file(path, content, kind, Report, tally.add, mode=how)
            tally.add(0, files=1)
            return report

        report = await send("Importing" if mode == "skip-bad" else "Checking", "dry-run" if mode == "all" else mode)
        if mode == "all" and not report.errors:
            report = await send("Importing", "all")
    show_report(make_console(), report)
    if mode == "all" and report.errors:
        raise ClientError("Some lines are wrong, so nothing was changed; --skip-bad would carry out the others.")
    return not report.errors


async def _export(client: LmsClient, path: str, file: Path | None) -> bool:
    """Write a list to a file, which appears when it is complete, or to the standard output."""
    pieces = client.download(path, format="json" if file and file.suffix.lower() == ".json" else "csv")
    if file is None:
        async for piece in pieces:
            sys.stdout.buffer.write(piece)
        return True
    part = file.with_name(f"{file.name}.part")
    try:
        with part.open("wb") as out:
            async for piece in pieces:
                out.write(piece)
        part.replace(file)
    except OSError as error:
        raise ClientError(f"{file} cannot be written: {error.strerror}") from None
    finally:
        part.unlink(missing_ok=True)
    return True
