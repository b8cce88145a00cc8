"""Level 1: the plugin can be imported and registers."""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

from lms_core.contract.subject import Finding, Skip, Subject, wrong
from lms_core.hooks.measure import told
from lms_core.hooks.registry import load


def imports(subject: Subject) -> Iterator[Finding]:
    """Import what the entry point leads to."""
    name, value = subject.entry.name, subject.entry.value
    if not re.fullmatch(r"[\w.]+:[\w.]+", value):
        yield wrong(f'the entry point {name} = "{value}" must look like "package.module:Class"')
        return
    began = perf_counter()
    try:
        subject.entry.load()
    except (Exception, SystemExit) as error:  # whatever a stranger's module raises
        yield wrong(f"{value} cannot be imported: {told(error)} ({place(error)})")
        return
    subject.import_seconds = perf_counter() - began


def place(error: BaseException) -> str:
    """Say in which file and line an exception was raised."""
    if isinstance(error, SyntaxError):
        return f"{Path(error.filename or '').name}, line {error.lineno}"
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "importlib" not in frame.filename]
    return f"{Path(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else "no file"


def registers(subject: Subject) -> Iterator[Finding]:
    """Let the host register it, as it does when a server starts."""
    if subject.import_seconds is None:
        raise Skip("it could not be imported")
    registry = load([subject.entry])
    if registry.failed:
        yield wrong(registry.failed[subject.entry.name].removeprefix("PluginError: "))
        return
    subject.registry = registry


def is_called_alike(subject: Subject) -> Iterator[Finding]:
    """Compare the name of the entry point, under which a failure to load is told, with the plugin's own."""
    name = subject.plugin.name
    if subject.entry.name != name:
        yield wrong(f"call the entry point {name}, as the plugin calls itself, not {subject.entry.name}")
