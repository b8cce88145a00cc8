"""Links between the pages and files of a folder turned into links between units and files of a module."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

from lms_core.client.links import LinkRole, find_links, rewrite
from lms_core.client.order import natural
from lms_core.client.pages import Page
from lms_core.client.targets import Broken, Destination, Targets

__all__ = ["BrokenLink", "Linked", "follow_links"]

# Of several roles of a file in a page the first counts.
ROLES: tuple[LinkRole, ...] = ("caption", "inline", "attachment")


class BrokenLink(Struct, frozen=True):
    """A link that was left as it is, for the reason given; `line` is that of the file, from 1."""

    page: str
    line: int
    target: str
    reason: str


class Linked(Struct, frozen=True):
    """Pages with links to units and files, what files each refers to, broken links, and notes by page."""

    pages: dict[str, Page]
    roles: dict[str, dict[str, LinkRole]]
    broken: list[BrokenLink]
    notes: dict[str, list[str]]


def follow_links(
    pages: Mapping[str, Page], targets: Targets, keys: Mapping[str, str], films: Mapping[str, str]
) -> Linked:
    """Return the pages with `lms-unit:KEY` and `lms-file:KEY` where they linked pages and files.

    `films` are the folders of films by their paths and by those of their files: all of these lead to the unit.
    """
    units = {**{path: path for path in pages}, **films}
    linked = Linked({}, {}, [], {})
    for path in sorted(pages, key=natural):
        page = pages[path]
        found = [(link, targets.resolve(link.target, path)) for link in find_links(page.body)]
        changes = [(link, _address(where, units, keys)) for link, where in found if isinstance(where, Destination)]
        body, failed = rewrite(page.body, changes)
        roles: dict[str, LinkRole] = {}
        notes: list[str] = []
        for link, where in found:
            line = page.first_line + link.line - 1
            if isinstance(where, Broken):
                linked.broken.append(BrokenLink(path, line, link.target, where.reason))
            elif link in failed:
                linked.broken.append(BrokenLink(path, line, link.target, "found, but it could not be rewritten here"))
            elif isinstance(where, Destination):
                if where.path not in units:
                    roles[where.path] = min(roles.get(where.path, link.role), link.role, key=ROLES.index)
                if where.note:
                    notes.append(f"line {line}: {where.note}")
        linked.pages[path] = replace(page, body=body)
        linked.roles[path], linked.notes[path] = roles, notes
    return linked


def _address(where: Destination, units: Mapping[str, str], keys: Mapping[str, str]) -> str:
    scheme = "lms-unit" if where.path in units else "lms-file"
    return f"{scheme}:{keys[units.get(where.path, where.path)]}{where.fragment}"
