"""Films in segments (HLS): which folders are one, and what their playlists say."""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from lms_core.client.order import natural

__all__ = ["find_films", "in_order"]

PLAYLIST = ".m3u8"
LONGEST = 1 << 20
"""Bytes of a playlist that the server delivers."""
FIRST = ("master.m3u8", "index.m3u8")

# A line of its own, or an attribute of that very name: SERVER-URI and the like lead elsewhere.
URI = re.compile(r'^(?!#)[ \t]*(\S.*?)[ \t]*$|(?<![A-Z-])URI="([^"]*)"', re.MULTILINE)


def find_films(paths: Iterable[str]) -> dict[str, list[str]]:
    """Return the files of each film by its folder: the outermost folders with a playlist, and all below them.

    The course folder itself is none.
    """
    paths = list(paths)
    folders = {posixpath.dirname(path) for path in paths if path.endswith(PLAYLIST)} - {""}
    films: defaultdict[str, list[str]] = defaultdict(list)
    for path in paths:
        above = map(str, reversed(PurePosixPath(path).parents))
        film = next((folder for folder in above if folder in folders), None)
        if film:
            films[film].append(path)
    return dict(films)


def in_order(paths: Mapping[str, Path]) -> tuple[list[str], list[str]]:
    """Return the files of one film, the playlist that a player begins with first, and what is wrong with its playlists.

    That is the one that no other refers to; of several the outermost, master.m3u8, index.m3u8 or the first by name.
    Raises OSError where a playlist cannot be read.
    """
    named: set[str] = set()
    notes = []
    ordered = sorted(paths, key=lambda path: (natural(path), path))
    playlists = [path for path in ordered if path.endswith(PLAYLIST)]
    for path in playlists:
        with paths[path].open("rb") as file:
            data = file.read(LONGEST + 1)
        text = data.decode(errors="replace")
        if len(data) > LONGEST:
            notes.append(f"{path} is longer than {LONGEST} bytes and will not be delivered")
        elif not (text.startswith("#EXTM3U") and re.search("^#EXT-X-(ENDLIST|STREAM-INF)", text, re.MULTILINE)):
            notes.append(f"{path} is no playlist of a recorded film: from #EXTM3U to #EXT-X-ENDLIST")
        uris = {uri: _meant(path, uri) for found in URI.findall(text) if (uri := "".join(found))}
        missing = [uri for uri, meant in uris.items() if meant not in paths]
        if missing:
            more = f" and {len(missing) - 1} more" if missing[1:] else ""
            notes.append(f"{path} names {missing[0]}{more}, not among the film's files: it will not play")
        named.update(meant for meant in uris.values() if meant != path)

    def place(path: str) -> tuple[int, int]:
        name = posixpath.basename(path)
        return path.count("/"), FIRST.index(name) if name in FIRST else len(FIRST)

    first = min([path for path in playlists if path not in named] or playlists, key=place)
    return [first, *(path for path in ordered if path != first)], notes


def _meant(playlist: str, uri: str) -> str:
    """Return the path that a URI in a playlist means; empty if it leads to another server."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return ""
    if parts.scheme or parts.netloc:
        return ""
    return posixpath.normpath(posixpath.join(posixpath.dirname(playlist), unquote(parts.path)))
