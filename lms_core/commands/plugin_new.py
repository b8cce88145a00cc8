"""`lms plugin new`: a plugin that works at once, to be made into another."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from tempfile import TemporaryDirectory

import click
from rich.text import Text
from rich.tree import Tree
from sqlalchemy import Column, Table, Uuid

import lms_core.tables  # noqa: F401 - declares what core_key leads to
from lms_core.client.report import make_console
from lms_core.hooks.manifest import PluginError, check_manifest
from lms_core.hooks.metadata import core_key, plugin_tables
from lms_core.hooks.plugin import Plugin

TEMPLATE = Path(__file__).parents[1] / "scaffold" / "lms-closed-modules"


@click.command("new")
@click.argument("name")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=".",
    help="Where to write it; here if it is left out.",
)
def new_command(name: str, folder: Path) -> None:
    """Write the distribution of a plugin NAME, such as closed_modules, with tables, routes, a hook and tests."""
    if problem := _problem(name):
        raise click.ClickException(problem)
    target = folder / _spelt("lms-closed-modules", name)
    if target.exists():
        raise click.ClickException(f"{target} is there already; nothing was written.")
    files = _write(name, target)
    tree = Tree(Text(str(target)))
    branches = {Path(): tree}
    for file in files:
        for part in reversed([file, *file.parents][:-1]):
            if part not in branches:
                branches[part] = branches[part.parent].add(Text(part.name))
    console = make_console()
    console.print(tree)
    path = shlex.quote(str(target))
    console.print(Text(f"\npip install -e {path}\npytest {path}\nlms plugin check {path}"), soft_wrap=True)


def _spelt(text: str, name: str) -> str:
    """Put the name into a text of the template, in each of the three spellings."""
    words = {"closed_modules": name, "closed-modules": name.replace("_", "-"), "ClosedModules": _class(name)}
    return re.sub("|".join(words), lambda found: words[found[0]], text)


def _class(name: str) -> str:
    return "".join(word[:1].upper() + word[1:] for word in name.split("_"))


def _problem(name: str) -> str | None:
    """Say why the host would refuse a plugin of this name with the tables of the template, and what would be right."""
    tables = plugin_tables(name)
    Table(f"{name}_closure", tables, Column("programme_id", Uuid, core_key("programme"), primary_key=True))
    manifest = {"name": name, "tables": tables, "migrations": "lms_closed_modules:migrations"}
    try:
        check_manifest(type(_class(name), (Plugin,), manifest)())
    except PluginError as error:
        right = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).replace("-", "_").lower()
        hint = f"; {right} would be right" if right != name and _problem(right) is None else ""
        return f"{error}{hint}."
    return None


def _write(name: str, target: Path) -> list[Path]:
    """Write every file of the template under a name, all of them or none; return them, relative to `target`."""
    files = sorted(
        file.relative_to(TEMPLATE)
        for file in TEMPLATE.rglob("*")
        if file.is_file() and not {"__pycache__", ".pytest_cache", ".ruff_cache"}.intersection(file.parts)
    )
    written = []
    with TemporaryDirectory(prefix=".lms-", dir=target.parent) as draft:
        for file in files:
            made = Path(_spelt(str(file), name))
            path = Path(draft, target.name, made)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(_spelt((TEMPLATE / file).read_text(encoding="utf-8"), name), encoding="utf-8")
            written.append(made)
        Path(draft, target.name).rename(target)
    return written
