"""What is to be checked: a folder with a distribution, or something that is installed."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path

import msgspec
from packaging.utils import canonicalize_name

GROUP = "lms.plugins"
_LEFT_OUT = {"build", "dist", "node_modules", "__pycache__"}


class TargetError(Exception):
    """There is nothing to check; the message says why in a sentence."""


class Target(msgspec.Struct, frozen=True):
    """The plugins of one distribution; `root` is the folder that its packages are imported from, if not installed."""

    distribution: str
    entries: list[EntryPoint]
    folder: Path | None = None
    root: Path | None = None


def find(given: str) -> Target:
    """Find what somebody means by a path or a name. Raises TargetError."""
    path = Path(given)
    if path.is_dir():
        return _in_folder(path.resolve())
    if path.exists():
        raise TargetError(f"{given} is a file; name the folder of the distribution, which holds its pyproject.toml.")
    if given != path.name:
        raise TargetError(f"There is no folder {given}.")
    return _installed(given)


def _in_folder(folder: Path) -> Target:
    file = folder / "pyproject.toml"
    if not file.is_file():
        raise TargetError(f"{folder} holds no pyproject.toml; name the folder of the distribution.")
    try:
        project = tomllib.loads(file.read_text(encoding="utf-8")).get("project", {})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TargetError(f"{file} cannot be read: {error}.") from None
    declared = project.get("entry-points", {}).get(GROUP, {})
    if not declared:
        raise TargetError(
            f'{file} declares no plugin; add [project.entry-points."{GROUP}"] and below it a line such as '
            'closed_modules = "lms_closed_modules.plugin:ClosedModules".'
        )
    source = folder / "src"
    entries = [EntryPoint(name, str(value), GROUP) for name, value in declared.items()]
    return Target(str(project.get("name", folder.name)), entries, folder, source if source.is_dir() else folder)


def _installed(name: str) -> Target:
    found = [entry for entry in entry_points(group=GROUP) if name in {entry.name, _distribution(entry)}]
    found = found or [
        entry
        for entry in entry_points(group=GROUP)
        if canonicalize_name(name) == canonicalize_name(_distribution(entry))
    ]
    if not found:
        names = ", ".join(sorted(entry.name for entry in entry_points(group=GROUP))) or "none"
        raise TargetError(f"There is no folder and no installed plugin or distribution {name}; installed are: {names}.")
    return Target(_distribution(found[0]), found)


def _distribution(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist else ""


def package(entry: EntryPoint) -> str:
    """Return the package at the top of what an entry point leads to."""
    return entry.value.partition(":")[0].partition(".")[0].strip()


def others(target: Target) -> dict[str, str]:
    """Return the packages of the installed plugins of other distributions, each with its plugin."""
    own = {package(entry) for entry in target.entries}
    return {package(entry): entry.name for entry in entry_points(group=GROUP) if package(entry) not in own}


def sources(target: Target) -> Iterator[tuple[Path, str]]:
    """Find the Python files of a distribution, each with its path as people know it."""
    if target.folder:
        for file in _python_files(target.folder):
            yield file, str(file.relative_to(target.folder))
        return
    for name in sorted({package(entry) for entry in target.entries}):
        spec = find_spec(name)
        if spec is None:
            continue
        if not spec.submodule_search_locations:
            yield Path(str(spec.origin)), f"{name}.py"
        for place in spec.submodule_search_locations or ():
            for file in _python_files(Path(place)):
                yield file, f"{name}/{file.relative_to(place)}"


def _python_files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            if path.name not in _LEFT_OUT and not path.name.startswith(".") and not (path / "pyvenv.cfg").exists():
                yield from _python_files(path)
        elif path.suffix == ".py":
            yield path


def is_test(path: str) -> bool:
    """Tell whether a file of a distribution belongs to its tests."""
    return bool(re.search(r"(^|/)(tests?/|test_[^/]*$|conftest\.py$)", path))
