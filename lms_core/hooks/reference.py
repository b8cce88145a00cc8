"""What plugins/README.md shows of the code: the hooks, the API, and the files that `lms plugin new` writes.

python -m lms_core.hooks.reference            print it
python -m lms_core.hooks.reference --write    put it into plugins/README.md
"""

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path
from textwrap import fill
from typing import get_args

import msgspec

from lms_core import api
from lms_core.hooks.registry import HOOKS, declaration
from lms_core.hooks.specs import HookSpecs

README = Path(__file__).parents[2] / "plugins" / "README.md"
SCAFFOLD = Path(__file__).parents[1] / "scaffold"
WITH_FIELDS = (
    "Allocation", "Candidate", "DeadlineFacts", "ExamDate", "FieldError", "FileFacts", "Job", "Permission",
    "PersonFacts", "Quota", "Role", "RunFacts", "RunMinimum", "Seat", "SeatFacts",
)  # fmt: skip
"""Structs of the API that no hook uses."""

_BLOCK = re.compile(r"(^```\w+\n)# (lms-closed-modules/\S+)\n.*?^```$", re.MULTILINE | re.DOTALL)
_QUOTED = re.compile(r"""(: |-> )(['"])(.*?)\2(?=, |\)| = |$)""")  # annotations, as a signature shows them
START, END = "<!-- hooks:start -->", "<!-- hooks:end -->"
API_START, API_END = "<!-- api:start -->", "<!-- api:end -->"


def hook_reference() -> str:
    """Return the reference in Markdown: every hook in the order of `HookSpecs`, then the Structs they use."""
    hooks = [HOOKS[name] for name in vars(HookSpecs) if name in HOOKS]
    used = [kind for hook in hooks for kind in (hook.payload, *get_args(hook.answer)) if _is_struct(kind)]
    sections = [_hook(hook.name, hook.policy) for hook in hooks] + [_struct(kind) for kind in dict.fromkeys(used)]
    return "\n\n".join(sections)


def _hook(name: str, policy: str) -> str:
    told = inspect.getdoc(getattr(HookSpecs, name))
    return f"### `{name}` ({policy.upper()})\n\n```python\n{declaration(name)}\n```\n\n{told}"


def _struct(kind: type[msgspec.Struct]) -> str:
    fields = "\n".join(f"- `{name}: {kind.__annotations__[name]}`" for name in kind.__struct_fields__)
    return f"### `{kind.__name__}`\n\n{inspect.getdoc(kind)}\n\n{fields}"


def _is_struct(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def api_reference() -> str:
    """Return a line in Markdown for each function and Struct of the API that neither hooks nor the text declare."""
    return "\n".join(_line(name) for name in api.__all__ if name in WITH_FIELDS or _is_function(getattr(api, name)))


def _is_function(item: object) -> bool:
    return inspect.isfunction(item) and item.__module__.startswith("lms_core.")


def _line(name: str) -> str:
    item = getattr(api, name)
    told = (inspect.getdoc(item) or "").partition("\n\n")[0].replace("\n", " ")
    given = _QUOTED.sub(r"\1\3", str(inspect.signature(item))) if _is_function(item) else f"({_fields(item)})"
    word = "await " if inspect.iscoroutinefunction(item) else ""
    return fill(
        f"- `{word}{name}{given}`: {told}", 120, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
    )


def _fields(kind: type[msgspec.Struct]) -> str:
    given = zip(kind.__struct_fields__, inspect.signature(kind).parameters.values(), strict=True)
    kinds = kind.__annotations__
    return ", ".join(
        f"{name}: {kinds[name]}" + ("" if part.default is part.empty else f" = {part.default!r}")
        for name, part in given
    )


def with_reference(page: str) -> str:
    """Return the page with the references between their marker comments. Raises ValueError without them.

    A block of code whose first line is a comment with the name of a file of the scaffold holds that file.
    """
    page = _between(page, START, END, hook_reference())
    page = _between(page, API_START, API_END, api_reference())
    before, mark, after = page.partition(START)
    return f"{_BLOCK.sub(_file, before)}{mark}{after}"


def _between(page: str, start: str, end: str, text: str) -> str:
    before, _ = page.split(start)
    _, after = page.split(end)
    return f"{before}{start}\n\n{text}\n\n{end}{after}"


def _file(block: re.Match[str]) -> str:
    opening, name = block.groups()
    return f"{opening}# {name}\n{(SCAFFOLD / name).read_text(encoding='utf-8')}```"


if __name__ == "__main__":
    if "--write" in sys.argv:
        README.write_text(with_reference(README.read_text(encoding="utf-8")), encoding="utf-8")
    else:
        print(f"{hook_reference()}\n\n{api_reference()}")
