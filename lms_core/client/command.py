"""`lms push`: a course folder becomes the draft of a module, or a file becomes part of a unit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, get_args

import click
import msgspec
from msgspec import Struct
from rich.console import Console
from rich.filesize import decimal
from rich.text import Text

from lms_core.client.course import import_course, plan_course, prepare_course
from lms_core.client.digests import LocalFile
from lms_core.client.errors import ClientError
from lms_core.client.folder import read_folder
from lms_core.client.http import LmsClient
from lms_core.client.memory import Memory
from lms_core.client.progress import OnProgress, Tally, show_progress
from lms_core.client.report import make_console, show_course, show_imported, show_plan, show_pushed
from lms_core.client.scan import is_text
from lms_core.client.unit_file import Target, plan_file, push_file
from lms_core.client.upload import AT_ONCE, wait_until_checked
from lms_core.media.types import Media
from lms_core.modules.types import FileRole, Language
from lms_core.types import check_decimal

__all__ = ["push"]

OF_FOLDERS = {"ects": "--ects", "workload_hours": "--workload-hours"}
OF_FILES = {"unit": "--unit", "role": "--role", "language": "--language"}


class _Given(Struct, frozen=True, kw_only=True):
    """The command line, by the names of its options."""

    path: Path
    programme: str | None
    url: str | None
    token: str | None
    module: str | None
    ects: Decimal | None
    workload_hours: int | None
    unit: str | None
    role: FileRole | None
    language: str | None
    dry_run: bool
    wait: bool
    parallel: int
    patience: int


class _Done(Struct, frozen=True):
    """What a push did: the files that it brought, by path, and how to tell it."""

    media: dict[str, Media]
    tell: Callable[[Console], None]


def _ects(context: click.Context, parameter: click.Parameter, value: str | None) -> Decimal | None:
    if value is None:
        return None
    try:
        ects = Decimal(value)
        check_decimal("ects", ects, 0, 300)
    except (InvalidOperation, ValueError):
        right = "a number from 0 to 300 with at most two decimals, such as 7.5"
        raise click.BadParameter(f"{value!r} is not {right}", context, parameter) from None
    return ects


def _language(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    try:
        return msgspec.convert(value, Language | None)
    except msgspec.ValidationError:
        right = "the code of a language, such as de or en-GB"
        raise click.BadParameter(f"{value!r} is not {right}", context, parameter) from None


@click.command("push")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--programme", metavar="KEY", help="The programme that the module belongs to.")
@click.option("--url", envvar="LMS_URL", show_envvar=True, help="The address of the server.")
@click.option("--token", envvar="LMS_TOKEN", show_envvar=True, help="An access token; better not on the command line.")
@click.option(
    "--module",
    "--key",
    "module",
    metavar="KEY",
    help="The module; of a folder otherwise as module.yaml or its name says.",
)
@click.option("--ects", callback=_ects, metavar="NUMBER", help="The module's ECTS, whatever module.yaml says.")
@click.option(
    "--workload-hours", type=click.IntRange(0, 10_000), help="The module's workload, whatever module.yaml says."
)
@click.option("--unit", metavar="KEY", help="The unit that a single file goes into.")
@click.option(
    "--role",
    type=click.Choice(get_args(FileRole)),
    help="What the file is in its unit; otherwise as what it replaces, else caption for .vtt and .srt, else content.",
)
@click.option("--language", callback=_language, metavar="CODE", help="The language of a file, such as de.")
@click.option("--dry-run", is_flag=True, help="Only show what would happen; without a server, what is in the folder.")
@click.option("--wait/--no-wait", default=True, help="Wait until the server has checked what arrived.")
@click.option(
    "--parallel", type=click.IntRange(1, 16), default=AT_ONCE, show_default=True, help="Parts sent at the same time."
)
@click.option(
    "--patience",
    type=click.IntRange(0, 10_000),
    default=15,
    show_default=True,
    metavar="MINUTES",
    help="How long to go on trying when nothing moves.",
)
def push(**given: Any) -> None:
    """Bring course content to a server: a folder as the draft of a module, or a file into a unit of one.

    In a folder pages are Markdown; titles, order (nav_order) and chapters (parent) come from their front matter. An
    optional module.yaml describes the module. Pushing again changes what has changed, and nothing else. A file takes
    the place of the one of the same name in its unit.

    After an interruption the same command goes on where it was.
    """
    wanted = _Given(**given)
    folder = not wanted.path.is_file()
    foreign = [option for name, option in (OF_FILES if folder else OF_FOLDERS).items() if given[name] is not None]
    if foreign:
        raise click.ClickException(f"{' and '.join(foreign)}: only for {'a file' if folder else 'a folder'}.")
    needed = {"--programme": wanted.programme}
    if not folder:
        needed |= {"--module": wanted.module, "--unit": wanted.unit}
    needed |= {"--url (or LMS_URL)": wanted.url, "--token (or LMS_TOKEN)": wanted.token}
    missing = [name for name, value in needed.items() if not value]
    if missing and not wanted.dry_run:
        raise click.ClickException(f"Give {' and '.join(missing)}, or see what would happen with --dry-run.")
    errors = make_console(stderr=True)
    memory = Memory(wanted.path, lambda words: errors.print(Text(words), soft_wrap=True))
    try:
        if not wanted.path.exists():
            raise ClientError(f"There is no {wanted.path}.")
        if missing:
            _only_read(wanted, folder, memory, errors)
        else:
            asyncio.run(_push(wanted, folder, memory, errors))
    except ClientError as error:
        raise click.ClickException(str(error)) from None


def _only_read(wanted: _Given, folder: bool, memory: Memory, errors: Console) -> None:
    console = make_console()
    if folder:
        with show_progress(errors) as on_progress:
            course = read_folder(wanted.path, on_progress, memory.digest)
        show_course(console, course)
    else:
        with show_progress(errors) as on_progress:
            file = _read_file(wanted.path, memory, on_progress)
        console.print(
            Text(f"{file.name}: {file.content_type}, {decimal(file.size)}, SHA-256 {file.sha256}"), soft_wrap=True
        )


async def _push(wanted: _Given, folder: bool, memory: Memory, errors: Console) -> None:
    patience = wanted.patience * 60
    async with LmsClient(
        wanted.url or "",
        wanted.token or "",
        patience=patience,
        say=lambda words: errors.print(Text(words), soft_wrap=True),
    ) as client:
        with show_progress(errors) as on_progress:
            done = await (_push_folder if folder else _push_file)(client, wanted, memory, on_progress)
        done.tell(make_console())
        if wanted.wait:
            with show_progress(errors) as on_progress:
                await wait_until_checked(client, done.media, on_progress, patience)
    if not wanted.dry_run:
        memory.forget()


async def _push_folder(client: LmsClient, wanted: _Given, memory: Memory, on_progress: OnProgress) -> _Done:
    ready = await prepare_course(
        client,
        wanted.path,
        wanted.programme or "",
        key=wanted.module,
        ects=wanted.ects,
        workload_hours=wanted.workload_hours,
        take_digest=memory.digest,
        on_progress=on_progress,
    )
    plan, imported = None, None
    if wanted.dry_run:
        plan = await plan_course(client, ready)
    else:
        imported = await import_course(client, ready, on_progress, wanted.parallel)

    def tell(console: Console) -> None:
        show_course(console, ready.course)
        if plan:
            show_plan(console, plan, len(ready.course.files))
        if imported:
            show_imported(console, imported)

    return _Done(imported.media if imported else {}, tell)


async def _push_file(client: LmsClient, wanted: _Given, memory: Memory, on_progress: OnProgress) -> _Done:
    target = Target(
        programme=wanted.programme or "",
        module=wanted.module or "",
        unit=wanted.unit or "",
        role=wanted.role,
        language=wanted.language,
    )
    file = await asyncio.to_thread(_read_file, wanted.path, memory, on_progress)
    if wanted.dry_run:
        plan = await plan_file(client, file, target)
        return _Done({}, lambda console: show_plan(console, plan, 1))
    pushed = await push_file(client, file, target, on_progress, wanted.parallel)
    return _Done(pushed.media, lambda console: show_pushed(console, pushed, target))


def _read_file(path: Path, memory: Memory, on_progress: OnProgress) -> LocalFile:
    if not all(map(is_text, path.name)):
        raise ClientError(f"{path.name!r}: the name is not readable text.")
    try:
        tally = Tally("Reading", 1, path.stat().st_size, on_progress)
        file = memory.digest(path, tally.add)
    except OSError as error:
        raise ClientError(f"{path} cannot be read: {error.strerror}") from None
    tally.add(0, files=1)
    return file
