"""Level 2: the plugin leaves the insides of the core and other plugins alone, as far as its source tells."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from lms_core.contract.subject import Finding, Subject, wrong
from lms_core.contract.target import is_test, others, sources

API, KIT = "lms_core.api", "lms_core.testing"
CORE = ("lms_core", "content_store")
IMPORT_SECONDS = 2.0
"""How long an import may take: every server process, worker and command waits for it."""


def imports_only_the_api(subject: Subject) -> Iterator[Finding]:
    """Look for imports of the core beyond its API, and in tests its kit."""
    for file, path in sources(subject.target):
        allowed = {API, KIT} if is_test(path) else {API}
        try:
            used = list(_used(file))
        except (SyntaxError, ValueError) as error:
            yield wrong(f"{path} cannot be read as Python: {error}")
            continue
        for line, name in used:
            if name.partition(".")[0] in CORE and name not in allowed:
                yield wrong(f"{path}:{line} uses {name}; import what you need from {API}")


def imports_no_other_plugin(subject: Subject) -> Iterator[Finding]:
    """Look for imports of the packages of other installed plugins."""
    foreign = others(subject.target)
    for file, path in sources(subject.target):
        with suppress(SyntaxError, ValueError):  # which were told above
            for line, name in _used(file):
                if plugin := foreign.get(name.partition(".")[0]):
                    yield wrong(
                        f"{path}:{line} uses {name} of the plugin {plugin}, which may be missing or off; react to "
                        "events instead, or put what both need into a package that is no plugin"
                    )


def imports_quickly(subject: Subject) -> Iterator[Finding]:
    """Judge the time of the import, in which nothing but definitions belongs."""
    if subject.import_seconds is not None and subject.import_seconds > IMPORT_SECONDS:
        yield wrong(
            f"importing it takes {subject.import_seconds:.1f} s; import what is large in the functions that need it, "
            "and open files and connections in hooks, routes and jobs"
        )


def _used(file: Path) -> Iterator[tuple[int, str]]:
    """Find the line and full name of everything that a module imports, or reaches through a package it imported."""
    for node in ast.walk(ast.parse(file.read_bytes())):
        match node:
            case ast.Import(names=names):
                yield from ((node.lineno, alias.name) for alias in names)
            case ast.ImportFrom(module="lms_core", level=0, names=names):
                yield from ((node.lineno, f"lms_core.{alias.name}") for alias in names)
            case ast.ImportFrom(module=str(module), level=0):
                yield node.lineno, module
            case ast.Attribute(value=ast.Name(id="lms_core"), attr=attribute):
                yield node.lineno, f"lms_core.{attribute}"
            case ast.Call(
                func=ast.Name(id="import_module" | "__import__") | ast.Attribute(attr="import_module"),
                args=[ast.Constant(value=str(module)), *_],
            ):
                yield node.lineno, module
