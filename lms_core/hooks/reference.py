"""What plugins/README.md shows of the code: the hooks, and the files that `lms plugin new` writes.

python -m lms_core.hooks.reference            print it
python -m lms_core.hooks.reference --write    put it into plugins/README.md
"""

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path
from typing import get_args

import msgspec

from lms_core.hooks.registry import HOOKS, declaration
from lms_core.hooks.specs import HookSpecs

README = Path(__file__).parents[2] / "plugins" / "README.md"
SCAFFOLD = Path(__file__).parents[1] / "scaffold"
_BLOCK = re.compile(r"(^```\w+\n)# (lms-closed-modules/\S+)\n.*?^```$", re.MULTILINE | re.DOTALL)
START, END = "<!-- hooks:start -->", "<!-- hooks:end -->"


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


def with_reference(page: str) -> str:
    """Return the page with the reference between its two marker comments. Raises ValueError without them.

    A block of code whose first line is a comment with the name of a file of the scaffold holds that file.
    """
    before, _ = page.split(START)
    _, after = page.split(END)
    return f"{_BLOCK.sub(_file, before)}{START}\n\n{hook_reference()}\n\n{END}{after}"


def _file(block: re.Match[str]) -> str:
    opening, name = block.groups()
    return f"{opening}# {name}\n{(SCAFFOLD / name).read_text(encoding='utf-8')}```"


if __name__ == "__main__":
    if "--write" in sys.argv:
        README.write_text(with_reference(README.read_text(encoding="utf-8")), encoding="utf-8")
    else:
        print(hook_reference())
