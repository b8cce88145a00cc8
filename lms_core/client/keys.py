"""Keys made from paths: stable names that units and files keep from one import to the next."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable
from pathlib import PurePosixPath

__all__ = ["is_page", "make_keys"]

LONGEST = 120
"""Characters in a key, as `lms_core.types.Key` allows."""


def is_page(path: str) -> bool:
    """Say whether a path names a Markdown page, going by its extension."""
    return PurePosixPath(path).suffix.lower() in {".md", ".markdown"}


def make_keys(paths: Iterable[str], taken: Collection[str] = ()) -> dict[str, str]:
    """Return a key for each path: `lecture/chapter01.md` is lecture-chapter01, `a/b.png` is a-b.png.

    A key depends on its path alone, not on the order of the paths, with one exception: paths that would share
    a key (`a/b.md` and `a-b.md`), or whose key is among `taken`, all get a hash of their path appended. So
    does a path of which something could not be written in ASCII, or that is too long.
    """
    plain = {path: _slug(path) for path in paths}
    count = Counter(slug for slug, faithful in plain.values() if faithful)
    # Paths that differ only in how their accents are encoded share the first digest: hence the other rounds.
    for length, composed in ((8, True), (16, False), (32, False)):
        keys = {}
        for path, (slug, faithful) in plain.items():
            keys[path] = slug
            if not faithful or count[slug] > 1 or slug in taken:
                text = unicodedata.normalize("NFC", path) if composed else path
                digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:length]
                keys[path] = f"{slug[: LONGEST - length - 1].rstrip('._-')}-{digest}".lstrip("-")
        if len(set(keys.values()) - set(taken)) == len(keys):
            break
    return keys


def _slug(path: str) -> tuple[str, bool]:
    """Return what of a path can stand in a key, and whether that tells the path well enough."""
    if is_page(path):
        path = path[: path.rindex(".")]
    # Once more after folding: the fold of a decomposed character can be composed again.
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", path).casefold())
    letters = "".join(char for char in folded if not unicodedata.combining(char))
    ascii_only = letters.encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9._]+", "-", ascii_only).strip("._-")
    return slug, ascii_only == letters and 0 < len(slug) <= LONGEST
