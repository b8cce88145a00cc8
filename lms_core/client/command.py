"""`lms import`: a course folder becomes the draft of a module."""

from __future__ import annotations

import asyncio
from decimal import Decimal, InvalidOperation
from pathlib import Path

import click

from lms_core.client.course import Imported, import_course
from lms_core.client.errors import ClientError
from lms_core.client.folder import read_folder
from lms_core.client.http import LmsClient
from lms_core.client.report import make_console, progress_bar, show_change, show_course
from lms_core.client.scan import OnProgress
from lms_core.types import check_decimal

__all__ = ["import_course_command"]


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


@click.command("import")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--programme", metavar="KEY", help="The programme whose module the folder becomes.")
@click.option("--url", envvar="LMS_URL", show_envvar=True, help="The address of the server.")
@click.option("--token", envvar="LMS_TOKEN", show_envvar=True, help="An access token; better not on the command line.")
@click.option("--key", help="The module's key; otherwise that of module.yaml or the folder's name.")
@click.option("--ects", callback=_ects, metavar="NUMBER", help="The module's ECTS, whatever module.yaml says.")
@click.option(
    "--workload-hours", type=click.IntRange(0, 10_000), help="The module's workload, whatever module.yaml says."
)
@click.option("--dry-run", is_flag=True, help="Only read the folder and show what would become of it.")
def import_course_command(
    folder: Path,
    programme: str | None,
    url: str | None,
    token: str | None,
    key: str | None,
    ects: Decimal | None,
    workload_hours: int | None,
    dry_run: bool,
) -> None:
    """Bring a FOLDER of pages, images, videos and files into a programme, as the draft of a module.

    Pages are Markdown; titles, order (nav_order) and chapters (parent) come from their front matter. An optional
    module.yaml describes the module. Importing again changes what has changed, and nothing else.
    """
    given = {"--programme": programme, "--url (or LMS_URL)": url, "--token (or LMS_TOKEN)": token}
    missing = [name for name, value in given.items() if not value]
    if missing and not dry_run:
        raise click.ClickException(f"Give {' and '.join(missing)}, or see what would happen with --dry-run.")
    imported = None
    try:
        with progress_bar(make_console(stderr=True)) as on_progress:
            if programme and url and token and not dry_run:
                imported = asyncio.run(_import(url, token, folder, programme, key, ects, workload_hours, on_progress))
            course = imported.course if imported else read_folder(folder, on_progress)
    except ClientError as error:
        raise click.ClickException(str(error)) from None
    console = make_console()
    show_course(console, course)
    if imported:
        show_change(console, imported)


async def _import(
    url: str,
    token: str,
    folder: Path,
    programme: str,
    key: str | None,
    ects: Decimal | None,
    workload_hours: int | None,
    on_progress: OnProgress,
) -> Imported:
    async with LmsClient(url, token) as client:
        return await import_course(
            client, folder, programme, key=key, ects=ects, workload_hours=workload_hours, on_progress=on_progress
        )
