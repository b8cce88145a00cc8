"""The order of study: by `nav_order` and `parent` of the pages, and by what `module.yaml` lists."""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Iterable, Mapping
from math import inf
from typing import Any

from msgspec import Struct
from natsort import natsort_keygen, ns

__all__ = ["Node", "arrange", "find_parents", "natural"]

natural = natsort_keygen(alg=ns.IGNORECASE)
"""Sort key of a text in which numbers count as numbers: 7 < 08 < A1 < A10."""


class Node(Struct, frozen=True, kw_only=True):
    """A unit that wants a place. `parent` is an id; `group` is 0 for the home page, 1 for a page, 2 for a file."""

    id: str
    group: int
    nav_order: str | None = None
    parent: str | None = None


def find_parents(titles: Mapping[str, str], wanted: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return the parent page of each page that names one, or a complaint where there is no such page.

    `titles` are those of all pages by path, `wanted` the titles of the parents by path of the child. Of pages
    with the same title the one in the same folder is meant.
    """
    by_title: defaultdict[str, list[str]] = defaultdict(list)
    for path, title in sorted(titles.items()):
        by_title[title.casefold()].append(path)
    parents, complaints = {}, {}
    for path, title in wanted.items():
        found = [other for other in by_title[title.casefold()] if other != path]
        near = [other for other in found if posixpath.dirname(other) == posixpath.dirname(path)]
        if len(near or found) == 1:
            parents[path] = (near or found)[0]
        else:
            what = f"is the title of {' and '.join(near or found)}" if found else "is no other page's title"
            complaints[path] = f'parent "{title}" {what}: stays at the top level'
    return parents, complaints


def arrange(nodes: Iterable[Node], listed: Iterable[str]) -> tuple[list[tuple[str, str | None]], dict[str, str]]:
    """Return the ids of nodes in the order of study, each with its parent's, and complaints about circles.

    A parent comes before its children, they before its next sibling. Siblings that are `listed`, or have such
    descendants, come first and in that order.
    """
    by_id = {node.id: node for node in nodes}
    parents = {node.id: node.parent if node.parent in by_id else None for node in by_id.values()}
    complaints = {}
    for node in by_id:
        circle = _circle(node, parents)
        if circle:
            complaints[node] = f"the parents form a circle ({' > '.join(circle)}): stays at the top level"
    parents.update(dict.fromkeys(complaints))

    rank: dict[str | None, float] = {}
    for position, name in enumerate(listed):
        ancestor: str | None = name
        while ancestor is not None:
            rank.setdefault(ancestor, position)
            ancestor = parents[ancestor]

    def place(name: str) -> tuple[Any, ...]:
        node = by_id[name]
        first = -1 if node.group == 0 and name not in rank else rank.get(name, inf)
        folder, file = map(natural, posixpath.split(name))
        return first, node.group, node.nav_order is None, natural(node.nav_order or ""), folder, file, name

    children: defaultdict[str | None, list[str]] = defaultdict(list)
    for name in sorted(by_id, key=place, reverse=True):
        children[parents[name]].append(name)
    ordered, waiting = [], children[None]
    while waiting:
        name = waiting.pop()
        ordered.append((name, parents[name]))
        waiting.extend(children[name])
    return ordered, complaints


def _circle(start: str, parents: Mapping[str, str | None]) -> list[str]:
    """Return the way from a node over its parents back to it, empty if it does not come back."""
    way, node = [start], parents[start]
    while node is not None and node not in way:
        way.append(node)
        node = parents[node]
    return [*way, start] if node == start else []
