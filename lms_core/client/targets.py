"""What a link in a page points to, by the files of the folder."""

from __future__ import annotations

import posixpath
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from urllib.parse import quote, unquote, urlsplit

from msgspec import Struct

from lms_core.client.keys import is_page

__all__ = ["Broken", "Destination", "Targets"]

# {{ site.baseurl }}/a.png, {{ "/a.png" | relative_url }}, {% link a.md %}: all from the root of the site.
LIQUID = re.compile(
    r"""\{\{-?\s*site\.(?:baseurl|url)\s*-?\}\}
      | \{\{-?\s*["'](?P<filtered>[^"']*)["']\s*\|\s*(?:relative|absolute)_url\s*-?\}\}
      | \{%-?\s*link\s+(?P<link>.+?)\s*-?%\}""",
    re.VERBOSE,
)


class Destination(Struct, frozen=True):
    """A file of the folder, the fragment in it ("" or "#..."), and a note if the link is spelt otherwise."""

    path: str
    fragment: str
    note: str


class Broken(Struct, frozen=True):
    """Why a link leads nowhere."""

    reason: str


class Targets:
    """The files of a folder, findable by what authors write in links.

    `paths` are those that can be linked; `left_out` tells for others why they cannot.
    """

    def __init__(self, paths: Iterable[str], left_out: Mapping[str, str]) -> None:
        self._paths = frozenset(paths)
        self._left_out = left_out
        self._alike: defaultdict[str, list[str]] = defaultdict(list)
        for path in sorted(self._paths):
            self._alike[_alike(path)].append(path)
            if is_page(path):
                self._alike[_as_page(path)].append(path)

    def resolve(self, target: str, page: str) -> Destination | Broken | None:
        """Return where a link of a page leads; None if out of the folder by design, such as to a website."""
        target = target.strip()
        if LIQUID.match(target):
            target = "/" + LIQUID.sub(lambda match: match["filtered"] or match["link"] or "", target).lstrip("/")
        if not target:
            return Broken("the link has no target")
        if re.match(r"file:|[A-Za-z]:[\\/]|\\\\", target, re.IGNORECASE):
            return Broken("a path on somebody's own computer")
        try:
            parts = urlsplit(target)
        except ValueError:
            return Broken("not a valid address")
        if parts.scheme or parts.netloc or not parts.path:
            return None
        written = unquote(parts.path, errors="replace").replace("\\", "/")
        start = "" if written.startswith("/") else posixpath.dirname(page)
        path = posixpath.normpath(posixpath.join(start, written.lstrip("/")))
        if path == ".." or path.startswith("../"):
            return Broken("it leaves the folder")
        fragment = "#" + quote(parts.fragment, safe="%!$*+,;=:@/?-._~") if parts.fragment else ""
        if path in self._paths:
            return Destination(path, fragment, "")
        found = self._almost("" if path == "." else path)
        if len(found) == 1:
            return Destination(found[0], fragment, f"{target} is taken for {found[0]}")
        return Broken(f"could be {' or '.join(found)}" if found else self._why_missing(path))

    def _almost(self, path: str) -> list[str]:
        """Return the files that a path may mean: other case, .html or no extension, Jekyll's _folder."""
        found = self._alike.get(_alike(path)) or self._alike.get(_as_page(path)) or []
        return [hit for hit in found if hit.startswith(posixpath.splitext(path)[0])] or found

    def _why_missing(self, path: str) -> str:
        for left_out, reason in self._left_out.items():
            if path == left_out or (left_out.endswith("/") and f"{path}/".startswith(left_out)):
                return f"left out: {reason}"
        if any(known.startswith(f"{path}/") for known in self._paths):
            return "a folder without an index page"
        folder = posixpath.dirname(path)
        near = [known for known in sorted(self._paths) if posixpath.dirname(known) == folder]
        similar = get_close_matches(path, near, n=1, cutoff=0.9)
        return f"not in the folder; is {similar[0]} meant?" if similar else "not in the folder"


def _alike(path: str) -> str:
    """Return what paths have in common that differ in case, in how accents are encoded or in Jekyll's "_"."""
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())
    return "/".join(part.lstrip("_") or part for part in folded.split("/"))


def _as_page(path: str) -> str:
    """Return what ways to name a page have in common: notes/, notes/index.html and notes/index.md."""
    stem = re.sub(r"\.(md|markdown|html?)$", "", _alike(path))
    return re.sub(r"(^|/)index$", "", stem)
